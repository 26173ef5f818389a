/* A TPM that is busy, a way to it that breaks, and somebody on it: every failure is told as what it is, no
 * result is wrong, nothing is left behind, and all is well again afterwards. */
#include "work.h"

static void busy_tpm_is_asked_again(void **state)
{
    (void)state;
    static const uint32_t codes[] = {TPM2_RC_RETRY, TPM2_RC_YIELDED, TPM2_RC_TESTING, TPM2_RC_NV_RATE};
    struct work w;
    work_begin(&w, "");
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        for (enum operation op = 0; op < N_OPERATIONS; op++) {
            bus_set(&(struct bus_fault){BUS_ANSWER, 0, 0, 3, codes[i]});
            SUCCEEDS(work_do(&w, op));
            assert_int_equal(bus_hits(), 3);
        }
    bus_set(NULL);
    raw_expect_clean();
    work_end(&w);
}

static void busy_for_ever_is_an_error(void **state)
{
    (void)state;
    struct work w;
    work_begin(&w, ";timeout=1");
    bus_set(&(struct bus_fault){BUS_ANSWER, 0, 0, 0, TPM2_RC_RETRY});
    FAILS(OM_ETRANSIENT, work_do(&w, OP_ROW));
    SAYS("busy");
    unsigned asked = bus_count(0);
    FAILS(OM_ETRANSIENT, work_do(&w, OP_ROW)); /* not again at once */
    assert_int_equal(bus_count(0), asked);
    bus_set(NULL);
    SUCCEEDS(work_do(&w, OP_HEALTH));
    SUCCEEDS(work_do(&w, OP_ROW));
    raw_expect_clean();
    work_end(&w);
}

/* The way breaks once, at every command of every operation, before and after the TPM has seen it. */
static void broken_once_is_not_seen(void **state)
{
    (void)state;
    static const enum operation ops[] = {OP_MINT, OP_UNSEAL, OP_HMAC_LONG, OP_ROW, OP_PRF};
    struct work w;
    work_begin(&w, "");
    for (size_t o = 0; o < sizeof ops / sizeof ops[0]; o++) {
        enum operation op = ops[o];
        bus_set(NULL);
        SUCCEEDS(work_do(&w, op)); /* sweeps away what the one before has left */
        bus_set(NULL);
        SUCCEEDS(work_do(&w, op));
        unsigned commands = bus_count(0);
        for (unsigned i = 0; i < commands; i++)
            for (int lose = 0; lose < 2; lose++) {
                bus_set(&(struct bus_fault){lose ? BUS_LOSE : BUS_DROP, 0, i, 1, 0});
                SUCCEEDS(work_do(&w, op));
                assert_int_equal(bus_hits(), 1);
            }
    }
    /* What the TPM did and we did not hear of is swept away when it is in the way. */
    bus_set(NULL);
    for (enum operation op = 0; op < N_OPERATIONS; op++)
        SUCCEEDS(work_do(&w, op));
    work_end(&w);
}

static void broken_for_good_is_an_error(void **state)
{
    (void)state;
    struct work w;
    work_begin(&w, "");
    for (enum operation op = 0; op < N_OPERATIONS; op++) {
        if (op == OP_HEALTH)
            continue;
        bus_set(&(struct bus_fault){.kind = BUS_DROP});
        FAILS(OM_ETRANSIENT, work_do(&w, op));
        bus_set(NULL);
        SUCCEEDS(work_do(&w, OP_HEALTH)); /* asks at once */
        SUCCEEDS(work_do(&w, op));
    }
    bus_set(&(struct bus_fault){.kind = BUS_DROP});
    FAILS(OM_ETRANSIENT, work_do(&w, OP_HEALTH));
    bus_set(NULL);
    SUCCEEDS(work_do(&w, OP_HEALTH));
    work_end(&w);
}

