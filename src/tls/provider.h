/* The provider "maf" from the inside. */
#ifndef OPENMAF_TLS_PROVIDER_H
#define OPENMAF_TLS_PROVIDER_H

#include "util/error.h"

#include <openssl/core_dispatch.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdatomic.h>
#include <stdbool.h>

#define OMTLS_PROVIDER_NAME "maf"

/* What every context of the provider gets to see. */
struct omtls_provider {
    OSSL_LIB_CTX *private_libctx; /* has only the provider "default", so forwarding cannot come back to us */
    OSSL_PROVIDER *software;      /* that one */
    EVP_KDF *tls1_prf;            /* what we forward to: its TLS1-PRF, TLS13-KDF and HMAC */
    EVP_KDF *tls13_kdf;
    EVP_MAC *hmac;
    EVP_MD *sha256;
    _Atomic(void *) spare; /* a wiped context of TLS1-PRF for the next to ask, or NULL */
};

/* NULL when OpenSSL's own provider cannot be loaded. */
struct omtls_provider *omtls_provider_new(void);
void omtls_provider_free(struct omtls_provider *prov);

/* OSSL_FUNC_provider_gettable_params, and the body of OSSL_FUNC_provider_get_params for a provider that says
 * `name` of itself (static storage). */
const OSSL_PARAM *omtls_provider_gettable_params(void *provctx);
int omtls_provider_params(OSSL_PARAM params[], const char *name);
/* OSSL_FUNC_provider_teardown of a provctx from omtls_provider_new. */
void omtls_provider_teardown(void *provctx);

extern const OSSL_DISPATCH omtls_kdf_tls1_prf[];
/* Frees what that KDF keeps with the provider. */
void omtls_kdf_tls1_prf_cleanup(struct omtls_provider *prov);
extern const OSSL_DISPATCH omtls_kdf_tls13[];
extern const OSSL_DISPATCH omtls_mac_hmac[];

/* Whether the key of a context of the last one is a reference, so that its result is the token's work. */
bool omtls_mac_hmac_is_ours(const void *vctx);

/* OM_EINTERNAL unless contexts of this libctx would use our algorithms for TLS 1.3. */
OM_MUST_USE om_rc omtls_provider_check13(OSSL_LIB_CTX *libctx, struct om_error *err);

#endif
