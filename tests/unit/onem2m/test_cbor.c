/* CBOR: the examples of RFC 8949 Appendix A, what the parser refuses, and that its errors quote nothing. */
#include "onem2m/cbor.h"
#include "onem2m/primitive.h"
#include "util/text.h"

#include "check.h"

static size_t octets_of(const char *hex, uint8_t *out, size_t cap)
{
    size_t n;
    if (om_hex_decode(hex, strlen(hex), out, cap, &n, NULL) != OM_OK)
        fail_msg("the test's own hex is bad: %s", hex);
    return n;
}

static om_rc parse(const char *hex, json_t **tree, struct om_error *err)
{
    uint8_t octets[256];
    size_t n = octets_of(hex, octets, sizeof octets);
    /* As large as the input, so that a sanitizer sees what is read beyond it. */
    uint8_t *exact = malloc(n + (n == 0));
    assert_non_null(exact);
    memcpy(exact, octets, n);
    om_rc rc = m2m_cbor_parse(exact, n, tree, err);
    assert_true((*tree != NULL) == (rc == OM_OK));
    free(exact);
    return rc;
}

static void prints_as(const json_t *tree, const char *hex)
{
    uint8_t wanted[256];
    size_t n = octets_of(hex, wanted, sizeof wanted);
    struct om_secret out = OM_SECRET_INIT;
    assert_int_equal(m2m_cbor_print(tree, &out, NULL), OM_OK);
    if (out.len != n || memcmp(out.octets, wanted, n) != 0) {
        char got[600];
        assert_true(out.len < sizeof got / 2);
        om_hex_lower(got, out.octets, out.len);
        fail_msg("printed %s, wanted %s", got, hex);
    }
    om_secret_free(&out);
}

/* The examples of RFC 8949 Appendix A that JSON can say. A primitive is a map or an array, so each example
 * that is neither stands in an array of one. `other` is what we print when it is not what was read. */
static const struct example {
    const char *hex, *json, *other;
} examples[] = {
    {"8100", "[0]", NULL},
    {"8101", "[1]", NULL},
    {"810a", "[10]", NULL},
    {"8117", "[23]", NULL},
    {"811818", "[24]", NULL},
    {"811819", "[25]", NULL},
    {"811864", "[100]", NULL},
    {"811903e8", "[1000]", NULL},
    {"811a000f4240", "[1000000]", NULL},
    {"811b000000e8d4a51000", "[1000000000000]", NULL},
    {"8120", "[-1]", NULL},
    {"8129", "[-10]", NULL},
    {"813863", "[-100]", NULL},
    {"813903e7", "[-1000]", NULL},
    {"81f90000", "[0.0]", "81fa00000000"},
    {"81f98000", "[-0.0]", "81fa80000000"},
    {"81f93c00", "[1.0]", "81fa3f800000"},
    {"81fb3ff199999999999a", "[1.1]", NULL},
    {"81f93e00", "[1.5]", "81fa3fc00000"},
    {"81f97bff", "[65504.0]", "81fa477fe000"},
    {"81fa47c35000", "[100000.0]", NULL},
    {"81fa7f7fffff", "[3.4028234663852886e+38]", NULL},
    {"81fb7e37e43c8800759c", "[1.0e+300]", NULL},
    {"81f90001", "[5.960464477539063e-8]", "81fa33800000"},
    {"81f90400", "[0.00006103515625]", "81fa38800000"},
    {"81f9c400", "[-4.0]", "81fac0800000"},
    {"81fbc010666666666666", "[-4.1]", NULL},
    {"81f4", "[false]", NULL},
    {"81f5", "[true]", NULL},
    {"81f6", "[null]", NULL},
    {"8140", "['']", "8160"},
    {"8160", "['']", NULL},
    {"816161", "['a']", NULL},
    {"816449455446", "['IETF']", NULL},
    {"8162225c", "['\\u0022\\\\']", NULL},
    {"8162c3bc", "['\xc3\xbc']", NULL},
    {"8163e6b0b4", "['\xe6\xb0\xb4']", NULL},
    {"8164f0908591", "['\xf0\x90\x85\x91']", NULL},
    {"80", "[]", NULL},
    {"83010203", "[1,2,3]", NULL},
    {"8301820203820405", "[1,[2,3],[4,5]]", NULL},
    {"98190102030405060708090a0b0c0d0e0f101112131415161718181819",
     "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25]", NULL},
    {"a0", "{}", NULL},
    {"a26161016162820203", "{'a':1,'b':[2,3]}", NULL},
    {"826161a161626163", "['a',{'b':'c'}]", NULL},
    {"a56161614161626142616361436164614461656145", "{'a':'A','b':'B','c':'C','d':'D','e':'E'}", NULL},
    {"817f657374726561646d696e67ff", "['streaming']", "816973747265616d696e67"},
    {"9fff", "[]", "80"},
    {"9f018202039f0405ffff", "[1,[2,3],[4,5]]", "8301820203820405"},
    {"9f01820203820405ff", "[1,[2,3],[4,5]]", "8301820203820405"},
    {"83018202039f0405ff", "[1,[2,3],[4,5]]", "8301820203820405"},
    {"83019f0203ff820405", "[1,[2,3],[4,5]]", "8301820203820405"},
    {"9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
     "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25]",
     "98190102030405060708090a0b0c0d0e0f101112131415161718181819"},
    {"bf61610161629f0203ffff", "{'a':1,'b':[2,3]}", "a26161016162820203"},
    {"826161bf61626163ff", "['a',{'b':'c'}]", "826161a161626163"},
    {"bf6346756ef563416d7421ff", "{'Fun':true,'Amt':-2}", "a26346756ef563416d7421"},
};

