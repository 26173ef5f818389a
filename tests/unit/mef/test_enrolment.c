/* Enrolment keys (spec rules MEF-EK-*, MEF-KR-4) where the conformance suite cannot look: at the records, and
 * at failures. */
#include "mef_world.h"

#define TARGET_SUID 22

static struct device *enrolee(const struct device *target)
{
    struct device *d = device_new();
    SUCCEEDS(mef_admin_allow(world_store, d->id, TARGET_SUID, target->id, 3600, ERR));
    device_connect(d);
    return d;
}

static void test_MEF_EK_2_what_is_kept(void **state)
{
    (void)state;
    char keid[33];
    struct device *d = enrolee(device_new());
    struct store_enrolment r;
    keid_of(d, keid);
    SUCCEEDS(store_enrolment_get(world_store, keid, &r, ERR));
    assert_string_equal(r.enrolee, d->id);
    assert_string_equal(r.credential, d->kmid);
    assert_int_equal(r.created, world_now());
    assert_int_equal(r.expires, world_now() + 3600);
    assert_false(r.fetched);
}

/* The output of one session twice is as good as a collision. */
static void test_MEF_EK_4_a_known_keid_ends_the_session(void **state)
{
    (void)state;
    struct device *target = device_new();
    struct device *d = enrolee(target);
    RSC(2000, d, "{'op':2,'to':'-'}");
    maf_role_mef.authenticated(world_maf, d->server, omtls_peer(d->server));
    RSC(4106, d, "{'op':2,'to':'-'}");
    assert_true(d->session.close);
}

static void test_MEF_EK_4_a_registered_key_keeps_its_name(void **state)
{
    (void)state;
    char keid[33];
    struct device *target = device_new();
    struct device *d = enrolee(target);
    keid_of(d, keid);
    registered(d);
    RSC(2001, d,
        "{'op':1,'to':'-','ty':20003,'pc':{'sec:skr':{'et':'" LATER "','adfq':'" ADMIN
        "','suid':22,'tgis':['%s']}}}",
        target->id);
    assert_string_equal(answer_text(d, "rn"), keid);
    FETCH(4004, target, keid, TARGET_SUID);
    maf_role_mef.authenticated(world_maf, d->server, omtls_peer(d->server));
    RSC(4106, d, "{'op':2,'to':'-'}");
}

static void add_enrolment(const char *id, const char *credential)
{
    struct store_enrolment r = {.created = 1, .ke = {.len = 1}};
    (void)stpcpy(r.id, id);
    (void)stpcpy(r.enrolee, "//sp.example/cse1/Ca");
    (void)stpcpy(r.credential, credential);
    SUCCEEDS(store_enrolment_create(world_store, &r, 255, ERR));
}

/* What goes with a credential: letter case counts in the names of certificates, not in KpmIDs. */
static void test_MEF_EK_3_what_a_credential_takes_along(void **state)
{
    (void)state;
    size_t n = 0;
    struct store_enrolment r;
    add_enrolment("a1", "Kpm1@" FQDN);
    add_enrolment("a2", "33-//sp.example/cse1/Ca");
    add_enrolment("a3", "33-//sp.example/cse1/CA");
    SUCCEEDS(store_enrolment_delete_of(world_store, "33-//sp.example/cse1/CA", &n, ERR));
    assert_int_equal(n, 1);
    FAILS(OM_ENOTFOUND, store_enrolment_get(world_store, "a3", &r, ERR));
    SUCCEEDS(store_enrolment_delete_of(world_store, "kPM1@" FQDN, &n, ERR));
    assert_int_equal(n, 1);
    SUCCEEDS(store_enrolment_get(world_store, "a2", &r, ERR));
    assert_string_equal(r.credential, "33-//sp.example/cse1/Ca");
}

static void test_MEF_EK_3_the_oldest_of_many_go(void **state)
{
    (void)state;
    char first[33];
    char keid[33];
    struct device *d = enrolee(device_new());
    struct store_enrolment r;
    keid_of(d, first);
    for (int i = 0; i < 255; i++) {
        world_advance(1);
        device_connect(d);
    }
    SUCCEEDS(store_enrolment_get(world_store, first, &r, ERR));
    world_advance(1);
    device_connect(d);
    keid_of(d, keid);
    FAILS(OM_ENOTFOUND, store_enrolment_get(world_store, first, &r, ERR));
    SUCCEEDS(store_enrolment_get(world_store, keid, &r, ERR));
    assert_int_equal(world_sql_integer("SELECT count(*) FROM enrolment WHERE enrolee = '%s'", d->id), 256);
    world_advance(-3600); /* a clock that is set right does not cost the new one */
    device_connect(d);
    keid_of(d, keid);
    SUCCEEDS(store_enrolment_get(world_store, keid, &r, ERR));
    assert_int_equal(world_sql_integer("SELECT count(*) FROM enrolment WHERE enrolee = '%s'", d->id), 256);
    world_advance(3600);
}

static void test_MEF_EK_3_an_altered_right_is_none(void **state)
{
    (void)state;
    struct device *d = enrolee(device_new());
    world_sql("UPDATE enrolee SET lifetime = lifetime + 1 WHERE identity = '%s'", d->id);
    device_connect(d);
    RSC(4106, d, "{'op':2,'to':'-'}");
    assert_true(d->session.close);
}

static void test_expired_enrolments_are_purged(void **state)
{
    (void)state;
    char keid[33];
    size_t deleted = 0;
    bool more = true;
    struct device *d = enrolee(device_new());
    struct store_enrolment r;
    keid_of(d, keid);
    world_advance(3600);
    SUCCEEDS(maf_purge(world_maf, &deleted, &more, ERR));
    assert_false(more);
    FAILS(OM_ENOTFOUND, store_enrolment_get(world_store, keid, &r, ERR));
}

static void test_strangers_and_mafs_without_rights_make_none(void **state)
{
    (void)state;
    long long before = world_sql_integer("SELECT count(*) FROM enrolment");
    struct device *d = device_new();
    device_connect(d);
    struct device *stranger = device_stranger("nobody@" FQDN);
    assert_int_not_equal(device_refused(stranger, stranger->kmid), 0);
    assert_int_equal(world_sql_integer("SELECT count(*) FROM enrolment"), before);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_MEF_EK_2_what_is_kept),
        WORLD_TEST(test_MEF_EK_4_a_known_keid_ends_the_session),
        WORLD_TEST(test_MEF_EK_4_a_registered_key_keeps_its_name),
        WORLD_TEST(test_MEF_EK_3_what_a_credential_takes_along),
        WORLD_TEST(test_MEF_EK_3_the_oldest_of_many_go),
        WORLD_TEST(test_MEF_EK_3_an_altered_right_is_none),
        WORLD_TEST(test_expired_enrolments_are_purged),
        WORLD_TEST(test_strangers_and_mafs_without_rights_make_none),
    };
    return MEF_RUN(argc, argv, tests);
}
