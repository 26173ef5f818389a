/* One attempt over CoAP, with its message layer: over DTLS (coap_dtls.c, RFC 7252 §4) and over TLS
 * (coap_tls.c, RFC 8323 §3 and §5). */
#ifndef OPENMAF_CLIENT_COAP_CALL_H
#define OPENMAF_CLIENT_COAP_CALL_H

#include "client/attempt.h"
#include "coap/message.h"

/* attempt_call. Over DTLS a request has reached the MAF once it was sent, over TLS once TCP is connected. */
OM_MUST_USE om_rc coap_dtls_call(struct attempt *attempt, struct om_error *err);
OM_MUST_USE om_rc coap_tls_call(struct attempt *attempt, struct om_error *err);

/* om_coap_parse without a word of libcoap on the process's stderr. */
OM_MUST_USE om_rc coap_parse_quietly(enum om_coap_transport transport, const void *octets, size_t n,
                                     struct om_coap_message *out, struct om_error *err);

#endif
