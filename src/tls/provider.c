/* Provider "maf": offers TLS1-PRF to libssl, for contexts with TLS 1.3 also TLS13-KDF and HMAC, and forwards
 * what is not ours to OpenSSL's own. The latter two have another property, so that contexts without TLS 1.3
 * need not go through us for each record's HMAC. */
#include "tls/provider.h"
#include "tls/signing_key.h"
#include "tls/tls.h"

#include <openssl/core_names.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <string.h>

#define PROPERTY_DEFINITION   "provider=" OMTLS_PROVIDER_NAME
#define PROPERTY_DEFINITION13 "openmaf.tls13=yes" /* names of our own have a dot */

/* --- what OpenSSL calls --- */

static const OSSL_ALGORITHM kdfs[] = {
    {"TLS1-PRF", PROPERTY_DEFINITION, omtls_kdf_tls1_prf, "TLS 1.2 PRF with the key in a token"},
    {"TLS13-KDF", PROPERTY_DEFINITION13, omtls_kdf_tls13, "TLS 1.3 key schedule with the key in a token"},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM macs[] = {
    {"HMAC", PROPERTY_DEFINITION13, omtls_mac_hmac, "HMAC with the key in a token"},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM keymgmts[] = {
    {"EC:id-ecPublicKey:1.2.840.10045.2.1", OMTLS_SIGNING_PROPERTY, omtls_keymgmt_ec,
     "P-256 keys in a token"},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM signatures[] = {
    {"ECDSA", OMTLS_SIGNING_PROPERTY, omtls_signature_ecdsa, "ECDSA with a key in a token"},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM *query(void *provctx, int operation, int *no_cache)
{
    (void)provctx;
    *no_cache = 0;
    switch (operation) {
    case OSSL_OP_KDF:
        return kdfs;
    case OSSL_OP_MAC:
        return macs;
    case OSSL_OP_KEYMGMT:
        return keymgmts;
    case OSSL_OP_SIGNATURE:
        return signatures;
    default:
        return NULL;
    }
}

const OSSL_PARAM *omtls_provider_gettable_params(void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_DEFN(OSSL_PROV_PARAM_NAME, OSSL_PARAM_UTF8_PTR, NULL, 0),
        OSSL_PARAM_DEFN(OSSL_PROV_PARAM_VERSION, OSSL_PARAM_UTF8_PTR, NULL, 0),
        OSSL_PARAM_DEFN(OSSL_PROV_PARAM_STATUS, OSSL_PARAM_INTEGER, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return known;
}

int omtls_provider_params(OSSL_PARAM params[], const char *name)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_NAME);
    if (p != NULL && !OSSL_PARAM_set_utf8_ptr(p, name))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_VERSION);
    if (p != NULL && !OSSL_PARAM_set_utf8_ptr(p, OPENMAF_VERSION))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
    return p == NULL || OSSL_PARAM_set_int(p, 1);
}

static int get_params(void *provctx, OSSL_PARAM params[])
{
    (void)provctx;
    return omtls_provider_params(params, "openmaf: keys in a token");
}

void omtls_provider_free(struct omtls_provider *prov)
{
    omtls_kdf_tls1_prf_cleanup(prov);
    EVP_KDF_free(prov->tls1_prf);
    EVP_KDF_free(prov->tls13_kdf);
    EVP_MAC_free(prov->hmac);
    EVP_MD_free(prov->sha256);
    if (prov->software != NULL)
        (void)OSSL_PROVIDER_unload(prov->software);
    OSSL_LIB_CTX_free(prov->private_libctx);
    OPENSSL_free(prov);
}

void omtls_provider_teardown(void *provctx)
{
    omtls_provider_free(provctx);
}

static const OSSL_DISPATCH provider_functions[] = {
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
    {OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (void (*)(void))omtls_provider_gettable_params},
    {OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))get_params},
    {OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))omtls_provider_teardown},
    {0, NULL},
};

struct omtls_provider *omtls_provider_new(void)
{
    struct omtls_provider *prov = OPENSSL_zalloc(sizeof *prov);
    if (prov == NULL)
        return NULL;
    prov->private_libctx = OSSL_LIB_CTX_new();
    if (prov->private_libctx != NULL)
        prov->software = OSSL_PROVIDER_load(prov->private_libctx, "default");
    if (prov->software != NULL) {
        prov->tls1_prf = EVP_KDF_fetch(prov->private_libctx, "TLS1-PRF", NULL);
        prov->tls13_kdf = EVP_KDF_fetch(prov->private_libctx, "TLS13-KDF", NULL);
        prov->hmac = EVP_MAC_fetch(prov->private_libctx, "HMAC", NULL);
        prov->sha256 = EVP_MD_fetch(prov->private_libctx, "SHA256", NULL);
    }
    if (prov->tls1_prf != NULL && prov->tls13_kdf != NULL && prov->hmac != NULL && prov->sha256 != NULL)
        return prov;
    omtls_provider_free(prov);
    return NULL;
}

