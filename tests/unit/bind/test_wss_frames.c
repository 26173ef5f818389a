/* Frames and messages of WebSocket: whole primitives each way, control frames, and for each way of breaking
 * RFC 6455 the code with which the server closes. */
#include "websocket.h"

#include "onem2m/cbor.h"

#include <stdio.h>
#include <string.h>

static void json(void **state)
{
    struct peer *p = ws_connect(*state, "oneM2M.json");
    for (int i = 0; i < 3; i++) {
        ws_send_text(p, WS_GET("r-1"));
        ws_expect_text(p, "{\"rsc\":2000,\"rqi\":\"r-1\",\"rvi\":\"3\",\"pc\":{\"sec:mafb\":{");
    }
    peer_free(p);
}

static void cbor(void **state)
{
    struct peer *p = ws_connect(*state, "oneM2M.cbor");
    json_t *request =
        json_pack("{s:i,s:s,s:s,s:s,s:s}", "op", 2, "to", "-", "fr", CLIENT, "rqi", "c", "rvi", "3");
    struct om_secret octets = OM_SECRET_INIT;
    struct ws_frame f;
    json_t *response;
    assert_int_equal(m2m_cbor_print(request, &octets, NULL), OM_OK);
    ws_send(p, WS_FIN | WS_BINARY, octets.octets, octets.len);
    ws_read(p, &f);
    assert_int_equal(f.head, WS_FIN | WS_BINARY);
    assert_int_equal(m2m_cbor_parse(f.payload, f.n, &response, NULL), OM_OK);
    assert_int_equal(json_integer_value(json_object_get(response, "rsc")), 2000);
    assert_string_equal(json_string_value(json_object_get(response, "rqi")), "c");
    om_secret_free(&octets);
    json_decref(request);
    json_decref(response);
    peer_free(p);
}

/* Any cut of a message into frames, with control frames in between. */
static void fragments(void **state)
{
    static const char text[] = WS_GET("cut");
    size_t n = sizeof text - 1;
    struct peer *p = ws_connect(*state, "oneM2M.json");
    struct ws_frame f;
    for (size_t cut = 0; cut <= n; cut += 7) {
        ws_send(p, WS_TEXT, text, cut);
        ws_send(p, WS_FIN | WS_PING, "hello", 5);
        ws_send(p, 0, "", 0);
        ws_send(p, WS_FIN | WS_PONG, "unasked", 7);
        ws_send(p, WS_FIN, text + cut, n - cut);
        ws_read(p, &f);
        assert_int_equal(f.head, WS_FIN | WS_PONG);
        assert_string_equal(f.payload, "hello");
        ws_expect_text(p, "\"rqi\":\"cut\"");
    }
    for (size_t i = 0; i < n; i++)
        ws_send(p, (uint8_t)((i == 0 ? WS_TEXT : 0) | (i == n - 1 ? WS_FIN : 0)), text + i, 1);
    ws_expect_text(p, "\"rqi\":\"cut\"");
    peer_free(p);
}

/* Many requests at once are answered in their order. */
static void pipelined(void **state)
{
    struct peer *p = ws_connect(*state, "oneM2M.json");
    for (int i = 0; i < 100; i++) {
        char text[256];
        (void)snprintf(text, sizeof text, WS_GET("n%d"), i);
        ws_send_text(p, text);
    }
    for (int i = 0; i < 100; i++) {
        char part[32];
        (void)snprintf(part, sizeof part, "\"rqi\":\"n%d\"", i);
        ws_expect_text(p, part);
    }
    peer_free(p);
}

