/* KmIDs that a MAF assigned, beside their credentials (schema.c). */
#include "store/internal.h"
#include "store/provisioned.h"

static om_rc decode(const struct store_value *v, void *record, struct om_error *err)
{
    struct store_assignment *r = record;
    OM_TRY(store_take_text(&v[1], r->kmid, sizeof r->kmid, err));
    OM_TRY(store_take_text(&v[2], r->keid, sizeof r->keid, err));
    OM_TRY(store_take_text(&v[3], r->registration, sizeof r->registration, err));
    r->used = v[4].i != 0;
    return OM_OK;
}

static const struct store_table table = {
    .name = "assignment",
    .types = "tttti",
    .record = "assigned KmID",
    .shown = 1,
    .id_size = M2M_KEY_ID_SIZE,
    .record_size = sizeof(struct store_assignment),
    .decode = decode,
};

static om_rc put(struct store *s, const struct store_assignment *r, enum store_statement sql,
                 struct om_error *err)
{
    char key[M2M_KEY_ID_SIZE];
    char keid[M2M_KEY_ID_SIZE];
    OM_TRY(m2m_fold(key, sizeof key, r->kmid, err));
    OM_TRY(m2m_fold(keid, sizeof keid, r->keid, err));
    struct store_value v[] = {store_text(key), store_text(r->kmid), store_text(keid),
                              store_text(r->registration), store_integer(r->used)};
    return store_row_put(s, &table, sql, v, err);
}

om_rc store_assignment_create(struct store *s, const struct store_assignment *r, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, put(s, r, STORE_SQL_ASSIGNMENT_CREATE, err), err);
}

om_rc store_assignment_get(struct store *s, const char *kmid, struct store_assignment *out,
                           struct om_error *err)
{
    char key[M2M_KEY_ID_SIZE];
    OM_TRY(m2m_fold(key, sizeof key, kmid, err));
    struct store_lookup by = {STORE_SQL_ASSIGNMENT_GET, 0, 1, {store_text(key)}};
    return store_row_get(s, &table, &by, out, err);
}

static om_rc set_used(struct store *s, const char *kmid, struct om_error *err)
{
    struct store_assignment now;
    OM_TRY(store_assignment_get(s, kmid, &now, err));
    now.used = true;
    return put(s, &now, STORE_SQL_ASSIGNMENT_UPDATE, err);
}

om_rc store_assignment_used(struct store *s, const char *kmid, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, set_used(s, kmid, err), err);
}

struct list {
    store_assignment_fn *fn;
    void *arg;
};

static bool each(void *arg, const void *record, const struct om_error *bad)
{
    const struct list *l = arg;
    return l->fn(l->arg, record, bad);
}

om_rc store_assignment_list(struct store *s, store_assignment_fn *fn, void *arg, struct om_error *err)
{
    struct list l = {fn, arg};
    return store_row_list(s, &table, STORE_SQL_ASSIGNMENT_LIST, NULL, each, &l, err);
}

om_rc store_assignment_list_of(struct store *s, const char *registration, store_assignment_fn *fn, void *arg,
                               struct om_error *err)
{
    struct list l = {fn, arg};
    return store_row_list(s, &table, STORE_SQL_ASSIGNMENT_LIST_OF, registration, each, &l, err);
}

om_rc store_assignment_list_from(struct store *s, const char *keid, store_assignment_fn *fn, void *arg,
                                 struct om_error *err)
{
    char folded[M2M_KEY_ID_SIZE];
    struct list l = {fn, arg};
    OM_TRY(m2m_fold(folded, sizeof folded, keid, err));
    return store_row_list(s, &table, STORE_SQL_ASSIGNMENT_LIST_FROM, folded, each, &l, err);
}
