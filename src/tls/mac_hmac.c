/* MAC "HMAC" of the provider: the binder of TLS 1.3 where its key is a reference, OpenSSL's own HMAC for
 * everything else. */
#include "tls/error_queue.h"
#include "tls/provider.h"
#include "tls/token_kdf13.h"
#include "tls/token_prf.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <string.h>

#define BLOCK 64 /* of SHA-256 */

struct mac_ctx {
    EVP_MAC_CTX *forward; /* OpenSSL's own */
    const struct omtls_provider *prov;
    bool sha256;    /* the digest that was set */
    bool reference; /* the key is one: `ref` */
    struct omtls_reference ref;
    size_t len; /* octets of the message so far, more than fit when too long */
    uint8_t message[SE_MAC_SIZE];
};

static void freectx(void *vctx)
{
    struct mac_ctx *ctx = vctx;
    if (ctx == NULL)
        return;
    EVP_MAC_CTX_free(ctx->forward);
    OPENSSL_clear_free(ctx, sizeof *ctx);
}

static void *newctx(void *provctx)
{
    struct mac_ctx *ctx = OPENSSL_zalloc(sizeof *ctx);
    if (ctx == NULL)
        return NULL;
    ctx->prov = provctx;
    ctx->forward = EVP_MAC_CTX_new(ctx->prov->hmac);
    if (ctx->forward == NULL) {
        freectx(ctx);
        return NULL;
    }
    return ctx;
}

static void *dupctx(void *vctx)
{
    const struct mac_ctx *from = vctx;
    struct mac_ctx *to = OPENSSL_memdup(from, sizeof *from);
    if (to == NULL)
        return NULL;
    to->forward = EVP_MAC_CTX_dup(from->forward);
    if (to->forward == NULL) {
        freectx(to);
        return NULL;
    }
    return to;
}

/* --- key and parameters --- */

static int refuse(om_rc rc, const char *why)
{
    struct om_error err = {.rc = OM_OK};
    omtls_error_raise(om_fail(&err, rc, "%s", why), &err);
    return 0;
}

/* 1: the key is a reference and kept; 0: it is not; -1: it must not be used. */
static int take_key(struct mac_ctx *ctx, const uint8_t *key, size_t n)
{
    ctx->reference = false;
    switch (omtls_recognise13(key, n, &ctx->ref)) {
    case OMTLS_SECRET_FOREIGN:
        return 0;
    case OMTLS_SECRET_TLS13:
        if (ctx->ref.type == OMTLS_REFERENCE_FINISHED) {
            ctx->reference = true;
            return 1;
        }
        /* fallthrough */
    default:
        (void)refuse(OM_EINTEGRITY, "this key reference is no HMAC key");
        return -1;
    }
}

static int set_ctx_params(void *vctx, const OSSL_PARAM params[])
{
    struct mac_ctx *ctx = vctx;
    if (params == NULL)
        return 1;
    const OSSL_PARAM *digest = OSSL_PARAM_locate_const(params, OSSL_MAC_PARAM_DIGEST);
    const OSSL_PARAM *key = OSSL_PARAM_locate_const(params, OSSL_MAC_PARAM_KEY);
    if (digest != NULL && digest->data_type == OSSL_PARAM_UTF8_STRING)
        ctx->sha256 = omtls_digest_is_sha256(digest->data, digest->data_size);
    struct omtls_reference ref;
    if (key != NULL && key->data_type == OSSL_PARAM_OCTET_STRING &&
        omtls_recognise13(key->data, key->data_size, &ref) != OMTLS_SECRET_FOREIGN)
        return refuse(OM_EDENIED, "a key reference is given when the HMAC begins");
    return EVP_MAC_CTX_set_params(ctx->forward, params);
}

static const OSSL_PARAM *settable_ctx_params(void *vctx, void *provctx)
{
    (void)vctx;
    return EVP_MAC_settable_ctx_params(((const struct omtls_provider *)provctx)->hmac);
}

