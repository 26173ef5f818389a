/* See fixture.h. */
#include "fixture.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

struct test_token *fixture_token;
struct se *fixture_se;
struct om_error fixture_err;

static const char *kind;

void fixture_kind(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s softhsm|softokn|swtpm|swtpm-plain|tabrmd|ram|ram-derive\n", argv[0]);
        exit(2);
    }
    kind = argv[1];
}

struct test_token *fixture_new_token(void)
{
    if (strcmp(kind, "ram-derive") != 0)
        return test_token_new(kind);
    struct test_token *token = test_token_new("ram");
    (void)strncat(token->uri, "&derive=1", sizeof token->uri - strlen(token->uri) - 1);
    return token;
}

struct se *fixture_open(void)
{
    struct se *se = NULL;
    const char *pin_source = fixture_token->pin_source[0] != '\0' ? fixture_token->pin_source : NULL;
    SUCCEEDS(se_open(fixture_token->uri, pin_source, test_plugin_dir(), &se, ERR));
    assert_non_null(se);
    return se;
}

int fixture_setup(void **state)
{
    (void)state;
    fixture_token = fixture_new_token();
    fixture_se = fixture_open();
    SUCCEEDS(se_provision(fixture_se, ERR));
    return 0;
}

int fixture_teardown(void **state)
{
    (void)state;
    se_close(fixture_se);
    fixture_se = NULL;
    test_token_free(fixture_token);
    fixture_token = NULL;
    return 0;
}

void fixture_expect(om_rc want, om_rc got, const char *expr, const char *file, int line)
{
    if (want == got)
        return;
    print_error("%s:%d: %s\n  answered \"%s\" instead of \"%s\": %s\n", file, line, expr, om_rc_name(got),
                om_rc_name(want), om_error_text(&fixture_err, got));
    _fail(file, line);
}

void reference_hmac(const void *key, size_t key_len, const void *data, size_t n, uint8_t out[SE_MAC_SIZE])
{
    unsigned len = 0;
    assert_non_null(HMAC(EVP_sha256(), key, (int)key_len, data, n, out, &len));
    assert_int_equal(len, SE_MAC_SIZE);
}

void reference_prf(const void *key, size_t key_len, const void *seed, size_t seed_len, uint8_t *out, size_t n)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)key, key_len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)seed, seed_len),
        OSSL_PARAM_construct_end()};
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    assert_int_equal(EVP_KDF_derive(ctx, out, n, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

void fixture_key_is(struct se_key *key, const void *octets, size_t n, const char *file, int line)
{
    static const char text[] = "the same key gives the same code";
    const struct se_part part = {text, sizeof text - 1};
    uint8_t got[SE_MAC_SIZE];
    uint8_t want[SE_MAC_SIZE];
    fixture_expect(OM_OK, se_hmac(key, &part, 1, got, ERR), "se_hmac", file, line);
    reference_hmac(octets, n, text, sizeof text - 1, want);
    _assert_memory_equal(got, want, sizeof want, file, line);
}

void fill(uint8_t *out, size_t n, unsigned start)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(start + i);
}
