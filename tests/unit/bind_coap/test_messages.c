/* The message layer (RFC 7252 §4): duplicates, acknowledgements, separate answers, rejections. */
#include "server.h"

#include <string.h>

#define REGISTRATION "{\"sec:mafcr\":{\"et\":\"20300101T000000\",\"adfq\":\"" ADMIN "\"}}"

static void create(struct peer *p, struct om_coap_message *m)
{
    peer_request(p, m, OM_COAP_POST, BASE);
    om_coap_add_uint(m, WIRE_COAP_TY, 20002);
    add_content(m, REGISTRATION);
}

static void same(const struct om_coap_message *a, const struct om_coap_message *b)
{
    assert_int_equal(a->code, b->code);
    assert_int_equal(a->payload_len, b->payload_len);
    assert_memory_equal(a->payload, b->payload, a->payload_len);
}

/* A repeated Confirmable CREATE is done once and answered twice alike. */
static void duplicate_create(void **state)
{
    (void)state;
    struct server *s = server_start(&server_defaults);
    struct peer *p = peer_connect(s);
    struct om_coap_message m, first, second;
    struct coaps_stats stats;
    struct store_counts counts;
    create(p, &m);
    peer_exchange(p, &m, &first);
    assert_int_equal(rsc_of(&first), 2001);
    peer_exchange(p, &m, &second);
    same(&first, &second);
    om_coap_free(&first);
    om_coap_free(&second);
    server_stats(s, &stats);
    assert_int_equal(stats.requests, 1);
    assert_int_equal(stats.duplicates, 1);
    assert_true(stats.buffered > 0);
    create(p, &m); /* the same with another Message-ID is another request */
    peer_exchange(p, &m, &first);
    assert_int_equal(rsc_of(&first), 4117);
    om_coap_free(&first);
    peer_free(p);
    server_wait_sessions(s, 0);
    server_stats(s, &stats);
    assert_int_equal(stats.buffered, 0);
    server_counts(s, &counts);
    assert_int_equal(counts.registrations, 1);
    server_stop(s);
}

static void duplicate_delete(void **state)
{
    (void)state;
    struct server *s = server_start(&server_defaults);
    struct peer *p = peer_connect(s);
    struct om_coap_message m, out;
    create(p, &m);
    peer_exchange(p, &m, &out);
    char path[64] = "-/";
    for (size_t i = 0; i < out.n_options; i++) /* the last Location-Path */
        if (out.options[i].number == OM_COAP_LOCATION_PATH)
            (void)memcpy(path + 2, out.options[i].value, out.options[i].len < 60 ? out.options[i].len : 60);
    om_coap_free(&out);
    peer_request(p, &m, OM_COAP_DELETE, path);
    for (unsigned i = 0; i < 3; i++) {
        peer_exchange(p, &m, &out);
        assert_int_equal(rsc_of(&out), 2002);
        om_coap_free(&out);
    }
    peer_request(p, &m, OM_COAP_DELETE, path);
    peer_exchange(p, &m, &out);
    assert_int_equal(rsc_of(&out), 4004);
    om_coap_free(&out);
    peer_free(p);
    server_stop(s);
}

/* GET is done again: nothing that may be a key is kept. */
static void duplicate_get(void **state)
{
    (void)state;
    struct server *s = server_start(&server_defaults);
    struct peer *p = peer_connect(s);
    struct om_coap_message m, out;
    struct coaps_stats stats;
    peer_request(p, &m, OM_COAP_GET, "-");
    for (unsigned i = 0; i < 2; i++) {
        peer_exchange(p, &m, &out);
        assert_int_equal(rsc_of(&out), 2000);
        om_coap_free(&out);
    }
    server_stats(s, &stats);
    assert_int_equal(stats.requests, 2);
    assert_int_equal(stats.buffered, 0);
    peer_free(p);
    server_stop(s);
}

/* A Non-confirmable request gets a Non-confirmable answer; its repetition is ignored. */
static void non_confirmable(void **state)
{
    (void)state;
    struct server *s = server_start(&server_defaults);
    struct peer *p = peer_connect(s);
    struct om_coap_message m, out;
    create(p, &m);
    m.type = OM_COAP_NON;
    peer_exchange(p, &m, &out);
    assert_int_equal(out.type, OM_COAP_NON);
    assert_int_equal(rsc_of(&out), 2001);
    om_coap_free(&out);
    peer_send(p, &m);
    peer_expect_silence(p);
    peer_request(p, &m, OM_COAP_GET, "-");
    m.type = OM_COAP_NON;
    om_coap_add_text(&m, 65001, "x"); /* unknown and critical */
    peer_send(p, &m);
    peer_receive(p, &out);
    assert_int_equal(out.type, OM_COAP_RST);
    assert_int_equal(out.mid, m.mid);
    om_coap_free(&out);
    peer_free(p);
    server_stop(s);
}

