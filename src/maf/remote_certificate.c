/* A MAF judges the certificate of its MEF (TS-0003 8.1.2.4, 8.1.2.5): the FQDN flavour and its profile, the
 * MEF's FQDN in it, the path to the anchors that the operator named for this MEF, and CRLs. */
#include "maf/remote.h"

#include <openssl/err.h>

#include "maf/certificate.h"
#include "maf/maf_internal.h"
#include "pki/leaf.h"
#include "util/log.h"

/* An infrastructure entity that checks a MEF's certificate asks a CRL (spec/crypto 4.3): where nobody has
 * given one, the status of a certificate is as unknown as with an old one. */
static om_rc check_path(struct maf *maf, const struct maf_remote *r, X509 *leaf, const STACK_OF(X509) * sent,
                        const STACK_OF(X509_CRL) * crls, enum pki_fault *fault, struct om_error *err)
{
    STACK_OF(X509) *anchors = sk_X509_new_null();
    STACK_OF(X509_CRL) *none = sk_X509_CRL_new_null();
    struct pki_trust trust = {.anchors = anchors,
                              .crls = crls != NULL ? crls : none,
                              .every_crl = true,
                              .constrained = -1,
                              .server = true,
                              .now = maf->now()};
    om_rc rc = none != NULL ? maf_load_anchors(maf, &r->mef.anchors, anchors, err)
                            : om_fail(err, OM_ENOMEM, "no memory for trust anchors");
    if (rc == OM_OK)
        rc = pki_path_verify(leaf, sent, &trust, fault, err);
    sk_X509_pop_free(anchors, X509_free);
    sk_X509_CRL_free(none);
    return rc;
}

static om_rc judge(struct maf *maf, const struct maf_remote *r, X509 *leaf, const STACK_OF(X509) * sent,
                   const STACK_OF(X509_CRL) * crls, enum pki_fault *fault, struct om_error *err)
{
    OM_TRY(pki_leaf_check(leaf, fault, err));
    if (!pki_leaf_is_for(leaf, r->mef.fqdn))
        return pki_fault_set(fault, PKI_FAULT_NAME, err, "it is not for %s", r->mef.fqdn);
    return check_path(maf, r, leaf, sent, crls, fault, err);
}

om_rc maf_remote_judge(struct maf *maf, const struct maf_remote *r, X509 *leaf, const STACK_OF(X509) * sent,
                       const STACK_OF(X509_CRL) * crls, struct om_error *err)
{
    enum pki_fault fault = PKI_GOOD;
    (void)ERR_set_mark();
    om_rc rc = judge(maf, r, leaf, sent, crls, &fault, err);
    (void)ERR_pop_to_mark();
    if (rc == OM_EDENIED)
        om_audit("mef-refused", "mef=%s reason=certificate-%s why=\"%s\"", r->mef.fqdn, pki_fault_text(fault),
                 om_error_text(err, rc));
    return rc;
}
