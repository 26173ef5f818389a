/* MAF Client Registration and what follows from it (TS-0003 8.8.2.3 to 8.8.2.6). */
#include "se/internal.h"
#include "world.h"

#define REGISTER "{'op':1,'to':'-','ty':20002,'pc':{'sec:mafcr':{%s}}}"

static void test_MAF_CR_1_MAF_CR_5_MAF_CR_7_registration(void **state)
{
    (void)state;
    struct device *d = device_new();
    RSC(2001, d, REGISTER, "'et':'" LATER "','adfq':'" ADMIN "','lbl':['floor:1','pump']");
    answer_has_only(d, "rn", "ri", "ty", "pi", "ct", "lt", "et", "lbl", "cr", "adfq", NULL); /* no aski */
    assert_string_equal(answer_text(d, "cr"), d->id);
    assert_string_equal(answer_text(d, "adfq"), ADMIN);
    assert_string_equal(answer_text(d, "et"), LATER);
    assert_string_equal(answer_text(d, "rn"), answer_text(d, "ri"));
    assert_string_equal(answer_text(d, "pi"), "maf");
    assert_string_equal(answer_text(d, "ct"), world_time(0));
    assert_int_equal(answer_number(d, "ty"), 20002);
}

static void test_MAF_CR_2_parameters_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *attributes, *named;
    } cases[] = {
        {"'et':'" LATER "'", "adfq"},
        {"'adfq':'" ADMIN "'", "et"},
        {"'et':'" LATER "','adfq':'not a name'", "adfq"},
        {"'et':'" LATER "','adfq':7", "adfq"},
        {"'et':'2099','adfq':'" ADMIN "'", "et"},
        {"'et':null,'adfq':'" ADMIN "'", "et"},
        {"'et':'" LATER "','adfq':'" ADMIN "','lbl':[]", "lbl"},
        {"'et':'" LATER "','adfq':'" ADMIN "','lbl':['a b']", "lbl"},
        {"'et':'" LATER "','adfq':'" ADMIN "','lbl':null", "lbl"},
        {"'et':'" LATER "','adfq':'" ADMIN "','ri':'x'", "ri"},
        {"'et':'" LATER "','adfq':'" ADMIN "','aski':'x@y'", "aski"},
        {"'et':'" LATER "','adfq':'" ADMIN "','suid':32", "suid"},
        {"'et':'" LATER "','adfq':'" ADMIN "','more':1", "more"},
    };
    struct device *d = device_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        RSC(4000, d, REGISTER, cases[i].attributes);
        assert_non_null(strstr(answer_reason(d), cases[i].named));
    }
    RSC(4000, d, "{'op':1,'to':'-','ty':20002}");
    RSC(4000, d, "{'op':1,'to':'-','ty':20002,'pc':{'sec:skr':{'et':'" LATER "','adfq':'" ADMIN "'}}}");
    RSC(4000, d, "{'op':1,'to':'-','ty':20002,'pc':{}}");
    registered(d);
}

static void test_MAF_CR_3_the_administrator_must_permit(void **state)
{
    (void)state;
    const char *admin = world_stakeholder(NULL);
    struct device *d = device_new();
    RSC(4103, d, REGISTER, "'et':'" LATER "','adfq':'unknown.example.com'");
    char unknown[sizeof d->text];
    memcpy(unknown, d->text, sizeof unknown);
    char attributes[400];
    (void)snprintf(attributes, sizeof attributes, "'et':'" LATER "','adfq':'%s'", admin);
    RSC(4103, d, REGISTER, attributes);
    assert_string_equal(d->text, unknown); /* which of the two is not told */
    SUCCEEDS(store_permit_put(world_store, d->id, admin, ERR));
    RSC(2001, d, REGISTER, attributes);
}

/* Between the check of the permit and the transaction an identifier is drawn. */
static const struct se_plugin *plugin;
static const char *forbidden;

static om_rc forbid_and_draw(struct se_token *tok, uint8_t *out, size_t n, struct om_error *err)
{
    world_sql("DELETE FROM permit WHERE identity = '%s'", forbidden);
    return plugin->random(tok, out, n, err);
}

static void test_MAF_CR_3_a_permit_withdrawn_meanwhile_counts(void **state)
{
    (void)state;
    struct device *d = device_new();
    struct se_plugin other = *world_se->plugin;
    other.random = forbid_and_draw;
    forbidden = d->id;
    plugin = world_se->plugin;
    world_se->plugin = &other;
    RSC(4103, d, REGISTER, "'et':'" LATER "','adfq':'" ADMIN "'");
    world_se->plugin = plugin;
    assert_int_equal(world_sql_integer("SELECT count(*) FROM registration WHERE identity = '%s'", d->id), 0);
}

