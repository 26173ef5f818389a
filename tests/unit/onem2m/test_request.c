/* Whole primitives, both directions, and the life of requests and responses. */
#include "onem2m/primitive.h"

#include "check.h"

static void read_request(struct m2m_request *rq, const char *text)
{
    json_t *tree = tree_of(text);
    m2m_request_init(rq);
    m2m_request_from_tree(tree, rq);
    json_decref(tree);
}

/* The example of spec/wire §4. */
#define CREATE                                                                                               \
    "{'op':1,'to':'//maf.example.com/-','fr':'//in.provider.com/cse1/Cae7','rqi':'r1','rvi':'3','ty':20003," \
    "'pc':{'sec:skr':{'et':'20300101T000000','lbl':['floor:1'],'adfq':'admin.example.com','suid':32,"        \
    "'tgis':['//in.provider.com/cse1']}}}"

static void create_request(void **state)
{
    (void)state;
    struct m2m_request rq;
    read_request(&rq, CREATE);
    assert_string_equal(rq.syntax_text, "");
    assert_int_equal(rq.syntax_rsc, 0);
    assert_int_equal(rq.op, M2M_OP_CREATE);
    assert_string_equal(rq.to, "//maf.example.com/-");
    assert_true(rq.has_from && rq.has_rqi && rq.has_rvi);
    assert_string_equal(rq.from, "//in.provider.com/cse1/Cae7");
    assert_int_equal(rq.ty, 20003);
    struct m2m_resource r;
    assert_int_equal(m2m_resource_decode(rq.pc, rq.ty, M2M_CREATE_REQUEST, &r, NULL), OM_OK);
    m2m_resource_free(&r);
    m2m_request_free(&rq);
}

/* Every form survives the way out and back. */
static void requests_round_trip(void **state)
{
    (void)state;
    static const char *const cases[] = {
        CREATE,
        "{'op':4,'to':'-/x','rqi':'r2','rvi':'2a'}",
        "{'op':2,'to':'-/x','fr':'//a.b/c','rqi':'r','rvi':'3','rcn':1,'rt':{'rtv':3},'ot':'20260101T000000',"
        "'rqet':'5000','rset':'20300101T000000','pc':{'m2m:atrl':['mccf','et']}}",
        "{'op':2,'to':'-','fr':'//a.b/"
        "c','rqi':'r','rvi':'3','rcn':6,'fc':{'fu':1,'lbl':['a','b:c'],'ty':20002,'fo':2,"
        "'lim':5,'ofst':0,'crb':'20300101T000000','cra':'19700101T000000','ms':'20260101T000000',"
        "'us':'20260101T000001','exb':'20260101T000002','exa':'20260101T000003'}}",
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct m2m_request rq;
        json_t *out;
        read_request(&rq, cases[i]);
        assert_string_equal(rq.syntax_text, "");
        assert_int_equal(m2m_request_to_tree(&rq, &out, NULL), OM_OK);
        m2m_request_free(&rq);
        assert_tree(out, cases[i]);
        json_decref(out);
    }
}

