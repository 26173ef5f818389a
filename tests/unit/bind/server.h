/* An HTTPS binding, and with it WebSocket, over the RAM token, on a loopback port, in a thread of its own;
 * and a peer that sends it whatever octets a test wants, through real TLS-PSK. */
#ifndef OPENMAF_TESTS_BIND_SERVER_H
#define OPENMAF_TESTS_BIND_SERVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above first. */
#include <cmocka.h>

#include "bind/https.h"
#include "store/store.h"

#define FQDN   "maf.example.com"
#define ADMIN  "admin.example.com"
#define CLIENT "//in.provider.com/cse1"
#define TARGET "//in.provider.com/cse2"

struct server_options {
    unsigned max_connections, max_connections_per_address, max_header, max_body;
    unsigned handshake_timeout, request_timeout, idle_timeout;
};
/* Limits that no test reaches by accident. */
extern const struct server_options server_defaults;

struct server;
struct server *server_start(const struct server_options *opt);
void server_stop(struct server *s); /* NULL is allowed */

/* Asked of the server's own thread. */
void server_stats(struct server *s, struct https_stats *out);
void server_drain(struct server *s);
bool server_drained(struct server *s);

/* What is in the database. */
void server_counts(struct server *s, struct store_counts *out);

/* cmocka setup and teardown for tests with server_defaults: *state is the server. */
int server_setup(void **state);
int server_teardown(void **state);

/* ---- the peer ---- */

struct peer;
struct peer *peer_tcp(struct server *s);                               /* connected, no handshake yet */
struct peer *peer_connect(struct server *s);                           /* authenticated as CLIENT */
struct peer *peer_connect_from(struct server *s, const char *address); /* one of 127.0.0.0/8 */
void peer_free(struct peer *p);

void peer_send(struct peer *p, const void *octets, size_t n);
void peer_send_text(struct peer *p, const char *fmt, ...) OM_PRINTF(2, 3);
/* The same for octets that the server may no longer want: false when it has closed. */
bool peer_try_send(struct peer *p, const void *octets, size_t n);
/* Below TLS. */
void peer_send_raw(struct peer *p, const void *octets, size_t n);

struct answer {
    int status;
    int rsc;         /* X-M2M-RSC; 0 when absent */
    char head[4096]; /* status line and headers */
    char body[4096];
};
/* Reads one response; the test fails when there is none. `bodiless`: it answers a HEAD. */
void peer_read(struct peer *p, struct answer *a, bool bodiless);
/* The value of a header in a static buffer, or NULL. */
const char *answer_header(const struct answer *a, const char *name);
/* Reads exactly n octets; the test fails when fewer come. */
void peer_read_octets(struct peer *p, void *out, size_t n);
/* Waits until the server closes the connection; the test fails when something else arrives. */
void peer_expect_close(struct peer *p);
/* Waits until it is closed; at most a TLS alert may come before. */
void peer_expect_no_http(struct peer *p);
/* True when the server closed it within a moment; else nothing arrived. */
bool peer_closed(struct peer *p);

/* One good request that creates nothing: RETRIEVE of the base. */
#define GET_BASE                                                                                             \
    "GET /_/" FQDN "/- HTTP/1.1\r\nHost: " FQDN "\r\nX-M2M-Origin: " CLIENT                                  \
    "\r\nX-M2M-RI: r1\r\nX-M2M-RVI: 3\r\n\r\n"

#endif