static void appendix_a(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(examples); i++) {
        json_t *tree;
        struct om_error err = {0};
        if (parse(examples[i].hex, &tree, &err) != OM_OK)
            fail_msg("%s: %s", examples[i].hex, err.text);
        assert_tree(tree, examples[i].json);
        prints_as(tree, examples[i].other == NULL ? examples[i].hex : examples[i].other);
        json_decref(tree);
    }
}

/* What Appendix A does not show. */
static void accepted(void **state)
{
    (void)state;
    static const struct example more[] = {
        {"811b7fffffffffffffff", "[9223372036854775807]", NULL},
        {"813b7fffffffffffffff", "[-9223372036854775808]", NULL},
        {"811b0000000000000001", "[1]", "8101"},                  /* longer than it need be */
        {"9b000000000000000101", "[1]", "8101"},                  /* so is the head of an array */
        {"a1416101", "{'a':1}", "a1616101"},                      /* a name as a byte string: spec/wire §4 */
        {"8143616263", "['abc']", "8163616263"},                  /* a text as a byte string */
        {"a15f41614162ff5f4163ff", "{'ab':'c'}", "a16261626163"}, /* in chunks */
        {"a17f6161ff7f61626163ff", "{'a':'bc'}", "a16161626263"},
        {"817fff", "['']", "8160"},
        {"815f41c341bcff", "['\xc3\xbc']", "8162c3bc"}, /* octets may be cut anywhere */
        {"a16001", "{'':1}", NULL},
    };
    for (size_t i = 0; i < LENGTH(more); i++) {
        json_t *tree;
        struct om_error err = {0};
        if (parse(more[i].hex, &tree, &err) != OM_OK)
            fail_msg("%s: %s", more[i].hex, err.text);
        assert_tree(tree, more[i].json);
        prints_as(tree, more[i].other == NULL ? more[i].hex : more[i].other);
        json_decref(tree);
    }
}

