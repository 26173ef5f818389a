/* Where master secrets of TLS 1.2 come from: a pre-shared key, or a key exchange of certificates. */
#ifndef OPENMAF_TLS_TOKEN_MASTER_H
#define OPENMAF_TLS_TOKEN_MASTER_H

#include "tls/token_prf.h"

/* From c's pre-shared key. The answer is a reference with custody session, else the secret. */
OM_MUST_USE om_rc omtls_psk_master(struct omtls_connection *c, const struct omtls_prf *prf, uint8_t *out,
                                   size_t n, struct om_error *err);

/* With certificates OpenSSL has the premaster secret (ECDHE). The next master secret that this thread makes
 * from an ordinary secret is c's; NULL: nobody's. To be told by whoever sees that a key exchange is under
 * way, because OpenSSL's KDF interface does not tell the SSL. */
void omtls_ecdhe_expect(struct omtls_connection *c);

/* Whether this is the master secret that is expected and the token has a part in it: with custody session, or
 * to refuse. With custody psk it is OpenSSL's, and the connection is noted as established. */
bool omtls_ecdhe_is_ours(const struct omtls_prf *prf);

/* Custody session: the premaster secret goes into the token, once, and the master secret is made there. The
 * answer is a reference. */
OM_MUST_USE om_rc omtls_ecdhe_master(const struct omtls_prf *prf, uint8_t *out, size_t n,
                                     struct om_error *err);

#endif
