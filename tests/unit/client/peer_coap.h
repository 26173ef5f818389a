/* The scripted MAF over CoAP, between its two transports. */
#ifndef OPENMAF_TESTS_CLIENT_PEER_COAP_H
#define OPENMAF_TESTS_CLIENT_PEER_COAP_H

#include "coap/message.h"
#include "peer_internal.h"

/* What a session remembers between messages. */
struct coap_state {
    uint8_t body[65536]; /* of the request, as far as it has come */
    size_t len;
    struct om_coap_message head; /* of the response, without payload */
    uint8_t reply[2 * 65536];
    size_t reply_len;
};

/* Answers a request into out: everything but type and Message-ID. out points into s. False: an intermediate
 * answer to a block. */
bool peer_coap_answer(struct peer *peer, SSL *ssl, struct coap_state *s, const struct om_coap_message *m,
                      struct om_coap_message *out);

#endif
