/* The forms of To (spec/wire §3). */
#include "onem2m/primitive.h"

#include "check.h"

#define KEY "D4A9F1062CB66594A5AB6E93751F1688"

static void accepted(void **state)
{
    (void)state;
    static const struct {
        const char *to, *fqdn;
        size_t depth;
        const char *name, *sub;
    } cases[] = {
        {"//maf.example.com/-", "maf.example.com", 0, "", ""},
        {"//maf.example.com/maf", "maf.example.com", 0, "", ""},
        {"//maf.example.com/-/" KEY, "maf.example.com", 1, KEY, ""},
        {"//maf.example.com/-/r1/cmd", "maf.example.com", 2, "r1", "cmd"},
        {"-", "", 0, "", ""},
        {"-/" KEY, "", 1, KEY, ""},
        {"maf", "", 0, "", ""},
        {"maf/" KEY, "", 1, KEY, ""},
        {"maf/r1/cmd", "", 2, "r1", "cmd"},
        {KEY, "", 1, KEY, ""},
        {"maf/maf", "", 1, "maf", ""},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct m2m_address a;
        if (m2m_address_parse(cases[i].to, WIRE_MAF_BASE_NAME, &a, NULL) != OM_OK)
            fail_msg("'%s' should be accepted", cases[i].to);
        assert_int_equal(a.absolute, cases[i].fqdn[0] != '\0');
        assert_string_equal(a.fqdn, cases[i].fqdn);
        assert_int_equal(a.depth, cases[i].depth);
        assert_string_equal(a.name, cases[i].name);
        assert_string_equal(a.sub, cases[i].sub);
    }
}

static void refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "/",
        "//",
        "///-",
        "//maf.example.com",
        "//maf.example.com/",
        "//maf.example.com//-",
        "//maf.example.com/-/",
        "//maf.example.com/-/a/",
        "//maf.example.com/-/a/b/c",
        "//maf.example.com/-//a",
        "//maf.example.com/D4A9", /* a resource identifier is relative */
        "//maf.example.com/cse1/a",
        "//MAF.example.com/-",
        "//maf.example.com:443/-",
        "//maf.example.com/-/a~b",
        "//maf.example.com/-/..",
        "//maf.example.com/-/a?x",
        "/-",
        "/-/D4A9",
        "-/",
        "-/a b",
        "maf/",
        "MAF/a",
        "a/b",
        "fetchCredentials/K@mef.example.com/21",
        "..",
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct m2m_address a;
        struct om_error err = {0};
        if (m2m_address_parse(cases[i], WIRE_MAF_BASE_NAME, &a, &err) != OM_ENOTFOUND)
            fail_msg("'%s' should be refused", cases[i]);
        assert_string_equal(a.name, "");
        assert_false(a.absolute);
    }
}

static void names_are_bounded(void **state)
{
    (void)state;
    struct m2m_address a;
    char to[3 + M2M_RELATIVE_SIZE + 1] = "-/";
    memset(to + 2, 'x', M2M_RELATIVE_MAX);
    assert_int_equal(m2m_address_parse(to, WIRE_MAF_BASE_NAME, &a, NULL), OM_OK);
    assert_int_equal(m2m_address_parse(to + 2, WIRE_MAF_BASE_NAME, &a, NULL), OM_OK);
    to[2 + M2M_RELATIVE_MAX] = 'x';
    assert_int_equal(m2m_address_parse(to, WIRE_MAF_BASE_NAME, &a, NULL), OM_ENOTFOUND);
    assert_int_equal(m2m_address_parse(to + 2, WIRE_MAF_BASE_NAME, &a, NULL), OM_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(accepted), cmocka_unit_test(refused),
                                       cmocka_unit_test(names_are_bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
