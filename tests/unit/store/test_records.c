/* Every record: created, read back equal, updated within its bounds, deleted. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

static void stakeholders(void **state)
{
    struct fixture *f = *state;
    struct store_stakeholder r;
    make_stakeholder("new.example", &r);
    assert_ok(f, store_stakeholder_put(f->s, &r, &f->err));
    free(r.policy);
    r.policy = strdup("{\"suids\":[32]}");
    assert_ok(f, store_stakeholder_put(f->s, &r, &f->err));
    struct store_stakeholder got;
    assert_ok(f, store_stakeholder_get(f->s, "new.example", &got, &f->err));
    assert_string_equal(got.admin_fqdn, "new.example");
    assert_string_equal(got.policy, "{\"suids\":[32]}");
    assert_int_equal(got.created, 1000);
    store_stakeholder_free(&got);
    store_stakeholder_free(&r);

    assert_ok(f, store_stakeholder_delete(f->s, "new.example", &f->err));
    assert_rc(f, OM_ENOTFOUND, store_stakeholder_get(f->s, "new.example", &got, &f->err));
    assert_rc(f, OM_ENOTFOUND, store_stakeholder_delete(f->s, "new.example", &f->err));
}

static void longest_policy(void **state)
{
    struct fixture *f = *state;
    struct store_stakeholder r;
    make_stakeholder("big.example", &r);
    free(r.policy);
    r.policy = malloc(STORE_POLICY_MAX + 2);
    assert_non_null(r.policy);
    memset(r.policy, ' ', STORE_POLICY_MAX + 1);
    r.policy[STORE_POLICY_MAX + 1] = '\0';
    assert_rc(f, OM_EINPUT, store_stakeholder_put(f->s, &r, &f->err));
    r.policy[STORE_POLICY_MAX] = '\0';
    assert_ok(f, store_stakeholder_put(f->s, &r, &f->err));
    struct store_stakeholder got;
    assert_ok(f, store_stakeholder_get(f->s, "big.example", &got, &f->err));
    assert_string_equal(got.policy, r.policy);
    store_stakeholder_free(&got);
    store_stakeholder_free(&r);
}

static void stakeholder_in_use_stays(void **state)
{
    struct fixture *f = *state;
    assert_ok(f, store_client_cfg_put(f->s, "//sp.example/a", ADMIN, "{}", &f->err));

    create_registration(f, 1);
    assert_rc(f, OM_ECONFLICT, store_stakeholder_delete(f->s, ADMIN, &f->err));
    assert_ok(f, store_registration_delete(f->s, "reg1", &f->err));
    create_key(f, 1);
    assert_rc(f, OM_ECONFLICT, store_stakeholder_delete(f->s, ADMIN, &f->err));
    size_t n;
    assert_ok(f, store_key_delete_of(f->s, "//sp.example/cse1", ADMIN, &n, &f->err));
    assert_ok(f, store_permit_put(f->s, "//sp.example/a", ADMIN, &f->err));
    assert_rc(f, OM_ECONFLICT, store_stakeholder_delete(f->s, ADMIN, &f->err));
    char *cfg;
    assert_ok(f, store_client_cfg_get(f->s, "//sp.example/a", ADMIN, &cfg, &f->err));
    free(cfg);
    assert_ok(f, store_permit_delete(f->s, "//sp.example/a", ADMIN, &f->err));

    assert_ok(f, store_stakeholder_delete(f->s, ADMIN, &f->err));
    assert_rc(f, OM_ENOTFOUND, store_client_cfg_get(f->s, "//sp.example/a", ADMIN, &cfg, &f->err));
}

static void nothing_without_a_stakeholder(void **state)
{
    struct fixture *f = *state;
    assert_rc(f, OM_ENOTFOUND, store_permit_put(f->s, "//sp.example/a", "none.example", &f->err));
    assert_rc(f, OM_ENOTFOUND, store_client_cfg_put(f->s, "//sp.example/a", "none.example", "{}", &f->err));
    struct store_registration r;
    make_registration(1, &r);
    set_text(r.admin_fqdn, "none.example");
    assert_rc(f, OM_ENOTFOUND, store_registration_create(f->s, &r, &f->err));
    bool used = true;
    assert_ok(f, store_id_used(f->s, STORE_ID_REGISTRATION, r.id, &used, &f->err));
    assert_false(used);
    store_registration_free(&r);
}

static void permits(void **state)
{
    struct fixture *f = *state;
    const char *id = "//sp.example/a";
    assert_rc(f, OM_ENOTFOUND, store_permit_check(f->s, id, ADMIN, &f->err));
    assert_ok(f, store_permit_put(f->s, id, ADMIN, &f->err));
    assert_ok(f, store_permit_put(f->s, id, ADMIN, &f->err));
    assert_ok(f, store_permit_check(f->s, id, ADMIN, &f->err));
    assert_rc(f, OM_ENOTFOUND, store_permit_check(f->s, id, OTHER, &f->err));
    assert_rc(f, OM_ENOTFOUND, store_permit_check(f->s, "//sp.example/A", ADMIN, &f->err));
    assert_ok(f, store_permit_delete(f->s, id, ADMIN, &f->err));
    assert_rc(f, OM_ENOTFOUND, store_permit_check(f->s, id, ADMIN, &f->err));
    assert_rc(f, OM_ENOTFOUND, store_permit_delete(f->s, id, ADMIN, &f->err));
}

static void client_configurations(void **state)
{
    struct fixture *f = *state;
    const char *id = "//sp.example/a";
    char *cfg = NULL;
    assert_rc(f, OM_ENOTFOUND, store_client_cfg_get(f->s, id, ADMIN, &cfg, &f->err));
    assert_ok(f, store_client_cfg_put(f->s, id, ADMIN, "{\"a\":1}", &f->err));
    assert_ok(f, store_client_cfg_put(f->s, id, ADMIN, "{\"a\":2}", &f->err));
    assert_ok(f, store_client_cfg_get(f->s, id, ADMIN, &cfg, &f->err));
    assert_string_equal(cfg, "{\"a\":2}");
    free(cfg);
    assert_ok(f, store_client_cfg_put(f->s, id, ADMIN, NULL, &f->err));
    assert_rc(f, OM_ENOTFOUND, store_client_cfg_get(f->s, id, ADMIN, &cfg, &f->err));
    assert_rc(f, OM_ENOTFOUND, store_client_cfg_put(f->s, id, ADMIN, NULL, &f->err));
}

static void credentials(void **state)
{
    struct fixture *f = *state;
    struct store_credential r, got;
    make_credential(1, &r);
    r.assigned = true;
    assert_ok(f, store_credential_create(f->s, &r, &f->err));
    assert_ok(f, store_credential_get(f->s, "dEV-1@MAF.example", &got, &f->err));
    assert_string_equal(got.kmid, "Dev-1@maf.example");
    assert_string_equal(got.identity, r.identity);
    assert_string_equal(got.admin_fqdn, ADMIN);
    assert_int_equal(got.state, STORE_CREDENTIAL_ACTIVE);
    assert_true(got.assigned);
    assert_int_equal(got.created, 1000);
    assert_int_equal(got.expires, 5001);
    assert_int_equal(got.km.len, r.km.len);
    assert_memory_equal(got.km.octets, r.km.octets, r.km.len);
    assert_rc(f, OM_ENOTFOUND, store_credential_get(f->s, "dev-2@maf.example", &got, &f->err));

    /* State and expiry change, nothing else does. */
    set_text(r.kmid, "DEV-1@maf.example");
    set_text(r.identity, "//evil.example/cse");
    r.km.octets[0] ^= 1;
    r.state = STORE_CREDENTIAL_REVOKED;
    r.expires = 0;
    assert_ok(f, store_credential_update(f->s, &r, &f->err));
    assert_ok(f, store_credential_get(f->s, r.kmid, &got, &f->err));
    assert_string_equal(got.kmid, "Dev-1@maf.example");
    assert_string_equal(got.identity, "//sp.example/cse1");
    assert_int_equal(got.state, STORE_CREDENTIAL_REVOKED);
    assert_int_equal(got.expires, 0);
    assert_int_equal(got.km.octets[0], r.km.octets[0] ^ 1);

    assert_ok(f, store_credential_delete(f->s, "DEV-1@MAF.EXAMPLE", &f->err));
    assert_rc(f, OM_ENOTFOUND, store_credential_get(f->s, r.kmid, &got, &f->err));
    assert_rc(f, OM_ENOTFOUND, store_credential_delete(f->s, r.kmid, &f->err));
    assert_rc(f, OM_ENOTFOUND, store_credential_update(f->s, &r, &f->err));
}

