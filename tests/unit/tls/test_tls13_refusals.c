/* What is refused in TLS 1.3, what the peer sees of it, and that the algorithms are OpenSSL's own for
 * everybody else. */
#include "fixture_tls.h"
#include "tls/connection.h"
#include "tls/tls13.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>

static SSL_CTX *plain13(bool server, const struct plain_psk *psk)
{
    SSL_CTX *ctx = plain_context(server, false, "PSK-AES128-GCM-SHA256", psk);
    assert_int_equal(SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION), 1);
    assert_int_equal(SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION), 1);
    return ctx;
}

/* --- handshakes --- */

struct outcome {
    bool ok;
    int alert;
    unsigned flights;
    size_t octets;
};

static struct outcome try_client(const struct plain_psk *psk, const char *groups)
{
    struct omtls_server cfg = tls13_server_config(OMTLS_CUSTODY_SESSION);
    SSL_CTX *server = our_server(false, &cfg);
    SSL_CTX *client = plain13(false, psk);
    struct handshake h;
    if (groups != NULL) {
        assert_int_equal(SSL_CTX_set1_groups_list(client, groups), 1);
        assert_int_equal(SSL_CTX_set1_groups_list(server, "P-256"), 1);
    }
    bool ok = meet(&h, client, server);
    struct outcome o = {ok, h.server_alert, h.server_flights, h.server_octets};
    handshake_free(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    return o;
}

/* MAF-HS-6: unknown, malformed and wrong-key peers see the same alert after the same number of octets. */
static void test_failures_look_alike(void **state)
{
    (void)state;
    char too_long[OMTLS_IDENTITY_MAX + 2] = "";
    memset(too_long, 'a', sizeof too_long - 1);
    const struct plain_psk cases[] = {
        {KNOWN_ID, WRONG_PSK, KNOWN_SIZE},
        {"nobody@maf.example.com", KNOWN_PSK, KNOWN_SIZE},
        {too_long, KNOWN_PSK, KNOWN_SIZE},
        {"km-1\n@maf.example.com", KNOWN_PSK, KNOWN_SIZE},
    };
    static const char *const groups[] = {NULL, "X25519:P-256", "X25519"};
    for (size_t g = 0; g < 3; g++) {
        struct outcome first = try_client(&cases[0], groups[g]);
        assert_false(first.ok);
        assert_int_not_equal(first.alert, -1);
        for (size_t i = 1; i < sizeof cases / sizeof cases[0]; i++) {
            struct outcome other = try_client(&cases[i], groups[g]);
            assert_false(other.ok);
            assert_int_equal(other.alert, first.alert);
            assert_int_equal(other.flights, first.flights);
            assert_int_equal(other.octets, first.octets);
            if (i >= 2)
                assert_string_equal(tls_found.identity, "");
        }
    }
}

static void cut_identity(uint8_t *octets, size_t n)
{
    static const char sent[] = KNOWN_ID "#";
    uint8_t *at = memmem(octets, n, sent, strlen(sent));
    if (at != NULL)
        at[strlen(KNOWN_ID)] = 0;
}

static void test_embedded_nul(void **state)
{
    (void)state;
    const struct plain_psk psk = {KNOWN_ID "#", KNOWN_PSK, KNOWN_SIZE};
    struct omtls_server cfg = tls13_server_config(OMTLS_CUSTODY_PSK);
    SSL_CTX *server = our_server(false, &cfg);
    SSL_CTX *client = plain13(false, &psk);
    struct handshake h = {.on_client_octets = cut_identity};
    handshake_join(&h, SSL_new(client), SSL_new(server));
    assert_false(handshake_run(&h));
    assert_string_equal(tls_found.identity, "");
    handshake_free(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

/* An error of the look-up is ours, not the peer's. */
static void test_lookup_fails(void **state)
{
    (void)state;
    const struct plain_psk psk = {KNOWN_ID, KNOWN_PSK, KNOWN_SIZE};
    tls_found.answer = OM_ETRANSIENT;
    struct outcome o = try_client(&psk, NULL);
    assert_false(o.ok);
    assert_int_equal(o.alert, SSL_AD_INTERNAL_ERROR);
}

/* A server with a certificate in place of the key. */
static void test_our_client_trusts_no_certificate(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    assert_true(key != NULL && cert != NULL && X509_set_pubkey(cert, key) == 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    (void)X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    SSL_CTX *server = SSL_CTX_new_ex(NULL, NULL, TLS_server_method());
    assert_true(server != NULL && SSL_CTX_use_certificate(server, cert) == 1 &&
                SSL_CTX_use_PrivateKey(server, key) == 1);
    SSL_CTX *client = NULL;
    SUCCEEDS(omtls_client_ctx13(tls_libctx, false, &client, ERR));
    SSL *ssl = our_client_ssl(client, OMTLS_CUSTODY_SESSION);
    SUCCEEDS(omtls_client_psk13(ssl, &tls_psk13, ERR));
    struct handshake h = {.on_client_octets = NULL};
    handshake_join(&h, ssl, SSL_new(server));
    assert_false(handshake_run(&h));
    assert_false(SSL_is_init_finished(h.client));
    handshake_free(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    X509_free(cert);
    EVP_PKEY_free(key);
}

/* --- references --- */

static bool kdf13(const char *propq, int mode, const char *digest, const void *key, size_t key_len,
                  const void *salt, const char *label, uint8_t out[32])
{
    uint8_t hash[32] = {0};
    EVP_KDF *kdf = EVP_KDF_fetch(tls_libctx, "TLS13-KDF", propq);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[8];
    OSSL_PARAM *p = params;
    *p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    *p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)digest, 0);
    if (key != NULL)
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key, key_len);
    if (salt != NULL)
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, 32);
    *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, (void *)"tls13 ", 6);
    *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, (void *)label, strlen(label));
    if (mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY)
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_DATA, hash, sizeof hash);
    *p = OSSL_PARAM_construct_end();
    memset(out, 0xaa, 32);
    bool ok = EVP_KDF_derive(ctx, out, 32, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    ERR_clear_error();
    return ok;
}

