/* Signature "ECDSA" of the provider: SHA-256 here, the signature in the token. It verifies too, in software,
 * because a request or certificate keeps the key that was set as its own. */
#include "tls/error_queue.h"
#include "tls/signing_key.h"
#include "tls/token_prf.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <string.h>

#define MAX_SIZE 72 /* octets, DER */

/* AlgorithmIdentifier ecdsa-with-SHA256 (RFC 5758 section 3.2), for certificates and requests. */
static const uint8_t algorithm_id[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                       0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};

struct signature_ctx {
    const struct omtls_provider *prov;
    struct se_signer *signer;     /* NULL: of a public key */
    uint8_t point[SE_POINT_SIZE]; /* its public key */
    EVP_MD_CTX *hash;             /* of the digest_ functions; or NULL */
};

static void *newctx(void *provctx, const char *propq)
{
    (void)propq;
    struct signature_ctx *ctx = OPENSSL_zalloc(sizeof *ctx);
    if (ctx != NULL)
        ctx->prov = provctx;
    return ctx;
}

static void freectx(void *vctx)
{
    struct signature_ctx *ctx = vctx;
    if (ctx == NULL)
        return;
    se_signer_unref(ctx->signer);
    EVP_MD_CTX_free(ctx->hash);
    OPENSSL_free(ctx);
}

static void *dupctx(void *vctx)
{
    const struct signature_ctx *from = vctx;
    struct signature_ctx *to = newctx((void *)from->prov, NULL);
    if (to == NULL)
        return NULL;
    to->signer = from->signer != NULL ? se_signer_ref(from->signer) : NULL;
    memcpy(to->point, from->point, sizeof to->point);
    if (from->hash == NULL)
        return to;
    to->hash = EVP_MD_CTX_new();
    if (to->hash != NULL && EVP_MD_CTX_copy_ex(to->hash, from->hash) == 1)
        return to;
    freectx(to);
    return NULL;
}

/* --- parameters --- */

static bool is_sha256(const char *name)
{
    return name == NULL || name[0] == '\0' || omtls_digest_is_sha256(name, strlen(name));
}

static int set_ctx_params(void *vctx, const OSSL_PARAM params[])
{
    (void)vctx;
    const OSSL_PARAM *p =
        params != NULL ? OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_DIGEST) : NULL;
    const char *name = NULL;
    return p == NULL || (OSSL_PARAM_get_utf8_string_ptr(p, &name) == 1 && is_sha256(name));
}

static const OSSL_PARAM *settable_ctx_params(void *vctx, void *provctx)
{
    static const OSSL_PARAM known[] = {OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
                                       OSSL_PARAM_END};
    (void)vctx, (void)provctx;
    return known;
}

static int get_ctx_params(void *vctx, OSSL_PARAM params[])
{
    (void)vctx;
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
    if (p != NULL && !OSSL_PARAM_set_octet_string(p, algorithm_id, sizeof algorithm_id))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_DIGEST);
    return p == NULL || OSSL_PARAM_set_utf8_string(p, "SHA256");
}

static const OSSL_PARAM *gettable_ctx_params(void *vctx, void *provctx)
{
    static const OSSL_PARAM known[] = {OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
                                       OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
                                       OSSL_PARAM_END};
    (void)vctx, (void)provctx;
    return known;
}

/* --- signing --- */

/* NULL: the key stays. */
static int set_key(struct signature_ctx *ctx, const struct omtls_signing_key *key)
{
    if (key == NULL)
        return 1;
    if (!key->has_point)
        return 0;
    struct se_signer *old = ctx->signer;
    ctx->signer = key->signer != NULL ? se_signer_ref(key->signer) : NULL;
    memcpy(ctx->point, key->point, sizeof ctx->point);
    se_signer_unref(old);
    return 1;
}

static int sign_init(void *vctx, void *vkey, const OSSL_PARAM params[])
{
    struct signature_ctx *ctx = vctx;
    return set_key(ctx, vkey) && ctx->signer != NULL && set_ctx_params(ctx, params);
}

/* r | s as Ecdsa-Sig-Value (RFC 3279 section 2.2.3). */
static bool encode(const uint8_t raw[SE_SIGNATURE_SIZE], unsigned char *out, size_t *n)
{
    const size_t half = SE_SIGNATURE_SIZE / 2;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, (int)half, NULL), *s = BN_bin2bn(raw + half, (int)half, NULL);
    if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(sig);
        return false;
    }
    int len = i2d_ECDSA_SIG(sig, &out);
    ECDSA_SIG_free(sig);
    if (len <= 0)
        return false;
    *n = (size_t)len;
    return true;
}

