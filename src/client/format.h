/* The two serializations of content and of whole primitives, JSON and CBOR: how each is written and read, and
 * what each binding calls it (spec/wire §4 to §7). */
#ifndef OPENMAF_CLIENT_FORMAT_H
#define OPENMAF_CLIENT_FORMAT_H

#include "onem2m/primitive.h"

struct format {
    const char *name; /* in maf.conf */
    om_rc (*parse)(const void *octets, size_t n, json_t **out, struct om_error *err);
    om_rc (*print)(const json_t *tree, struct om_secret *out, struct om_error *err);
    const char *media_type;    /* of content, as sent */
    const char *media_plain;   /* the general type, understood as well */
    unsigned coap, coap_plain; /* the same two as CoAP Content-Formats */
    const char *subprotocol;   /* of WebSocket */
    bool binary;               /* its kind of frame */
};

extern const struct format formats[2]; /* by enum m2m_format */

/* The format of a name, of a media type (parameters are ignored), of a Content-Format; NULL: none of ours. */
const struct format *format_named(const char *name);
const struct format *format_of_media_type(const char *type);
const struct format *format_of_coap(unsigned content_format);

/* Reads the body of a response to `good` or bad end into *pc. A body that is missing stays NULL; one that
 * cannot be read (`format` is NULL, or it is malformed) is OM_EINTEGRITY in a good response, and ignored in a
 * bad one: an error needs no readable body. */
OM_MUST_USE om_rc format_read_body(const struct format *format, const struct om_secret *body, bool good,
                                   json_t **pc, struct om_error *err);

#endif
