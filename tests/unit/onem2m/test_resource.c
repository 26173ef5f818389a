/* Resources: each check of the decoder (spec/wire §2, §4), and encoding. Rule IDs stand at the cases. */
#include "onem2m/resource.h"

#include "onem2m/wire_names.h"

#include "check.h"

#define SKR   "'et':'20300101T000000','adfq':'admin.example.com','suid':32"
#define KEY32 "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=" /* 0123456789abcdef twice */

static om_rc decode(const char *text, int type, enum m2m_direction direction, struct m2m_resource *r,
                    struct om_error *err)
{
    json_t *content = tree_of(text);
    om_rc rc = m2m_resource_decode(content, type, direction, r, err);
    json_decref(content); /* what was decoded must stand alone */
    return rc;
}

static void key_registration_request(void **state)
{
    (void)state;
    struct m2m_resource r;
    struct om_error err = {0};
    om_rc rc = decode("{'sec:skr':{" SKR
                      ",'lbl':['floor:1','x'],'tgis':['//in.provider.com/cse1'],'kyv':'" KEY32 "'}}",
                      WIRE_TY_SYMM_KEY_REG, M2M_CREATE_REQUEST, &r, &err);
    assert_string_equal(err.text, "");
    assert_int_equal(rc, OM_OK);
    assert_int_equal(r.type, WIRE_TY_SYMM_KEY_REG);
    assert_int_equal(r.present, M2M_A_ET | M2M_A_ADFQ | M2M_A_SUID | M2M_A_LBL | M2M_A_TGIS | M2M_A_KYV);
    assert_int_equal(r.nulls, 0);
    assert_true(r.et == 1893456000);
    assert_string_equal(r.adfq, "admin.example.com");
    assert_int_equal(r.suid, 32);
    assert_int_equal(r.lbl.n, 2);
    assert_string_equal(r.lbl.items[0], "floor:1");
    assert_int_equal(r.tgis.n, 1);
    assert_int_equal(r.kyv.len, 32);
    assert_memory_equal(r.kyv.octets, "0123456789abcdef0123456789abcdef", 32);
    m2m_resource_free(&r);
    assert_null(r.kyv.octets);
    assert_int_equal(r.present, 0);
}

static void client_registration_request(void **state)
{
    (void)state;
    struct m2m_resource r;
    assert_int_equal(decode("{'sec:mafcr':{'et':'20300101T000000','adfq':'admin.example.com'}}",
                            WIRE_TY_MAF_CLIENT_REG, M2M_CREATE_REQUEST, &r, NULL),
                     OM_OK);
    assert_int_equal(r.present, M2M_A_ET | M2M_A_ADFQ);
    m2m_resource_free(&r);
}

/* MAF-CU-6, MAF-KU-8: null removes labels. An update may hold nothing; the procedures refuse that. */
static void updates(void **state)
{
    (void)state;
    struct m2m_resource r;
    assert_int_equal(decode("{'sec:skr':{'lbl':null,'et':'20300101T000000'}}", WIRE_TY_SYMM_KEY_REG,
                            M2M_UPDATE_REQUEST, &r, NULL),
                     OM_OK);
    assert_int_equal(r.present, M2M_A_ET);
    assert_int_equal(r.nulls, M2M_A_LBL);
    m2m_resource_free(&r);
    assert_int_equal(decode("{'sec:mafcr':{}}", WIRE_TY_MAF_CLIENT_REG, M2M_UPDATE_REQUEST, &r, NULL), OM_OK);
    assert_int_equal(r.present, 0);
    m2m_resource_free(&r);
}

struct refusal {
    const char *content, *text; /* whole error text, or its beginning when it ends with '*' */
};

