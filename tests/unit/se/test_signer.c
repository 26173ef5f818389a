/* Signing keys and certificates, alike on every token: made, found again, used, destroyed. */
#include "fixture.h"
#include "se/signer.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

/* Whether the signature over the digest is by the key of this point, says OpenSSL. */
static bool verifies(const uint8_t point[SE_POINT_SIZE], const uint8_t digest[SE_DIGEST_SIZE],
                     const uint8_t signature[SE_SIGNATURE_SIZE])
{
    char group[] = "prime256v1";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point, SE_POINT_SIZE),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    EVP_PKEY_CTX_free(ctx);
    ECDSA_SIG *sig = ECDSA_SIG_new();
    unsigned char *der = NULL;
    assert_int_equal(ECDSA_SIG_set0(sig, BN_bin2bn(signature, 32, NULL), BN_bin2bn(signature + 32, 32, NULL)),
                     1);
    int n = i2d_ECDSA_SIG(sig, &der);
    ECDSA_SIG_free(sig);
    ctx = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
    bool good = EVP_PKEY_verify(ctx, der, (size_t)n, digest, SE_DIGEST_SIZE) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    OPENSSL_free(der);
    return good;
}

static void signs(struct se_signer *signer)
{
    uint8_t digest[SE_DIGEST_SIZE], signature[SE_SIGNATURE_SIZE];
    for (unsigned i = 0; i < 8; i++) { /* r and s with leading zeros come up too, now and then */
        fill(digest, sizeof digest, i);
        SUCCEEDS(se_signer_sign(signer, digest, signature, ERR));
        assert_true(verifies(se_signer_point(signer), digest, signature));
        digest[0] ^= 1;
        assert_false(verifies(se_signer_point(signer), digest, signature));
    }
}

static void made_and_found_again(void **state)
{
    (void)state;
    struct se_signer *signer = NULL, *again = NULL;
    struct se_description d;
    SUCCEEDS(se_describe(fixture_se, &d, ERR));
    assert_true(d.signs);
    FAILS(OM_ENOTFOUND, se_signer_find(fixture_se, "maf-1", &signer, ERR));
    SUCCEEDS(se_signer_make(fixture_se, "maf-1", &signer, ERR));
    signs(signer);
    FAILS(OM_ECONFLICT, se_signer_make(fixture_se, "maf-1", &again, ERR));
    assert_null(again);

    struct se *other = fixture_open();
    SUCCEEDS(se_signer_find(other, "maf-1", &again, ERR));
    assert_memory_equal(se_signer_point(again), se_signer_point(signer), SE_POINT_SIZE);
    signs(again);
    se_signer_unref(again);
    se_close(other);

    SUCCEEDS(se_signer_find(fixture_se, "maf-1", &again, ERR));
    signs(again);
    signs(signer);
    se_signer_unref(again);
    se_signer_unref(signer);
}

static void two_names_are_two_keys(void **state)
{
    (void)state;
    struct se_signer *a = NULL, *b = NULL;
    SUCCEEDS(se_signer_make(fixture_se, "two.a", &a, ERR));
    SUCCEEDS(se_signer_make(fixture_se, "two.b", &b, ERR));
    assert_memory_not_equal(se_signer_point(a), se_signer_point(b), SE_POINT_SIZE);
    se_signer_unref(b);
    signs(a);
    se_signer_unref(a);
}

static void removed_key_is_gone(void **state)
{
    (void)state;
    struct se_signer *signer = NULL;
    SUCCEEDS(se_signer_make(fixture_se, "old", &signer, ERR));
    se_signer_unref(signer);
    SUCCEEDS(se_signer_remove(fixture_se, "old", ERR));
    FAILS(OM_ENOTFOUND, se_signer_remove(fixture_se, "old", ERR));
    FAILS(OM_ENOTFOUND, se_signer_find(fixture_se, "old", &signer, ERR));
    SUCCEEDS(se_signer_make(fixture_se, "old", &signer, ERR));
    signs(signer);
    se_signer_unref(signer);
}