static const struct {
    const char *hex, *why;
} defects[] = {
    {"", "empty"},
    /* Appendix A: what JSON cannot say */
    {"811bffffffffffffffff", "out of range"},
    {"811b8000000000000000", "out of range"},
    {"813bffffffffffffffff", "out of range"},
    {"813b8000000000000000", "out of range"},
    {"81c249010000000000000000", "tags"},
    {"81c349010000000000000000", "tags"},
    {"81f97c00", "out of range"},
    {"81f97e00", "out of range"},
    {"81f9fc00", "out of range"},
    {"81fa7f800000", "out of range"},
    {"81fa7fc00000", "out of range"},
    {"81fb7ff0000000000000", "out of range"},
    {"81fb7ff8000000000000", "out of range"},
    {"81f7", "undefined"},
    {"81f0", "malformed"},
    {"81f8ff", "malformed"},
    {"81c074323031332d30332d32315432303a30343a30305a", "tags"},
    {"c0a0", "tags"},
    {"d9d9f7a0", "tags"}, /* even the one that only says "this is CBOR" */
    {"8144f1020304", "UTF-8"},
    {"815f42f102430304f5ff", "UTF-8"},
    {"a201020304", "no text"},
    /* a primitive is a map or an array */
    {"00", "a map or an array"},
    {"6161", "a map or an array"},
    {"7f6161ff", "a map or an array"},
    {"f6", "a map or an array"},
    {"ff", "an end"},
    /* it ends too early */
    {"81", "too early"},
    {"9f", "too early"},
    {"a1", "too early"},
    {"a16161", "too early"},
    {"bf6161", "too early"},
    {"8118", "too early"},
    {"811b00", "too early"},
    {"816261", "too early"},
    {"817f", "too early"},
    {"817f6161", "too early"},
    {"8178", "too early"},
    {"81f97c", "too early"},
    /* sizes that are not there */
    {"9bffffffffffffffff00", "too early"},
    {"bbffffffffffffffff616100", "too early"},
    {"817bffffffffffffffff61", "too early"},
    {"815bffffffffffffffff61", "too early"},
    {"817bfffffffffffffff761", "too early"},
    {"817affffffff61", "too early"},
    /* names */
    {"a2616101616102", "twice"},
    {"a2616101416102", "twice"},
    {"a26161017f6161ff02", "twice"},
    {"bf616101616102ff", "twice"},
    {"a1a16162a2616101616102", "no text"},
    {"a1f601", "no text"},
    {"a18001", "no text"},
    /* texts */
    {"8161ff", "UTF-8"},
    {"8162c080", "UTF-8"},
    {"8163eda080", "UTF-8"},
    {"8164f4908080", "UTF-8"},
    {"a161ff01", "UTF-8"},
    {"817f61c361bcff", "UTF-8"}, /* RFC 8949 3.2.3: no character is cut */
    {"8163610062", "NUL"},
    {"8143610062", "NUL"},
    {"a163610062f6", "NUL"},
    {"817f61616100ff", "NUL"},
    /* strings in chunks */
    {"817f4161ff", "chunks"},
    {"815f6161ff", "chunks"},
    {"817f00ff", "chunks"},
    {"817ff6ff", "chunks"},
    {"817f80ff", "chunks"},
    {"817f7f6161ffff", "chunks"},
    {"815f5f4161ffff", "chunks"},
    {"817fc06161ff", "tags"},
    /* ends */
    {"81ff", "an end"},
    {"bf6161ff", "an end"},
    {"a16161ff", "an end"},
    {"a0ff", "follows"},
    {"9fffff", "follows"},
    {"a0a0", "follows"},
    {"a000", "follows"},
    /* reserved */
    {"811c", "malformed"},
    {"813d", "malformed"},
    {"815e", "malformed"},
    {"817c", "malformed"},
    {"819c", "malformed"},
    {"9d", "malformed"},
    {"bd", "malformed"},
    {"81dc", "malformed"},
    {"81fc", "malformed"},
    {"81fd", "malformed"},
    {"811f", "malformed"},
    {"813f", "malformed"},
};

static void refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(defects); i++) {
        json_t *tree;
        struct om_error err = {0};
        if (parse(defects[i].hex, &tree, &err) != OM_EINPUT)
            fail_msg("%s should be refused", defects[i].hex);
        if (strstr(err.text, defects[i].why) == NULL)
            fail_msg("%s: '%s' does not say '%s'", defects[i].hex, err.text, defects[i].why);
    }
}

/* The same numbers as for JSON. */
static void depth_is_limited(void **state)
{
    (void)state;
    static const uint8_t heads[] = {0x81, 0x9f}; /* an array of one; of any number */
    for (size_t k = 0; k < LENGTH(heads); k++) {
        uint8_t octets[64];
        json_t *tree;
        memset(octets, heads[k], M2M_JSON_DEPTH);
        memset(octets + M2M_JSON_DEPTH, 0xff, sizeof octets - M2M_JSON_DEPTH);
        if (heads[k] == 0x81)
            octets[M2M_JSON_DEPTH - 1] = 0x80;
        size_t n = M2M_JSON_DEPTH * (heads[k] == 0x81 ? 1 : 2);
        assert_int_equal(m2m_cbor_parse(octets, n, &tree, NULL), OM_OK);
        struct om_secret out = OM_SECRET_INIT;
        assert_int_equal(m2m_cbor_print(tree, &out, NULL), OM_OK);
        assert_int_equal(out.len, M2M_JSON_DEPTH);
        om_secret_free(&out);
        json_decref(tree);

        struct om_error err = {0};
        memset(octets, heads[k], M2M_JSON_DEPTH + 1);
        assert_int_equal(m2m_cbor_parse(octets, sizeof octets, &tree, &err), OM_EINPUT);
        assert_non_null(strstr(err.text, "nested"));
    }
}

