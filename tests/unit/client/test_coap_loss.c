/* CoAP over DTLS on a network that loses datagrams, and with a MAF that loses sessions (RFC 7252 §4). */
#include "answers.h"
#include "relay.h"

static struct relay *relay;

/* What is lost: a way, and the datagrams from `first` on, `count` of them. */
static struct {
    int way;
    unsigned first, count;
} lost;

static bool loses(void *arg, int way, unsigned index, const uint8_t *octets, size_t n)
{
    (void)arg, (void)octets, (void)n;
    return way == lost.way && index >= lost.first && index < lost.first + lost.count;
}

static int start_relayed(void **state)
{
    (void)start(state);
    lost.count = 0;
    relay = relay_start(peer_port(peer), loses, NULL);
    maf->home.maf.port = relay_port(relay);
    return 0;
}

static int stop_relayed(void **state)
{
    relay_stop(relay);
    return stop(state);
}

static int discover(void)
{
    const struct openmaf_discovery filter = {.size = sizeof filter};
    char **ids = NULL;
    size_t n = 0;
    int code = openmaf_discover(maf, &filter, &ids, &n, ERROR);
    openmaf_ids_free(ids, n);
    return code;
}

static int register_key(struct openmaf_key **key)
{
    static const char *const targets[] = {TARGET};
    const struct openmaf_key_request rq = {
        .size = sizeof rq, .stakeholder = ADMIN, .suid = 32, .targets = targets, .n_targets = 1};
    return openmaf_key_register(maf, &rq, key, ERROR);
}

/* Datagrams of one exchange, each way: ClientHello (0), ClientKeyExchange to Finished (1), request (2),
 * close_notify (3); ServerHello flight (0), Finished (1), response (2). Whichever is lost, it works, and the
 * MAF acts once. */
static void test_any_datagram(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        for (unsigned first = 0; first < 3; first++) {
            struct openmaf_key *k = NULL;
            (void)stop_relayed(state);
            (void)start_relayed(state);
            lost.way = way;
            lost.first = first;
            lost.count = 1;
            SUCCEEDS(register_key(&k));
            openmaf_key_free(k);
            assert_int_equal(peer_count(peer), 1);
            assert_int_equal(peer_ways(peer)->messages, 1);
            assert_int_equal(peer_ways(peer)->repetitions, way == 1 && first == 2 ? 1 : 0);
            assert_int_equal(peer_ways(peer)->sessions, 1);
        }
    }
}

static void test_separate(void **state)
{
    (void)state;
    struct openmaf_key *k = NULL;
    peer_ways(peer)->how = COAP_SEPARATE;
    SUCCEEDS(register_key(&k));
    openmaf_key_free(k);
    peer_ways(peer)->twice = true;
    SUCCEEDS(discover());
    peer_ways(peer)->how = COAP_NON;
    SUCCEEDS(discover());
    peer_halt(peer);
    assert_true(peer_ways(peer)->acknowledged);
    assert_false(peer_ways(peer)->reset);
    assert_int_equal(peer_ways(peer)->messages, 3);
}

/* With the body of the response in blocks, and each block separately. */
static void test_separate_blocks(void **state)
{
    (void)state;
    struct openmaf_key *k = NULL;
    peer_ways(peer)->how = COAP_SEPARATE;
    peer_ways(peer)->block2 = 64;
    peer_ways(peer)->twice = true;
    SUCCEEDS(register_key(&k));
    openmaf_key_free(k);
}

/* The empty acknowledgement is lost: the separate response stands for it. */
static void test_lost_acknowledgement(void **state)
{
    (void)state;
    peer_ways(peer)->how = COAP_SEPARATE;
    lost.way = 1;
    lost.first = 2;
    lost.count = 1;
    SUCCEEDS(discover());
    assert_int_equal(peer_ways(peer)->repetitions, 0);
}

static void test_duplicated(void **state)
{
    (void)state;
    peer_ways(peer)->twice = true;
    peer_ways(peer)->block2 = 16;
    SUCCEEDS(discover());
}

