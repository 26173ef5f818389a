/* A scripted MAF: a TLS-PSK server of plain OpenSSL in a thread, whose answers a test makes up. It shares
 * nothing with the code under test: the pre-shared key is in the clear, OpenSSL's default context is used. */
#ifndef OPENMAF_TESTS_CLIENT_PEER_H
#define OPENMAF_TESTS_CLIENT_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer;

#define PEER_TEXT_MAX     8192
#define PEER_REQUESTS_MAX 8

/* One request as it came, one per connection. */
struct peer_request {
    char line[1024];          /* "POST /_/maf.example.com/- HTTP/1.1" */
    char head[PEER_TEXT_MAX]; /* request line and headers */
    char body[PEER_TEXT_MAX];
    char rqi[128]; /* X-M2M-RI */
    char sni[256];
    uint8_t exported[48]; /* EXPORTER-oneM2M-Connection without context, of this session */
};

/* What the script wants to be sent. Zeroed before each call. */
struct peer_reply {
    int status;               /* HTTP */
    int rsc;                  /* X-M2M-RSC; 0: header left out */
    const char *rqi;          /* NULL: that of the request */
    const char *content_type; /* NULL: application/json */
    char body[2 * 65536];
    size_t body_len; /* 0: strlen(body) */
    size_t missing;  /* so many octets of the end are not sent */
    const char *raw; /* not NULL: this instead of a message */
};

typedef void peer_script(void *arg, const struct peer_request *rq, struct peer_reply *reply);

/* Serves connections one after another until peer_stop. km: 32 octets. */
struct peer *peer_start(const char *identity, const uint8_t km[32], peer_script *script, void *arg);
uint16_t peer_port(const struct peer *peer);

/* Ends the thread and frees the rest. The requests stay until then; look at them between calls of the client.
 */
void peer_stop(struct peer *peer);
size_t peer_count(const struct peer *peer);
const struct peer_request *peer_request_at(const struct peer *peer, size_t i);

#endif
