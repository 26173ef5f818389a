/* Certificates on the client's side of TLS and DTLS, instead of a pre-shared key. */
#ifndef OPENMAF_TLS_CLIENT_CERTIFICATE_H
#define OPENMAF_TLS_CLIENT_CERTIFICATE_H

#include "tls/tls.h"

/* A hardened TLS 1.2 (dtls: DTLS 1.2) client context with a certificate of the client's, whose references it
 * takes: the certificate suites only. OM_ECONFIG: the key is not that of the certificate. */
OM_MUST_USE om_rc omtls_client_certificate_ctx(OSSL_LIB_CTX *libctx, bool dtls, bool allow_no_ems,
                                               const struct omtls_certificate *own, SSL_CTX **out,
                                               struct om_error *err);

/* How a client judges the server: once in a handshake, by the certificate that it sent and those beside it.
 * Anything but OM_OK ends the handshake with bad_certificate. */
struct omtls_server_check {
    om_rc (*check)(void *arg, X509 *leaf, const STACK_OF(X509) * sent);
    void *arg; /* must outlive the handshake */
};

/* Sets SNI, the check, and what the token does of an SSL of such a context, before its handshake. With
 * OMTLS_CUSTODY_SESSION the master secret is a key of the signer's token; its premaster secret is OpenSSL's.
 * The oneM2M exporters run in that token in any case. */
OM_MUST_USE om_rc omtls_client_certificate(SSL *ssl, const char *server_name, struct se_signer *signer,
                                           enum omtls_custody custody,
                                           const struct omtls_server_check *server, struct om_error *err);

#endif
