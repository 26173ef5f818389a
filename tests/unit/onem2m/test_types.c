/* Timestamps, deadlines, labels, lists, SUIDs, status codes. */
#include "onem2m/types.h"

#include "check.h"

#include <stdio.h>

static void timestamps_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t t;
    } cases[] = {
        {"19700101T000000", 0},
        {"20000229T235959", 951868799},  /* 2000 is a leap year */
        {"20240229T120000", 1709208000}, /* and 2024 */
        {"20300101T000000", 1893456000},
        {"99991231T235959", 253402300799},
        {"20300101T000000,5", 1893456000}, /* the fraction is cut off */
        {"20300101T000000,999999", 1893456000},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t t = -1;
        assert_int_equal(m2m_timestamp_parse(cases[i].text, &t, NULL), OM_OK);
        assert_true(t == cases[i].t);
        char out[M2M_TIMESTAMP_SIZE];
        m2m_timestamp_format(out, t);
        assert_memory_equal(out, cases[i].text, M2M_TIMESTAMP_SIZE - 1);
    }
}

static void timestamps_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "2030",
        "20300101",
        "20300101T00000",
        "20300101T0000000",
        "20300101t000000",
        "20300101 000000",
        "20300101T000000Z",
        "2030-01-01T00:00:00",
        "20300101T000000,",
        "20300101T000000,1234567",
        "20300101T000000.5",
        "20300101T000000,5x",
        "20300101T000000,-5",
        "20300001T000000",
        "20301301T000000",
        "20300100T000000",
        "20300132T000000",
        "20300431T000000",
        "20300230T000000",
        "20230229T000000", /* no leap year */
        "21000229T000000", /* no leap year: a century */
        "20300101T240000",
        "20300101T006000",
        "20300101T000060",
        "19691231T235959",
        "+2300101T000000",
        " 0300101T000000",
        "20300101T00000x",
        "2030010\xc3T000000",
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t t;
        struct om_error err = {0};
        if (m2m_timestamp_parse(cases[i], &t, &err) != OM_EINPUT)
            fail_msg("'%s' should be refused", cases[i]);
        assert_non_null(strstr(err.text, "YYYYMMDDThhmmss"));
    }
}

static void timestamps_are_clamped(void **state)
{
    (void)state;
    char out[M2M_TIMESTAMP_SIZE];
    m2m_timestamp_format(out, -1);
    assert_string_equal(out, "19700101T000000");
    m2m_timestamp_format(out, INT64_MAX);
    assert_string_equal(out, "99991231T235959");
}

static void deadlines(void **state)
{
    (void)state;
    int64_t t;
    assert_int_equal(m2m_deadline_parse("20300101T000000", 5, &t, NULL), OM_OK);
    assert_true(t == 1893456000);
    assert_int_equal(m2m_deadline_parse("2000", 5, &t, NULL), OM_OK);
    assert_true(t == 7);
    assert_int_equal(m2m_deadline_parse("1", 5, &t, NULL), OM_OK);
    assert_true(t == 6);
    assert_int_equal(m2m_deadline_parse("0", 5, &t, NULL), OM_OK);
    assert_true(t == 5);
    assert_int_equal(m2m_deadline_parse("253402300799000", 1893456000, &t, NULL), OM_OK);
    assert_true(t == 253402300799);
    static const char *const bad[] = {
        "", "-1", "+1", "1.5", "1s", "253402300799001", "99999999999999999999999"};
    for (size_t i = 0; i < LENGTH(bad); i++)
        assert_int_equal(m2m_deadline_parse(bad[i], 5, &t, NULL), OM_EINPUT);
}

static void labels(void **state)
{
    (void)state;
    static const char *const good[] = {"x", "floor:1", "a:b:c", "caf\xc3\xa9", "~!@#"};
    static const char *const bad[] = {
        "",          " ",  "a b", " a", "a ",   "a\tb",  "a\nb",         "a\x7f", "a\xc2\x80",
        "a\xc2\x9f", ":v", "k:",  ":",  "\xff", "a\xc3", "\xed\xa0\x80", "\x01"};
    for (size_t i = 0; i < LENGTH(good); i++)
        assert_true(m2m_is_label(good[i]));
    for (size_t i = 0; i < LENGTH(bad); i++)
        assert_false(m2m_is_label(bad[i]));
    char text[130];
    memset(text, 'x', sizeof text);
    text[128] = '\0';
    assert_true(m2m_is_label(text));
    text[128] = 'x';
    text[129] = '\0';
    assert_false(m2m_is_label(text));
}

