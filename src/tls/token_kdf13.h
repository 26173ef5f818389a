/* The TLS 1.3 key schedule (RFC 8446 section 7.1) where a secret is a key reference, the binder, and the
 * oneM2M exporters of TLS 1.3: what the token computes in OpenSSL's place. Knows nothing of OpenSSL's KDF and
 * MAC interfaces (kdf_tls13.c, mac_hmac.c). */
#ifndef OPENMAF_TLS_TOKEN_KDF13_H
#define OPENMAF_TLS_TOKEN_KDF13_H

#include "tls/tls13.h"

/* One call of OpenSSL's TLS13-KDF. The octets are the caller's; what is absent has no octets. */
struct omtls_kdf13 {
    bool extract; /* HKDF-Extract after the "derived" step; else HKDF-Expand-Label */
    const char *digest;
    size_t digest_len;
    struct se_part key; /* extract: input keying material, absent for zeros; expand: the secret */
    struct se_part salt, prefix, label, data;
};

/* Ours: a secret is a reference or contains its tag, or the label is one of a oneM2M exporter. */
bool omtls_kdf13_is_ours(const struct omtls_kdf13 *kdf);

/* n octets into out, zero octets on failure. Errors as omtls_token_prf. */
OM_MUST_USE om_rc omtls_token_kdf13(const struct omtls_kdf13 *kdf, uint8_t *out, size_t n,
                                    struct om_error *err);

/* HMAC with a binder's finished key (a reference of type OMTLS_REFERENCE_FINISHED) over a transcript hash. */
OM_MUST_USE om_rc omtls_token_binder(const struct omtls_reference *ref, const uint8_t *hash, size_t n,
                                     uint8_t out[SE_MAC_SIZE], struct om_error *err);

#endif
