/* See certificate.h. */
#include "certificate.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHECK(expr) check((expr), #expr, __LINE__)

static void check(bool ok, const char *expr, int line)
{
    if (ok)
        return;
    (void)fprintf(stderr, "%s:%d: %s failed\n", __FILE__, line, expr);
    ERR_print_errors_fp(stderr);
    abort();
}

EVP_PKEY *test_key(const char *curve)
{
    EVP_PKEY *key = EVP_EC_gen(curve);
    CHECK(key != NULL);
    return key;
}

static void add(X509 *cert, X509V3_CTX *ctx, int nid, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, ctx, nid, text);
    CHECK(extension != NULL);
    CHECK(X509_add_ext(cert, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static const char *or_default(const char *text, const char *instead)
{
    return text != NULL ? text : instead;
}

static void set_times(X509 *cert, const struct test_certificate *w)
{
    bool usual = w->from == 0 && w->until == 0;
    time_t now = time(NULL);
    CHECK(ASN1_TIME_set(X509_getm_notBefore(cert), now + (usual ? -3600 : w->from)) != NULL);
    CHECK(ASN1_TIME_set(X509_getm_notAfter(cert), now + (usual ? 86400 : w->until)) != NULL);
}

static void set_serial(X509 *cert)
{
    uint8_t octets[8];
    CHECK(RAND_bytes(octets, sizeof octets) == 1);
    octets[0] = (uint8_t)((octets[0] & 0x3f) | 0x40);
    BIGNUM *n = BN_bin2bn(octets, sizeof octets, NULL);
    CHECK(n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL);
    BN_free(n);
}

X509 *test_certificate(EVP_PKEY *key, const struct test_certificate *w)
{
    X509 *cert = X509_new();
    CHECK(cert != NULL);
    X509_NAME *name = X509_get_subject_name(cert);
    const char *cn = or_default(w->cn, "test");
    CHECK(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0) == 1);
    CHECK(X509_set_issuer_name(cert, w->issuer != NULL ? X509_get_subject_name(w->issuer) : name) == 1);
    CHECK(X509_set_version(cert, X509_VERSION_3) == 1);
    CHECK(X509_set_pubkey(cert, key) == 1);
    set_serial(cert);
    set_times(cert, w);
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, w->issuer != NULL ? w->issuer : cert, cert, NULL, NULL, 0);
    add(cert, &ctx, NID_basic_constraints,
        or_default(w->basic_constraints, w->ca ? "critical,CA:TRUE" : "critical,CA:FALSE"));
    add(cert, &ctx, NID_key_usage,
        or_default(w->key_usage, w->ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature"));
    add(cert, &ctx, NID_ext_key_usage, w->extended_key_usage);
    add(cert, &ctx, NID_name_constraints, w->name_constraints);
    add(cert, &ctx, NID_subject_alt_name, w->san);
    if (w->key_identifiers == NULL || w->key_identifiers[0] != '\0') {
        add(cert, &ctx, NID_subject_key_identifier, "hash");
        add(cert, &ctx, NID_authority_key_identifier, w->issuer != NULL ? "keyid:always" : NULL);
    }
    const EVP_MD *md = EVP_get_digestbyname(or_default(w->digest, "SHA256"));
    CHECK(X509_sign(cert, w->issuer_key != NULL ? w->issuer_key : key, md) > 0);
    unsigned char *der = NULL; /* as it will be when it comes from a peer or a file */
    int n = i2d_X509(cert, &der);
    const unsigned char *at = der;
    X509_free(cert);
    cert = d2i_X509(NULL, &at, n);
    CHECK(cert != NULL);
    OPENSSL_free(der);
    return cert;
}

X509_CRL *test_crl(const struct test_crl *w)
{
    bool usual = w->from == 0 && w->until == 0;
    time_t now = time(NULL);
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *from = ASN1_TIME_set(NULL, now + (usual ? -60 : w->from));
    ASN1_TIME *until = ASN1_TIME_set(NULL, now + (usual ? 86400 : w->until));
    CHECK(crl != NULL && from != NULL && until != NULL);
    CHECK(X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1);
    CHECK(X509_CRL_set_issuer_name(crl, X509_get_subject_name(w->issuer)) == 1);
    CHECK(X509_CRL_set1_lastUpdate(crl, from) == 1 && X509_CRL_set1_nextUpdate(crl, until) == 1);
    for (size_t i = 0; i < sizeof w->revoked / sizeof w->revoked[0] && w->revoked[i] != NULL; i++) {
        X509_REVOKED *entry = X509_REVOKED_new();
        CHECK(entry != NULL);
        CHECK(X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(w->revoked[i])) == 1);
        CHECK(X509_REVOKED_set_revocationDate(entry, from) == 1);
        CHECK(X509_CRL_add0_revoked(crl, entry) == 1);
    }
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, w->issuer, NULL, NULL, crl, 0);
    X509_EXTENSION *aki = X509V3_EXT_nconf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid:always");
    CHECK(aki != NULL && X509_CRL_add_ext(crl, aki, -1) == 1);
    X509_EXTENSION_free(aki);
    CHECK(X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, w->key, EVP_sha256()) > 0);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    return crl;
}
