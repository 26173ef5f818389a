/* TLS1-PRF of provider maf as a KDF: for ordinary secrets it is OpenSSL's own, octet for octet and error for
 * error; key references work once, and only as TLS 1.2 uses them. */
#include "fixture_tls.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

static EVP_KDF *ours;
static EVP_KDF *stock;

static int setup(void **state)
{
    (void)tls_setup(state);
    ours = EVP_KDF_fetch(tls_libctx, "TLS1-PRF", OMTLS_PROPQ);
    stock = EVP_KDF_fetch(tls_libctx, "TLS1-PRF", "provider=default");
    assert_non_null(ours);
    assert_non_null(stock);
    assert_ptr_not_equal(EVP_KDF_get0_provider(ours), EVP_KDF_get0_provider(stock));
    return 0;
}

static int teardown(void **state)
{
    EVP_KDF_free(ours);
    EVP_KDF_free(stock);
    return tls_teardown(state);
}

/* One call of libssl: everything at once. */
struct call {
    const char *digest;
    const uint8_t *secret;
    size_t secret_len;
    const char *seeds[5]; /* NULL: empty */
};

static void params_of(const struct call *call, OSSL_PARAM params[8])
{
    OSSL_PARAM *p = params;
    *p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)call->digest, 0);
    *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)call->secret, call->secret_len);
    for (int i = 0; i < 5; i++)
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)call->seeds[i],
                                                 call->seeds[i] != NULL ? strlen(call->seeds[i]) : 0);
    *p = OSSL_PARAM_construct_end();
}

static int derive_once(EVP_KDF *kdf, const struct call *call, uint8_t *out, size_t n)
{
    OSSL_PARAM params[8];
    params_of(call, params);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    assert_non_null(ctx);
    int ok = EVP_KDF_derive(ctx, out, n, params) == 1;
    EVP_KDF_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

/* --- ordinary secrets --- */

static void test_forwards(void **state)
{
    (void)state;
    static const char *const digests[] = {"SHA256", "SHA2-256", "sha384", "SHA512", "MD5-SHA1", "SHA1"};
    static const size_t lengths[] = {1, 12, 48, 64, 128, 500};
    uint8_t secret[96];
    for (size_t d = 0; d < sizeof digests / sizeof digests[0]; d++)
        for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
            uint8_t a[500];
            uint8_t b[500];
            assert_int_equal(RAND_bytes(secret, sizeof secret), 1);
            struct call call = {digests[d], secret, 1 + 19 * l, {"key expansion", "server", NULL, "client"}};
            assert_true(derive_once(ours, &call, a, lengths[l]));
            assert_true(derive_once(stock, &call, b, lengths[l]));
            assert_memory_equal(a, b, lengths[l]);
        }
}

/* Runs the same steps on both; they must agree in success and in octets. */
typedef int steps(EVP_KDF_CTX *ctx, uint8_t out[64]);

static void both(steps *run)
{
    uint8_t a[64] = {0};
    uint8_t b[64] = {0};
    EVP_KDF_CTX *x = EVP_KDF_CTX_new(ours);
    EVP_KDF_CTX *y = EVP_KDF_CTX_new(stock);
    assert_int_equal(run(x, a), run(y, b));
    assert_memory_equal(a, b, sizeof a);
    EVP_KDF_CTX_free(x);
    EVP_KDF_CTX_free(y);
    ERR_clear_error();
}

static int set_text(EVP_KDF_CTX *ctx, const char *key, const char *value)
{
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(key, (char *)value, 0),
                           OSSL_PARAM_construct_end()};
    return EVP_KDF_CTX_set_params(ctx, params) == 1;
}

static int set_octets(EVP_KDF_CTX *ctx, const char *key, const void *value, size_t n)
{
    OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(key, (void *)value, n),
                           OSSL_PARAM_construct_end()};
    return EVP_KDF_CTX_set_params(ctx, params) == 1;
}

static int step_by_step(EVP_KDF_CTX *ctx, uint8_t out[64])
{
    return set_octets(ctx, "seed", "label", 5) && set_text(ctx, "digest", "SHA256") &&
           set_octets(ctx, "secret", "secret", 6) && set_octets(ctx, "seed", "more", 4) &&
           EVP_KDF_derive(ctx, out, 64, NULL) == 1;
}

static int secret_replaced(EVP_KDF_CTX *ctx, uint8_t out[64])
{
    return step_by_step(ctx, out) && set_octets(ctx, "secret", "other", 5) &&
           EVP_KDF_derive(ctx, out, 64, NULL) == 1;
}

