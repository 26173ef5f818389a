/* The token as a whole: opening, provisioning, finding the root keys again, closing. */
#include "fixture.h"

static int fresh_setup(void **state)
{
    (void)state;
    fixture_token = fixture_new_token();
    fixture_se = fixture_open();
    return 0;
}

static void unprovisioned_is_refused(void **state)
{
    (void)state;
    uint8_t octets[32] = {1};
    uint8_t mac[SE_MAC_SIZE];
    struct se_blob blob;
    struct se_description d;
    SUCCEEDS(se_describe(fixture_se, &d, ERR));
    assert_false(d.provisioned);
    FAILS(OM_ECONFIG, se_import(fixture_se, SE_USE_HMAC, octets, sizeof octets, &blob, ERR));
    FAILS(OM_ECONFIG, se_seal(fixture_se, octets, sizeof octets, &blob, ERR));
    FAILS(OM_ECONFIG, se_row_mac(fixture_se, NULL, 0, mac, ERR));
    FAILS(OM_ECONFIG, se_health(fixture_se, ERR));
}

static void provision_is_idempotent(void **state)
{
    (void)state;
    uint8_t first[8];
    uint8_t again[8];
    SUCCEEDS(se_provision(fixture_se, ERR));
    SUCCEEDS(se_root_id(fixture_se, first, ERR));
    SUCCEEDS(se_provision(fixture_se, ERR));
    SUCCEEDS(se_root_id(fixture_se, again, ERR));
    assert_memory_equal(first, again, sizeof first);
    SUCCEEDS(se_health(fixture_se, ERR));
}

static void import_one(struct se *se, struct se_blob *wrapped, struct se_blob *sealed, uint8_t octets[32])
{
    fill(octets, 32, 0x40);
    SUCCEEDS(se_import(se, SE_USE_HMAC, octets, 32, wrapped, ERR));
    SUCCEEDS(se_seal(se, octets, 32, sealed, ERR));
}

static void check_one(struct se *se, const struct se_blob *wrapped, const struct se_blob *sealed,
                      const uint8_t octets[32])
{
    struct se_key *key = NULL;
    struct om_secret value = OM_SECRET_INIT;
    SUCCEEDS(se_load(se, wrapped, SE_USE_HMAC, &key, ERR));
    KEY_IS(key, octets, 32);
    se_key_unref(key);
    SUCCEEDS(se_unseal(se, sealed, &value, ERR));
    assert_int_equal(value.len, 32);
    assert_memory_equal(value.octets, octets, 32);
    om_secret_free(&value);
}

static void another_session_finds_the_same_roots(void **state)
{
    (void)state;
    struct se_blob wrapped;
    struct se_blob sealed;
    uint8_t octets[32];
    uint8_t id[8];
    uint8_t other_id[8];
    import_one(fixture_se, &wrapped, &sealed, octets);
    SUCCEEDS(se_root_id(fixture_se, id, ERR));

    struct se *other = fixture_open(); /* while the first is open */
    SUCCEEDS(se_provision(other, ERR));
    SUCCEEDS(se_root_id(other, other_id, ERR));
    assert_memory_equal(id, other_id, sizeof id);
    check_one(other, &wrapped, &sealed, octets);
    se_close(other);
    check_one(fixture_se, &wrapped, &sealed, octets); /* the first is still logged in */

    se_close(fixture_se); /* nobody is left: the next one starts from nothing */
    fixture_se = fixture_open();
    struct se_description d;
    SUCCEEDS(se_describe(fixture_se, &d, ERR));
    assert_true(d.provisioned);
    SUCCEEDS(se_root_id(fixture_se, other_id, ERR));
    assert_memory_equal(id, other_id, sizeof id);
    check_one(fixture_se, &wrapped, &sealed, octets);
}