static void check_refusals(const struct refusal *cases, size_t n, int type, enum m2m_direction direction)
{
    for (size_t i = 0; i < n; i++) {
        struct m2m_resource r;
        struct om_error err = {0};
        if (decode(cases[i].content, type, direction, &r, &err) != OM_EINPUT)
            fail_msg("%s should be refused", cases[i].content);
        size_t len = strlen(cases[i].text);
        bool same = cases[i].text[len - 1] == '*' ? strncmp(err.text, cases[i].text, len - 1) == 0
                                                  : strcmp(err.text, cases[i].text) == 0;
        if (!same)
            fail_msg("%s: '%s'", cases[i].content, err.text);
        assert_null(strchr(err.text, '\n'));
        assert_int_equal(r.present, 0); /* nothing is left to free */
        assert_null(r.kyv.octets);
    }
}

#define SHAPE "content: an object with the one member sec:skr, an object, is expected"

static void key_registration_refusals(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"[]", SHAPE},
        {"'x'", SHAPE},
        {"{}", SHAPE},
        {"{'sec:skr':[]}", SHAPE},
        {"{'sec:skr':null}", SHAPE},
        {"{'sec:mafcr':{" SKR "}}", SHAPE},
        {"{'skr':{" SKR "}}", SHAPE},
        {"{'sec:skr':{" SKR "},'sec:mafcr':{}}", SHAPE},
        {"{'sec:skr':{'adfq':'a.b','suid':32}}", "et: missing"},
        {"{'sec:skr':{'et':'20300101T000000','suid':32}}", "adfq: missing"},
        {"{'sec:skr':{'et':'20300101T000000','adfq':'a.b'}}", "suid: missing"},
        {"{'sec:skr':{" SKR ",'xyz':1}}", "xyz: not an attribute of sec:skr"},
        {"{'sec:skr':{" SKR ",'aski':'k@a.b'}}", "aski: not an attribute of sec:skr"},
        {"{'sec:skr':{" SKR ",'a\\nb':1}}", "a?b: not an attribute of sec:skr"},
        {"{'sec:skr':{" SKR ",'rn':'x'}}", "rn: not allowed in CREATE"},
        {"{'sec:skr':{" SKR ",'ri':'x'}}", "ri: not allowed in CREATE"},
        {"{'sec:skr':{" SKR ",'ty':20003}}", "ty: not allowed in CREATE"},
        {"{'sec:skr':{" SKR ",'pi':'maf'}}", "pi: not allowed in CREATE"},
        {"{'sec:skr':{" SKR ",'ct':'20300101T000000'}}", "ct: not allowed in CREATE"},
        {"{'sec:skr':{" SKR ",'lt':'20300101T000000'}}", "lt: not allowed in CREATE"},
        {"{'sec:skr':{" SKR ",'cr':'//a.b/c'}}", "cr: not allowed in CREATE"},
        {"{'sec:skr':{" SKR ",'lbl':null}}", "lbl: null is not allowed"},
        {"{'sec:skr':{'et':null,'adfq':'a.b','suid':32}}", "et: null is not allowed"},
        /* expirationTime */
        {"{'sec:skr':{'et':'2030','adfq':'a.b','suid':32}}",
         "et: '2030' is not a timestamp (YYYYMMDDThhmmss)"},
        {"{'sec:skr':{'et':20300101,'adfq':'a.b','suid':32}}", "et: a string is expected"},
        {"{'sec:skr':{'et':'20\\n','adfq':'a.b','suid':32}}",
         "et: '20?' is not a timestamp (YYYYMMDDThhmmss)"},
        /* adminFQDN */
        {"{'sec:skr':{'et':'20300101T000000','adfq':'A.b','suid':32}}",
         "adfq: 'A.b' is not an FQDN in lower case"},
        {"{'sec:skr':{'et':'20300101T000000','adfq':['a.b'],'suid':32}}", "adfq: a string is expected"},
        /* SUID; which of the defined ones may be registered is MAF-KR-5, a matter of the procedures */
        {"{'sec:skr':{'et':'20300101T000000','adfq':'a.b','suid':'32'}}", "suid: an integer is expected"},
        {"{'sec:skr':{'et':'20300101T000000','adfq':'a.b','suid':32.0}}", "suid: an integer is expected"},
        {"{'sec:skr':{'et':'20300101T000000','adfq':'a.b','suid':true}}", "suid: an integer is expected"},
        {"{'sec:skr':{'et':'20300101T000000','adfq':'a.b','suid':31}}", "suid: 31 is not a defined SUID"},
        {"{'sec:skr':{'et':'20300101T000000','adfq':'a.b','suid':-1}}", "suid: -1 is not within 0..65535"},
        {"{'sec:skr':{'et':'20300101T000000','adfq':'a.b','suid':4294967328}}", /* 2^32 + 32 */
         "suid: 4294967328 is not within 0..65535"},
        /* labels */
        {"{'sec:skr':{" SKR ",'lbl':'x'}}", "lbl: an array of strings is expected"},
        {"{'sec:skr':{" SKR ",'lbl':[]}}", "lbl: 0 members; 1 to 32 are allowed"},
        {"{'sec:skr':{" SKR ",'lbl':[1]}}", "lbl: a string is expected"},
        {"{'sec:skr':{" SKR ",'lbl':['x',null]}}", "lbl: a string is expected"},
        {"{'sec:skr':{" SKR ",'lbl':['a b']}}", "lbl: 'a b' is not a label *"},
        /* targetIDs, MAF-KR-6 */
        {"{'sec:skr':{" SKR ",'tgis':'//a.b/c'}}", "tgis: an array of strings is expected"},
        {"{'sec:skr':{" SKR ",'tgis':[]}}", "tgis: 0 members; 1 to 256 are allowed"},
        {"{'sec:skr':{" SKR ",'tgis':['/c']}}", "tgis: '/c' is not an Absolute AE-ID or CSE-ID or an FQDN"},
        {"{'sec:skr':{" SKR ",'tgis':['//A.b/c']}}",
         "tgis: '//A.b/c' is not an Absolute AE-ID or CSE-ID or an FQDN"},
        {"{'sec:skr':{" SKR ",'tgis':['//a.b/~c']}}",
         "tgis: '//a.b/~c' is not an Absolute AE-ID or CSE-ID or an FQDN"},
        {"{'sec:skr':{" SKR ",'tgis':['11-k@a.b']}}",
         "tgis: '11-k@a.b' is not an Absolute AE-ID or CSE-ID or an FQDN"},
        {"{'sec:skr':{" SKR ",'tgis':[{}]}}", "tgis: a string is expected"},
        /* keyValue, MAF-KR-9 */
        {"{'sec:skr':{" SKR ",'kyv':1}}", "kyv: a string is expected"},
        {"{'sec:skr':{" SKR ",'kyv':''}}", "kyv: 0 octets; 16 to 64 and an even number are allowed"},
        {"{'sec:skr':{" SKR ",'kyv':'MDEyMzQ1Njc4OWFiY2Q='}}",
         "kyv: 14 octets; 16 to 64 and an even number are allowed"},
        {"{'sec:skr':{" SKR ",'kyv':'MDEyMzQ1Njc4OWFiY2RlZjA='}}",
         "kyv: 17 octets; 16 to 64 and an even number are allowed"},
        {"{'sec:skr':{" SKR ",'kyv':'MDEyMzQ1Njc4OWFiY2RlZg'}}", "kyv: base64 *"},
        {"{'sec:skr':{" SKR ",'kyv':'MDEyMzQ1Njc4OWFiY2RlZh=='}}", "kyv: not base64 at position 20"},
        {"{'sec:skr':{" SKR ",'kyv':'MDEyMzQ1Njc4OWFi Y2RlZg='}}", "kyv: not base64 *"},
        {"{'sec:skr':{" SKR ",'kyv':'" KEY32 "\\n'}}", "kyv: *"},
    };
    check_refusals(cases, LENGTH(cases), WIRE_TY_SYMM_KEY_REG, M2M_CREATE_REQUEST);
}

