/* Credential fetch (spec rules MEF-FC-*): the key against one that the client derives in its token, and
 * records that somebody edited. */
#include "derive/derive.h"
#include "mef_world.h"

#define TARGET_SUID 22

static struct device *target;
static struct device *enrolee;
static char keid[33];

static int setup(void **state)
{
    (void)world_test_setup(state);
    target = device_new();
    enrolee = device_new();
    SUCCEEDS(mef_admin_allow(world_store, enrolee->id, TARGET_SUID, target->id, 3600, ERR));
    device_connect(enrolee);
    keid_of(enrolee, keid);
    return 0;
}

/* What the client computes from its own end of the session. */
static void expected(uint8_t out[SE_MAC_SIZE])
{
    uint8_t id[OMTLS_EXPORT_ID_SIZE];
    char fqdn[M2M_ID_SIZE];
    struct se_key *exported = NULL;
    struct se_key *ke = NULL;
    struct se_blob blob;
    SUCCEEDS(omtls_export(enrolee->client, OMTLS_LABEL_BOOTSTRAP, id, &exported, ERR));
    SUCCEEDS(se_wrap(exported, SE_USE_HMAC, &blob, ERR));
    se_key_unref(exported);
    SUCCEEDS(se_load(world_se, &blob, SE_USE_HMAC, &ke, ERR));
    SUCCEEDS(m2m_target_fqdn(fqdn, target->id, ERR));
    SUCCEEDS(om_derive_usage_key(ke, TARGET_SUID, fqdn, out, ERR));
    se_key_unref(ke);
}

static void test_MEF_FC_7_both_ends_have_the_same_key(void **state)
{
    (void)state;
    uint8_t want[SE_MAC_SIZE];
    struct m2m_fetched got;
    FETCH(2000, target, keid, TARGET_SUID);
    SUCCEEDS(m2m_fetched_decode(target->answer.pc, &got, ERR));
    expected(want);
    assert_int_equal(got.credential.len, sizeof want);
    assert_memory_equal(got.credential.octets, want, sizeof want);
    assert_string_equal(got.enrolee, enrolee->id);
    assert_int_equal(got.lifetime, world_now() + 3600);
    m2m_fetched_free(&got);
}

static void test_MEF_FC_6_expiry_to_the_second(void **state)
{
    (void)state;
    world_advance(3599);
    FETCH(2000, target, keid, TARGET_SUID);
    world_advance(1);
    FETCH(4004, target, keid, TARGET_SUID);
}

static void test_MEF_FC_6_an_altered_enrolment_gives_nothing(void **state)
{
    (void)state;
    world_sql("UPDATE enrolment SET expires = expires + 1 WHERE id = '%s'", keid);
    FETCH(5000, target, keid, TARGET_SUID);
    assert_null(strstr(target->text, "credential"));
}

static void test_MEF_FC_6_an_altered_right_gives_nothing(void **state)
{
    (void)state;
    world_sql("UPDATE enrolee SET created = created + 1 WHERE identity = '%s'", enrolee->id);
    FETCH(5000, target, keid, TARGET_SUID);
    assert_null(strstr(target->text, "credential"));
}

/* Blobs of two enrolments exchanged: both rows are altered. */
static void test_MEF_FC_6_exchanged_keys_give_nothing(void **state)
{
    (void)state;
    char other[33];
    device_connect(enrolee);
    keid_of(enrolee, other);
    world_sql("UPDATE enrolment SET ke = (SELECT ke FROM enrolment WHERE id = '%s') WHERE id = '%s'", other,
              keid);
    FETCH(5000, target, keid, TARGET_SUID);
    FETCH(2000, target, other, TARGET_SUID);
}

static void test_MEF_FC_11_the_first_fetch_is_on_record(void **state)
{
    (void)state;
    struct store_enrolment r;
    FETCH(4103, enrolee, keid, TARGET_SUID);
    SUCCEEDS(store_enrolment_get(world_store, keid, &r, ERR));
    assert_false(r.fetched);
    FETCH(2000, target, keid, TARGET_SUID);
    FETCH(2000, target, keid, TARGET_SUID);
    SUCCEEDS(store_enrolment_get(world_store, keid, &r, ERR));
    assert_true(r.fetched);
}

static void test_an_answer_without_content_gives_no_key(void **state)
{
    (void)state;
    struct store_enrolment r;
    RSC(2000, target, "{'op':2,'to':'fetchCredentials/%s@" FQDN "/22','rcn':0}", keid);
    assert_null(target->answer.pc);
    SUCCEEDS(store_enrolment_get(world_store, keid, &r, ERR));
    assert_false(r.fetched);
}

int main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, world_test_teardown)
    const struct CMUnitTest tests[] = {
        T(test_MEF_FC_7_both_ends_have_the_same_key),        T(test_MEF_FC_6_expiry_to_the_second),
        T(test_MEF_FC_6_an_altered_enrolment_gives_nothing), T(test_MEF_FC_6_an_altered_right_gives_nothing),
        T(test_MEF_FC_6_exchanged_keys_give_nothing),        T(test_MEF_FC_11_the_first_fetch_is_on_record),
        T(test_an_answer_without_content_gives_no_key),
    };
    return MEF_RUN(argc, argv, tests);
}
