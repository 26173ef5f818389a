/* A client's psk_identity before OpenSSL asks for its key: so that the key can be brought from elsewhere
 * without a callback that waits. The message that carries the identity is held back until then, and with it
 * the handshake; the SSL only sees that there is nothing to read yet. (SSL_MODE_ASYNC would do the same, but
 * not under libevent's bufferevents, nor in a PSK callback of DTLS without a stack of its own.)
 *
 * For TLS the octets are looked at on their way from the socket (omtls_ahead_watch); who owns its datagrams
 * looks at them itself (omtls_ahead_identity). What cannot be read here is not held: OpenSSL judges it. */
#ifndef OPENMAF_TLS_AHEAD_H
#define OPENMAF_TLS_AHEAD_H

#include "tls/tls.h"

/* True: go on now. False: hold; omtls_ahead_go will be called. Called at most once before that. */
typedef bool omtls_ahead(void *arg, const char *identity);

/* Of a server SSL before its handshake; for TLS over a socket, in contexts of omtls_server_ctx. OM_ENOMEM. */
OM_MUST_USE om_rc omtls_ahead_watch(SSL *ssl, omtls_ahead *ahead, void *arg, struct om_error *err);

/* Lets go what is held. The caller then lets the SSL read again: nothing wakes it. */
void omtls_ahead_go(SSL *ssl);

/* Looks for the identity in whole, unencrypted records: that of a ClientKeyExchange of TLS 1.2 or DTLS 1.2,
 * or the first of a ClientHello's pre_shared_key extension (TLS 1.3). False when there is none. */
bool omtls_ahead_identity(const uint8_t *octets, size_t n, bool dtls, char identity[OMTLS_IDENTITY_MAX + 1]);

/* Of context.c: takes its place between socket and SSL, and leaves it. */
void omtls_ahead_begin(SSL *ssl);
void omtls_ahead_end(SSL *ssl);

#endif
