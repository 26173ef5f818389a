/* One oneM2M request and its response as a sequence of CoAP requests and responses: bodies in blocks both
 * ways (RFC 7959), tokens, and the response put together. Knows nothing of sockets. */
#ifndef OPENMAF_CLIENT_COAP_EXCHANGE_H
#define OPENMAF_CLIENT_COAP_EXCHANGE_H

#include "client/coap_primitive.h"

#define COAP_TOKEN_SIZE 8 /* random octets */

struct coap_exchange {
    struct attempt *attempt;
    uint8_t token[COAP_TOKEN_SIZE]; /* of the CoAP request that is out */
    /* request body: `offset` octets of it have arrived, `part` more are out */
    size_t offset, part;
    bool blocks;
    unsigned szx;
    /* response body */
    bool fetching; /* the response has begun */
    struct om_secret content;
    size_t content_len;
    unsigned content_szx;
    int rsc; /* of its first block */
};

void coap_exchange_init(struct coap_exchange *x, struct attempt *attempt);
void coap_exchange_free(struct coap_exchange *x);

/* Writes the next CoAP request, under a new token, of at most message_max octets in this transport. Its
 * payload points into the attempt. */
OM_MUST_USE om_rc coap_exchange_next(struct coap_exchange *x, enum om_coap_transport transport,
                                     size_t message_max, struct om_coap_message *m, struct om_error *err);

/* Is m, which is a response, one to the request that is out? */
bool coap_exchange_expects(const struct coap_exchange *x, const struct om_coap_message *m);

/* Takes it. *complete: the attempt's response is there; else coap_exchange_next is to be called. */
OM_MUST_USE om_rc coap_exchange_take(struct coap_exchange *x, const struct om_coap_message *m, bool *complete,
                                     struct om_error *err);

#endif
