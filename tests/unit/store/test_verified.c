/* The cache of verified rows: it spares the token, and hides no edit. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

static const char id[] = "dev-1@maf.example";

static void a_repeated_get_asks_no_token(void **state)
{
    struct fixture *f = *state;
    struct store_credential c;
    struct store_key k;
    create_credential(f, 1);
    create_key(f, 1);
    size_t before = f->macs;
    for (int i = 0; i < 10; i++) {
        assert_ok(f, store_credential_get(f->s, id, &c, &f->err));
        assert_ok(f, store_key_get(f->s, "00000000000000000000000000000001", &k, &f->err));
        store_key_free(&k);
    }
    assert_int_equal(f->macs, before + 2);
    /* Not even when the token is away. */
    f->mac_fails = OM_ETRANSIENT;
    assert_ok(f, store_credential_get(f->s, id, &c, &f->err));
    assert_rc(f, OM_ETRANSIENT, store_health(f->s, &f->err));
}

static void an_edit_after_caching_is_seen(void **state)
{
    struct fixture *f = *state;
    struct store_credential c;
    create_credential(f, 1);
    assert_ok(f, store_credential_get(f->s, id, &c, &f->err));
    fixture_sql(f, "UPDATE credential SET expires = 0");
    assert_rc(f, OM_EINTEGRITY, store_credential_get(f->s, id, &c, &f->err));
    assert_rc(f, OM_EINTEGRITY, store_credential_get(f->s, id, &c, &f->err)); /* failures are not cached */
    fixture_sql(f, "UPDATE credential SET expires = 5001");
    size_t before = f->macs;
    assert_ok(f, store_credential_get(f->s, id, &c, &f->err));
    assert_int_equal(f->macs, before);
    fixture_sql(f, "UPDATE credential SET mac = zeroblob(32)");
    assert_rc(f, OM_EINTEGRITY, store_credential_get(f->s, id, &c, &f->err));
}

static void an_update_by_another_process_is_seen(void **state)
{
    struct fixture *f = *state;
    struct store_credential c;
    struct store *other = NULL;
    create_credential(f, 1);
    assert_ok(f, store_credential_get(f->s, id, &c, &f->err));
    assert_ok(f, store_open(f->path, &f->auth, &other, &f->err));
    c.state = STORE_CREDENTIAL_REVOKED;
    assert_ok(f, store_credential_update(other, &c, &f->err));
    store_close(other);
    assert_ok(f, store_credential_get(f->s, id, &c, &f->err));
    assert_int_equal(c.state, STORE_CREDENTIAL_REVOKED);
}

static void the_cache_is_bounded(void **state)
{
    struct fixture *f = *state;
    struct store_verified *c = f->s->verified;
    uint64_t slot = store_verified_hash("x", 1);
    uint8_t octets[STORE_VERIFIED_MAX + 1] = {1};
    assert_false(store_verified_has(c, slot, octets, 10));
    store_verified_keep(c, slot, octets, 10);
    assert_true(store_verified_has(c, slot, octets, 10));
    assert_false(store_verified_has(c, slot, octets, 9));
    octets[9] ^= 1;
    assert_false(store_verified_has(c, slot, octets, 10));
    /* Two ways: the one least recently used goes. */
    store_verified_keep(c, slot, octets, 10);
    octets[9] ^= 1;
    assert_true(store_verified_has(c, slot, octets, 10));
    store_verified_keep(c, slot, octets, 20);
    assert_true(store_verified_has(c, slot, octets, 10));
    octets[9] ^= 1;
    assert_false(store_verified_has(c, slot, octets, 10));
    store_verified_keep(c, slot, octets, sizeof octets);
    assert_false(store_verified_has(c, slot, octets, sizeof octets));
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(a_repeated_get_asks_no_token),
        T(an_edit_after_caching_is_seen),
        T(an_update_by_another_process_is_seen),
        T(the_cache_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
