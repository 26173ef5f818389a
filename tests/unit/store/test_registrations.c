/* Client and key registrations: created, read back equal, updated within their bounds, deleted. */
#include "fixture.h"

#include <string.h>

static void registrations(void **state)
{
    struct fixture *f = *state;
    struct store_registration r, got;
    create_registration(f, 1);
    assert_ok(f, store_registration_get(f->s, "reg1", &got, &f->err));
    make_registration(1, &r);
    assert_string_equal(got.identity, r.identity);
    assert_string_equal(got.admin_fqdn, ADMIN);
    assert_string_equal(got.assigned_kmid, "");
    assert_true(m2m_list_equal(&got.labels, &r.labels));
    assert_int_equal(got.created, 1000);
    assert_int_equal(got.modified, 1001);
    assert_int_equal(got.expires, 5001);
    store_registration_free(&got);

    /* One per identity and stakeholder; the refused one burns no identifier. */
    set_text(r.id, "reg2");
    assert_rc(f, OM_ECONFLICT, store_registration_create(f->s, &r, &f->err));
    set_text(r.admin_fqdn, OTHER);
    assert_ok(f, store_registration_create(f->s, &r, &f->err));
    assert_ok(f, store_registration_find(f->s, r.identity, OTHER, &got, &f->err));
    assert_string_equal(got.id, "reg2");
    store_registration_free(&got);
    assert_rc(f, OM_ENOTFOUND, store_registration_find(f->s, "//sp.example/none", OTHER, &got, &f->err));
    assert_rc(f, OM_ENOTFOUND, store_registration_get(f->s, "REG1", &got, &f->err));

    set_text(r.id, "reg1");
    set_text(r.identity, "//evil.example/cse");
    set_text(r.assigned_kmid, "new@maf.example");
    m2m_list_free(&r.labels);
    r.modified = 2000;
    r.expires = 9000;
    r.created = 1;
    assert_ok(f, store_registration_update(f->s, &r, &f->err));
    assert_ok(f, store_registration_get(f->s, "reg1", &got, &f->err));
    assert_string_equal(got.identity, "//sp.example/cse1");
    assert_string_equal(got.admin_fqdn, ADMIN);
    assert_string_equal(got.assigned_kmid, "new@maf.example");
    assert_int_equal(got.labels.n, 0);
    assert_int_equal(got.created, 1000);
    assert_int_equal(got.modified, 2000);
    assert_int_equal(got.expires, 9000);
    store_registration_free(&got);

    assert_ok(f, store_registration_delete(f->s, "reg1", &f->err));
    assert_rc(f, OM_ENOTFOUND, store_registration_get(f->s, "reg1", &got, &f->err));
    assert_rc(f, OM_ENOTFOUND, store_registration_delete(f->s, "reg1", &f->err));
    assert_rc(f, OM_ENOTFOUND, store_registration_update(f->s, &r, &f->err));
    store_registration_free(&r);
}

