/* Which identity may register under which stakeholder. */
#include "store/internal.h"

struct permit {
    char identity[M2M_ID_SIZE];
    char admin_fqdn[M2M_FQDN_SIZE];
};

static om_rc decode(const struct store_value *v, void *record, struct om_error *err)
{
    struct permit *r = record;
    OM_TRY(store_take_text(&v[0], r->identity, sizeof r->identity, err));
    return store_take_text(&v[1], r->admin_fqdn, sizeof r->admin_fqdn, err);
}

static const struct store_table table = {
    .name = "permit",
    .types = "tt",
    .record = "permit",
    .id_size = M2M_ID_SIZE,
    .record_size = sizeof(struct permit),
    .decode = decode,
};

om_rc store_permit_put(struct store *s, const char *identity, const char *admin_fqdn, struct om_error *err)
{
    struct store_value v[] = {store_text(identity), store_text(admin_fqdn)};
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, store_row_put(s, &table, STORE_SQL_PERMIT_PUT, v, err), err);
}

om_rc store_permit_delete(struct store *s, const char *identity, const char *admin_fqdn, struct om_error *err)
{
    struct store_value v[] = {store_text(identity), store_text(admin_fqdn)};
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, store_row_delete(s, &table, STORE_SQL_PERMIT_DELETE, v, 2, err), err);
}

om_rc store_permit_check(struct store *s, const char *identity, const char *admin_fqdn, struct om_error *err)
{
    struct permit found;
    struct store_lookup by = {STORE_SQL_PERMIT_GET, 0, 2, {store_text(identity), store_text(admin_fqdn)}};
    return store_row_get(s, &table, &by, &found, err);
}

struct list {
    store_permit_fn *fn;
    void *arg;
};

static bool each(void *arg, const void *record, const struct om_error *bad)
{
    const struct list *l = arg;
    const struct permit *r = record;
    return l->fn(l->arg, r->identity, r->admin_fqdn, bad);
}

om_rc store_permit_list(struct store *s, const char *admin_fqdn, store_permit_fn *fn, void *arg,
                        struct om_error *err)
{
    struct list l = {fn, arg};
    enum store_statement sql = admin_fqdn == NULL ? STORE_SQL_PERMIT_LIST : STORE_SQL_PERMIT_LIST_OF;
    return store_row_list(s, &table, sql, admin_fqdn, each, &l, err);
}
