/* The database file: made, opened, hardened, closed. */
#include "store/internal.h"
#include "util/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What SQLite keeps beside the database. */
static const char *const companions[] = {"-wal", "-shm", "-journal"};
#define N_COMPANIONS (sizeof companions / sizeof companions[0])

/* synchronous = FULL: a commit is on disk when it returns. secure_delete: what is deleted is overwritten.
 * Schema and pages of the file are not trusted: a thief may have written them. */
static const char pragmas[] =
    "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL;"
    "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192;";

static om_rc companion(char out[PATH_MAX], const char *path, const char *suffix, struct om_error *err)
{
    int n = snprintf(out, PATH_MAX, "%s%s", path, suffix);
    return n > 0 && n < PATH_MAX ? OM_OK : om_fail(err, OM_EINPUT, "the path of the database is too long");
}

/* By stat, not by descriptor: closing a descriptor of the file would drop this process's SQLite locks. */
static om_rc check_private(const char *path, bool may_be_missing, struct om_error *err)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        if (errno == ENOENT && may_be_missing)
            return OM_OK;
        return om_fail(err, errno == ENOENT ? OM_ECONFIG : OM_ETRANSIENT, "database %s: %s", path,
                       strerror(errno));
    }
    if (!S_ISREG(st.st_mode))
        return om_fail(err, OM_ECONFIG, "database %s is not a regular file", path);
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return om_fail(err, OM_ECONFIG, "database %s can be reached by others (mode %04o); chmod 600 it",
                       path, (unsigned)(st.st_mode & 07777));
    return OM_OK;
}

static om_rc check_files(const char *path, struct om_error *err)
{
    OM_TRY(check_private(path, false, err));
    for (size_t i = 0; i < N_COMPANIONS; i++) {
        char beside[PATH_MAX];
        OM_TRY(companion(beside, path, companions[i], err));
        OM_TRY(check_private(beside, true, err));
    }
    return OM_OK;
}

/* What a database schema could make SQLite do beyond tables and indexes is switched off. */
static om_rc harden(struct store *s, struct om_error *err)
{
    static const struct {
        int option, value;
    } set[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 0},    {SQLITE_DBCONFIG_DQS_DML, 0},
        {SQLITE_DBCONFIG_DQS_DDL, 0},        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
    };
    for (size_t i = 0; i < sizeof set / sizeof set[0]; i++) {
        int now = -1;
        int code = sqlite3_db_config(s->db, set[i].option, set[i].value, &now);
        if (code != SQLITE_OK || now != set[i].value)
            return om_fail(err, OM_EUNSUPPORTED, "this SQLite library lacks option %d", set[i].option);
    }
    return OM_OK;
}

static om_rc use_wal(struct store *s, struct om_error *err)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(s->db, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    om_rc rc = OM_OK;
    if (code != SQLITE_ROW)
        rc = store_sql_fail(s, code, "switch to a write-ahead log", err);
    else if (strcmp((const char *)sqlite3_column_text(stmt, 0), "wal") != 0)
        rc = om_fail(err, OM_ECONFIG, "database: the file system does not support a write-ahead log");
    (void)sqlite3_finalize(stmt);
    return rc;
}

/* A connection to an existing file, not yet known to be ours. */
static om_rc connect(struct store *s, const char *path, struct om_error *err)
{
    s->message = malloc(STORE_ROW_MAX);
    s->lists = malloc(STORE_ROW_MAX);
    s->verified = store_verified_new();
    s->recent = store_recent_new();
    if (s->message == NULL || s->lists == NULL || s->verified == NULL || s->recent == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a database connection");
    /* NOMUTEX: one thread per connection. EXRESCODE: which constraint failed. */
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(path, &s->db, flags, NULL);
    if (s->db == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a database connection");
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(s->db, STORE_BUSY_MS);
    if (code != SQLITE_OK)
        return store_sql_fail(s, code, "open", err);
    OM_TRY(harden(s, err));
    return store_sql_exec(s, pragmas, err);
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    if (s->db != NULL) {
        store_rollback(s);
        store_sql_finalize_all(s);
        (void)sqlite3_close(s->db);
    }
    store_recent_free(s->recent);
    store_verified_free(s->verified);
    free(s->lists);
    free(s->message);
    free(s);
}

static om_rc open_with(struct store *s, const char *path, bool fresh, struct om_error *err)
{
    OM_TRY(connect(s, path, err));
    if (!fresh)
        OM_TRY(store_schema_identify(s, err));
    OM_TRY(use_wal(s, err));
    return store_schema_migrate(s, store_schema_steps, store_schema_n, err);
}

static om_rc open_store(const char *path, const struct store_auth *auth, bool fresh, struct store **out,
                        struct om_error *err)
{
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a database connection");
    s->auth = *auth;
    om_rc rc = open_with(s, path, fresh, err);
    if (rc != OM_OK) {
        store_close(s);
        return om_context(err, rc, "%s", path);
    }
    *out = s;
    return OM_OK;
}

om_rc store_open(const char *path, const struct store_auth *auth, struct store **out, struct om_error *err)
{
    OM_TRY(check_files(path, err));
    return open_store(path, auth, false, out, err);
}

om_rc store_create(const char *path, const struct store_auth *auth, struct om_error *err)
{
    /* A log left behind by another database would be replayed into this one. */
    for (size_t i = 0; i < N_COMPANIONS; i++) {
        char beside[PATH_MAX];
        struct stat st;
        OM_TRY(companion(beside, path, companions[i], err));
        if (lstat(beside, &st) == 0)
            return om_fail(err, OM_ECONFLICT, "%s is left from another database; remove it first", beside);
    }
    OM_TRY(om_file_create(path, "", 0, 0600, err));
    struct store *s = NULL;
    om_rc rc = open_store(path, auth, true, &s, err);
    if (rc != OM_OK)
        (void)unlink(path);
    store_close(s);
    return rc;
}

om_rc store_health(struct store *s, struct om_error *err)
{
    return store_schema_check(s, store_schema_n, OM_EINTEGRITY, err);
}