/* What is no primitive is answered like any bad request, with its rqi where that can be read. */
static void bad_primitives(void **state)
{
    static const struct {
        const char *message, *answer;
    } table[] = {
        {"", "{\"rsc\":4000,\"pc\":{\"m2m:dbg\":\"JSON: empty"},
        {"{", "{\"rsc\":4000,\"pc\":{\"m2m:dbg\":\"JSON: it ends too early"},
        {"hello", "{\"rsc\":4000,\"pc\":{\"m2m:dbg\":\"JSON: malformed"},
        {"[1]", "\"rsc\":4000"},
        {"{\"rqi\":\"x1\",\"fr\":\"" CLIENT "\",\"rvi\":\"3\"}", "{\"rsc\":4000,\"rqi\":\"x1\""},
        {"{\"op\":2,\"to\":\"-\",\"rqi\":\"x2\",\"rqi\":\"x3\"}", "twice"},
        {"{\"op\":2,\"to\":\"-\",\"rqi\":\"x4\",\"rvi\":\"3\",\"zz\":1,\"fr\":\"" CLIENT "\"}",
         "\"rqi\":\"x4\""},
        {"{\"rsc\":2000,\"rqi\":\"x5\"}", "\"rqi\":\"x5\""},
        {"{\"op\":2,\"to\":\"-\",\"rqi\":\"x6\",\"rvi\":\"3\",\"fr\":\"" TARGET "\"}",
         "{\"rsc\":4106,\"rqi\":\"x6\""},
        {"{\"a\":\"\\u0000\"}", "a NUL"},
    };
    struct peer *p = ws_connect(*state, "oneM2M.json");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        ws_send_text(p, table[i].message);
        ws_expect_text(p, table[i].answer);
    }
    ws_send_text(p, WS_GET("good"));
    ws_expect_text(p, "{\"rsc\":2000,\"rqi\":\"good\"");
    peer_free(p);
}

static void pings(void **state)
{
    struct peer *p = ws_connect(*state, "oneM2M.cbor");
    struct ws_frame f;
    char payload[125];
    memset(payload, 0xe5, sizeof payload);
    ws_send(p, WS_FIN | WS_PING, payload, sizeof payload);
    ws_read(p, &f);
    assert_int_equal(f.head, WS_FIN | WS_PONG);
    assert_int_equal(f.n, sizeof payload);
    assert_memory_equal(f.payload, payload, sizeof payload);
    ws_send(p, WS_FIN | WS_PONG, "", 0);
    ws_send(p, WS_FIN | WS_PING, "", 0);
    ws_read(p, &f);
    assert_int_equal(f.head, WS_FIN | WS_PONG);
    assert_int_equal(f.n, 0);
    peer_free(p);
}

/* The peer's Close is answered with its own code, then the connection ends. */
static void closing(void **state)
{
    static const struct {
        const char *payload;
        size_t n;
        int code;
    } table[] = {{"", 0, 0},
                 {"\x03\xe8", 2, 1000},
                 {"\x03\xe9going", 7, 1001},
                 {"\x0b\xb8", 2, 3000},
                 {"\x13\x87\xc3\xbc", 4, 4999}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct peer *p = ws_connect(*state, "oneM2M.json");
        ws_send(p, WS_FIN | WS_CLOSE, table[i].payload, table[i].n);
        ws_expect_close_frame(p, table[i].code);
        peer_expect_close(p);
        peer_free(p);
    }
    struct peer *p = ws_connect(*state, "oneM2M.json"); /* in the middle of a message */
    ws_send(p, WS_TEXT, "{", 1);
    ws_send(p, WS_FIN | WS_CLOSE, "\x03\xe8", 2);
    ws_expect_close_frame(p, 1000);
    peer_expect_close(p);
    peer_free(p);
    p = ws_connect(*state, "oneM2M.json"); /* without one: the end of the connection is enough */
    peer_free(p);
}

#define MASK "\0\0\0\0"

struct violation {
    const char *what, *octets;
    size_t n;
    int code;
    enum { ANSWER, ENDS, WAITS } then;
};
#define FRAME(octets) octets, sizeof(octets) - 1

/* Each breaks one rule on a fresh oneM2M.json connection. Then the server awaits the answer to its Close; or
 * ends, because the peer has sent its own, or because it is not known where its next frame begins; or waits
 * for the rest of the frame. */
