/* A request while it is being read: what https_headers.c and https_request.c share. */
#ifndef OPENMAF_BIND_HTTPS_READING_H
#define OPENMAF_BIND_HTTPS_READING_H

#include "bind/https_internal.h"

/* Headers that matter, each at most once. */
enum https_header {
    H_HOST,
    H_CONTENT_TYPE,
    H_CONTENT_LENGTH,
    H_TRANSFER_ENCODING,
    H_CONTENT_ENCODING,
    H_EXPECT,
    H_ORIGIN,
    H_RI,
    H_RVI,
    H_OT,
    H_RET,
    H_RST,
    H_OTHERS,
};

struct reading {
    struct evhttp_request *req;
    const struct https_options *opt;
    struct m2m_request *rq;
    struct https_exchange *ex;
    const char *value[H_OTHERS]; /* of each header, NULL when absent */
    struct media_preference accept;
    char authority[M2M_FQDN_SIZE + 8]; /* of a request target in absolute form */
};

/* Records "what: why" with 4000, outside the content. */
void https_bad(struct reading *r, const char *what, const char *why);

void https_read_headers(struct reading *r);
/* Where the end of the request could be read in two ways, the connection is closed (RFC 9112 §6.3). */
void https_check_framing(struct reading *r);
/* MAF-GEN-4: the MAF-FQDN travels in Host too. A name of another MAF makes To point there, so that the
 * procedures refuse it at their place; an address instead of a name says nothing. */
void https_check_host(struct reading *r);

#endif
