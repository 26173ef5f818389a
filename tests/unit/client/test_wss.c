/* The WebSocket transport against a MAF that misbehaves: handshake, frames, messages, ends. */
#include "answers.h"

static int discover(void)
{
    const struct openmaf_discovery filter = {.size = sizeof filter};
    char **ids = NULL;
    size_t n = 0;
    int code = openmaf_discover(maf, &filter, &ids, &n, ERROR);
    openmaf_ids_free(ids, n);
    return code;
}

#define SWITCH  "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE "Upgrade: websocket\r\n"
#define CONNECT "Connection: Upgrade\r\n"
#define ACCEPT  "Sec-WebSocket-Accept: %s\r\n"
#define CHOICE  "Sec-WebSocket-Protocol: oneM2M.json\r\n"

static void test_handshake_refused(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        int code;
        const char *says;
    } cases[] = {
        {SWITCH CONNECT ACCEPT CHOICE "\r\n", OPENMAF_EINTEGRITY, "does not fit"},
        {SWITCH UPGRADE ACCEPT CHOICE "\r\n", OPENMAF_EINTEGRITY, "does not fit"},
        {SWITCH UPGRADE CONNECT CHOICE "\r\n", OPENMAF_EINTEGRITY, "does not fit"},
        {SWITCH UPGRADE CONNECT ACCEPT "\r\n", OPENMAF_EINTEGRITY, "does not fit"},
        {SWITCH UPGRADE CONNECT CHOICE "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
         OPENMAF_EINTEGRITY, "does not fit"},
        {SWITCH UPGRADE CONNECT ACCEPT "Sec-WebSocket-Protocol: oneM2M.cbor\r\n\r\n", OPENMAF_EINTEGRITY,
         "does not fit"},
        {SWITCH UPGRADE CONNECT ACCEPT CHOICE CHOICE "\r\n", OPENMAF_EINTEGRITY, "does not fit"},
        {SWITCH UPGRADE CONNECT ACCEPT CHOICE "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
         OPENMAF_EINTEGRITY, "does not fit"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", OPENMAF_EINTEGRITY, "HTTP status 200 instead"},
        {"HTTP/1.1 503 Busy\r\n\r\n", OPENMAF_ETEMPORARY, "HTTP status 503 instead"},
        {"HTTP/1.1 400 Bad\r\nX-M2M-RSC: 4000\r\n\r\n", OPENMAF_EINPUT, "4000"},
        {"HTTP/1.1 404 No\r\nX-M2M-RSC: 4004\r\n\r\n", OPENMAF_ENOTFOUND, "4004"},
        {"220 smtp.example.com\r\n\r\n", OPENMAF_EINTEGRITY, "not HTTP/1.1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        peer_ways(peer)->upgrade = cases[i].answer;
        FAILS(cases[i].code, discover());
        SAYS(cases[i].says);
        assert_int_equal(peer_count(peer), 0);
    }
}

static void test_long_handshake(void **state)
{
    (void)state;
    static char answer[18000];
    (void)memset(answer, 'x', sizeof answer - 1);
    peer_ways(peer)->upgrade = answer;
    FAILS(OPENMAF_EINTEGRITY, discover());
    SAYS("longer than");
    peer_ways(peer)->upgrade = "HTTP/1.1 101 x"; /* never ends; the time does */
    maf->home.timeout = 1;
    FAILS(OPENMAF_ETEMPORARY, discover());
}

/* Fragments with control frames between them are one message. */
static void test_fragments(void **state)
{
    (void)state;
    peer_ways(peer)->fragments = 7;
    peer_ways(peer)->ping = true;
    SUCCEEDS(discover());
    assert_true(peer_ways(peer)->pong);
    assert_int_equal(peer_ways(peer)->closed, 1000);
}

/* A frame: first octet, length octet, payload. */
#define FRAME(name, ...) static const uint8_t name[] = {__VA_ARGS__}
FRAME(masked, 0x81, 0x82, 0, 0, 0, 0, '{', '}');
FRAME(reserved, 0xc1, 2, '{', '}');
FRAME(unknown, 0x83, 2, '{', '}');
FRAME(unknown_control, 0x8b, 0);
FRAME(loose_fragment, 0x80, 2, '{', '}');
FRAME(new_in_fragments, 0x01, 1, '{', 0x81, 1, '}');
FRAME(binary, 0x82, 2, '{', '}');
FRAME(long_ping, 0x89, 126, 0, 126);
FRAME(fragmented_ping, 0x09, 0);
FRAME(too_long, 0x81, 127, 0, 0, 0, 0, 0, 1, 0, 1, '{');
FRAME(length_of_8_with_top_bit, 0x81, 127, 0x80, 0, 0, 0, 0, 0, 0, 0);
FRAME(too_long_together, 0x01, 2, '{', '}', 0x80, 126, 0xff, 0xff, ' ');
FRAME(empty, 0x81, 0);
FRAME(no_object, 0x81, 2, '[', ']');
FRAME(no_rsc, 0x81, 2, '{', '}');
FRAME(bad_utf8, 0x81, 6, '{', '"', 0xff, '"', ':', '1');

static void test_frames_refused(void **state)
{
    (void)state;
    static const struct {
        const uint8_t *octets;
        size_t n;
        unsigned closed;
        const char *says;
    } cases[] = {
        {masked, sizeof masked, 1002, "masked"},
        {reserved, sizeof reserved, 1002, ""},
        {unknown, sizeof unknown, 1002, ""},
        {unknown_control, sizeof unknown_control, 1002, ""},
        {loose_fragment, sizeof loose_fragment, 1002, "out of order"},
        {new_in_fragments, sizeof new_in_fragments, 1002, "out of order"},
        {binary, sizeof binary, 1003, "kind of frame"},
        {long_ping, sizeof long_ping, 1002, "malformed"},
        {fragmented_ping, sizeof fragmented_ping, 1002, "malformed"},
        {too_long, sizeof too_long, 1009, "too long"},
        {length_of_8_with_top_bit, sizeof length_of_8_with_top_bit, 1002, ""},
        {too_long_together, sizeof too_long_together, 1009, "too long"},
        {empty, sizeof empty, 1000, "JSON"},
        {no_object, sizeof no_object, 1000, "one JSON object"},
        {no_rsc, sizeof no_rsc, 1000, "rsc"},
        {bad_utf8, sizeof bad_utf8, 1000, "JSON"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (i % PEER_REQUESTS_MAX == 0) { /* it remembers so many requests */
            (void)stop(state);
            (void)start(state);
        }
        peer_ways(peer)->closed = 0;
        peer_ways(peer)->frames = cases[i].octets;
        peer_ways(peer)->frames_len = cases[i].n;
        FAILS(OPENMAF_EINTEGRITY, discover());
        SAYS(cases[i].says);
        if (peer_ways(peer)->closed != cases[i].closed)
            fail_msg("case %zu: closed with %u", i, peer_ways(peer)->closed);
    }
}

static void test_closed(void **state)
{
    (void)state;
    static const struct {
        unsigned code;
        const char *says;
    } cases[] = {{1001, "code 1001"}, {1013, "code 1013"}, {1, "code 1005"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        peer_ways(peer)->close_code = cases[i].code;
        FAILS(OPENMAF_ETEMPORARY, discover());
        SAYS(cases[i].says);
    }
}

static void other_rqi(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r, (void)rq;
    reply->rqi = "another";
}

static void no_rqi(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r, (void)rq;
    reply->rqi = "";
}

static void error_without_rqi(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    no_rqi(r, rq, reply);
    reply->rsc = 4000; /* the MAF could not even read the request */
}

static void vanish(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r, (void)rq;
    reply->raw = "";
}

static void test_answers(void **state)
{
    (void)state;
    script.change = other_rqi;
    FAILS(OPENMAF_EINTEGRITY, discover());
    SAYS("rqi");
    script.change = no_rqi;
    FAILS(OPENMAF_EINTEGRITY, discover());
    script.change = error_without_rqi;
    FAILS(OPENMAF_EINPUT, discover());
    assert_int_equal(ERROR->rsc, 4000);
    script.change = vanish;
    FAILS(OPENMAF_ETEMPORARY, discover());
    SAYS("closed the connection");
}

static void huge(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r, (void)rq;
    int n = snprintf(reply->body, sizeof reply->body, "{\"m2m:uril\":[");
    for (int i = 0; i < 2900; i++)
        n += snprintf(reply->body + n, sizeof reply->body - (size_t)n, "%s\"resource-%09d\"",
                      i > 0 ? "," : "", i);
    (void)snprintf(reply->body + n, sizeof reply->body - (size_t)n, "]}");
}

/* Near the limit, and in many frames. */
static void test_large(void **state)
{
    (void)state;
    script.change = huge;
    peer_ways(peer)->fragments = 100;
    SUCCEEDS(discover());
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_handshake_refused, start, stop),
        cmocka_unit_test_setup_teardown(test_long_handshake, start, stop),
        cmocka_unit_test_setup_teardown(test_fragments, start, stop),
        cmocka_unit_test_setup_teardown(test_frames_refused, start, stop),
        cmocka_unit_test_setup_teardown(test_closed, start, stop),
        cmocka_unit_test_setup_teardown(test_answers, start, stop),
        cmocka_unit_test_setup_teardown(test_large, start, stop),
    };
    fixture_kind(argc, argv);
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
