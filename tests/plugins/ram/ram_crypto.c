/* RAM plug-in: the arithmetic. See ram.h. */
#include "ram.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

/* A wrapped key: padded to 8 octets, and one block of 8 in front. */
#define WRAPPED_MAX (SE_KEY_MAX + 8)

static om_rc openssl_fail(struct om_error *err, om_rc rc, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(code);
    ERR_clear_error();
    return om_fail(err, rc, "%s: %s", what, reason != NULL ? reason : "failed");
}

om_rc ram_crypto_open(struct se_token *tok, struct om_error *err)
{
    tok->libctx = OSSL_LIB_CTX_new();
    if (tok->libctx != NULL) {
        tok->hmac = EVP_MAC_fetch(tok->libctx, "HMAC", NULL);
        tok->wrap = EVP_CIPHER_fetch(tok->libctx, "AES-256-WRAP-PAD", NULL);
        tok->prf = EVP_KDF_fetch(tok->libctx, "TLS1-PRF", NULL);
    }
    if (tok->hmac == NULL || tok->wrap == NULL || tok->prf == NULL)
        return openssl_fail(err, OM_EINTERNAL, "OpenSSL lacks what the RAM token needs");
    return OM_OK;
}

void ram_crypto_close(struct se_token *tok)
{
    EVP_MAC_free(tok->hmac);
    EVP_CIPHER_free(tok->wrap);
    EVP_KDF_free(tok->prf);
    OSSL_LIB_CTX_free(tok->libctx);
}

om_rc ram_random(struct se_token *tok, uint8_t *out, size_t n, struct om_error *err)
{
    if (RAND_priv_bytes_ex(tok->libctx, out, n, 0) != 1)
        return openssl_fail(err, OM_EINTERNAL, "random");
    return OM_OK;
}

om_rc ram_hmac(struct se_token *tok, const uint8_t *key, size_t key_len, const struct se_part *parts,
               size_t n_parts, uint8_t out[SE_MAC_SIZE], struct om_error *err)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(tok->hmac);
    bool good = ctx != NULL && EVP_MAC_init(ctx, key, key_len, params) == 1;
    for (size_t i = 0; good && i < n_parts; i++)
        good = EVP_MAC_update(ctx, parts[i].octets, parts[i].len) == 1;
    size_t n = 0;
    good = good && EVP_MAC_final(ctx, out, &n, SE_MAC_SIZE) == 1 && n == SE_MAC_SIZE;
    EVP_MAC_CTX_free(ctx);
    return good ? OM_OK : openssl_fail(err, OM_EINTERNAL, "HMAC");
}

om_rc ram_hash(const struct se_part *parts, size_t n_parts, uint8_t out[SE_MAC_SIZE], struct om_error *err)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; good && i < n_parts; i++)
        good = EVP_DigestUpdate(ctx, parts[i].octets, parts[i].len) == 1;
    good = good && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return good ? OM_OK : openssl_fail(err, OM_EINTERNAL, "SHA-256");
}

om_rc ram_prf(struct se_token *tok, const struct ram_key *key, const struct se_part *parts, size_t n_parts,
              uint8_t *out, size_t n, struct om_error *err)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[SE_PARTS_MAX + 3];
    size_t at = 0;
    params[at++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
    params[at++] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)key->octets, key->len);
    for (size_t i = 0; i < n_parts && i < SE_PARTS_MAX; i++)
        if (parts[i].len > 0)
            params[at++] =
                OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)parts[i].octets, parts[i].len);
    params[at] = OSSL_PARAM_construct_end();
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(tok->prf);
    bool good = ctx != NULL && EVP_KDF_derive(ctx, out, n, params) == 1;
    EVP_KDF_CTX_free(ctx);
    return good ? OM_OK : openssl_fail(err, OM_EINTERNAL, "TLS1-PRF");
}

/* One pass of the wrapping cipher. */
static bool cipher_pass(struct se_token *tok, enum se_root root, bool encrypt, const uint8_t *in,
                        size_t in_len, uint8_t *out, int *out_len)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool good = ctx != NULL &&
                EVP_CipherInit_ex2(ctx, tok->wrap, tok->roots[root - 1], NULL, encrypt ? 1 : 0, NULL) == 1 &&
                EVP_CipherUpdate(ctx, out, out_len, in, (int)in_len) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return good;
}

om_rc ram_wrap(struct se_token *tok, enum se_root root, const uint8_t *octets, size_t len, uint8_t *out,
               size_t *n, struct om_error *err)
{
    int made = 0;
    if (*n < WRAPPED_MAX)
        return om_fail(err, OM_EINTERNAL, "no room for a wrapped key");
    if (!cipher_pass(tok, root, true, octets, len, out, &made))
        return openssl_fail(err, OM_EINTERNAL, "key wrap");
    *n = (size_t)made;
    return OM_OK;
}

om_rc ram_unwrap(struct se_token *tok, enum se_root root, const uint8_t *blob, size_t blob_len, uint8_t *out,
                 size_t len, struct om_error *err)
{
    uint8_t plain[WRAPPED_MAX];
    int made = 0;
    om_rc rc = OM_OK;
    if (blob_len > WRAPPED_MAX)
        return om_fail(err, OM_EINTEGRITY, "%zu octets are no wrapped key", blob_len);
    if (!cipher_pass(tok, root, false, blob, blob_len, plain, &made))
        rc = openssl_fail(err, OM_EINTEGRITY, "a wrapped key does not unwrap");
    else if ((size_t)made != len)
        rc = om_fail(err, OM_EINTEGRITY, "a wrapped key has another length than its header says");
    else
        memcpy(out, plain, len);
    om_wipe(plain, sizeof plain);
    return rc;
}
