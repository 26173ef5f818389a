/* General rules (spec/maf §2), the base, and request parameters. */
#include "world.h"

static void test_MAF_GEN_1_without_an_authenticated_session_nothing_is_served(void **state)
{
    (void)state;
    struct maf_peer nobody = {.kind = MAF_CREDENTIAL_NONE};
    struct maf_session sessions[] = {{.peer = NULL}, {.peer = &nobody}};
    for (size_t i = 0; i < 2; i++) {
        struct m2m_request rq;
        struct m2m_response rs;
        m2m_request_init(&rq);
        m2m_response_init(&rs);
        rq.op = M2M_OP_RETRIEVE;
        (void)snprintf(rq.to, sizeof rq.to, "-");
        maf_handle(world_maf, &sessions[i], &rq, &rs);
        assert_int_equal(rs.rsc, 4107);
        assert_true(sessions[i].close);
        m2m_request_free(&rq);
        m2m_response_free(&rs);
    }
}

static void test_MAF_GEN_1_a_decoy_that_got_through_is_refused(void **state)
{
    (void)state;
    struct device *d = device_new();
    struct maf_peer decoy = {.kind = MAF_CREDENTIAL_KMID, .decoy = true};
    device_connect(d);
    d->session.peer = &decoy;
    RSC(4106, d, "{'op':2,'to':'-'}");
    assert_true(d->session.close);
}

static void test_MAF_GEN_2_authorization_ignores_the_payload(void **state)
{
    (void)state;
    struct device *d = device_new(), *other = device_new();
    RSC(4000, d,
        "{'op':1,'to':'-','ty':20002,'pc':{'sec:mafcr':{'et':'" LATER "','adfq':'" ADMIN "','cr':'%s'}}}",
        other->id);
    registered(d);
    assert_string_equal(answer_text(d, "cr"), d->id);
}

static void test_MAF_GEN_3_from_must_be_the_authenticated_identity(void **state)
{
    (void)state;
    struct device *d = device_new(), *other = device_new();
    RSC(4106, d, "{'op':2,'to':'-','fr':'%s'}", other->id);
    RSC(4106, d, "{'op':2,'to':'-','fr':'%s/'}", d->id);
    RSC(4106, d, "{'op':2,'to':'-','fr':'%s'}", d->id + 1);
    RSC(4000, d, "{'op':2,'to':'-','fr':null}");
    RSC(4000, d, "{'op':1,'to':'-','ty':20003,'fr':null}");
    RSC(2000, d, "{'op':2,'to':'-'}");
}

static void test_MAF_GEN_3_registration_may_omit_from(void **state)
{
    (void)state;
    struct device *d = device_new();
    RSC(2001, d,
        "{'op':1,'to':'-','ty':20002,'fr':null,'pc':{'sec:mafcr':{'et':'" LATER "','adfq':'" ADMIN "'}}}");
    assert_string_equal(answer_text(d, "cr"), d->id);
}

