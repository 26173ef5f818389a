/* TLS 1.3 with an external pre-shared key (RFC 8446): the forms of the key in the token, and the secrets of
 * one connection that are token keys.
 *
 * OpenSSL runs the key schedule; the provider answers with references wherever the key's own secrets would
 * stand: early secret, binder key, finished key, and with psk_ke (no Diffie-Hellman) handshake and master
 * secret too. With psk_dhe_ke the handshake secret is of this session only: OpenSSL gets it with custody psk;
 * with custody session it is a token key as well, and so are the master secret and the exporter's. Traffic
 * secrets, of which record keys are made, are always OpenSSL's. */
#ifndef OPENMAF_TLS_TLS13_H
#define OPENMAF_TLS_TLS13_H

#include "tls/connection.h"

/* CCM_8 is for peers that have nothing else. */
#define OMTLS_SUITES_TLS13                                                                                   \
    "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"

struct omtls_tls13 {
    struct se_key *derived, *finished;
    struct se_key *handshake, *master; /* of the key itself after psk_ke, else of the session */
    struct se_key *exporter, *export_secret;
    bool psk_only; /* psk_ke */
    unsigned made; /* a bit for each secret that the master secret has given */
    struct se_blob handshake_blob, master_blob;
};

/* Gives c the forms of its key for TLS 1.3, in place of earlier ones. Takes its own references. OM_ENOMEM. */
OM_MUST_USE om_rc omtls_tls13_attach(struct omtls_connection *c, const struct omtls_psk13 *psk,
                                     struct om_error *err);
/* The same for a connection by certificates: it has no forms of a key. Its secrets are OpenSSL's, as with
 * custody psk, because most of them are there before the client has shown its certificate. */
OM_MUST_USE om_rc omtls_tls13_attach_certificate(struct omtls_connection *c, struct om_error *err);
void omtls_tls13_detach(struct omtls_connection *c);

/* The key schedule is at its end: all that is not for the exporter goes. */
void omtls_tls13_finish(struct omtls_connection *c);

/* A session that offers or accepts c's reference as external PSK. NULL: no memory. */
SSL_SESSION *omtls_tls13_session(SSL *ssl, const struct omtls_connection *c);

/* TLS 1.3 for a hardened context beside TLS 1.2: suites with SHA-256, psk_dhe_ke before psk_ke, no early
 * data. */
OM_MUST_USE om_rc omtls_tls13_enable(SSL_CTX *ctx, struct om_error *err);

/* On a client: a server that answers with a certificate instead of the key is refused. */
void omtls_tls13_refuse_certificates(SSL_CTX *ctx);

#endif
