/* Requests and responses (TS-0008, spec/wire §6): every option, path and code, over DTLS. */
#include "server.h"

#include <string.h>

static struct server *server;
static struct peer *peer;

static int setup(void **state)
{
    (void)state;
    server = server_start(&server_defaults);
    peer = peer_connect(server);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    peer_free(peer);
    server_stop(server);
    return 0;
}

#define REGISTRATION "{\"sec:mafcr\":{\"et\":\"20300101T000000\",\"adfq\":\"" ADMIN "\"}}"

static void expect(const struct om_coap_message *m, uint8_t code, int rsc, const char *text)
{
    struct om_coap_message out;
    char payload[2048] = "";
    peer_exchange(peer, m, &out);
    if (out.payload_len > 0)
        memcpy(payload, out.payload, out.payload_len);
    if (out.code != code || rsc_of(&out) != rsc || strstr(payload, text) == NULL)
        fail_msg("expected %u.%02u %d '%s', got %u.%02u %d %s", code >> 5, code & 31u, rsc, text,
                 out.code >> 5, out.code & 31u, rsc_of(&out), payload);
    om_coap_free(&out);
}

static void paths(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        uint8_t code;
        int rsc;
    } table[] = {
        {BASE, OM_COAP_CODE(2, 5), 2000},        {"-", OM_COAP_CODE(2, 5), 2000},
        {"maf", OM_COAP_CODE(2, 5), 2000},       {"_/other.example.com/-", OM_COAP_CODE(4, 4), 4004},
        {"-/nothing", OM_COAP_CODE(4, 4), 4004}, {"~/cse1/x", OM_COAP_CODE(4, 4), 4004},
        {"", OM_COAP_CODE(4, 4), 4004},          {"-//x", OM_COAP_CODE(4, 4), 4004},
        {"..", OM_COAP_CODE(4, 4), 4004},
    };
    struct om_coap_message m;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        peer_request(peer, &m, OM_COAP_GET, table[i].path);
        struct om_coap_message out;
        peer_exchange(peer, &m, &out);
        if (out.code != table[i].code && !(table[i].path[0] == '\0' && out.code == OM_COAP_CODE(4, 0)))
            fail_msg("'%s': %x %d", table[i].path, out.code, rsc_of(&out));
        om_coap_free(&out);
    }
}

static void what_every_response_carries(void **state)
{
    (void)state;
    struct om_coap_message m, out;
    peer_request(peer, &m, OM_COAP_GET, BASE);
    peer_exchange(peer, &m, &out);
    assert_int_equal(uint_of(&out, OM_COAP_MAX_AGE), 0);
    assert_int_equal(uint_of(&out, OM_COAP_CONTENT_FORMAT), WIRE_COAP_RES_JSON);
    assert_null(om_coap_find(&out, 4)); /* ETag */
    assert_null(om_coap_find(&out, WIRE_COAP_TY));
    assert_null(om_coap_find(&out, WIRE_COAP_FR));
    const struct om_coap_option *rqi = om_coap_find(&out, WIRE_COAP_RQI);
    const struct om_coap_option *rvi = om_coap_find(&out, WIRE_COAP_RVI);
    assert_non_null(rqi);
    assert_non_null(rvi);
    assert_memory_equal(rqi->value, "r1", 2);
    assert_memory_equal(rvi->value, "3", 1);
    om_coap_free(&out);
}

static void create_says_where(void **state)
{
    (void)state;
    struct om_coap_message m, out;
    static const char *const segments[] = {"_", FQDN, "-"};
    size_t n = 0;
    peer_request(peer, &m, OM_COAP_POST, BASE);
    om_coap_add_uint(&m, WIRE_COAP_TY, 20002);
    add_content(&m, REGISTRATION);
    peer_exchange(peer, &m, &out);
    assert_int_equal(out.code, OM_COAP_CODE(2, 1));
    assert_int_equal(rsc_of(&out), 2001);
    assert_int_equal(uint_of(&out, OM_COAP_CONTENT_FORMAT), WIRE_COAP_JSON); /* as it was asked in */
    for (size_t i = 0; i < out.n_options; i++) {
        if (out.options[i].number != OM_COAP_LOCATION_PATH)
            continue;
        if (n < 3) {
            assert_int_equal(out.options[i].len, strlen(segments[n]));
            assert_memory_equal(out.options[i].value, segments[n], strlen(segments[n]));
        }
        n++;
    }
    assert_int_equal(n, 4);
    om_coap_free(&out);
}

