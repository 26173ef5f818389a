/* See fixture.h. */
#include "fixture.h"

#include <openssl/core_names.h>
#include <openssl/x509v3.h>
#include <time.h>

EVP_PKEY *make_key(const char *curve)
{
    EVP_PKEY *key = EVP_EC_gen(curve);
    assert_non_null(key);
    return key;
}

EVP_PKEY *make_odd_key(const char *encoding, const char *point)
{
    EVP_PKEY *key = make_key("P-256");
    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, encoding), 1);
    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, point),
                     1);
    return key;
}

struct pki_name make_name(enum pki_flavour flavour, const char *text)
{
    struct pki_name name;
    struct om_error err = {0};
    assert_ok(pki_name_set(&name, flavour, text, &err), &err);
    return name;
}

static void add(X509 *cert, int nid, const char *text)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, text);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

X509 *make_self_signed(EVP_PKEY *key, bool ca, const EVP_MD *md)
{
    X509 *cert = X509_new();
    assert_non_null(cert);
    X509_NAME *name = X509_get_subject_name(cert);
    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0), 1);
    assert_int_equal(X509_set_issuer_name(cert, name), 1);
    assert_int_equal(X509_set_version(cert, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 1), 1);
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(cert), time(NULL) - 60));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(cert), time(NULL) + 3600));
    assert_int_equal(X509_set_pubkey(cert, key), 1);
    add(cert, NID_basic_constraints, ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add(cert, NID_key_usage, ca ? "critical,keyCertSign" : "critical,digitalSignature");
    assert_true(X509_sign(cert, key, md) > 0);
    return cert;
}
