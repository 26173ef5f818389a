/* Identifiers are given once: not after deletion, purge, reopening or a refused call (MAF-GEN-10). */
#include "fixture.h"

#include <string.h>

static void expect_used(struct fixture *f, enum store_id_kind kind, const char *id, bool expected)
{
    bool used = !expected;
    assert_ok(f, store_id_used(f->s, kind, id, &used, &f->err));
    assert_int_equal(used, expected);
}

static void credentials(struct fixture *f)
{
    struct store_credential c;
    make_credential(1, &c);
    assert_rc(f, OM_ECONFLICT, store_credential_create(f->s, &c, &f->err));
    set_text(c.kmid, "DEV-1@maf.EXAMPLE"); /* folds to the same */
    assert_rc(f, OM_ECONFLICT, store_credential_create(f->s, &c, &f->err));
    expect_used(f, STORE_ID_KMID, "dEv-1@maf.example", true);
    expect_used(f, STORE_ID_KEY, "dEv-1@maf.example", false);
}

static void registrations_and_keys(struct fixture *f)
{
    struct store_registration r;
    struct store_key k;
    make_registration(1, &r);
    set_text(r.identity, "//sp.example/new");
    assert_rc(f, OM_ECONFLICT, store_registration_create(f->s, &r, &f->err));
    store_registration_free(&r);
    make_key(0xa, &k);
    assert_rc(f, OM_ECONFLICT, store_key_create(f->s, &k, &f->err));
    set_text(k.id, "0000000000000000000000000000000a");
    assert_rc(f, OM_ECONFLICT, store_key_create(f->s, &k, &f->err));
    store_key_free(&k);
    expect_used(f, STORE_ID_REGISTRATION, "reg1", true);
    expect_used(f, STORE_ID_KEY, "0000000000000000000000000000000a", true);
}

static void none_is_given_twice(void **state)
{
    struct fixture *f = *state;
    expect_used(f, STORE_ID_KMID, "dev-1@maf.example", false);
    create_credential(f, 1);
    create_registration(f, 1);
    create_key(f, 0xa);
    credentials(f);
    registrations_and_keys(f);
    size_t n;
    assert_ok(f, store_credential_delete(f->s, "dev-1@maf.example", &f->err));
    assert_ok(f, store_registration_delete(f->s, "reg1", &f->err));
    assert_ok(f, store_key_delete(f->s, "0000000000000000000000000000000A", &f->err));
    credentials(f);
    registrations_and_keys(f);
    fixture_reopen(f);
    credentials(f);
    registrations_and_keys(f);

    create_credential(f, 2);
    assert_ok(f, store_purge(f->s, 100000, 10, &n, &f->err));
    assert_int_equal(n, 1);
    expect_used(f, STORE_ID_KMID, "dev-2@maf.example", true);
    struct store_credential c;
    make_credential(2, &c);
    assert_rc(f, OM_ECONFLICT, store_credential_create(f->s, &c, &f->err));
}

static void what_was_rolled_back_was_not_given(void **state)
{
    struct fixture *f = *state;
    assert_ok(f, store_begin(f->s, &f->err));
    create_credential(f, 1);
    expect_used(f, STORE_ID_KMID, "dev-1@maf.example", true);
    store_rollback(f->s);
    expect_used(f, STORE_ID_KMID, "dev-1@maf.example", false);
    create_credential(f, 1);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {T(none_is_given_twice), T(what_was_rolled_back_was_not_given)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
