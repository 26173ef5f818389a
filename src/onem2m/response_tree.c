/* Whole response primitives (TS-0004 8.4): see primitive.h. */
#include "onem2m/value.h"

#include "onem2m/primitive.h"
#include "util/text.h"

static bool put(json_t *object, const char *name, json_t *v)
{
    return json_object_set_new(object, name, v) == 0;
}

om_rc m2m_response_to_tree(const struct m2m_response *rs, json_t **out, struct om_error *err)
{
    json_t *o = json_object();
    bool ok = put(o, WIRE_RSC, json_integer(rs->rsc)) &&
              (!rs->has_rqi || put(o, WIRE_RQI, json_string(rs->rqi))) &&
              (rs->rvi[0] == '\0' || put(o, WIRE_RVI, json_string(rs->rvi))) &&
              (rs->pc == NULL || put(o, WIRE_PC, json_incref(rs->pc)));
    *out = ok ? o : NULL;
    if (!ok)
        json_decref(o);
    return ok ? OM_OK : om_fail(err, OM_ENOMEM, "no memory for a response");
}

/* Member `name` into text of `size` octets, when it is there. */
static om_rc take_text(const json_t *tree, const char *name, char *text, size_t size, bool *present,
                       struct om_error *err)
{
    const json_t *v = json_object_get(tree, name);
    const char *s;
    *present = false;
    if (v == NULL)
        return OM_OK;
    om_rc rc = m2m_value_text(v, &s, err);
    if (rc == OM_OK && !m2m_is_plain_text(s, size - 1))
        rc = om_fail(err, OM_EINPUT, "1 to %zu octets of UTF-8 without control characters", size - 1);
    if (rc == OM_OK)
        rc = om_copy_text(text, size, s, err);
    if (rc != OM_OK)
        return om_context(err, rc, "%s", name);
    *present = true;
    return OM_OK;
}

om_rc m2m_response_from_tree(const json_t *tree, struct m2m_response *rs, struct om_error *err)
{
    int64_t rsc;
    bool has_rvi;
    if (!json_is_object(tree))
        return om_fail(err, OM_EINPUT, "a primitive is one JSON object");
    om_rc rc = m2m_value_integer(json_object_get(tree, WIRE_RSC), 1000, 9999, &rsc, err);
    if (rc != OM_OK)
        return om_context(err, rc, WIRE_RSC);
    OM_TRY(take_text(tree, WIRE_RQI, rs->rqi, sizeof rs->rqi, &rs->has_rqi, err));
    OM_TRY(take_text(tree, WIRE_RVI, rs->rvi, sizeof rs->rvi, &has_rvi, err));
    json_t *pc = json_object_get(tree, WIRE_PC);
    if (pc != NULL && !json_is_object(pc))
        return om_fail(err, OM_EINPUT, "pc: an object is expected");
    rs->rsc = (int)rsc;
    rs->pc = json_incref(pc);
    return OM_OK;
}
