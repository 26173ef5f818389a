/* One WebSocket message: a whole primitive in, a whole primitive out (TS-0020, spec/wire §4, §7). */
#ifndef OPENMAF_BIND_WSS_PRIMITIVE_H
#define OPENMAF_BIND_WSS_PRIMITIVE_H

#include "onem2m/primitive.h"

/* A subprotocol: how primitives are serialized, and in which kind of frame they travel. */
struct wss_subprotocol {
    const char *name; /* case-sensitive */
    bool binary;      /* binary frames; else text */
    om_rc (*decode)(const void *octets, size_t n, json_t **out, struct om_error *err);
    om_rc (*encode)(const json_t *tree, struct om_secret *out, struct om_error *err);
};

/* The subprotocol with this name of n octets; NULL: none that is served. */
const struct wss_subprotocol *wss_subprotocol_find(const char *name, size_t n);

/* Carries out a request; leaves a complete response. */
typedef void (*wss_handler)(void *arg, const struct m2m_request *rq, struct m2m_response *rs);

/* Reads a message of n octets, has it handled and writes the response. What cannot be read is answered here,
 * with 4000: with its rqi as soon as the message is an object that has one. OM_ENOMEM, OM_EINTERNAL: there is
 * no response. */
OM_MUST_USE om_rc wss_answer(const struct wss_subprotocol *protocol, const void *octets, size_t n,
                             wss_handler handle, void *arg, struct om_secret *out, struct om_error *err);

#endif
