/* Files of certificates and CRLs, and names of public keys (RFC 6920): what is taken, and what is not. */
#include "certificate.h"
#include "fixture.h"
#include "pki/key_identifier.h"
#include "pki/parse.h"

#include <openssl/pem.h>

static struct om_error err;

static size_t pem_of(X509 *const certs[], X509_CRL *crl, char *out, size_t cap)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    for (size_t i = 0; certs[i] != NULL; i++)
        assert_int_equal(PEM_write_bio_X509(bio, certs[i]), 1);
    if (crl != NULL)
        assert_int_equal(PEM_write_bio_X509_CRL(bio, crl), 1);
    long n = BIO_get_mem_data(bio, &text);
    assert_true(n > 0 && (size_t)n < cap);
    memcpy(out, text, (size_t)n);
    out[n] = '\0';
    BIO_free(bio);
    return (size_t)n;
}

static void files(void **state)
{
    (void)state;
    static char pem[16384];
    EVP_PKEY *key = make_key("P-256");
    X509 *a = test_certificate(key, &(struct test_certificate){.cn = "a", .ca = true});
    X509 *b = test_certificate(key, &(struct test_certificate){.cn = "b", .ca = true});
    X509_CRL *crl = test_crl(&(struct test_crl){.issuer = a, .key = key, .revoked = {b}});
    STACK_OF(X509) *certs = NULL;
    STACK_OF(X509_CRL) *crls = NULL;
    size_t n = pem_of((X509 *const[]){a, b, NULL}, NULL, pem, sizeof pem);
    assert_ok(pki_parse_certificates(pem, n, 2, &certs, &err), &err);
    assert_int_equal(sk_X509_num(certs), 2);
    assert_int_equal(X509_cmp(sk_X509_value(certs, 0), a), 0);
    assert_int_equal(X509_cmp(sk_X509_value(certs, 1), b), 0);
    sk_X509_pop_free(certs, X509_free);
    assert_rc(OM_EINPUT, pki_parse_certificates(pem, n, 1, &certs, &err), &err);
    assert_says(&err, "more than 1");
    assert_null(certs);
    assert_rc(OM_EINPUT, pki_parse_certificates(pem, n - 40, 2, &certs, &err), &err); /* cut off */
    assert_rc(OM_EINPUT, pki_parse_crls(pem, n, 2, &crls, &err), &err);
    assert_rc(OM_EINPUT, pki_parse_certificates("nothing", 7, 2, &certs, &err), &err);
    assert_rc(OM_EINPUT, pki_parse_certificates("", 0, 2, &certs, &err), &err);

    n = pem_of((X509 *const[]){NULL}, crl, pem, sizeof pem);
    assert_ok(pki_parse_crls(pem, n, 2, &crls, &err), &err);
    assert_int_equal(sk_X509_CRL_num(crls), 1);
    sk_X509_CRL_pop_free(crls, X509_CRL_free);
    n = pem_of((X509 *const[]){a, NULL}, crl, pem, sizeof pem);
    assert_rc(OM_EINPUT, pki_parse_crls(pem, n, 2, &crls, &err), &err); /* a certificate among them */
    assert_says(&err, "CERTIFICATE");

    unsigned char *der = NULL;
    int len = i2d_X509(a, &der);
    assert_ok(pki_parse_certificates(der, (size_t)len, 1, &certs, &err), &err);
    sk_X509_pop_free(certs, X509_free);
    assert_rc(OM_EINPUT, pki_parse_certificates(der, (size_t)len - 1, 1, &certs, &err), &err);
    OPENSSL_free(der);
    X509_free(a);
    X509_free(b);
    X509_CRL_free(crl);
    EVP_PKEY_free(key);
}

/* Vector rfc6920_key_identifier. */
static void key_identifiers(void **state)
{
    (void)state;
    static const char *const names[PKI_KEY_HASHES] = {
        "ni:///sha-256;WNKUWbITCi4VElLUCLlebaxCTFZAYuuRHMdkQMuSbKA",
        "ni:///sha-256-128;WNKUWbITCi4VElLUCLlebQ",
        "ni:///sha-256-120;WNKUWbITCi4VElLUCLle",
    };
    uint8_t spki[0x5b];
    char made[PKI_KEY_IDENTIFIER_SIZE];
    for (size_t i = 0; i < sizeof spki; i++)
        spki[i] = (uint8_t)i;
    for (int i = 0; i < PKI_KEY_HASHES; i++) {
        assert_ok(pki_key_identifier(spki, sizeof spki, (enum pki_key_hash)i, made, &err), &err);
        assert_string_equal(made, names[i]);
        assert_ok(pki_key_identifier_parse(names[i], made, &err), &err);
        assert_string_equal(made, names[i]);
        assert_true(pki_key_identifier_is(names[i], spki, sizeof spki));
        assert_false(pki_key_identifier_is(names[i], spki, sizeof spki - 1));
    }
    static const char *const hex[] = {
        "58d29459b2130a2e151252d408b95e6dac424c564062eb911cc76440cb926ca0",
        "58:D2:94:59:B2:13:0A:2E:15:12:52:D4:08:B9:5E:6D:AC:42:4C:56:40:62:EB:91:1C:C7:64:40:CB:92:6C:A0",
    };
    for (size_t i = 0; i < 2; i++) {
        assert_ok(pki_key_identifier_parse(hex[i], made, &err), &err);
        assert_string_equal(made, names[0]);
    }
    static const char *const bad[] = {
        "",
        "58d2",
        "ni:///sha-256;WNKUWbITCi4VElLUCLlebaxCTFZAYuuRHMdkQMuSbK",
        "ni:///sha-256;WNKUWbITCi4VElLUCLlebaxCTFZAYuuRHMdkQMuSbKA=",
        "ni:///sha-256;WNKUWbITCi4VElLUCLlebaxCTFZAYuuRHMdkQMuSbKB",
        "ni:///sha-256;WNKUWbITCi4VElLUCLlebaxCTFZAYuuRHMdkQMuSb+A",
        "ni:///sha-256-64;WNKUWbITCi4",
        "ni://host/sha-256;WNKUWbITCi4VElLUCLlebaxCTFZAYuuRHMdkQMuSbKA",
        "58d29459b2130a2e151252d408b95e6dac424c564062eb911cc76440cb926ca0a0",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_rc(OM_EINPUT, pki_key_identifier_parse(bad[i], made, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files),
        cmocka_unit_test(key_identifiers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