/* MAF-KU-4, MAF-KU-8 */
static void key_update_refusals(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"{'sec:skr':{'suid':33}}", "suid: not allowed in UPDATE"},
        {"{'sec:skr':{'adfq':'a.b'}}", "adfq: not allowed in UPDATE"},
        {"{'sec:skr':{'kyv':'" KEY32 "'}}", "kyv: not allowed in UPDATE"},
        {"{'sec:skr':{'kyv':null}}", "kyv: not allowed in UPDATE"},
        {"{'sec:skr':{'cr':'//a.b/c'}}", "cr: not allowed in UPDATE"},
        {"{'sec:skr':{'rn':'x'}}", "rn: not allowed in UPDATE"},
        {"{'sec:skr':{'et':null}}", "et: null is not allowed"},
        {"{'sec:skr':{'tgis':null}}", "tgis: null is not allowed"},
        {"{'sec:skr':{'lbl':[]}}", "lbl: 0 members; 1 to 32 are allowed"},
    };
    check_refusals(cases, LENGTH(cases), WIRE_TY_SYMM_KEY_REG, M2M_UPDATE_REQUEST);
}

/* MAF-CU-3, MAF-CU-6 */
static void registration_refusals(void **state)
{
    (void)state;
    static const struct refusal create[] = {
        {"{'sec:mafcr':{'adfq':'a.b'}}", "et: missing"},
        {"{'sec:mafcr':{'et':'20300101T000000'}}", "adfq: missing"},
        {"{'sec:mafcr':{'et':'20300101T000000','adfq':'a.b','suid':32}}",
         "suid: not an attribute of sec:mafcr"},
        {"{'sec:mafcr':{'et':'20300101T000000','adfq':'a.b','aski':'k@a.b'}}", "aski: not allowed in CREATE"},
        {"{'sec:mafcr':{'et':'20300101T000000','adfq':'a.b','mccf':{}}}", "mccf: not allowed in CREATE"},
    };
    static const struct refusal update[] = {
        {"{'sec:mafcr':{'adfq':'a.b'}}", "adfq: not allowed in UPDATE"},
        {"{'sec:mafcr':{'et':null}}", "et: null is not allowed"},
    };
    check_refusals(create, LENGTH(create), WIRE_TY_MAF_CLIENT_REG, M2M_CREATE_REQUEST);
    check_refusals(update, LENGTH(update), WIRE_TY_MAF_CLIENT_REG, M2M_UPDATE_REQUEST);
}

