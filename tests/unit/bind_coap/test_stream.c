/* CoAP over TLS (RFC 8323): framing, signalling, limits. */
#include "server.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define CSM     OM_COAP_CODE(7, 1)
#define PING    OM_COAP_CODE(7, 2)
#define PONG    OM_COAP_CODE(7, 3)
#define RELEASE OM_COAP_CODE(7, 4)
#define ABORT   OM_COAP_CODE(7, 5)

static struct server *start(void)
{
    struct coaps_options opt = server_defaults;
    opt.transport = COAPS_TLS;
    return server_start(&opt);
}

static void get(struct peer *p)
{
    struct om_coap_message m, out;
    peer_request(p, &m, OM_COAP_GET, BASE);
    peer_exchange(p, &m, &out);
    assert_int_equal(out.code, OM_COAP_CODE(2, 5));
    assert_int_equal(rsc_of(&out), 2000);
    om_coap_free(&out);
}

static void expect_abort(struct peer *p)
{
    struct om_coap_message out;
    peer_receive(p, &out);
    assert_int_equal(out.code, ABORT);
    om_coap_free(&out);
    peer_expect_close(p);
}

static void signalling(void **state)
{
    (void)state;
    struct server *s = start();
    struct peer *p = peer_connect(s);
    struct om_coap_message m, out;
    get(p);
    om_coap_init(&m, PING, (const uint8_t *)"abc", 3);
    peer_exchange(p, &m, &out);
    assert_int_equal(out.code, PONG);
    om_coap_free(&out);
    om_coap_init(&m, PONG, NULL, 0); /* unasked */
    peer_send(p, &m);
    om_coap_init(&m, OM_COAP_EMPTY, NULL, 0);
    peer_send(p, &m);
    om_coap_init(&m, OM_COAP_CODE(2, 5), NULL, 0); /* a response to nothing */
    peer_send(p, &m);
    get(p);
    om_coap_init(&m, RELEASE, NULL, 0);
    peer_send(p, &m);
    peer_expect_close(p);
    peer_free(p);
    server_wait_sessions(s, 0);
    server_stop(s);
}

static struct peer *without_capabilities(struct server *s)
{
    struct om_coap_message out;
    struct peer *p = peer_new(s);
    assert_true(peer_handshake(p));
    peer_receive(p, &out);
    assert_int_equal(out.code, CSM);
    assert_int_equal(uint_of(&out, 2), server_defaults.max_body + 2048);
    assert_non_null(om_coap_find(&out, 4));
    om_coap_free(&out);
    return p;
}

static void capabilities_first(void **state)
{
    (void)state;
    struct server *s = start();
    struct om_coap_message m;
    struct peer *p = without_capabilities(s);
    peer_request(p, &m, OM_COAP_GET, "-");
    peer_send(p, &m);
    expect_abort(p);
    peer_free(p);
    p = without_capabilities(s);
    om_coap_init(&m, CSM, NULL, 0);
    om_coap_add_uint(&m, 3, 1); /* critical, and not defined */
    peer_send(p, &m);
    expect_abort(p);
    peer_free(p);
    p = without_capabilities(s);
    om_coap_init(&m, OM_COAP_CODE(7, 30), NULL, 0);
    peer_send(p, &m);
    expect_abort(p);
    peer_free(p);
    server_stop(s);
}

/* Messages in pieces, and many at once. */
static void framing(void **state)
{
    (void)state;
    struct server *s = start();
    struct peer *p = peer_connect(s);
    struct om_coap_message m, out;
    struct om_secret octets = OM_SECRET_INIT;
    uint8_t many[8192];
    size_t n = 0;
    peer_request(p, &m, OM_COAP_GET, "-");
    assert_int_equal(om_coap_encode(OM_COAP_STREAM, &m, &octets, NULL), OM_OK);
    for (size_t i = 0; i < octets.len; i++)
        peer_send_octets(p, octets.octets + i, 1);
    peer_receive(p, &out);
    assert_int_equal(rsc_of(&out), 2000);
    om_coap_free(&out);
    for (size_t i = 0; i < 20; i++, n += octets.len)
        memcpy(many + n, octets.octets, octets.len);
    peer_send_octets(p, many, n - 3);
    peer_send_octets(p, many + n - 3, 3);
    for (size_t i = 0; i < 20; i++) {
        peer_receive(p, &out);
        assert_int_equal(rsc_of(&out), 2000);
        om_coap_free(&out);
    }
    om_secret_free(&octets);
    peer_free(p);
    server_stop(s);
}

