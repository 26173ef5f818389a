/* Statements and transactions over SQLite: error codes, prepared statements, all-or-nothing calls. */
#include "store/internal.h"

static om_rc rc_of(int code)
{
    switch (code) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
        return OM_ECONFLICT;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return OM_ENOTFOUND; /* of an insert; what deletes refuse for says so itself */
    default:
        break;
    }
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_ABORT:
    case SQLITE_INTERRUPT:
        return OM_ETRANSIENT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return OM_EINTEGRITY;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return OM_ECONFIG;
    case SQLITE_NOMEM:
        return OM_ENOMEM;
    case SQLITE_TOOBIG:
        return OM_EINPUT;
    default:
        return OM_EINTERNAL;
    }
}

om_rc store_sql_fail(struct store *s, int code, const char *doing, struct om_error *err)
{
    return om_fail(err, rc_of(code), "database: cannot %s: %s (SQLite %d)", doing, sqlite3_errmsg(s->db),
                   code);
}

om_rc store_sql(struct store *s, enum store_statement id, sqlite3_stmt **out, struct om_error *err)
{
    if (s->prepared[id] == NULL) {
        int code = sqlite3_prepare_v3(s->db, store_sql_text[id], -1, SQLITE_PREPARE_PERSISTENT,
                                      &s->prepared[id], NULL);
        /* Our text is constant: when it does not fit the tables, they are not those we made. */
        if (code == SQLITE_ERROR)
            return om_fail(err, OM_EINTEGRITY, "database: the schema was altered: %s", sqlite3_errmsg(s->db));
        if (code != SQLITE_OK)
            return store_sql_fail(s, code, "prepare a statement", err);
    }
    *out = s->prepared[id];
    return OM_OK;
}

void store_sql_finalize_all(struct store *s)
{
    for (size_t i = 0; i < STORE_SQL_N; i++) {
        (void)sqlite3_finalize(s->prepared[i]);
        s->prepared[i] = NULL;
    }
}

om_rc store_sql_bind(struct store *s, sqlite3_stmt *stmt, const char *types, const struct store_value *v,
                     struct om_error *err)
{
    for (int i = 0; types[i] != '\0'; i++) {
        int code;
        if (types[i] == 'i')
            code = sqlite3_bind_int64(stmt, i + 1, v[i].i);
        else if (types[i] == 't')
            code = sqlite3_bind_text64(stmt, i + 1, v[i].p, v[i].n, SQLITE_STATIC, SQLITE_UTF8);
        else
            code = sqlite3_bind_blob64(stmt, i + 1, v[i].p, v[i].n, SQLITE_STATIC);
        if (code != SQLITE_OK)
            return store_sql_fail(s, code, "bind a value", err);
    }
    return OM_OK;
}

om_rc store_sql_run(struct store *s, enum store_statement id, const char *types, const struct store_value *v,
                    size_t *changed, struct om_error *err)
{
    sqlite3_stmt *stmt = NULL;
    OM_TRY(store_sql(s, id, &stmt, err));
    om_rc rc = types == NULL ? OM_OK : store_sql_bind(s, stmt, types, v, err);
    int code = SQLITE_ROW;
    while (rc == OM_OK && code == SQLITE_ROW)
        code = sqlite3_step(stmt);
    if (rc == OM_OK && code != SQLITE_DONE)
        rc = store_sql_fail(s, code, "write", err);
    if (rc == OM_OK && changed != NULL)
        *changed = (size_t)sqlite3_changes64(s->db);
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt); /* they point into the caller's memory */
    return rc;
}

om_rc store_sql_exec(struct store *s, const char *sql, struct om_error *err)
{
    int code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? OM_OK : store_sql_fail(s, code, "set up", err);
}

om_rc store_sql_integer(struct store *s, const char *sql, int64_t *out, struct om_error *err)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    om_rc rc = OM_OK;
    if (code == SQLITE_ROW)
        *out = sqlite3_column_int64(stmt, 0);
    else
        rc = store_sql_fail(s, code, "read", err);
    (void)sqlite3_finalize(stmt);
    return rc;
}

/* After some errors (disk full, I/O) SQLite ends a transaction by itself. What follows must not run, each
 * statement on its own, as if the transaction were still there. */
static om_rc still_in_transaction(struct store *s, struct om_error *err)
{
    if (sqlite3_get_autocommit(s->db) == 0)
        return OM_OK;
    return om_fail(err, OM_ETRANSIENT, "database: the transaction was ended by an earlier failure");
}

static void undo_all(struct store *s)
{
    if (sqlite3_get_autocommit(s->db) != 0)
        return;
    om_rc ignored = store_sql_run(s, STORE_SQL_ROLLBACK, NULL, NULL, NULL, NULL);
    (void)ignored; /* nothing is kept either way: closing the connection drops what is not committed */
}

om_rc store_begin(struct store *s, struct om_error *err)
{
    if (s->in_transaction)
        return om_fail(err, OM_EINTERNAL, "database: transactions do not nest");
    OM_TRY(store_sql_run(s, STORE_SQL_BEGIN, NULL, NULL, NULL, err));
    s->in_transaction = true;
    return OM_OK;
}

om_rc store_commit(struct store *s, struct om_error *err)
{
    if (!s->in_transaction)
        return om_fail(err, OM_EINTERNAL, "database: commit without begin");
    s->in_transaction = false;
    OM_TRY(still_in_transaction(s, err));
    om_rc rc = store_sql_run(s, STORE_SQL_COMMIT, NULL, NULL, NULL, err);
    if (rc != OM_OK)
        undo_all(s);
    return rc;
}

void store_rollback(struct store *s)
{
    s->in_transaction = false;
    undo_all(s);
}

om_rc store_end(struct store *s, om_rc rc, struct om_error *err)
{
    if (rc == OM_OK)
        return store_commit(s, err);
    store_rollback(s);
    return rc;
}

om_rc store_scope_open(struct store *s, struct om_error *err)
{
    if (!s->in_transaction)
        return store_sql_run(s, STORE_SQL_BEGIN, NULL, NULL, NULL, err);
    OM_TRY(still_in_transaction(s, err));
    return store_sql_run(s, STORE_SQL_SAVEPOINT, NULL, NULL, NULL, err);
}

om_rc store_scope_close(struct store *s, om_rc rc, struct om_error *err)
{
    bool nested = s->in_transaction;
    if (rc == OM_OK)
        rc = store_sql_run(s, nested ? STORE_SQL_SAVEPOINT_KEEP : STORE_SQL_COMMIT, NULL, NULL, NULL, err);
    if (rc == OM_OK)
        return OM_OK;
    if (!nested) {
        undo_all(s);
    } else if (sqlite3_get_autocommit(s->db) == 0) {
        om_rc undone = store_sql_run(s, STORE_SQL_SAVEPOINT_UNDO, NULL, NULL, NULL, NULL);
        if (undone == OM_OK)
            undone = store_sql_run(s, STORE_SQL_SAVEPOINT_KEEP, NULL, NULL, NULL, NULL);
        if (undone != OM_OK)
            undo_all(s); /* the caller's commit then fails, as it must */
    }
    return rc;
}