static void credential_bounds(void **state)
{
    struct fixture *f = *state;
    struct store_credential r, got;
    make_credential(1, &r);
    r.km.len = sizeof r.km.octets;
    assert_ok(f, store_credential_create(f->s, &r, &f->err));
    assert_ok(f, store_credential_get(f->s, r.kmid, &got, &f->err));
    assert_memory_equal(&got.km, &r.km, sizeof r.km);
    make_credential(2, &r);
    r.identity[0] = '\0';
    r.km.len = 0;
    assert_ok(f, store_credential_create(f->s, &r, &f->err));
    assert_ok(f, store_credential_get(f->s, r.kmid, &got, &f->err));
    assert_string_equal(got.identity, "");
    assert_int_equal(got.km.len, 0);
    make_credential(3, &r);
    r.km.len = sizeof r.km.octets + 1;
    assert_rc(f, OM_EINPUT, store_credential_create(f->s, &r, &f->err));
    make_credential(3, &r);
    r.state = 0;
    assert_rc(f, OM_EINPUT, store_credential_create(f->s, &r, &f->err));
    r.state = STORE_CREDENTIAL_ACTIVE;
    assert_ok(f, store_credential_create(f->s, &r, &f->err)); /* the refused ones burnt nothing */
    char longest[M2M_KEY_ID_SIZE + 1];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_rc(f, OM_EINPUT, store_credential_get(f->s, longest, &got, &f->err));
}

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
    const struct CMUnitTest tests[] = {
        T(stakeholders), T(longest_policy),        T(stakeholder_in_use_stays),
        T(permits),      T(client_configurations), T(nothing_without_a_stakeholder),
        T(credentials),  T(credential_bounds),     T(registrations),
        T(keys),         T(longest_key),           T(keys_of_a_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
