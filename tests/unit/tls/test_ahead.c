/* The psk_identity before OpenSSL sees it (tls/ahead.h): found in messages, held, let go. */
#include "fixture_tls.h"
#include "tls/ahead.h"

#include <stdio.h>
#include <string.h>

/* ---- finding it ---- */

struct message {
    uint8_t octets[512];
    size_t n;
};

static void put(struct message *m, const void *octets, size_t n)
{
    assert_true(m->n + n <= sizeof m->octets);
    memcpy(m->octets + m->n, octets, n);
    m->n += n;
}

/* A record of TLS or DTLS with one handshake message. */
static struct message record(bool dtls, uint8_t type, const void *body, size_t n)
{
    struct message m = {.n = 0};
    const uint8_t head[] = {22, dtls ? 0xfe : 3, dtls ? 0xfd : 3};
    const uint8_t place[8] = {0, 0, 0, 0, 0, 0, 0, 5};
    size_t handshake = n + (dtls ? 12 : 4);
    const uint8_t len[] = {(uint8_t)(handshake >> 8), (uint8_t)handshake};
    const uint8_t message[] = {type, 0, (uint8_t)(n >> 8), (uint8_t)n};
    const uint8_t fragment[] = {0, 2, 0, 0, 0, 0, (uint8_t)(n >> 8), (uint8_t)n};
    put(&m, head, sizeof head);
    if (dtls)
        put(&m, place, sizeof place);
    put(&m, len, sizeof len);
    put(&m, message, sizeof message);
    if (dtls)
        put(&m, fragment, sizeof fragment);
    put(&m, body, n);
    return m;
}

static bool found(const struct message *m, bool dtls, const char *want)
{
    char identity[OMTLS_IDENTITY_MAX + 1] = "";
    return omtls_ahead_identity(m->octets, m->n, dtls, identity) && strcmp(identity, want) == 0;
}

static void in_a_client_key_exchange(void **state)
{
    (void)state;
    static const uint8_t psk[] = {0, 5, 'a', '@', 'b', '.', 'c'};
    for (int dtls = 0; dtls < 2; dtls++) {
        struct message m = record(dtls, 16, psk, sizeof psk);
        assert_true(found(&m, dtls, "a@b.c"));
        assert_false(found(&m, !dtls, "a@b.c"));
        for (size_t n = 0; n < m.n; n++) { /* cut short anywhere */
            struct message cut = m;
            cut.n = n;
            assert_false(found(&cut, dtls, "a@b.c"));
        }
        struct message after = record(dtls, 11, "\0\0\0", 3); /* an empty Certificate before it */
        put(&after, m.octets, m.n);
        assert_true(found(&after, dtls, "a@b.c"));
        m = record(dtls, 16, psk, sizeof psk - 1); /* a length that does not fit */
        assert_false(found(&m, dtls, "a@b."));
        m = record(dtls, 20, psk, sizeof psk); /* another message */
        assert_false(found(&m, dtls, "a@b.c"));
        m = record(dtls, 16, "\0\3a\0b", 5); /* a NUL in it */
        assert_false(found(&m, dtls, "a"));
        m = record(dtls, 16, "\0\0", 2);
        assert_false(found(&m, dtls, ""));
    }
    uint8_t share[66] = {65, 4}; /* ECDHE */
    struct message m = record(false, 16, share, sizeof share);
    assert_false(found(&m, false, ""));
}

static void not_in_what_is_encrypted_or_in_pieces(void **state)
{
    (void)state;
    static const uint8_t psk[] = {0, 5, 'a', '@', 'b', '.', 'c'};
    struct message m = record(true, 16, psk, sizeof psk);
    m.octets[4] = 1; /* epoch */
    assert_false(found(&m, true, "a@b.c"));
    m = record(true, 16, psk, sizeof psk);
    m.octets[21] = 1; /* fragment offset */
    assert_false(found(&m, true, "a@b.c"));
    m = record(true, 16, psk, sizeof psk);
    m.octets[16]++; /* the message is longer than this fragment */
    assert_false(found(&m, true, "a@b.c"));
    m = record(false, 16, psk, sizeof psk);
    m.octets[0] = 23;
    assert_false(found(&m, false, "a@b.c"));
}

