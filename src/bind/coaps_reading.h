/* A CoAP request while it is being read. */
#ifndef OPENMAF_BIND_COAPS_READING_H
#define OPENMAF_BIND_COAPS_READING_H

#include "bind/coaps_internal.h"

struct coaps_reading {
    const struct coaps *coaps;
    const struct om_coap_message *message;
    struct m2m_request *rq;
    char path[M2M_TO_SIZE];   /* "/segment/segment" */
    char host[M2M_FQDN_SIZE]; /* Uri-Host, folded; "" when absent */
    const struct om_coap_option *content_format, *accept;
};

/* Records "what: why" with 4000, outside the content. */
void coaps_bad(struct coaps_reading *r, const char *what, const char *why);

/* All options, each checked once for what follows. */
void coaps_read_options(struct coaps_reading *r);

#endif
