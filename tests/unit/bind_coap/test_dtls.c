/* Who gets a DTLS session, what it costs before, and what becomes of it. */
#include "hello.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void expect_untouched(struct server *s)
{
    struct coaps_stats stats;
    struct omtls_stats tls;
    server_stats(s, &stats);
    server_tls_stats(s, &tls);
    assert_int_equal(stats.accepted, 0);
    assert_int_equal(stats.sessions, 0);
    assert_int_equal(tls.connections, 0);
}

/* MAF-HS-3: nothing is done for a source that has not returned a cookie, and nothing is remembered. */
static void no_state_without_cookie(void **state)
{
    (void)state;
    struct server *s = server_start(&server_defaults);
    uint8_t cookie[HELLO_COOKIE_MAX];
    uint8_t other[HELLO_COOKIE_MAX];
    for (unsigned i = 0; i < 200; i++) {
        int fd = hello_socket(s, 0);
        hello_send(fd, (uint8_t)i, NULL, 0);
        assert_int_equal(hello_cookie(fd, cookie), 32);
        (void)close(fd);
    }
    expect_untouched(s);
    int fd = hello_socket(s, 0); /* the cookie of another port is as good as none */
    hello_send(fd, 1, cookie, 32);
    assert_int_equal(hello_cookie(fd, other), 32);
    assert_memory_not_equal(cookie, other, 32);
    other[0] ^= 1;
    hello_send(fd, 1, other, 32);
    (void)hello_cookie(fd, other);
    hello_send(fd, 1, other, 31);
    (void)hello_cookie(fd, other);
    expect_untouched(s);
    hello_send(fd, 1, other, 32);
    hello_accepted(fd);
    server_wait_sessions(s, 1);
    (void)close(fd);
    server_stop(s);
}

/* In the middle of a handshake: the same ClientHello is a repetition, another one begins anew. */
static void hello_again(void **state)
{
    (void)state;
    struct server *s = server_start(&server_defaults);
    struct coaps_stats stats;
    uint8_t cookie[HELLO_COOKIE_MAX];
    int fd = hello_socket(s, 0);
    hello_send(fd, 1, NULL, 0);
    size_t n = hello_cookie(fd, cookie);
    hello_send(fd, 1, cookie, n);
    hello_accepted(fd);
    hello_send(fd, 1, cookie, n);
    hello_send(fd, 2, NULL, 0);
    n = hello_cookie(fd, cookie); /* so all before has been seen */
    server_stats(s, &stats);
    assert_int_equal(stats.accepted, 1);
    hello_send(fd, 2, cookie, n);
    hello_accepted(fd);
    server_stats(s, &stats);
    assert_int_equal(stats.accepted, 2);
    assert_int_equal(stats.sessions, 1);
    (void)close(fd);
    server_stop(s);
}

static void get(struct peer *p)
{
    struct om_coap_message m, out;
    peer_request(p, &m, OM_COAP_GET, BASE);
    peer_exchange(p, &m, &out);
    assert_int_equal(rsc_of(&out), 2000);
    om_coap_free(&out);
}

/* RFC 6347 §4.2.8: a device that lost its session comes back from the same port. */
static void comes_back(void **state)
{
    (void)state;
    struct server *s = server_start(&server_defaults);
    struct coaps_stats stats;
    struct omtls_stats tls;
    struct peer *p = peer_connect(s);
    uint16_t port = peer_port(p);
    get(p);
    peer_abandon(p);
    p = peer_connect_from(s, port);
    get(p);
    server_stats(s, &stats);
    assert_int_equal(stats.sessions, 1);
    assert_int_equal(stats.handshakes, 2);
    server_tls_stats(s, &tls);
    assert_int_equal(tls.connections, 1);
    peer_free(p);
    server_wait_sessions(s, 0);
    server_stop(s);
}

