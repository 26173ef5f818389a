/* A process that promised to use tokens on one thread gets modules without locks, and they work; another gets
 * them with locks. */
#include "fixture.h"

static const struct se_part text = {"message", 7};
static const uint8_t octets[32] = {1, 2, 3, 4};

static void use_once(uint8_t mac[SE_MAC_SIZE])
{
    struct se_token *tok = NULL;
    se_handle key = 0;
    SUCCEEDS(fixture_try(fixture_troubled_uri(), fixture_token->pin_source, &tok));
    SUCCEEDS(plugin->key_mint(tok, octets, sizeof octets, &key, ERR));
    SUCCEEDS(plugin->hmac(tok, key, &text, 1, mac, ERR));
    plugin->key_free(tok, key);
    plugin->close(tok);
}

static void a_promise_leaves_locks_out(void **state)
{
    (void)state;
    uint8_t with[SE_MAC_SIZE], without[SE_MAC_SIZE];
    use_once(with);
    assert_int_equal(trouble()->initialize_flags, CKF_OS_LOCKING_OK);
    plugin->one_thread();
    use_once(without);
    assert_int_equal(trouble()->initialize_flags, 0);
    assert_memory_equal(with, without, sizeof with);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_promise_leaves_locks_out, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
