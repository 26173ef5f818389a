/* Expired records go for good (MAF-GEN-7), and counts.
 *
 * Rows are not verified before they are deleted: whoever could move an expiry in the file could have deleted
 * the row outright, and a row that cannot be verified must not stay for ever either.
 *
 * secure_delete overwrites what a row held in the database file, but older images of its page stay in the
 * write-ahead log until that is reset. So a purge that deleted something ends with an attempt to truncate the
 * log. An attempt only: readers in other processes may hold it, the next purge or the last close tries again,
 * and what stays meanwhile are wrapped keys, useless without the token. Single deletions do not do this; it
 * would cost a second fsync or two of each. */
#include "store/internal.h"

static om_rc purge_one(struct store *s, enum store_statement sql, int64_t now, size_t max, size_t *deleted,
                       struct om_error *err)
{
    size_t changed = 0;
    struct store_value v[] = {store_integer(now), store_integer((int64_t)(max - *deleted))};
    OM_TRY(store_sql_run(s, sql, "ii", v, &changed, err));
    *deleted += changed;
    return OM_OK;
}

static om_rc purge(struct store *s, int64_t now, size_t max, size_t *deleted, struct om_error *err)
{
    OM_TRY(purge_one(s, STORE_SQL_REGISTRATION_PURGE, now, max, deleted, err));
    size_t hints = *deleted; /* TARGET_PURGE clears the hints of the very keys that KEY_PURGE then takes */
    OM_TRY(purge_one(s, STORE_SQL_TARGET_PURGE, now, max, &hints, err));
    OM_TRY(purge_one(s, STORE_SQL_KEY_PURGE, now, max, deleted, err));
    OM_TRY(purge_one(s, STORE_SQL_CREDENTIAL_PURGE, now, max, deleted, err));
    OM_TRY(purge_one(s, STORE_SQL_ENROLMENT_PURGE, now, max, deleted, err));
    return purge_one(s, STORE_SQL_CERTIFICATE_PURGE, now, max, deleted, err);
}

static void try_to_truncate_log(struct store *s)
{
    (void)sqlite3_busy_timeout(s->db, 0);
    (void)sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    (void)sqlite3_busy_timeout(s->db, STORE_BUSY_MS);
}

om_rc store_purge(struct store *s, int64_t now, size_t max, size_t *deleted, struct om_error *err)
{
    *deleted = 0;
    if (max > INT32_MAX)
        max = INT32_MAX;
    OM_TRY(store_scope_open(s, err));
    om_rc rc = store_scope_close(s, purge(s, now, max, deleted, err), err);
    if (rc != OM_OK)
        *deleted = 0;
    else if (*deleted > 0 && !s->in_transaction)
        try_to_truncate_log(s);
    return rc;
}

om_rc store_count(struct store *s, struct store_counts *out, struct om_error *err)
{
    sqlite3_stmt *stmt = NULL;
    OM_TRY(store_sql(s, STORE_SQL_COUNT, &stmt, err));
    om_rc rc = OM_OK;
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        *out = (struct store_counts){
            .stakeholders = (uint64_t)sqlite3_column_int64(stmt, 0),
            .credentials = (uint64_t)sqlite3_column_int64(stmt, 1),
            .registrations = (uint64_t)sqlite3_column_int64(stmt, 2),
            .keys = (uint64_t)sqlite3_column_int64(stmt, 3),
            .certificates = (uint64_t)sqlite3_column_int64(stmt, 4),
        };
    else
        rc = store_sql_fail(s, code, "count", err);
    (void)sqlite3_reset(stmt);
    return rc;
}
