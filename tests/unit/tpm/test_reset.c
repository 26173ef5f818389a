/* swtpm is taken away and brought back: to the TPM a reset. Persistent keys stay, all else is gone. */
#include "work.h"

static void away_and_back(void **state)
{
    (void)state;
    struct work w;
    work_begin(&w, "");
    for (int i = 0; i < 3; i++) {
        test_token_away(fixture_token);
        for (enum operation op = 0; op < N_OPERATIONS; op++)
            FAILS(OM_ETRANSIENT, work_do(&w, op));
        FAILS(OM_ETRANSIENT, plugin->health(w.tok, ERR));
        test_token_back(fixture_token);
        SUCCEEDS(plugin->health(w.tok, ERR));
        for (enum operation op = 0; op < N_OPERATIONS; op++) /* with the keys from before */
            SUCCEEDS(work_do(&w, op));
    }
    raw_expect_clean();
    work_end(&w);
}

/* Between two commands of one operation. */
static void reset_at_any_command(void **state)
{
    (void)state;
    struct work w;
    work_begin(&w, "");
    bus_set(&(struct bus_fault){BUS_DROP, TPM2_CC_HMAC, 2, 0, 0});
    FAILS(OM_ETRANSIENT, work_do(&w, OP_PRF));
    test_token_away(fixture_token);
    test_token_back(fixture_token);
    bus_set(NULL);
    SUCCEEDS(plugin->health(w.tok, ERR));
    SUCCEEDS(work_do(&w, OP_PRF));
    work_end(&w);
}

/* A simulator that nobody has started is started. */
static void not_started_is_started(void **state)
{
    (void)state;
    struct work w;
    work_begin(&w, "");
    bus_set(&(struct bus_fault){BUS_ANSWER, 0, 0, 1, TPM2_RC_INITIALIZE});
    SUCCEEDS(work_do(&w, OP_ROW));
    assert_int_equal(bus_count(TPM2_CC_Startup), 1);
    bus_set(&(struct bus_fault){BUS_ANSWER, 0, 0, 0, TPM2_RC_INITIALIZE});
    FAILS(OM_ETRANSIENT, work_do(&w, OP_ROW));
    bus_set(NULL);
    SUCCEEDS(work_do(&w, OP_ROW));
    work_end(&w);
}

static void not_there_at_open(void **state)
{
    (void)state;
    struct se_token *tok = NULL;
    plugin->close(fixture_open_provisioned(""));
    test_token_away(fixture_token);
    FAILS(OM_ETRANSIENT, fixture_try(fixture_token->uri, fixture_token->pin_source, &tok));
    SAYS("Connection refused");
    test_token_back(fixture_token);
    SUCCEEDS(fixture_try(fixture_token->uri, fixture_token->pin_source, &tok));
    SUCCEEDS(plugin->health(tok, ERR));
    plugin->close(tok);
}

int main(void)
{
    fixture_begin();
#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        CASE(away_and_back),
        CASE(reset_at_any_command),
        CASE(not_started_is_started),
        CASE(not_there_at_open),
    };
    return cmocka_run_group_tests_name("tpm reset", tests, NULL, NULL);
}
