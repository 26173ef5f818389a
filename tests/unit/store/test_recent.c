/* What was read last is answered again without a query, and not one commit longer than it is true. */
#include "fixture.h"

#include <string.h>

static const char id[] = "dev-1@maf.example";

static enum store_recent_answer kept(struct fixture *f, const char *key)
{
    struct store_credential c;
    uint8_t header[STORE_WAL_HEADER];
    assert_true(store_recent_header(f->s->recent, f->s->db, header));
    return store_recent_get(f->s->recent, key, header, &c);
}

static void a_credential_is_kept_until_something_is_written(void **state)
{
    struct fixture *f = *state;
    struct store_credential c, again;
    create_credential(f, 1);
    assert_int_equal(kept(f, id), STORE_RECENT_UNKNOWN);
    assert_ok(f, store_credential_get(f->s, id, &c, &f->err));
    assert_int_equal(kept(f, id), STORE_RECENT_PRESENT);
    assert_ok(f, store_credential_get(f->s, "DEV-1@MAF.example", &again, &f->err));
    assert_memory_equal(&c, &again, sizeof c);
    create_credential(f, 2);
    assert_int_equal(kept(f, id), STORE_RECENT_UNKNOWN);
}

static void absence_is_kept_too(void **state)
{
    struct fixture *f = *state;
    struct store_credential c;
    assert_rc(f, OM_ENOTFOUND, store_credential_get(f->s, id, &c, &f->err));
    assert_int_equal(kept(f, id), STORE_RECENT_ABSENT);
    assert_rc(f, OM_ENOTFOUND, store_credential_get(f->s, id, &c, &f->err));
    create_credential(f, 1);
    assert_ok(f, store_credential_get(f->s, id, &c, &f->err));
}

static void another_connection_is_seen_at_once(void **state)
{
    struct fixture *f = *state;
    struct store *other = NULL;
    struct store_credential c;
    create_credential(f, 1);
    assert_ok(f, store_open(f->path, &f->auth, &other, &f->err));
    for (unsigned i = 0; i < 50; i++) {
        assert_ok(f, store_credential_get(f->s, id, &c, &f->err));
        c.expires = 10000 + i;
        assert_ok(f, store_credential_update(other, &c, &f->err));
        assert_ok(f, store_credential_get(f->s, id, &c, &f->err));
        assert_int_equal(c.expires, 10000 + i);
        if (i % 7 == 0) /* the log begins anew */
            fixture_sql(f, "PRAGMA wal_checkpoint(TRUNCATE)");
    }
    c.state = STORE_CREDENTIAL_REVOKED;
    assert_ok(f, store_credential_update(other, &c, &f->err));
    assert_ok(f, store_credential_get(f->s, id, &c, &f->err));
    assert_int_equal(c.state, STORE_CREDENTIAL_REVOKED);
    store_close(other);
}

static void a_transaction_sees_its_own_writes_only_if_they_stay(void **state)
{
    struct fixture *f = *state;
    struct store_credential c;
    create_credential(f, 1);
    assert_ok(f, store_credential_get(f->s, id, &c, &f->err));
    assert_ok(f, store_begin(f->s, &f->err));
    c.expires = 77;
    assert_ok(f, store_credential_update(f->s, &c, &f->err));
    assert_ok(f, store_credential_get(f->s, id, &c, &f->err));
    assert_int_equal(c.expires, 77);
    store_rollback(f->s);
    assert_ok(f, store_credential_get(f->s, id, &c, &f->err));
    assert_int_not_equal(c.expires, 77);
}

static void a_row_that_does_not_verify_is_not_kept(void **state)
{
    struct fixture *f = *state;
    struct store_credential c;
    create_credential(f, 1);
    fixture_sql(f, "UPDATE credential SET identity = '//x.example/c'");
    assert_rc(f, OM_EINTEGRITY, store_credential_get(f->s, id, &c, &f->err));
    assert_int_equal(kept(f, id), STORE_RECENT_UNKNOWN);
    assert_rc(f, OM_EINTEGRITY, store_credential_get(f->s, id, &c, &f->err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        T(a_credential_is_kept_until_something_is_written),
        T(absence_is_kept_too),
        T(another_connection_is_seen_at_once),
        T(a_transaction_sees_its_own_writes_only_if_they_stay),
        T(a_row_that_does_not_verify_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
