/* Two SSLs of one process, joined through memory: handshakes without sockets, for tests and the benchmark.
 * And peers that are nothing but stock OpenSSL with the pre-shared key in the clear. Any failure to set up
 * ends the process with a message; that a handshake fails is a result. */
#ifndef OPENMAF_TESTS_HANDSHAKE_H
#define OPENMAF_TESTS_HANDSHAKE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

struct handshake {
    SSL *client;
    SSL *server;
    void (*on_client_octets)(uint8_t *octets, size_t n); /* may change what the client sends; or NULL */
    uint64_t server_cpu;     /* nanoseconds of CPU spent in the server, when measured */
    size_t server_octets;    /* how much the server sent in all */
    unsigned server_flights; /* and how often it sent anything */
    int server_alert;        /* the last fatal alert that the server sent, -1: none */
    int client_alert;
    bool measure; /* set before handshake_run */
};

/* Joins a client and a server, which it takes over. For DTLS too. */
void handshake_join(struct handshake *h, SSL *client, SSL *server);

/* Runs until both ends are done (true), or one has failed or nothing moves any more (false). */
bool handshake_run(struct handshake *h);

/* Sends n octets from one end and true when the other end reads the same. */
bool handshake_echo(SSL *from, SSL *to, const void *octets, size_t n);

/* Nanoseconds of CPU that this thread has used. */
uint64_t handshake_cpu_now(void);

/* Frees both ends. */
void handshake_free(struct handshake *h);

/* Stock OpenSSL, in a library context of its own that has no provider maf. The psk is copied; NULL: none.
 * suites NULL: OpenSSL's. */
struct plain_psk {
    const char *identity; /* a server accepts any */
    const uint8_t *psk;
    size_t len;
};
SSL_CTX *plain_context(bool server, bool dtls, const char *suites, const struct plain_psk *psk);

/* 48 octets of RFC 5705 exporter, no context. */
void plain_export(SSL *ssl, const char *label, uint8_t out[48]);

#endif
