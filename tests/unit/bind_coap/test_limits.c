/* Limits on sessions, in number and time. What ends frees its keys in the token. */
#include "server.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static void get(struct peer *p)
{
    struct om_coap_message m, out;
    peer_request(p, &m, OM_COAP_GET, BASE);
    peer_exchange(p, &m, &out);
    assert_int_equal(rsc_of(&out), 2000);
    om_coap_free(&out);
}

static void expect_keys(struct server *s, size_t connections)
{
    struct omtls_stats tls;
    server_tls_stats(s, &tls);
    assert_int_equal(tls.connections, connections);
    if (connections == 0)
        assert_int_equal(tls.session_keys, 0);
}

/* Begins a handshake and waits until the server has turned it away. */
static struct peer *turned_away(struct server *s)
{
    const struct timeval moment = {.tv_usec = 20000};
    const struct timeval hang = {.tv_sec = 30};
    struct coaps_stats before, stats;
    server_stats(s, &before);
    struct peer *p = peer_new(s);
    assert_int_equal(setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment), 0);
    do {
        assert_false(peer_handshake(p));
        server_stats(s, &stats);
    } while (stats.refused_limit == before.refused_limit);
    assert_int_equal(stats.accepted, before.accepted);
    assert_int_equal(setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &hang, sizeof hang), 0);
    return p;
}

static void limited(const struct coaps_options *opt)
{
    struct server *s = server_start(opt);
    struct peer *a = peer_connect(s);
    struct peer *b = peer_connect(s);
    struct peer *c = turned_away(s);
    get(a);
    get(b);
    expect_keys(s, 2);
    peer_free(a);
    server_wait_sessions(s, 1);
    assert_true(peer_handshake(c)); /* its library repeats the ClientHello */
    get(c);
    get(b);
    peer_free(b);
    peer_free(c);
    server_wait_sessions(s, 0);
    expect_keys(s, 0);
    server_stop(s);
}

static void max_sessions(void **state)
{
    (void)state;
    struct coaps_options opt = server_defaults;
    opt.max_sessions = 2;
    limited(&opt);
}

static void max_sessions_per_address(void **state)
{
    (void)state;
    struct coaps_options opt = server_defaults;
    opt.max_sessions_per_address = 2;
    limited(&opt);
}

static void idle(enum coaps_transport transport)
{
    struct coaps_options opt = server_defaults;
    opt.transport = transport;
    opt.idle_timeout = 3; /* longer than a busy machine keeps the peer from its request */
    struct server *s = server_start(&opt);
    struct coaps_stats stats;
    struct peer *p = peer_connect(s);
    get(p);
    expect_keys(s, 1);
    peer_expect_close(p);
    server_wait_sessions(s, 0);
    expect_keys(s, 0);
    server_stats(s, &stats);
    assert_int_equal(stats.timeouts, 1);
    peer_free(p);
    server_stop(s);
}

static void idle_sessions_end(void **state)
{
    (void)state;
    idle(COAPS_DTLS);
    idle(COAPS_TLS);
}

/* Over TLS a message has a total time, however often another octet of it comes... */
static void slow_messages(void **state)
{
    (void)state;
    struct coaps_options opt = server_defaults;
    opt.transport = COAPS_TLS;
    opt.request_timeout = 1;
    struct server *s = server_start(&opt);
    const struct timespec pause = {.tv_nsec = 50000000};
    static const uint8_t begin[] = {0xe0, 0xea, 0x00, 0x01}; /* 60173 octets will follow, GET */
    struct coaps_stats stats;
    struct peer *p = peer_connect(s);
    struct peer *other = peer_connect(s);
    get(other);
    assert_int_equal(SSL_write(p->ssl, begin, sizeof begin), (int)sizeof begin);
    do {
        (void)SSL_write(p->ssl, "x", 1);
        (void)nanosleep(&pause, NULL);
        server_stats(s, &stats);
    } while (stats.sessions == 2);
    assert_int_equal(stats.timeouts, 1);
    get(other); /* who pauses between messages is not meant */
    peer_free(p);
    peer_free(other);
    server_stop(s);
}

