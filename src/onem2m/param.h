/* Request parameters and filter criteria, one table row each (param.c, filter.c). Every binding ends here: a
 * query or a header gives text, a whole primitive gives a JSON value, and both come to the same setter.
 * Internal to this module. */
#ifndef OPENMAF_ONEM2M_PARAM_H
#define OPENMAF_ONEM2M_PARAM_H

#include "onem2m/primitive.h"
#include "onem2m/value.h"

/* How text becomes the JSON value that a whole primitive would carry. */
enum m2m_shape {
    M2M_SHAPE_NUMBER,
    M2M_SHAPE_TEXT,
    M2M_SHAPE_LIST,   /* joined with '+' */
    M2M_SHAPE_OBJECT, /* only in whole primitives */
};

enum m2m_place {
    M2M_IN_MESSAGE = 1, /* header, option, request line; member of a whole primitive */
    M2M_IN_QUERY = 2,   /* query component of HTTP and CoAP */
};

struct m2m_param {
    const char *name;
    enum m2m_shape shape;
    unsigned places; /* enum m2m_place */
    void (*set)(struct m2m_request *rq, const struct m2m_param *p, const json_t *v);
    size_t offset, size; /* of the member of struct m2m_request, for setters that serve several rows */
};

extern const struct m2m_param m2m_request_params[];  /* ends with a NULL name */
extern const struct m2m_param m2m_filter_criteria[]; /* members of fc, and query parameters; same end */

/* The row of that name, or NULL. */
const struct m2m_param *m2m_param_find(const struct m2m_param *table, const char *name);

/* Calls the setter unless the parameter was set before (4000). */
void m2m_param_set(struct m2m_request *rq, const struct m2m_param *p, const json_t *v);

/* Records "name: text of err" outside the content, with 4000, or with 5000 when memory was short. */
void m2m_param_bad(struct m2m_request *rq, const char *name, const struct om_error *err);

/* Setter of `fc`: an object of filter criteria. */
void m2m_filter_set(struct m2m_request *rq, const struct m2m_param *p, const json_t *v);

/* The criteria that differ from their defaults, as an object; NULL without memory. */
json_t *m2m_filter_to_tree(const struct m2m_filter *fc);

/* True for filter criteria and parameters that TS-0004 defines and a MAF has no use for. */
bool m2m_param_unsupported(const char *name);

#endif
