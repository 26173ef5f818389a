/* Clients by certificate inside src/maf: what a handshake leaves behind, so that later requests can ask
 * again. */
#ifndef OPENMAF_MAF_CERTIFICATE_H
#define OPENMAF_MAF_CERTIFICATE_H

#include "maf/maf.h"
#include "pki/name.h"
#include "pki/path.h"
#include "store/certificate.h"

#define MAF_ANCHORS_KEPT 64 /* parsed trust anchors that a MAF keeps */

/* What the id of a client by FQDN certificate begins with: a MAF, at its MEF. */
#define MAF_CERTIFICATE_FQDN "fqdn-"

/* What client certificates are held against, beside their own rows. */
struct maf_certificates {
    bool every_crl, name_constraints;
    STACK_OF(X509_CRL) * crls; /* NULL: nobody is asked */
    unsigned crls_generation;  /* counts the sets of CRLs */
    struct {
        char id[STORE_ANCHOR_ID_SIZE];
        X509 *cert;
    } anchors[MAF_ANCHORS_KEPT];
    size_t next_anchor; /* to be replaced */
};
void maf_certificates_free(struct maf_certificates *c);

/* The certificate behind a peer. */
struct maf_certificate {
    char id[M2M_ID_SIZE]; /* of its row */
    int64_t row_created;
    X509 *leaf; /* NULL: a raw public key */
    STACK_OF(X509) * sent;
    int64_t checked; /* when its path was last validated, and... */
    unsigned crls;   /* ... against which set of CRLs */
};
void maf_certificate_free(struct maf_certificate *c);

/* certificate_path.c: the id of the row of a client whose certificate has this name: its Credential-ID, or
 * for a FQDN, which has none, "fqdn-" and the FQDN. OM_EINPUT: longer than any row's. */
OM_MUST_USE om_rc maf_certificate_id(const struct pki_name *name, char out[M2M_ID_SIZE],
                                     struct om_error *err);

/* certificate_path.c: adds trust anchors to out, by their identifiers. OM_ENOMEM when out is NULL;
 * OM_ENOTFOUND, OM_EINTEGRITY: one is not there, or was altered. */
OM_MUST_USE om_rc maf_load_anchors(struct maf *maf, const struct m2m_list *ids, STACK_OF(X509) * out,
                                   struct om_error *err);

/* certificate_path.c: the path of a certificate to the anchors that its row names. OM_EDENIED with
 * *fault. */
OM_MUST_USE om_rc maf_certificate_path(struct maf *maf, const struct maf_certificate *c,
                                       const struct store_certificate *row, enum pki_fault *fault,
                                       struct om_error *err);

/* session.c: whether the peer's credential still holds. OM_EDENIED: revoked, expired, or its row does not
 * verify any more. */
OM_MUST_USE om_rc maf_peer_check(struct maf *maf, const struct maf_peer *peer, int64_t now,
                                 struct om_error *err);

#endif
