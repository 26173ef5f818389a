/* What server and client contexts have in common: our configuration on an SSL_CTX, and its hardening. */
#ifndef OPENMAF_TLS_CONTEXT_H
#define OPENMAF_TLS_CONTEXT_H

#include "tls/tls.h"

/* Kept with the SSL_CTX. A client uses allow_no_ems and suites only. */
typedef struct omtls_server omtls_config;

/* A new SSL_CTX of libctx that selects provider maf; tls13: for the algorithms of TLS 1.3 too. */
OM_MUST_USE om_rc omtls_context_new(OSSL_LIB_CTX *libctx, const SSL_METHOD *method, bool tls13, SSL_CTX **out,
                                    struct om_error *err);

/* TLS 1.2 or DTLS 1.2 only, the suites (NULL: those of the transport), no tickets, no cache, no
 * renegotiation, no compression, EMS offered, plaintext wiped; keeps a copy of config with ctx. */
OM_MUST_USE om_rc omtls_context_harden(SSL_CTX *ctx, const omtls_config *config, struct om_error *err);

/* Record buffers of this context's connections are given back between records only once the handshake is
 * over: before, each flight would allocate and wipe them anew, some 7 us in all. Takes the info callback, so
 * not for contexts of others. */
void omtls_context_keep_buffers(SSL_CTX *ctx);

/* Of the SSL's context, or NULL. */
const omtls_config *omtls_context_config(const SSL *ssl);

#endif
