/* What the front end asks of a plug-in: no HMAC more than the PRF needs, and no second question after
 * OM_EUNSUPPORTED. */
#include "counting.h"
#include "fixture.h"
#include "se/internal.h"

static int setup(void **state)
{
    (void)fixture_setup(state);
    counting_install(fixture_se);
    return 0;
}

/* A key, with the token forgetful of what it answered before and the counters at zero. */
static struct se_key *start(void)
{
    uint8_t octets[32] = {4};
    struct se_key *key = NULL;
    fixture_se->no_prf = fixture_se->no_prf_key = false;
    SUCCEEDS(se_mint(fixture_se, octets, sizeof octets, &key, ERR));
    counts.hmac = counts.prf = counts.prf_key = 0;
    return key;
}

static const struct se_part seed = {"label and randoms", 17};

static void prf_takes_the_fewest_hmacs(void **state)
{
    (void)state;
    static uint8_t out[96];
    const unsigned want[][2] = {{1, 2}, {12, 2}, {32, 2}, {33, 4}, {48, 4}, {64, 4}, {96, 6}};
    struct se_key *key = start();
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        SUCCEEDS(se_prf(key, &seed, 1, out, want[i][0], ERR));
        assert_int_equal(counts.hmac, want[i][1]);
        counts.hmac = 0;
    }
    se_key_unref(key);
}

static void derived_key_takes_the_fewest_hmacs(void **state)
{
    (void)state;
    const unsigned want[][3] = {{0, 48, 4}, {16, 32, 4}, {0, 32, 2}, {32, 32, 3}, {64, 32, 4}, {40, 20, 3}};
    struct se_key *key = start();
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        struct se_key *derived = NULL;
        SUCCEEDS(se_prf_key(key, &seed, 1, want[i][0], want[i][1], &derived, ERR));
        assert_int_equal(counts.hmac, want[i][2]);
        counts.hmac = 0;
        se_key_unref(derived);
    }
    se_key_unref(key);
    assert_int_equal(counts.live, 0);
}

/* What an exporter takes: the first block serves the identifier and the key. */
static void head_and_key_take_the_fewest_hmacs(void **state)
{
    (void)state;
    uint8_t head[32];
    const unsigned want[][3] = {{16, 32, 4}, {16, 16, 2}, {32, 32, 4}, {32, 64, 6}};
    struct se_key *key = start();
    fixture_se->no_prf_key = true; /* as after the first call */
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        struct se_key *derived = NULL;
        SUCCEEDS(se_prf_head_and_key(key, &seed, 1, head, want[i][0], want[i][1], &derived, ERR));
        assert_int_equal(counts.hmac, want[i][2]);
        counts.hmac = 0;
        se_key_unref(derived);
    }
    se_key_unref(key);
    assert_int_equal(counts.live, 0);
}

static void unsupported_is_asked_once(void **state)
{
    (void)state;
    uint8_t out[48];
    struct se_key *key = start();
    for (int i = 0; i < 3; i++) {
        struct se_key *derived = NULL;
        SUCCEEDS(se_prf(key, &seed, 1, out, sizeof out, ERR));
        SUCCEEDS(se_prf_key(key, &seed, 1, 0, sizeof out, &derived, ERR));
        KEY_IS(derived, out, sizeof out);
        se_key_unref(derived);
    }
    assert_int_equal(counts.prf, 1);
    assert_int_equal(counts.prf_key, 1);
    se_key_unref(key);
}

static void absent_operations_are_not_called(void **state)
{
    (void)state;
    uint8_t out[48];
    struct se_key *derived = NULL;
    struct se_description d;
    struct se_key *key = start();
    struct se_plugin without = *fixture_se->plugin;
    const struct se_plugin *with = fixture_se->plugin;
    without.prf = NULL;
    without.prf_key = NULL;
    fixture_se->plugin = &without;
    SUCCEEDS(se_prf(key, &seed, 1, out, sizeof out, ERR));
    SUCCEEDS(se_prf_key(key, &seed, 1, 0, sizeof out, &derived, ERR));
    KEY_IS(derived, out, sizeof out);
    SUCCEEDS(se_describe(fixture_se, &d, ERR));
    assert_int_equal(d.grade, SE_GRADE_HMAC);
    fixture_se->plugin = with;
    assert_int_equal(counts.prf + counts.prf_key, 0);
    se_key_unref(derived);
    se_key_unref(key);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prf_takes_the_fewest_hmacs),
        cmocka_unit_test(derived_key_takes_the_fewest_hmacs),
        cmocka_unit_test(head_and_key_take_the_fewest_hmacs),
        cmocka_unit_test(unsupported_is_asked_once),
        cmocka_unit_test(absent_operations_are_not_called),
    };
    return cmocka_run_group_tests_name("se calls", tests, setup, fixture_teardown);
}
