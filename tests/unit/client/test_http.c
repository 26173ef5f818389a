/* Request targets of the HTTP binding, client side (spec/wire §5). */
#include "client/http_message.h"
#include "fixture.h"

static struct m2m_request rq;
static char target[HTTP_TARGET_SIZE];

static int fresh(void **state)
{
    (void)state;
    m2m_request_init(&rq);
    rq.op = M2M_OP_RETRIEVE;
    return 0;
}

static int done(void **state)
{
    (void)state;
    m2m_request_free(&rq);
    return 0;
}

static void expect(const char *to, const char *want)
{
    struct om_error err = {0};
    (void)snprintf(rq.to, sizeof rq.to, "%s", to);
    assert_int_equal(http_target(&rq, target, &err), OM_OK);
    assert_string_equal(target, want);
}

static void test_paths(void **state)
{
    (void)state;
    expect("//maf.example.com/-/K", "/_/maf.example.com/-/K");
    expect("/cse1/x", "/~/cse1/x");
    expect("-/x", "/-/x");
    expect("-/a b?c#d%e", "/-/a%20b%3Fc%23d%25e");
}

static void test_query(void **state)
{
    (void)state;
    rq.fc.present = rq.fc.discovery = true;
    rq.fc.ty = 20003;
    rq.fc.lim = 5;
    rq.fc.ofst = 0;
    rq.fc.exa = 1893456000;
    assert_int_equal(m2m_list_add(&rq.fc.lbl, "floor:1", NULL), OM_OK);
    assert_int_equal(m2m_list_add(&rq.fc.lbl, "a&b=\xc3\xa4", NULL), OM_OK);
    expect("//h/-", "/_/h/-?fu=1&lbl=floor%3A1+a%26b%3D%C3%A4&ty=20003&exa=20300101T000000&lim=5&ofst=0");
}

static void test_attribute_list(void **state)
{
    (void)state;
    rq.has_atrl = true;
    assert_int_equal(m2m_list_add(&rq.atrl, "mccf", NULL), OM_OK);
    expect("//h/-/r", "/_/h/-/r?atrl=mccf");
}

static void test_what_cannot_be_said(void **state)
{
    (void)state;
    rq.fc.present = true;
    assert_int_equal(m2m_list_add(&rq.fc.lbl, "a+b", NULL), OM_OK);
    assert_int_equal(http_target(&rq, target, NULL), OM_EINPUT);
}

static void test_methods(void **state)
{
    (void)state;
    static const enum evhttp_cmd_type want[] = {
        [M2M_OP_CREATE] = EVHTTP_REQ_POST,
        [M2M_OP_RETRIEVE] = EVHTTP_REQ_GET,
        [M2M_OP_UPDATE] = EVHTTP_REQ_PUT,
        [M2M_OP_DELETE] = EVHTTP_REQ_DELETE,
    };
    for (int op = M2M_OP_CREATE; op <= M2M_OP_DELETE; op++) {
        rq.op = op;
        assert_int_equal(http_method(&rq), want[op]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_paths, fresh, done),
        cmocka_unit_test_setup_teardown(test_query, fresh, done),
        cmocka_unit_test_setup_teardown(test_attribute_list, fresh, done),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_said, fresh, done),
        cmocka_unit_test_setup_teardown(test_methods, fresh, done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
