/* The parameters that a KDF context has been given so far, for users that set them one after the other. */
#ifndef OPENMAF_TLS_PRF_STATE_H
#define OPENMAF_TLS_PRF_STATE_H

#include "tls/token_prf.h"

#include <openssl/core.h>

#define OMTLS_SEED_MAX 1024 /* as OpenSSL's own TLS1-PRF */
#define OMTLS_NAME_MAX 128

struct omtls_prf_state {
    bool any; /* something was set */
    bool has_digest, has_properties, has_secret;
    char digest[OMTLS_NAME_MAX];
    char properties[OMTLS_NAME_MAX];
    uint8_t *secret;
    size_t secret_len;
    size_t seed_len;
    size_t label_len;             /* octets of the first seed that was set: it stays apart */
    uint8_t seed[OMTLS_SEED_MAX]; /* last: what is not in use is not initialised */
};

void omtls_prf_state_init(struct omtls_prf_state *state);
void omtls_prf_state_clear(struct omtls_prf_state *state); /* wipes and frees; empty afterwards */
int omtls_prf_state_copy(struct omtls_prf_state *to, const struct omtls_prf_state *from);

/* Adds parameters as OpenSSL's own TLS1-PRF would: seeds add up, the rest is replaced. 0 on failure. */
int omtls_prf_state_set(struct omtls_prf_state *state, const OSSL_PARAM params[]);

/* The state as parameters for OpenSSL's own TLS1-PRF; they point into the state. */
#define OMTLS_STATE_PARAMS 5
void omtls_prf_state_params(struct omtls_prf_state *state, bool digest_only,
                            OSSL_PARAM params[OMTLS_STATE_PARAMS]);

/* The PRF that the state, or one complete set of parameters, asks for; it points into what it was made from.
 * The second is false for parameters that are incomplete, unusual or come twice. */
void omtls_prf_from_state(const struct omtls_prf_state *state, struct omtls_prf *prf);
bool omtls_prf_from_params(const OSSL_PARAM params[], struct omtls_prf *prf);

#endif
