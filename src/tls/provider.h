/* The provider "maf" from the inside. */
#ifndef OPENMAF_TLS_PROVIDER_H
#define OPENMAF_TLS_PROVIDER_H

#include <openssl/core_dispatch.h>
#include <openssl/kdf.h>

#define OMTLS_PROVIDER_NAME "maf"

/* What every KDF context of the provider gets to see. */
struct omtls_provider {
    OSSL_LIB_CTX *private_libctx; /* has only the provider "default", so forwarding cannot come back to us */
    OSSL_PROVIDER *software;      /* that one */
    EVP_KDF *tls1_prf;            /* its TLS1-PRF */
};

extern const OSSL_DISPATCH omtls_kdf_tls1_prf[];

#endif
