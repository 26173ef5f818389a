/* Certificates as CMS: see certs_only.h. */
#include "pki/certs_only.h"
#include "pki/profile.h"
#include "util/text.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

static om_rc check_number(const STACK_OF(X509) * certs, struct om_error *err)
{
    int n = certs != NULL ? sk_X509_num(certs) : 0;
    if (n < 1 || n > PKI_CERTS_ONLY_MAX)
        return om_fail(err, OM_EINPUT, "%d certificates instead of 1 to %d", n, PKI_CERTS_ONLY_MAX);
    return OM_OK;
}

om_rc pki_certs_only_encode(const STACK_OF(X509) * certs, char **text, struct om_error *err)
{
    *text = NULL;
    OM_TRY(check_number(certs, err));
    BIO *nothing = BIO_new_mem_buf("", 0);
    CMS_ContentInfo *cms =
        nothing != NULL ? CMS_sign(NULL, NULL, (STACK_OF(X509) *)certs, nothing, CMS_PARTIAL | CMS_DETACHED)
                        : NULL;
    unsigned char *der = NULL;
    int n = cms != NULL ? i2d_CMS_ContentInfo(cms, &der) : -1;
    om_rc rc = OM_OK;
    if (n <= 0)
        rc = pki_fail(err, "cannot write CMS");
    else if (OM_BASE64_SIZE((size_t)n) > PKI_CERTS_ONLY_SIZE)
        rc = om_fail(err, OM_EINPUT, "the certificates are longer than %d octets", PKI_CERTS_ONLY_SIZE);
    else if ((*text = malloc(OM_BASE64_SIZE((size_t)n))) == NULL)
        rc = om_fail(err, OM_ENOMEM, "no memory for certificates");
    else
        om_base64_encode(*text, der, (size_t)n);
    OPENSSL_free(der);
    CMS_ContentInfo_free(cms);
    BIO_free(nothing);
    return rc;
}

static om_rc read_cms(const uint8_t *der, size_t n, STACK_OF(X509) * *out, struct om_error *err)
{
    const unsigned char *at = der;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)n);
    bool certs_only = cms != NULL && at == der + n && OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed &&
                      sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)) <= 0;
    *out = certs_only ? CMS_get1_certs(cms) : NULL;
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return certs_only ? OM_OK : om_fail(err, OM_EINPUT, "not CMS with certificates only");
}

om_rc pki_certs_only_decode(const char *text, STACK_OF(X509) * *out, struct om_error *err)
{
    *out = NULL;
    char packed[PKI_CERTS_ONLY_SIZE];
    uint8_t der[PKI_CERTS_ONLY_SIZE];
    size_t length = 0;
    size_t n = 0;
    for (; *text != '\0'; text++) {
        if (strchr(" \t\r\n", *text) != NULL)
            continue;
        if (length == sizeof packed - 1)
            return om_fail(err, OM_EINPUT, "longer than %d octets", PKI_CERTS_ONLY_SIZE);
        packed[length++] = *text;
    }
    om_rc rc = om_base64_decode(packed, length, der, sizeof der, &n, err);
    if (rc == OM_OK)
        rc = read_cms(der, n, out, err);
    if (rc == OM_OK)
        rc = check_number(*out, err);
    if (rc == OM_OK)
        return OM_OK;
    sk_X509_pop_free(*out, X509_free);
    *out = NULL;
    return rc;
}
