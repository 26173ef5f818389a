/* Values that are lists of texts: see value.h. */
#include "onem2m/value.h"

om_rc m2m_value_list(const json_t *v, size_t max, bool (*valid)(const char *), const char *what,
                     struct m2m_list *list, struct om_error *err)
{
    m2m_list_free(list);
    if (!json_is_array(v))
        return om_fail(err, OM_EINPUT, "an array of strings is expected");
    size_t n = json_array_size(v);
    if (n == 0 || n > max)
        return om_fail(err, OM_EINPUT, "%zu members; 1 to %zu are allowed", n, max);
    for (size_t i = 0; i < n; i++) {
        const char *s;
        OM_TRY(m2m_value_text(json_array_get(v, i), &s, err));
        if (!valid(s))
            return om_fail(err, OM_EINPUT, "'%.80s' is not %s", s, what);
        OM_TRY(m2m_list_add(list, s, err));
    }
    return OM_OK;
}

json_t *m2m_value_from_list(const struct m2m_list *list)
{
    json_t *v = json_array();
    for (size_t i = 0; v != NULL && i < list->n; i++) {
        if (json_array_append_new(v, json_string(list->items[i])) != 0) {
            json_decref(v);
            v = NULL;
        }
    }
    return v;
}

static json_t *encode_list(const void *member)
{
    return m2m_value_from_list(member);
}

static om_rc decode_labels(const json_t *v, void *member, size_t size, struct om_error *err)
{
    (void)size;
    return m2m_value_list(v, M2M_LIST_MAX, m2m_is_label,
                          "a label (key or key:value, no spaces, 1 to 128 octets)", member, err);
}

/* MAF-KR-6 and MEF-KR-2 as far as syntax goes; which of these a SUID allows and how many, and duplicates, the
 * procedures check. */
static bool is_target(const char *s)
{
    return m2m_is_absolute_id(s) || m2m_is_fqdn(s);
}

static om_rc decode_targets(const json_t *v, void *member, size_t size, struct om_error *err)
{
    (void)size;
    return m2m_value_list(v, M2M_TARGETS_MAX, is_target, "an Absolute AE-ID or CSE-ID or an FQDN", member,
                          err);
}

static bool is_version(const char *s)
{
    return m2m_is_plain_text(s, 7);
}

static om_rc decode_versions(const json_t *v, void *member, size_t size, struct om_error *err)
{
    (void)size;
    return m2m_value_list(v, M2M_LIST_MAX, is_version, "a release version", member, err);
}

const struct m2m_kind m2m_kind_labels = {decode_labels, encode_list};
const struct m2m_kind m2m_kind_targets = {decode_targets, encode_list};
const struct m2m_kind m2m_kind_versions = {decode_versions, encode_list};
