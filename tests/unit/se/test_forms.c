/* The forms of a key that comes in: the same whether they are made of octets or in the token, and never
 * through the host where the token can make them. */
#include "counting.h"
#include "fixture.h"
#include "se/internal.h"

#define ALL ((unsigned)(SE_FORM_KEY | SE_FORM_PSK | SE_FORM_PSK13 | SE_FORM_HALVES))

static const struct se_part seed[] = {{"EXPORTER-oneM2M-Connection", 26}, {"client and server random", 24}};
static const uint8_t master[48] = "the master secret of a session, forty-eight oct";

static int setup(void **state)
{
    (void)fixture_setup(state);
    counting_install(fixture_se);
    return 0;
}

/* Two wrapped keys sign alike. */
static void same(const struct se_blob *a, const struct se_blob *b, enum se_use use)
{
    const struct se_part text = {"anything", 8};
    const struct se_blob *blobs[] = {a, b};
    uint8_t mac[2][SE_MAC_SIZE];
    for (size_t i = 0; i < 2; i++) {
        struct se_key *key = NULL;
        SUCCEEDS(se_load(fixture_se, blobs[i], use, &key, ERR));
        SUCCEEDS(se_hmac(key, &text, 1, mac[i], ERR));
        se_key_unref(key);
    }
    assert_memory_equal(mac[0], mac[1], SE_MAC_SIZE);
}

static void is(const struct se_blob *blob, const uint8_t *octets, size_t n)
{
    struct se_key *key = NULL;
    SUCCEEDS(se_load(fixture_se, blob, SE_USE_HMAC, &key, ERR));
    KEY_IS(key, octets, n);
    se_key_unref(key);
}

/* What se_import_psk and se_import_psk13 make is compared with vectors elsewhere. */
static void check(const struct se_forms *got, const uint8_t *octets, size_t n, size_t psk_len)
{
    struct se_blob psk;
    struct se_psk13 psk13;
    SUCCEEDS(se_import_psk(fixture_se, octets, psk_len, &psk, ERR));
    SUCCEEDS(se_import_psk13(fixture_se, octets, psk_len, &psk13, ERR));
    is(&got->key, octets, n);
    is(&got->half[0], octets, n / 2);
    is(&got->half[1], octets + n / 2, n / 2);
    same(&got->psk, &psk, SE_USE_TLS12_PSK);
    same(&got->psk13.derived, &psk13.derived, SE_USE_TLS13_DERIVED);
    same(&got->psk13.finished, &psk13.finished, SE_USE_TLS13_FINISHED);
    same(&got->psk13.handshake, &psk13.handshake, SE_USE_TLS13_HANDSHAKE);
    same(&got->psk13.master, &psk13.master, SE_USE_TLS13_MASTER);
}

static void of_octets(void **state)
{
    (void)state;
    static struct se_forms forms;
    const size_t lengths[] = {16, 32, 34, 64};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t octets[SE_KEY_MAX];
        size_t n = lengths[i];
        fill(octets, n, 0x21);
        SUCCEEDS(se_import_forms(fixture_se, octets, n, ALL, &forms, ERR));
        check(&forms, octets, n, n);
        SUCCEEDS(se_import_forms(fixture_se, octets, n, ALL | (unsigned)SE_FORM_PSK_OF_HALF, &forms, ERR));
        check(&forms, octets, n, n / 2);
    }
    assert_int_equal(counts.live, 0);
}

