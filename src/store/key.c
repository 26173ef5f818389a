/* Key registrations: RelativeKeyID -> Source, Targets and sealed Kc. */
#include "store/internal.h"

#include <limits.h>
#include <string.h>

static om_rc decode(const struct store_value *v, void *record, struct om_error *err)
{
    struct store_key *r = record;
    int64_t suid;
    OM_TRY(store_take_text(&v[1], r->id, sizeof r->id, err));
    OM_TRY(store_take_text(&v[2], r->source, sizeof r->source, err));
    OM_TRY(store_take_text(&v[3], r->admin_fqdn, sizeof r->admin_fqdn, err));
    OM_TRY(store_take_range(&v[4], 0, INT_MAX, &suid, err));
    r->suid = (unsigned)suid;
    r->exporter = v[5].i != 0;
    r->created = v[8].i;
    r->modified = v[9].i;
    r->expires = v[10].i;
    OM_TRY(store_list_decode(&v[6], &r->labels, err));
    OM_TRY(store_list_decode(&v[7], &r->targets, err));
    return store_take_blob(&v[11], &r->value, err);
}

static void release(void *record)
{
    store_key_free(record);
}

static const struct store_table table = {
    .name = "key_registration",
    .types = "ttttiibbiiib",
    .record = "key",
    .shown = 1,
    .id_size = M2M_RELATIVE_SIZE,
    .record_size = sizeof(struct store_key),
    .decode = decode,
    .release = release,
};

void store_key_free(struct store_key *r)
{
    m2m_list_free(&r->labels);
    m2m_list_free(&r->targets);
    memset(r, 0, sizeof *r);
}

/* The hint for discovery follows the row. */
static om_rc put_targets(struct store *s, const char *key, const struct m2m_list *targets,
                         struct om_error *err)
{
    struct store_value v[] = {{0}, store_text(key)};
    OM_TRY(store_sql_run(s, STORE_SQL_TARGET_DELETE, "t", &v[1], NULL, err));
    for (size_t i = 0; i < targets->n; i++) {
        v[0] = store_text(targets->items[i]);
        OM_TRY(store_sql_run(s, STORE_SQL_TARGET_ADD, "tt", v, NULL, err));
    }
    return OM_OK;
}

static om_rc put(struct store *s, const struct store_key *r, enum store_statement sql, struct om_error *err)
{
    char key[M2M_RELATIVE_SIZE];
    struct om_writer w;
    struct store_value labels, targets;
    OM_TRY(m2m_fold(key, sizeof key, r->id, err));
    if (r->value.len > sizeof r->value.octets || r->suid > INT_MAX)
        return om_fail(err, OM_EINPUT, "key %s cannot be stored: its sealed value or SUID is out of bounds",
                       r->id);
    om_writer_init(&w, s->lists, STORE_ROW_MAX);
    OM_TRY(store_list_encode(&w, &r->labels, &labels, err));
    OM_TRY(store_list_encode(&w, &r->targets, &targets, err));
    struct store_value v[] = {
        store_text(key),
        store_text(r->id),
        store_text(r->source),
        store_text(r->admin_fqdn),
        store_integer((int64_t)r->suid),
        store_integer(r->exporter ? 1 : 0),
        labels,
        targets,
        store_integer(r->created),
        store_integer(r->modified),
        store_integer(r->expires),
        store_blob(r->value.octets, r->value.len),
    };
    OM_TRY(store_row_put(s, &table, sql, v, err));
    return put_targets(s, key, &r->targets, err);
}

static om_rc create(struct store *s, const struct store_key *r, struct om_error *err)
{
    OM_TRY(store_burn(s, STORE_ID_KEY, r->id, err));
    return put(s, r, STORE_SQL_KEY_CREATE, err);
}

om_rc store_key_create(struct store *s, const struct store_key *r, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, create(s, r, err), err);
}

om_rc store_key_get(struct store *s, const char *id, struct store_key *out, struct om_error *err)
{
    char key[M2M_RELATIVE_SIZE];
    OM_TRY(m2m_fold(key, sizeof key, id, err));
    struct store_lookup by = {STORE_SQL_KEY_GET, 0, 1, {store_text(key)}};
    return store_row_get(s, &table, &by, out, err);
}

/* The rest of the row comes from the database, verified. */
static om_rc update(struct store *s, const struct store_key *r, struct om_error *err)
{
    struct store_key now;
    OM_TRY(store_key_get(s, r->id, &now, err));
    struct m2m_list old_labels = now.labels;
    struct m2m_list old_targets = now.targets;
    now.labels = r->labels; /* borrowed */
    now.targets = r->targets;
    now.modified = r->modified;
    now.expires = r->expires;
    om_rc rc = put(s, &now, STORE_SQL_KEY_UPDATE, err);
    m2m_list_free(&old_labels);
    m2m_list_free(&old_targets);
    return rc;
}

