/* Parameters that a binding carries as text: see primitive.h. Text is turned into the JSON value that a whole
 * primitive would carry, so that both meet the same checks. */
#include "onem2m/param.h"

#include "util/text.h"

#include <string.h>
#include <unistr.h>

/* "a+b": HTTP decodes '+' to a space in some libraries and leaves it in others; labels and names hold
 * neither. */
static json_t *list_value(const char *text)
{
    json_t *list = json_array();
    while (list != NULL) {
        size_t n = strcspn(text, "+ ");
        if (json_array_append_new(list, json_stringn(text, n)) != 0) {
            json_decref(list);
            return NULL;
        }
        if (text[n] == '\0')
            break;
        text += n + 1;
    }
    return list;
}

static om_rc value_of(const struct m2m_param *p, const char *text, json_t **v, struct om_error *err)
{
    uint64_t n;
    *v = NULL;
    if (u8_check((const uint8_t *)text, strlen(text)) != NULL)
        return om_fail(err, OM_EINPUT, "not a text of UTF-8");
    if (p->shape == M2M_SHAPE_NUMBER) {
        OM_TRY(om_parse_uint(text, INT32_MAX, &n, err));
        *v = json_integer((json_int_t)n);
    } else if (p->shape == M2M_SHAPE_LIST) {
        *v = list_value(text);
    } else {
        *v = json_string(text);
    }
    return *v != NULL ? OM_OK : om_fail(err, OM_ENOMEM, "no memory");
}

static void set_from_text(struct m2m_request *rq, const struct m2m_param *p, const char *value)
{
    struct om_error err = {0};
    json_t *v;
    if (value_of(p, value, &v, &err) == OM_OK)
        m2m_param_set(rq, p, v);
    else
        m2m_param_bad(rq, p->name, &err);
    json_decref(v);
}

void m2m_request_query(struct m2m_request *rq, const char *name, const char *value)
{
    const struct m2m_param *p = m2m_param_find(m2m_filter_criteria, name);
    if (p != NULL)
        rq->fc.present = true;
    else
        p = m2m_param_find(m2m_request_params, name);
    if (p != NULL && (p->places & M2M_IN_QUERY) != 0)
        set_from_text(rq, p, value);
    else if (m2m_param_unsupported(name))
        m2m_request_bad(rq, M2M_NOT_IMPLEMENTED, false, "query: %.40s is not supported", name);
    else
        m2m_request_bad(rq, M2M_BAD_REQUEST, false, "query: %.40s is not a parameter", name);
}

void m2m_request_param(struct m2m_request *rq, const char *name, const char *value)
{
    const struct m2m_param *p = m2m_param_find(m2m_request_params, name);
    if (p != NULL && (p->places & M2M_IN_MESSAGE) != 0 && p->shape != M2M_SHAPE_OBJECT)
        set_from_text(rq, p, value);
    else
        m2m_request_bad(rq, M2M_NOT_IMPLEMENTED, false, "%.40s: not supported", name);
}
