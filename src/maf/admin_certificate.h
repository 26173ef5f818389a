/* Clients by certificate as an operator makes and ends them: continues admin.h. */
#ifndef OPENMAF_MAF_ADMIN_CERTIFICATE_H
#define OPENMAF_MAF_ADMIN_CERTIFICATE_H

#include "maf/admin.h"
#include "pki/name.h"
#include "store/certificate.h"

struct maf_admin_certificate {
    const struct maf_role *role; /* NULL: a MAF */
    const struct pki_name *name; /* what the certificate must have in it; NULL: a raw public key, `key` */
    const char *key; /* NULL, or the only key that it may have: an identifier of key_identifier.h */
    const STACK_OF(X509) * anchors; /* trusted for this client; NULL with a raw public key */
    /* Absolute AE-IDs and CSE-IDs: exactly the AE-ID of an AE-ID certificate, the CSE-ID of a CSE-ID
     * certificate, one or more that a node or device may use. At a MEF exactly the FQDN of a MAF's. */
    const struct m2m_list *identities;
    const char *admin_fqdn; /* existing stakeholder: the identities may register under it */
    int64_t expires;        /* 0: never */
};
/* One transaction. id gets the name of the client in the MAF's records. OM_EINPUT; OM_ECONFLICT: there is one
 * that was not revoked; OM_EUNSUPPORTED: raw public keys before OpenSSL 3.2. */
OM_MUST_USE om_rc maf_admin_certificate_add(struct store *store, const struct maf_admin_certificate *client,
                                            char id[M2M_ID_SIZE], struct om_error *err);

/* Puts 1..STORE_ANCHORS_OF CA certificates into the store and their identifiers into ids, inside the caller's
 * transaction. OM_EINPUT: one is no CA certificate of the profile. */
OM_MUST_USE om_rc maf_admin_anchors(struct store *store, const STACK_OF(X509) * anchors, struct m2m_list *ids,
                                    struct om_error *err);

/* Ends it at once. Another may be added for the same name. */
OM_MUST_USE om_rc maf_admin_certificate_revoke(struct store *store, const char *id, struct om_error *err);

#endif