/* Octets that somebody changed on their way are never taken for the TPM's. */
static void changed_responses_are_not_believed(void **state)
{
    (void)state;
    static const int64_t places[] = {1, 9, 12, 14, 20, 40, 60, -1, -34, -40, -66};
    struct work w;
    work_begin(&w, ";timeout=1");
    for (enum operation op = OP_MINT; op < OP_DESCRIBE; op++)
        for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
            bus_set(&(struct bus_fault){BUS_FLIP, 0, (unsigned)p % 4, 0, places[p]});
            (void)work_do(&w, op); /* which compares what comes out */
            bus_set(NULL);
            SUCCEEDS(work_do(&w, OP_HEALTH));
        }
    bus_set(&(struct bus_fault){BUS_FLIP, TPM2_CC_HMAC, 0, 0, -1});
    FAILS(OM_EINTEGRITY, work_do(&w, OP_ROW));
    bus_set(&(struct bus_fault){BUS_FLIP, TPM2_CC_Unseal, 0, 0, 20});
    assert_int_not_equal(work_do(&w, OP_UNSEAL), OM_OK);
    bus_set(&(struct bus_fault){BUS_FLIP, TPM2_CC_HMAC, 0, 0, 5}); /* says that there is more to come */
    FAILS(OM_ETRANSIENT, work_do(&w, OP_ROW));
    bus_set(NULL);
    SUCCEEDS(work_do(&w, OP_HEALTH));
    for (enum operation op = 0; op < N_OPERATIONS; op++)
        SUCCEEDS(work_do(&w, op));
    work_end(&w);
}

static void responses_of_a_wrong_length(void **state)
{
    (void)state;
    static const enum bus_fault_kind kinds[] = {BUS_SHORT, BUS_LONG};
    struct work w;
    work_begin(&w, "");
    for (size_t k = 0; k < 2; k++)
        for (enum operation op = 0; op < N_OPERATIONS; op++) {
            bus_set(&(struct bus_fault){.kind = kinds[k]});
            FAILS(OM_ETRANSIENT, work_do(&w, op));
            bus_set(NULL);
            SUCCEEDS(work_do(&w, OP_HEALTH));
        }
    work_end(&w);
}

static void silence_is_bounded(void **state)
{
    (void)state;
    struct work w;
    work_begin(&w, ";timeout=1");
    bus_set(&(struct bus_fault){.kind = BUS_SILENT});
    FAILS(OM_ETRANSIENT, work_do(&w, OP_PRF));
    SAYS("does not answer in time");
    assert_int_equal(bus_hits(), 1); /* the time was up: not once more */
    FAILS(OM_ETRANSIENT, work_do(&w, OP_PRF));
    SAYS("shortly");
    bus_set(NULL);
    SUCCEEDS(work_do(&w, OP_HEALTH));
    SUCCEEDS(work_do(&w, OP_PRF));
    work_end(&w);
}

/* Any answer to any command, as an error: none becomes a success, none ends the test program. */
static void any_answer_is_survived(void **state)
{
    (void)state;
    struct work w;
    unsigned at = 1;
    work_begin(&w, ";encrypt=no");
    for (int i = 0; i < 400; i++) {
        at = at * 1103515245u + 12345u;
        enum operation op = (enum operation)((at >> 16) % N_OPERATIONS);
        uint32_t code = (at >> 8) % 3 == 0 ? 0x100 + (at >> 16) % 0x60 : 0x080 + (at >> 16) % 0xf00;
        bus_set(&(struct bus_fault){BUS_ANSWER, 0, (unsigned)i % 3, 2, code == 0x922 ? 0x101 : code});
        if (work_do(&w, op) != OM_OK)
            assert_true(bus_hits() > 0);
        bus_set(NULL);
        SUCCEEDS(work_do(&w, OP_HEALTH));
    }
    work_end(&w);
}

int main(void)
{
    fixture_begin();
#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        CASE(busy_tpm_is_asked_again),
        CASE(busy_for_ever_is_an_error),
        CASE(broken_once_is_not_seen),
        CASE(broken_for_good_is_an_error),
        CASE(changed_responses_are_not_believed),
        CASE(responses_of_a_wrong_length),
        CASE(silence_is_bounded),
        CASE(any_answer_is_survived),
    };
    return cmocka_run_group_tests_name("tpm faults", tests, NULL, NULL);
}