static void list_limits(void **state)
{
    (void)state;
    json_t *content = tree_of("{'sec:skr':{" SKR "}}");
    json_t *labels = json_array();
    json_t *targets = json_array();
    struct m2m_resource r;
    for (int i = 0; i < M2M_LIST_MAX; i++)
        json_array_append_new(labels,
                              json_string("same")); /* duplicate labels mean nothing and harm nothing */
    for (int i = 0; i < M2M_TARGETS_MAX; i++)
        json_array_append_new(targets, json_sprintf("//a.b/c%d", i));
    json_object_set_new(json_object_get(content, "sec:skr"), "lbl", labels);
    json_object_set_new(json_object_get(content, "sec:skr"), "tgis", targets);
    assert_int_equal(m2m_resource_decode(content, WIRE_TY_SYMM_KEY_REG, M2M_CREATE_REQUEST, &r, NULL), OM_OK);
    assert_int_equal(r.tgis.n, M2M_TARGETS_MAX);
    m2m_resource_free(&r);
    json_array_append_new(labels, json_string("more"));
    assert_int_equal(m2m_resource_decode(content, WIRE_TY_SYMM_KEY_REG, M2M_CREATE_REQUEST, &r, NULL),
                     OM_EINPUT);
    json_array_remove(labels, 0);
    json_array_append_new(targets, json_string("//a.b/more"));
    assert_int_equal(m2m_resource_decode(content, WIRE_TY_SYMM_KEY_REG, M2M_CREATE_REQUEST, &r, NULL),
                     OM_EINPUT);
    json_decref(content);
}

/* A tree that did not come from JSON text may hold NULs. */
static void embedded_nul(void **state)
{
    (void)state;
    json_t *content = tree_of("{'sec:mafcr':{'et':'20300101T000000'}}");
    struct m2m_resource r;
    struct om_error err = {0};
    json_object_set_new(json_object_get(content, "sec:mafcr"), "adfq", json_stringn("a.b\0c", 5));
    assert_int_equal(m2m_resource_decode(content, WIRE_TY_MAF_CLIENT_REG, M2M_CREATE_REQUEST, &r, &err),
                     OM_EINPUT);
    assert_string_equal(err.text, "adfq: a string holds a NUL");
    json_decref(content);
}

