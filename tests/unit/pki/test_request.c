/* Certificate signing requests: ours, and each way in which one can be bad. */
#include "fixture.h"
#include "pki/request.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

static const char long_ae[] =
    "//sp.example.com/cse-with-a-name-that-is-too-long-for-a-common-name/Cae-with-a-long-name";

static void ours_are_accepted(void **state)
{
    (void)state;
    struct om_error err = {0};
    EVP_PKEY *key = make_key("P-256");
    const char *const names[] = {"//sp.example.com/cse1/Cae7", long_ae};
    for (size_t i = 0; i < 2; i++) {
        struct pki_name name = make_name(PKI_AE, names[i]);
        struct pki_request r;
        char *pem = NULL;
        assert_ok(pki_request_make(NULL, key, &name, NULL, &pem, &err), &err);
        assert_ok(pki_request_read(pem, strlen(pem), &r, &err), &err);
        assert_ok(pki_name_check_san(&name, r.san, &err), &err);
        assert_int_equal(X509_NAME_entry_count(X509_REQ_get_subject_name(r.req)), i == 0 ? 1 : 0);
        unsigned char *der = NULL;
        int n = i2d_X509_REQ(r.req, &der);
        pki_request_free(&r);
        assert_ok(pki_request_read(der, (size_t)n, &r, &err), &err);
        pki_request_free(&r);
        OPENSSL_free(der);
        OPENSSL_free(pem);
    }
    EVP_PKEY_free(key);
}

/* A request as others make it, with the extensions given by NID and text. */
struct wish {
    int nid;
    const char *value;
};

static X509_REQ *make(EVP_PKEY *key, EVP_PKEY *signer, const EVP_MD *md, const struct wish *wishes)
{
    X509_REQ *req = X509_REQ_new();
    assert_non_null(req);
    assert_int_equal(X509_REQ_set_pubkey(req, key), 1);
    STACK_OF(X509_EXTENSION) *list = NULL;
    for (; wishes != NULL && wishes->value != NULL; wishes++) {
        X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, wishes->nid, wishes->value);
        assert_non_null(e);
        assert_non_null(X509v3_add_ext(&list, e, -1));
        X509_EXTENSION_free(e);
    }
    if (list != NULL)
        assert_int_equal(X509_REQ_add_extensions(req, list), 1);
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    assert_true(X509_REQ_sign(req, signer, md) > 0);
    return req;
}

/* Takes req over. */
static void expect(X509_REQ *req, om_rc rc, const char *says)
{
    struct om_error err = {0};
    struct pki_request r;
    unsigned char *der = NULL;
    int n = i2d_X509_REQ(req, &der);
    assert_true(n > 0);
    assert_rc(rc, pki_request_read(der, (size_t)n, &r, &err), &err);
    if (rc == OM_OK)
        pki_request_free(&r);
    else
        assert_says(&err, says);
    OPENSSL_free(der);
    X509_REQ_free(req);
}

static void its_key_and_signature_are_of_the_profile(void **state)
{
    (void)state;
    EVP_PKEY *good = make_key("P-256");
    EVP_PKEY *other = make_key("P-256");
    EVP_PKEY *p384 = make_key("P-384");
    EVP_PKEY *rsa = EVP_RSA_gen(2048);
    EVP_PKEY *explicit = make_odd_key("explicit", "uncompressed");
    EVP_PKEY *compressed = make_odd_key("named_curve", "compressed");
    expect(make(good, good, EVP_sha256(), NULL), OM_OK, "");
    expect(make(good, other, EVP_sha256(), NULL), OM_EDENIED, "not signed with the key");
    expect(make(p384, p384, EVP_sha256(), NULL), OM_EDENIED, "secp256r1");
    expect(make(rsa, rsa, EVP_sha256(), NULL), OM_EDENIED, "not an elliptic curve key");
    expect(make(explicit, explicit, EVP_sha256(), NULL), OM_EDENIED, "named curve");
    expect(make(compressed, compressed, EVP_sha256(), NULL), OM_EDENIED, "uncompressed");
    expect(make(good, good, EVP_sha384(), NULL), OM_EDENIED, "SHA-256");
    expect(make(good, good, EVP_sha1(), NULL), OM_EDENIED, "SHA-256");
    EVP_PKEY *keys[] = {good, other, p384, rsa, explicit, compressed};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        EVP_PKEY_free(keys[i]);
}

static void a_wish_that_is_not_heard_is_an_error(void **state)
{
    (void)state;
    EVP_PKEY *key = make_key("P-256");
    const struct wish san[] = {{NID_subject_alt_name, "DNS:cse1.sp.example.com"}, {0, NULL}};
    const struct wish ca[] = {{NID_basic_constraints, "CA:TRUE"}, {0, NULL}};
    const struct wish both[] = {
        {NID_subject_alt_name, "DNS:a.example"}, {NID_basic_constraints, "CA:TRUE"}, {0, NULL}};
    expect(make(key, key, EVP_sha256(), san), OM_OK, "");
    expect(make(key, key, EVP_sha256(), ca), OM_EINPUT, "other than one subjectAltName");
    expect(make(key, key, EVP_sha256(), both), OM_EINPUT, "other than one subjectAltName");
    X509_REQ *req = make(key, key, EVP_sha256(), NULL);
    assert_int_equal(X509_REQ_add1_attr_by_NID(req, NID_pkcs9_challengePassword, MBSTRING_ASC,
                                               (const unsigned char *)"x", -1),
                     1);
    assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
    expect(req, OM_EINPUT, "attributes");
    EVP_PKEY_free(key);
}

