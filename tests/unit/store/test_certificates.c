/* Clients by certificate and their trust anchors. */
#include "fixture.h"
#include "store/certificate.h"

#include <stdio.h>
#include <string.h>

#define ID "33-//sp.example/cse1/Cae7"

static void make(struct store_certificate *r, const char *id)
{
    struct om_error err;
    *r = (struct store_certificate){.state = STORE_CREDENTIAL_ACTIVE, .created = 1000};
    set_text(r->id, id);
    set_text(r->admin_fqdn, "admin.example.com");
    set_text(r->key, "ni:///sha-256;WNKUWbITCi4VElLUCLlebaxCTFZAYuuRHMdkQMuSbKA");
    assert_int_equal(m2m_list_add(&r->identities, "//sp.example/cse1/Cae7", &err), OM_OK);
    assert_int_equal(m2m_list_add(&r->identities, "//sp.example/cse1/Cae8", &err), OM_OK);
    assert_int_equal(m2m_list_add(&r->anchors, "00aa", &err), OM_OK);
}

static void create(struct fixture *f, const char *id, om_rc expected)
{
    struct store_certificate r;
    make(&r, id);
    assert_rc(f, expected, store_certificate_create(f->s, &r, &f->err));
    store_certificate_free(&r);
}

static void rows_come_back_as_they_were(void **state)
{
    struct fixture *f = *state;
    struct store_certificate r, made;
    create(f, ID, OM_OK);
    fixture_reopen(f);
    make(&made, ID);
    assert_ok(f, store_certificate_get(f->s, ID, &r, &f->err));
    assert_string_equal(r.id, ID);
    assert_string_equal(r.admin_fqdn, made.admin_fqdn);
    assert_string_equal(r.key, made.key);
    assert_int_equal(r.state, STORE_CREDENTIAL_ACTIVE);
    assert_true(m2m_list_equal(&r.identities, &made.identities));
    assert_true(m2m_list_equal(&r.anchors, &made.anchors));
    store_certificate_free(&r);
    store_certificate_free(&made);
    assert_rc(f, OM_ENOTFOUND, store_certificate_get(f->s, "33-//SP.example/cse1/Cae7", &r, &f->err));
}

static void only_a_revoked_one_is_replaced(void **state)
{
    struct fixture *f = *state;
    struct store_certificate r;
    create(f, ID, OM_OK);
    create(f, ID, OM_ECONFLICT);
    assert_ok(f, store_certificate_get(f->s, ID, &r, &f->err));
    r.state = STORE_CREDENTIAL_REVOKED;
    assert_ok(f, store_certificate_update(f->s, &r, &f->err));
    store_certificate_free(&r);
    assert_ok(f, store_certificate_get(f->s, ID, &r, &f->err));
    assert_int_equal(r.state, STORE_CREDENTIAL_REVOKED);
    assert_int_equal(r.identities.n, 2);
    store_certificate_free(&r);
    create(f, ID, OM_OK);
    assert_ok(f, store_certificate_get(f->s, ID, &r, &f->err));
    assert_int_equal(r.state, STORE_CREDENTIAL_ACTIVE);
    store_certificate_free(&r);
}

static bool count(void *arg, const struct store_certificate *r, const struct om_error *bad)
{
    size_t *n = arg;
    (void)r;
    n[bad != NULL]++;
    return true;
}

static void expiry_lists_and_counts(void **state)
{
    struct fixture *f = *state;
    struct store_certificate r;
    struct store_counts counts;
    size_t deleted = 0, n[2] = {0, 0};
    create(f, "31-0.2.481.1:1.2", OM_OK);
    create(f, ID, OM_OK);
    assert_ok(f, store_count(f->s, &counts, &f->err));
    assert_int_equal(counts.certificates, 2);
    assert_ok(f, store_certificate_get(f->s, ID, &r, &f->err));
    r.expires = 2000;
    assert_ok(f, store_certificate_update(f->s, &r, &f->err));
    store_certificate_free(&r);
    assert_ok(f, store_purge(f->s, 1999, 10, &deleted, &f->err));
    assert_int_equal(deleted, 0);
    assert_ok(f, store_purge(f->s, 2000, 10, &deleted, &f->err));
    assert_int_equal(deleted, 1);
    assert_ok(f, store_certificate_list(f->s, count, n, &f->err));
    assert_int_equal(n[0], 1);
    assert_int_equal(n[1], 0);
}

static void who_writes_the_file_adds_no_client_and_no_anchor(void **state)
{
    struct fixture *f = *state;
    static const char *const edits[] = {
        "UPDATE certificate SET state = 1",
        "UPDATE certificate SET expires = 0",
        "UPDATE certificate SET key = ''",
        "UPDATE certificate SET identities = x'0000'",
        "UPDATE certificate SET anchors = x'000100046263626a'",
        "UPDATE certificate SET id = '33-//sp.example/cse1/Cae8'",
    };
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        struct store_certificate r, revoked;
        create(f, ID, OM_OK);
        make(&revoked, ID);
        revoked.state = STORE_CREDENTIAL_REVOKED;
        revoked.expires = 5000;
        assert_ok(f, store_certificate_update(f->s, &revoked, &f->err));
        store_certificate_free(&revoked);
        fixture_sql(f, "%s", edits[i]);
        bool moved = strstr(edits[i], "SET id =") != NULL;
        assert_rc(f, OM_EINTEGRITY,
                  store_certificate_get(f->s, moved ? "33-//sp.example/cse1/Cae8" : ID, &r, &f->err));
        fixture_sql(f, "DELETE FROM certificate");
    }
    struct store_anchor a;
    char id[STORE_ANCHOR_ID_SIZE];
    assert_ok(f, store_anchor_put(f->s, (const uint8_t *)"an anchor", 9, id, &f->err));
    fixture_sql(f, "UPDATE anchor SET cert = x'616e20656e656d79'");
    assert_rc(f, OM_EINTEGRITY, store_anchor_get(f->s, id, &a, &f->err));
}

static void anchors(void **state)
{
    struct fixture *f = *state;
    static uint8_t big[STORE_ANCHOR_MAX + 1];
    struct store_anchor a;
    char id[STORE_ANCHOR_ID_SIZE], again[STORE_ANCHOR_ID_SIZE];
    assert_ok(f, store_anchor_put(f->s, (const uint8_t *)"abc", 3, id, &f->err));
    assert_string_equal(id, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_ok(f, store_anchor_put(f->s, (const uint8_t *)"abc", 3, again, &f->err));
    assert_string_equal(id, again);
    assert_ok(f, store_anchor_get(f->s, id, &a, &f->err));
    assert_int_equal(a.len, 3);
    assert_memory_equal(a.cert, "abc", 3);
    assert_rc(f, OM_ENOTFOUND, store_anchor_get(f->s, "00", &a, &f->err));
    assert_ok(f, store_anchor_put(f->s, big, STORE_ANCHOR_MAX, id, &f->err));
    assert_ok(f, store_anchor_get(f->s, id, &a, &f->err));
    assert_int_equal(a.len, STORE_ANCHOR_MAX);
    assert_rc(f, OM_EINPUT, store_anchor_put(f->s, big, sizeof big, id, &f->err));
    assert_rc(f, OM_EINPUT, store_anchor_put(f->s, big, 0, id, &f->err));
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(rows_come_back_as_they_were),
        TEST(only_a_revoked_one_is_replaced),
        TEST(expiry_lists_and_counts),
        TEST(who_writes_the_file_adds_no_client_and_no_anchor),
        TEST(anchors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