static void key_value_lengths(void **state)
{
    (void)state;
    static const char digits[] =
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    static const struct {
        size_t octets, digits;
        const char *padding;
        om_rc rc;
    } cases[] = {
        {16, 22, "==", OM_OK}, {64, 86, "==", OM_OK}, {66, 88, "", OM_EINPUT}, {65, 87, "=", OM_EINPUT}};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct m2m_resource r;
        json_t *content = tree_of("{'sec:skr':{" SKR "}}");
        json_object_set_new(json_object_get(content, "sec:skr"), "kyv",
                            json_sprintf("%.*s%s", (int)cases[i].digits, digits, cases[i].padding));
        assert_int_equal(m2m_resource_decode(content, WIRE_TY_SYMM_KEY_REG, M2M_CREATE_REQUEST, &r, NULL),
                         cases[i].rc);
        if (cases[i].rc == OM_OK)
            assert_int_equal(r.kyv.len, cases[i].octets);
        m2m_resource_free(&r);
        json_decref(content);
    }
}

static void unknown_types(void **state)
{
    (void)state;
    struct m2m_resource r = {.type = 20007};
    json_t *out;
    assert_int_equal(decode("{'sec:other':{}}", 20007, M2M_RESPONSE, &r, NULL), OM_EINPUT);
    r.type = 20007;
    assert_int_equal(m2m_resource_encode(&r, ~0u, &out, NULL), OM_EINTERNAL);
    assert_null(m2m_type_member(20007));
    assert_int_equal(m2m_attr_by_name(20007, "et"), 0);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(m2m_type_member(WIRE_TY_MAF_BASE), "sec:mafb");
    assert_string_equal(m2m_type_member(WIRE_TY_MAF_CLIENT_REG), "sec:mafcr");
    assert_string_equal(m2m_type_member(WIRE_TY_SYMM_KEY_REG), "sec:skr");
    assert_int_equal(m2m_attr_by_name(WIRE_TY_MAF_CLIENT_REG, "mccf"), M2M_A_MCCF);
    assert_int_equal(m2m_attr_by_name(WIRE_TY_SYMM_KEY_REG, "mccf"), 0);
    assert_int_equal(m2m_attr_by_name(WIRE_TY_SYMM_KEY_REG, "kyv"), M2M_A_KYV);
    assert_int_equal(m2m_attr_by_name(WIRE_TY_MAF_CLIENT_REG, "kyv"), 0);
    assert_int_equal(m2m_attr_by_name(WIRE_TY_MAF_BASE, "srv"), M2M_A_SRV);
    assert_int_equal(m2m_attr_by_name(WIRE_TY_SYMM_KEY_REG, ""), 0);
}

