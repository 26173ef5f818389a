/* Configuration that a stakeholder left for a client (MAF-CC-5). */
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

struct client_cfg {
    char identity[M2M_ID_SIZE];
    char admin_fqdn[M2M_FQDN_SIZE];
    char *cfg;
};

static om_rc decode(const struct store_value *v, void *record, struct om_error *err)
{
    struct client_cfg *r = record;
    OM_TRY(store_take_text(&v[0], r->identity, sizeof r->identity, err));
    OM_TRY(store_take_text(&v[1], r->admin_fqdn, sizeof r->admin_fqdn, err));
    return store_take_text_copy(&v[2], &r->cfg, err);
}

static const struct store_table table = {
    .name = "client_cfg",
    .types = "ttt",
    .record = "client configuration",
    .id_size = M2M_ID_SIZE,
    .record_size = sizeof(struct client_cfg),
    .decode = decode,
};

static om_rc put(struct store *s, const char *identity, const char *admin_fqdn, const char *cfg,
                 struct om_error *err)
{
    struct store_value v[] = {store_text(identity), store_text(admin_fqdn), {0}};
    if (cfg == NULL)
        return store_row_delete(s, &table, STORE_SQL_CLIENT_CFG_DELETE, v, 2, err);
    if (strlen(cfg) > STORE_POLICY_MAX)
        return om_fail(err, OM_EINPUT, "the configuration of %s is longer than %d octets", identity,
                       STORE_POLICY_MAX);
    v[2] = store_text(cfg);
    return store_row_put(s, &table, STORE_SQL_CLIENT_CFG_PUT, v, err);
}

om_rc store_client_cfg_put(struct store *s, const char *identity, const char *admin_fqdn, const char *cfg,
                           struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, put(s, identity, admin_fqdn, cfg, err), err);
}

om_rc store_client_cfg_get(struct store *s, const char *identity, const char *admin_fqdn, char **cfg,
                           struct om_error *err)
{
    struct client_cfg found;
    struct store_lookup by = {STORE_SQL_CLIENT_CFG_GET, 0, 2, {store_text(identity), store_text(admin_fqdn)}};
    OM_TRY(store_row_get(s, &table, &by, &found, err));
    *cfg = found.cfg;
    return OM_OK;
}

struct list {
    store_permit_fn *fn;
    void *arg;
};

static bool each(void *arg, const void *record, const struct om_error *bad)
{
    const struct list *l = arg;
    const struct client_cfg *r = record;
    bool more = l->fn(l->arg, r->identity, r->admin_fqdn, bad);
    free(r->cfg);
    return more;
}

om_rc store_client_cfg_list(struct store *s, store_permit_fn *fn, void *arg, struct om_error *err)
{
    struct list l = {fn, arg};
    return store_row_list(s, &table, STORE_SQL_CLIENT_CFG_LIST, NULL, each, &l, err);
}