/* What does not belong to the request that is out is not taken for its answer. */
static void test_strangers(void **state)
{
    (void)state;
    maf->home.timeout = 3; /* enough for a handshake on a busy machine */
    peer_ways(peer)->other_token = true;
    FAILS(OPENMAF_ETEMPORARY, discover());
    peer_ways(peer)->how = COAP_SEPARATE;
    FAILS(OPENMAF_ETEMPORARY, discover());
    peer_ways(peer)->how = COAP_PIGGYBACKED;
    peer_ways(peer)->other_token = false;
    peer_ways(peer)->other_mid = true;
    FAILS(OPENMAF_ETEMPORARY, discover());
    peer_halt(peer);
    assert_true(peer_ways(peer)->reset);
}

/* What may not come twice is repeated under the same Message-ID only, and then given up. */
static void test_lost_registration(void **state)
{
    (void)state;
    peer_ways(peer)->how = COAP_SILENT;
    peer_ways(peer)->times = 1;
    maf->home.timeout = 7;
    FAILS(OPENMAF_ETEMPORARY, register_key(NULL));
    SAYS("unknown");
    peer_halt(peer);
    assert_int_equal(peer_ways(peer)->sessions, 1);
    assert_int_equal(peer_ways(peer)->messages, 1);
    assert_true(peer_ways(peer)->repetitions >= 1);
}

static void gone(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r, (void)rq;
    reply->rsc = 4004;
}

/* The first DELETE was carried out and its answer lost; the second finds nothing, which is what was wanted.
 */
static void test_lost_deletion(void **state)
{
    (void)state;
    const struct openmaf_registration_request rq = {
        .size = sizeof rq, .stakeholder = ADMIN, .registration_id = "reg-1"};
    script.change = gone;
    peer_ways(peer)->how = COAP_FORGET;
    peer_ways(peer)->times = 1;
    SUCCEEDS(openmaf_deregister(maf, &rq, ERROR));
    assert_int_equal(peer_ways(peer)->sessions, 2);
    assert_int_equal(peer_ways(peer)->messages, 2);
    FAILS(OPENMAF_ENOTFOUND, openmaf_deregister(maf, &rq, ERROR)); /* without a loss it is an error */
}

static void test_reset(void **state)
{
    (void)state;
    peer_ways(peer)->how = COAP_RESET;
    FAILS(OPENMAF_ETEMPORARY, register_key(NULL));
    SAYS("Reset");
    peer_ways(peer)->times = 2; /* the first was the one above */
    SUCCEEDS(discover());
}

/* Acknowledged, and never answered: bounded by the timeout. */
static void test_no_response(void **state)
{
    (void)state;
    peer_ways(peer)->how = COAP_ACK_ONLY;
    maf->home.timeout = 4;
    FAILS(OPENMAF_ETEMPORARY, register_key(NULL));
    SAYS("did not answer in 4 seconds");
    assert_int_equal(peer_ways(peer)->repetitions, 0);
}

/* Nothing comes through at all. */
static void test_dead_network(void **state)
{
    (void)state;
    lost.first = 0;
    lost.count = UINT32_MAX;
    maf->home.connect_timeout = 1;
    maf->home.timeout = 3;
    FAILS(OPENMAF_ETEMPORARY, register_key(NULL));
    SAYS("handshake");
    assert_int_equal(peer_count(peer), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_any_datagram, start_relayed, stop_relayed),
        cmocka_unit_test_setup_teardown(test_separate, start_relayed, stop_relayed),
        cmocka_unit_test_setup_teardown(test_separate_blocks, start_relayed, stop_relayed),
        cmocka_unit_test_setup_teardown(test_lost_acknowledgement, start_relayed, stop_relayed),
        cmocka_unit_test_setup_teardown(test_duplicated, start_relayed, stop_relayed),
        cmocka_unit_test_setup_teardown(test_strangers, start_relayed, stop_relayed),
        cmocka_unit_test_setup_teardown(test_lost_registration, start_relayed, stop_relayed),
        cmocka_unit_test_setup_teardown(test_lost_deletion, start_relayed, stop_relayed),
        cmocka_unit_test_setup_teardown(test_reset, start_relayed, stop_relayed),
        cmocka_unit_test_setup_teardown(test_no_response, start_relayed, stop_relayed),
        cmocka_unit_test_setup_teardown(test_dead_network, start_relayed, stop_relayed),
    };
    fixture_kind(argc, argv);
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
