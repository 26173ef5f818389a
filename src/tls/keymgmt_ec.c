/* Key management "EC" of the provider: P-256 keys whose private half is in a token. Such a key is made by
 * omtls_signing_key only, and its private half cannot be exported, which is how OpenSSL finds out that it has
 * to sign with this provider. */
#include "tls/error_queue.h"
#include "tls/signing_key.h"
#include "tls/tls.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <string.h>

#define GROUP         "prime256v1"
#define BITS          256
#define SECURITY_BITS 128
#define MAX_SIZE      72 /* of a signature, DER */

/* Handed to the import that omtls_signing_key is waiting for; never through parameters, which anybody can
 * make. */
static _Thread_local struct se_signer *handed_over;

/* --- life cycle --- */

static void *new_key(void *provctx)
{
    struct omtls_signing_key *key = OPENSSL_zalloc(sizeof *key);
    if (key != NULL)
        key->prov = provctx;
    return key;
}

static void free_key(void *vkey)
{
    struct omtls_signing_key *key = vkey;
    if (key == NULL)
        return;
    se_signer_unref(key->signer);
    OPENSSL_free(key);
}

/* --- questions --- */

static int has(const void *vkey, int selection)
{
    const struct omtls_signing_key *key = vkey;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && key->signer == NULL)
        return 0;
    return key->has_point;
}

static int match(const void *va, const void *vb, int selection)
{
    const struct omtls_signing_key *a = va, *b = vb;
    (void)selection; /* the curve is always the same, and the private half follows from the public one */
    return a->has_point && b->has_point && memcmp(a->point, b->point, sizeof a->point) == 0;
}

static int set_text(OSSL_PARAM params[], const char *name, const char *value)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    return p == NULL || OSSL_PARAM_set_utf8_string(p, value);
}

static int set_number(OSSL_PARAM params[], const char *name, int value)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    return p == NULL || OSSL_PARAM_set_int(p, value);
}

static int set_point(OSSL_PARAM params[], const char *name, const struct omtls_signing_key *key)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    return p == NULL || OSSL_PARAM_set_octet_string(p, key->point, sizeof key->point);
}

static int get_params(void *vkey, OSSL_PARAM params[])
{
    const struct omtls_signing_key *key = vkey;
    return set_number(params, OSSL_PKEY_PARAM_BITS, BITS) &&
           set_number(params, OSSL_PKEY_PARAM_SECURITY_BITS, SECURITY_BITS) &&
           set_number(params, OSSL_PKEY_PARAM_MAX_SIZE, MAX_SIZE) &&
           set_text(params, OSSL_PKEY_PARAM_GROUP_NAME, GROUP) &&
           set_text(params, OSSL_PKEY_PARAM_DEFAULT_DIGEST, "SHA256") &&
           set_text(params, OSSL_PKEY_PARAM_EC_ENCODING, "named_curve") &&
           set_text(params, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed") &&
           set_point(params, OSSL_PKEY_PARAM_PUB_KEY, key) &&
           set_point(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, key);
}

static const OSSL_PARAM *gettable_params(void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return known;
}

static const char *operation_name(int operation)
{
    return operation == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

/* --- in and out --- */

static bool is_p256(const OSSL_PARAM params[])
{
    static const char *const names[] = {GROUP, "P-256", "secp256r1"};
    const char *group = NULL;
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_GROUP_NAME);
    if (p == NULL || OSSL_PARAM_get_utf8_string_ptr(p, &group) != 1)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (OPENSSL_strcasecmp(group, names[i]) == 0)
            return true;
    return false;
}

static int import(void *vkey, int selection, const OSSL_PARAM params[])
{
    struct omtls_signing_key *key = vkey;
    const void *point = NULL;
    size_t n = 0;
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY);
    if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) == 0 || !is_p256(params) || p == NULL ||
        OSSL_PARAM_get_octet_string_ptr(p, &point, &n) != 1 || n != sizeof key->point)
        return 0;
    memcpy(key->point, point, n);
    key->has_point = key->point[0] == 0x04;
    if (handed_over != NULL && memcmp(se_signer_point(handed_over), key->point, n) == 0)
        key->signer = se_signer_ref(handed_over);
    return key->has_point;
}

static int export(void *vkey, int selection, OSSL_CALLBACK *take, void *arg)
{
    struct omtls_signing_key *key = vkey;
    char group[] = GROUP;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, key->point, sizeof key->point),
        OSSL_PARAM_construct_end(),
    };
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && key->signer != NULL)
        return 0;
    return key->has_point && take(params, arg);
}

static const OSSL_PARAM *types(int selection)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)selection;
    return known;
}

const OSSL_DISPATCH omtls_keymgmt_ec[] = {
    {OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))new_key},
    {OSSL_FUNC_KEYMGMT_FREE, (void (*)(void))free_key},
    {OSSL_FUNC_KEYMGMT_HAS, (void (*)(void))has},
    {OSSL_FUNC_KEYMGMT_MATCH, (void (*)(void))match},
    {OSSL_FUNC_KEYMGMT_GET_PARAMS, (void (*)(void))get_params},
    {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (void (*)(void))gettable_params},
    {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, (void (*)(void))operation_name},
    {OSSL_FUNC_KEYMGMT_IMPORT, (void (*)(void))import},
    {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (void (*)(void))types},
    {OSSL_FUNC_KEYMGMT_EXPORT, (void (*)(void)) export},
    {OSSL_FUNC_KEYMGMT_EXPORT_TYPES, (void (*)(void))types},
    {0, NULL},
};

/* --- the way in --- */

om_rc omtls_signing_key(OSSL_LIB_CTX *libctx, struct se_signer *signer, EVP_PKEY **out, struct om_error *err)
{
    char group[] = GROUP;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)se_signer_point(signer),
                                          SE_POINT_SIZE),
        OSSL_PARAM_construct_end(),
    };
    *out = NULL;
    OM_TRY(omtls_provider_load(libctx, err));
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(libctx, "EC", OMTLS_SIGNING_PROPERTY);
    handed_over = signer;
    bool good = ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
                EVP_PKEY_fromdata(ctx, out, EVP_PKEY_KEYPAIR, params) == 1;
    handed_over = NULL;
    EVP_PKEY_CTX_free(ctx);
    return good ? OM_OK : omtls_error_openssl(err, "cannot make an OpenSSL key of a signing key");
}
