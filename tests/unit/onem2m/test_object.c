/* Management objects: what each type may hold, paths, and the CSE that a path names. */
#include "onem2m/object.h"

#include "check.h"

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static om_rc parse(const char *text, struct m2m_object *o, struct om_error *err)
{
    json_t *json = tree_of(text);
    om_rc rc = m2m_object_parse(json, o, err);
    json_decref(json);
    return rc;
}

static void accepted(void **state)
{
    (void)state;
    struct m2m_object o;
    assert_int_equal(
        parse("{'type':'authenticationProfile','suid':22,'keyRegDuration':'P30D','keyRegLabels':['a'],"
              "'et':'20300101T000000','TLSCiphersuites':['TLS_PSK_WITH_AES_128_CCM_8','TLS_OTHER']}",
              &o, NULL),
        OM_OK);
    assert_int_equal(o.type, M2M_MO_AUTHENTICATION_PROFILE);
    assert_int_equal(o.suid, 22);
    assert_int_equal(o.suites, M2M_SUITE_PSK_DTLS);
    assert_int_equal(o.duration, 30 * 86400);
    assert_int_equal(o.labels.n, 1);
    m2m_object_free(&o);
    assert_int_equal(
        parse("{'type':'trustAnchorCred','certFingerprint':'00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
              "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF','uri':'https://a.example:8443/x'}",
              &o, NULL),
        OM_OK);
    assert_string_equal(o.fingerprint, HASH);
    assert_string_equal(o.uri, "https://a.example:8443/x");
    m2m_object_free(&o);
    assert_int_equal(
        parse("{'type':'MEFClientRegCfg','fqdn':'m.example','adfq':'a.example','lbl':['x'],'copt':5684}", &o,
              NULL),
        OM_OK);
    assert_int_equal(o.coap_port, 5684);
    assert_string_equal(o.admin_fqdn, "a.example");
    m2m_object_free(&o);
}

static void refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{}", "type"},
        {"{'type':1}", "type"},
        {"{'type':'unknown'}", "no such type"},
        {"{'type':'myCertFileCred'}", "never"},
        {"{'type':'authenticationProfile'}", "suid: missing"},
        {"{'type':'authenticationProfile','suid':22,'symmKeyValue':'AA'}", "never"},
        {"{'type':'authenticationProfile','suid':20}", "suid"},
        {"{'type':'authenticationProfile','suid':22,'keyRegDuration':'P1Y'}", "keyRegDuration"},
        {"{'type':'authenticationProfile','suid':22,'TLSCiphersuites':[]}", "TLSCiphersuites"},
        {"{'type':'authenticationProfile','suid':22,'TLSCiphersuites':[1]}", "TLSCiphersuites"},
        {"{'type':'authenticationProfile','suid':22,'TLSCiphersuites':['PSK']}", "TLSCiphersuites"},
        {"{'type':'authenticationProfile','suid':11,'symmKeyID':'a b'}", "symmKeyID"},
        {"{'type':'authenticationProfile','suid':11,'symmKeyID':''}", "symmKeyID"},
        {"{'type':'authenticationProfile','suid':11,'uri':'https://a.example'}", "unknown member"},
        {"{'type':'trustAnchorCred','certFingerprint':'" HASH "0'}", "64 hex"},
        {"{'type':'trustAnchorCred','certFingerprint':'" HASH ":'}", "64 hex"},
        {"{'type':'trustAnchorCred','certFingerprint':':" HASH "'}", "64 hex"},
        {"{'type':'trustAnchorCred','certFingerprint':'" HASH "','uri':'coaps://a.example'}", "https"},
        {"{'type':'trustAnchorCred','certFingerprint':'" HASH "','uri':'https:///x'}", "uri"},
        {"{'type':'MAFClientRegCfg','fqdn':'M','adfq':'a.example'}", "fqdn"},
        {"{'type':'MAFClientRegCfg','fqdn':'m.example'}", "adfq: missing"},
        {"{'type':'registration','CSEBase':''}", "CSEBase"},
        {"{'type':'dataCollection','CSEBase':'/c'}", "unknown member"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct om_error err = {0};
        struct m2m_object o;
        if (parse(cases[i][0], &o, &err) != OM_EINPUT || strstr(err.text, cases[i][1]) == NULL)
            fail_msg("%s: %s", cases[i][0], err.text);
    }
}

static void paths(void **state)
{
    (void)state;
    static const char *const good[] = {"/a", "/a/b", "./a", "./a/b", "/1024/0", "/.a/b..c"};
    static const char *const bad[] = {"",      "/",    "./",    "a",       "//a",  "/a/",
                                      "/a//b", "/./a", "/a/..", "/a/../b", "/a b", "."};
    for (size_t i = 0; i < LENGTH(good); i++)
        assert_true(m2m_is_object_path(good[i]));
    for (size_t i = 0; i < LENGTH(bad); i++)
        if (m2m_is_object_path(bad[i]))
            fail_msg("'%s' is taken for a path", bad[i]);
    char above[M2M_URI_SIZE];
    assert_false(m2m_object_parent("/a", above));
    assert_false(m2m_object_parent("./a", above));
    assert_true(m2m_object_parent("/a/b/c", above));
    assert_string_equal(above, "/a/b");
    assert_true(m2m_object_parent("./a/b", above));
    assert_string_equal(above, "./a");
}

static void cse_of_a_path(void **state)
{
    (void)state;
    static const char own[] = "//sp.example/cse1/Cae1";
    static const char *const cases[][2] = {
        {"//other.example/cse9", "//other.example/cse9"},
        {"//other.example/cse9/base/x", "//other.example/cse9"},
        {"/cse2", "//sp.example/cse2"},
        {"/cse2/base/container", "//sp.example/cse2"},
        {"base/container", NULL},
        {"/", NULL},
        {"//", NULL},
        {"//other.example", NULL},
        {"//Other/cse", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char out[M2M_ID_SIZE];
        om_rc rc = m2m_cse_of_path(cases[i][0], own, out, NULL);
        assert_int_equal(rc, cases[i][1] != NULL ? OM_OK : OM_EINPUT);
        if (rc == OM_OK)
            assert_string_equal(out, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted),
        cmocka_unit_test(refused),
        cmocka_unit_test(paths),
        cmocka_unit_test(cse_of_a_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