/* As EST requests have one. */
static void a_challenge_is_read_where_one_is_expected(void **state)
{
    (void)state;
    struct om_error err = {0};
    struct pki_request r;
    EVP_PKEY *key = make_key("P-256");
    struct pki_name name = make_name(PKI_AE, "//sp.example.com/cse1/Cae7");
    char challenge[PKI_CHALLENGE_SIZE];
    char *pem = NULL;
    for (int with = 0; with < 2; with++) {
        assert_ok(pki_request_make(NULL, key, &name, with ? "AbC+/9==" : NULL, &pem, &err), &err);
        assert_ok(pki_request_read_challenged(pem, strlen(pem), &r, challenge, &err), &err);
        assert_string_equal(challenge, with ? "AbC+/9==" : "");
        assert_ok(pki_name_check_san(&name, r.san, &err), &err);
        pki_request_free(&r);
        assert_rc(with ? OM_EINPUT : OM_OK, pki_request_read(pem, strlen(pem), &r, &err), &err);
        pki_request_free(&r);
        OPENSSL_free(pem);
    }
    EVP_PKEY_free(key);
}

/* A challengePassword in each form that it must not have. */
static void challenge_refused(EVP_PKEY *key, int type, const char *octets, int n)
{
    struct om_error err = {0};
    struct pki_request r;
    char challenge[PKI_CHALLENGE_SIZE];
    unsigned char *der = NULL;
    X509_REQ *req = make(key, key, EVP_sha256(), NULL);
    assert_int_equal(
        X509_REQ_add1_attr_by_NID(req, NID_pkcs9_challengePassword, type, (const unsigned char *)octets, n),
        1);
    assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
    n = i2d_X509_REQ(req, &der);
    assert_rc(OM_EINPUT, pki_request_read_challenged(der, (size_t)n, &r, challenge, &err), &err);
    OPENSSL_free(der);
    X509_REQ_free(req);
}

static void a_challenge_is_one_text(void **state)
{
    (void)state;
    char longest[300];
    EVP_PKEY *key = make_key("P-256");
    memset(longest, 'a', sizeof longest);
    challenge_refused(key, V_ASN1_OCTET_STRING, "abc", 3);
    challenge_refused(key, V_ASN1_UTF8STRING, "a\0c", 3);
    challenge_refused(key, V_ASN1_UTF8STRING, longest, sizeof longest);
    challenge_refused(key, V_ASN1_UTF8STRING, "\xff\xfe", 2);
    EVP_PKEY_free(key);
}

static void refused(const void *octets, size_t n, const char *says)
{
    struct om_error err = {0};
    struct pki_request r;
    assert_rc(OM_EINPUT, pki_request_read(octets, n, &r, &err), &err);
    assert_says(&err, says);
}

static void its_frame_is_strict(void **state)
{
    (void)state;
    struct om_error err = {0};
    EVP_PKEY *key = make_key("P-256");
    struct pki_name name = make_name(PKI_NODE, "urn:gsma:imei:90420156-025763-0");
    struct pki_request r;
    char *pem = NULL;
    char text[2 * PKI_REQUEST_MAX] = "";
    assert_ok(pki_request_make(NULL, key, &name, NULL, &pem, &err), &err);
    (void)stpcpy(stpcpy(stpcpy(text, "\n \n"), pem), "\n\t\r\n");
    assert_ok(pki_request_read(text, strlen(text), &r, &err), &err);
    pki_request_free(&r);
    (void)stpcpy(stpcpy(text, pem), pem);
    refused(text, strlen(text), "something follows");
    (void)stpcpy(stpcpy(text, pem), "x");
    refused(text, strlen(text), "something follows");
    refused("", 0, "1 to");
    refused("hello", 5, "not a certificate signing request");
    refused("\x30\x03\x02\x01\x01", 5, "not a certificate signing request");
    memset(text, ' ', sizeof text);
    refused(text, sizeof text, "1 to");
    refused(text, 100, "not a certificate signing request");
    /* Cut anywhere, or with any octet of the DER changed, it is not accepted. */
    assert_ok(pki_request_read(pem, strlen(pem), &r, &err), &err);
    unsigned char *der = NULL;
    int n = i2d_X509_REQ(r.req, &der);
    pki_request_free(&r);
    for (int i = 0; i < n; i++) {
        assert_int_not_equal(pki_request_read(der, (size_t)i, &r, &err), OM_OK);
        der[i] ^= 1;
        assert_int_not_equal(pki_request_read(der, (size_t)n, &r, &err), OM_OK);
        der[i] ^= 1;
    }
    OPENSSL_free(der);
    OPENSSL_free(pem);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ours_are_accepted),
        cmocka_unit_test(its_key_and_signature_are_of_the_profile),
        cmocka_unit_test(a_wish_that_is_not_heard_is_an_error),
        cmocka_unit_test(a_challenge_is_read_where_one_is_expected),
        cmocka_unit_test(a_challenge_is_one_text),
        cmocka_unit_test(its_frame_is_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
