/* Stakeholders and what hangs on them: permits, client configurations. */
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

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(stakeholders), T(longest_policy),        T(stakeholder_in_use_stays),
        T(permits),      T(client_configurations), T(nothing_without_a_stakeholder)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