static void other_forms(void **state)
{
    (void)state;
    struct m2m_request rq;
    read_request(&rq, "{'op':2,'to':'-','rt':3,'rqet':5000,'drt':2,'fc':{'ty':[20003]}}");
    assert_int_equal(rq.syntax_rsc, 0);
    assert_int_equal(rq.rt, 3);
    assert_string_equal(rq.rqet, "5000");
    assert_int_equal(rq.fc.ty, 20003);
    assert_true(rq.fc.present && !rq.fc.discovery);
    m2m_request_free(&rq);
    read_request(&rq, "{'op':2,'to':'-','fc':{}}");
    assert_int_equal(rq.syntax_rsc, 0);
    assert_false(rq.fc.present);
    m2m_request_free(&rq);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        int rsc;
        bool in_content;
        const char *text;
    } cases[] = {
        {"[]", 4000, false, "a primitive is one JSON object"},
        {"1", 4000, false, "a primitive is one JSON object"},
        {"{'to':'-'}", 4000, false, "op: missing"},
        {"{'op':1}", 4000, false, "to: missing"},
        {"{'op':0,'to':'-'}", 4000, false, "op: 0 is not within 1..5"},
        {"{'op':6,'to':'-'}", 4000, false, "op: 6 is not within 1..5"},
        {"{'op':'1','to':'-'}", 4000, false, "op: an integer is expected"},
        {"{'op':1.0,'to':'-'}", 4000, false, "op: an integer is expected"},
        {"{'op':1,'to':1}", 4000, false, "to: a string is expected"},
        {"{'op':1,'to':''}", 4000, false, "to: 1 to 511 octets of UTF-8 without control characters"},
        {"{'op':1,'to':'-','fr':null}", 4000, false, "fr: a string is expected"},
        {"{'op':1,'to':'-','fr':'a\\u0007'}", 4000, false,
         "fr: 1 to 255 octets of UTF-8 without control characters"},
        {"{'op':1,'to':'-','rqi':7}", 4000, false, "rqi: a string is expected"},
        {"{'op':1,'to':'-','rvi':3}", 4000, false, "rvi: a string is expected"},
        {"{'op':1,'to':'-','ty':'20003'}", 4000, false, "ty: an integer is expected"},
        {"{'op':3,'to':'-','ty':20003}", 4000, false, "ty: only allowed in CREATE"},
        {"{'op':1,'to':'-','ot':1}", 4000, false, "ot: a string is expected"},
        {"{'op':1,'to':'-','ot':'5'}", 4000, false, "ot: '5' is not a timestamp (YYYYMMDDThhmmss)"},
        {"{'op':1,'to':'-','rqet':-5}", 4000, false, "rqet: '-5' is not a timestamp (YYYYMMDDThhmmss)"},
        {"{'op':1,'to':'-','rqet':true}", 4000, false, "rqet: a string is expected"},
        {"{'op':1,'to':'-','rcn':'1'}", 4000, false, "rcn: an integer is expected"},
        {"{'op':1,'to':'-','rt':{'rtv':1}}", 5206, false, "rt: only blocking requests (3) are served"},
        {"{'op':1,'to':'-','rt':2}", 5001, false, "rt: only blocking requests (3) are served"},
        {"{'op':1,'to':'-','rt':{'rtv':3,'nu':[]}}", 5001, false, "rt: only {\"rtv\": 3} is supported"},
        {"{'op':1,'to':'-','rt':'3'}", 4000, false, "rt: an integer is expected"},
        {"{'op':1,'to':'-','drt':1}", 5001, false, "drt: only unstructured identifiers (2) are supported"},
        {"{'op':1,'to':'-','ec':1}", 5001, false, "ec: not supported"},
        {"{'op':1,'to':'-','x\\n':1}", 5001, false, "x?: not supported"},
        {"{'op':1,'to':'-','atrl':['et']}", 5001, false, "atrl: not supported"},
        {"{'op':1,'to':'-','fc':[]}", 4000, false, "fc: an object is expected"},
        {"{'op':1,'to':'-','fc':{'xyz':1}}", 4000, false, "fc: xyz is not a filter criterion"},
        {"{'op':1,'to':'-','fc':{'rcn':1}}", 4000, false, "fc: rcn is not a filter criterion"},
        {"{'op':1,'to':'-','fc':{'lvl':1}}", 5001, false, "fc: lvl is not supported"},
        {"{'op':1,'to':'-','fc':{'fu':'1'}}", 4000, false, "fu: an integer is expected"},
        {"{'op':1,'to':'-','fc':{'lbl':'a'}}", 4000, false, "lbl: an array of strings is expected"},
        {"{'op':1,'to':'-','fc':{'lbl':[]}}", 4000, false, "lbl: 0 members; 1 to 32 are allowed"},
        {"{'op':1,'to':'-','fc':{'ty':[1,2]}}", 5001, false, "ty: only one resource type is supported"},
        {"{'op':1,'to':'-','fc':{'ty':[]}}", 4000, false, "ty: an integer is expected"},
        {"{'op':1,'to':'-','fc':{'crb':1}}", 4000, false, "crb: a string is expected"},
        {"{'op':1,'to':'-','pc':[]}", 4000, true, "pc: an object with exactly one member is expected"},
        {"{'op':1,'to':'-','pc':{}}", 4000, true, "pc: an object with exactly one member is expected"},
        {"{'op':1,'to':'-','pc':{'a':1,'b':2}}", 4000, true,
         "pc: an object with exactly one member is expected"},
        {"{'op':1,'to':'-','pc':null}", 4000, true, "pc: an object with exactly one member is expected"},
        {"{'op':2,'to':'-','pc':{'m2m:atrl':'et'}}", 4000, false, "atrl: an array of strings is expected"},
        {"{'op':2,'to':'-','pc':{'m2m:atrl':['e t']}}", 4000, false, "atrl: 'e t' is not a short name"},
        /* what stands outside the content is reported first, wherever it stands */
        {"{'pc':{},'op':1,'to':'-','rcn':'x'}", 4000, false, "rcn: an integer is expected"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct m2m_request rq;
        read_request(&rq, cases[i].request);
        if (rq.syntax_rsc != cases[i].rsc || rq.syntax_in_content != cases[i].in_content ||
            strcmp(rq.syntax_text, cases[i].text) != 0)
            fail_msg("%s: %d '%s'", cases[i].request, rq.syntax_rsc, rq.syntax_text);
        m2m_request_free(&rq);
    }
}