static void test_MAF_CR_3_policy_may_admit_any_identity(void **state)
{
    (void)state;
    const char *admin = world_stakeholder("{\"register\": \"any\"}");
    struct device *d = device_new();
    RSC(2001, d, "{'op':1,'to':'-','ty':20002,'pc':{'sec:mafcr':{'et':'" LATER "','adfq':'%s'}}}", admin);
}

static void test_MAF_CR_4_a_second_registration_is_refused(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    RSC(4117, d, REGISTER, "'et':'" LATER "','adfq':'" ADMIN "','lbl':['second']");
    RSC(2000, d, "{'op':2,'to':'-/%s'}", d->registration);
    assert_null(answer_member(d, "lbl"));
}

static void test_MAF_CR_4_each_administrator_has_its_own(void **state)
{
    (void)state;
    const char *admin = world_stakeholder("{\"register\": \"any\"}");
    struct device *d = device_new();
    registered(d);
    RSC(2001, d, "{'op':1,'to':'-','ty':20002,'pc':{'sec:mafcr':{'et':'" LATER "','adfq':'%s'}}}", admin);
    assert_string_not_equal(answer_text(d, "ri"), d->registration);
    struct device *other = device_new();
    registered(other);
}

static void test_MAF_CR_4_MAF_GEN_7_an_expired_registration_makes_room(void **state)
{
    (void)state;
    struct device *d = device_new();
    char attributes[200];
    (void)snprintf(attributes, sizeof attributes, "'et':'%s','adfq':'" ADMIN "'", world_time(10));
    RSC(2001, d, REGISTER, attributes);
    char first[M2M_RELATIVE_SIZE];
    (void)snprintf(first, sizeof first, "%s", answer_text(d, "ri"));
    world_advance(10);
    registered(d);
    assert_string_not_equal(d->registration, first);
}

static const char cfg[] =
    "{\"crgc\":{\"fqdn\":\"" FQDN "\",\"adfq\":\"" ADMIN "\",\"htpt\":8443},"
    "\"krgc\":[{\"adfq\":\"" ADMIN "\",\"suid\":32,\"tgis\":[\"//sp.example.com/cse1\"]}]}";

static void test_MAF_CC_1_MAF_CC_2_MAF_CC_5_configuration_is_what_was_attached_last(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    SUCCEEDS(maf_admin_client_cfg(world_store, NULL, d->id, ADMIN, "{\"krgc\":[]}", ERR));
    SUCCEEDS(maf_admin_client_cfg(world_store, NULL, d->id, ADMIN, cfg, ERR));
    RSC(2000, d, "{'op':2,'to':'-/%s','pc':{'m2m:atrl':['mccf']}}", d->registration);
    ANSWER_IS(d, "{'sec:mafcr':{'mccf':%s}}", cfg);
    RSC(2000, d, "{'op':2,'to':'-/%s'}", d->registration);
    answer_has_only(d, "rn", "ri", "ty", "pi", "ct", "lt", "et", "cr", "adfq", NULL);
    RSC(4000, d, "{'op':2,'to':'-/%s','pc':{'m2m:atrl':['kyv']}}", d->registration);
}

static void test_MAF_CC_3_only_the_owner(void **state)
{
    (void)state;
    struct device *d = device_new(), *other = device_new();
    registered(d);
    registered(other);
    SUCCEEDS(maf_admin_client_cfg(world_store, NULL, d->id, ADMIN, cfg, ERR));
    RSC(4103, other, "{'op':2,'to':'-/%s','pc':{'m2m:atrl':['mccf']}}", d->registration);
    RSC(4103, other, "{'op':2,'to':'-/%s'}", d->registration);
}

static void test_MAF_CC_4_unknown_registration_or_nothing_attached(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    RSC(4004, d, "{'op':2,'to':'-/%s','pc':{'m2m:atrl':['mccf']}}", d->registration);
    RSC(4004, d, "{'op':2,'to':'-/cr-00','pc':{'m2m:atrl':['mccf']}}");
    SUCCEEDS(maf_admin_client_cfg(world_store, NULL, d->id, ADMIN, cfg, ERR));
    SUCCEEDS(maf_admin_client_cfg(world_store, NULL, d->id, ADMIN, NULL, ERR));
    RSC(4004, d, "{'op':2,'to':'-/%s','pc':{'m2m:atrl':['mccf']}}", d->registration);
}

#define UPDATE "{'op':3,'to':'-/%s','pc':{'sec:mafcr':{%s}}}"

