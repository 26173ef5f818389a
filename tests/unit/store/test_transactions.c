/* All or nothing: of a call, of a transaction, and when the disk or another process stands in the way. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

static uint64_t credentials(struct fixture *f)
{
    struct store_counts n;
    assert_ok(f, store_count(f->s, &n, &f->err));
    return n.credentials;
}

static void commit_and_rollback(void **state)
{
    struct fixture *f = *state;
    store_rollback(f->s); /* safe at any time */
    assert_int_not_equal(store_commit(f->s, &f->err), OM_OK);
    assert_ok(f, store_begin(f->s, &f->err));
    assert_rc(f, OM_EINTERNAL, store_begin(f->s, &f->err));
    create_credential(f, 1);
    create_credential(f, 2);
    assert_int_equal(fixture_integer(f, "SELECT count(*) FROM credential"), 0);
    assert_ok(f, store_commit(f->s, &f->err));
    assert_int_equal(fixture_integer(f, "SELECT count(*) FROM credential"), 2);
    assert_ok(f, store_begin(f->s, &f->err));
    create_credential(f, 3);
    store_rollback(f->s);
    assert_int_equal(credentials(f), 2);
    create_credential(f, 3);
}

/* A refused call inside a transaction leaves nothing behind, and the rest of the transaction stands. */
static void a_failed_call_in_a_transaction(void **state)
{
    struct fixture *f = *state;
    struct store_registration r;
    create_registration(f, 1);
    assert_ok(f, store_begin(f->s, &f->err));
    create_credential(f, 1);
    make_registration(1, &r);
    set_text(r.id, "reg2");
    assert_rc(f, OM_ECONFLICT, store_registration_create(f->s, &r, &f->err));
    store_registration_free(&r);
    bool used = true;
    assert_ok(f, store_id_used(f->s, STORE_ID_REGISTRATION, "reg2", &used, &f->err));
    assert_false(used);
    create_registration(f, 2);
    assert_ok(f, store_commit(f->s, &f->err));
    assert_int_equal(credentials(f), 1);
}

static void a_silent_token_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct store_key k;
    make_key(1, &k);
    f->mac_fails = OM_ETRANSIENT;
    assert_rc(f, OM_ETRANSIENT, store_key_create(f->s, &k, &f->err));
    f->mac_fails = OM_OK;
    assert_ok(f, store_key_create(f->s, &k, &f->err));
    store_key_free(&k);
}

static void a_full_disk(void **state)
{
    struct fixture *f = *state;
    create_credential(f, 0);
    char sql[64];
    (void)snprintf(sql, sizeof sql, "PRAGMA max_page_count = %lld",
                   (long long)fixture_integer(f, "PRAGMA page_count"));
    assert_ok(f, store_sql_exec(f->s, sql, &f->err));
    assert_ok(f, store_begin(f->s, &f->err));
    om_rc rc = OM_OK;
    for (unsigned i = 1; i < 1000 && rc == OM_OK; i++) {
        struct store_credential c;
        make_credential(i, &c);
        rc = store_credential_create(f->s, &c, &f->err);
    }
    assert_int_equal(rc, OM_ETRANSIENT);
    /* Whether SQLite ended the transaction itself or not, it cannot be half kept. */
    store_rollback(f->s);
    assert_int_equal(credentials(f), 1);
    assert_ok(f, store_sql_exec(f->s, "PRAGMA max_page_count = 1000000", &f->err));
    create_credential(f, 1);
}

/* SQLite ends a transaction by itself after some failures; nothing may then slip in on its own. */
static void a_transaction_that_was_lost(void **state)
{
    struct fixture *f = *state;
    struct store_credential c;
    assert_ok(f, store_begin(f->s, &f->err));
    create_credential(f, 1);
    assert_ok(f, store_sql_exec(f->s, "ROLLBACK", &f->err));
    make_credential(2, &c);
    assert_rc(f, OM_ETRANSIENT, store_credential_create(f->s, &c, &f->err));
    assert_rc(f, OM_ETRANSIENT, store_commit(f->s, &f->err));
    assert_int_equal(credentials(f), 0);
    create_credential(f, 1);
}

static void a_busy_database(void **state)
{
    struct fixture *f = *state;
    struct store *other = NULL;
    struct store_credential c;
    create_credential(f, 1);
    assert_ok(f, store_open(f->path, &f->auth, &other, &f->err));
    assert_ok(f, store_begin(other, &f->err));
    assert_int_equal(sqlite3_busy_timeout(f->s->db, 0),
                     SQLITE_OK); /* the bound is 5 s; not to be waited for */
    make_credential(2, &c);
    assert_rc(f, OM_ETRANSIENT, store_credential_create(f->s, &c, &f->err));
    assert_rc(f, OM_ETRANSIENT, store_begin(f->s, &f->err));
    assert_ok(f, store_credential_get(f->s, "dev-1@maf.example", &c, &f->err)); /* readers do not wait */
    store_close(other);                                                         /* rolls back */
    create_credential(f, 2);
}

static void durable_and_hardened(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *pragma;
        int64_t value;
    } expected[] = {
        {"PRAGMA synchronous", 2},    {"PRAGMA secure_delete", 1},   {"PRAGMA foreign_keys", 1},
        {"PRAGMA trusted_schema", 0}, {"PRAGMA cell_size_check", 1}, {"PRAGMA busy_timeout", STORE_BUSY_MS},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        int64_t v = -1;
        assert_ok(f, store_sql_integer(f->s, expected[i].pragma, &v, &f->err));
        assert_int_equal(v, expected[i].value);
    }
    assert_int_equal(fixture_integer(f, "PRAGMA user_version"), store_schema_n);
    assert_int_equal(fixture_integer(f, "SELECT 1 FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(commit_and_rollback),  T(a_failed_call_in_a_transaction), T(a_silent_token_changes_nothing),
        T(a_full_disk),          T(a_transaction_that_was_lost),    T(a_busy_database),
        T(durable_and_hardened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