/* Of a PRF, as the exporter has it: octets 16 and on. */
static void of_the_prf(void **state)
{
    (void)state;
    static struct se_forms forms;
    uint8_t octets[96];
    uint8_t text[50];
    struct se_key *key = NULL;
    memcpy(text, seed[0].octets, 26);
    memcpy(text + 26, seed[1].octets, 24);
    reference_prf(master, sizeof master, text, sizeof text, octets, sizeof octets);
    SUCCEEDS(se_mint(fixture_se, master, sizeof master, &key, ERR));
    const size_t lengths[] = {32, 40, 64};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t n = lengths[i];
        SUCCEEDS(se_prf_forms(key, seed, 2, 16, n, ALL, &forms, ERR));
        check(&forms, octets + 16, n, n);
        SUCCEEDS(se_prf_forms(key, seed, 2, 16, n, ALL | (unsigned)SE_FORM_PSK_OF_HALF, &forms, ERR));
        check(&forms, octets + 16, n, n / 2);
    }
    se_key_unref(key);
    assert_int_equal(counts.live, 0);
}

/* What the grade promises: where the token derives, no octets of the key come out and none go in. */
static void inside(void **state)
{
    (void)state;
    static struct se_forms forms;
    struct se_description about;
    struct se_key *key = NULL;
    SUCCEEDS(se_describe(fixture_se, &about, ERR));
    SUCCEEDS(se_mint(fixture_se, master, sizeof master, &key, ERR));
    SUCCEEDS(se_prf_forms(key, seed, 2, 16, 32, ALL, &forms, ERR)); /* the token may have to be asked first */
    counts = (struct counts){.live = 1};
    SUCCEEDS(se_prf_forms(key, seed, 2, 16, 32, ALL, &forms, ERR));
    if (about.grade == SE_GRADE_DERIVE) {
        assert_int_equal(counts.hmac, 0);
        assert_int_equal(counts.mint, 0);
        assert_true(counts.step > 0);
    } else {
        assert_int_equal(counts.hmac, 4); /* once for all forms */
    }
    se_key_unref(key);
    assert_int_equal(counts.live, 0);
}

static void only_what_is_wanted(void **state)
{
    (void)state;
    static struct se_forms forms;
    uint8_t octets[32];
    fill(octets, sizeof octets, 9);
    SUCCEEDS(se_import_forms(fixture_se, octets, sizeof octets, SE_FORM_KEY, &forms, ERR));
    assert_true(forms.key.len > 0);
    assert_true(forms.psk.len + forms.half[0].len + forms.half[1].len + forms.psk13.derived.len == 0);
    FAILS(OM_EINTERNAL, se_import_forms(fixture_se, octets, 32, 0, &forms, ERR));
    FAILS(OM_EINTERNAL, se_import_forms(fixture_se, octets, 32, SE_FORM_PSK_OF_HALF, &forms, ERR));
    FAILS(OM_EINTERNAL, se_import_forms(fixture_se, octets, 32, 64, &forms, ERR));
    FAILS(OM_EINPUT, se_import_forms(fixture_se, octets, 31, SE_FORM_HALVES, &forms, ERR));
    FAILS(OM_EINPUT, se_import_forms(fixture_se, octets, 65, SE_FORM_KEY, &forms, ERR));
    assert_int_equal(forms.key.len, 0);
}

static void ranges_of_the_prf(void **state)
{
    (void)state;
    static struct se_forms forms;
    struct se_key *key = NULL;
    SUCCEEDS(se_mint(fixture_se, master, sizeof master, &key, ERR));
    FAILS(OM_EINPUT, se_prf_forms(key, seed, 2, 0, 24, SE_FORM_KEY, &forms, ERR));
    FAILS(OM_EINPUT, se_prf_forms(key, seed, 2, 0, 33, SE_FORM_KEY, &forms, ERR));
    FAILS(OM_EINPUT, se_prf_forms(key, seed, 2, 0, 72, SE_FORM_KEY, &forms, ERR));
    FAILS(OM_EINPUT, se_prf_forms(key, seed, 2, 65, 32, SE_FORM_KEY, &forms, ERR));
    se_key_unref(key);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_octets),           cmocka_unit_test(of_the_prf),        cmocka_unit_test(inside),
        cmocka_unit_test(only_what_is_wanted), cmocka_unit_test(ranges_of_the_prf),
    };
    fixture_kind(argc, argv);
    return cmocka_run_group_tests(tests, setup, fixture_teardown);
}
