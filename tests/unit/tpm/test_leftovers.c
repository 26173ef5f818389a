/* Nothing stays in the TPM, whatever goes wrong with any command: no key, no session, no sequence. */
#include "work.h"

static const enum operation ops[] = {OP_RANDOM, OP_MINT, OP_LOAD, OP_UNSEAL, OP_HMAC_LONG, OP_PRF};
#define N_OPS (sizeof ops / sizeof ops[0])

static unsigned commands_of(struct work *w, enum operation op)
{
    bus_set(NULL);
    SUCCEEDS(work_do(w, op));
    return bus_count(0);
}

static void expect_clean(const char *what, enum operation op, unsigned command)
{
    unsigned objects = raw_count(TPM_TRANSIENT_FIRST), sessions = raw_count(TPM2_LOADED_SESSION_FIRST);
    if (objects + sessions == 0)
        return;
    print_error("%s at command %u of %s left %u objects and %u sessions\n", what, command,
                operation_names[op], objects, sessions);
    fail();
}

/* One fault, at every command of every operation: the end of the operation finds the TPM empty. */
static void one_fault_leaves_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct bus_fault fault;
    } faults[] = {
        {"a connection that breaks before", {BUS_DROP, 0, 0, 1, 0}},
        {"a connection that breaks after", {BUS_LOSE, 0, 0, 1, 0}},
        {"a changed response", {BUS_FLIP, 0, 0, 1, -1}},
        {"a short response", {BUS_SHORT, 0, 0, 1, 0}},
        {"RC_FAILURE", {BUS_ANSWER, 0, 0, 1, TPM2_RC_FAILURE}},
        {"RC_HANDLE", {BUS_ANSWER, 0, 0, 1, TPM2_RC_HANDLE}},
        {"RC_OBJECT_MEMORY", {BUS_ANSWER, 0, 0, 1, TPM2_RC_OBJECT_MEMORY}},
        {"RC_AUTH_FAIL", {BUS_ANSWER, 0, 0, 1, TPM2_RC_AUTH_FAIL}},
    };
    struct work w;
    work_begin(&w, "");
    for (size_t o = 0; o < N_OPS; o++) {
        unsigned n = commands_of(&w, ops[o]);
        for (size_t f = 0; f < sizeof faults / sizeof faults[0]; f++)
            for (unsigned i = 0; i < n; i++) {
                struct bus_fault fault = faults[f].fault;
                fault.skip = i;
                bus_set(&fault);
                (void)work_do(&w, ops[o]);
                assert_int_equal(bus_hits(), 1);
                expect_clean(faults[f].name, ops[o], i);
            }
    }
    work_end(&w);
}

/* A way that is broken from some command on: what is left meanwhile stays few, and goes with the next work.
 */
static void lasting_faults_leave_nothing_in_the_end(void **state)
{
    (void)state;
    static const struct bus_fault faults[] = {
        {BUS_DROP, 0, 0, 0, 0}, {BUS_LOSE, 0, 0, 0, 0}, {BUS_FLIP, 0, 0, 0, -1}};
    struct work w;
    work_begin(&w, "");
    for (size_t o = 0; o < N_OPS; o++) {
        unsigned n = commands_of(&w, ops[o]);
        for (size_t f = 0; f < sizeof faults / sizeof faults[0]; f++)
            for (unsigned i = 0; i < n; i++) {
                struct bus_fault fault = faults[f];
                fault.skip = i;
                bus_set(&fault);
                (void)work_do(&w, ops[o]);
                bus_set(NULL);
                assert_true(raw_count(TPM_TRANSIENT_FIRST) <= 3);
                assert_true(raw_count(TPM2_LOADED_SESSION_FIRST) <= 3);
                SUCCEEDS(work_do(&w, OP_HEALTH));
                expect_clean("a way that stays broken", ops[o], i);
            }
    }
    work_end(&w);
}

/* Who closes the token after a failure leaves nothing to those that come after. */
static void closing_leaves_nothing(void **state)
{
    (void)state;
    struct work w;
    work_begin(&w, "");
    bus_set(&(struct bus_fault){BUS_LOSE, 0, 2, 0, 0});
    FAILS(OM_ETRANSIENT, work_do(&w, OP_PRF));
    bus_set(NULL);
    assert_true(raw_count(TPM_TRANSIENT_FIRST) > 0);
    work_end(&w);
    expect_clean("a token that is closed", OP_PRF, 2);
}

int main(void)
{
    fixture_begin();
#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        CASE(one_fault_leaves_nothing),
        CASE(lasting_faults_leave_nothing_in_the_end),
        CASE(closing_leaves_nothing),
    };
    return cmocka_run_group_tests_name("tpm leftovers", tests, NULL, NULL);
}
