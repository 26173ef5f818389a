/* JSON text: what the parser refuses, that its errors quote nothing, and that printing is compact. */
#include "onem2m/primitive.h"

#include "check.h"

static om_rc parse(const char *text, size_t n, struct om_error *err)
{
    json_t *tree;
    om_rc rc = m2m_json_parse(text, n, &tree, err);
    assert_true((tree != NULL) == (rc == OM_OK));
    json_decref(tree);
    return rc;
}

static void accepted(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "{}",
        "[]",
        " {\"a\": [1, 2.5, true, null, \"caf\xc3\xa9 \\u00e9\"]}\n",
        "{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[\\\"{{{{{{{{{{{{{{{{{{{{\"}", /* brackets in a text nest nothing */
        "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_int_equal(parse(cases[i], strlen(cases[i]), NULL), OM_OK);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "empty"},
        {"{\"a\":1,\"a\":2}", "twice"},
        {"{\"x\":{\"a\":1,\"a\":2}}", "twice"},
        {"{} {}", "follows"},
        {"{}x", "follows"},
        {"{\"a\":1", "too early"},
        {"{\"a\":\"", "too early"},
        {"{\"a\":\"b\\u0000c\"}", "NUL"},
        {"{\"b\\u0000c\":1}", "NUL"},
        {"{\"a\":\"\xff\"}", "UTF-8"},
        {"{\"a\":\"\xc0\x80\"}", "UTF-8"},
        {"{\"a\":\"\xed\xa0\x80\"}", "UTF-8"},
        {"{\"a\":99999999999999999999}", "out of range"},
        {"{\"a\":1e999}", "out of range"},
        {"{'a':1}", "malformed"},
        {"{\"a\":01}", "malformed"},
        {"{\"a\":NaN}", "malformed"},
        {"{\"a\":1,}", "malformed"},
        {"{\"a\":\"b\nc\"}", "malformed"},
        {"{\"a\":1}//", "follows"},
        {"\xef\xbb\xbf{}", "malformed"}, /* byte order mark */
        {"1", "malformed"},
        {"\"x\"", "malformed"},
        {"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "nested"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct om_error err = {0};
        if (parse(cases[i].text, strlen(cases[i].text), &err) != OM_EINPUT)
            fail_msg("%s should be refused", cases[i].text);
        if (strstr(err.text, cases[i].why) == NULL)
            fail_msg("%s: '%s' does not say '%s'", cases[i].text, err.text, cases[i].why);
    }
    assert_int_equal(parse("{\0}", 3, NULL), OM_EINPUT);
    assert_int_equal(parse("{}\0", 3, NULL), OM_EINPUT);
}

static void size_is_limited(void **state)
{
    (void)state;
    size_t n = M2M_JSON_MAX;
    char *text = malloc(n + 1);
    assert_non_null(text);
    memset(text, ' ', n + 1);
    text[0] = '{';
    text[1] = '}';
    assert_int_equal(parse(text, n, NULL), OM_OK);
    assert_int_equal(parse(text, n + 1, NULL), OM_EINPUT);
    free(text);
}

/* A Key Value next to the defect must not reach the error text. */
static void errors_quote_nothing(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "{\"kyv\":\"SECRETSECRET\" x}",
        "{\"kyv\":\"SECRETSECRET",
        "{\"kyv\":SECRETSECRET}",
        "{\"kyv\":\"a\",\"SECRETSECRET\":1,\"SECRETSECRET\":2}",
        "{\"kyv\":\"SECRETSECRET\\u0000\"}",
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct om_error err = {0};
        assert_int_equal(parse(cases[i], strlen(cases[i]), &err), OM_EINPUT);
        assert_null(strstr(err.text, "SECRET"));
    }
}

static void prints(void **state)
{
    (void)state;
    json_t *tree = tree_of("{ 'b' : [ 1, 2 ], 'a' : 'caf\xc3\xa9/\\u0001' }");
    struct om_secret out = OM_SECRET_INIT;
    static const char wanted[] = "{\"b\":[1,2],\"a\":\"caf\xc3\xa9/\\u0001\"}";
    assert_int_equal(m2m_json_print(tree, &out, NULL), OM_OK);
    assert_int_equal(out.len, sizeof wanted - 1);
    assert_memory_equal(out.octets, wanted, out.len);
    om_secret_free(&out);
    json_decref(tree);
    assert_int_equal(m2m_json_print(NULL, &out, NULL), OM_EINTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted),        cmocka_unit_test(refused),
        cmocka_unit_test(size_is_limited), cmocka_unit_test(errors_quote_nothing),
        cmocka_unit_test(prints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
