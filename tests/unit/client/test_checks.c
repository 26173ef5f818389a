/* Each client check alone: MAF-CR-7, MAF-CR-9, MAF-KR-15, MAF-KR-16, MAF-KT-9, MAF-KR-9. */
#include "client/checks.h"
#include "fixture.h"
#include "onem2m/wire_names.h"

#define NOW INT64_C(1767225600)
#define REL "00112233445566778899AABBCCDDEEFF"

static struct m2m_resource answer;
static struct m2m_resource sent;

static void set_targets(struct m2m_list *list, const char *a, const char *b)
{
    m2m_list_free(list);
    if (a != NULL)
        assert_int_equal(m2m_list_add(list, a, NULL), OM_OK);
    if (b != NULL)
        assert_int_equal(m2m_list_add(list, b, NULL), OM_OK);
}

/* A key registration as it should be. */
static int good(void **state)
{
    (void)state;
    m2m_resource_free(&answer);
    m2m_resource_free(&sent);
    sent.present = M2M_A_ET | M2M_A_ADFQ | M2M_A_SUID | M2M_A_TGIS;
    sent.et = answer.et = NOW + 1;
    sent.suid = answer.suid = 34;
    (void)snprintf(sent.adfq, sizeof sent.adfq, ADMIN);
    (void)snprintf(answer.adfq, sizeof answer.adfq, ADMIN);
    (void)snprintf(answer.cr, sizeof answer.cr, OWN_ID);
    (void)snprintf(answer.rn, sizeof answer.rn, REL);
    set_targets(&sent.tgis, TARGET, NULL);
    set_targets(&answer.tgis, TARGET, NULL);
    return 0;
}

static om_rc check_key(bool strict, bool *changed)
{
    return check_key_registration(&answer, &sent, OWN_ID, REL, strict, NOW, changed, NULL);
}

static int done(void **state)
{
    (void)state;
    m2m_resource_free(&answer);
    m2m_resource_free(&sent);
    return 0;
}

static void test_MAF_CR_9(void **state)
{
    (void)state;
    assert_int_equal(check_registration(&answer, OWN_ID, ADMIN, NOW, NULL), OM_OK);
    assert_int_equal(check_registration(&answer, OWN_ID, ADMIN, NOW + 1, NULL), OM_EINTEGRITY);
    assert_int_equal(check_registration(&answer, OWN_ID "x", ADMIN, NOW, NULL), OM_EINTEGRITY);
    assert_int_equal(check_registration(&answer, OWN_ID, "other.example.com", NOW, NULL), OM_EINTEGRITY);
}

static void test_MAF_CR_7(void **state)
{
    (void)state;
    answer.present |= M2M_A_ASKI;
    (void)snprintf(answer.aski, sizeof answer.aski, "km-2@" FQDN);
    assert_int_equal(check_no_assigned_kmid(&answer, NULL), OM_EINTEGRITY);
    answer.present &= ~(unsigned)M2M_A_ASKI;
    assert_int_equal(check_no_assigned_kmid(&answer, NULL), OM_OK);
}

/* In a session with a KeID there must be one, and it must be of this MAF. */
static void test_MAF_CR_7_with_a_keid(void **state)
{
    (void)state;
    static const char *const bad[] = {"km-2", "km-2@other.example.com", "a b@" FQDN, "@" FQDN, ""};
    char kmid[M2M_KEY_ID_SIZE];
    assert_int_equal(check_assigned_kmid(&answer, FQDN, kmid, NULL), OM_EINTEGRITY);
    answer.present |= M2M_A_ASKI;
    (void)snprintf(answer.aski, sizeof answer.aski, "km-2@" FQDN);
    assert_int_equal(check_assigned_kmid(&answer, FQDN, kmid, NULL), OM_OK);
    assert_string_equal(kmid, "km-2@" FQDN);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(answer.aski, sizeof answer.aski, "%s", bad[i]);
        assert_int_equal(check_assigned_kmid(&answer, FQDN, kmid, NULL), OM_EINTEGRITY);
    }
}

