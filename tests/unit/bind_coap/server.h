/* A CoAP binding over the RAM token on a loopback port, in a thread of its own; and a peer that speaks DTLS
 * or TLS with stock OpenSSL and the real Km. */
#ifndef OPENMAF_TESTS_BIND_COAP_SERVER_H
#define OPENMAF_TESTS_BIND_COAP_SERVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above first. */
#include <cmocka.h>

#include "bind/coaps.h"
#include "coap/block.h"
#include "coap/options.h"
#include "store/store.h"

#define FQDN   "maf.example.com"
#define ADMIN  "admin.example.com"
#define CLIENT "//in.provider.com/cse1"
#define TARGET "//in.provider.com/cse2"

/* Limits that no test reaches by accident. */
extern const struct coaps_options server_defaults;

struct server;
struct server *server_start(const struct coaps_options *opt);
void server_stop(struct server *s);
uint16_t server_port(const struct server *s);

/* Asked of the server's own thread. */
void server_stats(struct server *s, struct coaps_stats *out);
void server_tls_stats(struct server *s, struct omtls_stats *out);
void server_drain(struct server *s);
bool server_drained(struct server *s);
/* Waits until so many sessions are there, and as many connections have keys in the token. */
void server_wait_sessions(struct server *s, size_t n);

/* What is in the database. */
void server_counts(struct server *s, struct store_counts *out);

/* Revokes CLIENT's credential, as mafadm would: in the database, beside the server. */
void server_revoke(struct server *s);

/* ---- the peer ---- */

struct peer {
    struct server *server;
    enum coaps_transport transport;
    int fd;
    SSL_CTX *ctx;
    SSL *ssl;
    uint16_t mid;
    uint8_t in[65536]; /* of a stream */
    size_t filled;
};

struct peer *peer_new(struct server *s);     /* connected, no handshake yet */
struct peer *peer_connect(struct server *s); /* authenticated as CLIENT; over TLS after the CSMs */
struct peer *peer_connect_from(struct server *s, uint16_t port); /* DTLS from that port */
bool peer_handshake(struct peer *p);
uint16_t peer_port(const struct peer *p);
void peer_abandon(struct peer *p); /* without a word */
void peer_free(struct peer *p);

void peer_send_octets(struct peer *p, const void *octets, size_t n);
void peer_send(struct peer *p, const struct om_coap_message *m);
/* The next message; the test fails when none comes. Free it with om_coap_free. */
void peer_receive(struct peer *p, struct om_coap_message *out);
/* The test fails when something else than the answer to a ping comes. */
void peer_expect_silence(struct peer *p);
/* Waits until the server ends the session. */
void peer_expect_close(struct peer *p);

/* A request with FR, RQI and RVI; Message-ID and token are new. `path` is "_/host/-", segments with '/'. */
void peer_request(struct peer *p, struct om_coap_message *m, uint8_t code, const char *path);
void add_path(struct om_coap_message *m, const char *path);
void add_content(struct om_coap_message *m, const char *json);
/* Sends m and receives the answer to it. */
void peer_exchange(struct peer *p, const struct om_coap_message *m, struct om_coap_message *out);
int rsc_of(const struct om_coap_message *m); /* 0: no oneM2M-RSC */
uint32_t uint_of(const struct om_coap_message *m, uint16_t number);

#define BASE "_/" FQDN "/-"

#endif
