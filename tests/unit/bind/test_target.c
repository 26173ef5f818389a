/* Request targets to To and parameters, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above first. */
#include <cmocka.h>

#include "bind/target.h"

#include <string.h>

static void paths(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *to; /* NULL: refused */
        const char *authority;
    } table[] = {
        {"/_/maf.example.com/-", "//maf.example.com/-", ""},
        {"/_/maf.example.com/-/K", "//maf.example.com/-/K", ""},
        {"/~/cse/x", "/cse/x", ""},
        {"/-", "-", ""},
        {"/-/K", "-/K", ""},
        {"/maf/K", "maf/K", ""},
        {"/K", "K", ""},
        {"/%2d/%4B", "-/K", ""},
        {"/%7E/x", "/x", ""},
        {"/%5F/h/-", "//h/-", ""},
        {"/_", "_", ""},
        {"/a%25b", "a%b", ""},
        {"https://h:8443/-", "-", "h:8443"},
        {"HTTPS://h/_/h/-?", NULL, "h"},
        {"", NULL, ""},
        {"x", NULL, ""},
        {"*", NULL, ""},
        {"http://h/-", NULL, ""},
        {"https://h", NULL, ""},
        {"https:///x", NULL, ""},
        {"/", NULL, ""},
        {"/~/", "/", ""},
        {"//h/-", "/h/-", ""},
        {"/-//x", "-//x", ""},
        {"/-%", NULL, ""},
        {"/-%2", NULL, ""},
        {"/-%2x", NULL, ""},
        {"/-%2F", NULL, ""},
        {"/-%2f", NULL, ""},
        {"/-%20", NULL, ""},
        {"/-%00", NULL, ""},
        {"/-%7f", NULL, ""},
        {"/-%0a", NULL, ""},
        {"/-#", NULL, ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct m2m_request rq;
        char authority[64];
        m2m_request_init(&rq);
        target_parse(table[i].uri, &rq, authority, sizeof authority);
        bool good = table[i].to != NULL ? rq.syntax_rsc == 0 && strcmp(rq.to, table[i].to) == 0
                                        : rq.syntax_rsc == M2M_BAD_REQUEST && !rq.syntax_in_content;
        if (!good || strcmp(authority, table[i].authority) != 0)
            fail_msg("'%s': To '%s', %d %s", table[i].uri, rq.to, rq.syntax_rsc, rq.syntax_text);
        m2m_request_free(&rq);
    }
}

static void queries(void **state)
{
    (void)state;
    struct m2m_request rq;
    char authority[64];
    m2m_request_init(&rq);
    target_parse("/-?fu=1&lbl=a%3Ab+c&ty=20003&lim=5&fo=2", &rq, authority, sizeof authority);
    assert_int_equal(rq.syntax_rsc, 0);
    assert_true(rq.fc.discovery);
    assert_int_equal(rq.fc.lbl.n, 2);
    assert_string_equal(rq.fc.lbl.items[0], "a:b");
    assert_string_equal(rq.fc.lbl.items[1], "c");
    assert_int_equal(rq.fc.ty, 20003);
    assert_int_equal(rq.fc.lim, 5);
    assert_int_equal(rq.fc.fo, 2);
    m2m_request_free(&rq);
    target_parse("/-/r?atrl=mccf", &rq, authority, sizeof authority);
    assert_int_equal(rq.syntax_rsc, 0);
    assert_true(rq.has_atrl);
    m2m_request_free(&rq);
}

static void bad_queries(void **state)
{
    (void)state;
    static const char *const table[] = {
        "/-?",
        "/-?&",
        "/-?fu",
        "/-?fu=1&",
        "/-?=1",
        "/-?fu=%",
        "/-?fu=%3",
        "/-?fu=1&fu=1",
        "/-?lbl=%20",
        "/-?lbl=%00",
        "/-?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1",
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct m2m_request rq;
        char authority[64];
        m2m_request_init(&rq);
        target_parse(table[i], &rq, authority, sizeof authority);
        if (rq.syntax_rsc != M2M_BAD_REQUEST)
            fail_msg("'%s' is accepted", table[i]);
        m2m_request_free(&rq);
    }
}

static void lengths(void **state)
{
    (void)state;
    for (size_t n = 500; n < 530; n++) {
        struct m2m_request rq;
        char uri[600] = "/";
        char authority[64];
        memset(uri + 1, 'a', n);
        uri[n + 1] = '\0';
        m2m_request_init(&rq);
        target_parse(uri, &rq, authority, sizeof authority);
        assert_int_equal(rq.syntax_rsc, n + 1 < M2M_TO_SIZE ? 0 : M2M_BAD_REQUEST);
        m2m_request_free(&rq);
    }
}

static void to_path(void **state)
{
    (void)state;
    char out[32];
    assert_int_equal(target_from_to("//h/-/K", out, sizeof out, NULL), OM_OK);
    assert_string_equal(out, "/_/h/-/K");
    assert_int_equal(target_from_to("-/K", out, sizeof out, NULL), OM_OK);
    assert_string_equal(out, "/-/K");
    assert_int_equal(target_from_to("//a-host-name-that-is-long.example/-", out, sizeof out, NULL),
                     OM_EINPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),   cmocka_unit_test(queries), cmocka_unit_test(bad_queries),
        cmocka_unit_test(lengths), cmocka_unit_test(to_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
