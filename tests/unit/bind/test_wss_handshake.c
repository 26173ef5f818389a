/* The opening handshake of WebSocket: which request becomes one, and what the others are told. */
#include "websocket.h"

#include <stdio.h>
#include <string.h>

#define JSON "Sec-WebSocket-Protocol: oneM2M.json\r\n"

static void accepted(void **state)
{
    static const struct {
        const char *headers, *chosen;
    } table[] = {
        {JSON, "oneM2M.json"},
        {"Sec-WebSocket-Protocol: oneM2M.cbor\r\n", "oneM2M.cbor"},
        {"Sec-WebSocket-Protocol: oneM2M.cbor, oneM2M.json\r\n", "oneM2M.cbor"}, /* the peer's order counts */
        {"Sec-WebSocket-Protocol: oneM2M.json,oneM2M.cbor\r\n", "oneM2M.json"},
        {"sec-websocket-protocol: chat ,\toneM2M.xml, oneM2M.json , superchat\r\n", "oneM2M.json"},
        {"Sec-WebSocket-Protocol: oneM2M.xml\r\nSec-WebSocket-Protocol: oneM2M.cbor\r\n" JSON, "oneM2M.cbor"},
        {JSON "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n", "oneM2M.json"},
        {JSON "Origin: https://app.example.com\r\n", "oneM2M.json"},
    };
    struct answer a;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct peer *p = peer_connect(*state);
        peer_send_text(p, WS_UPGRADE "%s\r\n", table[i].headers);
        peer_read(p, &a, false);
        assert_memory_equal(a.head, "HTTP/1.1 101 ", 13);
        assert_string_equal(answer_header(&a, "Upgrade"), "websocket");
        assert_string_equal(answer_header(&a, "Connection"), "Upgrade");
        assert_string_equal(answer_header(&a, "Sec-WebSocket-Accept"), WS_ACCEPT);
        assert_string_equal(answer_header(&a, "Sec-WebSocket-Protocol"), table[i].chosen);
        assert_null(answer_header(&a, "Sec-WebSocket-Extensions"));
        peer_free(p);
    }
}

#define LINE   "GET / HTTP/1.1\r\n"
#define HOST   "Host: " FQDN "\r\n"
#define HOP    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY    "Sec-WebSocket-Key: " WS_KEY "\r\n"
#define V13    "Sec-WebSocket-Version: 13\r\n"
#define OTHERS KEY V13 JSON

