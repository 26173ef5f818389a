/* The TLS 1.2 PRF where the secret is a key reference, and the oneM2M exporters: what the token computes in
 * OpenSSL's place. Knows nothing of OpenSSL's KDF interface (kdf_tls1prf.c). */
#ifndef OPENMAF_TLS_TOKEN_PRF_H
#define OPENMAF_TLS_TOKEN_PRF_H

#include "tls/connection.h"

/* Everything that OpenSSL says when it wants a PRF. The octets are the caller's. */
#define OMTLS_PRF_SEEDS 6

struct omtls_prf {
    const char *digest; /* need not be NUL-terminated */
    size_t digest_len;
    const uint8_t *secret;
    size_t secret_len;
    struct se_part seeds[OMTLS_PRF_SEEDS]; /* none empty; the label is first, or starts the first */
    size_t n_seeds;
    bool too_many_seeds; /* more than fit: only the first ones are there */
};

/* Whose work a PRF is. */
enum omtls_prf_owner {
    OMTLS_PRF_OPENSSL, /* an ordinary secret and an ordinary label */
    OMTLS_PRF_TOKEN,
};
enum omtls_prf_owner omtls_prf_owner(const struct omtls_prf *prf);

/* Computes a PRF that is the token's: n octets into out, zero octets on failure.
 * OM_EINTEGRITY: the secret is not a living reference of the right kind; OM_EDENIED: what is asked for is not
 * allowed; else as the token says. */
OM_MUST_USE om_rc omtls_token_prf(const struct omtls_prf *prf, uint8_t *out, size_t n, struct om_error *err);

/* Octets of the oneM2M exporter label that is `text`, or 0. */
size_t omtls_label_len(const char *text);

/* Names the connection whose master secret OpenSSL holds (custody psk) and which this thread is about to
 * export from; NULL afterwards. Without it an exporter with a oneM2M label is refused: OpenSSL's KDF
 * interface does not tell the SSL. */
void omtls_export_begin(struct omtls_connection *c);
void omtls_export_end(void);
struct omtls_connection *omtls_exporting(void); /* the one named, or NULL */

/* Whether the first seed is this label and nothing else. */
bool omtls_prf_label_is(const struct omtls_prf *prf, const char *label);

/* A digest's name, as OpenSSL may write it. */
bool omtls_digest_is_sha256(const char *name, size_t n);

#endif
