/* Limits of WebSocket connections: idle and slow peers, peers that do not answer or do not read, draining;
 * and that they count as connections of the listener. */
#include "websocket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct server *start(struct server_options opt)
{
    return server_start(&opt);
}

static void idle(void **state)
{
    (void)state;
    struct server_options opt = server_defaults;
    opt.idle_timeout = 1;
    struct server *s = start(opt);
    struct peer *p = ws_connect(s, "oneM2M.json");
    ws_send_text(p, WS_GET("x"));
    ws_expect_text(p, "\"rsc\":2000");
    ws_expect_closing(p, 1000);
    peer_free(p);
    server_stop(s);
}

/* Pings keep an idle connection, but not a message that does not end. */
static void slow(void **state)
{
    (void)state;
    struct server_options opt = server_defaults;
    opt.request_timeout = 1;
    struct server *s = start(opt);
    struct ws_frame f;

    struct peer *p = ws_connect(s, "oneM2M.json"); /* in a header */
    peer_send(p, "\x81", 1);
    ws_expect_close_frame(p, 1008);
    peer_free(p);

    p = ws_connect(s, "oneM2M.json"); /* in a payload; and it does not answer our Close */
    peer_send(p, "\x81\x85\0\0\0\0{", 7);
    ws_expect_close_frame(p, 1008);
    peer_expect_close(p);
    peer_free(p);

    p = ws_connect(s, "oneM2M.json"); /* between fragments */
    ws_send(p, WS_TEXT, "{", 1);
    do {
        ws_send(p, WS_FIN | WS_PING, "", 0);
        ws_read(p, &f);
    } while (f.head == (WS_FIN | WS_PONG));
    assert_int_equal(f.head, WS_FIN | WS_CLOSE);
    assert_memory_equal(f.payload, "\x03\xf0", 2);
    peer_free(p);
    server_stop(s);
}

/* What we send waits for it; what it sends meanwhile waits in the kernel, not in our memory. */
static void does_not_read(void **state)
{
    (void)state;
    struct server_options opt = server_defaults;
    opt.request_timeout = 1;
    struct server *s = start(opt);
    struct peer *p = ws_connect(s, "oneM2M.json");
    struct https_stats stats;
    static uint8_t pings[64 * 131]; /* many, and as long as a ping may be */
    for (size_t i = 0; i < sizeof pings; i += 131)
        pings[i] = WS_FIN | WS_PING, pings[i + 1] = 0x80 | 125; /* under a mask of zeros */
    do { /* ends when the time for a response is over; blocking writes give way before */
        if (!peer_try_send(p, pings, sizeof pings))
            break;
        server_stats(s, &stats);
    } while (stats.timeouts == 0);
    server_stats(s, &stats);
    assert_true(stats.timeouts > 0);
    peer_free(p);
    server_stop(s);
}

static void counted(void **state)
{
    (void)state;
    struct server_options opt = server_defaults;
    opt.max_connections = 1;
    struct server *s = start(opt);
    struct https_stats stats;
    struct peer *p = ws_connect(s, "oneM2M.json");
    server_stats(s, &stats);
    assert_int_equal(stats.connections, 1);
    struct peer *second = peer_tcp(s);
    ws_send_text(p, WS_GET("x"));
    ws_expect_text(p, "\"rsc\":2000");
    server_stats(s, &stats);
    assert_int_equal(stats.accepted, 1);
    ws_send(p, WS_FIN | WS_CLOSE, "\x03\xe8", 2);
    ws_expect_close_frame(p, 1000);
    peer_expect_close(p);
    peer_free(p);
    peer_free(second);
    second = ws_connect(s, "oneM2M.cbor"); /* there is room again */
    server_stats(s, &stats);
    assert_int_equal(stats.requests, 3); /* two upgrades, one message */
    assert_int_equal(stats.malformed, 0);
    peer_free(second);
    server_stop(s);
}

static void wait_drained(struct server *s)
{
    while (!server_drained(s))
        ;
}

static void draining(void **state)
{
    (void)state;
    struct server *s = start(server_defaults);
    struct peer *unused = ws_connect(s, "oneM2M.json");
    struct peer *served = ws_connect(s, "oneM2M.json");
    struct peer *busy = ws_connect(s, "oneM2M.json");
    static const char text[] = WS_GET("last");
    ws_send_text(served, WS_GET("x"));
    ws_expect_text(served, "\"rsc\":2000");
    ws_send(busy, WS_FIN | WS_PING, "", 0); /* it is known to have arrived when the pong is here */
    ws_send(busy, WS_TEXT, text, 10);
    struct ws_frame f;
    ws_read(busy, &f);
    ws_send(busy, WS_FIN | WS_PING, "", 0);
    ws_read(busy, &f);
    server_drain(s);
    ws_expect_closing(unused, 1001);
    ws_expect_closing(served, 1001);
    assert_false(server_drained(s));
    ws_send(busy, WS_FIN, text + 10, sizeof text - 1 - 10);
    ws_expect_text(busy, "\"rqi\":\"last\"");
    ws_expect_closing(busy, 1001);
    wait_drained(s);
    peer_free(unused);
    peer_free(served);
    peer_free(busy);
    server_stop(s);
}

/* The server ends with WebSockets in every state. */
static void stopped(void **state)
{
    (void)state;
    struct server *s = start(server_defaults);
    struct peer *p[4];
    struct ws_frame f;
    for (size_t i = 0; i < sizeof p / sizeof p[0]; i++)
        p[i] = ws_connect(s, "oneM2M.json");
    ws_send(p[0], WS_TEXT, "{", 1);
    ws_send(p[0], WS_FIN | WS_PING, "", 0);
    ws_read(p[0], &f);
    peer_send(p[1], "\x81\xfe\x00\x01", 4); /* deaf */
    ws_expect_close_frame(p[1], 1002);
    ws_send(p[2], WS_FIN | WS_BINARY, "", 0); /* our Close is not answered */
    ws_expect_close_frame(p[2], 1003);
    server_stop(s);
    for (size_t i = 0; i < sizeof p / sizeof p[0]; i++)
        peer_free(p[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle),    cmocka_unit_test(slow),     cmocka_unit_test(does_not_read),
        cmocka_unit_test(counted), cmocka_unit_test(draining), cmocka_unit_test(stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