static void names_are_checked(void **state)
{
    (void)state;
    struct se_signer *signer = NULL;
    char longest[SE_NAME_MAX + 2];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const char *const bad[] = {"", "a b", "a/b", "../x", "a\n", "\xc3\xa9", "id=%01", longest};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        FAILS(OM_EINPUT, se_signer_find(fixture_se, bad[i], &signer, ERR));
        FAILS(OM_EINPUT, se_signer_make(fixture_se, bad[i], &signer, ERR));
        FAILS(OM_EINPUT, se_signer_remove(fixture_se, bad[i], ERR));
    }
    FAILS(OM_EINPUT, se_signer_make(fixture_se, "pkcs11:object=x", &signer, ERR));
    SUCCEEDS(se_signer_make(fixture_se, longest + 1, &signer, ERR));
    se_signer_unref(signer);
}

static void closed_token_leaves_them_inert(void **state)
{
    (void)state;
    struct se_signer *signer = NULL;
    uint8_t digest[SE_DIGEST_SIZE] = {1}, signature[SE_SIGNATURE_SIZE];
    struct se *other = fixture_open();
    SUCCEEDS(se_signer_make(other, "inert", &signer, ERR));
    se_close(other);
    FAILS(OM_EINTERNAL, se_signer_sign(signer, digest, signature, ERR));
    se_signer_unref(signer);
}

/* A self-signed certificate; what the token makes of it does not matter here. */
static size_t certificate(const char *name, uint8_t out[SE_CERTIFICATE_MAX])
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509_NAME *subject = X509_get_subject_name(x);
    assert_int_equal(
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0), 1);
    assert_int_equal(X509_set_issuer_name(x, subject), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 3600));
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 4711), 1);
    assert_int_equal(X509_set_pubkey(x, key), 1);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    unsigned char *at = out;
    int n = i2d_X509(x, NULL);
    assert_true(n > 0 && n <= SE_CERTIFICATE_MAX);
    assert_int_equal(i2d_X509(x, &at), n);
    X509_free(x);
    EVP_PKEY_free(key);
    return (size_t)n;
}

static void certificates_are_kept_beside_keys(void **state)
{
    (void)state;
    uint8_t first[SE_CERTIFICATE_MAX], second[SE_CERTIFICATE_MAX], out[SE_CERTIFICATE_MAX];
    size_t n1 = certificate("one", first), n2 = certificate("two", second), n = sizeof out;
    FAILS(OM_ENOTFOUND, se_certificate_read(fixture_se, "maf-c", out, &n, ERR));
    SUCCEEDS(se_certificate_write(fixture_se, "maf-c", first, n1, ERR));
    n = sizeof out;
    SUCCEEDS(se_certificate_read(fixture_se, "maf-c", out, &n, ERR));
    assert_int_equal(n, n1);
    assert_memory_equal(out, first, n1);
    SUCCEEDS(se_certificate_write(fixture_se, "maf-c", second, n2, ERR)); /* in its place */
    n = sizeof out;
    SUCCEEDS(se_certificate_read(fixture_se, "maf-c", out, &n, ERR));
    assert_int_equal(n, n2);
    assert_memory_equal(out, second, n2);
    n = 16; /* too little room is no certificate */
    assert_int_not_equal(se_certificate_read(fixture_se, "maf-c", out, &n, ERR), OM_OK);
    FAILS(OM_EINPUT, se_certificate_write(fixture_se, "maf-c", first, n1 - 1, ERR));
    FAILS(OM_EINPUT, se_certificate_write(fixture_se, "maf-c", first, 0, ERR));
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_and_found_again),
        cmocka_unit_test(two_names_are_two_keys),
        cmocka_unit_test(removed_key_is_gone),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(closed_token_leaves_them_inert),
        cmocka_unit_test(certificates_are_kept_beside_keys),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
