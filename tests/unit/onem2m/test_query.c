/* Parameters as text: queries of HTTP and CoAP, headers and options. */
#include "onem2m/primitive.h"

#include "check.h"

static void query(struct m2m_request *rq, const char *name, const char *value)
{
    m2m_request_query(rq, name, value);
}

static void accepted(void **state)
{
    (void)state;
    struct m2m_request rq;
    m2m_request_init(&rq);
    assert_int_equal(rq.rcn, -1);
    assert_int_equal(rq.fc.fo, 1);
    query(&rq, "rcn", "0");
    query(&rq, "rt", "3");
    query(&rq, "drt", "2");
    assert_false(rq.fc.present);
    query(&rq, "fu", "1");
    query(&rq, "lbl", "floor:1+x y");
    query(&rq, "ty", "20003");
    query(&rq, "fo", "2");
    query(&rq, "lim", "10");
    query(&rq, "ofst", "0");
    query(&rq, "crb", "20300101T000000");
    query(&rq, "cra", "19700101T000000");
    query(&rq, "ms", "19700101T000001");
    query(&rq, "us", "19700101T000002");
    query(&rq, "exb", "19700101T000003");
    query(&rq, "exa", "19700101T000004,5");
    query(&rq, "atrl", "mccf+et");
    assert_string_equal(rq.syntax_text, "");
    assert_int_equal(rq.syntax_rsc, 0);
    assert_int_equal(rq.rcn, 0);
    assert_int_equal(rq.rt, 3);
    assert_true(rq.fc.present && rq.fc.discovery);
    assert_int_equal(rq.fc.lbl.n, 3);
    assert_string_equal(rq.fc.lbl.items[0], "floor:1");
    assert_string_equal(rq.fc.lbl.items[2], "y");
    assert_int_equal(rq.fc.ty, 20003);
    assert_int_equal(rq.ty, 0);
    assert_int_equal(rq.fc.fo, 2);
    assert_true(rq.fc.lim == 10 && rq.fc.ofst == 0);
    assert_true(rq.fc.crb == 1893456000 && rq.fc.cra == 0 && rq.fc.ms == 1 && rq.fc.us == 2 &&
                rq.fc.exb == 3 && rq.fc.exa == 4);
    assert_true(rq.has_atrl);
    assert_int_equal(rq.atrl.n, 2);
    assert_string_equal(rq.atrl.items[1], "et");
    m2m_request_free(&rq);
    assert_int_equal(rq.atrl.n, 0);
    assert_true(rq.fc.crb == INT64_MIN && rq.fc.lim == -1);
}

struct refusal {
    const char *name, *value;
    int rsc;
    const char *text;
};

static void check_refusals(const struct refusal *cases, size_t n,
                           void (*give)(struct m2m_request *, const char *, const char *))
{
    for (size_t i = 0; i < n; i++) {
        struct m2m_request rq;
        m2m_request_init(&rq);
        give(&rq, cases[i].name, cases[i].value);
        if (rq.syntax_rsc != cases[i].rsc || strcmp(rq.syntax_text, cases[i].text) != 0)
            fail_msg("%s=%s: %d '%s'", cases[i].name, cases[i].value, rq.syntax_rsc, rq.syntax_text);
        assert_false(rq.syntax_in_content);
        m2m_request_free(&rq);
    }
}

static void refused(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"xyz", "1", 4000, "query: xyz is not a parameter"},
        {"", "", 4000, "query:  is not a parameter"},
        {"a\nb", "1", 4000, "query: a?b is not a parameter"},
        {"fr", "x", 4000, "query: fr is not a parameter"},
        {"pc", "{}", 4000, "query: pc is not a parameter"},
        {"rp", "1", 5001, "query: rp is not supported"},
        {"lvl", "1", 5001, "query: lvl is not supported"},
        {"sts", "1", 5001, "query: sts is not supported"},
        {"rcn", "", 4000, "rcn: a number is missing"},
        {"rcn", "1x", 4000, "rcn: '1x' is not a decimal number"},
        {"rcn", "-1", 4000, "rcn: '-1' is not a decimal number"},
        {"rcn", "+1", 4000, "rcn: '+1' is not a decimal number"},
        {"rcn", "1.0", 4000, "rcn: '1.0' is not a decimal number"},
        {"rcn", "65536", 4000, "rcn: 65536 is not within 0..65535"},
        {"rcn", "4294967297", 4000, "rcn: 4294967297 is larger than 2147483647"},
        {"rt", "1", 5206, "rt: only blocking requests (3) are served"},
        {"rt", "2", 5001, "rt: only blocking requests (3) are served"},
        {"rt", "4", 5001, "rt: only blocking requests (3) are served"},
        {"rt", "5", 5001, "rt: only blocking requests (3) are served"},
        {"rt", "0", 4000, "rt: 0 is not within 1..5"},
        {"rt", "6", 4000, "rt: 6 is not within 1..5"},
        {"rt", "x", 4000, "rt: 'x' is not a decimal number"},
        {"drt", "1", 5001, "drt: only unstructured identifiers (2) are supported"},
        {"drt", "3", 4000, "drt: 3 is not within 1..2"},
        {"fu", "2", 5001, "fu: only discovery (1) is supported"},
        {"fu", "0", 4000, "fu: 0 is not within 1..5"},
        {"fu", "true", 4000, "fu: 'true' is not a decimal number"},
        {"fo", "3", 5001, "fo: only AND (1) and OR (2) are supported"},
        {"fo", "0", 4000, "fo: 0 is not within 1..3"},
        {"lbl", "", 4000, "lbl: '' is not a label"},
        {"ty", "0", 4000, "ty: 0 is not within 1..65535"},
        {"ty", "65536", 4000, "ty: 65536 is not within 1..65535"},
        {"lim", "0", 4000, "lim: 0 is not within 1..2147483647"},
        {"ofst", "2147483648", 4000, "ofst: 2147483648 is larger than 2147483647"},
        {"crb", "2030", 4000, "crb: '2030' is not a timestamp (YYYYMMDDThhmmss)"},
        {"exa", "", 4000, "exa: '' is not a timestamp (YYYYMMDDThhmmss)"},
        {"us", "\xff", 4000, "us: not a text of UTF-8"},
        {"atrl", "", 4000, "atrl: '' is not a short name"},
        {"atrl", "et++lbl", 4000, "atrl: '' is not a short name"},
        {"atrl", "et+l-l", 4000, "atrl: 'l-l' is not a short name"},
        {"atrl", "abcdefghijklmnopq", 4000, "atrl: 'abcdefghijklmnopq' is not a short name"},
    };
    check_refusals(cases, LENGTH(cases), m2m_request_query);
}

