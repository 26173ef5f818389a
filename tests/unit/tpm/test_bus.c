/* What goes over the bus: how many commands, no key in clear, nothing that stays in the TPM. */
#include "work.h"

/* No operation leaves anything behind, and none sends more commands than it has to: with encryption a session
 * is begun and one is ended by its last command, and a key is loaded and flushed. */
static void commands_of_each_operation(void **state)
{
    (void)state;
    static const struct {
        unsigned encrypted, plain;
    } want[N_OPERATIONS] = {
        [OP_RANDOM] = {1 + 4, 4},
        [OP_MINT] = {1 + 2, 2},
        [OP_GENERATE] = {1 + 1, 1},
        [OP_WRAP] = {1 + 1, 1},
        [OP_SEAL] = {1 + 1, 1},
        [OP_LOAD] = {1 + 3, 3},
        [OP_UNSEAL] = {1 + 3, 3},
        [OP_HMAC] = {1 + 3, 3},
        [OP_HMAC_LONG] = {1 + 2 + 4 + 1, 2 + 4},
        [OP_ROW] = {1 + 1, 1},
        [OP_PRF] = {1 + 1 + 4 + 1, 1 + 4 + 1},
        [OP_HEALTH] = {1 + 1, 1},
        [OP_DESCRIBE] = {1, 1},
    };
    for (int plain = 0; plain < 2; plain++) {
        struct work w;
        work_begin(&w, plain ? ";encrypt=no" : "");
        for (enum operation op = 0; op < N_OPERATIONS; op++) {
            bus_set(NULL);
            SUCCEEDS(work_do(&w, op));
            print_message("%s%s: %u commands\n", operation_names[op], plain ? " in clear" : "", bus_count(0));
            assert_int_equal(bus_count(0), plain ? want[op].plain : want[op].encrypted);
            raw_expect_clean();
        }
        work_end(&w);
    }
}

/* A handshake with custody = psk needs one PRF of 48 octets. */
static void a_handshake_takes_at_most_eight_commands(void **state)
{
    (void)state;
    struct work w;
    struct se_description before, after;
    work_begin(&w, "");
    SUCCEEDS(plugin->describe(w.tok, &before, ERR));
    SUCCEEDS(work_do(&w, OP_PRF));
    SUCCEEDS(plugin->describe(w.tok, &after, ERR));
    assert_true(after.commands - before.commands - 1 <= 8); /* 1: describe's own */
    work_end(&w);
}

static void all_operations(const char *attributes)
{
    struct work w;
    work_begin(&w, attributes);
    for (enum operation op = 0; op < N_OPERATIONS; op++)
        SUCCEEDS(work_do(&w, op));
    work_end(&w);
}

static void no_key_is_on_the_bus(void **state)
{
    (void)state;
    all_operations("");
    assert_false(bus_carried(work_octets, sizeof work_octets));
    for (size_t at = 0; at + 16 <= sizeof work_octets; at++) /* nor a part of it */
        assert_false(bus_carried(work_octets + at, 16));
    all_operations(";encrypt=no"); /* where it is: the search would have found it */
    assert_true(bus_carried(work_octets, sizeof work_octets));
}

/* Others' objects fill the TPM: leftovers of a process that died, as nobody else can be at work. */
static void leftovers_are_swept_away(void **state)
{
    (void)state;
    struct work w;
    work_begin(&w, "");
    for (enum operation op = 0; op < N_OPERATIONS; op++) {
        ESYS_CONTEXT *esys = raw_open();
        const TPMT_SYM_DEF none = {.algorithm = TPM2_ALG_NULL};
        for (int i = 0; i < 3; i++) {
            ESYS_TR session = ESYS_TR_NONE;
            (void)raw_primary(esys, 0);
            assert_int_equal(TSS2_RC_SUCCESS,
                             Esys_StartAuthSession(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                                   ESYS_TR_NONE, ESYS_TR_NONE, NULL, TPM2_SE_HMAC, &none,
                                                   TPM2_ALG_SHA256, &session));
        }
        raw_close(esys);
        SUCCEEDS(work_do(&w, op));
    }
    SUCCEEDS(plugin->health(w.tok, ERR));
    raw_expect_clean();
    work_end(&w);
}

static void keys_are_many_in_little_room(void **state)
{
    (void)state;
    struct work w;
    se_handle keys[20];
    uint8_t octets[32], mac[SE_MAC_SIZE];
    work_begin(&w, ";encrypt=no");
    for (unsigned i = 0; i < 20; i++) {
        fill(octets, sizeof octets, i);
        SUCCEEDS(plugin->key_mint(w.tok, octets, sizeof octets, &keys[i], ERR));
    }
    for (unsigned i = 0; i < 20; i++)
        SUCCEEDS(plugin->hmac(w.tok, keys[i], &work_message, 1, mac, ERR));
    assert_int_equal(raw_count(TPM_TRANSIENT_FIRST), 0);
    for (unsigned i = 0; i < 20; i++)
        plugin->key_free(w.tok, keys[i]);
    FAILS(OM_EINTERNAL, plugin->hmac(w.tok, keys[3], &work_message, 1, mac, ERR));
    work_end(&w);
}

static void generated_keys_are_wrapped_only(void **state)
{
    (void)state;
    struct work w;
    uint8_t blob[SE_BLOB_MAX], a[SE_MAC_SIZE], b[SE_MAC_SIZE];
    size_t n = sizeof blob;
    se_handle key = 0, again = 0;
    work_begin(&w, ";encrypt=no");
    SUCCEEDS(plugin->key_generate(w.tok, 64, &key, ERR));
    SUCCEEDS(plugin->hmac(w.tok, key, &work_message, 1, a, ERR));
    SUCCEEDS(plugin->key_wrap(w.tok, SE_ROOT_WRAP, key, blob, &n, ERR));
    SUCCEEDS(plugin->key_load(w.tok, blob, n, 64, &again, ERR));
    SUCCEEDS(plugin->hmac(w.tok, again, &work_message, 1, b, ERR));
    assert_memory_equal(a, b, sizeof a);
    n = sizeof blob;
    FAILS(OM_EUNSUPPORTED, plugin->key_wrap(w.tok, SE_ROOT_SEAL, key, blob, &n, ERR));
    FAILS(OM_EDENIED, plugin->key_wrap(w.tok, SE_ROOT_WRAP, again, blob, &n, ERR));
    FAILS(OM_EINTERNAL, plugin->key_wrap(w.tok, SE_ROOT_ROW, key, blob, &n, ERR));
    n = 10;
    FAILS(OM_EINTERNAL, plugin->key_wrap(w.tok, SE_ROOT_WRAP, key, blob, &n, ERR));
    plugin->key_free(w.tok, key);
    plugin->key_free(w.tok, again);
    work_end(&w);
}

int main(void)
{
    fixture_begin();
#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        CASE(commands_of_each_operation),   CASE(a_handshake_takes_at_most_eight_commands),
        CASE(no_key_is_on_the_bus),         CASE(leftovers_are_swept_away),
        CASE(keys_are_many_in_little_room), CASE(generated_keys_are_wrapped_only),
    };
    return cmocka_run_group_tests_name("tpm bus", tests, NULL, NULL);
}
