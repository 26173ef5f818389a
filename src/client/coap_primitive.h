/* Primitives as CoAP messages (TS-0008, spec/wire §6), the client's half: everything but tokens, blocks and
 * payload. */
#ifndef OPENMAF_CLIENT_COAP_PRIMITIVE_H
#define OPENMAF_CLIENT_COAP_PRIMITIVE_H

#include "client/attempt.h"
#include "coap/message.h"

/* Makes m the request of the attempt, without payload. OM_EINPUT: an option cannot hold its value. */
OM_MUST_USE om_rc coap_primitive_request(const struct attempt *attempt, const uint8_t *token,
                                         size_t token_len, struct om_coap_message *m, struct om_error *err);

/* What a response says beside its payload. */
struct coap_outcome {
    int rsc;
    const struct format *format; /* of the payload; NULL: none of ours */
};

/* OM_EINTEGRITY: not a response to this request. OM_ETRANSIENT: the server is overloaded and no more. A
 * response without oneM2M-RSC counts with the status that its code stands for (TS-0008 6.3.2). */
OM_MUST_USE om_rc coap_primitive_outcome(const struct attempt *attempt, const struct om_coap_message *m,
                                         struct coap_outcome *out, struct om_error *err);

#endif