static void given_twice(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *text;
    } cases[] = {
        {"rcn", "1", "rcn: given twice"},    {"fu", "1", "fu: given twice"},
        {"lbl", "a", "lbl: given twice"},    {"exa", "20300101T000000", "exa: given twice"},
        {"atrl", "et", "atrl: given twice"}, {"drt", "2", "drt: given twice"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct m2m_request rq;
        m2m_request_init(&rq);
        query(&rq, cases[i].name, cases[i].value);
        assert_int_equal(rq.syntax_rsc, 0);
        query(&rq, cases[i].name, cases[i].value);
        assert_int_equal(rq.syntax_rsc, 4000);
        assert_string_equal(rq.syntax_text, cases[i].text);
        m2m_request_free(&rq);
    }
}

static void headers(void **state)
{
    (void)state;
    struct m2m_request rq;
    m2m_request_init(&rq);
    m2m_request_param(&rq, "op", "1");
    m2m_request_param(&rq, "to", "//maf.example.com/-");
    m2m_request_param(&rq, "fr", "//in.provider.com/cse1/Cae7");
    m2m_request_param(&rq, "rqi", "r1");
    m2m_request_param(&rq, "rvi", "3");
    m2m_request_param(&rq, "ty", "20002");
    m2m_request_param(&rq, "ot", "20260101T000000");
    m2m_request_param(&rq, "rqet", "5000");
    m2m_request_param(&rq, "rset", "20300101T000000");
    assert_int_equal(rq.syntax_rsc, 0);
    assert_int_equal(rq.op, M2M_OP_CREATE);
    assert_string_equal(rq.to, "//maf.example.com/-");
    assert_true(rq.has_from && rq.has_rqi && rq.has_rvi);
    assert_string_equal(rq.from, "//in.provider.com/cse1/Cae7");
    assert_string_equal(rq.rqi, "r1");
    assert_string_equal(rq.rvi, "3");
    assert_int_equal(rq.ty, 20002);
    assert_string_equal(rq.ot, "20260101T000000");
    assert_string_equal(rq.rqet, "5000");
    assert_string_equal(rq.rset, "20300101T000000");
    m2m_request_free(&rq);
}

static void headers_refused(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"fr", "", 4000, "fr: 1 to 255 octets of UTF-8 without control characters"},
        {"fr", "a\tb", 4000, "fr: 1 to 255 octets of UTF-8 without control characters"},
        {"fr",
         "a\xc2\x85"
         "b",
         4000, "fr: 1 to 255 octets of UTF-8 without control characters"},
        {"fr", "a\xff", 4000, "fr: not a text of UTF-8"},
        {"rvi", "12345678", 4000, "rvi: 1 to 7 octets of UTF-8 without control characters"},
        {"op", "6", 4000, "op: 6 is not within 1..5"},
        {"ty", "x", 4000, "ty: 'x' is not a decimal number"},
        {"ot", "5000", 4000, "ot: '5000' is not a timestamp (YYYYMMDDThhmmss)"},
        {"rqet", "soon", 4000, "rqet: 'soon' is not a timestamp (YYYYMMDDThhmmss)"},
        {"rset", "-5", 4000, "rset: '-5' is not a timestamp (YYYYMMDDThhmmss)"},
        {"pc", "{}", 5001, "pc: not supported"},
        {"atrl", "et", 5001, "atrl: not supported"},
        {"xyz", "1", 5001, "xyz: not supported"},
    };
    check_refusals(cases, LENGTH(cases), m2m_request_param);
    char text[M2M_RQI_MAX + 2];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct m2m_request rq;
    m2m_request_init(&rq);
    m2m_request_param(&rq, "rqi", text);
    assert_int_equal(rq.syntax_rsc, 4000);
    assert_false(rq.has_rqi);
    m2m_request_init(&rq);
    text[M2M_RQI_MAX] = '\0';
    m2m_request_param(&rq, "rqi", text);
    assert_int_equal(rq.syntax_rsc, 0);
    assert_true(rq.has_rqi);
    m2m_request_free(&rq);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted), cmocka_unit_test(refused),         cmocka_unit_test(given_twice),
        cmocka_unit_test(headers),  cmocka_unit_test(headers_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