/* A response to a bad request must still carry its Request Identifier. */
static void bad_requests_keep_their_identifier(void **state)
{
    (void)state;
    struct m2m_request rq;
    read_request(&rq, "{'op':'x','rcn':'y','rqi':'r9','rvi':'3'}");
    assert_int_equal(rq.syntax_rsc, 4000);
    assert_true(rq.has_rqi && rq.has_rvi);
    assert_string_equal(rq.rqi, "r9");
    m2m_request_free(&rq);
}

static void first_defect_wins(void **state)
{
    (void)state;
    struct m2m_request rq;
    m2m_request_init(&rq);
    m2m_request_bad(&rq, M2M_BAD_REQUEST, true, "content %d\n", 1);
    assert_string_equal(rq.syntax_text, "content 1?");
    m2m_request_bad(&rq, M2M_CONFLICT, true, "content 2");
    assert_int_equal(rq.syntax_rsc, M2M_BAD_REQUEST);
    m2m_request_bad(&rq, M2M_NOT_IMPLEMENTED, false, "parameter 1");
    assert_int_equal(rq.syntax_rsc, M2M_NOT_IMPLEMENTED);
    assert_false(rq.syntax_in_content);
    m2m_request_bad(&rq, M2M_BAD_REQUEST, false, "parameter 2");
    assert_string_equal(rq.syntax_text, "parameter 1");
    m2m_request_free(&rq);
}

static void responses_round_trip(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "{'rsc':2002,'rqi':'r1','rvi':'3'}",
        "{'rsc':2000,'rqi':'r1','rvi':'2a','pc':{'m2m:uril':['a','b']}}",
        "{'rsc':4000}",
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct m2m_response rs;
        json_t *tree = tree_of(cases[i]);
        json_t *out;
        m2m_response_init(&rs);
        assert_int_equal(m2m_response_from_tree(tree, &rs, NULL), OM_OK);
        json_decref(tree);
        assert_int_equal(m2m_response_to_tree(&rs, &out, NULL), OM_OK);
        m2m_response_free(&rs);
        assert_tree(out, cases[i]);
        json_decref(out);
    }
}

static void responses_refused(void **state)
{
    (void)state;
    static const struct {
        const char *response, *text;
    } cases[] = {
        {"[]", "a primitive is one JSON object"},
        {"{}", "rsc: an integer is expected"},
        {"{'rsc':'2000'}", "rsc: an integer is expected"},
        {"{'rsc':0}", "rsc: 0 is not within 1000..9999"},
        {"{'rsc':2000,'rqi':1}", "rqi: a string is expected"},
        {"{'rsc':2000,'rqi':'\\n'}", "rqi: 1 to 128 octets of UTF-8 without control characters"},
        {"{'rsc':2000,'rvi':'12345678'}", "rvi: 1 to 7 octets of UTF-8 without control characters"},
        {"{'rsc':2000,'pc':[]}", "pc: an object is expected"},
        {"{'rsc':2000,'pc':null}", "pc: an object is expected"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct m2m_response rs;
        struct om_error err = {0};
        json_t *tree = tree_of(cases[i].response);
        m2m_response_init(&rs);
        if (m2m_response_from_tree(tree, &rs, &err) != OM_EINPUT)
            fail_msg("%s should be refused", cases[i].response);
        assert_string_equal(err.text, cases[i].text);
        json_decref(tree);
        m2m_response_free(&rs);
    }
}

static void errors_replace_content(void **state)
{
    (void)state;
    struct m2m_response rs;
    m2m_response_init(&rs);
    rs.pc = tree_of("{'sec:skr':{}}");
    rs.has_rqi = true;
    memcpy(rs.rqi, "r1", 3);
    memcpy(rs.location, "//a.b/-/x", 10);
    m2m_response_error(&rs, M2M_CONFLICT, "a %s\n\xff", "b");
    assert_int_equal(rs.rsc, 4105);
    assert_tree(rs.pc, "{'m2m:dbg':'a b\?\?'}");
    assert_string_equal(rs.location, "");
    assert_true(rs.has_rqi);
    m2m_response_free(&rs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_request),
        cmocka_unit_test(requests_round_trip),
        cmocka_unit_test(other_forms),
        cmocka_unit_test(refused),
        cmocka_unit_test(bad_requests_keep_their_identifier),
        cmocka_unit_test(first_defect_wins),
        cmocka_unit_test(responses_round_trip),
        cmocka_unit_test(responses_refused),
        cmocka_unit_test(errors_replace_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
