/* KDF "TLS1-PRF" of the provider: gives each PRF to whom it belongs, the token (token_prf.c) or OpenSSL's own
 * TLS1-PRF.
 *
 * libssl makes a context, calls derive once with all parameters and frees it, four times in a handshake: the
 * provider keeps the last freed context, wiped, for the next one. Other users may set parameters one after
 * the other and derive more than once, as EVP_KDF-TLS1_PRF(7) allows. */
#include "tls/error_queue.h"
#include "tls/host_prf.h"
#include "tls/prf_state.h"
#include "tls/provider.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <string.h>

struct prf_ctx {
    struct omtls_provider *prov;
    EVP_KDF_CTX *forward; /* OpenSSL's own; made when needed, holds nothing that is not in state */
    EVP_MAC_CTX *mac;     /* made when needed, holds no secret between calls */
    struct omtls_prf_state state;
};

/* --- life cycle --- */

static void *newctx(void *provctx)
{
    struct omtls_provider *prov = provctx;
    struct prf_ctx *ctx = atomic_exchange(&prov->spare, NULL);
    if (ctx != NULL)
        return ctx;
    ctx = OPENSSL_malloc(sizeof *ctx);
    if (ctx == NULL)
        return NULL;
    ctx->prov = prov;
    ctx->forward = NULL;
    ctx->mac = NULL;
    omtls_prf_state_init(&ctx->state);
    return ctx;
}

static void reset(void *vctx)
{
    struct prf_ctx *ctx = vctx;
    omtls_prf_state_clear(&ctx->state);
    EVP_KDF_CTX_free(ctx->forward);
    ctx->forward = NULL;
}

static void destroy(struct prf_ctx *ctx)
{
    EVP_MAC_CTX_free(ctx->mac);
    OPENSSL_free(ctx);
}

static void freectx(void *vctx)
{
    struct prf_ctx *ctx = vctx;
    void *none = NULL;
    if (ctx == NULL)
        return;
    reset(ctx);
    if (!atomic_compare_exchange_strong(&ctx->prov->spare, &none, ctx))
        destroy(ctx);
}

void omtls_kdf_tls1_prf_cleanup(struct omtls_provider *prov)
{
    struct prf_ctx *ctx = atomic_exchange(&prov->spare, NULL);
    if (ctx != NULL)
        destroy(ctx);
}

static void *dupctx(void *vctx)
{
    const struct prf_ctx *from = vctx;
    struct prf_ctx *to = newctx(from->prov);
    if (to != NULL && !omtls_prf_state_copy(&to->state, &from->state)) {
        freectx(to);
        to = NULL;
    }
    return to;
}

static EVP_KDF_CTX *forward_ctx(struct prf_ctx *ctx)
{
    if (ctx->forward == NULL)
        ctx->forward = EVP_KDF_CTX_new(ctx->prov->tls1_prf);
    return ctx->forward;
}

/* --- parameters --- */

/* A digest that OpenSSL's own TLS1-PRF would refuse is refused here too. */
static int set_ctx_params(void *vctx, const OSSL_PARAM params[])
{
    struct prf_ctx *ctx = vctx;
    if (params == NULL)
        return 1;
    if (!omtls_prf_state_set(&ctx->state, params))
        return 0;
    if (OSSL_PARAM_locate_const(params, OSSL_KDF_PARAM_DIGEST) == NULL)
        return 1;
    OSSL_PARAM digest[OMTLS_STATE_PARAMS];
    omtls_prf_state_params(&ctx->state, true, digest);
    return forward_ctx(ctx) != NULL && EVP_KDF_CTX_set_params(ctx->forward, digest);
}

static const OSSL_PARAM *settable_ctx_params(void *vctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_PROPERTIES, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SECRET, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SEED, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)vctx, (void)provctx;
    return known;
}

static int get_ctx_params(void *vctx, OSSL_PARAM params[])
{
    (void)vctx;
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_KDF_PARAM_SIZE);
    return p == NULL ? -2 : OSSL_PARAM_set_size_t(p, SIZE_MAX); /* -2: unknown, as OpenSSL's own says */
}

static const OSSL_PARAM *gettable_ctx_params(void *vctx, void *provctx)
{
    static const OSSL_PARAM known[] = {OSSL_PARAM_size_t(OSSL_KDF_PARAM_SIZE, NULL), OSSL_PARAM_END};
    (void)vctx, (void)provctx;
    return known;
}

/* --- derive --- */

static int derive_in_token(const struct omtls_prf *prf, unsigned char *out, size_t n)
{
    struct om_error err = {.rc = OM_OK};
    /* A token that uses libcrypto leaves errors of its own behind, even when it succeeds. */
    (void)ERR_set_mark();
    om_rc rc = omtls_token_prf(prf, out, n, &err);
    (void)ERR_pop_to_mark();
    if (rc != OM_OK)
        omtls_error_raise(rc, &err);
    return rc == OM_OK;
}

static int forward(struct prf_ctx *ctx, unsigned char *out, size_t n)
{
    if (forward_ctx(ctx) == NULL)
        return 0;
    OSSL_PARAM params[OMTLS_STATE_PARAMS];
    omtls_prf_state_params(&ctx->state, false, params);
    EVP_KDF_CTX_reset(ctx->forward); /* else the seeds of an earlier call would stay in front */
    return EVP_KDF_derive(ctx->forward, out, n, params);
}

static int derive_on_host(struct prf_ctx *ctx, const struct omtls_prf *prf, unsigned char *out, size_t n)
{
    if (ctx->state.has_properties || !omtls_host_prf_fits(prf, n))
        return forward(ctx, out, n);
    if (ctx->mac == NULL)
        ctx->mac = omtls_host_prf_new(ctx->prov->hmac);
    return ctx->mac != NULL && omtls_host_prf(ctx->mac, prf, out, n);
}

static int derive(void *vctx, unsigned char *out, size_t n, const OSSL_PARAM params[])
{
    struct prf_ctx *ctx = vctx;
    struct omtls_prf prf;
    /* libssl's way. Nothing of it is kept. */
    if (!ctx->state.any && omtls_prf_from_params(params, &prf) && omtls_prf_owner(&prf) == OMTLS_PRF_TOKEN)
        return derive_in_token(&prf, out, n);
    if (!omtls_prf_state_set(&ctx->state, params))
        return 0;
    omtls_prf_from_state(&ctx->state, &prf);
    return omtls_prf_owner(&prf) == OMTLS_PRF_TOKEN ? derive_in_token(&prf, out, n)
                                                    : derive_on_host(ctx, &prf, out, n);
}

const OSSL_DISPATCH omtls_kdf_tls1_prf[] = {
    {OSSL_FUNC_KDF_NEWCTX, (void (*)(void))newctx},
    {OSSL_FUNC_KDF_DUPCTX, (void (*)(void))dupctx},
    {OSSL_FUNC_KDF_FREECTX, (void (*)(void))freectx},
    {OSSL_FUNC_KDF_RESET, (void (*)(void))reset},
    {OSSL_FUNC_KDF_DERIVE, (void (*)(void))derive},
    {OSSL_FUNC_KDF_SETTABLE_CTX_PARAMS, (void (*)(void))settable_ctx_params},
    {OSSL_FUNC_KDF_SET_CTX_PARAMS, (void (*)(void))set_ctx_params},
    {OSSL_FUNC_KDF_GETTABLE_CTX_PARAMS, (void (*)(void))gettable_ctx_params},
    {OSSL_FUNC_KDF_GET_CTX_PARAMS, (void (*)(void))get_ctx_params},
    {0, NULL},
};
