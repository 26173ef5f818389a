/* Values of Mmef's own attributes: see value.h. */
#include "onem2m/value.h"

#include "onem2m/wire_names.h"
#include "util/text.h"

#include <string.h>

#define COMMAND_ID_MAX INT32_MAX

static bool is_uri(const char *s)
{
    return m2m_is_plain_text(s, M2M_URI_SIZE - 1) && strchr(s, ' ') == NULL;
}

static om_rc decode_uri(const json_t *v, void *member, size_t size, struct om_error *err)
{
    const char *s;
    OM_TRY(m2m_value_text(v, &s, err));
    if (!is_uri(s))
        return om_fail(err, OM_EINPUT, "a URI of 1 to %d octets is expected", M2M_URI_SIZE - 1);
    return om_copy_text(member, size, s, err);
}

static json_t *encode_uri(const void *member)
{
    return json_string(member);
}

/* A list of m2m:childResourceRef (TS-0004), of which a mefClientReg has one. */
static om_rc decode_child(const json_t *v, void *member, size_t size, struct om_error *err)
{
    const json_t *ref = json_array_get(v, 0);
    if (!json_is_array(v) || json_array_size(v) != 1 || !json_is_object(ref))
        return om_fail(err, OM_EINPUT, "an array of one reference is expected");
    return decode_uri(json_object_get(ref, WIRE_VAL), member, size, err);
}

static json_t *encode_child(const void *member)
{
    return json_pack("[{s:s, s:i, s:s}]", WIRE_NM, WIRE_COMMAND_NAME, WIRE_TYP, WIRE_TY_MEF_CLIENT_CMD,
                     WIRE_VAL, member);
}

static om_rc decode_command_id(const json_t *v, void *member, size_t size, struct om_error *err)
{
    (void)size;
    return m2m_value_integer(v, 1, COMMAND_ID_MAX, member, err);
}

static json_t *encode_command_id(const void *member)
{
    return json_integer(*(const int64_t *)member);
}

static om_rc decode_object(const json_t *v, void *member, size_t size, struct om_error *err)
{
    (void)size;
    if (!json_is_object(v))
        return om_fail(err, OM_EINPUT, "an object is expected");
    json_t *copy = json_deep_copy(v); /* the request's tree may be freed first */
    if (copy == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a command");
    json_decref(*(json_t **)member);
    *(json_t **)member = copy;
    return OM_OK;
}

static json_t *encode_object(const void *member)
{
    return json_deep_copy(*(json_t *const *)member);
}

const struct m2m_kind m2m_kind_uri = {decode_uri, encode_uri};
const struct m2m_kind m2m_kind_child = {decode_child, encode_child};
const struct m2m_kind m2m_kind_command_id = {decode_command_id, encode_command_id};
const struct m2m_kind m2m_kind_object = {decode_object, encode_object};
