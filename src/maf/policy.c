/* A stakeholder's policy document: see policy.h. Anything that is not understood is an error, since a limit
 * with a slip in its name would otherwise be no limit. */
#include "maf/policy.h"

#include <string.h>

#include "maf/id_pattern.h"
#include "onem2m/primitive.h"
#include "util/text.h"

#define MAX_LIFETIME INT64_C(253402300799) /* beyond any m2m:timestamp: no limit */
#define MAX_KEYS     1000000
#define DEFAULT_KEYS 1000 /* a Source's discovery looks at each of them */

static om_rc parse_register(const json_t *v, struct maf_policy *p, struct om_error *err)
{
    const char *text = json_string_value(v);
    if (text != NULL && strcmp(text, "any") == 0)
        p->any_may_register = true;
    else if (text == NULL || strcmp(text, "permitted") != 0)
        return om_fail(err, OM_EINPUT, "register: must be \"permitted\" or \"any\"");
    return OM_OK;
}

static om_rc parse_lifetime(const char *name, const json_t *v, int64_t *out, struct om_error *err)
{
    json_int_t n = json_integer_value(v); /* 0 when it is no integer */
    if (n < 1 || n > MAX_LIFETIME)
        return om_fail(err, OM_EINPUT, "%s: must be a number of seconds, 1 to %lld", name,
                       (long long)MAX_LIFETIME);
    *out = n;
    return OM_OK;
}

static om_rc parse_max_keys(const json_t *v, struct maf_policy *p, struct om_error *err)
{
    json_int_t n = json_integer_value(v);
    if (n < 1 || n > MAX_KEYS)
        return om_fail(err, OM_EINPUT, "maxKeys: must be a number, 1 to %d", MAX_KEYS);
    p->max_keys = n;
    return OM_OK;
}

static om_rc parse_suids(const json_t *v, struct maf_policy *p, struct om_error *err)
{
    if (!json_is_array(v))
        return om_fail(err, OM_EINPUT, "suids: must be an array");
    memset(p->suid_allowed, 0, sizeof p->suid_allowed);
    for (size_t i = 0; i < json_array_size(v); i++) {
        json_int_t suid = json_integer_value(json_array_get(v, i));
        if (suid < p->suids.first || suid > p->suids.last)
            return om_fail(err, OM_EINPUT, "suids: must be among %u to %u", p->suids.first, p->suids.last);
        bool *allowed = &p->suid_allowed[suid - p->suids.first];
        if (*allowed)
            return om_fail(err, OM_EINPUT, "suids: %lld is given twice", (long long)suid);
        *allowed = true;
    }
    return OM_OK;
}

/* Where there is SUID 21 a target can be a MAF; whether it fits its SUID is checked with the request. */
static bool is_target_pattern_or_fqdn(const char *s)
{
    return maf_is_id_pattern(s) || m2m_is_fqdn(s);
}

static bool is_target(const char *s)
{
    return m2m_is_absolute_id(s) || m2m_is_fqdn(s);
}

static om_rc parse_list(const char *name, const json_t *v, bool (*valid)(const char *), struct m2m_list *out,
                        struct om_error *err)
{
    if (!json_is_array(v) || json_array_size(v) > M2M_TARGETS_MAX)
        return om_fail(err, OM_EINPUT, "%s: must be an array of at most %d", name, M2M_TARGETS_MAX);
    for (size_t i = 0; i < json_array_size(v); i++) {
        const char *item = json_string_value(json_array_get(v, i));
        if (item == NULL || !valid(item))
            return om_fail(err, OM_EINPUT, "%s: item %zu is not an Absolute CSE-ID or AE-ID", name, i + 1);
        if (m2m_list_has(out, item))
            return om_fail(err, OM_EINPUT, "%s: %s is given twice", name, item);
        OM_TRY(m2m_list_add(out, item, err));
    }
    return OM_OK;
}

/* "32", or 0. */
static unsigned parse_suid(const char *text, const struct maf_suids *suids)
{
    uint64_t suid;
    bool good = strlen(text) == 2 && om_parse_uint(text, suids->last, &suid, NULL) == OM_OK;
    return good && suid >= suids->first ? (unsigned)suid : 0;
}

