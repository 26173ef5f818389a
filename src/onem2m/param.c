/* The request parameters of TS-0004 that a MAF takes (spec/wire §4): see param.h. */
#include "onem2m/param.h"

#include "util/text.h"

#include <stdio.h>
#include <string.h>

#define MEMBER(m) offsetof(struct m2m_request, m), sizeof(((struct m2m_request *)0)->m)
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

void m2m_param_bad(struct m2m_request *rq, const char *name, const struct om_error *err)
{
    m2m_request_bad(rq, err->rc == OM_ENOMEM ? M2M_INTERNAL_SERVER_ERROR : M2M_BAD_REQUEST, false, "%s: %s",
                    name, err->text);
}

/* Texts: plain, and short enough for their member. */
static bool set_text(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    struct om_error err = {0};
    const char *s;
    if (m2m_value_text(v, &s, &err) != OM_OK) {
        m2m_param_bad(rq, p->name, &err);
        return false;
    }
    if (!m2m_is_plain_text(s, p->size - 1)) {
        m2m_request_bad(rq, M2M_BAD_REQUEST, false, "%s: 1 to %zu octets of UTF-8 without control characters",
                        p->name, p->size - 1);
        return false;
    }
    return om_copy_text((char *)rq + p->offset, p->size, s, NULL) == OM_OK;
}

static void set_to(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    (void)set_text(rq, p, v);
}

static void set_from(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    rq->has_from = set_text(rq, p, v);
}

static void set_rqi(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    rq->has_rqi = set_text(rq, p, v);
}

static void set_rvi(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    rq->has_rvi = set_text(rq, p, v);
}

static void set_origin_time(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    struct om_error err = {0};
    int64_t t;
    if (set_text(rq, p, v) && m2m_timestamp_parse(rq->ot, &t, &err) != OM_OK)
        m2m_param_bad(rq, p->name, &err);
}

/* rqet, rset: a timestamp, or milliseconds as an integer or as its digits. */
static void set_deadline(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    struct om_error err = {0};
    int64_t t;
    char *member = (char *)rq + p->offset;
    if (json_is_integer(v))
        (void)snprintf(member, p->size, "%lld", (long long)json_integer_value(v));
    else if (!set_text(rq, p, v))
        return;
    if (m2m_deadline_parse(member, 0, &t, &err) != OM_OK)
        m2m_param_bad(rq, p->name, &err);
}

static bool get_number(struct m2m_request *rq, const struct m2m_param *p, const json_t *v, int min, int max,
                       int *out)
{
    struct om_error err = {0};
    int64_t n;
    if (m2m_value_integer(v, min, max, &n, &err) != OM_OK) {
        m2m_param_bad(rq, p->name, &err);
        return false;
    }
    *out = (int)n;
    return true;
}

static void set_operation(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    (void)get_number(rq, p, v, M2M_OP_CREATE, M2M_OP_NOTIFY, &rq->op);
}

static void set_type(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    (void)get_number(rq, p, v, 1, 65535, &rq->ty);
}

/* Which values an operation allows is checked by the procedures. */
static void set_result_content(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    (void)get_number(rq, p, v, 0, 65535, &rq->rcn);
}

/* A number, or in whole primitives m2m:responseTypeInfo {"rtv": number}. Only blockingRequest is served. */
static void set_response_type(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    int rt = 0;
    if (json_is_object(v) && json_object_size(v) == 1 && json_object_get(v, WIRE_RTV) != NULL)
        v = json_object_get(v, WIRE_RTV);
    else if (json_is_object(v)) {
        m2m_request_bad(rq, M2M_NOT_IMPLEMENTED, false, "rt: only {\"rtv\": 3} is supported");
        return;
    }
    if (!get_number(rq, p, v, 1, 5, &rt))
        return;
    rq->rt = rt;
    if (rt == 1)
        m2m_request_bad(rq, M2M_NON_BLOCKING_SYNCH_REQUEST_NOT_SUPPORTED, false,
                        "rt: only blocking requests (3) are served");
    else if (rt != 3)
        m2m_request_bad(rq, M2M_NOT_IMPLEMENTED, false, "rt: only blocking requests (3) are served");
}

/* Desired identifier result type: a MAF lists unstructured resource identifiers (2) and no other. */
static void set_identifier_type(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    int drt = 0;
    if (get_number(rq, p, v, 1, 2, &drt) && drt != 2)
        m2m_request_bad(rq, M2M_NOT_IMPLEMENTED, false,
                        "drt: only unstructured identifiers (2) are supported");
}