/* A slow server acknowledges first, and repeats its answer until that is acknowledged. */
static void separate_answer(void **state)
{
    (void)state;
    struct coaps_options opt = server_defaults;
    opt.separate_after = 0;
    struct server *s = server_start(&opt);
    struct peer *p = peer_connect(s);
    struct om_coap_message m, out, ack;
    create(p, &m);
    peer_send(p, &m);
    peer_receive(p, &out);
    assert_int_equal(out.type, OM_COAP_ACK);
    assert_int_equal(out.code, OM_COAP_EMPTY);
    assert_int_equal(out.mid, m.mid);
    om_coap_free(&out);
    uint16_t mid = 0;
    for (unsigned i = 0; i < 2; i++) { /* the second is the repetition, after two to three seconds */
        peer_receive(p, &out);
        assert_int_equal(out.type, OM_COAP_CON);
        assert_int_equal(rsc_of(&out), 2001);
        assert_memory_equal(out.token, m.token, m.token_len);
        assert_true(i == 0 || mid == out.mid);
        mid = out.mid;
        om_coap_free(&out);
    }
    peer_send(p, &m); /* the request again: acknowledged, not done, not answered once more */
    peer_receive(p, &out);
    assert_int_equal(out.type, OM_COAP_ACK);
    assert_int_equal(out.code, OM_COAP_EMPTY);
    om_coap_free(&out);
    om_coap_init(&ack, OM_COAP_EMPTY, NULL, 0);
    ack.type = OM_COAP_ACK;
    ack.mid = mid;
    peer_send(p, &ack);
    peer_expect_silence(p);
    peer_free(p);
    server_stop(s);
}

/* Messages that are no request, and octets that are no message. */
static void nonsense(void **state)
{
    (void)state;
    static const struct {
        const char *octets;
        size_t n;
        bool rejected;
    } table[] = {
        {"", 0, false},
        {"\x40", 1, false},
        {"\x40\x01\x00", 3, false},
        {"\x00\x01\x00\x01", 4, false},          /* version 0 */
        {"\xc0\x01\x00\x01", 4, false},          /* version 3 */
        {"\x49\x01\x00\x01xxxxxxxxx", 13, true}, /* token of 9 */
        {"\x42\x01\x00\x01x", 5, true},          /* token cut */
        {"\x40\x01\x00\x01\xff", 5, true},       /* marker without payload */
        {"\x40\x01\x00\x01\xf0x", 6, true},      /* reserved delta */
        {"\x40\x01\x00\x01\x0fx", 6, true},      /* reserved length */
        {"\x40\x01\x00\x01\xbdx", 6, true},      /* option cut */
        {"\x40\x01\x00\x01\xb5hi", 7, true},     /* value cut */
        {"\x40\x00\x00\x01", 4, true},           /* a ping */
        {"\x40\x00\x00\x01\xffx", 6, true},      /* an empty message that is not */
        {"\x41\x00\x00\x01x", 5, true},          /* an empty message with a token */
        {"\x40\x45\x00\x01", 4, true},           /* a response */
        {"\x40\x21\x00\x01", 4, true},           /* class 1 */
        {"\x40\xe1\x00\x01", 4, true},           /* class 7 */
        {"\x50\x00\x00\x01", 4, false},          /* empty, Non-confirmable */
        {"\x50\x45\x00\x01", 4, false},          /* response, Non-confirmable */
        {"\x50\x01\x00\x01\xff", 5, false},      /* malformed, Non-confirmable */
        {"\x60\x00\x77\x77", 4, false},          /* acknowledgement of nothing */
        {"\x60\x01\x77\x77", 4, false},          /* request as acknowledgement */
        {"\x70\x00\x77\x77", 4, false},          /* reset of nothing */
    };
    struct server *s = server_start(&server_defaults);
    struct peer *p = peer_connect(s);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct om_coap_message out;
        if (table[i].n == 0)
            continue;
        peer_send_octets(p, table[i].octets, table[i].n);
        if (table[i].rejected) {
            peer_receive(p, &out);
            if (out.type != OM_COAP_RST || out.mid != 1)
                fail_msg("%zu: type %d", i, (int)out.type);
            om_coap_free(&out);
        }
        peer_expect_silence(p);
    }
    peer_free(p);
    server_stop(s);
}

/* Many options, and the longest datagram. */
static void large(void **state)
{
    (void)state;
    struct server *s = server_start(&server_defaults);
    struct peer *p = peer_connect(s);
    uint8_t octets[4000];
    memset(octets, 0, sizeof octets);
    memcpy(octets, "\x40\x01\x00\x01", 4); /* then 3996 empty options of number 0 */
    peer_send_octets(p, octets, sizeof octets);
    struct om_coap_message out;
    peer_receive(p, &out);
    assert_int_equal(out.type, OM_COAP_RST);
    om_coap_free(&out);
    peer_expect_silence(p);
    peer_free(p);
    server_stop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(duplicate_create),
        cmocka_unit_test(duplicate_delete),
        cmocka_unit_test(duplicate_get),
        cmocka_unit_test(non_confirmable),
        cmocka_unit_test(separate_answer),
        cmocka_unit_test(nonsense),
        cmocka_unit_test(large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
