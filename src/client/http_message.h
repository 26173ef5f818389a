/* Primitives as HTTP messages (TS-0009, spec/wire §5), the client's half: request line, headers and body of a
 * request; response primitive from what evhttp received. */
#ifndef OPENMAF_CLIENT_HTTP_MESSAGE_H
#define OPENMAF_CLIENT_HTTP_MESSAGE_H

#include "client/format.h"

#include <event2/http.h>

#define HTTP_TARGET_SIZE 8192

/* Path and query. OM_EINPUT as query_walk, and when it gets too long. */
OM_MUST_USE om_rc http_target(const struct m2m_request *rq, char out[HTTP_TARGET_SIZE], struct om_error *err);

enum evhttp_cmd_type http_method(const struct m2m_request *rq);

/* Headers for rq, with content in `format`; `host` is MAF-FQDN. The body, if any, is `body`, which must
 * outlive the exchange: it is referenced, not copied, so that a Key Value is not left behind in buffers. */
OM_MUST_USE om_rc http_request_fill(struct evhttp_request *message, const struct m2m_request *rq,
                                    const char *host, const struct format *format,
                                    const struct om_secret *body, struct om_error *err);

/* The response primitive. Wipes the received body. OM_EINTEGRITY: not a response to rq. */
OM_MUST_USE om_rc http_response_read(struct evhttp_request *message, const struct m2m_request *rq,
                                     struct m2m_response *rs, struct om_error *err);

#endif