/* Whoever can send from the address of a session cannot end it without its keys or a fresh cookie. */
static void session_withstands(void **state)
{
    (void)state;
    static const char *const octets[] = {
        "\x15\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x09\x00\x02\x02\x28", /* alert in clear */
        "\x15\xfe\xfd\x00\x01\x00\x00\x00\x00\x00\x09\x00\x02\x02\x28", /* alert of our epoch */
        "\x17\xfe\xfd\x00\x01\x00\x00\x00\x00\x00\x0a\x00\x02xx",       /* data that does not verify */
        "\x16\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x0b\x00\x02\x01\x00", /* half a ClientHello */
        "\x14\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x0c\x00\x01\x01\x00", /* ChangeCipherSpec */
        "GET / HTTP/1.1",
    };
    struct server *s = server_start(&server_defaults);
    struct peer *p = peer_connect(s);
    for (size_t i = 0; i < sizeof octets / sizeof octets[0]; i++) {
        assert_true(send(p->fd, octets[i], 15, 0) > 0);
        get(p);
    }
    uint8_t cookie[HELLO_COOKIE_MAX];
    hello_send(p->fd, 7, NULL, 0); /* answered with a cookie, and no more */
    (void)hello_cookie(p->fd, cookie);
    get(p);
    assert_int_equal(send(p->fd, "", 0, 0), 0);
    get(p);
    peer_free(p);
    server_stop(s);
}

/* Octets that are nothing from an address that is nobody. */
static void strangers(void **state)
{
    (void)state;
    struct server *s = server_start(&server_defaults);
    int fd = hello_socket(s, 0);
    uint8_t octets[1500];
    for (unsigned i = 0; i < 300; i++) {
        for (size_t j = 0; j < sizeof octets; j++)
            octets[j] = (uint8_t)(i * 7 + j * (i + 1));
        if (i % 2 == 0)
            memcpy(octets, "\x16\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x05\xcf\x01", 14);
        assert_true(send(fd, octets, (i * 37) % sizeof octets, 0) >= 0);
    }
    uint8_t cookie[HELLO_COOKIE_MAX];
    hello_send(fd, 1, NULL, 0);
    while (hello_cookie(fd, cookie) == 0)
        ;
    struct peer *p = peer_connect(s);
    get(p);
    peer_free(p);
    (void)close(fd);
    server_stop(s);
}

/* MAF-KR-10 over DTLS: the MAF and the peer export the same. */
static void exporter(void **state)
{
    (void)state;
    static const char label[] = OMTLS_LABEL_CONNECTION;
    struct server *s = server_start(&server_defaults);
    struct peer *p = peer_connect(s);
    struct om_coap_message m, out;
    uint8_t own[48];
    char hex[33];
    assert_int_equal(SSL_export_keying_material(p->ssl, own, sizeof own, label, sizeof label - 1, NULL, 0, 0),
                     1);
    for (size_t i = 0; i < 16; i++)
        (void)snprintf(hex + 2 * i, 3, "%02X", own[i]);
    peer_request(p, &m, OM_COAP_POST, "-");
    om_coap_add_uint(&m, WIRE_COAP_TY, 20002);
    add_content(&m, "{\"sec:mafcr\":{\"et\":\"20300101T000000\",\"adfq\":\"" ADMIN "\"}}");
    peer_exchange(p, &m, &out);
    assert_int_equal(rsc_of(&out), 2001);
    om_coap_free(&out);
    peer_request(p, &m, OM_COAP_POST, "-");
    om_coap_add_uint(&m, WIRE_COAP_TY, 20003);
    add_content(&m, "{\"sec:skr\":{\"et\":\"20300101T000000\",\"adfq\":\"" ADMIN
                    "\",\"suid\":32,\"tgis\":[\"" TARGET "\"]}}");
    peer_exchange(p, &m, &out);
    assert_int_equal(rsc_of(&out), 2001);
    char body[2048];
    memcpy(body, out.payload, out.payload_len);
    body[out.payload_len] = '\0';
    assert_non_null(strstr(body, hex));
    om_coap_free(&out);
    peer_free(p);
    server_stop(s);
}

/* MAF-HS-8 */
static void other_server_name(void **state)
{
    (void)state;
    struct server *s = server_start(&server_defaults);
    struct peer *p = peer_new(s);
    assert_int_equal(SSL_set_tlsext_host_name(p->ssl, "other.example.com"), 1);
    assert_false(peer_handshake(p));
    peer_free(p);
    server_wait_sessions(s, 0);
    struct coaps_stats stats;
    server_stats(s, &stats);
    assert_int_equal(stats.handshake_failures, 1);
    server_stop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_state_without_cookie),
        cmocka_unit_test(hello_again),
        cmocka_unit_test(comes_back),
        cmocka_unit_test(session_withstands),
        cmocka_unit_test(strangers),
        cmocka_unit_test(exporter),
        cmocka_unit_test(other_server_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
