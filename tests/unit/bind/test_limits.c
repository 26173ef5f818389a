/* Limits: sizes, slow and idle peers, connections per worker, draining. A peer that keeps within them is not
 * disturbed by one that does not. */
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "Host: " FQDN "\r\nX-M2M-Origin: " CLIENT "\r\nX-M2M-RI: r7\r\nX-M2M-RVI: 3\r\n"
#define TYPE "Content-Type: application/json; ty=20002\r\n"
#define POST "POST /_/" FQDN "/- HTTP/1.1\r\n" HEAD TYPE

static struct server *start(struct server_options opt)
{
    return server_start(&opt);
}

static void expect_good(struct peer *p)
{
    struct answer a;
    peer_send_text(p, GET_BASE);
    peer_read(p, &a, false);
    if (a.rsc != 2000)
        fail_msg("%s%s", a.head, a.body);
}

static void expect_refused(struct peer *p, int status, const char *text)
{
    struct answer a;
    peer_read(p, &a, false);
    if (a.status != status || a.rsc != 4000 || strstr(a.body, text) == NULL)
        fail_msg("expected %d '%s', got %s%s", status, text, a.head, a.body);
    peer_expect_close(p);
}

static void header_size(void **state)
{
    (void)state;
    struct server_options opt = server_defaults;
    opt.max_header = 2048;
    struct server *s = start(opt);
    char filler[4096];
    memset(filler, 'a', sizeof filler);

    struct peer *p = peer_connect(s); /* one long line */
    peer_send_text(p, "GET /- HTTP/1.1\r\n" HEAD "X-Filler: %.3000s\r\n\r\n", filler);
    expect_refused(p, 431, "longer than 2048");
    peer_free(p);

    p = peer_connect(s); /* a line that does not end */
    peer_send_text(p, "GET /- HTTP/1.1\r\n" HEAD "X-Filler: %.3000s", filler);
    expect_refused(p, 431, "longer than 2048");
    peer_free(p);

    p = peer_connect(s); /* many lines */
    peer_send_text(p, "GET /- HTTP/1.1\r\n" HEAD);
    for (size_t i = 0; i < 60; i++)
        if (!peer_try_send(p, "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", 52))
            break;
    expect_refused(p, 431, "longer than 2048");
    peer_free(p);

    p = peer_connect(s); /* the request line */
    peer_send_text(p, "GET /%.3000s HTTP/1.1\r\n" HEAD "\r\n", filler);
    expect_refused(p, 431, "longer than 2048");
    peer_free(p);

    p = peer_connect(s); /* within the limit */
    peer_send_text(p, "GET /- HTTP/1.1\r\n" HEAD "X-Filler: %.1500s\r\n\r\n", filler);
    struct answer a;
    peer_read(p, &a, false);
    assert_int_equal(a.rsc, 2000);
    peer_free(p);
    server_stop(s);
}

