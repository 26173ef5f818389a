/* mafClientCfg and mefClientCfg, the configuration that an administrator leaves for a client
 * (TS-0003 8.8.3.2, 8.8.3.3, spec/wire §2): one line per element. */
#include "onem2m/value.h"

#include "onem2m/wire_names.h"
#include "util/text.h"

#include <string.h>

struct element {
    const char *name;
    const struct m2m_kind *kind;
    bool mandatory;
};

static const struct element client_reg_cfg[] = {
    {WIRE_ET, &m2m_kind_timestamp, false}, {WIRE_LBL, &m2m_kind_labels, false},
    {WIRE_FQDN, &m2m_kind_fqdn, true},     {WIRE_ADFQ, &m2m_kind_fqdn, true},
    {WIRE_HTPT, &m2m_kind_port, false},    {WIRE_COPT, &m2m_kind_port, false},
    {WIRE_WSPT, &m2m_kind_port, false},    {NULL, NULL, false},
};

static const struct element key_reg_cfg[] = {
    {WIRE_ET, &m2m_kind_timestamp, false}, {WIRE_LBL, &m2m_kind_labels, false},
    {WIRE_ADFQ, &m2m_kind_fqdn, true},     {WIRE_SUID, &m2m_kind_suid, true},
    {WIRE_TGIS, &m2m_kind_targets, false}, {NULL, NULL, false},
};

/* Reads one value only to see whether it can be read. */
static om_rc check_element(const struct element *e, const json_t *v, struct om_error *err)
{
    bool is_list = e->kind == &m2m_kind_labels || e->kind == &m2m_kind_targets;
    struct m2m_list list = M2M_LIST_INIT;
    union {
        int64_t t;
        int number;
        unsigned suid;
        char text[M2M_FQDN_SIZE];
    } scalar;
    om_rc rc = is_list ? e->kind->decode(v, &list, sizeof list, err)
                       : e->kind->decode(v, &scalar, sizeof scalar.text, err);
    m2m_list_free(&list);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "%s", e->name);
}

static const struct element *find(const struct element *table, const char *name)
{
    for (; table->name != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static om_rc check_object(const struct element *table, const json_t *object, struct om_error *err)
{
    const char *name;
    json_t *v;
    if (!json_is_object(object))
        return om_fail(err, OM_EINPUT, "an object is expected");
    json_object_foreach((json_t *)object, name, v)
    {
        const struct element *e = find(table, name);
        if (e == NULL)
            return om_fail(err, OM_EINPUT, "%.40s: unknown element", name);
        OM_TRY(check_element(e, v, err));
    }
    for (const struct element *e = table; e->name != NULL; e++)
        if (e->mandatory && json_object_get(object, e->name) == NULL)
            return om_fail(err, OM_EINPUT, "%s: missing", e->name);
    return OM_OK;
}

/* Each of the targets fits the SUID. */
static om_rc check_targets(const json_t *cfg, struct om_error *err)
{
    unsigned suid = (unsigned)json_integer_value(json_object_get(cfg, WIRE_SUID));
    const json_t *targets = json_object_get(cfg, WIRE_TGIS);
    for (size_t i = 0; i < json_array_size(targets); i++)
        if (!m2m_suid_takes_target(suid, json_string_value(json_array_get(targets, i))))
            return om_fail(err, OM_EINPUT, WIRE_TGIS ": [%zu] cannot be a target of SUID %u", i, suid);
    return OM_OK;
}

static om_rc check_key_reg_cfgs(const json_t *array, struct om_error *err)
{
    if (!json_is_array(array))
        return om_fail(err, OM_EINPUT, "an array of objects is expected");
    for (size_t i = 0; i < json_array_size(array); i++) {
        om_rc rc = check_object(key_reg_cfg, json_array_get(array, i), err);
        if (rc == OM_OK)
            rc = check_targets(json_array_get(array, i), err);
        if (rc != OM_OK)
            return om_context(err, rc, "[%zu]", i);
    }
    return OM_OK;
}

static om_rc check(const json_t *cfg, struct om_error *err)
{
    const char *name;
    json_t *v;
    if (!json_is_object(cfg))
        return om_fail(err, OM_EINPUT, "an object is expected");
    json_object_foreach((json_t *)cfg, name, v)
    {
        om_rc rc;
        if (strcmp(name, WIRE_CRGC) == 0)
            rc = check_object(client_reg_cfg, v, err);
        else if (strcmp(name, WIRE_KRGC) == 0)
            rc = check_key_reg_cfgs(v, err);
        else
            rc = om_fail(err, OM_EINPUT, "unknown element");
        if (rc != OM_OK)
            return om_context(err, rc, "%.40s", name);
    }
    return OM_OK;
}

om_rc m2m_client_cfg_check(const json_t *cfg, struct om_error *err)
{
    om_rc rc = check(cfg, err);
    if (rc != OM_OK && err != NULL)
        om_printable(err->text);
    return rc;
}
