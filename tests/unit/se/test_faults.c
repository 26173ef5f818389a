/* A token that fails now and then: every failure is reported as what it is, nothing is half done, and no
 * token object is left behind. Faults are drawn from seeds, so a failure can be repeated. */
#include "counting.h"
#include "fixture.h"
#include "se/cache.h"
#include "se/internal.h"

#define SEEDS 200

static unsigned failures;

/* Opens the suite's token with faults in about one call of four. */
static struct se *open_faulty(unsigned seed)
{
    char uri[sizeof fixture_token->uri + 64];
    struct se *se = NULL;
    (void)snprintf(uri, sizeof uri, "%s&fail-every=4&seed=%u", fixture_token->uri, seed);
    SUCCEEDS(se_open(uri, NULL, test_plugin_dir(), &se, ERR));
    counting_install(se);
    return se;
}

/* True when the call succeeded; a failure must be the injected one. */
static bool worked(om_rc rc)
{
    if (rc == OM_OK)
        return true;
    FAILS(OM_ETRANSIENT, rc);
    assert_non_null(strstr(fixture_err.text, "injected fault"));
    failures++;
    return false;
}

static const uint8_t octets[32] = {1, 2, 3};
static const struct se_part part = {"a message", 9};

static void use_blobs(struct se *se)
{
    struct se_blob blob = {.len = 99};
    struct om_secret value = OM_SECRET_INIT;
    struct se_key *key = NULL;
    if (!worked(se_import(se, SE_USE_HMAC, octets, sizeof octets, &blob, ERR)))
        assert_int_equal(blob.len, 0);
    else if (worked(se_load(se, &blob, SE_USE_HMAC, &key, ERR)))
        se_key_unref(key);
    else
        assert_null(key);
    if (!worked(se_seal(se, octets, sizeof octets, &blob, ERR)))
        assert_int_equal(blob.len, 0);
    else if (worked(se_unseal(se, &blob, &value, ERR)))
        assert_memory_equal(value.octets, octets, sizeof octets);
    else
        assert_null(value.octets);
    om_secret_free(&value);
    if (!worked(se_generate(se, SE_USE_HMAC, 32, &blob, ERR)))
        assert_int_equal(blob.len, 0);
    if (!worked(se_import_psk(se, octets, sizeof octets, &blob, ERR)))
        assert_int_equal(blob.len, 0);
}

static void use_keys(struct se *se)
{
    uint8_t out[48];
    uint8_t want[48];
    struct se_key *key = NULL;
    struct se_key *derived = NULL;
    struct se_blob blob;
    if (!worked(se_mint(se, octets, sizeof octets, &key, ERR)))
        return;
    reference_prf(octets, sizeof octets, part.octets, part.len, want, sizeof want);
    if (worked(se_prf(key, &part, 1, out, sizeof out, ERR)))
        assert_memory_equal(out, want, sizeof want);
    if (worked(se_prf_key(key, &part, 1, 0, 48, &derived, ERR)))
        (void)worked(se_seal_key(derived, &blob, ERR));
    else
        assert_null(derived);
    se_key_unref(derived);
    (void)worked(se_hmac(key, &part, 1, out, ERR));
    (void)worked(se_wrap(key, SE_USE_HMAC, &blob, ERR));
    se_key_unref(key);
}

static void use_forms(struct se *se)
{
    static const struct se_forms none;
    static struct se_forms forms;
    const unsigned wanted = SE_FORM_KEY | SE_FORM_PSK | SE_FORM_PSK13 | SE_FORM_HALVES;
    struct se_key *key = NULL;
    if (!worked(se_import_forms(se, octets, sizeof octets, wanted, &forms, ERR)))
        assert_memory_equal(&forms, &none, sizeof forms);
    if (!worked(se_mint(se, octets, sizeof octets, &key, ERR)))
        return;
    if (!worked(se_prf_forms(key, &part, 1, 16, 32, wanted, &forms, ERR)))
        assert_memory_equal(&forms, &none, sizeof forms);
    assert_int_equal(counts.live, 1);
    se_key_unref(key);
}

static void use_token(struct se *se)
{
    uint8_t id[8];
    uint8_t out[16];
    struct se_description d;
    (void)worked(se_provision(se, ERR));
    (void)worked(se_describe(se, &d, ERR));
    (void)worked(se_health(se, ERR));
    (void)worked(se_random(se, out, sizeof out, ERR));
    (void)worked(se_root_id(se, id, ERR));
}

static void nothing_is_left_behind(void **state)
{
    (void)state;
    failures = 0;
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        struct se *se = open_faulty(seed);
        use_token(se);
        use_blobs(se);
        use_keys(se);
        use_forms(se);
        assert_null(se->keys);
        assert_int_equal(counts.live, 0);
        se_close(se);
    }
    assert_true(failures > SEEDS);
}

/* A failed load changes nothing but the order; a later one succeeds. */
static void cache_survives(void **state)
{
    (void)state;
    struct se_blob blobs[4];
    for (size_t i = 0; i < 4; i++)
        SUCCEEDS(se_import(fixture_se, SE_USE_HMAC, octets, 1 + i, &blobs[i], ERR));
    failures = 0;
    struct se *se = open_faulty(7);
    struct se_cache *cache = NULL;
    struct se_cache_stats stats;
    SUCCEEDS(se_cache_new(se, 2, &cache, ERR));
    for (unsigned i = 0; i < 1000; i++) {
        const char name[2] = {(char)('a' + i % 3), '\0'};
        struct se_key *key = NULL;
        size_t which = (i / 7) % 4;
        if (worked(se_cache_load(cache, name, &blobs[which], SE_USE_HMAC, &key, ERR)))
            assert_int_equal(se_key_len(key), 1 + which);
        else
            assert_null(key);
        se_key_unref(key);
        se_cache_stats(cache, &stats);
        assert_true(stats.loaded <= 2);
        assert_int_equal(counts.live, stats.loaded);
    }
    assert_true(failures > 100);
    se_cache_free(cache);
    assert_int_equal(counts.live, 0);
    se_close(se);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_left_behind),
        cmocka_unit_test(cache_survives),
    };
    return cmocka_run_group_tests_name("se faults", tests, fixture_setup, fixture_teardown);
}
