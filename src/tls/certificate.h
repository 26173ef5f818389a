/* Certificates of this end, as both roles give them to an SSL or SSL_CTX. */
#ifndef OPENMAF_TLS_CERTIFICATE_H
#define OPENMAF_TLS_CERTIFICATE_H

#include "tls/context.h"

/* Puts a certificate, its chain and its key into an SSL_CTX. OM_ECONFIG when the key does not belong to it.
 */
OM_MUST_USE om_rc omtls_certificate_use(SSL_CTX *ctx, OSSL_LIB_CTX *libctx,
                                        const struct omtls_certificate *certificate, struct om_error *err);

/* The certificate suites and what goes with them (TS-0003 10.2.3): curve secp256r1, ECDSA with SHA-256. */
OM_MUST_USE om_rc omtls_certificate_parameters(SSL_CTX *ctx, struct om_error *err);

/* --- server --- */

/* The server's certificates for ctx, and the demand for one of the client; cfg has some. */
OM_MUST_USE om_rc omtls_server_certificates(SSL_CTX *ctx, const struct omtls_server *cfg,
                                            struct om_error *err);
/* Once SNI has told a name that is ours: the certificate for it, or none when there is none. False: failed.
 */
bool omtls_server_choose(SSL *ssl, const char *name);

#endif
