/* The TLS 1.2 PRF with a token key, as octets and as a new key. */
#include "fixture.h"

#define SEED_MAX 512

/* The parts that libssl hands over for a master secret: label, randoms, and empty ones. */
static const uint8_t randoms[64] = {0x20, 0x21, 0x22};
static const struct se_part seed_parts[] = {
    {"master secret", 13}, {randoms, 32}, {NULL, 0}, {randoms + 32, 32}, {"", 0}};
#define SEED_PARTS (sizeof seed_parts / sizeof seed_parts[0])

static size_t join(const struct se_part *parts, size_t n_parts, uint8_t out[SEED_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < n_parts; i++) {
        assert_true(parts[i].len <= SEED_MAX - n);
        if (parts[i].len > 0)
            memcpy(out + n, parts[i].octets, parts[i].len);
        n += parts[i].len;
    }
    return n;
}

static struct se_key *mint(const uint8_t *octets, size_t n)
{
    struct se_key *key = NULL;
    SUCCEEDS(se_mint(fixture_se, octets, n, &key, ERR));
    return key;
}

static struct se_key *load_psk(const uint8_t *octets, size_t n)
{
    struct se_blob blob;
    struct se_key *key = NULL;
    SUCCEEDS(se_import_psk(fixture_se, octets, n, &blob, ERR));
    SUCCEEDS(se_load(fixture_se, &blob, SE_USE_TLS12_PSK, &key, ERR));
    return key;
}

static void output_of_any_length(void **state)
{
    (void)state;
    static uint8_t got[4097];
    static uint8_t want[4096];
    uint8_t octets[48];
    uint8_t seed[SEED_MAX];
    fill(octets, sizeof octets, 0x51);
    size_t seed_len = join(seed_parts, SEED_PARTS, seed);
    struct se_key *key = mint(octets, sizeof octets);
    const size_t lengths[] = {1, 12, 31, 32, 33, 48, 64, 65, 104, 4096};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t n = lengths[i];
        memset(got, 0xee, sizeof got);
        SUCCEEDS(se_prf(key, seed_parts, SEED_PARTS, got, n, ERR));
        reference_prf(octets, sizeof octets, seed, seed_len, want, n);
        assert_memory_equal(got, want, n);
        assert_int_equal(got[n], 0xee); /* nothing written beyond */
    }
    FAILS(OM_EINPUT, se_prf(key, seed_parts, SEED_PARTS, got, 0, ERR));
    FAILS(OM_EINPUT, se_prf(key, seed_parts, SEED_PARTS, got, 4097, ERR));
    se_key_unref(key);
}

/* All the labels that TLS and the exporter use, with keys of several lengths. */
static void labels_and_keys(void **state)
{
    (void)state;
    static const char *const labels[] = {"master secret",
                                         "extended master secret",
                                         "key expansion",
                                         "client finished",
                                         "server finished",
                                         "EXPORTER-oneM2M-Bootstrap",
                                         "x",
                                         "EXPORTER-oneM2M-Connection",
                                         "EXPORTER-oneM2M-ESCertKE"};
    const size_t key_lengths[] = {5, 20, 32, 48, 64};
    for (size_t k = 0; k < sizeof key_lengths / sizeof key_lengths[0]; k++) {
        uint8_t octets[SE_KEY_MAX];
        fill(octets, key_lengths[k], 0x61);
        struct se_key *key = mint(octets, key_lengths[k]);
        for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
            const struct se_part parts[] = {
                {labels[i], strlen(labels[i])}, {randoms, 32}, {randoms + 32, 32}};
            uint8_t seed[SEED_MAX];
            uint8_t got[48];
            uint8_t want[48];
            SUCCEEDS(se_prf(key, parts, 3, got, sizeof got, ERR));
            reference_prf(octets, key_lengths[k], seed, join(parts, 3, seed), want, sizeof want);
            assert_memory_equal(got, want, sizeof want);
        }
        se_key_unref(key);
    }
}

static void derived_key_is_a_slice_of_the_output(void **state)
{
    (void)state;
    uint8_t octets[48];
    uint8_t seed[SEED_MAX];
    uint8_t want[96];
    fill(octets, sizeof octets, 0x71);
    reference_prf(octets, sizeof octets, seed, join(seed_parts, SEED_PARTS, seed), want, sizeof want);
    struct se_key *key = mint(octets, sizeof octets);
    const size_t slices[][2] = {{0, 16},  {0, 32},  {0, 48},  {0, 64},  {16, 16}, {16, 32}, {16, 48}, {1, 31},
                                {31, 33}, {32, 32}, {32, 64}, {40, 20}, {64, 32}, {80, 16}, {33, 63}};
    for (size_t i = 0; i < sizeof slices / sizeof slices[0]; i++) {
        struct se_key *derived = NULL;
        struct se_blob blob;
        struct om_secret value = OM_SECRET_INIT;
        size_t offset = slices[i][0];
        size_t n = slices[i][1];
        SUCCEEDS(se_prf_key(key, seed_parts, SEED_PARTS, offset, n, &derived, ERR));
        assert_int_equal(se_key_len(derived), n);
        KEY_IS(derived, want + offset, n);
        SUCCEEDS(se_seal_key(derived, &blob, ERR));
        se_key_unref(derived);
        SUCCEEDS(se_unseal(fixture_se, &blob, &value, ERR));
        assert_int_equal(value.len, n);
        assert_memory_equal(value.octets, want + offset, n);
        om_secret_free(&value);
    }
    const size_t wrong[][2] = {{0, 15},  {0, 65},  {0, 0},         {81, 16},
                               {64, 33}, {96, 16}, {SIZE_MAX, 16}, {SIZE_MAX - 15, 16}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct se_key *derived = NULL;
        FAILS(OM_EINPUT, se_prf_key(key, seed_parts, SEED_PARTS, wrong[i][0], wrong[i][1], &derived, ERR));
        assert_null(derived);
    }
    se_key_unref(key);
}

