/* Trust anchors as CMS: see anchors.h. */
#include "pki/anchors.h"
#include "pki/certs_only.h"
#include "pki/profile.h"

#include <openssl/x509v3.h>

static om_rc check_ca(X509 *cert, struct om_error *err)
{
    const X509_ALGOR *algorithm = NULL;
    OM_TRY(pki_profile_key(X509_get_X509_PUBKEY(cert), err));
    X509_get0_signature(NULL, &algorithm, cert);
    OM_TRY(pki_profile_signature(algorithm, err));
    uint32_t flags = X509_get_extension_flags(cert);
    if ((flags & EXFLAG_INVALID) != 0)
        return om_fail(err, OM_EDENIED, "it has malformed extensions");
    if ((flags & EXFLAG_CA) == 0 || (flags & EXFLAG_KUSAGE) == 0 ||
        (X509_get_key_usage(cert) & KU_KEY_CERT_SIGN) == 0)
        return om_fail(err, OM_EDENIED, "it is no CA certificate (cA and keyCertSign)");
    return OM_OK;
}

static om_rc check_all(const STACK_OF(X509) * certs, struct om_error *err)
{
    int n = certs != NULL ? sk_X509_num(certs) : 0;
    if (n < 1 || n > PKI_ANCHORS_MAX)
        return om_fail(err, OM_EINPUT, "%d certificates instead of 1 to %d", n, PKI_ANCHORS_MAX);
    for (int i = 0; i < n; i++) {
        om_rc rc = check_ca(sk_X509_value(certs, i), err);
        if (rc != OM_OK)
            return om_context(err, rc, "certificate %d", i + 1);
    }
    return OM_OK;
}

om_rc pki_anchors_encode(const STACK_OF(X509) * certs, char **text, struct om_error *err)
{
    *text = NULL;
    OM_TRY(check_all(certs, err));
    return pki_certs_only_encode(certs, text, err);
}

om_rc pki_anchors_decode(const char *text, STACK_OF(X509) * *out, struct om_error *err)
{
    om_rc rc = pki_certs_only_decode(text, out, err);
    if (rc == OM_OK)
        rc = check_all(*out, err);
    if (rc == OM_OK)
        return OM_OK;
    sk_X509_pop_free(*out, X509_free);
    *out = NULL;
    return om_context(err, rc, "caCerts");
}