/* ... and so has an answer that the peer does not take. */
static void peers_that_take_nothing(void **state)
{
    (void)state;
    struct coaps_options opt = server_defaults;
    opt.transport = COAPS_TLS;
    opt.request_timeout = 1;
    struct server *s = server_start(&opt);
    static const uint8_t ping[] = {0x01, 0xe2, 'p'}; /* a Ping with a token: RFC 8323 section 5.4 */
    struct coaps_stats stats;
    struct peer *p = peer_connect(s);
    assert_int_equal(fcntl(p->fd, F_SETFL, O_NONBLOCK), 0);
    do { /* until both directions are full */
        for (int i = 0; i < 1000 && SSL_write(p->ssl, ping, sizeof ping) > 0; i++)
            ;
        server_stats(s, &stats);
    } while (stats.sessions == 1);
    assert_int_equal(stats.timeouts, 1);
    peer_abandon(p);
    server_stop(s);
}

/* Octets that do not make a request do not keep a session alive. */
static void garbage_is_idle(void **state)
{
    (void)state;
    struct coaps_options opt = server_defaults;
    opt.idle_timeout = 1;
    struct server *s = server_start(&opt);
    const struct timespec pause = {.tv_nsec = 50000000};
    struct coaps_stats stats;
    struct peer *p = peer_connect(s);
    do {
        (void)send(p->fd, "xxxxxxxxxxxxxxxx", 16, 0);
        (void)nanosleep(&pause, NULL);
        server_stats(s, &stats);
    } while (stats.sessions == 1);
    assert_int_equal(stats.timeouts, 1);
    peer_free(p);
    server_stop(s);
}

static unsigned wrong_psk(SSL *ssl, const char *hint, char *identity, unsigned identity_cap,
                          unsigned char *key, unsigned key_cap)
{
    (void)ssl, (void)hint, (void)key_cap;
    (void)snprintf(identity, identity_cap, "nobody@" FQDN);
    memset(key, 1, 32);
    return 32;
}

/* A handshake with a wrong Km, which a server can only see as datagrams that do not verify, ends in time. */
static void unfinished_handshakes(void **state)
{
    (void)state;
    struct coaps_options opt = server_defaults;
    opt.handshake_timeout = 1;
    struct server *s = server_start(&opt);
    const struct timeval moment = {.tv_sec = 2};
    struct coaps_stats stats;
    struct peer *p = peer_new(s);
    assert_int_equal(SSL_set_cipher_list(p->ssl, "PSK-AES128-CCM8:@SECLEVEL=0"), 1);
    SSL_set_psk_client_callback(p->ssl, wrong_psk);
    assert_int_equal(setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment), 0);
    assert_false(peer_handshake(p));
    server_wait_sessions(s, 0);
    expect_keys(s, 0);
    server_stats(s, &stats);
    assert_true(stats.handshake_failures >= 1);
    assert_int_equal(stats.handshakes, 0);
    peer_abandon(p);
    server_stop(s);
}

static void drain(void **state)
{
    (void)state;
    struct server *s = server_start(&server_defaults);
    struct peer *p = peer_connect(s);
    get(p);
    assert_false(server_drained(s));
    server_drain(s);
    assert_true(server_drained(s));
    peer_expect_close(p);
    expect_keys(s, 0);
    peer_free(p);
    server_stop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(max_sessions),          cmocka_unit_test(max_sessions_per_address),
        cmocka_unit_test(idle_sessions_end),     cmocka_unit_test(garbage_is_idle),
        cmocka_unit_test(slow_messages),         cmocka_unit_test(peers_that_take_nothing),
        cmocka_unit_test(unfinished_handshakes), cmocka_unit_test(drain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