/* What cannot be a message ends the session: where the next begins is unknown. */
static void malformed(void **state)
{
    (void)state;
    static const struct {
        const char *octets;
        size_t n;
    } table[] = {
        {"\xf0\xff\xff\xff\xff\x01", 6}, /* four gigabytes */
        {"\xf0\x00\x01\x00\x00\x01", 6}, /* more than a body may have */
        {"\x09\x01xxxxxxxxx", 11},       /* token of 9 */
        {"\x10\x01\xff", 3},             /* marker without payload */
        {"\x20\x01\xf0x", 4},            /* reserved delta */
        {"\x20\x01\xb5x", 4},            /* value cut */
    };
    struct server *s = start();
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct peer *p = peer_connect(s);
        peer_send_octets(p, table[i].octets, table[i].n);
        peer_expect_close(p);
        peer_free(p);
    }
    struct peer *p = peer_connect(s);
    get(p);
    peer_free(p);
    struct coaps_stats stats;
    server_stats(s, &stats);
    assert_int_equal(stats.malformed, sizeof table / sizeof table[0]);
    server_stop(s);
}

static const char *labels(unsigned n)
{
    static char json[16384];
    int at = snprintf(json, sizeof json,
                      "{\"sec:mafcr\":{\"et\":\"20300101T000000\",\"adfq\":\"" ADMIN "\",\"lbl\":[");
    for (unsigned i = 0; i < n; i++)
        at += snprintf(json + at, sizeof json - (size_t)at, "%s\"l%u:%0100u\"", i > 0 ? "," : "", i, i);
    (void)snprintf(json + at, sizeof json - (size_t)at, "]}}");
    return json;
}

/* A large body goes in one message, unless the peer takes less: then in blocks. */
static void large_bodies(void **state)
{
    (void)state;
    struct server *s = start();
    struct peer *p = peer_connect(s);
    struct om_coap_message m, out;
    peer_request(p, &m, OM_COAP_POST, "-");
    om_coap_add_uint(&m, WIRE_COAP_TY, 20002);
    add_content(&m, labels(30));
    peer_exchange(p, &m, &out);
    assert_int_equal(rsc_of(&out), 2001);
    assert_null(om_coap_find(&out, OM_COAP_BLOCK2));
    assert_true(out.payload_len > 3000);
    om_coap_free(&out);
    peer_free(p);
    p = without_capabilities(s);
    om_coap_init(&m, CSM, NULL, 0); /* so 1152 octets */
    peer_send(p, &m);
    peer_request(p, &m, OM_COAP_POST, "-");
    om_coap_add_uint(&m, WIRE_COAP_TY, 20002);
    add_content(&m, labels(30));
    peer_exchange(p, &m, &out);
    assert_int_equal(rsc_of(&out), 4117); /* registered already */
    om_coap_free(&out);
    peer_request(p, &m, OM_COAP_GET, "-");
    om_coap_block_add(&m, OM_COAP_BLOCK2, &(struct om_coap_block){.num = 0, .szx = 2});
    peer_exchange(p, &m, &out);
    assert_non_null(om_coap_find(&out, OM_COAP_BLOCK2));
    assert_int_equal(out.payload_len, 64);
    om_coap_free(&out);
    peer_free(p);
    server_stop(s);
}

/* Registers with labels, so that a GET of `path` has an answer of some 3 KB. */
static void make_large(struct peer *p, char *path, size_t cap)
{
    struct om_coap_message m, out;
    size_t at = 0;
    peer_request(p, &m, OM_COAP_POST, "-");
    om_coap_add_uint(&m, WIRE_COAP_TY, 20002);
    add_content(&m, labels(30));
    peer_exchange(p, &m, &out);
    assert_int_equal(rsc_of(&out), 2001);
    for (size_t i = 0; i < out.n_options; i++)
        if (out.options[i].number == OM_COAP_LOCATION_PATH)
            at += (size_t)snprintf(path + at, cap - at, "%s%.*s", at > 0 ? "/" : "", (int)out.options[i].len,
                                   (const char *)out.options[i].value);
    om_coap_free(&out);
}

