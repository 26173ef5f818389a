/* CoAP messages between octets and a structure (RFC 7252 §3 over DTLS, RFC 8323 §3 over TLS), for both ends
 * of the binding. The octets are parsed and options encoded by libcoap; its sessions, which cannot do what is
 * needed here (docs/adr/0004), are not used. Names begin with om_coap_ because libcoap owns coap_. */
#ifndef OPENMAF_COAP_MESSAGE_H
#define OPENMAF_COAP_MESSAGE_H

#include "util/secret.h"

enum om_coap_transport {
    OM_COAP_DATAGRAM, /* type, Message-ID; one message a record */
    OM_COAP_STREAM    /* neither; a length in front */
};

enum om_coap_type { OM_COAP_CON = 0, OM_COAP_NON = 1, OM_COAP_ACK = 2, OM_COAP_RST = 3 };

/* Codes as they travel: class and detail. */
#define OM_COAP_CODE(class, detail) ((uint8_t)((class) << 5 | (detail)))
#define OM_COAP_CLASS(code)         ((code) >> 5)
#define OM_COAP_EMPTY               0
#define OM_COAP_GET                 1
#define OM_COAP_POST                2
#define OM_COAP_PUT                 3
#define OM_COAP_DELETE              4

#define OM_COAP_TOKEN_MAX   8
#define OM_COAP_OPTIONS_MAX 64
#define OM_COAP_SPACE       2048

struct om_coap_option {
    uint16_t number;
    const uint8_t *value; /* not NULL, even when empty */
    size_t len;
};

/* Big: some 3.5 KB. */
struct om_coap_message {
    enum om_coap_type type; /* datagrams only */
    uint16_t mid;           /* datagrams only */
    uint8_t code;
    uint8_t token[OM_COAP_TOKEN_MAX];
    size_t token_len;
    struct om_coap_option options[OM_COAP_OPTIONS_MAX]; /* in ascending order of number */
    size_t n_options;
    const uint8_t *payload; /* NULL: none */
    size_t payload_len;
    bool overflow;                /* an option that was added had no room; encoding will fail */
    uint8_t space[OM_COAP_SPACE]; /* values of options that were added */
    size_t used;
    void *parsed; /* what the pointers above point into */
};

/* Parses one whole message. OM_EINPUT: malformed, of another version, or with too many options; `type` and
 * `mid` are then still those of the header when there are 4 octets, so that a datagram can be rejected. Free
 * with om_coap_free, in either case. */
OM_MUST_USE om_rc om_coap_parse(enum om_coap_transport transport, const void *octets, size_t n,
                                struct om_coap_message *out, struct om_error *err);

/* Wipes what was parsed: payloads carry keys. Safe on a zeroed message. */
void om_coap_free(struct om_coap_message *m);

/* A message to be filled: zeroed apart from these. */
void om_coap_init(struct om_coap_message *m, uint8_t code, const uint8_t *token, size_t token_len);

/* Adds an option in its place; the value is copied. Options of one number keep their order. */
void om_coap_add(struct om_coap_message *m, uint16_t number, const void *value, size_t len);
void om_coap_add_text(struct om_coap_message *m, uint16_t number, const char *text);
void om_coap_add_uint(struct om_coap_message *m, uint16_t number, uint32_t v); /* shortest form */

/* Octets of m into out. OM_EINPUT: an option did not fit. */
OM_MUST_USE om_rc om_coap_encode(enum om_coap_transport transport, const struct om_coap_message *m,
                                 struct om_secret *out, struct om_error *err);

/* The first option of that number, or NULL. */
const struct om_coap_option *om_coap_find(const struct om_coap_message *m, uint16_t number);

/* Its unsigned value (RFC 7252 §3.2). False when it is longer than 4 octets. */
bool om_coap_uint(const struct om_coap_option *o, uint32_t *v);

/* How long the message that begins here is in a stream; 0 while too few octets are there to tell. */
size_t om_coap_frame_size(const uint8_t *octets, size_t n);
#define OM_COAP_FRAME_HEAD 5 /* octets that always suffice to tell */

/* libcoap writes what it thinks of a message to our log, at debug level. Once per process. */
void om_coap_log(void);

#endif