#define EXTRACT EVP_KDF_HKDF_MODE_EXTRACT_ONLY
#define EXPAND  EVP_KDF_HKDF_MODE_EXPAND_ONLY

/* A living reference, where and for what it is not meant: refused, and nothing comes out. */
static void test_references_elsewhere(void **state)
{
    (void)state;
    static const uint8_t zeros[32];
    SSL_CTX *ctx = NULL;
    SUCCEEDS(omtls_client_ctx13(tls_libctx, false, &ctx, ERR));
    SSL *ssl = our_client_ssl(ctx, OMTLS_CUSTODY_PSK);
    SUCCEEDS(omtls_client_psk13(ssl, &tls_psk13, ERR));
    const struct omtls_connection *c = omtls_connection_of(ssl);
    uint8_t refs[OMTLS_REFERENCE_EXPORT_SECRET + 1][OMTLS_REFERENCE_SIZE];
    uint8_t out[32];
    for (int type = OMTLS_REFERENCE_PSK; type <= OMTLS_REFERENCE_EXPORT_SECRET; type++) {
        struct omtls_reference ref = omtls_connection_reference(c, (enum omtls_reference_type)type);
        omtls_reference_encode(&ref, refs[type]);
    }
    /* The good cases, so that the others fail for their own reasons. */
    const uint8_t *psk = refs[OMTLS_REFERENCE_PSK13];
    assert_true(kdf13(OMTLS_PROPQ13, EXTRACT, "SHA256", psk, 32, NULL, "derived", out));
    assert_memory_equal(out, refs[OMTLS_REFERENCE_EARLY], sizeof out);
    for (int type = OMTLS_REFERENCE_PSK; type <= OMTLS_REFERENCE_EXPORT_SECRET; type++) {
        assert_false(kdf13(OMTLS_PROPQ13, EXPAND, "SHA256", refs[type], 32, NULL, "c e traffic", out));
        assert_memory_equal(out, zeros, sizeof out);
        assert_false(kdf13(OMTLS_PROPQ13, EXPAND, "SHA256", refs[type], 31, NULL, "derived", out));
        assert_false(kdf13(OMTLS_PROPQ13, EXTRACT, "SHA384", refs[type], 32, NULL, "derived", out));
        assert_false(kdf13(OMTLS_PROPQ13, EXTRACT, "SHA256", refs[type], 32, zeros, "derived", out));
        if (type != OMTLS_REFERENCE_PSK13)
            assert_false(kdf13(OMTLS_PROPQ13, EXTRACT, "SHA256", refs[type], 32, NULL, "derived", out));
        if (type != OMTLS_REFERENCE_EARLY)
            assert_false(kdf13(OMTLS_PROPQ13, EXTRACT, "SHA256", zeros, 32, refs[type], "derived", out));
    }
    assert_false(
        kdf13(OMTLS_PROPQ13, EXTRACT, "SHA256", psk, 32, refs[OMTLS_REFERENCE_EARLY], "derived", out));
    /* A Diffie-Hellman secret that says nothing: what followed would be the handshake secret of psk_ke. */
    assert_false(
        kdf13(OMTLS_PROPQ13, EXTRACT, "SHA256", zeros, 32, refs[OMTLS_REFERENCE_EARLY], "derived", out));
    assert_memory_equal(out, zeros, sizeof out);
    assert_false(
        kdf13(OMTLS_PROPQ13, EXPAND, "SHA256", zeros, 32, NULL, OMTLS_LABEL_CONNECTION, out)); /* outside */
    SSL_free(ssl);
    for (int type = OMTLS_REFERENCE_PSK13; type <= OMTLS_REFERENCE_EXPORT_SECRET; type++) /* stale */
        assert_false(kdf13(OMTLS_PROPQ13, EXTRACT, "SHA256", refs[type], 32, NULL, "derived", out));
    SSL_CTX_free(ctx);
}

