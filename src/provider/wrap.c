/* The algorithms of src/tls for programs that know nothing of key references: a name where a pre-shared key
 * is expected becomes a reference, on its way into TLS1-PRF or TLS13-KDF. Any other secret that contains a
 * name is refused, so that a name is never used as if it were a key. */
#include "provider/keydir.h"
#include "provider/module.h"
#include "tls/error_queue.h"
#include "util/buf.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <pthread.h>
#include <string.h>

/* Programs that ask for a provider by name (stunnel: "provider!=fips") override that part of the default
 * properties, so configurations select us by a property of our own. */
#define PROPERTIES "provider=openmaf,openmaf.keys=yes"

#define PARAMS_MAX    16
#define FUNCTIONS_MAX 16
#define PREMASTER     (2 + OMTLS_REFERENCE_SIZE + 2 + OMTLS_REFERENCE_SIZE)

/* Copies of the tables, with some functions replaced. */
static OSSL_DISPATCH prf[FUNCTIONS_MAX], kdf13[FUNCTIONS_MAX], hmac[FUNCTIONS_MAX];
static OSSL_FUNC_kdf_derive_fn *prf_derive, *kdf13_derive;
static OSSL_FUNC_kdf_set_ctx_params_fn *prf_set, *kdf13_set;
static OSSL_FUNC_mac_init_fn *hmac_init;
static OSSL_FUNC_mac_final_fn *hmac_final;

static int refuse(om_rc rc, const struct om_error *err)
{
    omtls_error_raise(rc, err);
    return 0;
}

static int misplaced(void)
{
    struct om_error err = {.rc = OM_OK};
    return refuse(
        om_fail(&err, OM_EDENIED,
                "a key of openmaf serves plain PSK suites with SHA-256 and TLS 1.3 with SHA-256 only"),
        &err);
}

/* Where a key can be. What a peer chooses, such as its random number in a seed, may read as it likes. */
static bool is_secret(const OSSL_PARAM *p)
{
    return strcmp(p->key, OSSL_KDF_PARAM_SECRET) == 0 || strcmp(p->key, OSSL_KDF_PARAM_KEY) == 0 ||
           strcmp(p->key, OSSL_KDF_PARAM_SALT) == 0;
}

static bool any_name(const OSSL_PARAM params[])
{
    for (const OSSL_PARAM *p = params; p != NULL && p->key != NULL; p++)
        if (p->data_type == OSSL_PARAM_OCTET_STRING && p->data != NULL && is_secret(p) &&
            names_contains(p->data, p->data_size))
            return true;
    return false;
}

/* The same parameters, with other octets in one of them. */
static bool replace(const OSSL_PARAM params[], const OSSL_PARAM *which, uint8_t *octets, size_t n,
                    OSSL_PARAM out[PARAMS_MAX])
{
    size_t i = 0;
    for (; params[i].key != NULL; i++) {
        if (i == PARAMS_MAX - 1)
            return false;
        out[i] = params[i];
        if (&params[i] == which)
            out[i] = OSSL_PARAM_construct_octet_string(which->key, octets, n);
    }
    out[i] = OSSL_PARAM_construct_end();
    return true;
}

static om_rc resolve(const uint8_t *octets, size_t n, enum omtls_reference_type type,
                     uint8_t reference[OMTLS_REFERENCE_SIZE], struct om_error *err)
{
    (void)ERR_set_mark(); /* a token that uses libcrypto leaves errors behind */
    om_rc rc = names_resolve(octets, n, type, reference, err);
    (void)ERR_pop_to_mark();
    return rc;
}

/* --- TLS 1.2 --- */

/* The PSK in the premaster secret of a plain PSK exchange (RFC 4279 section 2); NULL for any other secret. */
static const uint8_t *psk_of(const uint8_t *secret, size_t len, size_t *n)
{
    struct om_reader r;
    size_t zeros = 0;
    om_reader_init(&r, secret, len);
    const uint8_t *other = om_read_vector16(&r, &zeros);
    const uint8_t *psk = om_read_vector16(&r, n);
    if (!om_reader_done(&r) || other == NULL || psk == NULL || zeros != *n)
        return NULL;
    for (size_t i = 0; i < zeros; i++)
        if (other[i] != 0)
            return NULL;
    return psk;
}

static int derive_with_name(void *ctx, unsigned char *out, size_t n, const OSSL_PARAM params[])
{
    struct om_error err = {.rc = OM_OK};
    uint8_t premaster[PREMASTER] = {[1] = OMTLS_REFERENCE_SIZE,
                                    [3 + OMTLS_REFERENCE_SIZE] = OMTLS_REFERENCE_SIZE};
    OSSL_PARAM ours[PARAMS_MAX];
    size_t psk_len = 0;
    const OSSL_PARAM *secret = OSSL_PARAM_locate_const(params, OSSL_KDF_PARAM_SECRET);
    const uint8_t *psk = secret != NULL ? psk_of(secret->data, secret->data_size, &psk_len) : NULL;
    if (psk == NULL)
        return misplaced();
    om_rc rc = resolve(psk, psk_len, OMTLS_REFERENCE_PSK, premaster + PREMASTER - OMTLS_REFERENCE_SIZE, &err);
    if (rc != OM_OK)
        return refuse(rc, &err);
    int ok = replace(params, secret, premaster, sizeof premaster, ours) && !any_name(ours)
                 ? prf_derive(ctx, out, n, ours)
                 : misplaced();
    om_wipe(premaster, sizeof premaster);
    return ok;
}

