/* MAF Key Registration (TS-0003 8.8.2.7). */
#include "world.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define REGISTER "{'op':1,'to':'-','ty':20003,'pc':{'sec:skr':{%s}}}"
#define GOOD     "'tgis':['//sp.example.com/t']"
#define KYV32    "'kyv':'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='"

/* A request with these members, for stakeholder ADMIN. */
static int ask_with(struct device *d, const char *fmt, ...) OM_PRINTF(2, 3);
static int ask_with(struct device *d, const char *fmt, ...)
{
    char more[1200];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(more, sizeof more, fmt, ap);
    va_end(ap);
    return ask(d, "{'op':1,'to':'-','ty':20003,'pc':{'sec:skr':{'et':'" LATER "','adfq':'" ADMIN "',%s}}}",
               more);
}
#define WITH(code, d, ...) world_rsc((code), ask_with((d), __VA_ARGS__), (d), __FILE__, __LINE__)

static void test_MAF_KR_1_MAF_KR_14_the_response_tells_all_but_the_key(void **state)
{
    (void)state;
    struct device *d = device_new(), *t = device_new();
    registered(d);
    WITH(2001, d, "'suid':34,'tgis':['%s','%s'],'lbl':['a:b']," KYV32, t->id, d->id);
    answer_has_only(d, "rn", "ri", "ty", "pi", "ct", "lt", "et", "lbl", "cr", "adfq", "suid", "tgis", NULL);
    assert_string_equal(answer_text(d, "cr"), d->id);
    assert_string_equal(answer_text(d, "adfq"), ADMIN);
    assert_string_equal(answer_text(d, "et"), LATER);
    assert_string_equal(answer_text(d, "ri"), answer_text(d, "rn"));
    assert_int_equal(answer_number(d, "suid"), 34);
    assert_int_equal(answer_number(d, "ty"), 20003);
    const json_t *targets = answer_member(d, "tgis");
    assert_int_equal(json_array_size(targets), 2);
    assert_string_equal(json_string_value(json_array_get(targets, 0)), t->id);
}

static void test_MAF_KR_2_MAF_KR_10_MAF_KR_11_both_ends_have_the_exporter_key(void **state)
{
    (void)state;
    struct device *d = device_new(), *t = device_new();
    registered(d);
    const char *id = exporter_key(d, t);
    uint8_t octets[OMTLS_EXPORT_ID_SIZE];
    struct se_key *key = NULL;
    SUCCEEDS(omtls_export(d->client, OMTLS_LABEL_CONNECTION, octets, &key, ERR));
    char hex[33];
    om_hex_upper(hex, octets, sizeof octets);
    assert_string_equal(id, hex);

    RSC(2000, t, "{'op':2,'to':'-/%s'}", id);
    struct om_secret value = OM_SECRET_INIT;
    retrieved(t, &value);
    assert_int_equal(value.len, 32);
    uint8_t ours[SE_MAC_SIZE], theirs[SE_MAC_SIZE];
    const struct se_part part = {"same key", 8};
    SUCCEEDS(se_hmac(key, &part, 1, ours, ERR));
    assert_non_null(HMAC(EVP_sha256(), value.octets, (int)value.len, part.octets, part.len, theirs, NULL));
    assert_memory_equal(ours, theirs, sizeof ours);
    om_secret_free(&value);
    se_key_unref(key);
}