/* Short names are a few letters and digits; whether the resource has them is checked by the procedures. */
static bool is_short_name(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    return n > 0 && n <= 16 && s[n] == '\0';
}

static void set_attribute_list(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    struct om_error err = {0};
    rq->has_atrl = true;
    if (m2m_value_list(v, M2M_LIST_MAX, is_short_name, "a short name", &rq->atrl, &err) != OM_OK)
        m2m_param_bad(rq, p->name, &err);
}

static void set_content(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    if (!json_is_object(v) || json_object_size(v) != 1) {
        m2m_request_bad(rq, M2M_BAD_REQUEST, true, "%s: an object with exactly one member is expected",
                        p->name);
        return;
    }
    rq->pc = json_incref((json_t *)v);
}

/* clang-format off */
const struct m2m_param m2m_request_params[] = {
    {WIRE_OP,   M2M_SHAPE_NUMBER, M2M_IN_MESSAGE, set_operation,       MEMBER(op)},
    {WIRE_TO,   M2M_SHAPE_TEXT,   M2M_IN_MESSAGE, set_to,              MEMBER(to)},
    {WIRE_FR,   M2M_SHAPE_TEXT,   M2M_IN_MESSAGE, set_from,            MEMBER(from)},
    {WIRE_RQI,  M2M_SHAPE_TEXT,   M2M_IN_MESSAGE, set_rqi,             MEMBER(rqi)},
    {WIRE_RVI,  M2M_SHAPE_TEXT,   M2M_IN_MESSAGE, set_rvi,             MEMBER(rvi)},
    {WIRE_TY,   M2M_SHAPE_NUMBER, M2M_IN_MESSAGE, set_type,            MEMBER(ty)},
    {WIRE_OT,   M2M_SHAPE_TEXT,   M2M_IN_MESSAGE, set_origin_time,     MEMBER(ot)},
    {WIRE_RQET, M2M_SHAPE_TEXT,   M2M_IN_MESSAGE, set_deadline,        MEMBER(rqet)},
    {WIRE_RSET, M2M_SHAPE_TEXT,   M2M_IN_MESSAGE, set_deadline,        MEMBER(rset)},
    {WIRE_FC,   M2M_SHAPE_OBJECT, M2M_IN_MESSAGE, m2m_filter_set,      MEMBER(fc)},
    {WIRE_PC,   M2M_SHAPE_OBJECT, M2M_IN_MESSAGE, set_content,         0, 0},
    {WIRE_RCN,  M2M_SHAPE_NUMBER, M2M_IN_MESSAGE | M2M_IN_QUERY, set_result_content,  MEMBER(rcn)},
    {WIRE_RT,   M2M_SHAPE_NUMBER, M2M_IN_MESSAGE | M2M_IN_QUERY, set_response_type,   MEMBER(rt)},
    {WIRE_DRT,  M2M_SHAPE_NUMBER, M2M_IN_MESSAGE | M2M_IN_QUERY, set_identifier_type, 0, 0},
    {WIRE_ATRL, M2M_SHAPE_LIST,   M2M_IN_QUERY,   set_attribute_list,  MEMBER(atrl)},
    {NULL,   M2M_SHAPE_TEXT,   0,              NULL,                0, 0},
};
/* clang-format on */

#define CRITERIA_SHIFT 16
_Static_assert(LENGTH(m2m_request_params) <= CRITERIA_SHIFT, "bits of the request's seen");

/* Each row's bit in m2m_request.seen. */
static unsigned seen_bit(const struct m2m_param *p)
{
    for (unsigned i = 0; i < LENGTH(m2m_request_params); i++)
        if (p == &m2m_request_params[i])
            return 1u << i;
    return 1u << (CRITERIA_SHIFT + (p - m2m_filter_criteria));
}

const struct m2m_param *m2m_param_find(const struct m2m_param *table, const char *name)
{
    for (; table->name != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

void m2m_param_set(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    if ((rq->seen & seen_bit(p)) != 0) {
        m2m_request_bad(rq, M2M_BAD_REQUEST, false, "%s: given twice", p->name);
        return;
    }
    rq->seen |= seen_bit(p);
    p->set(rq, p, v);
}

bool m2m_param_unsupported(const char *name)
{
    static const char *const names[] = {"rp",  "lvl", "sts", "stb", "sza", "szb",  "cty",
                                        "atr", "smf", "cfs", "cfq", "arp", "chty", "pty",
                                        "ops", "oet", "ec",  "gid", "da",  "tkns", "vsi"};
    for (size_t i = 0; i < LENGTH(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}
