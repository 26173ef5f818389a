/* openmaf.so: the provider as a module that OpenSSL loads by its configuration file (openmaf-provider(7)). */
#include "provider/module.h"
#include "tls/error_queue.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

static const OSSL_ALGORITHM *query(void *provctx, int operation, int *no_cache)
{
    (void)provctx;
    *no_cache = 0;
    return wrap_query(operation);
}

static int get_params(void *provctx, OSSL_PARAM params[])
{
    (void)provctx;
    return omtls_provider_params(params, "openmaf: named keys in a token");
}

/* The values of the provider's section. */
static om_rc configure(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, struct om_error *err)
{
    OSSL_FUNC_core_get_params_fn *core_get_params = NULL;
    for (; in->function_id != 0; in++)
        if (in->function_id == OSSL_FUNC_CORE_GET_PARAMS)
            core_get_params = OSSL_FUNC_core_get_params(in);
    char *token = NULL, *pin_source = NULL, *keys = NULL, *plugin_dir = NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_ptr("token", &token, 0),
        OSSL_PARAM_construct_utf8_ptr("pin-source", &pin_source, 0),
        OSSL_PARAM_construct_utf8_ptr("keys", &keys, 0),
        OSSL_PARAM_construct_utf8_ptr("plugin-dir", &plugin_dir, 0),
        OSSL_PARAM_construct_end(),
    };
    if (core_get_params == NULL || !core_get_params(handle, params))
        return om_fail(err, OM_EINTERNAL, "OpenSSL does not tell the provider's section");
    const struct names_config config = {token, pin_source, keys, plugin_dir};
    return names_configure(&config, err);
}

OSSL_provider_init_fn OSSL_provider_init;

__attribute__((visibility("default"))) int OSSL_provider_init(const OSSL_CORE_HANDLE *handle,
                                                              const OSSL_DISPATCH *in,
                                                              const OSSL_DISPATCH **out, void **provctx)
{
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
        {OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (void (*)(void))omtls_provider_gettable_params},
        {OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))get_params},
        {OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))omtls_provider_teardown},
        {0, NULL},
    };
    struct om_error err = {.rc = OM_OK};
    om_rc rc = configure(handle, in, &err);
    if (rc != OM_OK) {
        omtls_error_raise(rc, &err);
        return 0;
    }
    *out = functions;
    *provctx = omtls_provider_new();
    return *provctx != NULL;
}
