/* The query of a request, the same in HTTP and CoAP (spec/wire §5, §6): parameters as name and decoded value,
 * one after the other; lists are joined with '+'. */
#ifndef OPENMAF_CLIENT_QUERY_H
#define OPENMAF_CLIENT_QUERY_H

#include "onem2m/primitive.h"

/* Called for each parameter; a failure ends the walk. */
typedef om_rc query_visit(void *arg, const char *name, const char *value, struct om_error *err);

/* OM_EINPUT when a value cannot be carried: a member of a list has a '+', or it gets too long. */
OM_MUST_USE om_rc query_walk(const struct m2m_request *rq, query_visit *visit, void *arg,
                             struct om_error *err);

#endif
