/* Request targets (RFC 9112 §3.2): the path back to a To (TS-0009, spec/wire §5) and the query to parameters.
 */
#ifndef OPENMAF_BIND_TARGET_H
#define OPENMAF_BIND_TARGET_H

#include "onem2m/primitive.h"

/* `uri` as it stood in the request line: origin form or absolute form. Writes To and query parameters into
 * rq; what is wrong goes to m2m_request_bad. `authority` (cap octets) gets host[:port] of an absolute form,
 * else "". */
void target_parse(const char *uri, struct m2m_request *rq, char *authority, size_t cap);

/* The path under which an absolute To "//host/x" is reached: "/_/host/x". OM_EINPUT when it does not fit. */
OM_MUST_USE om_rc target_from_to(const char *to, char *out, size_t cap, struct om_error *err);

#endif