static void description_is_complete(void **state)
{
    (void)state;
    struct se_description d;
    SUCCEEDS(se_describe(fixture_se, &d, ERR));
    assert_true(d.plugin[0] != '\0' && d.label[0] != '\0' && d.module[0] != '\0' && d.algorithms[0] != '\0');
    assert_string_equal(d.state, "");
    assert_true(d.grade == SE_GRADE_HMAC || d.grade == SE_GRADE_DERIVE);
    print_message("%s %s: grade %d, quirks \"%s\"%s\n", d.plugin, d.model, (int)d.grade, d.quirks,
                  d.test_only ? ", for tests only" : "");
}

static void random_octets_differ(void **state)
{
    (void)state;
    static uint8_t a[4096];
    static uint8_t b[4096];
    SUCCEEDS(se_random(fixture_se, a, sizeof a, ERR));
    SUCCEEDS(se_random(fixture_se, b, sizeof b, ERR));
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a, a + sizeof a / 2, sizeof a / 2);
    SUCCEEDS(se_random(fixture_se, a, 0, ERR));
    FAILS(OM_EINPUT, se_random(fixture_se, a, sizeof a + 1, ERR));
}

static void row_mac_covers_all_parts(void **state)
{
    (void)state;
    uint8_t whole[SE_MAC_SIZE];
    uint8_t split[SE_MAC_SIZE];
    uint8_t other[SE_MAC_SIZE];
    const struct se_part one = {"table|row|value", 15};
    const struct se_part parts[SE_PARTS_MAX] = {{"table", 5}, {"", 0},   {"|row", 4}, {NULL, 0},
                                                {"|", 1},     {"va", 2}, {"lu", 2},   {"e", 1}};
    const struct se_part changed = {"table|row|valuf", 15};
    SUCCEEDS(se_row_mac(fixture_se, &one, 1, whole, ERR));
    SUCCEEDS(se_row_mac(fixture_se, parts, SE_PARTS_MAX, split, ERR));
    assert_memory_equal(whole, split, sizeof whole);
    SUCCEEDS(se_row_mac(fixture_se, &changed, 1, other, ERR));
    assert_memory_not_equal(whole, other, sizeof whole);
    FAILS(OM_EINTERNAL, se_row_mac(fixture_se, parts, SE_PARTS_MAX + 1, whole, ERR));
}

/* References that outlive their token are inert: every operation refuses, none crashes. */
static void close_leaves_keys_inert(void **state)
{
    (void)state;
    struct se *se = fixture_open();
    uint8_t octets[32] = {7};
    uint8_t out[SE_MAC_SIZE];
    const struct se_part part = {"x", 1};
    struct se_key *minted = NULL;
    struct se_key *loaded = NULL;
    struct se_key *derived = NULL;
    struct se_blob blob;
    SUCCEEDS(se_mint(se, octets, sizeof octets, &minted, ERR));
    SUCCEEDS(se_wrap(minted, SE_USE_HMAC, &blob, ERR));
    SUCCEEDS(se_load(se, &blob, SE_USE_HMAC, &loaded, ERR));
    assert_ptr_equal(se_key_se(loaded), se);
    se_close(se);

    assert_null(se_key_se(minted));
    FAILS(OM_EINTERNAL, se_hmac(loaded, &part, 1, out, ERR));
    FAILS(OM_EINTERNAL, se_prf(loaded, &part, 1, out, sizeof out, ERR));
    FAILS(OM_EINTERNAL, se_prf_key(loaded, &part, 1, 0, 32, &derived, ERR));
    FAILS(OM_EINTERNAL, se_wrap(minted, SE_USE_HMAC, &blob, ERR));
    FAILS(OM_EINTERNAL, se_seal_key(minted, &blob, ERR));
    se_key_unref(se_key_ref(loaded));
    se_key_unref(loaded);
    se_key_unref(minted);
    se_key_unref(NULL);
    se_close(NULL);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unprovisioned_is_refused),
        cmocka_unit_test(provision_is_idempotent),
        cmocka_unit_test(another_session_finds_the_same_roots),
        cmocka_unit_test(description_is_complete),
        cmocka_unit_test(random_octets_differ),
        cmocka_unit_test(row_mac_covers_all_parts),
        cmocka_unit_test(close_leaves_keys_inert),
    };
    return cmocka_run_group_tests_name("se token", tests, fresh_setup, fixture_teardown);
}
