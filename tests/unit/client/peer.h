/* A scripted MAF: a TLS-PSK or DTLS-PSK server of plain OpenSSL in a thread, whose answers a test makes up.
 * It shares with the code under test only the parsers of JSON, CBOR and CoAP messages: the pre-shared key is
 * in the clear, and OpenSSL's default context is used. Scripts see the same over every binding: requests and
 * replies in HTTP's words. */
#ifndef OPENMAF_TESTS_CLIENT_PEER_H
#define OPENMAF_TESTS_CLIENT_PEER_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer;

enum peer_binding { PEER_HTTPS, PEER_WSS, PEER_COAPS, PEER_COAPS_TCP };

#define PEER_TEXT_MAX     8192
#define PEER_REQUESTS_MAX 16

/* One request as it came, one per connection. */
struct peer_request {
    char line[1024];          /* "POST /_/maf.example.com/- HTTP/1.1" */
    char head[PEER_TEXT_MAX]; /* request line and headers */
    char body[PEER_TEXT_MAX]; /* JSON, also when it came as CBOR */
    char rqi[128];            /* X-M2M-RI */
    char sni[256];
    uint8_t client[32];   /* SHA-256 of the client's certificate, zero when it showed none */
    int client_chain;     /* certificates that the client sent */
    char identity[256];   /* psk_identity, "" with a certificate */
    uint8_t exported[48]; /* by the exporter without context, of this session */
};

/* What the script wants to be sent. Zeroed before each call. */
struct peer_reply {
    int status;               /* HTTP; not used by other bindings */
    int rsc;                  /* X-M2M-RSC; 0: left out */
    const char *rqi;          /* NULL: that of the request; "": left out */
    const char *content_type; /* NULL: that of the binding's format */
    char body[2 * 65536];     /* JSON, or octets to be sent as they are */
    size_t body_len;          /* 0: strlen(body) */
    size_t missing;           /* so many octets of the end are not sent */
    const char *raw;          /* not NULL: this instead of a message */
};

/* How a binding behaves around the messages; a test sets what it wants before it calls the client. */
struct peer_ways {
    /* WebSocket */
    const char *upgrade;   /* the whole answer to the handshake; "%s" in it is Sec-WebSocket-Accept */
    unsigned fragments;    /* frames of a response; 0: one */
    bool ping;             /* a Ping in front of, and between, the fragments; Pong is waited for */
    const uint8_t *frames; /* these octets instead of the response */
    size_t frames_len;
    unsigned close_code; /* Close instead of the response; 1: without a code */
    unsigned closed;     /* out: code of the client's Close */
    bool pong;           /* out: the payload of a Ping came back */
    /* CoAP */
    enum {
        COAP_PIGGYBACKED,
        COAP_SEPARATE,
        COAP_NON,
        COAP_ACK_ONLY,
        COAP_SILENT,
        COAP_RESET,
        COAP_FORGET
    } how;
    unsigned times; /* `how` is for so many requests, then piggybacked; 0: for all */
    bool twice, other_token, other_mid, unknown_option, no_code_option;
    unsigned code;            /* not 0: this CoAP code, class * 100 + detail */
    unsigned block1, block2;  /* octets of a block that it takes and gives; 0: what comes, none */
    bool refuse_whole;        /* 4.13 with block1 as its size to a request without blocks */
    bool skip_block;          /* leaves one block of the response out */
    uint32_t csm_max;         /* Max-Message-Size, 0: not sent */
    bool ping_first, release; /* coaps+tcp: Ping and wait for Pong; Release instead of an answer */
    unsigned messages;        /* out: requests met, repetitions not counted */
    unsigned repetitions;     /* out */
    unsigned sessions;        /* out: DTLS handshakes */
    unsigned blocks;          /* out: blocks of request bodies */
    bool acknowledged, reset; /* out: a separate response was */
    const char *label;        /* of the exporter; NULL: EXPORTER-oneM2M-Connection */
};

/* Certificates instead of a pre-shared key: what the peer shows, and whose it takes from the client. */
struct peer_certificate {
    X509 *leaf;
    EVP_PKEY *key;
    X509 *client_anchor;
};

typedef void peer_script(void *arg, const struct peer_request *rq, struct peer_reply *reply);

/* Serves connections one after another until peer_stop. km: 32 octets. cbor: the format that it expects and
 * uses. */
struct peer *peer_start(enum peer_binding binding, bool cbor, const char *identity, const uint8_t km[32],
                        peer_script *script, void *arg);
/* The same by certificates; references are taken. */
struct peer *peer_start_certificate(enum peer_binding binding, bool cbor, const struct peer_certificate *with,
                                    peer_script *script, void *arg);
/* Takes this key under another identity too. Between calls of the client, or from a script. */
#define PEER_PSKS_MAX 8
void peer_add_psk(struct peer *peer, const char *identity, const uint8_t km[32]);

uint16_t peer_port(const struct peer *peer);
struct peer_ways *peer_ways(struct peer *peer);

/* Ends the thread, once it has read what was sent to it: what it has noted is complete then. */
void peer_halt(struct peer *peer);

/* The same, and frees the rest. The requests stay until then; look at them between calls of the client. */
void peer_stop(struct peer *peer);
size_t peer_count(const struct peer *peer);
const struct peer_request *peer_request_at(const struct peer *peer, size_t i);

#endif