/* Each refusal says why, and leaves a connection that serves requests. */
static void refused(void **state)
{
    static const struct {
        const char *request;
        int status, rsc;
        const char *why;
    } table[] = {
        {LINE HOST HOP KEY V13, 400, 4000, "Sec-WebSocket-Protocol"},
        {LINE HOST HOP KEY V13 "Sec-WebSocket-Protocol: oneM2M.xml\r\n", 400, 4000, "Sec-WebSocket-Protocol"},
        {LINE HOST HOP KEY V13 "Sec-WebSocket-Protocol: ONEM2M.JSON\r\n", 400, 4000,
         "Sec-WebSocket-Protocol"},
        {LINE HOST HOP KEY V13 "Sec-WebSocket-Protocol: ,, ,\r\n", 400, 4000, "Sec-WebSocket-Protocol"},
        {LINE HOST HOP KEY V13 "Sec-WebSocket-Protocol: oneM2M.jsonx, oneM2M\r\n", 400, 4000, "Protocol"},
        {LINE HOST HOP V13 JSON, 400, 4000, "Sec-WebSocket-Key"},
        {LINE HOST HOP KEY OTHERS, 400, 4000, "Sec-WebSocket-Key"},
        {LINE HOST HOP "Sec-WebSocket-Key: c2hvcnQ=\r\n" V13 JSON, 400, 4000, "Sec-WebSocket-Key"},
        {LINE HOST HOP "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=!\r\n" V13 JSON, 400, 4000, "Key"},
        {LINE HOST HOP KEY JSON, 426, 4000, "13"},
        {LINE HOST HOP KEY JSON "Sec-WebSocket-Version: 8\r\n", 426, 4000, "13"},
        {LINE HOST HOP KEY JSON "Sec-WebSocket-Version: 13, 8\r\n", 426, 4000, "13"},
        {LINE HOST HOP KEY JSON V13 V13, 426, 4000, "13"},
        {LINE HOST "Upgrade: websocket\r\n" OTHERS, 400, 4000, "Connection: Upgrade"},
        {LINE HOST "Upgrade: websocket\r\nConnection: keep-alive\r\n" OTHERS, 400, 4000,
         "Connection: Upgrade"},
        {"POST / HTTP/1.1\r\n" HOST HOP OTHERS, 400, 4000, "GET"},
        {"PUT / HTTP/1.1\r\n" HOST HOP OTHERS, 400, 4000, "GET"},
        {LINE HOST HOP OTHERS "Content-Length: 2\r\n\r\n{}", 400, 4000, "body"},
        {"GET /- HTTP/1.1\r\n" HOST HOP OTHERS, 404, 4004, "served at /"},
        {"GET /?x=1 HTTP/1.1\r\n" HOST HOP OTHERS, 404, 4004, "served at /"},
        {LINE "Host: other.example.com\r\n" HOP OTHERS, 404, 4004, "another MAF"},
        {LINE HOP OTHERS, 400, 4000, "Host"},
        {LINE HOST HOP OTHERS HOST, 400, 4000, "Host"},
        {LINE HOST "Upgrade: h2c, WEBSOCKET\r\nConnection: x, UPGRADE\r\n" KEY V13, 400, 4000, "Protocol"},
    };
    struct answer a;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct peer *p = peer_connect(*state);
        bool has_end = strstr(table[i].request, "\r\n\r\n") != NULL;
        peer_send_text(p, "%s%s", table[i].request, has_end ? "" : "\r\n");
        peer_read(p, &a, false);
        if (a.status != table[i].status || a.rsc != table[i].rsc || strstr(a.body, table[i].why) == NULL)
            fail_msg("for\n%s\ngot %s%s", table[i].request, a.head, a.body);
        if (a.status == 426) {
            assert_string_equal(answer_header(&a, "Sec-WebSocket-Version"), "13");
            assert_string_equal(answer_header(&a, "Upgrade"), "websocket");
        }
        peer_send_text(p, GET_BASE);
        peer_read(p, &a, false);
        assert_int_equal(a.rsc, 2000);
        peer_free(p);
    }
}

/* HTTP/1.0 has no upgrade, and ends after its response. */
static void too_old(void **state)
{
    struct answer a;
    struct peer *p = peer_connect(*state);
    peer_send_text(p, "GET / HTTP/1.0\r\n" HOST HOP OTHERS "\r\n");
    peer_read(p, &a, false);
    assert_int_equal(a.status, 400);
    assert_non_null(strstr(a.body, "HTTP/1.1"));
    peer_expect_close(p);
    peer_free(p);
}

/* Another protocol's upgrade is not taken up (RFC 9110 §7.8). */
static void other_upgrade(void **state)
{
    struct answer a;
    struct peer *p = peer_connect(*state);
    peer_send_text(p,
                   "GET /- HTTP/1.1\r\n" HOST "Upgrade: h2c\r\nConnection: Upgrade\r\nX-M2M-Origin: " CLIENT
                   "\r\nX-M2M-RI: r\r\nX-M2M-RVI: 3\r\n\r\n");
    peer_read(p, &a, false);
    assert_int_equal(a.rsc, 2000);
    peer_free(p);
}

/* Requests before the upgrade do not stand in its way, and frames may come with it in one piece. */
static void after_requests(void **state)
{
    struct answer a;
    struct peer *p = peer_connect(*state);
    peer_send_text(p, GET_BASE);
    peer_read(p, &a, false);
    assert_int_equal(a.rsc, 2000);
    peer_send_text(p, GET_BASE WS_UPGRADE JSON "\r\n\x89\x80....");
    peer_read(p, &a, false);
    assert_int_equal(a.rsc, 2000);
    peer_read(p, &a, false);
    assert_int_equal(a.status, 101);
    struct ws_frame f;
    ws_read(p, &f);
    assert_int_equal(f.head, WS_FIN | WS_PONG);
    ws_send_text(p, WS_GET("after"));
    ws_expect_text(p, "\"rqi\":\"after\"");
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted),      cmocka_unit_test(refused),        cmocka_unit_test(too_old),
        cmocka_unit_test(other_upgrade), cmocka_unit_test(after_requests),
    };
    return cmocka_run_group_tests(tests, server_setup, server_teardown);
}
