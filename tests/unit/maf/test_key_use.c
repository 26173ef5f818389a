/* MAF Key Retrieval, Update and De-Registration (TS-0003 8.8.2.8 to 8.8.2.10). */
#include "world.h"

#define RETRIEVE "{'op':2,'to':'-/%s'}"
#define UPDATE   "{'op':3,'to':'-/%s','pc':{'sec:skr':{%s}}}"
#define DELETE   "{'op':4,'to':'-/%s'}"
#define VALUE    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" /* what own_key registers */

static void test_MAF_KT_1_MAF_KT_2_MAF_KT_7_MAF_KT_8_a_target_gets_the_key(void **state)
{
    (void)state;
    struct device *d = device_new(), *t = device_new();
    registered(d);
    const char *id = own_key(d, 33, t);
    RSC(2000, t, RETRIEVE, id);
    ANSWER_IS(t,
              "{'sec:skr':{'rn':'%s','ri':'%s','et':'" LATER "','cr':'%s','adfq':'" ADMIN
              "','suid':33,'kyv':'" VALUE "'}}",
              id, id, d->id);
    RSC(2004, d, UPDATE, id, "'lbl':['a']");
    RSC(2000, t, RETRIEVE, id);
    answer_has_only(t, "rn", "ri", "et", "lbl", "cr", "adfq", "suid", "kyv", NULL);
}

static void test_MAF_KT_2_letter_case_of_the_identifier_does_not_matter(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    char id[M2M_RELATIVE_SIZE];
    SUCCEEDS(m2m_fold(id, sizeof id, own_key(d, 32, d), ERR));
    RSC(2000, d, RETRIEVE, id);
    assert_string_not_equal(answer_text(d, "rn"), id); /* upper case, as stored */
}

static void test_MAF_KT_3_unknown_and_deleted_keys(void **state)
{
    (void)state;
    struct device *d = device_new(), *t = device_new();
    registered(d);
    RSC(4004, t, RETRIEVE, "00000000000000000000000000000000");
    const char *id = own_key(d, 32, t);
    RSC(2002, d, DELETE, id);
    RSC(4004, t, RETRIEVE, id);
}

static void test_MAF_KT_4_only_listed_targets(void **state)
{
    (void)state;
    struct device *d = device_new(), *t = device_new(), *stranger = device_new();
    registered(d);
    registered(stranger);
    const char *id = own_key(d, 32, t);
    struct device *refused[] = {d, stranger};
    for (size_t i = 0; i < 2; i++) {
        RSC(4103, refused[i], RETRIEVE, id);
        assert_null(strstr(refused[i]->text, VALUE));
        assert_null(strstr(refused[i]->text, t->id));
        RSC(4103, refused[i], "{'op':2,'to':'-/%s','pc':{'m2m:atrl':['et']}}", id);
    }
    RSC(2000, d, RETRIEVE, own_key(d, 32, d)); /* a Source may list itself */
}

static void test_MAF_KT_5_targets_need_no_registration_unless_configured(void **state)
{
    (void)state;
    struct device *d = device_new(), *t = device_new();
    registered(d);
    const char *id = own_key(d, 32, t);
    RSC(2000, t, RETRIEVE, id);
    world_restart(&(struct maf_options){.require_target_registration = true});
    RSC(4103, t, RETRIEVE, id);
    registered(t);
    RSC(2000, t, RETRIEVE, id);
    RSC(2004, t, "{'op':3,'to':'-/%s','pc':{'sec:mafcr':{'et':'%s'}}}", t->registration, world_time(10));
    world_advance(10);
    RSC(4103, t, RETRIEVE, id);
}

static void test_MAF_KT_6_identities_are_compared_octet_for_octet(void **state)
{
    (void)state;
    struct device *d = device_new(), *t = device_new();
    struct device almost = {0};
    registered(d);
    memcpy(almost.id, t->id, sizeof almost.id);
    almost.id[strlen(almost.id) - strlen(strrchr(almost.id, 'a'))] = 'A'; /* Cae1 -> CAe1 */
    const char *id = own_key(d, 32, &almost);
    RSC(4103, t, RETRIEVE, id);
    RSC(4106, t, "{'op':2,'to':'-/%s','fr':'%s'}", id, almost.id);
    RSC(2004, d, "{'op':3,'to':'-/%s','pc':{'sec:skr':{'tgis':['%s']}}}", id, t->id);
    RSC(2000, t, RETRIEVE, id);
}

static void test_MAF_KT_10_retrieval_is_repeatable(void **state)
{
    (void)state;
    struct device *d = device_new(), *t = device_new();
    registered(d);
    const char *id = exporter_key(d, t);
    RSC(2000, t, RETRIEVE, id);
    char first[sizeof t->text];
    memcpy(first, t->text, sizeof first);
    for (int i = 0; i < 3; i++) {
        device_connect(t);
        RSC(2000, t, RETRIEVE, id);
        assert_string_equal(t->text, first);
    }
}

