/* Signing keys of a token behind OpenSSL's interface: the provider's key management "EC" and signature
 * "ECDSA". Both have a property of their own, so that nobody gets them for ordinary keys. */
#ifndef OPENMAF_TLS_SIGNING_KEY_H
#define OPENMAF_TLS_SIGNING_KEY_H

#include "se/signer.h"
#include "tls/provider.h"

#define OMTLS_SIGNING_PROPERTY "openmaf.signing=yes"

/* What the provider keeps of a key. Without signer it is a public key, made to be compared with. */
struct omtls_signing_key {
    const struct omtls_provider *prov;
    struct se_signer *signer; /* its own reference */
    bool has_point;
    uint8_t point[SE_POINT_SIZE];
};

extern const OSSL_DISPATCH omtls_keymgmt_ec[];
extern const OSSL_DISPATCH omtls_signature_ecdsa[];

#endif