om_rc store_key_update(struct store *s, const struct store_key *r, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, update(s, r, err), err);
}

static om_rc delete (struct store *s, const char *id, struct om_error *err)
{
    char key[M2M_RELATIVE_SIZE];
    OM_TRY(m2m_fold(key, sizeof key, id, err));
    struct store_value v = store_text(key);
    OM_TRY(store_sql_run(s, STORE_SQL_TARGET_DELETE, "t", &v, NULL, err));
    return store_row_delete(s, &table, STORE_SQL_KEY_DELETE, &v, 1, err);
}

om_rc store_key_delete(struct store *s, const char *id, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, delete (s, id, err), err);
}

static om_rc expire(struct store *s, const char *id, int64_t now, struct om_error *err)
{
    struct store_key r;
    OM_TRY(store_key_get(s, id, &r, err));
    bool over = store_expired(r.expires, now);
    store_key_free(&r);
    return over ? delete (s, id, err) : OM_OK;
}

om_rc store_key_expire(struct store *s, const char *id, int64_t now, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, expire(s, id, now, err), err);
}

static om_rc delete_of(struct store *s, const char *source, const char *admin_fqdn, size_t *deleted,
                       struct om_error *err)
{
    struct store_value v[] = {store_text(source), store_text(admin_fqdn)};
    OM_TRY(store_sql_run(s, STORE_SQL_TARGET_DELETE_OF, "tt", v, NULL, err));
    return store_sql_run(s, STORE_SQL_KEY_DELETE_OF, "tt", v, deleted, err);
}

om_rc store_key_delete_of(struct store *s, const char *source, const char *admin_fqdn, size_t *deleted,
                          struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, delete_of(s, source, admin_fqdn, deleted, err), err);
}

om_rc store_key_count(struct store *s, const char *source, const char *admin_fqdn, int64_t now, uint64_t *n,
                      struct om_error *err)
{
    struct store_value v[] = {store_text(source), store_text(admin_fqdn), store_integer(now)};
    sqlite3_stmt *stmt = NULL;
    OM_TRY(store_sql(s, STORE_SQL_KEY_COUNT_OF, &stmt, err));
    om_rc rc = store_sql_bind(s, stmt, "tti", v, err);
    int code = rc == OM_OK ? sqlite3_step(stmt) : SQLITE_OK;
    if (code == SQLITE_ROW)
        *n = (uint64_t)sqlite3_column_int64(stmt, 0);
    else if (rc == OM_OK)
        rc = store_sql_fail(s, code, "count keys", err);
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt);
    return rc;
}

struct list {
    store_key_glance_fn *glance;
    store_key_fn *fn;
    void *arg;
    const char *identity; /* NULL: all */
};

/* Indexes only find candidates; the verified row says whether the identity may see the key. */
static bool each(void *arg, const void *record, const struct om_error *bad)
{
    const struct list *l = arg;
    const struct store_key *r = record;
    bool hidden = l->identity != NULL && bad == NULL && strcmp(r->source, l->identity) != 0 &&
                  !m2m_list_has(&r->targets, l->identity);
    return hidden || l->fn(l->arg, r, bad);
}

static bool glance(void *arg, const struct store_value *v)
{
    const struct list *l = arg;
    return l->glance(l->arg, &(struct store_glance){.created = v[8].i,
                                                    .modified = v[9].i,
                                                    .expires = v[10].i,
                                                    .labels = v[6].p,
                                                    .labels_len = v[6].n});
}

bool store_glance_has_label(const struct store_glance *g, const char *label)
{
    return store_list_has(g->labels, g->labels_len, label);
}

om_rc store_key_find(struct store *s, const char *identity, store_key_glance_fn *wanted, store_key_fn *fn,
                     void *arg, struct om_error *err)
{
    struct list l = {wanted, fn, arg, identity};
    enum store_statement sql = identity == NULL ? STORE_SQL_KEY_LIST : STORE_SQL_KEY_LIST_OF;
    return store_row_walk(s, &table, sql, identity,
                          &(struct store_walk){wanted != NULL ? glance : NULL, each, &l}, err);
}

om_rc store_key_list(struct store *s, const char *identity, store_key_fn *fn, void *arg, struct om_error *err)
{
    return store_key_find(s, identity, NULL, fn, arg, err);
}