static int seeds_add_up(EVP_KDF_CTX *ctx, uint8_t out[64])
{
    return step_by_step(ctx, out) && set_octets(ctx, "seed", "and more", 8) &&
           EVP_KDF_derive(ctx, out, 64, NULL) == 1;
}

static int again_after_derive(EVP_KDF_CTX *ctx, uint8_t out[64])
{
    const struct call call = {"SHA256", (const uint8_t *)"secret", 6, {"label", "seed"}};
    OSSL_PARAM params[8];
    params_of(&call, params);
    return EVP_KDF_derive(ctx, out, 32, params) == 1 && EVP_KDF_derive(ctx, out + 32, 32, NULL) == 1;
}

static int after_reset(EVP_KDF_CTX *ctx, uint8_t out[64])
{
    int ok = step_by_step(ctx, out);
    EVP_KDF_CTX_reset(ctx);
    uint8_t nothing[64];
    return ok && EVP_KDF_derive(ctx, nothing, 64, NULL) == 1;
}

static int reset_and_again(EVP_KDF_CTX *ctx, uint8_t out[64])
{
    int ok = step_by_step(ctx, out);
    EVP_KDF_CTX_reset(ctx);
    return ok && step_by_step(ctx, out);
}

static int no_digest(EVP_KDF_CTX *ctx, uint8_t out[64])
{
    return set_octets(ctx, "secret", "s", 1) && set_octets(ctx, "seed", "s", 1) &&
           EVP_KDF_derive(ctx, out, 64, NULL) == 1;
}

static int no_seed(EVP_KDF_CTX *ctx, uint8_t out[64])
{
    return set_octets(ctx, "secret", "s", 1) && set_text(ctx, "digest", "SHA256") &&
           EVP_KDF_derive(ctx, out, 64, NULL) == 1;
}

static int no_secret(EVP_KDF_CTX *ctx, uint8_t out[64])
{
    return set_octets(ctx, "seed", "s", 1) && set_text(ctx, "digest", "SHA256") &&
           EVP_KDF_derive(ctx, out, 64, NULL) == 1;
}

static int unknown_digest(EVP_KDF_CTX *ctx, uint8_t out[64])
{
    (void)out;
    return set_text(ctx, "digest", "no-such-digest");
}

static int properties_for_nothing(EVP_KDF_CTX *ctx, uint8_t out[64])
{
    return set_text(ctx, "properties", "provider=nowhere") && step_by_step(ctx, out);
}

static int unknown_properties(EVP_KDF_CTX *ctx, uint8_t out[64])
{
    (void)out;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_PROPERTIES, (char *)"provider=nowhere", 0),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end()};
    return EVP_KDF_CTX_set_params(ctx, params) == 1;
}

static int longest_seed(EVP_KDF_CTX *ctx, uint8_t out[64])
{
    static const uint8_t seed[1024] = "seed";
    return set_text(ctx, "digest", "SHA256") && set_octets(ctx, "secret", "s", 1) &&
           set_octets(ctx, "seed", seed, sizeof seed) && EVP_KDF_derive(ctx, out, 64, NULL) == 1;
}

static int seed_too_long(EVP_KDF_CTX *ctx, uint8_t out[64])
{
    return longest_seed(ctx, out) && set_octets(ctx, "seed", "x", 1);
}

static int sha1_after_md5_sha1(EVP_KDF_CTX *ctx, uint8_t out[64])
{
    return set_text(ctx, "digest", "MD5-SHA1") && step_by_step(ctx, out);
}

static void test_same_as_stock(void **state)
{
    (void)state;
    static steps *const all[] = {step_by_step,
                                 secret_replaced,
                                 seeds_add_up,
                                 again_after_derive,
                                 after_reset,
                                 reset_and_again,
                                 no_digest,
                                 no_seed,
                                 no_secret,
                                 unknown_digest,
                                 longest_seed,
                                 seed_too_long,
                                 properties_for_nothing,
                                 unknown_properties,
                                 sha1_after_md5_sha1};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        both(all[i]);
}