static int derive12(void *ctx, unsigned char *out, size_t n, const OSSL_PARAM params[])
{
    if (!any_name(params))
        return prf_derive(ctx, out, n, params);
    names_lock();
    int ok = derive_with_name(ctx, out, n, params);
    names_unlock();
    return ok;
}

static int set12(void *ctx, const OSSL_PARAM params[])
{
    return any_name(params) ? misplaced() : prf_set(ctx, params);
}

/* --- TLS 1.3 --- */

static bool is_reference(const OSSL_PARAM params[], const char *name)
{
    struct omtls_reference ref;
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, name);
    return p != NULL && p->data_type == OSSL_PARAM_OCTET_STRING && p->data != NULL &&
           omtls_recognise13(p->data, p->data_size, &ref) != OMTLS_SECRET_FOREIGN;
}

static int derive13_with_name(void *ctx, unsigned char *out, size_t n, const OSSL_PARAM params[])
{
    struct om_error err = {.rc = OM_OK};
    uint8_t reference[OMTLS_REFERENCE_SIZE];
    OSSL_PARAM ours[PARAMS_MAX];
    const OSSL_PARAM *key = OSSL_PARAM_locate_const(params, OSSL_KDF_PARAM_KEY);
    if (key == NULL || key->data == NULL)
        return misplaced();
    om_rc rc = resolve(key->data, key->data_size, OMTLS_REFERENCE_PSK13, reference, &err);
    if (rc != OM_OK)
        return refuse(rc, &err);
    int ok = replace(params, key, reference, sizeof reference, ours) && !any_name(ours)
                 ? kdf13_derive(ctx, out, n, ours)
                 : misplaced();
    om_wipe(reference, sizeof reference);
    return ok;
}

static int derive13(void *ctx, unsigned char *out, size_t n, const OSSL_PARAM params[])
{
    bool named = any_name(params);
    if (!named && !is_reference(params, OSSL_KDF_PARAM_KEY) && !is_reference(params, OSSL_KDF_PARAM_SALT))
        return kdf13_derive(ctx, out, n, params);
    names_lock();
    int ok = named ? derive13_with_name(ctx, out, n, params) : kdf13_derive(ctx, out, n, params);
    names_unlock();
    return ok;
}

static int set13(void *ctx, const OSSL_PARAM params[])
{
    return any_name(params) ? misplaced() : kdf13_set(ctx, params);
}

static int init_hmac(void *ctx, const unsigned char *key, size_t n, const OSSL_PARAM params[])
{
    return (key != NULL && names_begins(key, n)) || any_name(params) ? misplaced()
                                                                     : hmac_init(ctx, key, n, params);
}

/* No lock for the HMACs of everybody else: they would wait for the token, and a token that computes one with
 * libcrypto, for another thread, would wait for us. */
static int final_hmac(void *ctx, unsigned char *out, size_t *n, size_t cap)
{
    if (!omtls_mac_hmac_is_ours(ctx))
        return hmac_final(ctx, out, n, cap);
    names_lock();
    int ok = hmac_final(ctx, out, n, cap);
    names_unlock();
    return ok;
}

/* --- tables --- */

static void copy_table(OSSL_DISPATCH to[FUNCTIONS_MAX], const OSSL_DISPATCH *from)
{
    for (size_t i = 0; i < FUNCTIONS_MAX - 1 && from[i].function_id != 0; i++)
        to[i] = from[i];
}

/* Puts ours in the place of a function and returns that. */
static void (*take(OSSL_DISPATCH *table, int id, void (*ours)(void)))(void)
{
    while (table->function_id != id)
        table++;
    void (*theirs)(void) = table->function;
    table->function = ours;
    return theirs;
}

static void make_tables(void)
{
    copy_table(prf, omtls_kdf_tls1_prf);
    copy_table(kdf13, omtls_kdf_tls13);
    copy_table(hmac, omtls_mac_hmac);
    prf_derive = (OSSL_FUNC_kdf_derive_fn *)take(prf, OSSL_FUNC_KDF_DERIVE, (void (*)(void))derive12);
    prf_set =
        (OSSL_FUNC_kdf_set_ctx_params_fn *)take(prf, OSSL_FUNC_KDF_SET_CTX_PARAMS, (void (*)(void))set12);
    kdf13_derive = (OSSL_FUNC_kdf_derive_fn *)take(kdf13, OSSL_FUNC_KDF_DERIVE, (void (*)(void))derive13);
    kdf13_set =
        (OSSL_FUNC_kdf_set_ctx_params_fn *)take(kdf13, OSSL_FUNC_KDF_SET_CTX_PARAMS, (void (*)(void))set13);
    hmac_init = (OSSL_FUNC_mac_init_fn *)take(hmac, OSSL_FUNC_MAC_INIT, (void (*)(void))init_hmac);
    hmac_final = (OSSL_FUNC_mac_final_fn *)take(hmac, OSSL_FUNC_MAC_FINAL, (void (*)(void))final_hmac);
}

const OSSL_ALGORITHM *wrap_query(int operation)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static const OSSL_ALGORITHM kdfs[] = {
        {"TLS1-PRF", PROPERTIES, prf, "TLS 1.2 PRF with named keys in a token"},
        {"TLS13-KDF", PROPERTIES, kdf13, "TLS 1.3 key schedule with named keys in a token"},
        {NULL, NULL, NULL, NULL},
    };
    static const OSSL_ALGORITHM macs[] = {
        {"HMAC", PROPERTIES, hmac, "HMAC with named keys in a token"},
        {NULL, NULL, NULL, NULL},
    };
    (void)pthread_once(&once, make_tables);
    return operation == OSSL_OP_KDF ? kdfs : operation == OSSL_OP_MAC ? macs : NULL;
}