static int get_ctx_params(void *vctx, OSSL_PARAM params[])
{
    struct mac_ctx *ctx = vctx;
    if (!ctx->reference)
        return EVP_MAC_CTX_get_params(ctx->forward, params);
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_MAC_PARAM_SIZE);
    if (p != NULL && !OSSL_PARAM_set_size_t(p, SE_MAC_SIZE))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_MAC_PARAM_BLOCK_SIZE);
    return p == NULL || OSSL_PARAM_set_size_t(p, BLOCK);
}

static const OSSL_PARAM *gettable_ctx_params(void *vctx, void *provctx)
{
    (void)vctx;
    return EVP_MAC_gettable_ctx_params(((const struct omtls_provider *)provctx)->hmac);
}

/* --- the computation --- */

static int init(void *vctx, const unsigned char *key, size_t n, const OSSL_PARAM params[])
{
    struct mac_ctx *ctx = vctx;
    ctx->len = 0;
    if (!set_ctx_params(ctx, params))
        return 0;
    int taken = key != NULL ? take_key(ctx, key, n) : ctx->reference ? 1 : 0; /* no key: the last one again */
    if (taken != 0)
        return taken > 0;
    return EVP_MAC_init(ctx->forward, key, n, NULL);
}

static int update(void *vctx, const unsigned char *octets, size_t n)
{
    struct mac_ctx *ctx = vctx;
    if (!ctx->reference)
        return EVP_MAC_update(ctx->forward, octets, n);
    if (n > sizeof ctx->message - ctx->len)
        return refuse(OM_EDENIED, "a binder is made of a transcript hash");
    if (n > 0)
        memcpy(ctx->message + ctx->len, octets, n);
    ctx->len += n;
    return 1;
}

static int final_in_token(struct mac_ctx *ctx, unsigned char *out, size_t *n, size_t cap)
{
    struct om_error err = {.rc = OM_OK};
    *n = SE_MAC_SIZE;
    if (out == NULL)
        return 1;
    if (cap < SE_MAC_SIZE || !ctx->sha256)
        return refuse(OM_EUNSUPPORTED, "only HMAC-SHA-256 is computed in the token");
    (void)ERR_set_mark(); /* as in kdf_tls1prf.c */
    om_rc rc = omtls_token_binder(&ctx->ref, ctx->message, ctx->len, out, &err);
    (void)ERR_pop_to_mark();
    if (rc != OM_OK)
        omtls_error_raise(rc, &err);
    return rc == OM_OK;
}

bool omtls_mac_hmac_is_ours(const void *vctx)
{
    return ((const struct mac_ctx *)vctx)->reference;
}

static int final(void *vctx, unsigned char *out, size_t *n, size_t cap)
{
    struct mac_ctx *ctx = vctx;
    return ctx->reference ? final_in_token(ctx, out, n, cap) : EVP_MAC_final(ctx->forward, out, n, cap);
}

const OSSL_DISPATCH omtls_mac_hmac[] = {
    {OSSL_FUNC_MAC_NEWCTX, (void (*)(void))newctx},
    {OSSL_FUNC_MAC_DUPCTX, (void (*)(void))dupctx},
    {OSSL_FUNC_MAC_FREECTX, (void (*)(void))freectx},
    {OSSL_FUNC_MAC_INIT, (void (*)(void))init},
    {OSSL_FUNC_MAC_UPDATE, (void (*)(void))update},
    {OSSL_FUNC_MAC_FINAL, (void (*)(void)) final},
    {OSSL_FUNC_MAC_SETTABLE_CTX_PARAMS, (void (*)(void))settable_ctx_params},
    {OSSL_FUNC_MAC_SET_CTX_PARAMS, (void (*)(void))set_ctx_params},
    {OSSL_FUNC_MAC_GETTABLE_CTX_PARAMS, (void (*)(void))gettable_ctx_params},
    {OSSL_FUNC_MAC_GET_CTX_PARAMS, (void (*)(void))get_ctx_params},
    {0, NULL},
};
