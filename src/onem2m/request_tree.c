/* Whole request primitives (TS-0004 8.4): see primitive.h. */
#include "onem2m/param.h"

#include <string.h>

/* The content of a RETRIEVE is the list of attributes wanted: {"m2m:atrl": [...]}. */
static void take_attribute_list(struct m2m_request *rq)
{
    const json_t *list = json_object_get(rq->pc, WIRE_ATTRIBUTE_LIST);
    if (rq->op != M2M_OP_RETRIEVE || list == NULL)
        return;
    m2m_param_set(rq, m2m_param_find(m2m_request_params, WIRE_ATRL), list);
    json_decref(rq->pc);
    rq->pc = NULL;
}

static void check_whole(struct m2m_request *rq, const json_t *tree)
{
    if (json_object_get(tree, WIRE_OP) == NULL)
        m2m_request_bad(rq, M2M_BAD_REQUEST, false, "op: missing");
    else if (json_object_get(tree, WIRE_TO) == NULL)
        m2m_request_bad(rq, M2M_BAD_REQUEST, false, "to: missing");
    else if (rq->ty != 0 && rq->op != M2M_OP_CREATE)
        m2m_request_bad(rq, M2M_BAD_REQUEST, false, "ty: only allowed in CREATE");
}

void m2m_request_from_tree(const json_t *tree, struct m2m_request *rq)
{
    const char *name;
    json_t *v;
    if (!json_is_object(tree)) {
        m2m_request_bad(rq, M2M_BAD_REQUEST, false, "a primitive is one JSON object");
        return;
    }
    json_object_foreach((json_t *)tree, name, v)
    {
        const struct m2m_param *p = m2m_param_find(m2m_request_params, name);
        if (p != NULL && (p->places & M2M_IN_MESSAGE) != 0)
            m2m_param_set(rq, p, v);
        else
            m2m_request_bad(rq, M2M_NOT_IMPLEMENTED, false, "%.40s: not supported", name);
    }
    take_attribute_list(rq);
    check_whole(rq, tree);
}

static bool put(json_t *object, const char *name, json_t *v)
{
    return json_object_set_new(object, name, v) == 0;
}

static bool put_text(json_t *object, const char *name, bool present, const char *text)
{
    return !present || put(object, name, json_string(text));
}

static bool put_content(json_t *object, const struct m2m_request *rq)
{
    if (rq->has_atrl)
        return put(object, WIRE_PC, json_pack("{s:o}", WIRE_ATTRIBUTE_LIST, m2m_value_from_list(&rq->atrl)));
    return rq->pc == NULL || put(object, WIRE_PC, json_incref(rq->pc));
}

om_rc m2m_request_to_tree(const struct m2m_request *rq, json_t **out, struct om_error *err)
{
    json_t *o = json_object();
    bool ok = put(o, WIRE_OP, json_integer(rq->op)) && put(o, WIRE_TO, json_string(rq->to)) &&
              put_text(o, WIRE_FR, rq->has_from, rq->from) && put_text(o, WIRE_RQI, rq->has_rqi, rq->rqi) &&
              put_text(o, WIRE_RVI, rq->has_rvi, rq->rvi) &&
              (rq->ty == 0 || put(o, WIRE_TY, json_integer(rq->ty))) &&
              (rq->rcn < 0 || put(o, WIRE_RCN, json_integer(rq->rcn))) &&
              (rq->rt == 0 || put(o, WIRE_RT, json_pack("{s:i}", WIRE_RTV, rq->rt))) &&
              put_text(o, WIRE_OT, rq->ot[0] != '\0', rq->ot) &&
              put_text(o, WIRE_RQET, rq->rqet[0] != '\0', rq->rqet) &&
              put_text(o, WIRE_RSET, rq->rset[0] != '\0', rq->rset) &&
              (!rq->fc.present || put(o, WIRE_FC, m2m_filter_to_tree(&rq->fc))) && put_content(o, rq);
    *out = ok ? o : NULL;
    if (!ok)
        json_decref(o);
    return ok ? OM_OK : om_fail(err, OM_ENOMEM, "no memory for a request");
}