static void test_MAF_GEN_4_another_maf_is_not_found(void **state)
{
    (void)state;
    struct device *d = device_new();
    RSC(4004, d, "{'op':2,'to':'//other.example.com/-'}");
    RSC(4004, d, "{'op':1,'to':'//other.example.com/-','ty':20002}");
    static const char *const forms[] = {"-", "maf", "//" FQDN "/-", "//" FQDN "/maf", "//" ALIAS "/-"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        RSC(2000, d, "{'op':2,'to':'%s'}", forms[i]);
}

static void test_MAF_GEN_5_lifetimes_are_cut_and_told(void **state)
{
    (void)state;
    const char *admin = world_stakeholder("{\"maxRegistrationLifetime\": 3600, \"maxKeyLifetime\": 60}");
    struct device *d = device_under(admin, 0);
    registered(d);
    assert_string_equal(answer_text(d, "et"), world_time(3600));
    const char *key = own_key(d, 32, d);
    assert_string_equal(answer_text(d, "et"), world_time(60));
    RSC(2004, d, "{'op':3,'to':'-/%s','pc':{'sec:mafcr':{'et':'" LATER "'}}}", d->registration);
    ANSWER_IS(d, "{'sec:mafcr':{'et':'%s'}}", world_time(3600));
    RSC(2004, d, "{'op':3,'to':'-/%s','pc':{'sec:skr':{'et':'" LATER "'}}}", key);
    ANSWER_IS(d, "{'sec:skr':{'et':'%s'}}", world_time(60));
    RSC(2004, d, "{'op':3,'to':'-/%s','pc':{'sec:skr':{'et':'%s'}}}", key, world_time(10));
    ANSWER_IS(d, "{'sec:skr':{'et':'%s'}}", world_time(10));
    RSC(2000, d, "{'op':2,'to':'-/%s'}", key);
    assert_string_equal(answer_text(d, "et"), world_time(10));
}

static void test_MAF_GEN_6_an_error_changes_nothing(void **state)
{
    (void)state;
    struct device *d = device_new(), *t = device_new();
    registered(d);
    const char *key = own_key(d, 34, t);
    RSC(2000, t, "{'op':2,'to':'-/%s'}", key);
    char before[sizeof t->text];
    memcpy(before, t->text, sizeof before);
    RSC(4000, d, "{'op':3,'to':'-/%s','pc':{'sec:skr':{'lbl':['new'],'tgis':['%s','%s']}}}", key, d->id,
        d->id);
    RSC(4000, d, "{'op':3,'to':'-/%s','pc':{'sec:skr':{'lbl':['new'],'et':'20200101T000000'}}}", key);
    RSC(4000, d, "{'op':3,'to':'-/%s','rcn':4,'pc':{'sec:skr':{'lbl':['new']}}}", key);
    RSC(4000, d, "{'op':4,'to':'-/%s','rcn':9}", key);
    RSC(4000, d, "{'op':4,'to':'-/%s','pc':{'sec:skr':{}}}", key);
    RSC(2000, t, "{'op':2,'to':'-/%s'}", key);
    assert_string_equal(t->text, before);
}

static void test_MAF_GEN_7_an_expired_registration_behaves_as_deleted(void **state)
{
    (void)state;
    struct device *d = device_new(), *other = device_new();
    for (int op = 2; op <= 4; op++) {
        RSC(2001, d, "{'op':1,'to':'-','ty':20002,'pc':{'sec:mafcr':{'et':'%s','adfq':'" ADMIN "'}}}",
            world_time(100));
        (void)snprintf(d->registration, sizeof d->registration, "%s", answer_text(d, "ri"));
        world_advance(99);
        RSC(2000, d, "{'op':2,'to':'-/%s'}", d->registration);
        world_advance(1); /* now = expirationTime */
        RSC(4004, other, "{'op':%d,'to':'-/%s'}", op, d->registration);
        RSC(4004, d, "{'op':%d,'to':'-/%s'}", op, d->registration);
        assert_int_equal(
            world_sql_integer("SELECT count(*) FROM registration WHERE id = '%s'", d->registration), 0);
    }
}

static void test_MAF_GEN_7_an_expired_key_behaves_as_deleted_and_is_wiped(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    for (int op = 2; op <= 4; op++) {
        const char *key = own_key(d, 32, d);
        RSC(2004, d, "{'op':3,'to':'-/%s','pc':{'sec:skr':{'et':'%s'}}}", key, world_time(100));
        world_advance(99);
        RSC(2000, d, "{'op':2,'to':'-/%s'}", key);
        world_advance(1);
        RSC(4004, d, "{'op':%d,'to':'-/%s'}", op, key);
        assert_int_equal(world_sql_integer("SELECT count(*) FROM key_registration WHERE id = '%s'", key), 0);
    }
}

static void test_MAF_GEN_7_purging_removes_what_expired_and_nothing_else(void **state)
{
    (void)state;
    struct device *d = device_new();
    size_t deleted = 0;
    bool more = true;
    registered(d);
    const char *kept = own_key(d, 32, d);
    const char *gone = own_key(d, 32, d);
    RSC(2004, d, "{'op':3,'to':'-/%s','pc':{'sec:skr':{'et':'%s'}}}", gone, world_time(100));
    world_advance(100);
    SUCCEEDS(maf_purge(world_maf, &deleted, &more, ERR));
    assert_true(deleted >= 1 && !more);
    assert_int_equal(world_sql_integer("SELECT count(*) FROM key_registration WHERE id = '%s'", gone), 0);
    RSC(2000, d, "{'op':2,'to':'-/%s'}", kept);
    RSC(2000, d, "{'op':2,'to':'-/%s'}", d->registration);
}

static void test_MAF_GEN_9_expiration_time_must_lie_ahead(void **state)
{
    (void)state;
    struct device *d = device_new();
    for (int i = -1; i <= 0; i++) {
        RSC(4000, d, "{'op':1,'to':'-','ty':20002,'pc':{'sec:mafcr':{'et':'%s','adfq':'" ADMIN "'}}}",
            world_time(i));
        assert_non_null(strstr(answer_reason(d), "et"));
    }
    /* Second 0 must not be taken for the 0 that means "never". */
    static const char epoch[] = "19700101T000000";
    RSC(4000, d, "{'op':1,'to':'-','ty':20002,'pc':{'sec:mafcr':{'et':'%s','adfq':'" ADMIN "'}}}", epoch);
    RSC(4000, d, "{'op':1,'to':'-','ty':20002,'pc':{'sec:mafcr':{'adfq':'" ADMIN "'}}}");
    registered(d);
    RSC(4000, d, "{'op':3,'to':'-/%s','pc':{'sec:mafcr':{'et':'%s'}}}", d->registration, epoch);
    RSC(4000, d, "{'op':3,'to':'-/%s','pc':{'sec:mafcr':{'et':'%s'}}}", d->registration, world_time(0));
    RSC(4000, d,
        "{'op':1,'to':'-','ty':20003,'pc':{'sec:skr':{'et':'%s','adfq':'" ADMIN
        "','suid':32,'tgis':['%s']}}}",
        world_time(0), d->id);
    const char *key = own_key(d, 32, d);
    RSC(4000, d, "{'op':3,'to':'-/%s','pc':{'sec:skr':{'et':'%s'}}}", key, world_time(0));
    RSC(4000, d, "{'op':3,'to':'-/%s','pc':{'sec:skr':{'et':'%s'}}}", key, epoch);
}

static void test_MAF_GEN_10_identifiers_stay_used_after_deletion(void **state)
{
    (void)state;
    struct device *d = device_new();
    bool used = false;
    registered(d);
    const char *key = exporter_key(d, d);
    RSC(2002, d, "{'op':4,'to':'-/%s'}", key);
    SUCCEEDS(store_id_used(world_store, STORE_ID_KEY, key, &used, ERR));
    assert_true(used);
    RSC(2002, d, "{'op':4,'to':'-/%s'}", d->registration);
    SUCCEEDS(store_id_used(world_store, STORE_ID_REGISTRATION, d->registration, &used, ERR));
    assert_true(used);
}

static void test_MAF_GEN_11_errors_and_discovery_show_no_key(void **state)
{
    (void)state;
    static const char value[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    struct device *d = device_new();
    registered(d);
    RSC(4000, d,
        "{'op':1,'to':'-','ty':20003,'pc':{'sec:skr':{'et':'" LATER "','adfq':'" ADMIN
        "','suid':32,'tgis':['%s'],'kyv':'%s'}}}",
        d->id, value); /* padding is missing */
    assert_null(strstr(d->text, value));
    (void)own_key(d, 32, d);
    assert_null(strstr(d->text, value));
    RSC(2000, d, "{'op':2,'to':'-','fc':{'fu':1}}");
    assert_null(strstr(d->text, value));
}

static void test_base_can_be_read_and_nothing_else(void **state)
{
    (void)state;
    struct device *d = device_new();
    RSC(2000, d, "{'op':2,'to':'-'}");
    answer_has_only(d, "ty", "ri", "rn", "ct", "lt", "fqdn", "srv", NULL);
    assert_string_equal(answer_text(d, "fqdn"), FQDN);
    assert_int_equal(answer_number(d, "ty"), 20001);
    RSC(2000, d, "{'op':2,'to':'-','pc':{'m2m:atrl':['fqdn','srv']}}");
    ANSWER_IS(d, "{'sec:mafb':{'fqdn':'" FQDN "','srv':['2a','3']}}");
    RSC(4000, d, "{'op':2,'to':'-','pc':{'m2m:atrl':['kyv']}}");
    RSC(4005, d, "{'op':3,'to':'-','pc':{'sec:mafb':{}}}");
    RSC(4005, d, "{'op':4,'to':'-'}");
    RSC(4108, d, "{'op':1,'to':'-','ty':20001}");
    RSC(4108, d, "{'op':1,'to':'-','ty':3,'pc':{'m2m:cnt':{}}}");
    RSC(4000, d, "{'op':1,'to':'-'}");
    RSC(5001, d, "{'op':5,'to':'-','pc':{'m2m:sgn':{}}}");
}

static void test_records_have_no_children(void **state)
{
    (void)state;
    struct device *d = device_new(), *other = device_new();
    registered(d);
    const char *key = own_key(d, 32, d);
    RSC(4108, d, "{'op':1,'to':'-/%s','ty':20003}", d->registration);
    RSC(4103, other, "{'op':1,'to':'-/%s','ty':20003}", d->registration);
    RSC(4108, d, "{'op':1,'to':'-/%s','ty':20003}", key);
    RSC(4103, other, "{'op':1,'to':'-/%s','ty':20003}", key);
    RSC(4004, d, "{'op':1,'to':'-/none','ty':20003}");
    RSC(4004, d, "{'op':2,'to':'-/%s/cmd'}", d->registration);
}

#define CREATE                                                                                               \
    "{'op':1,'to':'-','ty':20003,'rcn':%d,'pc':{'sec:skr':{'et':'%s','adfq':'%s','suid':34,'tgis':['%s'],"   \
    "'kyv':'AAECAwQFBgcICQoLDA0ODw=='}}}"

static void test_result_content_chooses_what_is_answered(void **state)
{
    (void)state;
    const char *admin = world_stakeholder("{\"maxKeyLifetime\": 60}");
    struct device *d = device_under(admin, 0);
    registered(d);
    RSC(2001, d, CREATE, 0, LATER, admin, d->id);
    assert_null(d->answer.pc);
    assert_string_equal(d->answer.location, "");
    RSC(2001, d, CREATE, 9, LATER, admin, d->id);
    answer_has_only(d, "rn", "ri", "ty", "pi", "ct", "lt", "cr", "et", NULL);
    RSC(2001, d, CREATE, 9, world_time(10), admin, d->id);
    answer_has_only(d, "rn", "ri", "ty", "pi", "ct", "lt", "cr", NULL);
    RSC(2001, d, CREATE, 1, LATER, admin, d->id);
    answer_has_only(d, "rn", "ri", "ty", "pi", "ct", "lt", "cr", "et", "adfq", "suid", "tgis", NULL);
    char key[M2M_RELATIVE_SIZE];
    (void)snprintf(key, sizeof key, "%s", answer_text(d, "rn"));
    static const int bad[] = {2, 4, 5, 6, 8, 99};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        RSC(4000, d, CREATE, bad[i], LATER, admin, d->id);
        RSC(4000, d, "{'op':2,'to':'-/%s','rcn':%d}", key, bad[i]);
    }
    RSC(2000, d, "{'op':2,'to':'-/%s','rcn':0}", key);
    assert_null(d->answer.pc);
    RSC(4000, d, "{'op':2,'to':'-/%s','rcn':9}", key);
    RSC(2004, d, "{'op':3,'to':'-/%s','rcn':0,'pc':{'sec:skr':{'lbl':['a']}}}", key);
    assert_null(d->answer.pc);
    RSC(2004, d, "{'op':3,'to':'-/%s','rcn':9,'pc':{'sec:skr':{'lbl':['a'],'et':'" LATER "'}}}", key);
    answer_has_only(d, "et", NULL);
    RSC(2002, d, "{'op':4,'to':'-/%s','rcn':1}", key);
    answer_has_only(d, "rn", "ri", "ty", "pi", "ct", "lt", "cr", "et", "adfq", "suid", "tgis", "lbl", NULL);
}

static void test_location_is_absolute(void **state)
{
    (void)state;
    struct device *d = device_new();
    char want[M2M_TO_SIZE];
    registered(d);
    (void)snprintf(want, sizeof want, "//" FQDN "/-/%s", d->registration);
    assert_string_equal(d->answer.location, want);
    RSC(2000, d, "{'op':2,'to':'%s'}", want);
    RSC(2000, d, "{'op':2,'to':'%s'}", d->registration);
    RSC(2000, d, "{'op':2,'to':'maf/%s'}", d->registration);
}

static void test_statistics_count_answers(void **state)
{
    (void)state;
    struct maf_stats before, after;
    struct device *d = device_new();
    maf_stats(world_maf, &before);
    RSC(2000, d, "{'op':2,'to':'-'}");
    RSC(4004, d, "{'op':2,'to':'-/x'}");
    maf_stats(world_maf, &after);
    assert_int_equal(after.requests - before.requests, 2);
    assert_int_equal(after.responses_ok - before.responses_ok, 1);
    assert_int_equal(after.responses_4xxx - before.responses_4xxx, 1);
    assert_true(after.cache.loaded > 0);
    SUCCEEDS(maf_health(world_maf, ERR));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_MAF_GEN_1_without_an_authenticated_session_nothing_is_served),
        WORLD_TEST(test_MAF_GEN_1_a_decoy_that_got_through_is_refused),
        WORLD_TEST(test_MAF_GEN_2_authorization_ignores_the_payload),
        WORLD_TEST(test_MAF_GEN_3_from_must_be_the_authenticated_identity),
        WORLD_TEST(test_MAF_GEN_3_registration_may_omit_from),
        WORLD_TEST(test_MAF_GEN_4_another_maf_is_not_found),
        WORLD_TEST(test_MAF_GEN_5_lifetimes_are_cut_and_told),
        WORLD_TEST(test_MAF_GEN_6_an_error_changes_nothing),
        WORLD_TEST(test_MAF_GEN_7_an_expired_registration_behaves_as_deleted),
        WORLD_TEST(test_MAF_GEN_7_an_expired_key_behaves_as_deleted_and_is_wiped),
        WORLD_TEST(test_MAF_GEN_7_purging_removes_what_expired_and_nothing_else),
        WORLD_TEST(test_MAF_GEN_9_expiration_time_must_lie_ahead),
        WORLD_TEST(test_MAF_GEN_10_identifiers_stay_used_after_deletion),
        WORLD_TEST(test_MAF_GEN_11_errors_and_discovery_show_no_key),
        WORLD_TEST(test_base_can_be_read_and_nothing_else),
        WORLD_TEST(test_records_have_no_children),
        WORLD_TEST(test_result_content_chooses_what_is_answered),
        WORLD_TEST(test_location_is_absolute),
        WORLD_TEST(test_statistics_count_answers),
    };
    return WORLD_RUN(argc, argv, tests);
}