static void test_MAF_KT_7_a_partial_retrieve_gets_what_it_asks_for(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    const char *id = own_key(d, 32, d);
    RSC(2000, d, "{'op':2,'to':'-/%s','pc':{'m2m:atrl':['suid','cr']}}", id);
    ANSWER_IS(d, "{'sec:skr':{'suid':32,'cr':'%s'}}", d->id);
    RSC(4000, d, "{'op':2,'to':'-/%s','pc':{'m2m:atrl':['tgis']}}", id);
    RSC(4000, d, "{'op':2,'to':'-/%s','pc':{'m2m:atrl':['none']}}", id);
    RSC(4000, d, "{'op':2,'to':'-/%s','pc':{'sec:skr':{}}}", id);
    RSC(5001, d, "{'op':2,'to':'-/%s','fc':{'fu':1}}", id);
}

static void test_MAF_KU_1_only_the_source(void **state)
{
    (void)state;
    struct device *d = device_new(), *t = device_new(), *stranger = device_new();
    registered(d);
    registered(stranger);
    const char *id = own_key(d, 32, t);
    RSC(4103, t, UPDATE, id, "'lbl':['x']");
    RSC(4103, stranger, UPDATE, id, "'lbl':['x']");
    RSC(4004, d, UPDATE, "00000000000000000000000000000000", "'lbl':['x']");
    RSC(2004, d, UPDATE, id, "'lbl':['x']");
}

static void test_MAF_KU_2_an_empty_update_is_refused(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    RSC(4000, d, UPDATE, own_key(d, 32, d), "");
}

static void test_MAF_KU_3_the_target_list_is_replaced_under_the_stored_suid(void **state)
{
    (void)state;
    struct device *d = device_new(), *t = device_new();
    registered(d);
    const char *one = own_key(d, 32, t);
    const char *many = own_key(d, 34, t);
    static const char two[] = "'tgis':['//sp.example.com/a','//sp.example.com/b']";
    RSC(4000, d, UPDATE, one, two);
    RSC(2004, d, UPDATE, many, two);
    RSC(4000, d, UPDATE, many, "'tgis':[]");
    RSC(4000, d, UPDATE, many, "'tgis':['//sp.example.com/a','//sp.example.com/a']");
    RSC(4000, d, UPDATE, many, "'tgis':['/a']");
    RSC(4103, t, RETRIEVE, many);
    RSC(2000, t, RETRIEVE, one);
}

static void test_MAF_KU_4_nothing_else_can_be_updated(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    const char *id = own_key(d, 32, d);
    static const char *const attributes[] = {
        "'suid':33", "'adfq':'" ADMIN "'",        "'kyv':'" VALUE "'", "'rn':'x'",
        "'ri':'x'",  "'cr':'//sp.example.com/a'", "'lt':'" LATER "'"};
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        RSC(4000, d, UPDATE, id, attributes[i]);
        RSC(4000, d, "{'op':3,'to':'-/%s','pc':{'sec:skr':{'lbl':['x'],%s}}}", id, attributes[i]);
    }
    RSC(2000, d, RETRIEVE, id);
    assert_null(answer_member(d, "lbl"));
    assert_string_equal(answer_text(d, "kyv"), VALUE);
}

static void test_MAF_KU_5_policy_holds_for_updates(void **state)
{
    (void)state;
    struct device *t = device_new();
    char policy[M2M_ID_SIZE + 100];
    (void)snprintf(policy, sizeof policy, "{\"targets\": [\"%s\"], \"maxKeyLifetime\": 60}", t->id);
    struct device *d = device_under(world_stakeholder(policy), 0);
    registered(d);
    const char *id = own_key(d, 34, t);
    RSC(4103, d, UPDATE, id, "'tgis':['//elsewhere.example.com/a']");
    RSC(2000, t, RETRIEVE, id);
    RSC(2004, d, UPDATE, id, "'et':'" LATER "'");
    ANSWER_IS(d, "{'sec:skr':{'et':'%s'}}", world_time(60));
}

static void test_MAF_KU_5_a_suid_that_is_no_longer_permitted_is_not_updated(void **state)
{
    (void)state;
    struct device *t = device_new();
    const char *admin = world_stakeholder("{}");
    struct device *d = device_under(admin, 0);
    registered(d);
    const char *id = own_key(d, 34, t);
    SUCCEEDS(maf_admin_policy_set(world_store, admin, "{\"suids\": [32, 33, 35]}", ERR));
    RSC(4103, d, UPDATE, id, "'et':'" LATER "'");
    RSC(4103, d, UPDATE, id, "'tgis':['//sp.example.com/a']");
    RSC(4103, d, UPDATE, id, "'lbl':['a']");
    RSC(2000, t, RETRIEVE, id); /* that is for revocation */
    RSC(2002, d, "{'op':4,'to':'-/%s'}", id);
}