static void methods(void **state)
{
    (void)state;
    struct om_coap_message m;
    for (unsigned code = 5; code < 32; code++) { /* FETCH, PATCH, iPATCH and what nobody has defined */
        peer_request(peer, &m, (uint8_t)code, BASE);
        expect(&m, OM_COAP_CODE(4, 5), 4005, "the methods are");
    }
    peer_request(peer, &m, OM_COAP_DELETE, BASE);
    expect(&m, OM_COAP_CODE(4, 5), 4005, "");
    peer_request(peer, &m, OM_COAP_POST, BASE); /* Notify */
    add_content(&m, "{\"m2m:sgn\":{}}");
    expect(&m, OM_COAP_CODE(4, 0), 4000, "Resource Type");
}

static void m2m_options(void **state)
{
    (void)state;
    static const struct {
        uint16_t number;
        const char *value;
        uint8_t code;
        int rsc;
    } table[] = {
        {WIRE_COAP_OT, "20200101T000000", OM_COAP_CODE(2, 5), 2000},
        {WIRE_COAP_OT, "yesterday", OM_COAP_CODE(4, 0), 4000},
        {WIRE_COAP_RQET, "20200101T000000", OM_COAP_CODE(5, 4), 4008},
        {WIRE_COAP_RQET, "20990101T000000", OM_COAP_CODE(2, 5), 2000},
        {WIRE_COAP_RQET, "60000", OM_COAP_CODE(2, 5), 2000},
        {WIRE_COAP_RQET, "20990101T000000,1", OM_COAP_CODE(4, 0), 4000}, /* longer than the option may be */
        {WIRE_COAP_RSET, "20990101T000000", OM_COAP_CODE(2, 5), 2000},
        {WIRE_COAP_TY, "\x4e\x22", OM_COAP_CODE(4, 0), 4000}, /* only in a Create */
        {WIRE_COAP_TY, "\x01\x4e\x22", OM_COAP_CODE(4, 0), 4000},
        {WIRE_COAP_FR, CLIENT, OM_COAP_CODE(4, 0), 4000}, /* the second one */
        {WIRE_COAP_RQI, "again", OM_COAP_CODE(4, 0), 4000},
        {WIRE_COAP_RTURI, "x", OM_COAP_CODE(5, 1), 5001},
        {WIRE_COAP_GID, "x", OM_COAP_CODE(5, 1), 5001},
        {WIRE_COAP_EC, "\x01", OM_COAP_CODE(5, 1), 5001},
        {WIRE_COAP_CTO, "\x01", OM_COAP_CODE(5, 1), 5001},
        {WIRE_COAP_VSI, "x", OM_COAP_CODE(5, 1), 5001},
        {WIRE_COAP_ASRI, "x", OM_COAP_CODE(5, 1), 5001},
        {WIRE_COAP_AUS, "x", OM_COAP_CODE(5, 1), 5001},
        {WIRE_COAP_RSC, "\x07", OM_COAP_CODE(5, 1), 5001},
        {OM_COAP_URI_QUERY, "rcn=1", OM_COAP_CODE(2, 5), 2000},
        {OM_COAP_URI_QUERY, "rcn", OM_COAP_CODE(4, 0), 4000},
        {OM_COAP_URI_QUERY, "nonsense=1", OM_COAP_CODE(4, 0), 4000},
        {OM_COAP_URI_QUERY, "rt=1", OM_COAP_CODE(5, 1), 5206},
        {OM_COAP_URI_QUERY, "lbl=a b", OM_COAP_CODE(4, 0), 4000},
        {OM_COAP_URI_HOST, FQDN, OM_COAP_CODE(2, 5), 2000},
        {OM_COAP_URI_HOST, "MAF.example.com", OM_COAP_CODE(2, 5), 2000},
        {OM_COAP_URI_HOST, "127.0.0.1", OM_COAP_CODE(2, 5), 2000},
        {OM_COAP_URI_HOST, "localhost", OM_COAP_CODE(2, 5), 2000},
        {OM_COAP_URI_HOST, "other.example.com", OM_COAP_CODE(4, 4), 4004},
        {OM_COAP_URI_PORT, "\x16\x34", OM_COAP_CODE(2, 5), 2000},
        {OM_COAP_ACCEPT, "\x32", OM_COAP_CODE(2, 5), 2000},
        {OM_COAP_ACCEPT, "\x3c", OM_COAP_CODE(2, 5), 2000},
        {OM_COAP_ACCEPT, "\x29", OM_COAP_CODE(4, 6), 5207}, /* XML */
        {OM_COAP_CONTENT_FORMAT, "\x29", OM_COAP_CODE(4, 15), 4015},
        {OM_COAP_PROXY_URI, "coap://x/", OM_COAP_CODE(5, 5), 5001},
        {OM_COAP_PROXY_SCHEME, "http", OM_COAP_CODE(5, 5), 5001},
        {5, "", OM_COAP_CODE(4, 2), 4000},      /* If-None-Match */
        {65001, "x", OM_COAP_CODE(4, 2), 4000}, /* critical, unknown */
        {65000, "x", OM_COAP_CODE(2, 5), 2000}, /* elective, unknown */
        {OM_COAP_NO_RESPONSE, "", OM_COAP_CODE(2, 5), 2000},
    };
    struct om_coap_message m;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct om_coap_message out;
        peer_request(peer, &m, OM_COAP_GET, "-");
        om_coap_add_text(&m, table[i].number, table[i].value);
        peer_exchange(peer, &m, &out);
        if (out.code != table[i].code || rsc_of(&out) != table[i].rsc)
            fail_msg("option %u '%s': %u.%02u %d %.*s", table[i].number, table[i].value, out.code >> 5,
                     out.code & 31u, rsc_of(&out), (int)out.payload_len, (const char *)out.payload);
        om_coap_free(&out);
    }
}