static void test_MAF_CU_1_MAF_CU_5_an_update_mirrors_the_request(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    RSC(2004, d, UPDATE, d->registration, "'et':'20980101T000000'");
    ANSWER_IS(d, "{'sec:mafcr':{'et':'20980101T000000'}}");
    RSC(2004, d, UPDATE, d->registration, "'lbl':['a','b']");
    ANSWER_IS(d, "{'sec:mafcr':{'lbl':['a','b']}}");
    world_advance(5);
    RSC(2004, d, UPDATE, d->registration, "'lbl':['c'],'et':'20970101T000000'");
    RSC(2000, d, "{'op':2,'to':'-/%s'}", d->registration);
    assert_string_equal(answer_text(d, "et"), "20970101T000000");
    assert_string_equal(answer_text(d, "lt"), world_time(0));
    assert_string_equal(answer_text(d, "ct"), world_time(-5));
}

static void test_MAF_CU_2_an_empty_update_is_refused(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    RSC(4000, d, UPDATE, d->registration, "");
    RSC(4000, d, "{'op':3,'to':'-/%s'}", d->registration);
}

static void test_MAF_CU_3_owner_only_and_nothing_else_changes(void **state)
{
    (void)state;
    struct device *d = device_new(), *other = device_new();
    registered(d);
    RSC(4103, other, UPDATE, d->registration, "'lbl':['x']");
    static const char *const attributes[] = {
        "'adfq':'" ADMIN "'", "'cr':'//a.example.com/b'",       "'ri':'x'",
        "'suid':32",          "'lbl':['x'],'adfq':'" ADMIN "'", "'lbl':['x'],'mccf':{}"};
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
        RSC(4000, d, UPDATE, d->registration, attributes[i]);
    RSC(2000, d, "{'op':2,'to':'-/%s'}", d->registration);
    assert_null(answer_member(d, "lbl"));
}

static void test_MAF_CU_4_the_administrator_must_still_permit(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    SUCCEEDS(store_permit_delete(world_store, d->id, ADMIN, ERR));
    RSC(4103, d, UPDATE, d->registration, "'lbl':['x']");
    RSC(2002, d, "{'op':4,'to':'-/%s'}", d->registration); /* leaving is always allowed */
}

static void test_MAF_CU_6_null_removes_labels_only(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    RSC(2004, d, UPDATE, d->registration, "'lbl':['x']");
    RSC(4000, d, UPDATE, d->registration, "'et':null");
    RSC(4000, d, UPDATE, d->registration, "'lbl':null,'et':null");
    RSC(2004, d, UPDATE, d->registration, "'lbl':null");
    ANSWER_IS(d, "{'sec:mafcr':{}}");
    RSC(2000, d, "{'op':2,'to':'-/%s'}", d->registration);
    assert_null(answer_member(d, "lbl"));
}

static void test_MAF_CD_1_owner_only_and_unknown(void **state)
{
    (void)state;
    struct device *d = device_new(), *other = device_new();
    registered(d);
    RSC(4103, other, "{'op':4,'to':'-/%s'}", d->registration);
    RSC(4004, d, "{'op':4,'to':'-/cr-00'}");
    RSC(2000, d, "{'op':2,'to':'-/%s'}", d->registration);
}

static void test_MAF_CD_2_MAF_CD_3_MAF_CD_4_keys_go_too(void **state)
{
    (void)state;
    struct device *d = device_new(), *other = device_new();
    registered(d);
    registered(other);
    const char *key = own_key(d, 32, d);
    const char *kept = own_key(other, 32, d);
    RSC(2002, d, "{'op':4,'to':'-/%s'}", d->registration);
    assert_null(d->answer.pc);
    RSC(4004, d, "{'op':4,'to':'-/%s'}", d->registration);
    RSC(4004, d, "{'op':2,'to':'-/%s'}", key);
    RSC(2000, d, "{'op':2,'to':'-/%s'}", kept);
    registered(d);
}

static void test_MAF_CD_3_other_administrators_keys_stay(void **state)
{
    (void)state;
    const char *admin = world_stakeholder("{\"register\": \"any\"}");
    struct device *d = device_new();
    registered(d);
    const char *key = own_key(d, 32, d);
    RSC(2001, d, "{'op':1,'to':'-','ty':20002,'pc':{'sec:mafcr':{'et':'" LATER "','adfq':'%s'}}}", admin);
    char second[M2M_RELATIVE_SIZE];
    (void)snprintf(second, sizeof second, "%s", answer_text(d, "ri"));
    RSC(2002, d, "{'op':4,'to':'-/%s'}", second);
    RSC(2000, d, "{'op':2,'to':'-/%s'}", key);
}

static void test_MAF_CD_3_keys_may_be_kept_by_option(void **state)
{
    (void)state;
    world_restart(&(struct maf_options){.keep_keys_on_deregistration = true});
    struct device *d = device_new();
    registered(d);
    const char *key = own_key(d, 32, d);
    RSC(2002, d, "{'op':4,'to':'-/%s'}", d->registration);
    RSC(2000, d, "{'op':2,'to':'-/%s'}", key);
}