/* Twice: a token that cannot derive says so at the first call, and is not asked again. */
static void head_and_key_are_one_output(void **state)
{
    (void)state;
    uint8_t octets[48];
    uint8_t seed[SEED_MAX];
    uint8_t want[96];
    uint8_t head[SE_KEY_MAX];
    struct se_key *derived = NULL;
    fill(octets, sizeof octets, 0x72);
    reference_prf(octets, sizeof octets, seed, join(seed_parts, SEED_PARTS, seed), want, sizeof want);
    struct se_key *key = mint(octets, sizeof octets);
    const size_t cuts[][2] = {{16, 32}, {16, 32}, {1, 16}, {32, 32}, {32, 64}, {64, 32}, {33, 63}};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        SUCCEEDS(
            se_prf_head_and_key(key, seed_parts, SEED_PARTS, head, cuts[i][0], cuts[i][1], &derived, ERR));
        assert_memory_equal(head, want, cuts[i][0]);
        KEY_IS(derived, want + cuts[i][0], cuts[i][1]);
        se_key_unref(derived);
    }
    const size_t wrong[][2] = {{0, 32}, {65, 16}, {16, 15}, {16, 65}, {64, 33}, {SIZE_MAX - 15, 16}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        FAILS(OM_EINPUT, se_prf_head_and_key(key, seed_parts, SEED_PARTS, head, wrong[i][0], wrong[i][1],
                                             &derived, ERR));
        assert_null(derived);
    }
    se_key_unref(key);
}

/* A whole session in the token: PSK -> master secret -> exported key -> blob -> loaded key. */
static void chain_of_derivations(void **state)
{
    (void)state;
    uint8_t psk[24];
    uint8_t premaster[4 + 2 * sizeof psk] = {0};
    uint8_t master[48];
    uint8_t exported[48];
    uint8_t seed[SEED_MAX];
    const struct se_part exporter[] = {{"EXPORTER-oneM2M-Connection", 26}, {randoms, 64}};
    fill(psk, sizeof psk, 0x33);
    premaster[1] = premaster[3 + sizeof psk] = sizeof psk;
    memcpy(premaster + 4 + sizeof psk, psk, sizeof psk);
    reference_prf(premaster, sizeof premaster, seed, join(seed_parts, SEED_PARTS, seed), master,
                  sizeof master);
    reference_prf(master, sizeof master, seed, join(exporter, 2, seed), exported, sizeof exported);

    struct se_key *key = load_psk(psk, sizeof psk);
    struct se_key *session = NULL;
    struct se_key *kc = NULL;
    struct se_key *loaded = NULL;
    struct se_blob blob;
    uint8_t id[16];
    SUCCEEDS(se_prf_key(key, seed_parts, SEED_PARTS, 0, 48, &session, ERR));
    se_key_unref(key); /* the session does not need it any more */
    KEY_IS(session, master, sizeof master);
    SUCCEEDS(se_prf(session, exporter, 2, id, sizeof id, ERR));
    assert_memory_equal(id, exported, sizeof id);
    SUCCEEDS(se_prf_key(session, exporter, 2, 16, 32, &kc, ERR));
    se_key_unref(session);
    SUCCEEDS(se_wrap(kc, SE_USE_HMAC, &blob, ERR));
    se_key_unref(kc);
    SUCCEEDS(se_load(fixture_se, &blob, SE_USE_HMAC, &loaded, ERR));
    KEY_IS(loaded, exported + 16, 32);
    FAILS(OM_EDENIED, se_wrap(loaded, SE_USE_HMAC, &blob, ERR));
    se_key_unref(loaded);
}

static void seed_has_room_for_one_more_part(void **state)
{
    (void)state;
    uint8_t octets[32] = {1};
    uint8_t seed[SEED_MAX];
    uint8_t got[48];
    uint8_t want[48];
    struct se_key *derived = NULL;
    struct se_part parts[SE_PARTS_MAX];
    for (size_t i = 0; i < SE_PARTS_MAX; i++)
        parts[i] = (struct se_part){"part", 1 + i % 4};
    struct se_key *key = mint(octets, sizeof octets);
    SUCCEEDS(se_prf(key, parts, SE_PARTS_MAX - 1, got, sizeof got, ERR));
    reference_prf(octets, sizeof octets, seed, join(parts, SE_PARTS_MAX - 1, seed), want, sizeof want);
    assert_memory_equal(got, want, sizeof want);
    FAILS(OM_EINTERNAL, se_prf(key, parts, SE_PARTS_MAX, got, sizeof got, ERR));
    FAILS(OM_EINTERNAL, se_prf_key(key, parts, SE_PARTS_MAX, 0, 32, &derived, ERR));
    se_key_unref(key);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_of_any_length),
        cmocka_unit_test(labels_and_keys),
        cmocka_unit_test(derived_key_is_a_slice_of_the_output),
        cmocka_unit_test(head_and_key_are_one_output),
        cmocka_unit_test(chain_of_derivations),
        cmocka_unit_test(seed_has_room_for_one_more_part),
    };
    return cmocka_run_group_tests_name("se prf", tests, fixture_setup, fixture_teardown);
}
