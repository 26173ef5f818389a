/* Filter Criteria of a discovery (TS-0004 7.3.3.14, spec/wire §3): see param.h. */
#include "onem2m/param.h"

#include <string.h>

#define MEMBER(m) offsetof(struct m2m_request, fc.m), sizeof(((struct m2m_request *)0)->fc.m)

static bool get_number(struct m2m_request *rq, const struct m2m_param *p, const json_t *v, int64_t min,
                       int64_t max, int64_t *n)
{
    struct om_error err = {0};
    bool ok = m2m_value_integer(v, min, max, n, &err) == OM_OK;
    if (!ok)
        m2m_param_bad(rq, p->name, &err);
    return ok;
}

static void set_usage(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    int64_t fu;
    if (!get_number(rq, p, v, 1, 5, &fu))
        return;
    if (fu == 1)
        rq->fc.discovery = true;
    else
        m2m_request_bad(rq, M2M_NOT_IMPLEMENTED, false, "fu: only discovery (1) is supported");
}

static void set_operation(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    int64_t fo;
    if (!get_number(rq, p, v, 1, 3, &fo))
        return;
    if (fo == 3)
        m2m_request_bad(rq, M2M_NOT_IMPLEMENTED, false, "fo: only AND (1) and OR (2) are supported");
    else
        rq->fc.fo = (int)fo;
}

static void set_labels(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    struct om_error err = {0};
    if (m2m_value_list(v, M2M_LIST_MAX, m2m_is_label, "a label", &rq->fc.lbl, &err) != OM_OK)
        m2m_param_bad(rq, p->name, &err);
}

/* Newer releases give a list of types; a list of one means the same as a number. */
static void set_type(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    int64_t ty;
    if (json_is_array(v) && json_array_size(v) == 1)
        v = json_array_get(v, 0);
    else if (json_is_array(v) && json_array_size(v) > 1) {
        m2m_request_bad(rq, M2M_NOT_IMPLEMENTED, false, "ty: only one resource type is supported");
        return;
    }
    if (get_number(rq, p, v, 1, 65535, &ty))
        rq->fc.ty = (int)ty;
}

static void set_count(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    int64_t *member = (int64_t *)(void *)((char *)rq + p->offset);
    int64_t n;
    if (get_number(rq, p, v, p->offset == offsetof(struct m2m_request, fc.lim) ? 1 : 0, INT32_MAX, &n))
        *member = n;
}

static void set_bound(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    int64_t *member = (int64_t *)(void *)((char *)rq + p->offset);
    struct om_error err = {0};
    const char *s;
    int64_t t;
    if (m2m_value_text(v, &s, &err) == OM_OK && m2m_timestamp_parse(s, &t, &err) == OM_OK)
        *member = t;
    else
        m2m_param_bad(rq, p->name, &err);
}

/* clang-format off */
const struct m2m_param m2m_filter_criteria[] = {
    {WIRE_FU,   M2M_SHAPE_NUMBER, M2M_IN_QUERY, set_usage,     MEMBER(discovery)},
    {WIRE_LBL,  M2M_SHAPE_LIST,   M2M_IN_QUERY, set_labels,    MEMBER(lbl)},
    {WIRE_TY,   M2M_SHAPE_NUMBER, M2M_IN_QUERY, set_type,      MEMBER(ty)},
    {WIRE_FO,   M2M_SHAPE_NUMBER, M2M_IN_QUERY, set_operation, MEMBER(fo)},
    {WIRE_LIM,  M2M_SHAPE_NUMBER, M2M_IN_QUERY, set_count,     MEMBER(lim)},
    {WIRE_OFST, M2M_SHAPE_NUMBER, M2M_IN_QUERY, set_count,     MEMBER(ofst)},
    {WIRE_CRB,  M2M_SHAPE_TEXT,   M2M_IN_QUERY, set_bound,     MEMBER(crb)},
    {WIRE_CRA,  M2M_SHAPE_TEXT,   M2M_IN_QUERY, set_bound,     MEMBER(cra)},
    {WIRE_MS,   M2M_SHAPE_TEXT,   M2M_IN_QUERY, set_bound,     MEMBER(ms)},
    {WIRE_US,   M2M_SHAPE_TEXT,   M2M_IN_QUERY, set_bound,     MEMBER(us)},
    {WIRE_EXB,  M2M_SHAPE_TEXT,   M2M_IN_QUERY, set_bound,     MEMBER(exb)},
    {WIRE_EXA,  M2M_SHAPE_TEXT,   M2M_IN_QUERY, set_bound,     MEMBER(exa)},
    {NULL,   M2M_SHAPE_TEXT,   0,            NULL,          0, 0},
};
/* clang-format on */

void m2m_filter_set(struct m2m_request *rq, const struct m2m_param *p, const json_t *v)
{
    const char *name;
    json_t *member;
    if (!json_is_object(v)) {
        m2m_request_bad(rq, M2M_BAD_REQUEST, false, "%s: an object is expected", p->name);
        return;
    }
    rq->fc.present = json_object_size(v) > 0;
    json_object_foreach((json_t *)v, name, member)
    {
        const struct m2m_param *criterion = m2m_param_find(m2m_filter_criteria, name);
        if (criterion != NULL)
            m2m_param_set(rq, criterion, member);
        else if (m2m_param_unsupported(name))
            m2m_request_bad(rq, M2M_NOT_IMPLEMENTED, false, "fc: %.40s is not supported", name);
        else
            m2m_request_bad(rq, M2M_BAD_REQUEST, false, "fc: %.40s is not a filter criterion", name);
    }
}

static bool put(json_t *object, const char *name, json_t *v)
{
    return json_object_set_new(object, name, v) == 0;
}

/* The int64_t criteria: counts and bounds. */
static bool put_number_or_time(json_t *tree, const struct m2m_filter *fc, const struct m2m_param *p)
{
    const char *base = (const char *)fc - offsetof(struct m2m_request, fc);
    int64_t n = *(const int64_t *)(const void *)(base + p->offset);
    if (p->set == set_count)
        return n < 0 || put(tree, p->name, json_integer(n));
    char text[M2M_TIMESTAMP_SIZE];
    m2m_timestamp_format(text, n);
    return n == INT64_MIN || put(tree, p->name, json_string(text));
}

json_t *m2m_filter_to_tree(const struct m2m_filter *fc)
{
    json_t *tree = json_object();
    bool ok = (!fc->discovery || put(tree, WIRE_FU, json_integer(1))) &&
              (fc->lbl.n == 0 || put(tree, WIRE_LBL, m2m_value_from_list(&fc->lbl))) &&
              (fc->ty == 0 || put(tree, WIRE_TY, json_integer(fc->ty))) &&
              (fc->fo != 2 || put(tree, WIRE_FO, json_integer(2)));
    for (const struct m2m_param *p = m2m_filter_criteria; ok && p->name != NULL; p++)
        if (p->set == set_count || p->set == set_bound)
            ok = put_number_or_time(tree, fc, p);
    if (ok)
        return tree;
    json_decref(tree);
    return NULL;
}
