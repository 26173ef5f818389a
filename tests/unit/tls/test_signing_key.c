/* Signing keys as EVP_PKEYs: OpenSSL makes signatures, requests and certificates with them as with its own,
 * and other keys are not drawn to provider maf. */
#include "fixture_tls.h"

#include <openssl/core_names.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static struct se_signer *signer;
static EVP_PKEY *key;

static int key_setup(void **state)
{
    if (tls_setup(state) != 0)
        return -1;
    SUCCEEDS(se_signer_make(fixture_se, "maf", &signer, ERR));
    SUCCEEDS(omtls_signing_key(tls_libctx, signer, &key, ERR));
    return 0;
}

static int key_teardown(void **state)
{
    EVP_PKEY_free(key);
    se_signer_unref(signer);
    return tls_teardown(state);
}

/* The public half, as OpenSSL's own key. */
static EVP_PKEY *public_half(void)
{
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(key, &der);
    assert_true(n > 0);
    const unsigned char *at = der;
    EVP_PKEY *own = d2i_PUBKEY_ex(NULL, &at, n, tls_libctx, NULL);
    assert_non_null(own);
    OPENSSL_free(der);
    return own;
}

static void says_what_it_is(void **state)
{
    (void)state;
    char group[32];
    size_t n = 0;
    uint8_t point[SE_POINT_SIZE];
    assert_true(EVP_PKEY_is_a(key, "EC"));
    assert_false(EVP_PKEY_is_a(key, "RSA"));
    assert_int_equal(EVP_PKEY_get_bits(key), 256);
    assert_int_equal(EVP_PKEY_get_security_bits(key), 128);
    assert_int_equal(EVP_PKEY_get_group_name(key, group, sizeof group, &n), 1);
    assert_string_equal(group, "prime256v1");
    assert_int_equal(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &n),
                     1);
    assert_memory_equal(point, se_signer_point(signer), SE_POINT_SIZE);
}

static void private_half_is_not_given_out(void **state)
{
    (void)state;
    unsigned char *der = NULL;
    BIGNUM *d = NULL;
    OSSL_PARAM *params = NULL;
    assert_true(i2d_PrivateKey(key, &der) <= 0);
    assert_int_not_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &d), 1);
    assert_int_not_equal(EVP_PKEY_todata(key, EVP_PKEY_KEYPAIR, &params), 1);
    assert_null(d);
    ERR_clear_error();
}

/* Parameters alone, which anybody can make, give a public key. */
static void nobody_else_makes_one(void **state)
{
    (void)state;
    char group[] = "P-256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)se_signer_point(signer),
                                          SE_POINT_SIZE),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *other = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(tls_libctx, "EC", "openmaf.signing=yes");
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &other, EVP_PKEY_KEYPAIR, params), 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    uint8_t signature[80];
    size_t n = sizeof signature;
    assert_false(EVP_DigestSignInit_ex(md, NULL, "SHA256", tls_libctx, NULL, other, NULL) == 1 &&
                 EVP_DigestSign(md, signature, &n, signature, 4) == 1);
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(other);
    ERR_clear_error();
}

static void signatures_verify(void **state)
{
    (void)state;
    static const char *const propqs[] = {NULL, OMTLS_PROPQ, OMTLS_PROPQ13};
    EVP_PKEY *own = public_half();
    EVP_PKEY *const both[] = {own, key};
    assert_int_equal(EVP_PKEY_eq(own, key), 1);
    assert_int_equal(EVP_PKEY_eq(key, own), 1);
    for (size_t i = 0; i < 3; i++) {
        uint8_t message[100], signature[80];
        size_t n = sizeof signature;
        fill(message, sizeof message, (unsigned)i);
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        assert_int_equal(EVP_DigestSignInit_ex(md, NULL, "SHA256", tls_libctx, propqs[i], key, NULL), 1);
        assert_int_equal(EVP_DigestSign(md, signature, &n, message, sizeof message), 1);
        EVP_MD_CTX_free(md);
        for (size_t j = 0; j < 2; j++) {
            md = EVP_MD_CTX_new();
            assert_int_equal(EVP_DigestVerifyInit_ex(md, NULL, "SHA256", tls_libctx, NULL, both[j], NULL), 1);
            assert_int_equal(EVP_DigestVerify(md, signature, n, message, sizeof message), 1);
            EVP_MD_CTX_free(md);
            message[0] ^= 1;
            md = EVP_MD_CTX_new();
            assert_int_equal(EVP_DigestVerifyInit_ex(md, NULL, "SHA256", tls_libctx, NULL, both[j], NULL), 1);
            assert_int_not_equal(EVP_DigestVerify(md, signature, n, message, sizeof message), 1);
            EVP_MD_CTX_free(md);
            message[0] ^= 1;
        }
    }
    EVP_PKEY_free(own);
    ERR_clear_error();
}

