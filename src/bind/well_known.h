/* What a server answers below /.well-known/ (RFC 8615) beside oneM2M: requests and answers that are no
 * primitives. The HTTPS binding carries octets and has checked framing, headers and Host; what they mean is
 * the business of whoever is registered here. */
#ifndef OPENMAF_BIND_WELL_KNOWN_H
#define OPENMAF_BIND_WELL_KNOWN_H

#include "maf/maf.h"

struct well_known_request {
    const char *method;       /* "GET", "POST", "PUT", "DELETE"; another has been refused */
    const char *path;         /* behind "/.well-known/<name>/", decoded; there was no query */
    const char *content_type; /* type/subtype in lower case; "" when there is none */
    bool authorization;       /* it has an Authorization header */
    const uint8_t *body;
    size_t n;
};

/* Zeroed before. */
struct well_known_answer {
    int status;                   /* of HTTP */
    const char *content_type;     /* of the body */
    const char *allow;            /* with 405; else NULL */
    const char *content_transfer; /* Content-Transfer-Encoding; else NULL */
    unsigned retry_after;         /* seconds; 0: not said */
    char *body;                   /* a text for free(); NULL: none */
};

struct well_known {
    const char *name; /* the first segment */
    /* Always leaves a complete answer. The session is authenticated and its credential still holds. */
    void (*answer)(void *arg, struct maf_session *session, const struct well_known_request *rq,
                   struct well_known_answer *out);
    void *arg;
};

/* An answer that is one line of text; when memory is short it has none. */
void well_known_text(struct well_known_answer *out, int status, const char *fmt, ...) OM_PRINTF(3, 4);

#endif