static void test_MAF_KR_3_parameters_are_checked(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    RSC(4000, d, REGISTER, "'adfq':'" ADMIN "','suid':32," GOOD);
    RSC(4000, d, REGISTER, "'et':'" LATER "','suid':32," GOOD);
    RSC(4000, d, REGISTER, "'et':'" LATER "','adfq':'" ADMIN "'," GOOD);
    static const char *const bad[] = {
        "'rn':'mine'",
        "'ri':'mine'",
        "'cr':'//a.example.com/b'",
        "'ty':20003",
        "'ct':'20991231T235959'",
        "'lbl':[]",
        "'lbl':'a'",
        "'kyv':null",
        "'kyv':'%%%%'",
        "'other':1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        WITH(4000, d, "'suid':32," GOOD ",%s", bad[i]);
    RSC(4000, d, "{'op':1,'to':'-','ty':20003}");
    WITH(2001, d, "'suid':32," GOOD);
}

static void test_MAF_KR_4_the_source_must_be_registered_there(void **state)
{
    (void)state;
    const char *other = world_stakeholder("{\"register\": \"any\"}");
    struct device *d = device_new();
    WITH(4103, d, "'suid':32," GOOD);
    registered(d);
    RSC(4103, d,
        "{'op':1,'to':'-','ty':20003,'pc':{'sec:skr':{'et':'" LATER "','adfq':'%s','suid':32," GOOD "}}}",
        other);
    RSC(4103, d, REGISTER, "'et':'" LATER "','adfq':'unknown.example.com','suid':32," GOOD);
    WITH(2001, d, "'suid':32," GOOD);
}

static void test_MAF_KR_4_MAF_GEN_7_an_expired_registration_does_not_count(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    RSC(2004, d, "{'op':3,'to':'-/%s','pc':{'sec:mafcr':{'et':'%s'}}}", d->registration, world_time(10));
    world_advance(9);
    WITH(2001, d, "'suid':32," GOOD);
    world_advance(1);
    WITH(4103, d, "'suid':32," KYV32 "," GOOD);
}

static void test_MAF_KR_5_only_suids_of_maf_keys(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    for (int suid = 0; suid <= 60; suid++)
        if (suid < 32 || suid > 35)
            WITH(4000, d, "'suid':%d," KYV32 "," GOOD, suid);
    WITH(4000, d, "'suid':'32'," KYV32 "," GOOD);
    for (int suid = 32; suid <= 35; suid++)
        WITH(2001, d, "'suid':%d," KYV32 "," GOOD, suid);
}

static void test_MAF_KR_6_targets_are_checked(void **state)
{
    (void)state;
    static const struct {
        int suid, rsc;
        const char *targets;
    } cases[] = {
        {32, 4000, "[]"},
        {34, 4000, "[]"},
        {32, 4000, "null"},
        {32, 4000, "'//sp.example.com/a'"},
        {32, 4000, "['//sp.example.com/a','//sp.example.com/b']"},
        {33, 4000, "['//sp.example.com/a','//sp.example.com/b']"},
        {34, 4000, "['//sp.example.com/a','//sp.example.com/a']"},
        {35, 4000, "['/a']"},
        {35, 4000, "['Cae1']"},
        {35, 4000, "['//SP.example.com/a']"},
        {35, 4000, "['//sp.example.com']"},
        {35, 4000, "['//sp.example.com/a~b']"},
        {35, 4000, "['//sp.example.com/a',7]"},
        {32, 2001, "['//sp.example.com/a']"},
        {33, 2001, "['//sp.example.com/cse1/Cae7']"},
        {34, 2001, "['//sp.example.com/a','//sp.example.com/b']"},
        {35, 2001, "['//sp.example.com/a','//sp.example.com/A']"},
    };
    struct device *d = device_new();
    registered(d);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        WITH(cases[i].rsc, d, "'suid':%d," KYV32 ",'tgis':%s", cases[i].suid, cases[i].targets);
}

#define UNDER                                                                                                \
    "{'op':1,'to':'-','ty':20003,'rcn':%d,'pc':{'sec:skr':{'et':'" LATER "','adfq':'%s','suid':%d%s," KYV32  \
    "}}}"

static void test_MAF_KR_7_default_targets_come_from_the_administrator(void **state)
{
    (void)state;
    const char *admin = world_stakeholder("{\"defaultTargets\": {\"32\": [\"//sp.example.com/d\"],"
                                          "\"34\": [\"//sp.example.com/d\", \"//sp.example.com/e\"]}}");
    struct device *d = device_under(admin, 0);
    registered(d);
    RSC(2001, d, UNDER, 9, admin, 32, "");
    assert_string_equal(json_string_value(json_array_get(answer_member(d, "tgis"), 0)), "//sp.example.com/d");
    RSC(2001, d, UNDER, 9, admin, 34, "");
    assert_int_equal(json_array_size(answer_member(d, "tgis")), 2);
    RSC(4000, d, UNDER, 9, admin, 33, "");
    assert_non_null(strstr(answer_reason(d), "tgis"));
}

static void test_MAF_KR_8_the_administrator_decides(void **state)
{
    (void)state;
    const char *admin = world_stakeholder("{\"suids\": [32, 34], \"targets\": [\"//sp.example.com/cse1\", "
                                          "\"//other.example.com/...\"]}");
    struct device *d = device_under(admin, 0);
    registered(d);
    RSC(2001, d, UNDER, 1, admin, 32, ",'tgis':['//sp.example.com/cse1']");
    RSC(2001, d, UNDER, 1, admin, 34, ",'tgis':['//sp.example.com/cse1','//other.example.com/x']");
    RSC(4103, d, UNDER, 1, admin, 33, ",'tgis':['//sp.example.com/cse1']");
    RSC(4103, d, UNDER, 1, admin, 32, ",'tgis':['//sp.example.com/cse1/Cae1']");
    RSC(4103, d, UNDER, 1, admin, 34, ",'tgis':['//sp.example.com/cse1','//sp.example.com/cse2']");
}

/* Each Source has its own count, per administrator, of keys that live. */
static void test_MAF_KR_8_only_so_many_keys_at_a_time(void **state)
{
    (void)state;
    const char *admin = world_stakeholder("{\"maxKeys\": 2, \"maxKeyLifetime\": 60}");
    struct device *d = device_under(admin, 0), *other = device_under(admin, 0);
    registered(d);
    registered(other);
    RSC(2001, d, UNDER, 1, admin, 32, "," GOOD);
    char first[M2M_RELATIVE_SIZE];
    (void)snprintf(first, sizeof first, "%s", answer_text(d, "rn"));
    RSC(2001, d, UNDER, 1, admin, 33, "," GOOD);
    RSC(4103, d, UNDER, 1, admin, 32, "," GOOD);
    assert_non_null(strstr(answer_reason(d), "has 2 keys"));
    assert_int_equal(world_sql_integer("SELECT count(*) FROM key_registration WHERE source = '%s'", d->id),
                     2);
    RSC(2001, other, UNDER, 1, admin, 32, "," GOOD);
    RSC(2002, d, "{'op':4,'to':'-/%s'}", first);
    RSC(2001, d, UNDER, 1, admin, 34, "," GOOD);
    RSC(4103, d, UNDER, 1, admin, 34, "," GOOD);
    world_advance(60); /* they have expired, purged or not */
    RSC(2001, d, UNDER, 1, admin, 34, "," GOOD);
}

static void test_MAF_KR_9_key_value_lengths(void **state)
{
    (void)state;
    struct device *d = device_new();
    uint8_t octets[70];
    char text[OM_BASE64_SIZE(sizeof octets)];
    registered(d);
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(i + 1);
    for (size_t n = 0; n <= sizeof octets; n++) {
        om_base64_encode(text, octets, n);
        int want = n >= 16 && n <= 64 && n % 2 == 0 ? 2001 : 4000;
        WITH(want, d, "'suid':32,'tgis':['%s'],'kyv':'%s'", d->id, text);
        if (want != 2001)
            continue;
        char id[M2M_RELATIVE_SIZE];
        (void)snprintf(id, sizeof id, "%s", answer_text(d, "rn"));
        RSC(2000, d, "{'op':2,'to':'-/%s'}", id);
        assert_string_equal(answer_text(d, "kyv"), text);
    }
}

static void test_MAF_KR_11_self_generated_keys_get_random_identifiers(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    const char *a = own_key(d, 32, d);
    const char *b = own_key(d, 32, d);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), 32);
    assert_int_equal(strspn(a, "0123456789ABCDEF"), 32);
}

