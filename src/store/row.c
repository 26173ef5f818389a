/* One authenticated row: how it is read, written and listed, alike for every table. */
#include "store/internal.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>

static int sqlite_type(char type)
{
    return type == 'i' ? SQLITE_INTEGER : type == 't' ? SQLITE_TEXT : SQLITE_BLOB;
}

/* One column as SQLite holds it; false when it has another type than the one we wrote. */
static bool column(sqlite3_stmt *stmt, int i, char type, struct store_value *v)
{
    if (sqlite3_column_type(stmt, i) != sqlite_type(type))
        return false;
    if (type == 'i') {
        *v = store_integer(sqlite3_column_int64(stmt, i));
        return true;
    }
    const void *p = type == 't' ? (const void *)sqlite3_column_text(stmt, i) : sqlite3_column_blob(stmt, i);
    *v = store_blob(p, (size_t)sqlite3_column_bytes(stmt, i));
    return p != NULL || v->n == 0;
}

/* The row under the statement's cursor, not verified. v[] and mac are valid until the next step. */
static om_rc columns(const struct store_table *t, sqlite3_stmt *stmt, struct store_value v[STORE_COLUMNS_MAX],
                     struct store_value *mac, struct om_error *err)
{
    int n = 0;
    for (; t->types[n] != '\0'; n++)
        if (!column(stmt, n, t->types[n], &v[n]))
            return om_fail(err, OM_EINTEGRITY, "column %d has a wrong type", n);
    if (!column(stmt, n, 'b', mac))
        return om_fail(err, OM_EINTEGRITY, "the authentication code is missing");
    return OM_OK;
}

/* The same, verified. */
static om_rc load(struct store *s, const struct store_table *t, sqlite3_stmt *stmt, bool keep,
                  struct store_value v[STORE_COLUMNS_MAX], struct om_error *err)
{
    struct store_value mac;
    OM_TRY(columns(t, stmt, v, &mac, err));
    return store_row_verify(s, t, v, &mac, keep, err);
}

/* The identifier of a row that did not verify, as far as it can be told. */
static void identify(const struct store_table *t, sqlite3_stmt *stmt, char *out)
{
    struct store_value v;
    if (column(stmt, (int)t->shown, 't', &v) && v.n < t->id_size && memchr(v.p, 0, v.n) == NULL)
        memcpy(out, v.p, v.n);
}

/* Puts the row's name in front of an error. id is NUL-terminated, or NULL where rows have none. */
static om_rc name_row(const struct store_table *t, const char *id, om_rc rc, struct om_error *err)
{
    if (id == NULL)
        return om_context(err, rc, "%s", t->record);
    char shown[80];
    size_t n = strnlen(id, sizeof shown - 1);
    memcpy(shown, id, n);
    shown[n] = '\0';
    om_printable(shown);
    return om_context(err, rc, "%s %s", t->record, shown);
}

static void release(const struct store_table *t, void *record)
{
    if (t->release != NULL)
        t->release(record);
}

static om_rc decode(const struct store_table *t, const struct store_value *v, void *record,
                    struct om_error *err)
{
    memset(record, 0, t->record_size);
    om_rc rc = t->decode(v, record, err);
    if (rc != OM_OK) {
        release(t, record);
        memset(record, 0, t->record_size);
    }
    return rc;
}

/* A verified row answers only the question that was asked: a doctored index could lead to another. */
static bool is_asked_for(const struct store_lookup *by, const struct store_value *v)
{
    for (size_t i = 0; i < by->n; i++) {
        const struct store_value *found = &v[by->first + i];
        if (found->n != by->key[i].n || memcmp(found->p, by->key[i].p, found->n) != 0)
            return false;
    }
    return true;
}

static om_rc get(struct store *s, const struct store_table *t, const struct store_lookup *by,
                 sqlite3_stmt *stmt, void *record, struct om_error *err)
{
    struct store_value v[STORE_COLUMNS_MAX];
    OM_TRY(store_sql_bind(s, stmt, by->n == 2 ? "tt" : by->n == 1 ? "t" : "", by->key, err));
    int code = sqlite3_step(stmt);
    if (code == SQLITE_DONE)
        return om_fail(err, OM_ENOTFOUND, "there is no such %s", t->record);
    if (code != SQLITE_ROW)
        return store_sql_fail(s, code, "read", err);
    OM_TRY(load(s, t, stmt, !t->ask_always, v, err));
    if (!is_asked_for(by, v))
        return om_fail(err, OM_EINTEGRITY, "the database answered with another row");
    return decode(t, v, record, err);
}

