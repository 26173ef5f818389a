/* Request and response primitives (TS-0004 clauses 6.4, 7): what every binding produces and consumes. */
#ifndef OPENMAF_ONEM2M_PRIMITIVE_H
#define OPENMAF_ONEM2M_PRIMITIVE_H

#include "onem2m/resource.h"
#include "onem2m/wire_names.h"

enum m2m_operation {
    M2M_OP_CREATE = 1,
    M2M_OP_RETRIEVE = 2,
    M2M_OP_UPDATE = 3,
    M2M_OP_DELETE = 4,
    M2M_OP_NOTIFY = 5
};

enum m2m_format { M2M_FORMAT_JSON, M2M_FORMAT_CBOR };

#define M2M_RQI_MAX  128 /* octets of a Request Identifier */
#define M2M_RQI_SIZE (M2M_RQI_MAX + 1)
#define M2M_TO_SIZE  512

/* Filter Criteria (discovery). Times are seconds; a bound that is absent is INT64_MIN. */
struct m2m_filter {
    bool present;   /* any criterion was given */
    bool discovery; /* fu = 1 */
    struct m2m_list lbl;
    int ty; /* 0: any */
    int fo; /* 1 AND (default), 2 OR */
    int64_t crb, cra, ms, us, exb, exa;
    int64_t lim, ofst; /* -1: absent */
};

/* A request as a binding hands it to the procedures. Zero-initialise with m2m_request_init. Texts are bounded
 * and free of control characters; whether they mean anything is checked by the procedures, in the order of
 * MAF-GEN-12. */
struct m2m_request {
    int op;               /* enum m2m_operation; 0 when absent or unknown */
    char to[M2M_TO_SIZE]; /* as sent: "//fqdn/-/x", "-", "maf/x", "x" */
    bool has_from;
    char from[M2M_ID_SIZE];
    bool has_rqi;
    char rqi[M2M_RQI_SIZE];
    bool has_rvi;
    char rvi[8];
    int ty;        /* 0: absent */
    int rcn;       /* -1: absent */
    int rt;        /* Response Type: 0 absent, 3 blocking */
    char rqet[32]; /* "" when absent; syntax checked, see m2m_deadline_parse */
    char rset[32];
    char ot[32];
    struct m2m_filter fc;
    bool has_atrl;
    struct m2m_list atrl; /* attribute list of a partial retrieve */
    json_t *pc;           /* content, owned; NULL when absent */
    int syntax_rsc; /* not 0: the request or its content could not be parsed; reported at the right place */
    bool syntax_in_content; /* true: report at the content stage; false: before anything else */
    char syntax_text[200];  /* one line */
    unsigned seen;          /* parameters met so far, to refuse a second one; see param.h */
};

void m2m_request_init(struct m2m_request *rq);
/* Frees content and lists. Content is wiped by the allocator that the program gave to jansson
 * (om_wiping_free). */
void m2m_request_free(struct m2m_request *rq);

/* Records the first syntax error of a request (later ones are ignored). in_content as above. */
void m2m_request_bad(struct m2m_request *rq, int rsc, bool in_content, const char *fmt, ...) OM_PRINTF(4, 5);

struct m2m_response {
    int rsc;
    bool has_rqi;
    char rqi[M2M_RQI_SIZE];
    char rvi[8]; /* "" when unknown */
    json_t *pc;  /* owned; NULL: no content */
    char
        location[M2M_TO_SIZE]; /* of a created resource, absolute; "" when content does not include the URI */
};

void m2m_response_init(struct m2m_response *rs);
void m2m_response_free(struct m2m_response *rs);

/* Makes rs an error with one line of text as {"m2m:dbg": text}; content it had is freed. */
void m2m_response_error(struct m2m_response *rs, int rsc, const char *fmt, ...) OM_PRINTF(3, 4);

#define M2M_JSON_MAX   (128 * 1024) /* octets of one JSON text: 256 targets and 32 labels fit */
#define M2M_JSON_DEPTH 16           /* levels of nesting */

/* Parses one JSON text strictly (UTF-8, no duplicate names, no NUL, no trailing data, the limits above).
 * OM_EINPUT; the text never quotes the input. */
OM_MUST_USE om_rc m2m_json_parse(const void *text, size_t n, json_t **out, struct om_error *err);

/* Serialises compactly into a secret (it may carry a Key Value). */
OM_MUST_USE om_rc m2m_json_print(const json_t *tree, struct om_secret *out, struct om_error *err);

/* One query parameter name=value (decoded) of the HTTP or CoAP binding into rq: rcn, rt, drt, atrl, and the
 * filter criteria fu, lbl, ty, fo, lim, ofst, crb, cra, ms, us, exb, exa. Lists are joined with '+' (HTTP: a
 * literal plus in the query, or a space once decoded). Bad value, unknown name or a name given twice ->
 * m2m_request_bad with 4000; known but unsupported (rp, lvl, ...) -> 5001; rt 1 -> 5206. */
void m2m_request_query(struct m2m_request *rq, const char *name, const char *value);

/* One request parameter outside the query, by its short name, from text: what a binding carries in headers,
 * options or the request line (fr, rqi, rvi, ot, rqet, rset, to, op, ty). Errors as for m2m_request_query. */
void m2m_request_param(struct m2m_request *rq, const char *name, const char *value);

/* Whole primitives (WebSocket frames, preq and prsp bodies), as the bare JSON object of TS-0004 8.4. */

/* Server: reads a request into rq, which m2m_request_init made. Defects go to m2m_request_bad; what can be
 * read is read, so that the error response carries rqi and rvi. `pc` keeps a reference into tree. An
 * attribute list in the content of a RETRIEVE becomes rq->atrl. */
void m2m_request_from_tree(const json_t *tree, struct m2m_request *rq);

/* Client: *out is a new reference. OM_ENOMEM. */
OM_MUST_USE om_rc m2m_request_to_tree(const struct m2m_request *rq, json_t **out, struct om_error *err);

/* Server: *out is a new reference. OM_ENOMEM. */
OM_MUST_USE om_rc m2m_response_to_tree(const struct m2m_response *rs, json_t **out, struct om_error *err);

/* Client: reads a response into rs, which m2m_response_init made. Members it does not know are ignored.
 * OM_EINPUT. */
OM_MUST_USE om_rc m2m_response_from_tree(const json_t *tree, struct m2m_response *rs, struct om_error *err);

/* Where a To points, after its many forms are reduced (spec/wire §3, §5). */
struct m2m_address {
    bool absolute; /* it named an FQDN */
    char fqdn[M2M_FQDN_SIZE];
    size_t depth; /* 0: base; 1: base/name; 2: base/name/sub */
    char name[M2M_RELATIVE_SIZE];
    char sub[M2M_RELATIVE_SIZE];
};

/* "//fqdn/-[/name[/sub]]", "-[/name]", "<base>[/name]", "<ri>"; base is the resource name of the server's
 * base, as WIRE_MAF_BASE_NAME. OM_ENOTFOUND when it is none of these. */
OM_MUST_USE om_rc m2m_address_parse(const char *to, const char *base, struct m2m_address *out,
                                    struct om_error *err);

#endif