static om_rc parse_default_targets(const json_t *v, struct maf_policy *p, struct om_error *err)
{
    if (!json_is_object(v))
        return om_fail(err, OM_EINPUT, "defaultTargets: must be an object");
    const char *name;
    json_t *list;
    json_object_foreach((json_t *)v, name, list)
    {
        unsigned suid = parse_suid(name, &p->suids);
        if (suid == 0)
            return om_fail(err, OM_EINPUT, "defaultTargets: members are \"%u\" to \"%u\"", p->suids.first,
                           p->suids.last);
        struct m2m_list *out = &p->default_targets[suid - p->suids.first];
        OM_TRY(parse_list("defaultTargets", list, is_target, out, err));
        for (size_t i = 0; i < out->n; i++)
            if (!m2m_suid_takes_target(suid, out->items[i]))
                return om_fail(err, OM_EINPUT, "defaultTargets: item %zu cannot be a target of SUID %u",
                               i + 1, suid);
        if (out->n == 0 || (out->n != 1 && m2m_suid_single_target(suid)))
            return om_fail(err, OM_EINPUT, "defaultTargets: SUID %u needs %s", suid,
                           out->n == 0 ? "a target" : "exactly one target");
    }
    return OM_OK;
}

static om_rc parse_member(const char *name, const json_t *v, struct maf_policy *p, struct om_error *err)
{
    if (strcmp(name, "register") == 0)
        return parse_register(v, p, err);
    if (strcmp(name, "maxRegistrationLifetime") == 0)
        return parse_lifetime(name, v, &p->max_registration_lifetime, err);
    if (strcmp(name, "maxKeyLifetime") == 0)
        return parse_lifetime(name, v, &p->max_key_lifetime, err);
    if (strcmp(name, "maxProvisionedLifetime") == 0 && p->suids.first > 21) /* a MEF assigns no KmIDs */
        return parse_lifetime(name, v, &p->max_provisioned_lifetime, err);
    if (strcmp(name, "maxKeys") == 0)
        return parse_max_keys(v, p, err);
    if (strcmp(name, "suids") == 0)
        return parse_suids(v, p, err);
    if (strcmp(name, "targets") == 0) {
        p->any_target = false;
        return parse_list(name, v, p->suids.first <= 21 ? is_target_pattern_or_fqdn : maf_is_id_pattern,
                          &p->targets, err);
    }
    if (strcmp(name, "defaultTargets") == 0)
        return parse_default_targets(v, p, err);
    return om_fail(err, OM_EINPUT, "unknown member %s", name);
}

/* A default that the same policy forbids would refuse every request that relies on it. */
static om_rc check_defaults(const struct maf_policy *p, struct om_error *err)
{
    for (size_t i = 0; i < sizeof p->default_targets / sizeof p->default_targets[0]; i++)
        for (size_t k = 0; k < p->default_targets[i].n; k++)
            if (!maf_policy_target_allowed(p, p->default_targets[i].items[k]))
                return om_fail(err, OM_EINPUT, "defaultTargets: %s is not among targets",
                               p->default_targets[i].items[k]);
    return OM_OK;
}

static om_rc parse_all(const json_t *doc, struct maf_policy *p, struct om_error *err)
{
    if (!json_is_object(doc))
        return om_fail(err, OM_EINPUT, "must be a JSON object");
    const char *name;
    json_t *v;
    json_object_foreach((json_t *)doc, name, v) OM_TRY(parse_member(name, v, p, err));
    return check_defaults(p, err);
}

om_rc maf_policy_parse(const char *json, const struct maf_suids *suids, struct maf_policy *out,
                       struct om_error *err)
{
    *out = (struct maf_policy){.suids = *suids,
                               .max_registration_lifetime = MAX_LIFETIME,
                               .max_key_lifetime = MAX_LIFETIME,
                               .max_provisioned_lifetime = MAX_LIFETIME,
                               .max_keys = DEFAULT_KEYS,
                               .any_target = true};
    for (size_t i = 0; i < MAF_SUIDS; i++)
        out->suid_allowed[i] = i <= suids->last - suids->first;
    json_t *doc = NULL;
    om_rc rc = m2m_json_parse(json, strlen(json), &doc, err);
    if (rc == OM_OK)
        rc = parse_all(doc, out, err);
    json_decref(doc);
    if (rc != OM_OK) {
        maf_policy_free(out);
        return om_context(err, rc, "policy");
    }
    return OM_OK;
}

void maf_policy_free(struct maf_policy *p)
{
    m2m_list_free(&p->targets);
    for (size_t i = 0; i < sizeof p->default_targets / sizeof p->default_targets[0]; i++)
        m2m_list_free(&p->default_targets[i]);
}

bool maf_policy_suid_allowed(const struct maf_policy *p, unsigned suid)
{
    return suid >= p->suids.first && suid <= p->suids.last && p->suid_allowed[suid - p->suids.first];
}

const struct m2m_list *maf_policy_default_targets(const struct maf_policy *p, unsigned suid)
{
    return &p->default_targets[suid - p->suids.first];
}

bool maf_policy_target_allowed(const struct maf_policy *p, const char *target)
{
    return p->any_target || maf_id_matches_any(&p->targets, target);
}
