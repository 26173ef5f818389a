/* struct m2m_resource -> content: see resource.h. */
#include "onem2m/attribute.h"

static om_rc encode_attribute(const struct m2m_attribute *a, const struct m2m_resource *r, json_t *body,
                              struct om_error *err)
{
    json_t *v = a->kind->encode((const char *)r + a->offset);
    if (json_is_array(v) && json_array_size(v) == 0) { /* absence means an empty list (spec/wire §9) */
        json_decref(v);
        return OM_OK;
    }
    if (json_object_set_new(body, a->name, v) != 0)
        return om_fail(err, OM_ENOMEM, "%s: cannot be encoded", a->name);
    return OM_OK;
}

static om_rc encode(const struct m2m_resource *r, int column, unsigned wanted, json_t *body,
                    struct om_error *err)
{
    const struct m2m_attribute *a;
    for (size_t i = 0; (a = m2m_attribute_at(i)) != NULL; i++) {
        if ((wanted & a->bit) == 0)
            continue;
        if (a->presence[column] == NULL)
            return om_fail(err, OM_EINTERNAL, "%s: not an attribute of %s", a->name,
                           m2m_type_member(r->type));
        OM_TRY(encode_attribute(a, r, body, err));
    }
    return OM_OK;
}

om_rc m2m_resource_encode(const struct m2m_resource *r, unsigned mask, json_t **out, struct om_error *err)
{
    *out = NULL;
    int column = m2m_type_column(r->type);
    if (column < 0)
        return om_fail(err, OM_EINTERNAL, "%d is not a resource type of Mmaf or Mmef", r->type);
    json_t *content = json_object();
    json_t *body = json_object();
    om_rc rc = OM_OK;
    if (json_object_set_new(content, m2m_type_member(r->type), body) != 0)
        rc = om_fail(err, OM_ENOMEM, "no memory for content"); /* body is freed by the failed call */
    else
        rc = encode(r, column, r->present & mask, body, err);
    if (rc != OM_OK) {
        json_decref(content);
        return rc;
    }
    *out = content;
    return OM_OK;
}
