/* MAF Client Registrations: one per identity and stakeholder. */
#include "store/internal.h"

#include <string.h>

static om_rc decode(const struct store_value *v, void *record, struct om_error *err)
{
    struct store_registration *r = record;
    OM_TRY(store_take_text(&v[0], r->id, sizeof r->id, err));
    OM_TRY(store_take_text(&v[1], r->identity, sizeof r->identity, err));
    OM_TRY(store_take_text(&v[2], r->admin_fqdn, sizeof r->admin_fqdn, err));
    OM_TRY(store_take_text(&v[3], r->assigned_kmid, sizeof r->assigned_kmid, err));
    r->created = v[5].i;
    r->modified = v[6].i;
    r->expires = v[7].i;
    return store_list_decode(&v[4], &r->labels, err);
}

static void release(void *record)
{
    store_registration_free(record);
}

static const struct store_table table = {
    .name = "registration",
    .types = "ttttbiii",
    .record = "registration",
    .id_size = M2M_RELATIVE_SIZE,
    .record_size = sizeof(struct store_registration),
    .decode = decode,
    .release = release,
};

void store_registration_free(struct store_registration *r)
{
    m2m_list_free(&r->labels);
    memset(r, 0, sizeof *r);
}

static om_rc put(struct store *s, const struct store_registration *r, enum store_statement sql,
                 struct om_error *err)
{
    struct om_writer w;
    struct store_value labels;
    om_writer_init(&w, s->lists, STORE_ROW_MAX);
    OM_TRY(store_list_encode(&w, &r->labels, &labels, err));
    struct store_value v[] = {
        store_text(r->id),
        store_text(r->identity),
        store_text(r->admin_fqdn),
        store_text(r->assigned_kmid),
        labels,
        store_integer(r->created),
        store_integer(r->modified),
        store_integer(r->expires),
    };
    return store_row_put(s, &table, sql, v, err);
}

static om_rc create(struct store *s, const struct store_registration *r, struct om_error *err)
{
    OM_TRY(store_burn(s, STORE_ID_REGISTRATION, r->id, err));
    return put(s, r, STORE_SQL_REGISTRATION_CREATE, err);
}

om_rc store_registration_create(struct store *s, const struct store_registration *r, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, create(s, r, err), err);
}

om_rc store_registration_get(struct store *s, const char *id, struct store_registration *out,
                             struct om_error *err)
{
    struct store_lookup by = {STORE_SQL_REGISTRATION_GET, 0, 1, {store_text(id)}};
    return store_row_get(s, &table, &by, out, err);
}

om_rc store_registration_find(struct store *s, const char *identity, const char *admin_fqdn,
                              struct store_registration *out, struct om_error *err)
{
    struct store_lookup by = {
        STORE_SQL_REGISTRATION_FIND, 1, 2, {store_text(identity), store_text(admin_fqdn)}};
    return store_row_get(s, &table, &by, out, err);
}

/* The rest of the row comes from the database, verified. */
static om_rc update(struct store *s, const struct store_registration *r, struct om_error *err)
{
    struct store_registration now;
    OM_TRY(store_registration_get(s, r->id, &now, err));
    struct m2m_list old_labels = now.labels;
    now.labels = r->labels; /* borrowed */
    memcpy(now.assigned_kmid, r->assigned_kmid, sizeof now.assigned_kmid);
    now.modified = r->modified;
    now.expires = r->expires;
    om_rc rc = put(s, &now, STORE_SQL_REGISTRATION_UPDATE, err);
    m2m_list_free(&old_labels);
    return rc;
}

om_rc store_registration_update(struct store *s, const struct store_registration *r, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, update(s, r, err), err);
}

om_rc store_registration_delete(struct store *s, const char *id, struct om_error *err)
{
    struct store_value key = store_text(id);
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, store_row_delete(s, &table, STORE_SQL_REGISTRATION_DELETE, &key, 1, err),
                             err);
}

static om_rc expire(struct store *s, const char *id, int64_t now, struct om_error *err)
{
    struct store_registration r;
    OM_TRY(store_registration_get(s, id, &r, err));
    bool over = store_expired(r.expires, now);
    store_registration_free(&r);
    return over ? store_row_delete(s, &table, STORE_SQL_REGISTRATION_DELETE,
                                   &(struct store_value){.p = id, .n = strlen(id)}, 1, err)
                : OM_OK;
}

om_rc store_registration_expire(struct store *s, const char *id, int64_t now, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, expire(s, id, now, err), err);
}

struct list {
    store_registration_fn *fn;
    void *arg;
};

static bool each(void *arg, const void *record, const struct om_error *bad)
{
    const struct list *l = arg;
    return l->fn(l->arg, record, bad);
}

om_rc store_registration_list(struct store *s, const char *identity, store_registration_fn *fn, void *arg,
                              struct om_error *err)
{
    struct list l = {fn, arg};
    enum store_statement sql =
        identity == NULL ? STORE_SQL_REGISTRATION_LIST : STORE_SQL_REGISTRATION_LIST_OF;
    return store_row_list(s, &table, sql, identity, each, &l, err);
}
