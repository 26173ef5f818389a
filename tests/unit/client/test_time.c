/* What --expires and openmaf_time_parse take, and what they refuse. */
#include "fixture.h"

#define NOW INT64_C(1767225600) /* 2026-01-01 */

static void test_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t t;
    } cases[] = {
        {"20300101T000000", 1893456000},
        {"20300101T000000,25", 1893456000},
        {"2030-01-01", 1893456000},
        {"2030-01-01T00:00:10", 1893456010},
        {"2030-01-01T00:00:10Z", 1893456010},
        {"2028-02-29", 1835395200},
        {"90d", NOW + 90 * 86400},
        {"12h", NOW + 12 * 3600},
        {"5m", NOW + 300},
        {"10s", NOW + 10},
        {"2w", NOW + 14 * 86400},
        {"PT1H", NOW + 3600},
        {"P1D", NOW + 86400},
        {"P1DT2H3M4S", NOW + 86400 + 7200 + 180 + 4},
        {"PT90M", NOW + 5400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t t = 0;
        SUCCEEDS(openmaf_time_parse(cases[i].text, NOW, &t, ERROR));
        if (t != cases[i].t)
            fail_msg("%s: %lld instead of %lld", cases[i].text, (long long)t, (long long)cases[i].t);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "x",
        "90",
        "d",
        "-1d",
        "1.5h",
        "90d ",
        " 90d",
        "1d2h",
        "P",
        "PT",
        "P1",
        "P1Y",
        "P1M",
        "PT1D",
        "P1DT",
        "PT1S1H",
        "PT1HT",
        "P1H",
        "P-1D",
        "2030-13-01",
        "2030-02-30",
        "2029-02-29",
        "2030-1-1",
        "2030-01-01T1",
        "2030-01-01T25:00:00",
        "2030-01-01T00:00:00+01:00",
        "20300101",
        "20301301T000000",
        "9999999w",
        "999999999999999999999999999d",
        "10000-01-01",
        "1969-12-31",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t t = 77;
        if (openmaf_time_parse(cases[i], NOW, &t, ERROR) != OPENMAF_EINPUT || t != 77)
            fail_msg("'%s' was taken for %lld", cases[i], (long long)t);
    }
    FAILS(OPENMAF_EINPUT, openmaf_time_parse(NULL, NOW, &(int64_t){0}, ERROR));
}

static void test_format(void **state)
{
    (void)state;
    char text[16];
    openmaf_time_format(1893456010, text);
    assert_string_equal(text, "20300101T000010");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