/* What each type can say, both ways: decoded as a response, encoded again, the same. */
static void responses_round_trip(void **state)
{
    (void)state;
    static const struct {
        int type;
        const char *content;
    } cases[] = {
        {WIRE_TY_MAF_BASE,
         "{'sec:mafb':{'rn':'maf','ri':'maf','ty':20001,'ct':'20260101T000000','lt':'20260101T000000',"
         "'fqdn':'maf.example.com','srv':['2a','3']}}"},
        {WIRE_TY_MAF_CLIENT_REG, "{'sec:mafcr':{'rn':'r1','ri':'r1','ty':20002,'pi':'maf','ct':'"
                                 "20260101T000000','lt':'20260101T000000',"
                                 "'et':'20300101T000000','lbl':['a','b:c'],'cr':'//in.provider.com/cse1/"
                                 "Cae7','adfq':'admin.example.com',"
                                 "'aski':'km-1@maf.example.com','mccf':{'crgc':{'fqdn':'maf.example.com','"
                                 "adfq':'admin.example.com'}}}}"},
        {WIRE_TY_SYMM_KEY_REG,
         "{'sec:skr':{'rn':'D4A9F1062CB66594A5AB6E93751F1688','ri':'D4A9F1062CB66594A5AB6E93751F1688','ty':"
         "20003,"
         "'pi':'maf','ct':'20260101T000000','lt':'20260101T000000','et':'20300101T000000','lbl':['floor:1'],"
         "'cr':'11-km-1@maf.example.com','adfq':'admin.example.com','suid':34,'tgis':['//a.b/c','//a.b/d/"
         "Ce'],"
         "'kyv':'" KEY32 "'}}"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct m2m_resource r;
        struct om_error err = {0};
        json_t *out;
        om_rc rc = decode(cases[i].content, cases[i].type, M2M_RESPONSE, &r, &err);
        assert_string_equal(err.text, "");
        assert_int_equal(rc, OM_OK);
        assert_int_equal(m2m_resource_encode(&r, ~0u, &out, NULL), OM_OK);
        assert_tree(out, cases[i].content);
        json_decref(out);
        m2m_resource_free(&r);
    }
}

static void responses_tolerate(void **state)
{
    (void)state;
    struct m2m_resource r;
    assert_int_equal(decode("{'sec:skr':{'new':1,'suid':32,'lbl':null},'other':2}", WIRE_TY_SYMM_KEY_REG,
                            M2M_RESPONSE, &r, NULL),
                     OM_OK);
    assert_int_equal(r.present, M2M_A_SUID);
    assert_int_equal(r.nulls, M2M_A_LBL);
    m2m_resource_free(&r);
    static const struct refusal cases[] = {
        {"{'sec:skr':{'ty':20002}}", "ty: 20002 where 20003 is expected"},
        {"{'sec:skr':{'cr':'Cae7'}}", "cr: 'Cae7' is not *"},
        {"{'sec:skr':{'rn':'a/b'}}", "rn: 'a/b' is not a resource name"},
        {"{'sec:skr':{'et':null}}", "et: null is not allowed"},
    };
    check_refusals(cases, LENGTH(cases), WIRE_TY_SYMM_KEY_REG, M2M_RESPONSE);
    static const struct refusal registration[] = {
        {"{'sec:mafcr':{'aski':'km'}}", "aski: 'km' is not a KmID (<relative>@<FQDN>)"},
        {"{'sec:mafcr':{'mccf':{'x':1}}}", "mccf: x: unknown element"},
    };
    check_refusals(registration, LENGTH(registration), WIRE_TY_MAF_CLIENT_REG, M2M_RESPONSE);
}

static void encode_selects(void **state)
{
    (void)state;
    struct m2m_resource r = {.type = WIRE_TY_SYMM_KEY_REG, .suid = 32, .et = 1893456000};
    json_t *out;
    r.present = M2M_A_SUID | M2M_A_ET | M2M_A_LBL; /* an empty list is not written */
    assert_int_equal(m2m_resource_encode(&r, M2M_A_ET | M2M_A_LBL | M2M_A_ADFQ, &out, NULL), OM_OK);
    assert_tree(out, "{'sec:skr':{'et':'20300101T000000'}}");
    json_decref(out);
    r.present |= M2M_A_MCCF; /* of another type: a defect of the caller */
    assert_int_equal(m2m_resource_encode(&r, ~0u, &out, NULL), OM_EINTERNAL);
    assert_null(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_registration_request),
        cmocka_unit_test(client_registration_request),
        cmocka_unit_test(updates),
        cmocka_unit_test(key_registration_refusals),
        cmocka_unit_test(key_update_refusals),
        cmocka_unit_test(registration_refusals),
        cmocka_unit_test(list_limits),
        cmocka_unit_test(embedded_nul),
        cmocka_unit_test(key_value_lengths),
        cmocka_unit_test(unknown_types),
        cmocka_unit_test(names),
        cmocka_unit_test(responses_round_trip),
        cmocka_unit_test(responses_tolerate),
        cmocka_unit_test(encode_selects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