static int sign(void *vctx, unsigned char *out, size_t *n, size_t cap, const unsigned char *digest,
                size_t digest_len)
{
    struct signature_ctx *ctx = vctx;
    struct om_error err = {.rc = OM_OK};
    uint8_t raw[SE_SIGNATURE_SIZE];
    if (out == NULL) {
        *n = MAX_SIZE;
        return 1;
    }
    if (ctx->signer == NULL || digest_len != SE_DIGEST_SIZE || cap < MAX_SIZE)
        return 0;
    /* A token that uses libcrypto leaves errors of its own behind, even when it succeeds. */
    (void)ERR_set_mark();
    om_rc rc = se_signer_sign(ctx->signer, digest, raw, &err);
    (void)ERR_pop_to_mark();
    if (rc != OM_OK) {
        omtls_error_raise(rc, &err);
        return 0;
    }
    return encode(raw, out, n);
}

static int start_hash(struct signature_ctx *ctx, const char *mdname)
{
    if (!is_sha256(mdname))
        return 0;
    if (ctx->hash == NULL)
        ctx->hash = EVP_MD_CTX_new();
    return ctx->hash != NULL && EVP_DigestInit_ex2(ctx->hash, ctx->prov->sha256, NULL) == 1;
}

static int digest_sign_init(void *vctx, const char *mdname, void *vkey, const OSSL_PARAM params[])
{
    return sign_init(vctx, vkey, params) && start_hash(vctx, mdname);
}

static int digest_update(void *vctx, const unsigned char *data, size_t n)
{
    struct signature_ctx *ctx = vctx;
    return ctx->hash != NULL && EVP_DigestUpdate(ctx->hash, data, n) == 1;
}

static int digest_sign_final(void *vctx, unsigned char *out, size_t *n, size_t cap)
{
    struct signature_ctx *ctx = vctx;
    uint8_t digest[SE_DIGEST_SIZE];
    if (out == NULL)
        return sign(ctx, NULL, n, 0, NULL, 0);
    return ctx->hash != NULL && EVP_DigestFinal_ex(ctx->hash, digest, NULL) == 1 &&
           sign(ctx, out, n, cap, digest, sizeof digest);
}

/* --- verifying --- */

static int verify_init(void *vctx, void *vkey, const OSSL_PARAM params[])
{
    return set_key(vctx, vkey) && set_ctx_params(vctx, params);
}

static int digest_verify_init(void *vctx, const char *mdname, void *vkey, const OSSL_PARAM params[])
{
    return verify_init(vctx, vkey, params) && start_hash(vctx, mdname);
}

static bool decode(const unsigned char *der, size_t n, uint8_t raw[SE_SIGNATURE_SIZE])
{
    const int half = SE_SIGNATURE_SIZE / 2;
    const unsigned char *at = der;
    ECDSA_SIG *sig = n <= MAX_SIZE ? d2i_ECDSA_SIG(NULL, &at, (long)n) : NULL;
    bool good = sig != NULL && at == der + n && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, half) == half &&
                BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + half, half) == half;
    ECDSA_SIG_free(sig);
    return good;
}

static int verify(void *vctx, const unsigned char *der, size_t n, const unsigned char *digest,
                  size_t digest_len)
{
    const struct signature_ctx *ctx = vctx;
    uint8_t raw[SE_SIGNATURE_SIZE];
    return digest_len == SE_DIGEST_SIZE && decode(der, n, raw) &&
           se_signature_verifies(ctx->point, digest, raw);
}

static int digest_verify_final(void *vctx, const unsigned char *der, size_t n)
{
    struct signature_ctx *ctx = vctx;
    uint8_t digest[SE_DIGEST_SIZE];
    return ctx->hash != NULL && EVP_DigestFinal_ex(ctx->hash, digest, NULL) == 1 &&
           verify(ctx, der, n, digest, sizeof digest);
}

const OSSL_DISPATCH omtls_signature_ecdsa[] = {
    {OSSL_FUNC_SIGNATURE_NEWCTX, (void (*)(void))newctx},
    {OSSL_FUNC_SIGNATURE_FREECTX, (void (*)(void))freectx},
    {OSSL_FUNC_SIGNATURE_DUPCTX, (void (*)(void))dupctx},
    {OSSL_FUNC_SIGNATURE_SIGN_INIT, (void (*)(void))sign_init},
    {OSSL_FUNC_SIGNATURE_SIGN, (void (*)(void))sign},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, (void (*)(void))digest_sign_init},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, (void (*)(void))digest_update},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, (void (*)(void))digest_sign_final},
    {OSSL_FUNC_SIGNATURE_VERIFY_INIT, (void (*)(void))verify_init},
    {OSSL_FUNC_SIGNATURE_VERIFY, (void (*)(void))verify},
    {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, (void (*)(void))digest_verify_init},
    {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, (void (*)(void))digest_update},
    {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, (void (*)(void))digest_verify_final},
    {OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, (void (*)(void))set_ctx_params},
    {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, (void (*)(void))settable_ctx_params},
    {OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, (void (*)(void))get_ctx_params},
    {OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, (void (*)(void))gettable_ctx_params},
    {0, NULL},
};
