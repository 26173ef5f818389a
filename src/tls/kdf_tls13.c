/* KDF "TLS13-KDF" of the provider: gives each step of the key schedule to whom it belongs, the token
 * (token_kdf13.c) or OpenSSL's own TLS13-KDF.
 *
 * libssl makes a context, calls derive once with all parameters and frees it. Parameters set before are
 * OpenSSL's own business, as long as none of them is ours. */
#include "tls/error_queue.h"
#include "tls/provider.h"
#include "tls/token_kdf13.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <string.h>

struct kdf_ctx {
    EVP_KDF_CTX *forward; /* OpenSSL's own, made when needed */
    const struct omtls_provider *prov;
};

static void *newctx(void *provctx)
{
    struct kdf_ctx *ctx = OPENSSL_zalloc(sizeof *ctx);
    if (ctx != NULL)
        ctx->prov = provctx;
    return ctx;
}

static void freectx(void *vctx)
{
    struct kdf_ctx *ctx = vctx;
    if (ctx == NULL)
        return;
    EVP_KDF_CTX_free(ctx->forward);
    OPENSSL_free(ctx);
}

static void reset(void *vctx)
{
    struct kdf_ctx *ctx = vctx;
    if (ctx->forward != NULL)
        EVP_KDF_CTX_reset(ctx->forward);
}

static EVP_KDF_CTX *forward_ctx(struct kdf_ctx *ctx)
{
    if (ctx->forward == NULL)
        ctx->forward = EVP_KDF_CTX_new(ctx->prov->tls13_kdf);
    return ctx->forward;
}

/* --- parameters --- */

/* Of two that have the same name the first counts, as for OpenSSL's own. */
static void take_octets(const OSSL_PARAM *p, struct se_part *part)
{
    if (p->data_type == OSSL_PARAM_OCTET_STRING && p->data != NULL && part->octets == NULL)
        *part = (struct se_part){p->data, p->data_size};
}

static void take_mode(const OSSL_PARAM *p, struct omtls_kdf13 *kdf)
{
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    if (p->data_type == OSSL_PARAM_UTF8_STRING)
        kdf->extract = p->data != NULL && OPENSSL_strcasecmp(p->data, "EXTRACT_ONLY") == 0;
    else
        kdf->extract = OSSL_PARAM_get_int(p, &mode) == 1 && mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
}

static void read_params(const OSSL_PARAM params[], struct omtls_kdf13 *kdf)
{
    const struct {
        const char *name;
        struct se_part *part;
    } octets[] = {{OSSL_KDF_PARAM_KEY, &kdf->key},
                  {OSSL_KDF_PARAM_SALT, &kdf->salt},
                  {OSSL_KDF_PARAM_PREFIX, &kdf->prefix},
                  {OSSL_KDF_PARAM_LABEL, &kdf->label},
                  {OSSL_KDF_PARAM_DATA, &kdf->data}};
    *kdf = (struct omtls_kdf13){.digest = ""};
    for (const OSSL_PARAM *p = params; p != NULL && p->key != NULL; p++) {
        for (size_t i = 0; i < sizeof octets / sizeof octets[0]; i++)
            if (strcmp(p->key, octets[i].name) == 0)
                take_octets(p, octets[i].part);
        if (strcmp(p->key, OSSL_KDF_PARAM_MODE) == 0) {
            take_mode(p, kdf);
        } else if (strcmp(p->key, OSSL_KDF_PARAM_DIGEST) == 0 && p->data_type == OSSL_PARAM_UTF8_STRING) {
            kdf->digest = p->data;
            kdf->digest_len = p->data_size;
        }
    }
}

static int set_ctx_params(void *vctx, const OSSL_PARAM params[])
{
    struct kdf_ctx *ctx = vctx;
    struct omtls_kdf13 kdf;
    struct om_error err = {.rc = OM_OK};
    if (params == NULL)
        return 1;
    read_params(params, &kdf);
    if (omtls_kdf13_is_ours(&kdf)) {
        omtls_error_raise(om_fail(&err, OM_EDENIED, "a key reference must come with the derivation"), &err);
        return 0;
    }
    return forward_ctx(ctx) != NULL && EVP_KDF_CTX_set_params(ctx->forward, params);
}

static const OSSL_PARAM *settable_ctx_params(void *vctx, void *provctx)
{
    (void)vctx;
    return EVP_KDF_settable_ctx_params(((const struct omtls_provider *)provctx)->tls13_kdf);
}

static int get_ctx_params(void *vctx, OSSL_PARAM params[])
{
    struct kdf_ctx *ctx = vctx;
    return forward_ctx(ctx) != NULL && EVP_KDF_CTX_get_params(ctx->forward, params);
}

static const OSSL_PARAM *gettable_ctx_params(void *vctx, void *provctx)
{
    (void)vctx;
    return EVP_KDF_gettable_ctx_params(((const struct omtls_provider *)provctx)->tls13_kdf);
}

/* --- derive --- */

static int derive_in_token(const struct omtls_kdf13 *kdf, unsigned char *out, size_t n)
{
    struct om_error err = {.rc = OM_OK};
    (void)ERR_set_mark(); /* as in kdf_tls1prf.c */
    om_rc rc = omtls_token_kdf13(kdf, out, n, &err);
    (void)ERR_pop_to_mark();
    if (rc != OM_OK)
        omtls_error_raise(rc, &err);
    return rc == OM_OK;
}

static int derive(void *vctx, unsigned char *out, size_t n, const OSSL_PARAM params[])
{
    struct kdf_ctx *ctx = vctx;
    struct omtls_kdf13 kdf;
    read_params(params, &kdf);
    if (omtls_kdf13_is_ours(&kdf))
        return derive_in_token(&kdf, out, n);
    return forward_ctx(ctx) != NULL && EVP_KDF_derive(ctx->forward, out, n, params);
}

const OSSL_DISPATCH omtls_kdf_tls13[] = {
    {OSSL_FUNC_KDF_NEWCTX, (void (*)(void))newctx},
    {OSSL_FUNC_KDF_FREECTX, (void (*)(void))freectx},
    {OSSL_FUNC_KDF_RESET, (void (*)(void))reset},
    {OSSL_FUNC_KDF_DERIVE, (void (*)(void))derive},
    {OSSL_FUNC_KDF_SETTABLE_CTX_PARAMS, (void (*)(void))settable_ctx_params},
    {OSSL_FUNC_KDF_SET_CTX_PARAMS, (void (*)(void))set_ctx_params},
    {OSSL_FUNC_KDF_GETTABLE_CTX_PARAMS, (void (*)(void))gettable_ctx_params},
    {OSSL_FUNC_KDF_GET_CTX_PARAMS, (void (*)(void))get_ctx_params},
    {0, NULL},
};