static bool hmac(const char *propq, const char *digest, const void *key, size_t key_len, size_t n,
                 uint8_t out[64], size_t *len)
{
    static const uint8_t message[4096];
    EVP_MAC *mac = EVP_MAC_fetch(tls_libctx, "HMAC", propq);
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0),
                           OSSL_PARAM_construct_end()};
    bool ok = EVP_MAC_init(ctx, key, key_len, params) == 1 && EVP_MAC_update(ctx, message, n) == 1;
    EVP_MAC_CTX *copy = ok ? EVP_MAC_CTX_dup(ctx) : NULL;
    ok =
        ok && copy != NULL && EVP_MAC_final(copy, out, len, 64) == 1 && *len == EVP_MAC_CTX_get_mac_size(ctx);
    EVP_MAC_CTX_free(copy);
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
    ERR_clear_error();
    return ok;
}

static void test_hmac_with_references(void **state)
{
    (void)state;
    SSL_CTX *ctx = our_client(false, NULL, false);
    SSL *ssl = our_client_ssl(ctx, OMTLS_CUSTODY_PSK);
    SUCCEEDS(omtls_client_psk13(ssl, &tls_psk13, ERR));
    const struct omtls_connection *c = omtls_connection_of(ssl);
    uint8_t octets[OMTLS_REFERENCE_SIZE];
    uint8_t out[64];
    size_t len = 0;
    for (int type = OMTLS_REFERENCE_PSK; type <= OMTLS_REFERENCE_EXPORT_SECRET; type++) {
        struct omtls_reference ref = omtls_connection_reference(c, (enum omtls_reference_type)type);
        omtls_reference_encode(&ref, octets);
        bool binder = type == OMTLS_REFERENCE_FINISHED;
        assert_int_equal(hmac(OMTLS_PROPQ13, "SHA256", octets, 32, 32, out, &len), binder);
        assert_false(hmac(OMTLS_PROPQ13, "SHA256", octets, 32, 31, out, &len));
        assert_false(hmac(OMTLS_PROPQ13, "SHA256", octets, 32, 33, out, &len));
        assert_false(hmac(OMTLS_PROPQ13, "SHA384", octets, 32, 32, out, &len));
        assert_false(hmac(OMTLS_PROPQ13, "SHA256", octets, 31, 32, out, &len));
    }
    struct omtls_reference ref = omtls_connection_reference(c, OMTLS_REFERENCE_FINISHED);
    omtls_reference_encode(&ref, octets);
    SSL_free(ssl);
    assert_false(hmac(OMTLS_PROPQ13, "SHA256", octets, 32, 32, out, &len)); /* stale */
    SSL_CTX_free(ctx);
}

/* Ordinary keys: the same results as OpenSSL's own. */
static void test_forwarding(void **state)
{
    (void)state;
    static const char *const digests[] = {"SHA1", "SHA256", "SHA384", "SHA512"};
    uint8_t key[200];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(i * 7);
    for (size_t d = 0; d < 4; d++)
        for (size_t n = 1; n <= sizeof key; n += 33) {
            uint8_t ours[64] = {0}, theirs[64] = {0};
            size_t our_len = 0, their_len = 0;
            assert_true(hmac(OMTLS_PROPQ13, digests[d], key, n, 20 * n, ours, &our_len));
            assert_true(hmac("provider=default", digests[d], key, n, 20 * n, theirs, &their_len));
            assert_int_equal(our_len, their_len);
            assert_memory_equal(ours, theirs, sizeof ours);
        }
    for (int mode = EXTRACT; mode <= EXPAND; mode++) {
        uint8_t ours[32], theirs[32];
        assert_true(
            kdf13(OMTLS_PROPQ13, mode, "SHA256", key, 32, mode == EXTRACT ? key : NULL, "derived", ours));
        assert_true(kdf13("provider=default", mode, "SHA256", key, 32, mode == EXTRACT ? key : NULL,
                          "derived", theirs));
        assert_memory_equal(ours, theirs, sizeof ours);
    }
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_failures_look_alike, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_embedded_nul, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_lookup_fails, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_our_client_trusts_no_certificate, tls_test_setup,
                                        tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_references_elsewhere, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_hmac_with_references, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_forwarding, tls_test_setup, tls_test_teardown),
    };
    return cmocka_run_group_tests(tests, tls_setup, tls_teardown);
}