static void test_duplicate(void **state)
{
    (void)state;
    uint8_t a[64];
    uint8_t b[64];
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(ours);
    assert_true(step_by_step(ctx, a));
    EVP_KDF_CTX *dup = EVP_KDF_CTX_dup(ctx);
    assert_non_null(dup);
    EVP_KDF_CTX_free(ctx);
    assert_int_equal(EVP_KDF_derive(dup, b, sizeof b, NULL), 1);
    assert_memory_equal(a, b, sizeof a);
    assert_int_equal(EVP_KDF_CTX_get_kdf_size(dup), SIZE_MAX);
    EVP_KDF_CTX_free(dup);
    dup = EVP_KDF_CTX_new(ours);
    ctx = EVP_KDF_CTX_dup(dup); /* of an empty one */
    assert_non_null(ctx);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_CTX_free(dup);
}

/* A oneM2M export of a secret that is nobody's, however it is cut. */
static void test_foreign_export(void **state)
{
    (void)state;
    static const uint8_t master[48] = "a master secret of another connection";
    char randoms[65] = "";
    memset(randoms, 'r', sizeof randoms - 1);
    uint8_t out[48];
    const struct call cases[] = {
        {"SHA256", master, sizeof master, {OMTLS_LABEL_CONNECTION, randoms}},
        {"SHA256", master, sizeof master, {"EXPORTER-oneM2M-", "Bootstrap", randoms}},
        {"SHA384", master, sizeof master, {NULL, "EXPORTER-oneM2M-ESCertKE", NULL, randoms}},
        {"SHA256", master, sizeof master - 1, {OMTLS_LABEL_CONNECTION, randoms}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_false(derive_once(ours, &cases[i], out, sizeof out));
}

/* --- references --- */

static SSL_CTX *reference_ctx;

/* An SSL that stands for a connection, and the premaster secret that OpenSSL would make for it. */
static SSL *premaster(enum omtls_custody custody, uint8_t secret[68])
{
    SSL *ssl = SSL_new(reference_ctx);
    assert_non_null(ssl);
    memset(secret, 0, 68);
    secret[1] = secret[35] = 32;
    SUCCEEDS(omtls_attach_psk(ssl, KNOWN_ID, tls_key, custody, NULL, NULL, secret + 36, ERR));
    return ssl;
}

#define HASH "0123456789abcdef0123456789abcdef"

static int master_from(const uint8_t *secret, size_t n, uint8_t out[48])
{
    const struct call call = {"SHA256", secret, n, {"extended master secret", HASH}};
    return derive_once(ours, &call, out, 48);
}

static void test_reference_works_once(void **state)
{
    (void)state;
    uint8_t secret[68];
    uint8_t real[68] = {[1] = 32, [35] = 32};
    uint8_t want[48];
    uint8_t got[48];
    memcpy(real + 36, KNOWN_PSK, KNOWN_SIZE);
    const struct call call = {"SHA256", real, sizeof real, {"extended master secret", HASH}};
    assert_true(derive_once(stock, &call, want, sizeof want));
    SSL *ssl = premaster(OMTLS_CUSTODY_PSK, secret);
    assert_true(master_from(secret, sizeof secret, got));
    assert_memory_equal(got, want, sizeof want);
    assert_false(master_from(secret, sizeof secret, got));
    SSL_free(ssl);

    /* With custody session the master secret comes out as a reference, which gives what the secret would. */
    ssl = premaster(OMTLS_CUSTODY_SESSION, secret);
    assert_true(master_from(secret, sizeof secret, got));
    assert_memory_not_equal(got, want, 32);
    const struct call with_want = {"SHA256", want, 48, {"key expansion", "server", "client"}};
    const struct call with_got = {"SHA256", got, 48, {"key expansion", "server", "client"}};
    uint8_t a[128];
    uint8_t b[128];
    assert_true(derive_once(stock, &with_want, a, sizeof a));
    assert_true(derive_once(ours, &with_got, b, sizeof b));
    assert_memory_equal(a, b, sizeof a);
    SSL_free(ssl);
    assert_false(derive_once(ours, &with_got, b, sizeof b)); /* stale */
}

static int reference_step_by_step(const uint8_t *secret, uint8_t out[48])
{
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(ours);
    int ok = set_text(ctx, "digest", "SHA2-256") && set_octets(ctx, "secret", secret, 68) &&
             set_octets(ctx, "seed", "extended master secret", 22) && set_octets(ctx, "seed", HASH, 32) &&
             EVP_KDF_derive(ctx, out, 48, NULL) == 1;
    EVP_KDF_CTX_free(ctx);
    return ok;
}

static void test_reference_step_by_step(void **state)
{
    (void)state;
    uint8_t secret[68];
    uint8_t out[48];
    SSL *ssl = premaster(OMTLS_CUSTODY_SESSION, secret);
    assert_true(reference_step_by_step(secret, out));
    SSL_free(ssl);
}

/* Every other use is refused, and spoils nothing: the right one works afterwards. */
static void test_reference_misused(void **state)
{
    (void)state;
    uint8_t secret[68];
    uint8_t out[64];
    SSL *ssl = premaster(OMTLS_CUSTODY_SESSION, secret);
    const struct call wrong[] = {
        {"SHA384", secret, 68, {"extended master secret", HASH}},
        {"MD5-SHA1", secret, 68, {"extended master secret", HASH}},
        {"SHA256", secret, 68, {"master secret", HASH, HASH}}, /* no EMS */
        {"SHA256", secret, 68, {"key expansion", HASH, HASH}},
        {"SHA256", secret, 68, {OMTLS_LABEL_CONNECTION, HASH, HASH}},
        {"SHA256", secret, 68, {NULL}},
        {"SHA256", secret, 67, {"extended master secret", HASH}},
        {"SHA256", secret + 1, 67, {"extended master secret", HASH}},
        {"SHA256", secret + 36, 32, {"extended master secret", HASH}}, /* bare, as if it were the key */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(derive_once(ours, &wrong[i], out, 48));
    const struct call right = {"SHA256", secret, 68, {"extended master secret", HASH}};
    assert_false(derive_once(ours, &right, out, 47));
    assert_false(derive_once(ours, &right, out, 49));
    /* Inside another key exchange: (EC)DHE-PSK. */
    uint8_t other[68];
    memcpy(other, secret, sizeof other);
    memset(other + 2, 0x5a, 32);
    assert_false(master_from(other, sizeof other, out));
    /* As a master secret. */
    uint8_t master[48] = {0};
    memcpy(master, secret + 36, 32);
    assert_false(master_from(master, sizeof master, out));
    assert_true(master_from(secret, sizeof secret, out));
    SSL_free(ssl);
}

/* Any bit changed behind the tag, and there is no key. (In the tag: no reference, as good as random.) */
static void test_reference_forged(void **state)
{
    (void)state;
    uint8_t secret[68];
    uint8_t out[48];
    SSL *ssl = premaster(OMTLS_CUSTODY_SESSION, secret);
    for (size_t bit = 8 * 8; bit < 32 * 8; bit++) {
        secret[36 + bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(master_from(secret, sizeof secret, out));
        secret[36 + bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(master_from(secret, sizeof secret, out));
    for (size_t bit = 8 * 8; bit < 48 * 8; bit++) {
        uint8_t forged[48];
        memcpy(forged, out, sizeof forged);
        forged[bit / 8] ^= (uint8_t)(1u << bit % 8);
        const struct call call = {"SHA256", forged, 48, {"key expansion", HASH, HASH}};
        uint8_t keys[128];
        assert_false(derive_once(ours, &call, keys, sizeof keys));
    }
    SSL_free(ssl);
    assert_false(master_from(secret, sizeof secret, out));
}

/* A new connection in the same slot does not answer to the old one's reference. */
static void test_reference_stale(void **state)
{
    (void)state;
    uint8_t old[68];
    uint8_t fresh[68];
    uint8_t out[48];
    SSL_free(premaster(OMTLS_CUSTODY_SESSION, old));
    SSL *ssl = premaster(OMTLS_CUSTODY_SESSION, fresh);
    assert_memory_equal(old, fresh, 36 + 16); /* the same slot */
    assert_false(master_from(old, sizeof old, out));
    assert_true(master_from(fresh, sizeof fresh, out));
    SSL_free(ssl);
}

static int references_setup(void **state)
{
    reference_ctx = our_client(false, NULL, false);
    return tls_test_setup(state);
}

static int references_teardown(void **state)
{
    SSL_CTX_free(reference_ctx);
    return tls_test_teardown(state);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forwards),
        cmocka_unit_test(test_same_as_stock),
        cmocka_unit_test(test_duplicate),
        cmocka_unit_test(test_foreign_export),
        cmocka_unit_test_setup_teardown(test_reference_works_once, references_setup, references_teardown),
        cmocka_unit_test_setup_teardown(test_reference_step_by_step, references_setup, references_teardown),
        cmocka_unit_test_setup_teardown(test_reference_misused, references_setup, references_teardown),
        cmocka_unit_test_setup_teardown(test_reference_forged, references_setup, references_teardown),
        cmocka_unit_test_setup_teardown(test_reference_stale, references_setup, references_teardown),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