static const struct violation violations[] = {
    {"unmasked text", FRAME("\x81\x02{}"), 1002, ANSWER},
    {"unmasked ping", FRAME("\x89\x00"), 1002, ANSWER},
    {"unmasked Close", FRAME("\x88\x00"), 1002, ANSWER},
    {"RSV1", FRAME("\xc1\x82" MASK "{}"), 1002, ANSWER},
    {"RSV2", FRAME("\xa1\x82" MASK "{}"), 1002, ANSWER},
    {"RSV3", FRAME("\x91\x82" MASK "{}"), 1002, ANSWER},
    {"RSV1 on a ping", FRAME("\xc9\x80" MASK), 1002, ANSWER},
    {"opcode 3", FRAME("\x83\x80" MASK), 1002, ANSWER},
    {"opcode 7", FRAME("\x87\x80" MASK), 1002, ANSWER},
    {"opcode 11", FRAME("\x8b\x80" MASK), 1002, ANSWER},
    {"opcode 15", FRAME("\x8f\x80" MASK), 1002, ANSWER},
    {"continuation of nothing", FRAME("\x80\x80" MASK), 1002, ANSWER},
    {"a message inside another", FRAME("\x01\x81" MASK "{\x81\x81" MASK "}"), 1002, ANSWER},
    {"control frame in fragments", FRAME("\x09\x80" MASK), 1002, ENDS},
    {"control frame of 126 octets", FRAME("\x89\xfe\x00\x7e" MASK), 1002, ENDS},
    {"16-bit length that fits in 7", FRAME("\x81\xfe\x00\x02" MASK "{}"), 1002, ENDS},
    {"64-bit length that fits in 16", FRAME("\x81\xff\0\0\0\0\0\0\x01\0" MASK), 1002, ENDS},
    {"length with its top bit set", FRAME("\x81\xff\x80\0\0\0\0\0\0\0" MASK), 1002, ENDS},
    {"Close with one octet", FRAME("\x88\x81" MASK "\x03"), 1002, ENDS},
    {"Close with code 0", FRAME("\x88\x82" MASK "\0\0"), 1002, ENDS},
    {"Close with code 1005", FRAME("\x88\x82" MASK "\x03\xed"), 1002, ENDS},
    {"Close with code 1015", FRAME("\x88\x82" MASK "\x03\xf7"), 1002, ENDS},
    {"Close with code 2999", FRAME("\x88\x82" MASK "\x0b\xb7"), 1002, ENDS},
    {"Close with a reason that is not UTF-8", FRAME("\x88\x83" MASK "\x03\xe8\xff"), 1007, ENDS},
    {"binary where text is spoken", FRAME("\x82\x82" MASK "{}"), 1003, ANSWER},
    {"text that is not UTF-8", FRAME("\x81\x81" MASK "\xff"), 1007, ANSWER},
    {"text cut within a character", FRAME("\x81\x81" MASK "\xc3"), 1007, ANSWER},
    {"huge", FRAME("\x81\xff\0\0\x01\0\0\0\0\0" MASK "{"), 1009, WAITS},
    {"hugest", FRAME("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff" MASK "{"), 1009, WAITS},
};

static void broken_rules(void **state)
{
    for (size_t i = 0; i < sizeof violations / sizeof violations[0]; i++) {
        const struct violation *v = &violations[i];
        print_message("%s\n", v->what);
        struct peer *p = ws_connect(*state, "oneM2M.json");
        peer_send(p, v->octets, v->n);
        if (v->then == ANSWER)
            ws_expect_closing(p, v->code);
        else
            ws_expect_close_frame(p, v->code);
        if (v->then == ENDS)
            peer_expect_close(p);
        peer_free(p);
    }
    struct peer *p = ws_connect(*state, "oneM2M.cbor");
    ws_send_text(p, "{}");
    ws_expect_closing(p, 1003);
    peer_free(p);
}

/* The rest of a message that is too long is not kept, and the peer's Close behind it is seen. */
static void too_long(void **state)
{
    static char text[70000];
    memset(text, ' ', sizeof text);
    text[0] = '{';
    text[65535] = '}';
    struct peer *p = ws_connect(*state, "oneM2M.json");
    ws_send(p, WS_FIN | WS_TEXT, text, 65536); /* the limit */
    ws_expect_text(p, "4000");
    ws_send(p, WS_FIN | WS_TEXT, text, 65537);
    ws_expect_closing(p, 1009);
    peer_free(p);
    p = ws_connect(*state, "oneM2M.json");
    ws_send(p, WS_TEXT, text, 40000);
    ws_send(p, 0, text, 25000);
    ws_send(p, WS_FIN, text, 600);
    ws_expect_closing(p, 1009);
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json),      cmocka_unit_test(cbor),           cmocka_unit_test(fragments),
        cmocka_unit_test(pipelined), cmocka_unit_test(bad_primitives), cmocka_unit_test(pings),
        cmocka_unit_test(closing),   cmocka_unit_test(broken_rules),   cmocka_unit_test(too_long),
    };
    return cmocka_run_group_tests(tests, server_setup, server_teardown);
}
