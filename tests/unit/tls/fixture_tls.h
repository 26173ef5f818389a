/* What the TLS tests share: a token with the keys of known peers, servers and clients of ours upon it. */
#ifndef OPENMAF_TESTS_FIXTURE_TLS_H
#define OPENMAF_TESTS_FIXTURE_TLS_H

#include "fixture.h" /* of tests/unit/se: the token */
#include "handshake.h"
#include "tls/tls.h"
#include "util/text.h"

#include <openssl/err.h>

#define SERVER_NAME "maf.example.com"
#define KNOWN_ID    "km-1@maf.example.com"
#define KNOWN_SIZE  32
#define LABEL_PLAIN "EXPORTER-something-else"

extern const uint8_t KNOWN_PSK[KNOWN_SIZE];
extern const uint8_t WRONG_PSK[KNOWN_SIZE];

/* The library context with provider maf; one per program. */
extern OSSL_LIB_CTX *tls_libctx;
/* The known peer's key, loaded; and the decoy. */
extern struct se_key *tls_key;
extern struct se_key *tls_decoy;
/* Both prepared for TLS 1.3. */
extern struct omtls_psk13 tls_psk13;
extern struct omtls_psk13 tls_decoy13;

/* What the find callback saw and did. */
struct found {
    unsigned calls;
    char identity[OMTLS_IDENTITY_MAX + 1];
    char sni[256];
    om_rc answer;   /* OM_OK unless a test wants the look-up to fail */
    int peers_live; /* peers handed out and not yet freed */
};
extern struct found tls_found;

/* Group setup and teardown: token, keys, library context. */
int tls_setup(void **state);
int tls_teardown(void **state);
/* Each test begins with this: a clean tls_found. And ends with nothing left over. */
int tls_test_setup(void **state);
int tls_test_teardown(void **state);

/* A configuration with everything at its default. */
struct omtls_server tls_server_config(enum omtls_custody custody);

/* The same with TLS 1.3. */
struct omtls_server tls13_server_config(enum omtls_custody custody);

/* Contexts of ours; suites may be NULL. */
SSL_CTX *our_server(bool dtls, const struct omtls_server *cfg);
SSL_CTX *our_client(bool dtls, const char *suites, bool allow_no_ems);
/* An SSL of our client with the known peer's key attached. */
SSL *our_client_ssl(SSL_CTX *ctx, enum omtls_custody custody);

/* A stock client or server with the known peer's key. */
SSL_CTX *known_plain(bool server, bool dtls, const char *suites);

/* Joins a client and a server made from these contexts (which stay the caller's) and runs the handshake. */
bool meet(struct handshake *h, SSL_CTX *client, SSL_CTX *server);

/* The export of our end equals these 48 octets. */
#define EXPORTS(ssl, label, octets) exports((ssl), (label), (octets), __FILE__, __LINE__)
void exports(SSL *ssl, const char *label, const uint8_t octets[48], const char *file, int line);

#endif
