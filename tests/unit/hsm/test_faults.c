/* Calls into the token fail at random, from a seed: whatever fails is an error of the right kind, nothing
 * crashes, no result is wrong, and no object stays behind. */
#include "fixture.h"

#define ROUNDS 400

static const struct se_part text[] = {{"some", 4}, {" message", 8}};
static const uint8_t octets[32] = {1, 2, 3, 4, 5};

static bool passed(om_rc rc)
{
    if (rc != OM_OK && rc != OM_ETRANSIENT)
        FAILS(trouble()->rv == CKR_DEVICE_MEMORY ? OM_ENOMEM : OM_ETRANSIENT, rc);
    return rc == OM_OK;
}

static void use(struct se_token *tok, se_handle key, const uint8_t expected[SE_MAC_SIZE])
{
    uint8_t mac[SE_MAC_SIZE], out[32];
    size_t n = SE_BLOB_MAX;
    uint8_t blob[SE_BLOB_MAX];
    if (passed(plugin->hmac(tok, key, text, 2, mac, ERR)))
        assert_memory_equal(mac, expected, sizeof mac);
    if (passed(plugin->key_wrap(tok, SE_ROOT_SEAL, key, blob, &n, ERR)) &&
        passed(plugin->unseal(tok, blob, n, out, sizeof out, ERR)))
        assert_memory_equal(out, octets, sizeof out);
}

static void derive(struct se_token *tok, se_handle key)
{
    se_handle derived = 0;
    om_rc rc = plugin->prf_key(tok, key, text, 2, 16, 33, &derived, ERR);
    if (rc == OM_EUNSUPPORTED)
        return;
    if (passed(rc))
        plugin->key_free(tok, derived);
}

static void one_round(struct se_token *tok, const uint8_t *blob, size_t n,
                      const uint8_t expected[SE_MAC_SIZE])
{
    se_handle minted = 0, loaded = 0, made = 0;
    uint8_t mac[SE_MAC_SIZE];
    if (passed(plugin->key_mint(tok, octets, sizeof octets, &minted, ERR))) {
        use(tok, minted, expected);
        derive(tok, minted);
        plugin->key_free(tok, minted);
    }
    if (passed(plugin->key_load(tok, blob, n, sizeof octets, &loaded, ERR))) {
        if (passed(plugin->hmac(tok, loaded, text, 2, mac, ERR)))
            assert_memory_equal(mac, expected, sizeof mac);
        plugin->key_free(tok, loaded);
    }
    if (passed(plugin->key_generate(tok, 32, &made, ERR)))
        plugin->key_free(tok, made);
    (void)passed(plugin->row_mac(tok, text, 2, mac, ERR));
    (void)passed(plugin->health(tok, ERR));
}

static void run(unsigned one_in, CK_RV rv, uint64_t seed)
{
    uint8_t blob[SE_BLOB_MAX], expected[SE_MAC_SIZE];
    size_t n = sizeof blob;
    se_handle key = 0;
    struct se_token *tok = NULL;
    SUCCEEDS(fixture_try(fixture_troubled_uri(), fixture_token->pin_source, &tok));
    SUCCEEDS(plugin->provision(tok, ERR));
    SUCCEEDS(plugin->key_mint(tok, octets, sizeof octets, &key, ERR));
    SUCCEEDS(plugin->key_wrap(tok, SE_ROOT_WRAP, key, blob, &n, ERR));
    SUCCEEDS(plugin->hmac(tok, key, text, 2, expected, ERR));
    plugin->key_free(tok, key);
    CK_SESSION_HANDLE session = raw_session();
    size_t objects = raw_count(session, false, NULL);

    struct trouble *t = trouble();
    t->seed = seed;
    t->rv = rv;
    t->one_in = one_in;
    for (int i = 0; i < ROUNDS; i++)
        one_round(tok, blob, n, expected);
    t->one_in = 0;
    assert_true(t->failed > ROUNDS / one_in);
    SUCCEEDS(plugin->health(tok, ERR));                     /* the session is there again ... */
    SUCCEEDS(plugin->row_mac(tok, text, 2, expected, ERR)); /* ... and what could not be destroyed is */
    assert_int_equal(raw_count(session, false, NULL), objects);
    assert_int_equal(raw_count(session, true, NULL), 3);
    plugin->close(tok);
}

static void device_errors(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++)
        run(11, CKR_DEVICE_ERROR, seed * 7919);
    run(3, CKR_DEVICE_ERROR, 4711);
}

static void device_memory(void **state)
{
    (void)state;
    run(7, CKR_DEVICE_MEMORY, 12345);
}

static void lost_sessions(void **state)
{
    (void)state;
    run(101, CKR_SESSION_HANDLE_INVALID, 54321);
}

/* The module is closed properly after an open that failed anywhere: the next one works. */
static void open_and_provision_fail_cleanly(void **state)
{
    (void)state;
    struct trouble *t = trouble();
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct se_token *tok = NULL;
        t->seed = seed * 7919;
        t->rv = CKR_DEVICE_ERROR;
        t->one_in = 20;
        if (passed(fixture_try(fixture_troubled_uri(), fixture_token->pin_source, &tok)))
            (void)passed(plugin->provision(tok, ERR));
        t->one_in = 0;
        plugin->close(tok);
    }
    struct se_token *tok = fixture_open_provisioned();
    CK_SESSION_HANDLE session = raw_session();
    assert_int_equal(raw_count(session, true, NULL), 3);
    plugin->close(tok);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(device_errors),
        TEST(device_memory),
        TEST(lost_sessions),
        TEST(open_and_provision_fail_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