static void test_MAF_KR_11_MAF_GEN_10_an_exporter_identifier_is_never_used_twice(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    const char *id = exporter_key(d, d);
    RSC(2002, d, "{'op':4,'to':'-/%s'}", id);
    d->session.exporter_used = false; /* as if a restart had forgotten it */
    WITH(4105, d, "'suid':32," GOOD);
    RSC(4004, d, "{'op':2,'to':'-/%s'}", id);
    assert_false(d->session.exporter_used);
}

static void test_MAF_KR_12_second_exporter_key_is_refused(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    const char *first = exporter_key(d, d);
    WITH(4105, d, "'suid':32," GOOD);
    WITH(4105, d, "'suid':34," GOOD);
    (void)own_key(d, 32, d); /* as many of these as one likes */
    (void)own_key(d, 32, d);
    device_connect(d);
    assert_string_not_equal(exporter_key(d, d), first);
}

static void test_MAF_KR_12_a_refused_request_does_not_use_the_exporter_up(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    WITH(4000, d, "'suid':31," GOOD);
    RSC(4103, d, REGISTER, "'et':'" LATER "','adfq':'unknown.example.com','suid':32," GOOD);
    assert_false(d->session.exporter_used);
    (void)exporter_key(d, d);
}

static void test_MAF_GEN_11_no_token_object_is_left_behind(void **state)
{
    (void)state;
    struct omtls_stats before, after;
    struct device *d = device_new();
    registered(d);
    omtls_stats(&before);
    for (int i = 0; i < 3; i++) {
        WITH(4000, d, "'suid':31," GOOD);
        (void)own_key(d, 32, d);
    }
    (void)exporter_key(d, d);
    WITH(4105, d, "'suid':32," GOOD);
    omtls_stats(&after);
    assert_int_equal(after.session_keys, before.session_keys);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_MAF_KR_1_MAF_KR_14_the_response_tells_all_but_the_key),
        WORLD_TEST(test_MAF_KR_2_MAF_KR_10_MAF_KR_11_both_ends_have_the_exporter_key),
        WORLD_TEST(test_MAF_KR_3_parameters_are_checked),
        WORLD_TEST(test_MAF_KR_4_the_source_must_be_registered_there),
        WORLD_TEST(test_MAF_KR_4_MAF_GEN_7_an_expired_registration_does_not_count),
        WORLD_TEST(test_MAF_KR_5_only_suids_of_maf_keys),
        WORLD_TEST(test_MAF_KR_6_targets_are_checked),
        WORLD_TEST(test_MAF_KR_7_default_targets_come_from_the_administrator),
        WORLD_TEST(test_MAF_KR_8_the_administrator_decides),
        WORLD_TEST(test_MAF_KR_8_only_so_many_keys_at_a_time),
        WORLD_TEST(test_MAF_KR_9_key_value_lengths),
        WORLD_TEST(test_MAF_KR_11_self_generated_keys_get_random_identifiers),
        WORLD_TEST(test_MAF_KR_11_MAF_GEN_10_an_exporter_identifier_is_never_used_twice),
        WORLD_TEST(test_MAF_KR_12_second_exporter_key_is_refused),
        WORLD_TEST(test_MAF_KR_12_a_refused_request_does_not_use_the_exporter_up),
        WORLD_TEST(test_MAF_GEN_11_no_token_object_is_left_behind),
    };
    return WORLD_RUN(argc, argv, tests);
}
