/* The SHA-256 PRF of TLS 1.2 with a secret that OpenSSL holds (custody psk, or no connection of ours): as
 * OpenSSL's TLS1-PRF computes it, with one HMAC context instead of a copy of one for each HMAC, which costs
 * less than half (docs/adr/0009). */
#ifndef OPENMAF_TLS_HOST_PRF_H
#define OPENMAF_TLS_HOST_PRF_H

#include "tls/token_prf.h"

#include <openssl/evp.h>

/* Whether it is that PRF, and complete. */
bool omtls_host_prf_fits(const struct omtls_prf *prf, size_t n);

/* A context for it of OpenSSL's algorithm HMAC, to be freed by EVP_MAC_CTX_free; NULL on failure. */
EVP_MAC_CTX *omtls_host_prf_new(EVP_MAC *algorithm);

/* n octets into out, with a context of one user at a time, which may have been used here before and
 * afterwards holds nothing of the secret. 0 on failure, with OpenSSL's error; out is wiped. */
int omtls_host_prf(EVP_MAC_CTX *mac, const struct omtls_prf *prf, uint8_t *out, size_t n);

#endif