static void test_MAF_KU_6_the_response_mirrors_the_request(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    const char *id = own_key(d, 34, d);
    RSC(2004, d, UPDATE, id, "'et':'20980101T000000'");
    ANSWER_IS(d, "{'sec:skr':{'et':'20980101T000000'}}");
    RSC(2004, d, UPDATE, id, "'lbl':['a','b:c']");
    ANSWER_IS(d, "{'sec:skr':{'lbl':['a','b:c']}}");
    RSC(2004, d, UPDATE, id, "'tgis':['//sp.example.com/a']");
    ANSWER_IS(d, "{'sec:skr':{'tgis':['//sp.example.com/a']}}");
}

static void test_MAF_KU_7_updates_take_effect_at_once(void **state)
{
    (void)state;
    struct device *d = device_new(), *t = device_new(), *next = device_new();
    registered(d);
    const char *id = exporter_key(d, t);
    RSC(2000, t, RETRIEVE, id);
    RSC(2004, d, "{'op':3,'to':'-/%s','pc':{'sec:skr':{'tgis':['%s']}}}", id, next->id);
    RSC(4103, t, RETRIEVE, id);
    RSC(2000, next, RETRIEVE, id);
}

static void test_MAF_KU_8_null_removes_labels_only(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    const char *id = own_key(d, 32, d);
    RSC(2004, d, UPDATE, id, "'lbl':['a']");
    RSC(4000, d, UPDATE, id, "'et':null");
    RSC(4000, d, UPDATE, id, "'tgis':null");
    RSC(4000, d, UPDATE, id, "'lbl':null,'tgis':null");
    RSC(2000, d, RETRIEVE, id);
    assert_non_null(answer_member(d, "lbl"));
    RSC(2004, d, UPDATE, id, "'lbl':null");
    ANSWER_IS(d, "{'sec:skr':{}}");
    RSC(2000, d, RETRIEVE, id);
    assert_null(answer_member(d, "lbl"));
}

static void test_MAF_KD_1_only_the_source(void **state)
{
    (void)state;
    struct device *d = device_new(), *t = device_new(), *stranger = device_new();
    registered(d);
    const char *id = own_key(d, 32, t);
    RSC(4103, t, DELETE, id);
    RSC(4103, stranger, DELETE, id);
    RSC(4004, d, DELETE, "00000000000000000000000000000000");
    RSC(2000, t, RETRIEVE, id);
}

static void test_MAF_KD_2_MAF_KD_3_all_of_the_key_is_gone(void **state)
{
    (void)state;
    struct device *d = device_new();
    bool used = false;
    registered(d);
    const char *id = own_key(d, 32, d);
    RSC(2002, d, DELETE, id);
    assert_null(d->answer.pc);
    RSC(4004, d, RETRIEVE, id);
    RSC(4004, d, UPDATE, id, "'lbl':['a']");
    RSC(4004, d, DELETE, id);
    assert_int_equal(world_sql_integer("SELECT count(*) FROM key_registration WHERE id = '%s'", id), 0);
    SUCCEEDS(store_id_used(world_store, STORE_ID_KEY, id, &used, ERR));
    assert_true(used);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_MAF_KT_1_MAF_KT_2_MAF_KT_7_MAF_KT_8_a_target_gets_the_key),
        WORLD_TEST(test_MAF_KT_2_letter_case_of_the_identifier_does_not_matter),
        WORLD_TEST(test_MAF_KT_3_unknown_and_deleted_keys),
        WORLD_TEST(test_MAF_KT_4_only_listed_targets),
        WORLD_TEST(test_MAF_KT_5_targets_need_no_registration_unless_configured),
        WORLD_TEST(test_MAF_KT_6_identities_are_compared_octet_for_octet),
        WORLD_TEST(test_MAF_KT_10_retrieval_is_repeatable),
        WORLD_TEST(test_MAF_KT_7_a_partial_retrieve_gets_what_it_asks_for),
        WORLD_TEST(test_MAF_KU_1_only_the_source),
        WORLD_TEST(test_MAF_KU_2_an_empty_update_is_refused),
        WORLD_TEST(test_MAF_KU_3_the_target_list_is_replaced_under_the_stored_suid),
        WORLD_TEST(test_MAF_KU_4_nothing_else_can_be_updated),
        WORLD_TEST(test_MAF_KU_5_policy_holds_for_updates),
        WORLD_TEST(test_MAF_KU_5_a_suid_that_is_no_longer_permitted_is_not_updated),
        WORLD_TEST(test_MAF_KU_6_the_response_mirrors_the_request),
        WORLD_TEST(test_MAF_KU_7_updates_take_effect_at_once),
        WORLD_TEST(test_MAF_KU_8_null_removes_labels_only),
        WORLD_TEST(test_MAF_KD_1_only_the_source),
        WORLD_TEST(test_MAF_KD_2_MAF_KD_3_all_of_the_key_is_gone),
    };
    return WORLD_RUN(argc, argv, tests);
}