static void test_MAF_CD_3_expiry_does_not_cascade(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    const char *key = own_key(d, 32, d);
    RSC(2004, d, "{'op':3,'to':'-/%s','pc':{'sec:mafcr':{'et':'%s'}}}", d->registration, world_time(10));
    world_advance(10);
    RSC(4004, d, "{'op':4,'to':'-/%s'}", d->registration);
    RSC(2000, d, "{'op':2,'to':'-/%s'}", key);
}

/* As remote provisioning will leave it: the KmID of this registration was assigned by the MAF. */
static void test_MAF_CD_3_an_assigned_kmid_goes_with_the_last_registration(void **state)
{
    (void)state;
    const char *admin = world_stakeholder("{\"register\": \"any\"}");
    struct device *d = device_new();
    registered(d);
    struct store_credential km;
    struct store_registration r = {0};
    SUCCEEDS(store_registration_get(world_store, d->registration, &r, ERR));
    SUCCEEDS(store_credential_get(world_store, d->kmid, &km, ERR));
    (void)snprintf(km.kmid, sizeof km.kmid, "assigned%s", d->kmid);
    km.assigned = true;
    SUCCEEDS(store_credential_create(world_store, &km, ERR));
    memcpy(r.assigned_kmid, km.kmid, sizeof r.assigned_kmid);
    SUCCEEDS(store_registration_update(world_store, &r, ERR));
    store_registration_free(&r);

    RSC(2001, d, "{'op':1,'to':'-','ty':20002,'pc':{'sec:mafcr':{'et':'" LATER "','adfq':'%s'}}}", admin);
    char second[M2M_RELATIVE_SIZE];
    (void)snprintf(second, sizeof second, "%s", answer_text(d, "ri"));
    RSC(2002, d, "{'op':4,'to':'-/%s'}", d->registration); /* another one lives */
    SUCCEEDS(store_credential_get(world_store, km.kmid, &km, ERR));
    SUCCEEDS(store_registration_get(world_store, second, &r, ERR));
    memcpy(r.assigned_kmid, km.kmid, sizeof r.assigned_kmid);
    SUCCEEDS(store_registration_update(world_store, &r, ERR));
    store_registration_free(&r);
    RSC(2002, d, "{'op':4,'to':'-/%s'}", second);
    FAILS(OM_ENOTFOUND, store_credential_get(world_store, km.kmid, &km, ERR));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_MAF_CR_1_MAF_CR_5_MAF_CR_7_registration),
        WORLD_TEST(test_MAF_CR_2_parameters_are_checked),
        WORLD_TEST(test_MAF_CR_3_the_administrator_must_permit),
        WORLD_TEST(test_MAF_CR_3_a_permit_withdrawn_meanwhile_counts),
        WORLD_TEST(test_MAF_CR_3_policy_may_admit_any_identity),
        WORLD_TEST(test_MAF_CR_4_a_second_registration_is_refused),
        WORLD_TEST(test_MAF_CR_4_each_administrator_has_its_own),
        WORLD_TEST(test_MAF_CR_4_MAF_GEN_7_an_expired_registration_makes_room),
        WORLD_TEST(test_MAF_CC_1_MAF_CC_2_MAF_CC_5_configuration_is_what_was_attached_last),
        WORLD_TEST(test_MAF_CC_3_only_the_owner),
        WORLD_TEST(test_MAF_CC_4_unknown_registration_or_nothing_attached),
        WORLD_TEST(test_MAF_CU_1_MAF_CU_5_an_update_mirrors_the_request),
        WORLD_TEST(test_MAF_CU_2_an_empty_update_is_refused),
        WORLD_TEST(test_MAF_CU_3_owner_only_and_nothing_else_changes),
        WORLD_TEST(test_MAF_CU_4_the_administrator_must_still_permit),
        WORLD_TEST(test_MAF_CU_6_null_removes_labels_only),
        WORLD_TEST(test_MAF_CD_1_owner_only_and_unknown),
        WORLD_TEST(test_MAF_CD_2_MAF_CD_3_MAF_CD_4_keys_go_too),
        WORLD_TEST(test_MAF_CD_3_other_administrators_keys_stay),
        WORLD_TEST(test_MAF_CD_3_keys_may_be_kept_by_option),
        WORLD_TEST(test_MAF_CD_3_expiry_does_not_cascade),
        WORLD_TEST(test_MAF_CD_3_an_assigned_kmid_goes_with_the_last_registration),
    };
    return WORLD_RUN(argc, argv, tests);
}