static void keys(void **state)
{
    struct fixture *f = *state;
    struct store_key r, got;
    create_key(f, 0xab);
    make_key(0xab, &r);
    assert_ok(f, store_key_get(f->s, "000000000000000000000000000000ab", &got, &f->err));
    assert_string_equal(got.id, r.id);
    assert_string_equal(got.source, r.source);
    assert_string_equal(got.admin_fqdn, ADMIN);
    assert_int_equal(got.suid, 34);
    assert_true(got.exporter);
    assert_true(m2m_list_equal(&got.labels, &r.labels));
    assert_true(m2m_list_equal(&got.targets, &r.targets));
    assert_int_equal(got.created, 1000);
    assert_int_equal(got.modified, 1001);
    assert_int_equal(got.expires, r.expires);
    assert_int_equal(got.value.len, r.value.len);
    assert_memory_equal(got.value.octets, r.value.octets, r.value.len);
    store_key_free(&got);

    set_text(r.source, "//evil.example/cse");
    r.suid = 32;
    r.value.octets[0] ^= 1;
    m2m_list_free(&r.labels);
    m2m_list_free(&r.targets);
    assert_ok(f, m2m_list_add(&r.targets, "//t.example/new", NULL));
    r.modified = 2000;
    r.expires = 9000;
    assert_ok(f, store_key_update(f->s, &r, &f->err));
    assert_ok(f, store_key_get(f->s, r.id, &got, &f->err));
    assert_string_equal(got.source, "//sp.example/cse171");
    assert_int_equal(got.suid, 34);
    assert_int_equal(got.value.octets[0], r.value.octets[0] ^ 1);
    assert_int_equal(got.labels.n, 0);
    assert_true(m2m_list_equal(&got.targets, &r.targets));
    assert_int_equal(got.modified, 2000);
    assert_int_equal(got.expires, 9000);
    store_key_free(&got);
    assert_int_equal(fixture_integer(f, "SELECT count(*) FROM key_target"), 1);

    assert_ok(f, store_key_delete(f->s, r.id, &f->err));
    assert_rc(f, OM_ENOTFOUND, store_key_get(f->s, r.id, &got, &f->err));
    assert_rc(f, OM_ENOTFOUND, store_key_delete(f->s, r.id, &f->err));
    assert_rc(f, OM_ENOTFOUND, store_key_update(f->s, &r, &f->err));
    assert_int_equal(fixture_integer(f, "SELECT count(*) FROM key_target"), 0);
    store_key_free(&r);
}

static void longest_key(void **state)
{
    struct fixture *f = *state;
    struct store_key r, got;
    make_key(1, &r);
    m2m_list_free(&r.labels);
    m2m_list_free(&r.targets);
    char text[M2M_ID_SIZE];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (unsigned i = 0; i < M2M_TARGETS_MAX; i++) {
        text[0] = (char)('0' + i % 64);
        text[1] = (char)('0' + i / 64);
        assert_ok(f, m2m_list_add(&r.targets, text, &f->err));
    }
    text[M2M_LABEL_MAX] = '\0';
    for (unsigned i = 0; i < M2M_LIST_MAX; i++)
        assert_ok(f, m2m_list_add(&r.labels, text, &f->err));
    r.value.len = sizeof r.value.octets;
    assert_ok(f, store_key_create(f->s, &r, &f->err));
    assert_ok(f, store_key_get(f->s, r.id, &got, &f->err));
    assert_true(m2m_list_equal(&got.targets, &r.targets));
    assert_true(m2m_list_equal(&got.labels, &r.labels));
    store_key_free(&got);
    store_key_free(&r);
}

static void keys_of_a_source(void **state)
{
    struct fixture *f = *state;
    struct store_key r;
    for (unsigned i = 1; i <= 4; i++) {
        make_key(i, &r);
        set_text(r.source, i == 4 ? "//sp.example/b" : "//sp.example/a");
        set_text(r.admin_fqdn, i == 3 ? OTHER : ADMIN);
        assert_ok(f, store_key_create(f->s, &r, &f->err));
        store_key_free(&r);
    }
    size_t n = 99;
    assert_ok(f, store_key_delete_of(f->s, "//sp.example/a", ADMIN, &n, &f->err));
    assert_int_equal(n, 2);
    assert_ok(f, store_key_delete_of(f->s, "//sp.example/a", ADMIN, &n, &f->err));
    assert_int_equal(n, 0);
    struct store_counts counts;
    assert_ok(f, store_count(f->s, &counts, &f->err));
    assert_int_equal(counts.keys, 2);
    assert_int_equal(counts.stakeholders, 2);
    assert_int_equal(counts.credentials, 0);
    assert_int_equal(counts.registrations, 0);
    assert_int_equal(fixture_integer(f, "SELECT count(*) FROM key_target"), 4);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {T(registrations), T(keys), T(longest_key), T(keys_of_a_source)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
