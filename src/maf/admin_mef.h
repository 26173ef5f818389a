/* The MEFs that a MAF asks for remotely provisioned keys, as its operator sets them: used by mafadm. Every
 * call is durable when it returns; daemons see it at the next handshake. */
#ifndef OPENMAF_MAF_ADMIN_MEF_H
#define OPENMAF_MAF_ADMIN_MEF_H

#include "maf/admin.h"
#include "store/provisioned.h"

#include <openssl/x509.h>

struct maf_admin_mef {
    const char *fqdn;
    const char *address;            /* "192.0.2.7:8443" or "[2001:db8::7]:8443" */
    const char *kpmid;              /* this MAF's at the MEF: "rel" or "rel@MEF-FQDN"; or NULL, and */
    const STACK_OF(X509) * anchors; /* what the MEF's certificate must lead to; the MAF shows its own */
    const struct m2m_list *vouches; /* at least one: identities, or "//.../..." for all below */
};
/* New, or in place of the old one, in one transaction; kpm has 16..64 octets, or is NULL without a KpmID.
 * OM_EINPUT names what is wrong. */
OM_MUST_USE om_rc maf_admin_mef_add(struct store *store, struct se *se, const char *maf_fqdn,
                                    const struct maf_admin_mef *mef, const struct om_secret *kpm,
                                    struct om_error *err);
/* Keys that were fetched from it stay until they expire. OM_ENOTFOUND. */
OM_MUST_USE om_rc maf_admin_mef_remove(struct store *store, const char *fqdn, struct om_error *err);

#endif