static void other_digests_are_refused(void **state)
{
    (void)state;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    assert_int_not_equal(EVP_DigestSignInit_ex(md, NULL, "SHA384", tls_libctx, NULL, key, NULL), 1);
    EVP_MD_CTX_free(md);
    ERR_clear_error();
}

static void requests_and_certificates_are_signed(void **state)
{
    (void)state;
    X509_REQ *req = X509_REQ_new_ex(tls_libctx, NULL);
    assert_int_equal(X509_REQ_set_pubkey(req, key), 1);
    assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
    assert_int_equal(X509_REQ_verify(req, X509_REQ_get0_pubkey(req)), 1);
    X509_REQ_free(req);

    X509 *x = X509_new_ex(tls_libctx, NULL);
    X509_NAME *name = X509_get_subject_name(x);
    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"ca", -1, -1, 0), 1);
    assert_int_equal(X509_set_issuer_name(x, name), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 3600));
    assert_int_equal(X509_set_pubkey(x, key), 1);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    assert_int_equal(X509_check_private_key(x, key), 1);
    assert_int_equal(X509_verify(x, X509_get0_pubkey(x)), 1);
    int nid = 0, pkey_nid = 0;
    assert_int_equal(X509_get_signature_info(x, &nid, &pkey_nid, NULL, NULL), 1);
    assert_int_equal(nid, NID_sha256);
    assert_int_equal(pkey_nid, NID_X9_62_id_ecPublicKey);
    X509_free(x);
}

/* Ephemeral and foreign keys of contexts that prefer provider maf are still OpenSSL's own. */
static void other_keys_stay_with_openssl(void **state)
{
    (void)state;
    static const char *const propqs[] = {NULL, OMTLS_PROPQ, OMTLS_PROPQ13};
    for (size_t i = 0; i < 3; i++) {
        EVP_KEYMGMT *mgmt = EVP_KEYMGMT_fetch(tls_libctx, "EC", propqs[i]);
        EVP_SIGNATURE *sig = EVP_SIGNATURE_fetch(tls_libctx, "ECDSA", propqs[i]);
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(mgmt)), "default");
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_SIGNATURE_get0_provider(sig)), "default");
        EVP_KEYMGMT_free(mgmt);
        EVP_SIGNATURE_free(sig);
    }
}

static void outlives_its_token_without_harm(void **state)
{
    (void)state;
    struct se *other = fixture_open();
    struct se_signer *theirs = NULL;
    EVP_PKEY *pkey = NULL;
    uint8_t signature[80];
    size_t n = sizeof signature;
    SUCCEEDS(se_signer_find(other, "maf", &theirs, ERR));
    SUCCEEDS(omtls_signing_key(tls_libctx, theirs, &pkey, ERR));
    se_signer_unref(theirs);
    se_close(other);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit_ex(md, NULL, "SHA256", tls_libctx, NULL, pkey, NULL), 1);
    assert_int_not_equal(EVP_DigestSign(md, signature, &n, signature, 4), 1);
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_it_is),
        cmocka_unit_test(private_half_is_not_given_out),
        cmocka_unit_test(nobody_else_makes_one),
        cmocka_unit_test(signatures_verify),
        cmocka_unit_test(other_digests_are_refused),
        cmocka_unit_test(requests_and_certificates_are_signed),
        cmocka_unit_test(other_keys_stay_with_openssl),
        cmocka_unit_test(outlives_its_token_without_harm),
    };
    return cmocka_run_group_tests(tests, key_setup, key_teardown);
}
