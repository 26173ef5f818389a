/* Parameters of a KDF context: see prf_state.h. */
#include "tls/prf_state.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/proverr.h>
#include <string.h>

void omtls_prf_state_init(struct omtls_prf_state *state)
{
    memset(state, 0, offsetof(struct omtls_prf_state, seed));
}

void omtls_prf_state_clear(struct omtls_prf_state *state)
{
    OPENSSL_clear_free(state->secret, state->secret_len);
    om_wipe(state->seed, state->seed_len);
    omtls_prf_state_init(state);
}

int omtls_prf_state_copy(struct omtls_prf_state *to, const struct omtls_prf_state *from)
{
    memcpy(to, from, offsetof(struct omtls_prf_state, seed) + from->seed_len);
    to->secret = NULL;
    if (from->secret == NULL)
        return 1;
    to->secret = OPENSSL_memdup(from->secret, from->secret_len);
    return to->secret != NULL;
}

/* --- setting --- */

static int set_name(const OSSL_PARAM *p, char name[OMTLS_NAME_MAX], bool *has)
{
    char *at = name;
    *has = OSSL_PARAM_get_utf8_string(p, &at, OMTLS_NAME_MAX) == 1;
    return *has;
}

static int set_secret(struct omtls_prf_state *state, const OSSL_PARAM *p)
{
    void *copy = NULL;
    size_t n = 0;
    if (!OSSL_PARAM_get_octet_string(p, &copy, 0, &n))
        return 0;
    OPENSSL_clear_free(state->secret, state->secret_len);
    state->secret = copy;
    state->secret_len = n;
    state->has_secret = true;
    return 1;
}

static int add_stored_seed(struct omtls_prf_state *state, const OSSL_PARAM *p)
{
    if (p->data == NULL || p->data_size == 0)
        return 1;
    if (p->data_type != OSSL_PARAM_OCTET_STRING || p->data_size > OMTLS_SEED_MAX - state->seed_len) {
        ERR_raise(ERR_LIB_PROV, PROV_R_INVALID_SEED_LENGTH);
        return 0;
    }
    if (state->seed_len == 0)
        state->label_len = p->data_size;
    memcpy(state->seed + state->seed_len, p->data, p->data_size);
    state->seed_len += p->data_size;
    return 1;
}

int omtls_prf_state_set(struct omtls_prf_state *state, const OSSL_PARAM params[])
{
    /* Properties count for the fetch of a digest that comes with them, and for no other. */
    bool fetches = params != NULL && OSSL_PARAM_locate_const(params, OSSL_KDF_PARAM_DIGEST) != NULL;
    if (fetches)
        state->has_properties = false;
    for (const OSSL_PARAM *p = params; p != NULL && p->key != NULL; p++) {
        int ok = 1;
        if (strcmp(p->key, OSSL_KDF_PARAM_DIGEST) == 0)
            ok = set_name(p, state->digest, &state->has_digest);
        else if (strcmp(p->key, OSSL_KDF_PARAM_PROPERTIES) == 0 && fetches)
            ok = set_name(p, state->properties, &state->has_properties);
        else if (strcmp(p->key, OSSL_KDF_PARAM_SECRET) == 0)
            ok = set_secret(state, p);
        else if (strcmp(p->key, OSSL_KDF_PARAM_SEED) == 0)
            ok = add_stored_seed(state, p);
        else
            continue;
        state->any = true;
        if (!ok)
            return 0;
    }
    return 1;
}

void omtls_prf_state_params(struct omtls_prf_state *state, bool digest_only,
                            OSSL_PARAM params[OMTLS_STATE_PARAMS])
{
    OSSL_PARAM *p = params;
    if (state->has_properties)
        *p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_PROPERTIES, state->properties, 0);
    if (state->has_digest)
        *p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, state->digest, 0);
    if (state->has_secret && !digest_only)
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, state->secret, state->secret_len);
    if (state->seed_len > 0 && !digest_only)
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, state->seed, state->seed_len);
    *p = OSSL_PARAM_construct_end();
}

/* --- the PRF that is asked for --- */

static void add_seed(struct omtls_prf *prf, const void *octets, size_t n)
{
    if (octets == NULL || n == 0)
        return;
    if (prf->n_seeds == OMTLS_PRF_SEEDS)
        prf->too_many_seeds = true;
    else
        prf->seeds[prf->n_seeds++] = (struct se_part){octets, n};
}

void omtls_prf_from_state(const struct omtls_prf_state *state, struct omtls_prf *prf)
{
    *prf = (struct omtls_prf){.digest = state->digest,
                              .digest_len = state->has_digest ? strlen(state->digest) : 0,
                              .secret = state->secret,
                              .secret_len = state->secret_len};
    add_seed(prf, state->seed, state->label_len);
    add_seed(prf, state->seed + state->label_len, state->seed_len - state->label_len);
}

bool omtls_prf_from_params(const OSSL_PARAM params[], struct omtls_prf *prf)
{
    *prf = (struct omtls_prf){.digest = NULL};
    for (const OSSL_PARAM *p = params; p != NULL && p->key != NULL; p++) {
        bool octets = p->data_type == OSSL_PARAM_OCTET_STRING;
        if (octets && strcmp(p->key, OSSL_KDF_PARAM_SEED) == 0) {
            add_seed(prf, p->data, p->data_size);
        } else if (octets && strcmp(p->key, OSSL_KDF_PARAM_SECRET) == 0 && prf->secret == NULL) {
            prf->secret = p->data;
            prf->secret_len = p->data_size;
        } else if (p->data_type == OSSL_PARAM_UTF8_STRING && strcmp(p->key, OSSL_KDF_PARAM_DIGEST) == 0 &&
                   prf->digest == NULL) {
            prf->digest = p->data;
            prf->digest_len = p->data_size;
        } else {
            return false;
        }
    }
    return prf->digest != NULL && prf->secret != NULL && !prf->too_many_seeds;
}
