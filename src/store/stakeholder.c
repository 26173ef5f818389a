/* Administrating stakeholders and their policies. */
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

static om_rc decode(const struct store_value *v, void *record, struct om_error *err)
{
    struct store_stakeholder *r = record;
    OM_TRY(store_take_text(&v[0], r->admin_fqdn, sizeof r->admin_fqdn, err));
    OM_TRY(store_take_text_copy(&v[1], &r->policy, err));
    r->created = v[2].i;
    return OM_OK;
}

static void release(void *record)
{
    store_stakeholder_free(record);
}

static const struct store_table table = {
    .name = "stakeholder",
    .types = "tti",
    .record = "stakeholder",
    .id_size = M2M_FQDN_SIZE,
    .record_size = sizeof(struct store_stakeholder),
    .decode = decode,
    .release = release,
};

void store_stakeholder_free(struct store_stakeholder *r)
{
    free(r->policy);
    memset(r, 0, sizeof *r);
}

static om_rc put(struct store *s, const struct store_stakeholder *r, struct om_error *err)
{
    if (strlen(r->policy) > STORE_POLICY_MAX)
        return om_fail(err, OM_EINPUT, "the policy of %s is longer than %d octets", r->admin_fqdn,
                       STORE_POLICY_MAX);
    struct store_value v[] = {store_text(r->admin_fqdn), store_text(r->policy), store_integer(r->created)};
    return store_row_put(s, &table, STORE_SQL_STAKEHOLDER_PUT, v, err);
}

om_rc store_stakeholder_put(struct store *s, const struct store_stakeholder *r, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, put(s, r, err), err);
}

om_rc store_stakeholder_get(struct store *s, const char *admin_fqdn, struct store_stakeholder *out,
                            struct om_error *err)
{
    struct store_lookup by = {STORE_SQL_STAKEHOLDER_GET, 0, 1, {store_text(admin_fqdn)}};
    return store_row_get(s, &table, &by, out, err);
}

/* Client configurations that it left go with it; all else must be gone first. */
static om_rc delete (struct store *s, const char *admin_fqdn, struct om_error *err)
{
    struct store_value key = store_text(admin_fqdn);
    size_t changed = 0;
    OM_TRY(store_sql_run(s, STORE_SQL_CLIENT_CFG_DELETE_OF, "t", &key, NULL, err));
    om_rc rc = store_sql_run(s, STORE_SQL_STAKEHOLDER_DELETE, "t", &key, &changed, err);
    if (rc == OM_ENOTFOUND) /* a foreign key was violated */
        return om_fail(err, OM_ECONFLICT, "stakeholder %s still has registrations, keys, commands or permits",
                       admin_fqdn);
    if (rc == OM_OK && changed == 0)
        return om_fail(err, OM_ENOTFOUND, "there is no stakeholder %s", admin_fqdn);
    return rc;
}

om_rc store_stakeholder_delete(struct store *s, const char *admin_fqdn, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, delete (s, admin_fqdn, err), err);
}

struct list {
    store_stakeholder_fn *fn;
    void *arg;
};

static bool each(void *arg, const void *record, const struct om_error *bad)
{
    const struct list *l = arg;
    return l->fn(l->arg, record, bad);
}

om_rc store_stakeholder_list(struct store *s, store_stakeholder_fn *fn, void *arg, struct om_error *err)
{
    struct list l = {fn, arg};
    return store_row_list(s, &table, STORE_SQL_STAKEHOLDER_LIST, NULL, each, &l, err);
}
