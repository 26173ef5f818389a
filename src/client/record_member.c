/* Members of a record's JSON object: texts, numbers, lists and wrapped keys. */
#include "client/record.h"
#include "onem2m/types.h"
#include "util/text.h"

#include <string.h>

static om_rc malformed(const char *member, struct om_error *err)
{
    return om_fail(err, OM_EINTEGRITY, "member '%s' is missing or malformed", member);
}

static om_rc put(json_t *object, const char *member, json_t *value, struct om_error *err)
{
    if (json_object_set_new(object, member, value) != 0) /* takes value in any case; refuses NULL */
        return om_fail(err, OM_ENOMEM, "no memory for member '%s'", member);
    return OM_OK;
}

om_rc record_set_blob(json_t *object, const char *member, const struct se_blob *blob, struct om_error *err)
{
    char text[OM_BASE64_SIZE(SE_BLOB_MAX)];
    if (blob->len > SE_BLOB_MAX)
        return om_fail(err, OM_EINTERNAL, "wrapped key of %zu octets", blob->len);
    om_base64_encode(text, blob->octets, blob->len);
    return put(object, member, json_string(text), err);
}

om_rc record_get_blob(const json_t *object, const char *member, struct se_blob *blob, struct om_error *err)
{
    const char *text = json_string_value(json_object_get(object, member));
    blob->len = 0;
    if (text == NULL || text[0] == '\0' ||
        om_base64_decode(text, strlen(text), blob->octets, sizeof blob->octets, &blob->len, NULL) != OM_OK)
        return malformed(member, err);
    return OM_OK;
}

om_rc record_set_psk13(json_t *object, const char *member, const struct se_psk13 *forms, struct om_error *err)
{
    json_t *part = json_object();
    OM_TRY(put(object, member, part, err));
    OM_TRY(record_set_blob(part, "derived", &forms->derived, err));
    OM_TRY(record_set_blob(part, "finished", &forms->finished, err));
    OM_TRY(record_set_blob(part, "handshake", &forms->handshake, err));
    return record_set_blob(part, "master", &forms->master, err);
}

om_rc record_get_psk13(const json_t *object, const char *member, struct se_psk13 *forms, bool *there,
                       struct om_error *err)
{
    const json_t *part = json_object_get(object, member);
    *there = part != NULL;
    if (!*there)
        return OM_OK;
    OM_TRY(record_get_blob(part, "derived", &forms->derived, err));
    OM_TRY(record_get_blob(part, "finished", &forms->finished, err));
    OM_TRY(record_get_blob(part, "handshake", &forms->handshake, err));
    return record_get_blob(part, "master", &forms->master, err);
}

om_rc record_set_list(json_t *object, const char *member, const struct m2m_list *list, struct om_error *err)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < list->n; i++)
        if (json_array_append_new(array, json_string(list->items[i])) != 0) {
            json_decref(array);
            array = NULL;
        }
    return put(object, member, array, err);
}

om_rc record_get_list(const json_t *object, const char *member, struct m2m_list *list, struct om_error *err)
{
    const json_t *array = json_object_get(object, member);
    if (!json_is_array(array))
        return malformed(member, err);
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *text = json_string_value(json_array_get(array, i));
        if (text == NULL)
            return malformed(member, err);
        OM_TRY(m2m_list_add(list, text, err));
    }
    return OM_OK;
}

om_rc record_get_text(const json_t *object, const char *member, char *out, size_t cap, struct om_error *err)
{
    const char *text = json_string_value(json_object_get(object, member));
    if (text == NULL || om_copy_text(out, cap, text, NULL) != OM_OK)
        return malformed(member, err);
    return OM_OK;
}

om_rc record_get_int(const json_t *object, const char *member, int64_t *out, struct om_error *err)
{
    const json_t *value = json_object_get(object, member);
    if (!json_is_integer(value))
        return malformed(member, err);
    *out = json_integer_value(value);
    return OM_OK;
}