/* A peer that asks much and reads late: what does not fit into the sockets waits, and comes in order. */
static void unread_answers(void **state)
{
    (void)state;
    enum { REQUESTS = 1500 };
    struct server *s = start();
    struct peer *p = peer_connect(s);
    struct om_coap_message m, out;
    char path[300] = "";
    const int small = 4096, large = 1 << 20;
    assert_int_equal(setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    make_large(p, path, sizeof path);
    for (uint32_t i = 0; i < REQUESTS; i++) {
        peer_request(p, &m, OM_COAP_GET, path);
        m.token_len = sizeof i;
        memcpy(m.token, &i, sizeof i);
        peer_send(p, &m);
    }
    assert_int_equal(setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &large, sizeof large), 0);
    for (uint32_t i = 0; i < REQUESTS; i++) {
        peer_receive(p, &out);
        assert_int_equal(rsc_of(&out), 2000);
        assert_true(out.payload_len > 3000);
        assert_memory_equal(out.token, &i, sizeof i);
        om_coap_free(&out);
    }
    get(p);
    peer_free(p);
    server_stop(s);
}

static void too_large(void **state)
{
    (void)state;
    struct coaps_options opt = server_defaults;
    opt.transport = COAPS_TLS;
    opt.max_body = 1024;
    struct server *s = server_start(&opt);
    struct peer *p = peer_connect(s);
    struct om_coap_message m, out;
    peer_request(p, &m, OM_COAP_POST, "-");
    om_coap_add_uint(&m, WIRE_COAP_TY, 20002);
    add_content(&m, labels(15));
    peer_exchange(p, &m, &out);
    assert_int_equal(out.code, OM_COAP_CODE(4, 13));
    om_coap_free(&out);
    get(p);
    peer_free(p);
    server_stop(s);
}

/* Sessions that wait for nothing end at once; one that has said nothing yet has its first request. */
static void drain(void **state)
{
    (void)state;
    struct server *s = start();
    struct peer *p = peer_connect(s);
    struct peer *fresh = peer_connect(s);
    get(p);
    server_drain(s);
    peer_expect_close(p);
    assert_false(server_drained(s));
    get(fresh);
    peer_expect_close(fresh);
    server_wait_sessions(s, 0);
    assert_true(server_drained(s));
    peer_free(p);
    peer_free(fresh);
    server_stop(s);
}

/* At the limit connections wait to be accepted. */
static void max_sessions(void **state)
{
    (void)state;
    struct coaps_options opt = server_defaults;
    opt.transport = COAPS_TLS;
    opt.max_sessions = 1;
    struct server *s = server_start(&opt);
    struct peer *a = peer_connect(s);
    struct peer *b = peer_new(s);
    struct coaps_stats stats;
    get(a);
    server_stats(s, &stats);
    assert_int_equal(stats.accepted, 1);
    peer_free(a);
    assert_true(peer_handshake(b));
    peer_free(b);
    server_wait_sessions(s, 0);
    server_stop(s);
}

/* More from one address are closed before any TLS. */
static void max_sessions_per_address(void **state)
{
    (void)state;
    struct coaps_options opt = server_defaults;
    opt.transport = COAPS_TLS;
    opt.max_sessions_per_address = 1;
    struct server *s = server_start(&opt);
    struct peer *a = peer_connect(s);
    struct peer *b = peer_new(s);
    struct coaps_stats stats;
    assert_false(peer_handshake(b));
    server_stats(s, &stats);
    assert_int_equal(stats.accepted, 1);
    assert_int_equal(stats.refused_limit, 1);
    get(a);
    peer_free(a);
    peer_free(b);
    server_stop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signalling),   cmocka_unit_test(capabilities_first),
        cmocka_unit_test(framing),      cmocka_unit_test(malformed),
        cmocka_unit_test(large_bodies), cmocka_unit_test(unread_answers),
        cmocka_unit_test(too_large),    cmocka_unit_test(drain),
        cmocka_unit_test(max_sessions), cmocka_unit_test(max_sessions_per_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