static void content(void **state)
{
    (void)state;
    struct om_coap_message m;
    static const uint8_t cbor[] = {0xa1, 0x69, 's', 'e', 'c', ':', 'm', 'a', 'f', 'c', 'r', 0xa0};
    peer_request(peer, &m, OM_COAP_POST, "-");
    om_coap_add_uint(&m, WIRE_COAP_TY, 20002);
    m.payload = (const uint8_t *)"{}";
    m.payload_len = 2;
    expect(&m, OM_COAP_CODE(4, 15), 4015, "Content-Format: missing");
    peer_request(peer, &m, OM_COAP_POST, "-");
    om_coap_add_uint(&m, WIRE_COAP_TY, 20002);
    add_content(&m, "{");
    expect(&m, OM_COAP_CODE(4, 0), 4000, "m2m:dbg");
    peer_request(peer, &m, OM_COAP_POST, "-"); /* read as CBOR, answered in CBOR */
    om_coap_add_uint(&m, WIRE_COAP_TY, 20002);
    om_coap_add_uint(&m, OM_COAP_CONTENT_FORMAT, WIRE_COAP_RES_CBOR);
    m.payload = cbor;
    m.payload_len = sizeof cbor;
    struct om_coap_message out;
    peer_exchange(peer, &m, &out);
    assert_int_equal(rsc_of(&out), 4000);
    assert_int_equal(uint_of(&out, OM_COAP_CONTENT_FORMAT), WIRE_COAP_RES_CBOR);
    assert_int_equal(out.payload[0], 0xa1);
    om_coap_free(&out);
    peer_request(peer, &m, OM_COAP_GET, "-");
    add_content(&m, "{\"a\":1}");
    expect(&m, OM_COAP_CODE(4, 0), 4000, "has no body");
}

static void paths_that_lie(void **state)
{
    (void)state;
    static const struct {
        const char *segment;
        size_t n;
    } bad[] = {{"a/b", 3}, {"a\0b", 3}, {"a b", 3}, {"\n", 1}, {"\x7f", 1}};
    struct om_coap_message m;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        peer_request(peer, &m, OM_COAP_GET, "-");
        om_coap_add(&m, OM_COAP_URI_PATH, bad[i].segment, bad[i].n);
        expect(&m, OM_COAP_CODE(4, 0), 4000, "Uri-Path");
    }
    peer_request(peer, &m, OM_COAP_GET, "-");
    char segment[255];
    memset(segment, 'x', sizeof segment);
    for (size_t i = 0; i < 3; i++)
        om_coap_add(&m, OM_COAP_URI_PATH, segment, sizeof segment);
    expect(&m, OM_COAP_CODE(4, 0), 4000, "too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),
        cmocka_unit_test(what_every_response_carries),
        cmocka_unit_test(methods),
        cmocka_unit_test(m2m_options),
        cmocka_unit_test(content),
        cmocka_unit_test(paths_that_lie),
        cmocka_unit_test(create_says_where),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
