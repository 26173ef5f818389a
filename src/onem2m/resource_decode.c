/* Content -> struct m2m_resource: see resource.h. */
#include "onem2m/attribute.h"

#include "util/text.h"

#include <string.h>

/* One decoding: what is wanted, and where it goes. */
struct decoding {
    int column;
    enum m2m_direction direction;
    const char *member; /* "sec:skr" */
    struct m2m_resource *out;
};

static char presence_of(const struct decoding *d, const struct m2m_attribute *a)
{
    if (d->direction == M2M_RESPONSE) /* what a server may say is wider than what it may be told */
        return a->presence[d->column][1] == M2M_NULLABLE ? M2M_NULLABLE : M2M_OPTIONAL;
    return a->presence[d->column][d->direction == M2M_UPDATE_REQUEST ? 1 : 0];
}

static const struct m2m_attribute *find(const struct decoding *d, const char *name)
{
    const struct m2m_attribute *a;
    for (size_t i = 0; (a = m2m_attribute_at(i)) != NULL; i++)
        if (a->presence[d->column] != NULL && strcmp(a->name, name) == 0)
            return a;
    return NULL;
}

static om_rc decode_attribute(const struct decoding *d, const char *name, const json_t *v,
                              struct om_error *err)
{
    const struct m2m_attribute *a = find(d, name);
    if (a == NULL) {
        if (d->direction == M2M_RESPONSE)
            return OM_OK;
        return om_fail(err, OM_EINPUT, "%.40s: not an attribute of %s", name, d->member);
    }
    char presence = presence_of(d, a);
    if (presence == M2M_NOT_PRESENT)
        return om_fail(err, OM_EINPUT, "%s: not allowed in %s", a->name,
                       d->direction == M2M_UPDATE_REQUEST ? "UPDATE" : "CREATE");
    if (json_is_null(v)) {
        if (presence != M2M_NULLABLE)
            return om_fail(err, OM_EINPUT, "%s: null is not allowed", a->name);
        d->out->nulls |= a->bit;
        return OM_OK;
    }
    om_rc rc = a->kind->decode(v, (char *)d->out + a->offset, a->size, err);
    if (rc != OM_OK)
        return om_context(err, rc, "%s", a->name);
    d->out->present |= a->bit;
    return OM_OK;
}

static om_rc check_mandatory(const struct decoding *d, struct om_error *err)
{
    const struct m2m_attribute *a;
    for (size_t i = 0; (a = m2m_attribute_at(i)) != NULL; i++)
        if (a->presence[d->column] != NULL && presence_of(d, a) == M2M_MANDATORY &&
            (d->out->present & a->bit) == 0)
            return om_fail(err, OM_EINPUT, "%s: missing", a->name);
    return OM_OK;
}

static om_rc decode(const struct decoding *d, const json_t *content, int type, struct om_error *err)
{
    const json_t *body = json_object_get(content, d->member);
    if (!json_is_object(body) || (d->direction != M2M_RESPONSE && json_object_size(content) != 1))
        return om_fail(err, OM_EINPUT, "content: an object with the one member %s, an object, is expected",
                       d->member);
    /* jansson iterates over a non-const object, but changes nothing. */
    const char *name;
    json_t *v;
    json_object_foreach((json_t *)body, name, v) OM_TRY(decode_attribute(d, name, v, err));
    if ((d->out->present & M2M_A_TY) != 0 && d->out->type != type)
        return om_fail(err, OM_EINPUT, "ty: %d where %d is expected", d->out->type, type);
    d->out->type = type;
    return check_mandatory(d, err);
}

om_rc m2m_resource_decode(const json_t *content, int type, enum m2m_direction direction,
                          struct m2m_resource *out, struct om_error *err)
{
    struct decoding d = {m2m_type_column(type), direction, m2m_type_member(type), out};
    memset(out, 0, sizeof *out);
    if (d.column < 0)
        return om_fail(err, OM_EINPUT, "ty: %d is not a resource type of Mmaf or Mmef", type);
    om_rc rc = decode(&d, content, type, err);
    if (rc != OM_OK) {
        m2m_resource_free(out);
        if (err != NULL)
            om_printable(err->text); /* it may quote the peer */
    }
    return rc;
}