static void in_a_client_hello_of_tls_13(void **state)
{
    (void)state;
    static const uint8_t extensions[] = {0, 23, 0, 0, /* one before it */
                                         0, 41, 0, 13, 0, 11, 0, 5, 'a', '@', 'b', '.', 'c', 0, 0, 0, 0};
    uint8_t hello[128] = {3, 3};
    size_t n = 2 + 32;
    hello[n++] = 0; /* session */
    hello[n++] = 0; /* suites */
    hello[n++] = 2;
    hello[n++] = 0x13;
    hello[n++] = 1;
    hello[n++] = 1; /* compression */
    hello[n++] = 0;
    hello[n++] = 0;
    hello[n++] = sizeof extensions;
    memcpy(hello + n, extensions, sizeof extensions);
    struct message m = record(false, 1, hello, n + sizeof extensions);
    assert_true(found(&m, false, "a@b.c"));
    for (size_t cut = 0; cut < n; cut++) {
        m = record(false, 1, hello, cut);
        assert_false(found(&m, false, "a@b.c"));
    }
}

/* ---- holding it ---- */

struct asked {
    unsigned times;
    bool go;
    char identity[OMTLS_IDENTITY_MAX + 1];
};

static bool ask(void *arg, const char *identity)
{
    struct asked *a = arg;
    a->times++;
    (void)snprintf(a->identity, sizeof a->identity, "%s", identity);
    return a->go;
}

static void watched(struct handshake *h, struct asked *a, bool tls13)
{
    struct omtls_server cfg =
        tls13 ? tls13_server_config(OMTLS_CUSTODY_SESSION) : tls_server_config(OMTLS_CUSTODY_SESSION);
    SSL_CTX *server = our_server(false, &cfg);
    SSL_CTX *client = known_plain(false, false, NULL);
    SSL *s = SSL_new(server);
    SSL *c = SSL_new(client);
    assert_non_null(s);
    assert_non_null(c);
    if (!tls13)
        assert_int_equal(SSL_set_max_proto_version(c, TLS1_2_VERSION), 1);
    assert_int_equal(SSL_set_tlsext_host_name(c, SERVER_NAME), 1);
    SUCCEEDS(omtls_ahead_watch(s, ask, a, ERR));
    handshake_join(h, c, s);
    SSL_set_info_callback(s, NULL); /* the context's, which the product has */
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static void goes_on_at_once(void **state)
{
    (void)state;
    struct asked a = {.go = true};
    struct handshake h = {.client = NULL};
    watched(&h, &a, false);
    assert_true(handshake_run(&h));
    assert_int_equal(a.times, 1);
    assert_string_equal(a.identity, KNOWN_ID);
    assert_true(handshake_echo(h.client, h.server, "there", 5));
    assert_true(handshake_echo(h.server, h.client, "back", 4));
    handshake_free(&h);
}

static void waits_until_it_may_go(void **state)
{
    (void)state;
    for (int tls13 = 0; tls13 < 2; tls13++) {
        struct asked a = {.go = false};
        struct handshake h = {.client = NULL};
        watched(&h, &a, tls13);
        assert_false(handshake_run(&h));
        assert_int_equal(a.times, 1);
        assert_int_equal(tls_found.calls, 0); /* OpenSSL has not asked for the key */
        assert_false(handshake_run(&h));      /* nor does it spin or fail when tried again */
        assert_int_equal(a.times, 1);
        a.go = true;
        omtls_ahead_go(h.server);
        assert_true(handshake_run(&h));
        assert_int_equal(a.times, 1);
        assert_true(tls_found.calls > 0);
        assert_true(handshake_echo(h.client, h.server, "there", 5));
        handshake_free(&h);
        tls_found.calls = 0;
    }
}

static void may_be_freed_while_it_waits(void **state)
{
    (void)state;
    struct asked a = {.go = false};
    struct handshake h = {.client = NULL};
    watched(&h, &a, false);
    assert_false(handshake_run(&h));
    handshake_free(&h);
    assert_int_equal(tls_found.calls, 0);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
#define T(name) cmocka_unit_test_setup_teardown(name, tls_test_setup, tls_test_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_a_client_key_exchange),
        cmocka_unit_test(not_in_what_is_encrypted_or_in_pieces),
        cmocka_unit_test(in_a_client_hello_of_tls_13),
        T(goes_on_at_once),
        T(waits_until_it_may_go),
        T(may_be_freed_while_it_waits),
    };
    return cmocka_run_group_tests_name("tls ahead", tests, tls_setup, tls_teardown);
}
