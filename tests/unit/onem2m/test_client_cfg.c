/* mafClientCfg: each check (TS-0003 8.8.3.2, 8.8.3.3). */
#include "onem2m/resource.h"

#include "check.h"

#define REG "'fqdn':'maf.example.com','adfq':'admin.example.com'"
#define KEY "'adfq':'admin.example.com','suid':32"

static void accepted(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "{}",
        "{'crgc':{" REG "}}",
        "{'crgc':{" REG ",'et':'20300101T000000','lbl':['a'],'htpt':443,'copt':5684,'wspt':0}}",
        "{'krgc':[]}",
        "{'krgc':[{" KEY "},{" KEY ",'et':'20300101T000000','lbl':['a'],'tgis':['//a.b/c']}]}",
        "{'crgc':{" REG ",'htpt':65535},'krgc':[{" KEY "}]}",
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct om_error err = {0};
        json_t *cfg = tree_of(cases[i]);
        if (m2m_client_cfg_check(cfg, &err) != OM_OK)
            fail_msg("%s: %s", cases[i], err.text);
        json_decref(cfg);
    }
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *cfg, *text;
    } cases[] = {
        {"[]", "an object is expected"},
        {"null", "an object is expected"},
        {"{'x\\n':1}", "x?: unknown element"},
        {"{'crgc':[]}", "crgc: an object is expected"},
        {"{'crgc':null}", "crgc: an object is expected"},
        {"{'crgc':{'adfq':'a.b'}}", "crgc: fqdn: missing"},
        {"{'crgc':{'fqdn':'a.b'}}", "crgc: adfq: missing"},
        {"{'crgc':{" REG ",'suid':32}}", "crgc: suid: unknown element"},
        {"{'crgc':{'fqdn':'A.b','adfq':'a.b'}}", "crgc: fqdn: 'A.b' is not an FQDN in lower case"},
        {"{'crgc':{" REG ",'et':'x'}}", "crgc: et: 'x' is not a timestamp (YYYYMMDDThhmmss)"},
        {"{'crgc':{" REG ",'lbl':[]}}", "crgc: lbl: 0 members; 1 to 32 are allowed"},
        {"{'crgc':{" REG ",'htpt':65536}}", "crgc: htpt: 65536 is not within 0..65535"},
        {"{'crgc':{" REG ",'copt':-1}}", "crgc: copt: -1 is not within 0..65535"},
        {"{'crgc':{" REG ",'wspt':'443'}}", "crgc: wspt: an integer is expected"},
        {"{'crgc':{" REG ",'wspt':null}}", "crgc: wspt: an integer is expected"},
        {"{'krgc':{" KEY "}}", "krgc: an array of objects is expected"},
        {"{'krgc':[{" KEY "},[]]}", "krgc: [1]: an object is expected"},
        {"{'krgc':[{'suid':32}]}", "krgc: [0]: adfq: missing"},
        {"{'krgc':[{'adfq':'a.b'}]}", "krgc: [0]: suid: missing"},
        {"{'krgc':[{'adfq':'a.b','suid':31}]}", "krgc: [0]: suid: 31 is not a defined SUID"},
        {"{'krgc':[{" KEY ",'fqdn':'a.b'}]}", "krgc: [0]: fqdn: unknown element"},
        {"{'krgc':[{" KEY ",'tgis':['x']}]}", "krgc: [0]: tgis: [0] cannot be a target of SUID 32"},
        {"{'krgc':[{" KEY ",'tgis':['/x']}]}",
         "krgc: [0]: tgis: '/x' is not an Absolute AE-ID or CSE-ID or an FQDN"},
        {"{'krgc':[{" KEY ",'kyv':'x'}]}", "krgc: [0]: kyv: unknown element"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct om_error err = {0};
        json_t *cfg = tree_of(cases[i].cfg);
        if (m2m_client_cfg_check(cfg, &err) != OM_EINPUT)
            fail_msg("%s should be refused", cases[i].cfg);
        assert_string_equal(err.text, cases[i].text);
        json_decref(cfg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(accepted), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
