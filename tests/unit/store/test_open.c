/* The file: who may reach it, whose it is, which schema it has. */
#include "fixture.h"

#include "util/file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static om_rc try_open(struct fixture *f)
{
    struct store *s = NULL;
    om_rc rc = store_open(f->path, &f->auth, &s, &f->err);
    store_close(s);
    return rc;
}

static void private_files_only(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    char beside[96];
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    (void)snprintf(beside, sizeof beside, "%s-wal", f->path);
    assert_int_equal(stat(beside, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(chmod(beside, 0660), 0);
    assert_rc(f, OM_ECONFIG, try_open(f));
    assert_int_equal(chmod(beside, 0600), 0);
    static const mode_t modes[] = {0640, 0620, 0604, 0602, 0610};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod(f->path, modes[i]), 0);
        assert_rc(f, OM_ECONFIG, try_open(f));
    }
    assert_int_equal(chmod(f->path, 0600), 0);
    assert_ok(f, try_open(f));
}

static void missing_and_foreign_files(void **state)
{
    struct fixture *f = *state;
    fixture_close(f);
    assert_int_equal(unlink(f->path), 0);
    assert_rc(f, OM_ECONFIG, try_open(f));
    assert_int_equal(mkdir(f->path, 0700), 0);
    assert_rc(f, OM_ECONFIG, try_open(f));
    assert_int_equal(rmdir(f->path), 0);
    assert_ok(f, om_file_create(f->path, "", 0, 0600, &f->err)); /* as an interrupted init leaves it */
    assert_rc(f, OM_ECONFIG, try_open(f));
    char junk[8192];
    memset(junk, 'j', sizeof junk);
    assert_ok(f, om_file_write(f->path, junk, sizeof junk, 0600, &f->err));
    assert_rc(f, OM_EINTEGRITY, try_open(f));
    assert_int_equal(unlink(f->path), 0);
    assert_ok(f, om_file_create(f->path, "", 0, 0600, &f->err));
    fixture_sql(f, "CREATE TABLE theirs (a)");
    assert_rc(f, OM_ECONFIG, try_open(f));
    assert_int_equal(
        fixture_integer(f, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"),
        0); /* and it was not touched */
}

static void created_once(void **state)
{
    struct fixture *f = *state;
    char beside[96];
    assert_rc(f, OM_ECONFLICT, store_create(f->path, &f->auth, &f->err));
    assert_ok(f, store_health(f->s, &f->err));
    fixture_close(f);
    assert_int_equal(unlink(f->path), 0);
    (void)snprintf(beside, sizeof beside, "%s-wal", f->path);
    assert_ok(f, om_file_create(beside, "x", 1, 0600, &f->err));
    assert_rc(f, OM_ECONFLICT, store_create(f->path, &f->auth, &f->err));
    assert_int_equal(unlink(beside), 0);

    /* A token that fails leaves no half-made database. */
    f->mac_fails = OM_ETRANSIENT;
    assert_rc(f, OM_ETRANSIENT, store_create(f->path, &f->auth, &f->err));
    f->mac_fails = OM_OK;
    assert_int_not_equal(access(f->path, F_OK), 0);
    assert_ok(f, store_create(f->path, &f->auth, &f->err));
    assert_ok(f, try_open(f));
}

static void another_token(void **state)
{
    struct fixture *f = *state;
    f->auth.root_id[0] ^= 1;
    assert_rc(f, OM_ECONFIG, try_open(f));
    assert_non_null(strstr(f->err.text, "another token"));
    f->auth.root_id[0] ^= 1;
    assert_ok(f, try_open(f));
}

static void a_token_that_does_not_answer(void **state)
{
    struct fixture *f = *state;
    f->mac_fails = OM_ETRANSIENT;
    assert_rc(f, OM_ETRANSIENT, try_open(f));
    assert_rc(f, OM_ETRANSIENT, store_health(f->s, &f->err));
}

/* The steps of this program, and one more. */
#define STEPS_MAX 64
static const char *const *steps_and(const char *more)
{
    static const char *steps[STEPS_MAX];
    assert_true(store_schema_n < STEPS_MAX);
    memcpy(steps, store_schema_steps, store_schema_n * sizeof steps[0]);
    steps[store_schema_n] = more;
    return steps;
}

/* The next schema is one more line. */
static void migration(void **state)
{
    struct fixture *f = *state;
    size_t n = store_schema_n + 1;
    const char *broken = "CREATE TABLE extra (a INTEGER); CREATE TABLE extra (b)";
    const char *next = "CREATE TABLE extra (a INTEGER) STRICT";
    create_credential(f, 1);
    assert_int_not_equal(store_schema_migrate(f->s, steps_and(broken), n, &f->err), OM_OK);
    assert_int_equal(fixture_integer(f, "PRAGMA user_version"), store_schema_n);
    assert_int_equal(fixture_integer(f, "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'"), 0);
    assert_ok(f, store_health(f->s, &f->err));

    int64_t created = fixture_integer(f, "SELECT created FROM meta");
    assert_ok(f, store_schema_migrate(f->s, steps_and(next), n, &f->err));
    assert_ok(f, store_schema_migrate(f->s, steps_and(next), n, &f->err)); /* done already */
    assert_ok(f, store_schema_check(f->s, n, OM_EINTEGRITY, &f->err));
    assert_int_equal(fixture_integer(f, "PRAGMA user_version"), n);
    assert_int_equal(fixture_integer(f, "SELECT count(*) FROM extra"), 0);
    assert_int_equal(fixture_integer(f, "SELECT created FROM meta"), created);
    struct store_credential c;
    assert_ok(f, store_credential_get(f->s, "dev-1@maf.example", &c, &f->err));

    fixture_close(f);
    assert_rc(f, OM_ECONFIG, try_open(f)); /* newer than this program */
}

/* An older database that was tampered with is not migrated into a good one. */
static void a_tampered_database_is_not_migrated(void **state)
{
    struct fixture *f = *state;
    const char *next = "CREATE TABLE extra (a INTEGER) STRICT";
    fixture_sql(f, "UPDATE meta SET created = 7");
    assert_rc(f, OM_EINTEGRITY, store_schema_migrate(f->s, steps_and(next), store_schema_n + 1, &f->err));
    assert_int_equal(fixture_integer(f, "PRAGMA user_version"), store_schema_n);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(private_files_only),
        T(missing_and_foreign_files),
        T(created_once),
        T(another_token),
        T(migration),
        T(a_token_that_does_not_answer),
        T(a_tampered_database_is_not_migrated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