static void test_MAF_KR_15(void **state)
{
    (void)state;
    bool changed = true;
    assert_int_equal(check_key(true, &changed), OM_OK);
    assert_false(changed);
    (void)snprintf(answer.rn, sizeof answer.rn, "00112233445566778899aabbccddeeff"); /* case does not count */
    assert_int_equal(check_key(true, &changed), OM_OK);
    answer.rn[31] = 'e';
    assert_int_equal(check_key(true, &changed), OM_EINTEGRITY);
    /* a value made here has no identifier to compare with */
    assert_int_equal(check_key_registration(&answer, &sent, OWN_ID, NULL, true, NOW, &changed, NULL), OM_OK);
}

static void test_MAF_KR_16(void **state)
{
    (void)state;
    bool changed = false;
    answer.et = NOW;
    assert_int_equal(check_key(false, &changed), OM_EINTEGRITY);
    (void)good(state);
    (void)snprintf(answer.cr, sizeof answer.cr, TARGET);
    assert_int_equal(check_key(false, &changed), OM_EINTEGRITY);
    (void)good(state);
    (void)snprintf(answer.adfq, sizeof answer.adfq, "other.example.com");
    assert_int_equal(check_key(false, &changed), OM_EINTEGRITY);
    (void)good(state);
    answer.suid = 35;
    assert_int_equal(check_key(false, &changed), OM_EINTEGRITY);
}

static void test_MAF_KR_16_targets(void **state)
{
    (void)state;
    bool changed = false;
    set_targets(&answer.tgis, TARGET, OWN_ID);
    assert_int_equal(check_key(false, &changed), OM_OK);
    assert_true(changed);
    assert_int_equal(check_key(true, &changed), OM_EINTEGRITY);
    set_targets(&sent.tgis, OWN_ID, TARGET); /* order does not count */
    assert_int_equal(check_key(true, &changed), OM_OK);
    assert_false(changed);
    sent.present &= ~(unsigned)M2M_A_TGIS; /* left to the MAF: nothing to compare */
    m2m_list_free(&sent.tgis);
    assert_int_equal(check_key(true, &changed), OM_OK);
    assert_false(changed);
    set_targets(&answer.tgis, NULL, NULL);
    assert_int_equal(check_key(false, &changed), OM_EINTEGRITY);
    set_targets(&answer.tgis, TARGET, OWN_ID); /* one key, one target */
    sent.suid = answer.suid = 32;
    assert_int_equal(check_key(false, &changed), OM_EINTEGRITY);
}

static om_rc check_length(size_t n)
{
    assert_int_equal(om_secret_alloc(&answer.kyv, n, NULL), OM_OK);
    return check_key_retrieval(&answer, &server_role_maf, REL, NOW, NULL);
}

static void test_MAF_KT_9(void **state)
{
    (void)state;
    assert_int_equal(check_length(32), OM_OK);
    assert_int_equal(check_length(16), OM_OK);
    assert_int_equal(check_length(64), OM_OK);
    assert_int_equal(check_length(0), OM_EINTEGRITY);
    assert_int_equal(check_length(14), OM_EINTEGRITY);
    assert_int_equal(check_length(33), OM_EINTEGRITY);
    assert_int_equal(check_length(66), OM_EINTEGRITY);
    assert_int_equal(check_length(32), OM_OK);
    assert_int_equal(
        check_key_retrieval(&answer, &server_role_maf, "FF112233445566778899AABBCCDDEEFF", NOW, NULL),
        OM_EINTEGRITY);
    assert_int_equal(check_key_retrieval(&answer, &server_role_maf, REL, NOW + 1, NULL), OM_EINTEGRITY);
    answer.suid = 21;
    assert_int_equal(check_key_retrieval(&answer, &server_role_maf, REL, NOW, NULL), OM_EINTEGRITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_MAF_CR_9, good, done),
        cmocka_unit_test_setup_teardown(test_MAF_CR_7, good, done),
        cmocka_unit_test_setup_teardown(test_MAF_CR_7_with_a_keid, good, done),
        cmocka_unit_test_setup_teardown(test_MAF_KR_15, good, done),
        cmocka_unit_test_setup_teardown(test_MAF_KR_16, good, done),
        cmocka_unit_test_setup_teardown(test_MAF_KR_16_targets, good, done),
        cmocka_unit_test_setup_teardown(test_MAF_KT_9, good, done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
