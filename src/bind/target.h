/* Request targets (RFC 9112 §3.2): the path back to a To (TS-0009, spec/wire §5) and the query to parameters;
 * and what the CoAP binding needs of it.
 */
#ifndef OPENMAF_BIND_TARGET_H
#define OPENMAF_BIND_TARGET_H

#include "onem2m/primitive.h"

/* `uri` as it stood in the request line: origin form or absolute form. Writes To and query parameters into
 * rq; what is wrong goes to m2m_request_bad. `authority` (cap octets) gets host[:port] of an absolute form,
 * else "". */
void target_parse(const char *uri, struct m2m_request *rq, char *authority, size_t cap);

/* A path whose octets are what they seem: "/x" -> "x", "/~/x" -> "/x", "/_/h/x" -> "//h/x", into To. It
 * begins with
 * '/'. */
void target_set_path(const char *path, struct m2m_request *rq);

/* MAF-GEN-4: the MAF-FQDN travels beside the path too. Any folded name that is not this MAF's makes To point
 * there, so that the procedures refuse it at their place; a numeric address or "localhost" instead of a name
 * says nothing. names may be NULL, host "": not compared. */
void target_check_host(const char *const *names, const char *host, struct m2m_request *rq);

/* The path under which an absolute To "//host/x" is reached: "/_/host/x". OM_EINPUT when it does not fit. */
OM_MUST_USE om_rc target_from_to(const char *to, char *out, size_t cap, struct om_error *err);

#endif