om_rc store_row_get(struct store *s, const struct store_table *t, const struct store_lookup *by, void *record,
                    struct om_error *err)
{
    sqlite3_stmt *stmt = NULL;
    OM_TRY(store_sql(s, by->sql, &stmt, err));
    om_rc rc = get(s, t, by, stmt, record, err);
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt);
    return rc == OM_OK ? OM_OK : name_row(t, by->n > 0 ? by->key[0].p : NULL, rc, err);
}

om_rc store_row_put(struct store *s, const struct store_table *t, enum store_statement sql,
                    const struct store_value *v, struct om_error *err)
{
    uint8_t mac[SE_MAC_SIZE];
    OM_TRY(store_row_mac(s, t, v, mac, err));
    struct store_value all[STORE_COLUMNS_MAX + 1];
    char types[STORE_COLUMNS_MAX + 2];
    size_t n = strlen(t->types);
    memcpy(all, v, n * sizeof all[0]);
    memcpy(types, t->types, n);
    all[n] = store_blob(mac, sizeof mac);
    types[n] = 'b';
    types[n + 1] = '\0';
    om_rc rc = store_sql_run(s, sql, types, all, NULL, err);
    if (rc == OM_OK)
        return OM_OK;
    if (rc == OM_ECONFLICT)
        rc = om_fail(err, rc, "it exists already");
    else if (rc == OM_ENOTFOUND)
        rc = om_fail(err, rc, "its stakeholder does not exist");
    return name_row(t, v[t->shown].p, rc, err);
}

om_rc store_row_delete(struct store *s, const struct store_table *t, enum store_statement sql,
                       const struct store_value *key, size_t n, struct om_error *err)
{
    size_t changed = 0;
    OM_TRY(store_sql_run(s, sql, n == 2 ? "tt" : "t", key, &changed, err));
    if (changed > 0)
        return OM_OK;
    return name_row(t, key[0].p, om_fail(err, OM_ENOTFOUND, "there is no such %s", t->record), err);
}

/* Hands one row to the caller. A row that does not verify is reported and does not end the list; a token that
 * does not answer does, since then nothing can be said about any row. */
static om_rc hand_over(struct store *s, const struct store_table *t, sqlite3_stmt *stmt, void *record,
                       const struct store_walk *walk, bool *more, struct om_error *err)
{
    struct store_value v[STORE_COLUMNS_MAX], mac;
    struct om_error bad = {.rc = OM_OK};
    om_rc rc = columns(t, stmt, v, &mac, &bad);
    if (rc == OM_OK && walk->glance != NULL && !walk->glance(walk->arg, v))
        return OM_OK;
    if (rc == OM_OK)
        rc = store_row_verify(s, t, v, &mac, false, &bad);
    if (rc == OM_OK)
        rc = decode(t, v, record, &bad);
    if (rc == OM_OK) {
        *more = walk->fn(walk->arg, record, NULL);
        release(t, record);
        return OM_OK;
    }
    memset(record, 0, t->record_size);
    identify(t, stmt, record);
    (void)name_row(t, record, rc, &bad);
    if (rc != OM_EINTEGRITY)
        return om_fail(err, rc, "%s", bad.text);
    *more = walk->fn(walk->arg, record, &bad);
    return OM_OK;
}

om_rc store_row_list(struct store *s, const struct store_table *t, enum store_statement sql, const char *by,
                     store_row_fn *fn, void *arg, struct om_error *err)
{
    return store_row_walk(s, t, sql, by, &(struct store_walk){.fn = fn, .arg = arg}, err);
}

om_rc store_row_walk(struct store *s, const struct store_table *t, enum store_statement sql, const char *by,
                     const struct store_walk *walk, struct om_error *err)
{
    sqlite3_stmt *stmt = NULL;
    void *record = calloc(1, t->record_size);
    if (record == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a record");
    int code = sqlite3_prepare_v2(s->db, store_sql_text[sql], -1, &stmt, NULL);
    om_rc rc = OM_OK;
    if (code == SQLITE_OK && by != NULL)
        rc = store_sql_bind(s, stmt, "t", &(struct store_value){.p = by, .n = strlen(by)}, err);
    bool more = true;
    if (code == SQLITE_OK)
        code = SQLITE_ROW;
    while (rc == OM_OK && more && code == SQLITE_ROW) {
        code = sqlite3_step(stmt);
        if (code == SQLITE_ROW)
            rc = hand_over(s, t, stmt, record, walk, &more, err);
    }
    if (rc == OM_OK && code != SQLITE_ROW && code != SQLITE_DONE)
        rc = store_sql_fail(s, code, "list", err);
    (void)sqlite3_finalize(stmt);
    free(record);
    return rc;
}
