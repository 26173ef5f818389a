/* The policy document of a stakeholder (src/maf/policy.h). */
#include "maf/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct om_error err;
static const struct maf_suids suids = {32, 35};

static void parse(const char *json, struct maf_policy *p)
{
    if (maf_policy_parse(json, &suids, p, &err) != OM_OK)
        fail_msg("%s: %s", json, err.text);
}

static void test_defaults(void **state)
{
    (void)state;
    struct maf_policy p = {0};
    parse("{}", &p);
    assert_false(p.any_may_register);
    assert_int_equal(p.max_registration_lifetime, 253402300799);
    assert_int_equal(p.max_key_lifetime, 253402300799);
    assert_int_equal(p.max_keys, 1000);
    for (unsigned suid = 32; suid <= 35; suid++)
        assert_true(maf_policy_suid_allowed(&p, suid));
    assert_true(maf_policy_target_allowed(&p, "//sp.example.com/any"));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(p.default_targets[i].n, 0);
    maf_policy_free(&p);
}

static void test_every_member(void **state)
{
    (void)state;
    struct maf_policy p = {0};
    parse("{\"register\": \"any\", \"maxRegistrationLifetime\": 10, \"maxKeyLifetime\": 20, \"maxKeys\": 7, "
          "\"maxProvisionedLifetime\": 30, \"suids\": [33],"
          " \"targets\": [\"//sp.example.com/cse1\"], \"defaultTargets\": {\"33\": "
          "[\"//sp.example.com/cse1\"]}}",
          &p);
    assert_true(p.any_may_register);
    assert_int_equal(p.max_registration_lifetime, 10);
    assert_int_equal(p.max_key_lifetime, 20);
    assert_int_equal(p.max_provisioned_lifetime, 30);
    assert_int_equal(p.max_keys, 7);
    assert_true(maf_policy_suid_allowed(&p, 33));
    assert_false(maf_policy_suid_allowed(&p, 32));
    assert_int_equal(p.default_targets[1].n, 1);
    maf_policy_free(&p);
    parse("{\"register\": \"permitted\", \"suids\": [], \"targets\": []}", &p);
    assert_false(p.any_may_register);
    assert_false(maf_policy_suid_allowed(&p, 32));
    assert_false(maf_policy_target_allowed(&p, "//sp.example.com/cse1"));
    maf_policy_free(&p);
}

/* A MEF assigns no KmIDs: a limit for them would be one that nothing heeds. */
static void test_a_mef_has_no_provisioned_lifetime(void **state)
{
    (void)state;
    struct maf_policy p = {0};
    const struct maf_suids of_mef = {21, 25};
    assert_int_equal(maf_policy_parse("{\"maxProvisionedLifetime\": 30}", &of_mef, &p, &err), OM_EINPUT);
    assert_non_null(strstr(err.text, "unknown member maxProvisionedLifetime"));
}

static void test_target_patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *target;
        bool allowed;
    } cases[] = {
        {"//sp.example.com/cse1", "//sp.example.com/cse1", true},
        {"//sp.example.com/cse1", "//sp.example.com/cse1/Cae1", false},
        {"//sp.example.com/cse1", "//sp.example.com/cse12", false},
        {"//sp.example.com/cse1", "//sp.example.com/CSE1", false},
        {"//sp.example.com/cse1/...", "//sp.example.com/cse1/Cae1", true},
        {"//sp.example.com/cse1/...", "//sp.example.com/cse1", false},
        {"//sp.example.com/cse1/...", "//sp.example.com/cse12/Cae1", false},
        {"//sp.example.com/...", "//sp.example.com/cse1/Cae1", true},
        {"//sp.example.com/...", "//sp.example.com/cse1", true},
        {"//sp.example.com/...", "//sp.example.com.evil.example/cse1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char json[300];
        struct maf_policy p = {0};
        (void)snprintf(json, sizeof json, "{\"targets\": [\"%s\"]}", cases[i].pattern);
        parse(json, &p);
        assert_int_equal(maf_policy_target_allowed(&p, cases[i].target), cases[i].allowed);
        maf_policy_free(&p);
    }
}

static void test_slips_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *json, *named;
    } cases[] = {
        {"", "JSON"},
        {"[]", "object"},
        {"{\"maxkeylifetime\": 1}", "maxkeylifetime"},
        {"{\"register\": true}", "register"},
        {"{\"register\": \"all\"}", "register"},
        {"{\"maxKeyLifetime\": 0}", "maxKeyLifetime"},
        {"{\"maxKeys\": 0}", "maxKeys"},
        {"{\"maxKeys\": 1000001}", "maxKeys"},
        {"{\"maxKeys\": \"5\"}", "maxKeys"},
        {"{\"maxKeyLifetime\": -5}", "maxKeyLifetime"},
        {"{\"maxKeyLifetime\": \"5\"}", "maxKeyLifetime"},
        {"{\"maxKeyLifetime\": 1.5}", "maxKeyLifetime"},
        {"{\"maxRegistrationLifetime\": 9223372036854775807}", "maxRegistrationLifetime"},
        {"{\"maxProvisionedLifetime\": 0}", "maxProvisionedLifetime"},
        {"{\"suids\": 32}", "suids"},
        {"{\"suids\": [31]}", "suids"},
        {"{\"suids\": [36]}", "suids"},
        {"{\"suids\": [32, 32]}", "suids"},
        {"{\"targets\": \"//sp.example.com/a\"}", "targets"},
        {"{\"targets\": [\"/a\"]}", "targets"},
        {"{\"targets\": [\"/...\"]}", "targets"},
        {"{\"targets\": [\"//...\"]}", "targets"},
        {"{\"targets\": [\"//sp.example.com/a/b/c/...\"]}", "targets"},
        {"{\"targets\": [\"//sp.example.com/a\", \"//sp.example.com/a\"]}", "targets"},
        {"{\"defaultTargets\": []}", "defaultTargets"},
        {"{\"defaultTargets\": {\"31\": [\"//sp.example.com/a\"]}}", "defaultTargets"},
        {"{\"defaultTargets\": {\"32\": []}}", "defaultTargets"},
        {"{\"defaultTargets\": {\"32\": [\"//sp.example.com/a\", \"//sp.example.com/b\"]}}",
         "defaultTargets"},
        {"{\"defaultTargets\": {\"34\": [\"//sp.example.com/...\"]}}", "defaultTargets"},
        {"{\"targets\": [], \"defaultTargets\": {\"34\": [\"//sp.example.com/a\"]}}", "defaultTargets"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct maf_policy p = {0};
        assert_int_equal(maf_policy_parse(cases[i].json, &suids, &p, &err), OM_EINPUT);
        if (strstr(err.text, cases[i].named) == NULL)
            fail_msg("%s: %s", cases[i].json, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_every_member),
        cmocka_unit_test(test_a_mef_has_no_provisioned_lifetime),
        cmocka_unit_test(test_target_patterns),
        cmocka_unit_test(test_slips_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