static void lists(void **state)
{
    (void)state;
    struct m2m_list a = M2M_LIST_INIT;
    struct m2m_list b = M2M_LIST_INIT;
    char text[8];
    for (int i = 0; i < 40; i++) {
        (void)snprintf(text, sizeof text, "i%d", i);
        assert_int_equal(m2m_list_add(&a, text, NULL), OM_OK);
    }
    assert_int_equal(a.n, 40);
    assert_string_equal(a.items[39], "i39");
    assert_true(m2m_list_has(&a, "i17"));
    assert_false(m2m_list_has(&a, "I17"));
    assert_int_equal(m2m_list_add(&b, "old", NULL), OM_OK);
    assert_false(m2m_list_equal(&a, &b));
    assert_int_equal(m2m_list_copy(&b, &a, NULL), OM_OK);
    assert_true(m2m_list_equal(&a, &b));
    assert_int_equal(m2m_list_add(&b, "more", NULL), OM_OK); /* a copied list can grow */
    assert_false(m2m_list_equal(&a, &b));
    assert_int_equal(m2m_list_add(&a, "less", NULL), OM_OK);
    assert_false(m2m_list_equal(&a, &b));
    m2m_list_free(&a);
    m2m_list_free(&b);
    assert_true(m2m_list_equal(&a, &b));
    assert_false(m2m_list_has(&a, "i17"));
}

static void suids(void **state)
{
    (void)state;
    static const unsigned defined[] = {10, 11, 12, 13, 14, 15, 21, 22, 23, 24, 25,
                                       32, 33, 34, 35, 40, 41, 42, 43, 44, 45};
    size_t at = 0;
    for (unsigned s = 0; s < 100; s++) {
        bool is = at < LENGTH(defined) && defined[at] == s;
        at += is ? 1 : 0;
        assert_int_equal(m2m_suid_defined(s), is);
        assert_int_equal(m2m_suid_for_maf_key(s), s >= 32 && s <= 35);
        assert_int_equal(m2m_suid_single_target(s), s == 32 || s == 33 || (s >= 21 && s <= 23));
    }
}

/* Every line of spec/wire §8. */
static void status_codes(void **state)
{
    (void)state;
    static const struct {
        int rsc, http, coap;
        const char *name;
    } cases[] = {
        {2000, 200, 205, "OK"},
        {2001, 201, 201, "CREATED"},
        {2002, 200, 202, "DELETED"},
        {2004, 200, 204, "UPDATED"},
        {4000, 400, 400, "BAD_REQUEST"},
        {4001, 501, 501, "RELEASE_VERSION_NOT_SUPPORTED"},
        {4004, 404, 404, "NOT_FOUND"},
        {4005, 405, 405, "OPERATION_NOT_ALLOWED"},
        {4008, 504, 504, "REQUEST_TIMEOUT"},
        {4015, 415, 415, "UNSUPPORTED_MEDIA_TYPE"},
        {4102, 400, 400, "CONTENTS_UNACCEPTABLE"},
        {4103, 403, 403, "ORIGINATOR_HAS_NO_PRIVILEGE"},
        {4105, 409, 403, "CONFLICT"},
        {4106, 403, 403, "ORIGINATOR_NOT_AUTHENTICATED"},
        {4107, 403, 403, "SECURITY_ASSOCIATION_REQUIRED"},
        {4108, 403, 403, "INVALID_CHILD_RESOURCE_TYPE"},
        {4117, 403, 403, "ORIGINATOR_HAS_ALREADY_REGISTERED"},
        {5000, 500, 500, "INTERNAL_SERVER_ERROR"},
        {5001, 501, 501, "NOT_IMPLEMENTED"},
        {5105, 403, 403, "RECEIVER_HAS_NO_PRIVILEGE"},
        {5107, 404, 404, "REMOTE_ENTITY_NOT_REACHABLE"},
        {5206, 501, 501, "NON_BLOCKING_SYNCH_REQUEST_NOT_SUPPORTED"},
        {5207, 406, 406, "NOT_ACCEPTABLE"},
        {1234, 500, 500, "unknown status"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        assert_int_equal(m2m_rsc_http(cases[i].rsc), cases[i].http);
        assert_int_equal(m2m_rsc_coap(cases[i].rsc), cases[i].coap);
        assert_string_equal(m2m_rsc_name(cases[i].rsc), cases[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timestamps_accepted),
        cmocka_unit_test(timestamps_refused),
        cmocka_unit_test(timestamps_are_clamped),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(labels),
        cmocka_unit_test(lists),
        cmocka_unit_test(suids),
        cmocka_unit_test(status_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
