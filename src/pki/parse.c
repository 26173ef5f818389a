/* Certificates and CRLs out of octets: see parse.h. */
#include "pki/parse.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

/* One certificate or CRL in DER, appended to the stack that `out` is. False: it is none, or no memory. */
typedef bool append_fn(void *out, const unsigned char *der, long n);

static bool append_certificate(void *out, const unsigned char *der, long n)
{
    const unsigned char *at = der;
    X509 *cert = d2i_X509(NULL, &at, n);
    if (cert != NULL && at == der + n && sk_X509_push(out, cert) > 0)
        return true;
    X509_free(cert);
    return false;
}

static bool append_crl(void *out, const unsigned char *der, long n)
{
    const unsigned char *at = der;
    X509_CRL *crl = d2i_X509_CRL(NULL, &at, n);
    if (crl != NULL && at == der + n && sk_X509_CRL_push(out, crl) > 0)
        return true;
    X509_CRL_free(crl);
    return false;
}

static bool is_kind(const char *kind, const char *const *kinds)
{
    for (; *kinds != NULL; kinds++)
        if (strcmp(kind, *kinds) == 0)
            return true;
    return false;
}

/* All blocks. *n counts them. */
static om_rc parse_pem(BIO *bio, const char *const *kinds, int max, append_fn *append, void *out, int *n,
                       struct om_error *err)
{
    char *kind = NULL, *header = NULL;
    unsigned char *der = NULL;
    long len = 0;
    om_rc rc = OM_OK;
    while (rc == OM_OK && PEM_read_bio(bio, &kind, &header, &der, &len) == 1) {
        if (*n == max)
            rc = om_fail(err, OM_EINPUT, "more than %d", max);
        else if (!is_kind(kind, kinds))
            rc = om_fail(err, OM_EINPUT, "there is a %.40s where a %s is expected", kind, kinds[0]);
        else if (!append(out, der, len))
            rc = om_fail(err, OM_EINPUT, "%s %d is malformed", kinds[0], *n + 1);
        (*n)++;
        OPENSSL_free(kind);
        OPENSSL_free(header);
        OPENSSL_free(der);
        kind = header = NULL;
        der = NULL;
    }
    bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (rc == OM_OK && (*n == 0 || !ended))
        rc = om_fail(err, OM_EINPUT, "no %s, or a broken one", kinds[0]);
    return rc;
}

static om_rc parse(const void *octets, size_t n, const char *const *kinds, int max, append_fn *append,
                   void *out, struct om_error *err)
{
    if (out == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for certificates");
    if (n == 0 || n > INT32_MAX)
        return om_fail(err, OM_EINPUT, "no %s: %zu octets", kinds[0], n);
    if (*(const uint8_t *)octets == 0x30)
        return append(out, octets, (long)n)
                   ? OM_OK
                   : om_fail(err, OM_EINPUT, "neither PEM nor one %s in DER", kinds[0]);
    BIO *bio = BIO_new_mem_buf(octets, (int)n);
    if (bio == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for certificates");
    int count = 0;
    om_rc rc = parse_pem(bio, kinds, max, append, out, &count, err);
    BIO_free(bio);
    return rc;
}

om_rc pki_parse_certificates(const void *octets, size_t n, int max, STACK_OF(X509) * *out,
                             struct om_error *err)
{
    static const char *const kinds[] = {PEM_STRING_X509, PEM_STRING_X509_OLD, NULL};
    (void)ERR_set_mark();
    *out = sk_X509_new_null();
    om_rc rc = parse(octets, n, kinds, max, append_certificate, *out, err);
    (void)ERR_pop_to_mark();
    if (rc == OM_OK)
        return OM_OK;
    sk_X509_pop_free(*out, X509_free);
    *out = NULL;
    return rc;
}

om_rc pki_parse_crls(const void *octets, size_t n, int max, STACK_OF(X509_CRL) * *out, struct om_error *err)
{
    static const char *const kinds[] = {PEM_STRING_X509_CRL, NULL};
    (void)ERR_set_mark();
    *out = sk_X509_CRL_new_null();
    om_rc rc = parse(octets, n, kinds, max, append_crl, *out, err);
    (void)ERR_pop_to_mark();
    if (rc == OM_OK)
        return OM_OK;
    sk_X509_CRL_pop_free(*out, X509_CRL_free);
    *out = NULL;
    return rc;
}
