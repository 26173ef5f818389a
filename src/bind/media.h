/* Media types of HTTP and CoAP bodies (TS-0009, TS-0008, spec/wire §5, §6) and their negotiation. One table
 * row per type; a new serialization is a new row with its two functions. */
#ifndef OPENMAF_BIND_MEDIA_H
#define OPENMAF_BIND_MEDIA_H

#include "onem2m/primitive.h"

#define MEDIA_NAME_MAX 80

struct media {
    const char *name;        /* type/subtype, lower case */
    uint16_t content_format; /* of CoAP */
    om_rc (*decode)(const void *body, size_t n, json_t **out, struct om_error *err);
    om_rc (*encode)(const json_t *tree, struct om_secret *out, struct om_error *err);
};

/* What is sent when the peer does not care. */
const struct media *media_default(void);

/* Of a CoAP Content-Format, or NULL. */
const struct media *media_of_content_format(uint32_t number);

struct media_content_type {
    const struct media *media; /* NULL: a type that is not served (4015) */
    char name[MEDIA_NAME_MAX]; /* type/subtype as sent, lower case */
    char ty[8];                /* value of parameter ty, "" when absent */
};

/* A Content-Type header. OM_EINPUT: malformed. A charset other than UTF-8 leaves media NULL. */
OM_MUST_USE om_rc media_content_type_parse(const char *value, struct media_content_type *out,
                                           struct om_error *err);

/* How much the peer likes each row so far; zero-initialise. */
#define MEDIA_ROWS_MAX 8
struct media_preference {
    bool given; /* there was an Accept header */
    struct {
        int q;           /* 0..1000 */
        int specificity; /* of the range that q came from: 0 none, 1 any, 2 type, 3 exact */
    } row[MEDIA_ROWS_MAX];
};

/* Adds one Accept header (RFC 9110 §12.5.1); several are one list. OM_EINPUT: malformed. */
OM_MUST_USE om_rc media_accept(struct media_preference *p, const char *value, struct om_error *err);

/* The best row, or NULL when none is acceptable (5207). */
const struct media *media_choose(const struct media_preference *p);

#endif
