/* Every operation once: see work.h. */
#include "work.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#define LONG 3000 /* octets: three commands of a sequence */

const uint8_t work_octets[48] = "forty-eight octets that must never be in clear!";
const struct se_part work_message = {"a message", 9};
static uint8_t long_text[LONG];
const struct se_part work_long = {long_text, LONG};

const char *const operation_names[N_OPERATIONS] = {
    [OP_RANDOM] = "random",       [OP_MINT] = "mint", [OP_GENERATE] = "generate",
    [OP_WRAP] = "wrap",           [OP_SEAL] = "seal", [OP_LOAD] = "load",
    [OP_UNSEAL] = "unseal",       [OP_HMAC] = "hmac", [OP_ROW] = "row",
    [OP_HMAC_LONG] = "hmac-long", [OP_PRF] = "prf",   [OP_HEALTH] = "health",
    [OP_DESCRIBE] = "describe",
};

static void reference_prf(uint8_t *out, size_t n)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)work_octets, sizeof work_octets),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)work_message.octets, work_message.len),
        OSSL_PARAM_construct_end()};
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    assert_int_equal(EVP_KDF_derive(ctx, out, n, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static void hmac_is_right(const uint8_t got[SE_MAC_SIZE], const uint8_t *key, size_t key_len,
                          const struct se_part *message)
{
    uint8_t want[SE_MAC_SIZE];
    unsigned len = 0;
    assert_non_null(HMAC(EVP_sha256(), key, (int)key_len, message->octets, message->len, want, &len));
    assert_memory_equal(got, want, SE_MAC_SIZE);
}

void work_begin(struct work *w, const char *attributes)
{
    fill(long_text, sizeof long_text, 7);
    memset(w, 0, sizeof *w);
    w->wrapped_len = w->sealed_len = SE_BLOB_MAX;
    w->tok = fixture_open_provisioned(attributes);
    SUCCEEDS(plugin->wrap_octets(w->tok, SE_ROOT_WRAP, work_octets, sizeof work_octets, w->wrapped,
                                 &w->wrapped_len, ERR));
    SUCCEEDS(plugin->wrap_octets(w->tok, SE_ROOT_SEAL, work_octets, sizeof work_octets, w->sealed,
                                 &w->sealed_len, ERR));
    SUCCEEDS(plugin->key_load(w->tok, w->wrapped, w->wrapped_len, sizeof work_octets, &w->key, ERR));
    SUCCEEDS(plugin->row_mac(w->tok, &work_message, 1, w->row, ERR));
}

void work_end(struct work *w)
{
    plugin->key_free(w->tok, w->key);
    plugin->close(w->tok);
}

static om_rc mint(struct work *w)
{
    se_handle key = 0;
    OM_TRY(plugin->key_mint(w->tok, work_octets, sizeof work_octets, &key, ERR));
    plugin->key_free(w->tok, key);
    return OM_OK;
}

static om_rc generate(struct work *w)
{
    se_handle key = 0;
    OM_TRY(plugin->key_generate(w->tok, 32, &key, ERR));
    plugin->key_free(w->tok, key);
    return OM_OK;
}

static om_rc wrap(struct work *w, enum se_root root)
{
    uint8_t blob[SE_BLOB_MAX];
    size_t n = sizeof blob;
    return plugin->wrap_octets(w->tok, root, work_octets, sizeof work_octets, blob, &n, ERR);
}

static om_rc load(struct work *w)
{
    se_handle key = 0;
    uint8_t mac[SE_MAC_SIZE];
    OM_TRY(plugin->key_load(w->tok, w->wrapped, w->wrapped_len, sizeof work_octets, &key, ERR));
    om_rc rc = plugin->hmac(w->tok, key, &work_message, 1, mac, ERR);
    if (rc == OM_OK)
        hmac_is_right(mac, work_octets, sizeof work_octets, &work_message);
    plugin->key_free(w->tok, key);
    return rc;
}

static om_rc unseal(struct work *w)
{
    uint8_t out[sizeof work_octets];
    OM_TRY(plugin->unseal(w->tok, w->sealed, w->sealed_len, out, sizeof out, ERR));
    assert_memory_equal(out, work_octets, sizeof out);
    return OM_OK;
}

static om_rc hmac(struct work *w, const struct se_part *message)
{
    uint8_t mac[SE_MAC_SIZE];
    OM_TRY(plugin->hmac(w->tok, w->key, message, 1, mac, ERR));
    hmac_is_right(mac, work_octets, sizeof work_octets, message);
    return OM_OK;
}

static om_rc row(struct work *w)
{
    uint8_t mac[SE_MAC_SIZE];
    OM_TRY(plugin->row_mac(w->tok, &work_message, 1, mac, ERR));
    assert_memory_equal(mac, w->row, sizeof mac);
    return OM_OK;
}

static om_rc prf(struct work *w)
{
    uint8_t got[48], want[48];
    OM_TRY(plugin->prf(w->tok, w->key, &work_message, 1, got, sizeof got, ERR));
    reference_prf(want, sizeof want);
    assert_memory_equal(got, want, sizeof got);
    return OM_OK;
}

om_rc work_do(struct work *w, enum operation op)
{
    uint8_t octets[100];
    struct se_description d;
    switch (op) {
    case OP_RANDOM:
        return plugin->random(w->tok, octets, sizeof octets, ERR);
    case OP_MINT:
        return mint(w);
    case OP_GENERATE:
        return generate(w);
    case OP_WRAP:
        return wrap(w, SE_ROOT_WRAP);
    case OP_SEAL:
        return wrap(w, SE_ROOT_SEAL);
    case OP_LOAD:
        return load(w);
    case OP_UNSEAL:
        return unseal(w);
    case OP_HMAC:
        return hmac(w, &work_message);
    case OP_HMAC_LONG:
        return hmac(w, &work_long);
    case OP_ROW:
        return row(w);
    case OP_PRF:
        return prf(w);
    case OP_HEALTH:
        return plugin->health(w->tok, ERR);
    default:
        return plugin->describe(w->tok, &d, ERR);
    }
}
