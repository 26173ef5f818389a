/* See world.h: token, database, MAF, clock. */
#include "world.h"
#include "world_tls.h"

#include <sqlite3.h>
#include <time.h>
#include <unistd.h>

#include "util/log.h"

struct se *world_se;
struct store *world_store;
struct maf *world_maf;
const struct maf_role *world_role = &maf_role_maf;
struct om_error world_err;

static const char *kind;
static struct test_token *token;
static struct maf *suite_maf; /* what world_maf is when a test starts */
static char database[512];
static int64_t clock_now;

void world_arguments(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s softhsm|softokn|ram\n", argv[0]);
        exit(2);
    }
    kind = argv[1];
    om_log_set_level(OM_LOG_ERROR);
}

int64_t world_now(void)
{
    return clock_now;
}

void world_advance(int64_t seconds)
{
    clock_now += seconds;
}

const char *world_time(int64_t from_now)
{
    static char texts[4][M2M_TIMESTAMP_SIZE];
    static unsigned next;
    char *out = texts[next++ % 4];
    m2m_timestamp_format(out, clock_now + from_now);
    return out;
}

static void open_store(void)
{
    struct store_auth auth;
    SUCCEEDS(store_auth_token(world_se, &auth, ERR));
    SUCCEEDS(om_path_join(database, sizeof database, token->dir, "maf.db", ERR));
    SUCCEEDS(store_create(database, &auth, ERR));
    SUCCEEDS(store_open(database, &auth, &world_store, ERR));
}

static const char *const names[] = {FQDN, ALIAS, NULL};

int world_setup(void **state)
{
    (void)state;
    token = test_token_new(kind);
    const char *pin_source = token->pin_source[0] != '\0' ? token->pin_source : NULL;
    SUCCEEDS(se_open(token->uri, pin_source, test_plugin_dir(), &world_se, ERR));
    SUCCEEDS(se_provision(world_se, ERR));
    open_store();
    clock_now = (int64_t)time(NULL);
    struct maf_options opt = {.role = world_role, .names = names, .now = world_now};
    SUCCEEDS(maf_new(world_se, world_store, &opt, &suite_maf, ERR));
    world_maf = suite_maf;
    world_tls_open();
    SUCCEEDS(maf_admin_stakeholder_add(world_store, ADMIN, ERR));
    return 0;
}

int world_teardown(void **state)
{
    (void)state;
    world_tls_close();
    maf_free(suite_maf);
    store_close(world_store);
    se_close(world_se);
    test_token_free(token);
    return 0;
}

int world_test_setup(void **state)
{
    (void)state;
    clock_now = (int64_t)time(NULL);
    return 0;
}

int world_test_teardown(void **state)
{
    (void)state;
    devices_free();
    if (world_maf != suite_maf)
        maf_free(world_maf);
    world_maf = suite_maf;
    return 0;
}

void world_restart(const struct maf_options *opt)
{
    struct maf_options with = *opt;
    with.role = world_role;
    with.names = names;
    with.now = world_now;
    struct maf *maf = NULL;
    SUCCEEDS(maf_new(world_se, world_store, &with, &maf, ERR));
    if (world_maf != suite_maf)
        maf_free(world_maf);
    world_maf = maf;
}

const char *world_token_uri(void)
{
    return token->uri;
}

const char *world_database(void)
{
    return database;
}

static sqlite3 *open_sql(void)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_busy_timeout(db, 5000), SQLITE_OK);
    return db;
}

void world_sql(const char *fmt, ...)
{
    char sql[2048];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(sql, sizeof sql, fmt, ap);
    va_end(ap);
    sqlite3 *db = open_sql();
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
    if (sqlite3_total_changes(db) == 0)
        fail_msg("%s: nothing changed", sql);
    (void)sqlite3_close(db);
}

long long world_sql_integer(const char *fmt, ...)
{
    char sql[2048];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(sql, sizeof sql, fmt, ap);
    va_end(ap);
    sqlite3 *db = open_sql();
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK || sqlite3_step(stmt) != SQLITE_ROW)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    long long v = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
    return v;
}

void world_expect(om_rc want, om_rc got, const char *expr, const char *file, int line)
{
    if (want == got)
        return;
    print_error("%s:%d: %s\n  answered \"%s\" instead of \"%s\": %s\n", file, line, expr, om_rc_name(got),
                om_rc_name(want), om_error_text(ERR, got));
    _fail(file, line);
}

const char *world_stakeholder(const char *policy)
{
    static char texts[4][M2M_FQDN_SIZE];
    static unsigned next;
    char *name = texts[next % 4];
    (void)snprintf(name, M2M_FQDN_SIZE, "stakeholder%u.example.com", next++);
    SUCCEEDS(maf_admin_stakeholder_add(world_store, name, ERR));
    if (policy != NULL)
        SUCCEEDS(maf_admin_policy_set(world_store, name, policy, ERR));
    return name;
}