static void size_is_limited(void **state)
{
    (void)state;
    size_t n = M2M_JSON_MAX;
    uint8_t *octets = malloc(n + 1);
    json_t *tree;
    assert_non_null(octets);
    memset(octets, 'x', n + 1);
    const uint8_t head[] = {
        0x81, 0x7a, 0, (M2M_JSON_MAX - 6) >> 16, ((M2M_JSON_MAX - 6) >> 8) & 0xff, (M2M_JSON_MAX - 6) & 0xff};
    memcpy(octets, head, sizeof head);
    assert_int_equal(m2m_cbor_parse(octets, n, &tree, NULL), OM_OK);
    json_decref(tree);
    struct om_error err = {0};
    assert_int_equal(m2m_cbor_parse(octets, n + 1, &tree, &err), OM_EINPUT);
    assert_non_null(strstr(err.text, "more than"));
    free(octets);
}

/* One octet a value: without this limit they would take 250 times their size. */
static void items_are_limited(void **state)
{
    (void)state;
    size_t n = M2M_CBOR_ITEMS + 8;
    uint8_t *octets = malloc(n);
    json_t *tree;
    assert_non_null(octets);
    memset(octets, 0x80, n);
    octets[0] = 0x9f;
    octets[M2M_CBOR_ITEMS] = 0xff; /* behind the outer array and all but one of the rest */
    assert_int_equal(m2m_cbor_parse(octets, M2M_CBOR_ITEMS + 1, &tree, NULL), OM_OK);
    json_decref(tree);
    struct om_error err = {0};
    octets[M2M_CBOR_ITEMS] = 0x80;
    octets[M2M_CBOR_ITEMS + 1] = 0xff;
    assert_int_equal(m2m_cbor_parse(octets, M2M_CBOR_ITEMS + 2, &tree, &err), OM_EINPUT);
    assert_non_null(strstr(err.text, "too many"));
    free(octets);
}

/* A Key Value next to the defect must not reach the error text. */
static void errors_quote_nothing(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "a1636b79766c534543524554534543524554ff", /* something follows */
        "a1636b79766d534543524554534543524554",   /* cut */
        "a1636b79766d534543524554534543524554ff", /* not UTF-8 */
        "a2665345435245540166534543524554",       /* a name twice */
        "817f6c5345435245545345435245540000",     /* in chunks */
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct om_error err = {0};
        json_t *tree;
        assert_int_equal(parse(cases[i], &tree, &err), OM_EINPUT);
        assert_null(strstr(err.text, "SECRET"));
    }
}

/* One codec for both formats: a primitive says the same in each. */
static void primitives_are_the_same_in_both(void **state)
{
    (void)state;
    json_t *json =
        tree_of("{'op':1,'to':'//maf.example.com/-','fr':'//in.provider.com/cse1/Cae7','rqi':'r1','rvi':'3',"
                "'ty':20003,'pc':{'sec:skr':{'et':'20300101T000000','lbl':['floor:1'],"
                "'adfq':'admin.example.com','suid':32,'tgis':['//in.provider.com/cse1']}}}");
    struct om_secret octets = OM_SECRET_INIT;
    json_t *tree;
    struct m2m_request rq;
    struct m2m_resource r = {0};
    assert_int_equal(m2m_cbor_print(json, &octets, NULL), OM_OK);
    assert_int_equal(m2m_cbor_parse(octets.octets, octets.len, &tree, NULL), OM_OK);
    assert_true(json_equal(json, tree));
    m2m_request_init(&rq);
    m2m_request_from_tree(tree, &rq);
    assert_int_equal(rq.syntax_rsc, 0);
    assert_int_equal(rq.ty, WIRE_TY_SYMM_KEY_REG);
    assert_int_equal(m2m_resource_decode(rq.pc, rq.ty, M2M_CREATE_REQUEST, &r, NULL), OM_OK);
    assert_int_equal(r.suid, 32);
    m2m_resource_free(&r);
    m2m_request_free(&rq);
    om_secret_free(&octets);
    json_decref(tree);
    json_decref(json);
}

static void print_refuses(void **state)
{
    (void)state;
    struct om_secret out = OM_SECRET_INIT;
    assert_int_equal(m2m_cbor_print(NULL, &out, NULL), OM_EINTERNAL);
    json_t *deep = json_integer(1);
    for (size_t i = 0; i <= M2M_JSON_DEPTH; i++)
        deep = json_pack("[o]", deep);
    assert_int_equal(m2m_cbor_print(deep, &out, NULL), OM_EINTERNAL);
    assert_null(out.octets);
    json_decref(deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appendix_a),
        cmocka_unit_test(accepted),
        cmocka_unit_test(refused),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(size_is_limited),
        cmocka_unit_test(items_are_limited),
        cmocka_unit_test(errors_quote_nothing),
        cmocka_unit_test(primitives_are_the_same_in_both),
        cmocka_unit_test(print_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
