/* The algorithms that the provider puts in the place of OpenSSL's own: the same results for everybody else's
 * secrets, and a name is no key for any of them. */
#include "fixture.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#define TEXT     "openmaf-key:"
#define TEXT_LEN (sizeof TEXT - 1)

struct octets {
    const void *at;
    size_t n;
};

/* TLS1-PRF with one seed behind the label. */
static bool prf(OSSL_LIB_CTX *libctx, struct octets secret, struct octets seed, uint8_t out[48])
{
    EVP_KDF *kdf = EVP_KDF_fetch(libctx, "TLS1-PRF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)secret.at, secret.n),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)"master secret", 13),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)seed.at, seed.n),
        OSSL_PARAM_construct_end(),
    };
    memset(out, 0, 48);
    bool ok = EVP_KDF_derive(ctx, out, 48, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    ERR_clear_error();
    return ok;
}

/* TLS13-KDF, extracting; with the key a second time when `twice` is not NULL. */
static bool extract(OSSL_LIB_CTX *libctx, struct octets key, struct octets salt, const struct octets *twice,
                    uint8_t out[32])
{
    int mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
    EVP_KDF *kdf = EVP_KDF_fetch(libctx, "TLS13-KDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[8];
    OSSL_PARAM *p = params;
    *p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    *p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0);
    *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, (void *)"tls13 ", 6);
    *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, (void *)"derived", 7);
    *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key.at, key.n);
    if (salt.at != NULL)
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt.at, salt.n);
    if (twice != NULL)
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)twice->at, twice->n);
    *p = OSSL_PARAM_construct_end();
    memset(out, 0, 32);
    bool ok = EVP_KDF_derive(ctx, out, 32, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    ERR_clear_error();
    return ok;
}

static bool hmac(OSSL_LIB_CTX *libctx, struct octets key, struct octets message, uint8_t out[32])
{
    size_t n = 0;
    bool ok = EVP_Q_mac(libctx, "HMAC", NULL, "SHA256", NULL, key.at, key.n, message.at, message.n, out, 32,
                        &n) != NULL;
    ERR_clear_error();
    return ok && n == 32;
}

static void same_results_for_other_secrets(void)
{
    OSSL_LIB_CTX *ours = named_libctx(named.config), *stock = OSSL_LIB_CTX_new();
    uint8_t secret[200], a[48], b[48];
    for (size_t i = 0; i < sizeof secret; i++)
        secret[i] = (uint8_t)(i * 5 + 1);
    for (size_t n = 1; n <= sizeof secret; n += 17) {
        struct octets s = {secret, n}, t = {secret, sizeof secret - n + 1};
        CHECK(prf(ours, s, t, a) && prf(stock, s, t, b) && memcmp(a, b, 48) == 0);
        CHECK(hmac(ours, s, t, a) && hmac(stock, s, t, b) && memcmp(a, b, 32) == 0);
        CHECK(extract(ours, s, (struct octets){secret, 32}, NULL, a) &&
              extract(stock, s, (struct octets){secret, 32}, NULL, b) && memcmp(a, b, 32) == 0);
    }
    OSSL_LIB_CTX_free(ours);
    OSSL_LIB_CTX_free(stock);
}
RUN(same_results_for_other_secrets)

/* A peer may have the text in what it sends: that is no secret, and the program shall not stumble over it. */
static void the_text_is_harmless_elsewhere(void)
{
    OSSL_LIB_CTX *ours = named_libctx(named.config), *stock = OSSL_LIB_CTX_new();
    uint8_t a[48], b[48], random[32] = "....";
    memcpy(random + 4, TEXT, TEXT_LEN);
    struct octets secret = {"a secret of the program's own", 29}, seed = {random, sizeof random};
    CHECK(prf(ours, secret, seed, a) && prf(stock, secret, seed, b) && memcmp(a, b, 48) == 0);
    CHECK(hmac(ours, secret, seed, a) && hmac(stock, secret, seed, b) && memcmp(a, b, 32) == 0);
    CHECK(hmac(ours, seed, secret, a) && hmac(stock, seed, secret, b) && memcmp(a, b, 32) == 0);
    OSSL_LIB_CTX_free(ours);
    OSSL_LIB_CTX_free(stock);
}
RUN(the_text_is_harmless_elsewhere)

/* As it is, cut, with something before or behind it: never a key. */
static void a_name_is_no_key(void)
{
    OSSL_LIB_CTX *ours = named_libctx(named.config);
    uint8_t out[48], padded[200] = {0};
    size_t n = strlen(named.name);
    struct octets seed = {"a seed", 6}, zeros = {padded + 168, 32};
    struct octets forms[] = {
        {named.name, n}, {named.name, n - 1}, {named.name, TEXT_LEN}, {padded, n + 1}, {padded, n + 20}};
    memcpy(padded, named.name, n);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        CHECK(!prf(ours, forms[i], seed, out)); /* no premaster secret is a name */
        CHECK(!hmac(ours, forms[i], seed, out));
        CHECK(!extract(ours, zeros, forms[i], NULL, out));
        CHECK(!extract(ours, forms[i], forms[i], NULL, out));
        CHECK(!extract(ours, zeros, zeros, &forms[i], out));
        CHECK(extract(ours, forms[i], (struct octets){NULL, 0}, NULL, out) == (i == 0));
    }
    memset(padded, 0, sizeof padded);
    memcpy(padded + 10, named.name, n);
    CHECK(!prf(ours, (struct octets){padded, n + 20}, seed, out));
    CHECK(!extract(ours, (struct octets){padded, n + 10}, (struct octets){NULL, 0}, NULL, out));
    OSSL_LIB_CTX_free(ours);
}
RUN(a_name_is_no_key)

/* A reference that the provider has given is one for the step that it was given for, and no key either. */
static void a_reference_is_no_key(void)
{
    OSSL_LIB_CTX *ours = named_libctx(named.config);
    uint8_t early[32], out[48];
    struct octets name = {named.name, strlen(named.name)}, seed = {"a seed", 6}, none = {NULL, 0};
    CHECK(extract(ours, name, none, NULL, early));
    struct octets reference = {early, sizeof early};
    CHECK(!prf(ours, reference, seed, out));
    CHECK(!hmac(ours, reference, seed, out));
    CHECK(!extract(ours, reference, none, NULL, out));
    CHECK(!extract(ours, reference, seed, &seed, out)); /* the first key counts, for OpenSSL and for us */
    OSSL_LIB_CTX_free(ours);
}
RUN(a_reference_is_no_key)

int main(int argc, char **argv)
{
    named_begin(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_same_results_for_other_secrets),
        cmocka_unit_test(run_the_text_is_harmless_elsewhere),
        cmocka_unit_test(run_a_name_is_no_key),
        cmocka_unit_test(run_a_reference_is_no_key),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    named_end();
    return failed;
}