static int provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                         void **provctx)
{
    (void)handle, (void)in;
    *out = provider_functions;
    *provctx = omtls_provider_new();
    return *provctx != NULL;
}

/* --- loading --- */

/* Without this a key reference would be hashed as if it were a key: the handshake would only fail, but late
 * and without a reason. */
static om_rc check_selected(OSSL_LIB_CTX *libctx, struct om_error *err)
{
    EVP_KDF *kdf = EVP_KDF_fetch(libctx, "TLS1-PRF", libctx == NULL ? NULL : OMTLS_PROPQ);
    bool ours =
        kdf != NULL && strcmp(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)), OMTLS_PROVIDER_NAME) == 0;
    EVP_KDF_free(kdf);
    if (!ours)
        return om_fail(err, OM_EINTERNAL,
                       "OpenSSL does not select provider maf for TLS1-PRF; is openssl.cnf in FIPS mode?");
    return OM_OK;
}

static bool is_ours(const OSSL_PROVIDER *provider)
{
    return provider != NULL && strcmp(OSSL_PROVIDER_get0_name(provider), OMTLS_PROVIDER_NAME) == 0;
}

om_rc omtls_provider_check13(OSSL_LIB_CTX *libctx, struct om_error *err)
{
    EVP_KDF *kdf = EVP_KDF_fetch(libctx, "TLS13-KDF", OMTLS_PROPQ13);
    EVP_MAC *mac = EVP_MAC_fetch(libctx, "HMAC", OMTLS_PROPQ13);
    bool ours = kdf != NULL && mac != NULL && is_ours(EVP_KDF_get0_provider(kdf)) &&
                is_ours(EVP_MAC_get0_provider(mac));
    EVP_KDF_free(kdf);
    EVP_MAC_free(mac);
    return ours ? OM_OK : om_fail(err, OM_EINTERNAL, "OpenSSL does not select provider maf for TLS 1.3");
}

/* Those of the default context stay until the process ends: named here, so that they do not look lost. */
static OSSL_PROVIDER *volatile process_providers[2];

static om_rc load_locked(OSSL_LIB_CTX *libctx, struct om_error *err)
{
    if (OSSL_PROVIDER_available(libctx, OMTLS_PROVIDER_NAME))
        return check_selected(libctx, err);
    /* Loading any provider switches the implicit "default" off, so it is named too. */
    OSSL_PROVIDER *software = OSSL_PROVIDER_load(libctx, "default");
    if (software == NULL)
        return om_fail(err, OM_EINTERNAL, "cannot load OpenSSL's provider default");
    OSSL_PROVIDER *maf = NULL;
    if (OSSL_PROVIDER_add_builtin(libctx, OMTLS_PROVIDER_NAME, provider_init) == 1)
        maf = OSSL_PROVIDER_load(libctx, OMTLS_PROVIDER_NAME);
    if (maf == NULL) {
        (void)OSSL_PROVIDER_unload(software);
        return om_fail(err, OM_EINTERNAL, "cannot load the OpenSSL provider maf");
    }
    if (libctx == NULL) {
        process_providers[0] = software;
        process_providers[1] = maf;
    }
    if (libctx == NULL && EVP_set_default_properties(NULL, OMTLS_PROPQ) != 1)
        return om_fail(err, OM_EINTERNAL, "cannot select the OpenSSL provider maf");
    return check_selected(libctx, err);
}

om_rc omtls_provider_load(OSSL_LIB_CTX *libctx, struct om_error *err)
{
    static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
    if (EVP_default_properties_is_fips_enabled(libctx))
        return om_fail(err, OM_ECONFIG,
                       "OpenSSL is set to FIPS algorithms only, which shuts provider maf out");
    (void)pthread_mutex_lock(&loading);
    om_rc rc = load_locked(libctx == OSSL_LIB_CTX_get0_global_default() ? NULL : libctx, err);
    (void)pthread_mutex_unlock(&loading);
    return rc;
}

/* --- unloading --- */

#define PROVIDERS_MAX 8

struct loaded {
    size_t n;
    OSSL_PROVIDER *providers[PROVIDERS_MAX];
};

static int collect(OSSL_PROVIDER *provider, void *arg)
{
    struct loaded *l = arg;
    const char *name = OSSL_PROVIDER_get0_name(provider);
    if (l->n < PROVIDERS_MAX && (strcmp(name, OMTLS_PROVIDER_NAME) == 0 || strcmp(name, "default") == 0))
        l->providers[l->n++] = provider;
    return 1;
}

void omtls_libctx_free(OSSL_LIB_CTX *libctx)
{
    struct loaded l = {0};
    if (libctx == NULL)
        return;
    /* Providers that OpenSSL took by itself, as where ours was not loaded, are its own to unload. */
    if (OSSL_PROVIDER_available(libctx, "maf") == 1)
        (void)OSSL_PROVIDER_do_all(libctx, collect, &l);
    while (l.n > 0)
        (void)OSSL_PROVIDER_unload(l.providers[--l.n]);
    OSSL_LIB_CTX_free(libctx);
}
