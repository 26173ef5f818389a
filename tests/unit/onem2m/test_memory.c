/* jansson runs out of memory at each of its allocations in turn: an error, no leak (sanitizer builds tell),
 * and never a tree that lacks a member. */
#include "onem2m/cbor.h"
#include "onem2m/primitive.h"

#include "check.h"

#define SKR                                                                                                  \
    "{'sec:skr':{'rn':'x','et':'20300101T000000','lbl':['a','b'],'suid':34,'tgis':['//a.b/c'],"              \
    "'kyv':'MDEyMzQ1Njc4OWFiY2RlZg=='}}"
#define REQUEST                                                                                              \
    "{'op':2,'to':'-','fr':'//a.b/c','rqi':'r','rvi':'3','rt':{'rtv':3},'rqet':'5',"                         \
    "'fc':{'fu':1,'lbl':['a'],'lim':5,'crb':'20300101T000000'},'pc':{'m2m:atrl':['mccf','et']}}"

static long allocations_left;

static void *scarce_malloc(size_t n)
{
    if (allocations_left == 0)
        return NULL;
    allocations_left--;
    return malloc(n);
}

/* Runs `try` with 0, 1, 2 ... allocations until one run has enough; each one before must report failure. */
static void starve(bool (*try)(void *), void *arg)
{
    bool done = false;
    for (long n = 0; !done; n++) {
        assert_true(n < 1000);
        allocations_left = n;
        json_set_alloc_funcs(scarce_malloc, free);
        done = try(arg);
        json_set_alloc_funcs(malloc, free);
    }
}

/* True when the call succeeded; then it must have made the whole tree. */
static bool settle(om_rc rc, json_t *out, const char *wanted)
{
    if (rc != OM_OK) {
        assert_int_equal(rc, OM_ENOMEM);
        assert_null(out);
        return false;
    }
    json_set_alloc_funcs(malloc, free);
    assert_tree(out, wanted);
    json_decref(out);
    return true;
}

static bool encode(void *arg)
{
    json_t *out;
    om_rc rc = m2m_resource_encode(arg, ~0u, &out, NULL);
    return settle(rc, out, SKR);
}

static void resources(void **state)
{
    (void)state;
    struct m2m_resource r;
    json_t *content = tree_of(SKR);
    assert_int_equal(m2m_resource_decode(content, WIRE_TY_SYMM_KEY_REG, M2M_RESPONSE, &r, NULL), OM_OK);
    json_decref(content);
    starve(encode, &r);
    m2m_resource_free(&r);
}

static bool write_request(void *arg)
{
    json_t *out;
    om_rc rc = m2m_request_to_tree(arg, &out, NULL);
    return settle(rc, out, REQUEST);
}

static void requests(void **state)
{
    (void)state;
    struct m2m_request rq;
    json_t *tree = tree_of(REQUEST);
    m2m_request_init(&rq);
    m2m_request_from_tree(tree, &rq);
    json_decref(tree);
    starve(write_request, &rq);
    m2m_request_free(&rq);
}

static bool write_response(void *arg)
{
    json_t *out;
    om_rc rc = m2m_response_to_tree(arg, &out, NULL);
    return settle(rc, out, "{'rsc':2000,'rqi':'r','rvi':'3','pc':{'m2m:uril':[]}}");
}

static void responses(void **state)
{
    (void)state;
    struct m2m_response rs = {.rsc = 2000, .has_rqi = true, .rqi = "r", .rvi = "3"};
    rs.pc = tree_of("{'m2m:uril':[]}");
    starve(write_response, &rs);
    m2m_response_free(&rs);
}

static bool read_query(void *arg)
{
    struct m2m_request rq;
    (void)arg;
    m2m_request_init(&rq);
    m2m_request_query(&rq, "lbl", "a+b+c");
    m2m_request_query(&rq, "rcn", "1");
    m2m_request_query(&rq, "exa", "20300101T000000");
    bool ok = rq.syntax_rsc == 0;
    if (ok)
        assert_true(rq.fc.lbl.n == 3 && rq.rcn == 1 && rq.fc.exa == 1893456000);
    else
        assert_int_equal(rq.syntax_rsc, M2M_INTERNAL_SERVER_ERROR); /* not the peer's fault */
    m2m_request_free(&rq);
    return ok;
}

static void queries(void **state)
{
    (void)state;
    starve(read_query, NULL);
}

static bool write_error(void *arg)
{
    struct m2m_response rs;
    (void)arg;
    m2m_response_init(&rs);
    m2m_response_error(&rs, M2M_NOT_FOUND, "gone");
    bool ok = rs.pc != NULL;
    assert_int_equal(rs.rsc, M2M_NOT_FOUND); /* the code is right even without its text */
    m2m_response_free(&rs);
    return ok;
}

static void errors(void **state)
{
    (void)state;
    starve(write_error, NULL);
}

static bool parse(void *arg)
{
    json_t *tree;
    const char *text = arg;
    om_rc rc = m2m_json_parse(text, strlen(text), &tree, NULL);
    assert_true((rc == OM_OK) == (tree != NULL));
    json_decref(tree);
    return rc == OM_OK;
}

static void texts(void **state)
{
    (void)state;
    char text[] = "{\"a\":[1,\"b\",{\"c\":2.5}]}";
    starve(parse, text);
}

static bool parse_cbor(void *arg)
{
    static const uint8_t octets[] = {0xa2, 0x61, 'a',  0x83, 1,   0x61, 'b',  0xa1, 0x61, 'c', 0xf9,
                                     0x41, 0x00, 0x7f, 0x61, 'd', 0xff, 0x5f, 0x41, 'e',  0xff};
    json_t *tree;
    (void)arg;
    om_rc rc = m2m_cbor_parse(octets, sizeof octets, &tree, NULL);
    return settle(rc, tree, "{'a':[1,'b',{'c':2.5}],'d':'e'}");
}

static void cbor(void **state)
{
    (void)state;
    starve(parse_cbor, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resources), cmocka_unit_test(requests), cmocka_unit_test(responses),
        cmocka_unit_test(queries),   cmocka_unit_test(errors),   cmocka_unit_test(texts),
        cmocka_unit_test(cbor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
