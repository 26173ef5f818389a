/* Values that are one number or one text: see value.h. */
#include "onem2m/value.h"

#include "onem2m/wire_names.h"
#include "util/text.h"

#include <string.h>

om_rc m2m_value_text(const json_t *v, const char **text, struct om_error *err)
{
    *text = NULL;
    if (!json_is_string(v))
        return om_fail(err, OM_EINPUT, "a string is expected");
    const char *s = json_string_value(v);
    if (strlen(s) != json_string_length(v))
        return om_fail(err, OM_EINPUT, "a string holds a NUL");
    *text = s;
    return OM_OK;
}

om_rc m2m_value_integer(const json_t *v, int64_t min, int64_t max, int64_t *n, struct om_error *err)
{
    *n = 0;
    if (!json_is_integer(v))
        return om_fail(err, OM_EINPUT, "an integer is expected");
    json_int_t i = json_integer_value(v);
    if (i < min || i > max)
        return om_fail(err, OM_EINPUT, "%lld is not within %lld..%lld", (long long)i, (long long)min,
                       (long long)max);
    *n = i;
    return OM_OK;
}

static om_rc decode_int(const json_t *v, int min, int *member, struct om_error *err)
{
    int64_t n;
    OM_TRY(m2m_value_integer(v, min, 65535, &n, err));
    *member = (int)n;
    return OM_OK;
}

static om_rc decode_number(const json_t *v, void *member, size_t size, struct om_error *err)
{
    (void)size;
    return decode_int(v, 1, member, err);
}

/* TS-0003 says unsignedByte, which cannot hold a port (spec/wire §10). */
static om_rc decode_port(const json_t *v, void *member, size_t size, struct om_error *err)
{
    (void)size;
    return decode_int(v, 0, member, err);
}

static json_t *encode_int(const void *member)
{
    return json_integer(*(const int *)member);
}

static om_rc decode_suid(const json_t *v, void *member, size_t size, struct om_error *err)
{
    (void)size;
    int64_t n;
    OM_TRY(m2m_value_integer(v, 0, 65535, &n, err));
    if (!m2m_suid_defined((unsigned)n))
        return om_fail(err, OM_EINPUT, "%u is not a defined SUID", (unsigned)n);
    *(unsigned *)member = (unsigned)n;
    return OM_OK;
}

static json_t *encode_suid(const void *member)
{
    return json_integer(*(const unsigned *)member);
}

static om_rc decode_timestamp(const json_t *v, void *member, size_t size, struct om_error *err)
{
    (void)size;
    const char *s;
    OM_TRY(m2m_value_text(v, &s, err));
    return m2m_timestamp_parse(s, member, err);
}

static json_t *encode_timestamp(const void *member)
{
    char text[M2M_TIMESTAMP_SIZE];
    m2m_timestamp_format(text, *(const int64_t *)member);
    return json_string(text);
}

static om_rc decode_text(const json_t *v, bool (*valid)(const char *), const char *what, void *member,
                         size_t size, struct om_error *err)
{
    const char *s;
    OM_TRY(m2m_value_text(v, &s, err));
    if (!valid(s))
        return om_fail(err, OM_EINPUT, "'%.80s' is not %s", s, what);
    return om_copy_text(member, size, s, err);
}

static json_t *encode_text(const void *member)
{
    return json_string(member);
}

static om_rc decode_relative(const json_t *v, void *member, size_t size, struct om_error *err)
{
    return decode_text(v, m2m_is_relative_key_id, "a resource name", member, size, err);
}

static om_rc decode_fqdn(const json_t *v, void *member, size_t size, struct om_error *err)
{
    return decode_text(v, m2m_is_fqdn, "an FQDN in lower case", member, size, err);
}

/* MAF-KT-8: a client without AE-ID or CSE-ID is named by its Credential-ID; a MAF, as client of a MEF, by its
 * FQDN. */
static bool is_creator(const char *s)
{
    return m2m_is_absolute_id(s) || m2m_is_fqdn(s) || m2m_is_credential_id(s);
}

static om_rc decode_creator(const json_t *v, void *member, size_t size, struct om_error *err)
{
    return decode_text(v, is_creator, "an Absolute AE-ID or CSE-ID, an FQDN or a Credential-ID", member, size,
                       err);
}

static bool is_key_id(const char *s)
{
    char relative[M2M_RELATIVE_SIZE];
    char fqdn[M2M_FQDN_SIZE];
    return m2m_key_id_split(s, relative, fqdn, NULL) == OM_OK;
}

static om_rc decode_key_id(const json_t *v, void *member, size_t size, struct om_error *err)
{
    return decode_text(v, is_key_id, "a KmID (<relative>@<FQDN>)", member, size, err);
}

/* MAF-KR-9. No error may quote the value. */
static om_rc decode_key_value(const json_t *v, void *member, size_t size, struct om_error *err)
{
    (void)size;
    const char *s;
    uint8_t octets[WIRE_KEY_VALUE_MAX];
    size_t n = 0;
    OM_TRY(m2m_value_text(v, &s, err));
    om_rc rc = om_base64_decode(s, json_string_length(v), octets, sizeof octets, &n, err);
    if (rc == OM_OK && (n < WIRE_KEY_VALUE_MIN || n % 2 != 0))
        rc = om_fail(err, OM_EINPUT, "%zu octets; %d to %d and an even number are allowed", n,
                     WIRE_KEY_VALUE_MIN, WIRE_KEY_VALUE_MAX);
    if (rc == OM_OK)
        rc = om_secret_set(member, octets, n, err);
    om_wipe(octets, sizeof octets);
    return rc;
}

static json_t *encode_key_value(const void *member)
{
    const struct om_secret *key = member;
    char text[OM_BASE64_SIZE(WIRE_KEY_VALUE_MAX)];
    if (key->len > WIRE_KEY_VALUE_MAX)
        return NULL;
    om_base64_encode(text, key->octets, key->len);
    json_t *v = json_string(text);
    om_wipe(text, sizeof text);
    return v;
}

static om_rc decode_config(const json_t *v, void *member, size_t size, struct om_error *err)
{
    (void)size;
    OM_TRY(m2m_client_cfg_check(v, err));
    json_t *copy = json_deep_copy(v); /* the request's tree may be freed first */
    if (copy == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a client configuration");
    json_decref(*(json_t **)member);
    *(json_t **)member = copy;
    return OM_OK;
}

static json_t *encode_config(const void *member)
{
    return json_deep_copy(*(json_t *const *)member);
}

const struct m2m_kind m2m_kind_number = {decode_number, encode_int};
const struct m2m_kind m2m_kind_port = {decode_port, encode_int};
const struct m2m_kind m2m_kind_suid = {decode_suid, encode_suid};
const struct m2m_kind m2m_kind_timestamp = {decode_timestamp, encode_timestamp};
const struct m2m_kind m2m_kind_relative = {decode_relative, encode_text};
const struct m2m_kind m2m_kind_fqdn = {decode_fqdn, encode_text};
const struct m2m_kind m2m_kind_key_id = {decode_key_id, encode_text};
const struct m2m_kind m2m_kind_creator = {decode_creator, encode_text};
const struct m2m_kind m2m_kind_key_value = {decode_key_value, encode_key_value};
const struct m2m_kind m2m_kind_config = {decode_config, encode_config};