static void body_size(void **state)
{
    (void)state;
    struct server_options opt = server_defaults;
    struct answer a;
    opt.max_body = 1024;
    struct server *s = start(opt);
    char filler[2048];
    memset(filler, ' ', sizeof filler);

    struct peer *p = peer_connect(s); /* announced */
    peer_send_text(p, POST "Content-Length: 1025\r\n\r\n%.1025s", filler);
    expect_refused(p, 413, "longer than 1024");
    peer_free(p);

    p = peer_connect(s); /* announced to be let in first */
    peer_send_text(p, POST "Expect: 100-continue\r\nContent-Length: 1025\r\n\r\n%.1025s", filler);
    expect_refused(p, 413, "longer than 1024");
    peer_free(p);

    p = peer_connect(s); /* in chunks */
    peer_send_text(p, POST "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < 11; i++)
        if (!peer_try_send(p, "64\r\n", 4) || !peer_try_send(p, filler, 100) || !peer_try_send(p, "\r\n", 2))
            break;
    expect_refused(p, 413, "longer than 1024");
    peer_free(p);

    p = peer_connect(s); /* chunks that are none */
    peer_send_text(p, POST "Transfer-Encoding: chunked\r\n\r\nxyz\r\n");
    expect_refused(p, 413, "chunks are malformed");
    peer_free(p);

    p = peer_connect(s); /* within the limit, in chunks, with 100 Continue */
    peer_send_text(p, POST "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
    peer_read(p, &a, true);
    assert_int_equal(a.status, 100);
    peer_send_text(p, "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n");
    peer_read(p, &a, false);
    assert_int_equal(a.status, 400);
    assert_non_null(strstr(a.body, "one member"));
    expect_good(p);
    peer_free(p);

    p = peer_connect(s); /* an expectation that we do not know */
    peer_send_text(p, POST "Expect: miracles\r\nContent-Length: 2\r\n\r\n{}");
    expect_refused(p, 417, "100-continue");
    peer_free(p);
    server_stop(s);
}

/* Octets that come one by one, and requests that come all at once, are the same requests. */
static void in_pieces(void **state)
{
    struct answer a;
    struct peer *p = peer_connect(*state);
    for (const char *c = GET_BASE; *c != '\0'; c++)
        peer_send(p, c, 1);
    peer_read(p, &a, false);
    assert_int_equal(a.rsc, 2000);
    peer_send_text(p, GET_BASE GET_BASE POST "Content-Length: 1\r\n\r\n{" GET_BASE);
    static const int expected[] = {2000, 2000, 4000, 2000};
    for (size_t i = 0; i < 4; i++) {
        peer_read(p, &a, false);
        assert_int_equal(a.rsc, expected[i]);
    }
    peer_free(p);
}

static void connection_header(void **state)
{
    struct answer a;
    struct peer *p = peer_connect(*state);
    peer_send_text(p, "GET /- HTTP/1.1\r\nConnection: close\r\n" HEAD "\r\n");
    peer_read(p, &a, false);
    assert_int_equal(a.rsc, 2000);
    peer_expect_close(p);
    peer_free(p);
    p = peer_connect(*state);
    peer_send_text(p, "GET /- HTTP/1.0\r\n" HEAD "\r\n");
    peer_read(p, &a, false);
    assert_int_equal(a.rsc, 2000);
    peer_expect_close(p);
    peer_free(p);
}

static void expect_timeout(struct server *s)
{
    struct https_stats stats;
    server_stats(s, &stats);
    assert_int_equal(stats.timeouts, 1);
}

static void silent_handshake(void **state)
{
    (void)state;
    struct server_options opt = server_defaults;
    opt.handshake_timeout = 1;
    struct server *s = start(opt);
    struct peer *p = peer_tcp(s);
    peer_expect_close(p);
    expect_timeout(s);
    peer_free(p);
    server_stop(s);
}

/* A peer that never stops sending a little is no better than a silent one. */
static void slow_handshake(void **state)
{
    (void)state;
    struct server_options opt = server_defaults;
    opt.handshake_timeout = 1;
    struct server *s = start(opt);
    struct peer *p = peer_tcp(s);
    peer_send_raw(p, "\x16\x03\x01\x40\x00", 5); /* a record of 16384 octets */
    while (!peer_closed(p))
        peer_send_raw(p, "\x01", 1);
    expect_timeout(s);
    peer_free(p);
    server_stop(s);
}

static void slow_request(void **state)
{
    (void)state;
    struct server_options opt = server_defaults;
    opt.request_timeout = 1;
    struct server *s = start(opt);
    struct peer *p = peer_connect(s);
    peer_send_text(p, "GET /- HTTP/1.1\r\nX-Slow: ");
    while (!peer_closed(p))
        (void)peer_try_send(p, "a", 1);
    expect_timeout(s);
    peer_free(p);
    server_stop(s);
}

static void slow_body(void **state)
{
    (void)state;
    struct server_options opt = server_defaults;
    opt.request_timeout = 1;
    struct server *s = start(opt);
    struct peer *p = peer_connect(s);
    peer_send_text(p, POST "Content-Length: 60000\r\n\r\n");
    while (!peer_closed(p))
        (void)peer_try_send(p, "a", 1);
    expect_timeout(s);
    peer_free(p);
    server_stop(s);
}

static void idle(void **state)
{
    (void)state;
    struct server_options opt = server_defaults;
    opt.idle_timeout = 1;
    struct server *s = start(opt);
    struct peer *p = peer_connect(s);
    expect_good(p);
    peer_expect_close(p);
    expect_timeout(s);
    peer_free(p);
    server_stop(s);
}

/* A peer that takes no responses: the server must not collect requests for it without bound. */
static void unread_responses(void **state)
{
    (void)state;
    struct server_options opt = server_defaults;
    opt.request_timeout = 1;
    struct server *s = start(opt);
    struct peer *p = peer_connect(s);
    struct https_stats stats;
    do { /* ends when the time for a response is over; blocking writes give way before */
        if (!peer_try_send(p, GET_BASE GET_BASE GET_BASE GET_BASE, 4 * strlen(GET_BASE)))
            break;
        server_stats(s, &stats);
    } while (stats.timeouts == 0);
    server_stats(s, &stats);
    assert_int_equal(stats.timeouts, 1);
    peer_free(p);
    server_stop(s);
}

static void connections(void **state)
{
    (void)state;
    struct server_options opt = server_defaults;
    struct https_stats stats;
    opt.max_connections = 2;
    struct server *s = start(opt);
    struct peer *first = peer_connect(s);
    struct peer *second = peer_connect(s);
    struct peer *waiting = peer_tcp(s); /* in the kernel's queue */
    expect_good(first);
    expect_good(second);
    server_stats(s, &stats);
    assert_int_equal(stats.connections, 2);
    assert_int_equal(stats.accepted, 2);
    assert_int_equal(stats.refused_limit, 1);
    peer_free(second);
    /* It is accepted now, and turned away for what it sends. */
    peer_send_raw(waiting, GET_BASE, strlen(GET_BASE));
    peer_expect_no_http(waiting);
    peer_free(waiting);
    struct peer *third = peer_connect(s);
    expect_good(third);
    expect_good(first);
    peer_free(third);
    peer_free(first);
    server_stop(s);
}

/* One address cannot take what all others need. */
static void connections_of_one_address(void **state)
{
    (void)state;
    struct server_options opt = server_defaults;
    struct https_stats stats;
    opt.max_connections_per_address = 2;
    struct server *s = start(opt);
    struct peer *first = peer_connect(s);
    struct peer *second = peer_connect(s);
    struct peer *third = peer_tcp(s);
    peer_expect_no_http(third); /* closed before the handshake */
    peer_free(third);
    struct peer *other = peer_connect_from(s, "127.0.0.2");
    expect_good(other);
    expect_good(first);
    server_stats(s, &stats);
    assert_int_equal(stats.connections, 3);
    assert_int_equal(stats.refused_address, 1);
    assert_int_equal(stats.handshake_failures, 0);
    peer_free(second);
    do {
        server_stats(s, &stats);
    } while (stats.connections > 2);
    third = peer_connect(s);
    expect_good(third);
    peer_free(third);
    peer_free(other);
    peer_free(first);
    server_stop(s);
}

/* MAF-GEN-1: without TLS there is not even an answer. */
static void plain_http(void **state)
{
    struct peer *p = peer_tcp(*state);
    peer_send_raw(p, GET_BASE, strlen(GET_BASE));
    peer_expect_no_http(p);
    peer_free(p);
}

/* More requests at once than the server takes in while it answers: reading stops in the middle of a TLS
 * record, and what is left of it must not wait for octets that never come. */
static void pipelined(void **state)
{
    (void)state;
    enum { REQUESTS = 400 };
    struct server_options opt = server_defaults;
    opt.max_header = 2048;
    opt.max_body = 1024;
    opt.request_timeout = 5; /* so that waiting ends */
    struct server *s = start(opt);
    struct peer *p = peer_connect(s);
    size_t n = strlen(GET_BASE);
    char *all = malloc(REQUESTS * n);
    assert_non_null(all);
    for (size_t i = 0; i < REQUESTS; i++)
        memcpy(all + i * n, GET_BASE, n);
    peer_send(p, all, REQUESTS * n);
    free(all);
    for (size_t i = 0; i < REQUESTS; i++) {
        struct answer a;
        peer_read(p, &a, false);
        assert_int_equal(a.rsc, 2000);
    }
    peer_free(p);
    server_stop(s);
}

static void draining(void **state)
{
    (void)state;
    struct server *s = start(server_defaults);
    struct answer a;
    struct peer *kept = peer_connect(s);
    struct peer *busy = peer_connect(s);
    struct peer *fresh = peer_connect(s);
    expect_good(kept);
    peer_send(busy, GET_BASE, 10);
    /* The server has seen those octets once it has answered somebody who came later. */
    expect_good(kept);
    server_drain(s);
    peer_expect_close(kept); /* idle between requests */
    assert_false(server_drained(s));
    peer_send(busy, &GET_BASE[10], strlen(GET_BASE) - 10);
    peer_read(busy, &a, false);
    assert_int_equal(a.rsc, 2000);
    assert_string_equal(answer_header(&a, "Connection"), "close");
    peer_expect_close(busy);
    peer_send_text(fresh, GET_BASE); /* it had connected before */
    peer_read(fresh, &a, false);
    assert_int_equal(a.rsc, 2000);
    peer_expect_close(fresh);
    while (!server_drained(s))
        ;
    peer_free(kept);
    peer_free(busy);
    peer_free(fresh);
    server_stop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_size),
        cmocka_unit_test(body_size),
        cmocka_unit_test_setup_teardown(in_pieces, server_setup, server_teardown),
        cmocka_unit_test_setup_teardown(connection_header, server_setup, server_teardown),
        cmocka_unit_test(silent_handshake),
        cmocka_unit_test(slow_handshake),
        cmocka_unit_test(slow_request),
        cmocka_unit_test(slow_body),
        cmocka_unit_test(idle),
        cmocka_unit_test(unread_responses),
        cmocka_unit_test(connections),
        cmocka_unit_test(connections_of_one_address),
        cmocka_unit_test(pipelined),
        cmocka_unit_test_setup_teardown(plain_http, server_setup, server_teardown),
        cmocka_unit_test(draining),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
