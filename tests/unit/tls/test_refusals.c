/* What is refused in a handshake, and what the peer sees of it. */
#include "fixture_tls.h"

#define CBC "PSK-AES128-CBC-SHA256"

/* What a peer can observe of a handshake that failed. */
struct outcome {
    bool ok;
    int server_alert;
    unsigned server_flights;
    size_t server_octets;
};

static struct outcome observe(struct handshake *h)
{
    struct outcome o = {.ok = handshake_run(h)};
    o.server_alert = h->server_alert;
    o.server_flights = h->server_flights;
    o.server_octets = h->server_octets;
    handshake_free(h);
    return o;
}

static struct outcome try_stock_client(const struct omtls_server *cfg, bool dtls, const char *suite,
                                       const struct plain_psk *psk)
{
    SSL_CTX *server = our_server(dtls, cfg);
    SSL_CTX *client = plain_context(false, dtls, suite, psk);
    struct handshake h = {.on_client_octets = NULL};
    handshake_join(&h, SSL_new(client), SSL_new(server));
    struct outcome o = observe(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    return o;
}

/* MAF-HS-6: unknown, malformed and wrong-key peers see the same alert after the same number of octets. */
static void test_failures_look_alike(void **state)
{
    (void)state;
    char too_long[OMTLS_IDENTITY_MAX + 2] = "";
    memset(too_long, 'a', sizeof too_long - 1);
    const struct plain_psk cases[] = {
        {KNOWN_ID, WRONG_PSK, KNOWN_SIZE},
        {"nobody@maf.example.com", KNOWN_PSK, KNOWN_SIZE},
        {too_long, KNOWN_PSK, KNOWN_SIZE},
        {"km-1\n@maf.example.com", KNOWN_PSK, KNOWN_SIZE},
        {"km-1\x7f@maf.example.com", KNOWN_PSK, KNOWN_SIZE},
        {"", KNOWN_PSK, KNOWN_SIZE},
    };
    static const char *const suites[] = {CBC, "PSK-AES128-GCM-SHA256", "PSK-AES128-CCM8"};
    for (unsigned row = 0; row < 12; row++) {
        bool dtls = row % 2 == 1;
        const char *suite = suites[row / 4];
        struct omtls_server cfg = tls_server_config((enum omtls_custody)(row / 2 % 2));
        struct outcome first = try_stock_client(&cfg, dtls, suite, &cases[0]);
        assert_false(first.ok);
        if (!dtls)
            assert_int_equal(first.server_alert, SSL_AD_BAD_RECORD_MAC);
        for (size_t i = 1; i < sizeof cases / sizeof cases[0]; i++) {
            struct outcome other = try_stock_client(&cfg, dtls, suite, &cases[i]);
            assert_false(other.ok);
            assert_int_equal(other.server_alert, first.server_alert);
            assert_int_equal(other.server_flights, first.server_flights);
            assert_int_equal(other.server_octets, first.server_octets);
            if (i >= 2) /* as which the malformed ones are looked up */
                assert_string_equal(tls_found.identity, "");
        }
    }
}

/* The longest identity that is allowed is one like any other. */
static void test_longest_identity(void **state)
{
    (void)state;
    char longest[OMTLS_IDENTITY_MAX + 1] = "";
    memset(longest, 'a', sizeof longest - 1);
    const struct plain_psk psk = {longest, KNOWN_PSK, KNOWN_SIZE};
    struct omtls_server cfg = tls_server_config(OMTLS_CUSTODY_SESSION);
    assert_false(try_stock_client(&cfg, false, CBC, &psk).ok);
    assert_string_equal(tls_found.identity, longest);
}

/* OpenSSL cuts the identity at a NUL. What is left must not be taken for the whole. */
static void cut_identity(uint8_t *octets, size_t n)
{
    static const char sent[] = KNOWN_ID "#";
    uint8_t *at = memmem(octets, n, sent, strlen(sent));
    if (at != NULL)
        at[strlen(KNOWN_ID)] = 0;
}

static void test_embedded_nul(void **state)
{
    (void)state;
    const struct plain_psk psk = {KNOWN_ID "#", KNOWN_PSK, KNOWN_SIZE};
    for (int dtls = 0; dtls < 2; dtls++) {
        struct omtls_server cfg = tls_server_config(OMTLS_CUSTODY_SESSION);
        SSL_CTX *server = our_server(dtls == 1, &cfg);
        SSL_CTX *client = plain_context(false, dtls == 1, CBC, &psk);
        struct handshake h = {.on_client_octets = cut_identity};
        tls_found.calls = 0;
        handshake_join(&h, SSL_new(client), SSL_new(server));
        assert_false(observe(&h).ok);
        assert_int_equal(tls_found.calls, 1);
        assert_string_equal(tls_found.identity, "");
        SSL_CTX_free(client);
        SSL_CTX_free(server);
    }
}

/* An error of the look-up is ours, not the peer's. */
static void test_lookup_fails(void **state)
{
    (void)state;
    const struct plain_psk psk = {KNOWN_ID, KNOWN_PSK, KNOWN_SIZE};
    struct omtls_server cfg = tls_server_config(OMTLS_CUSTODY_SESSION);
    tls_found.answer = OM_ETRANSIENT;
    struct outcome o = try_stock_client(&cfg, false, CBC, &psk);
    assert_false(o.ok);
    assert_int_equal(o.server_alert, SSL_AD_INTERNAL_ERROR);
}

/* --- SNI, MAF-HS-8 --- */

static struct outcome with_sni(const struct omtls_server *cfg, const char *name)
{
    SSL_CTX *server = our_server(false, cfg);
    SSL_CTX *client = known_plain(false, false, CBC);
    SSL *ssl = SSL_new(client);
    if (name != NULL)
        assert_int_equal(SSL_set_tlsext_host_name(ssl, name), 1);
    struct handshake h = {.on_client_octets = NULL};
    handshake_join(&h, ssl, SSL_new(server));
    struct outcome o = observe(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    return o;
}

static void test_sni(void **state)
{
    (void)state;
    struct omtls_server cfg = tls_server_config(OMTLS_CUSTODY_SESSION);
    assert_true(with_sni(&cfg, SERVER_NAME).ok);
    assert_true(with_sni(&cfg, "MAF.Example.COM").ok);
    assert_true(with_sni(&cfg, "maf.example.org").ok);
    assert_string_equal(tls_found.sni, "maf.example.org");
    assert_true(with_sni(&cfg, NULL).ok);
    assert_string_equal(tls_found.sni, "");
    static const char *const unknown[] = {"maf.example.co", "maf.example.com.", "xmaf.example.com", "m"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        tls_found.calls = 0;
        struct outcome o = with_sni(&cfg, unknown[i]);
        assert_false(o.ok);
        assert_int_equal(o.server_alert, SSL_AD_UNRECOGNIZED_NAME);
        assert_int_equal(tls_found.calls, 0);
    }
    cfg.require_sni = true;
    assert_true(with_sni(&cfg, SERVER_NAME).ok);
    struct outcome o = with_sni(&cfg, NULL);
    assert_false(o.ok);
    assert_int_equal(o.server_alert, SSL_AD_HANDSHAKE_FAILURE);
}

/* --- extended master secret, MAF-HS-9 --- */

static void stock_client_without_ems(bool dtls, bool allow, int alert)
{
    struct omtls_server cfg = tls_server_config(OMTLS_CUSTODY_PSK);
    cfg.allow_no_ems = allow;
    SSL_CTX *server = our_server(dtls, &cfg);
    SSL_CTX *client = known_plain(false, dtls, CBC);
    (void)SSL_CTX_set_options(client, SSL_OP_NO_EXTENDED_MASTER_SECRET);
    struct handshake h;
    assert_int_equal(meet(&h, client, server), allow);
    assert_int_equal(h.server_alert, alert);
    if (allow) {
        uint8_t want[48];
        plain_export(h.client, OMTLS_LABEL_CONNECTION, want);
        EXPORTS(h.server, OMTLS_LABEL_CONNECTION, want);
    }
    handshake_free(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void stock_server_without_ems(bool allow)
{
    SSL_CTX *server = known_plain(true, false, CBC);
    (void)SSL_CTX_set_options(server, SSL_OP_NO_EXTENDED_MASTER_SECRET);
    SSL_CTX *client = our_client(false, NULL, allow);
    struct handshake h = {.on_client_octets = NULL};
    handshake_join(&h, our_client_ssl(client, OMTLS_CUSTODY_SESSION), SSL_new(server));
    assert_int_equal(handshake_run(&h), allow);
    if (allow) {
        uint8_t want[48];
        plain_export(h.server, OMTLS_LABEL_CONNECTION, want);
        EXPORTS(h.client, OMTLS_LABEL_CONNECTION, want);
    }
    handshake_free(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void test_ems(void **state)
{
    (void)state;
    stock_client_without_ems(false, false, SSL_AD_HANDSHAKE_FAILURE);
    stock_client_without_ems(false, true, -1);
    stock_client_without_ems(true, false, SSL_AD_INTERNAL_ERROR); /* an adopted context: the PRF refuses */
    stock_client_without_ems(true, true, -1);
    stock_server_without_ems(false);
    stock_server_without_ems(true);
}

/* --- versions, suites, resumption, renegotiation --- */

static void test_versions_and_suites(void **state)
{
    (void)state;
    static const struct {
        int min, max;
        const char *suites;
    } cases[] = {
        {TLS1_VERSION, TLS1_1_VERSION, "PSK-AES128-CBC-SHA:@SECLEVEL=0"},
        {TLS1_3_VERSION, TLS1_3_VERSION, CBC},
        {TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-PSK-AES128-CBC-SHA256"},
        {TLS1_2_VERSION, TLS1_2_VERSION, "DHE-PSK-AES128-CBC-SHA256"},
        {TLS1_2_VERSION, TLS1_2_VERSION, "RSA-PSK-AES128-CBC-SHA256"},
        {TLS1_2_VERSION, TLS1_2_VERSION, "PSK-AES256-CBC-SHA384"},
        {TLS1_2_VERSION, TLS1_2_VERSION, "PSK-AES128-CBC-SHA"},
        {TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"},
    };
    struct omtls_server cfg = tls_server_config(OMTLS_CUSTODY_SESSION);
    SSL_CTX *server = our_server(false, &cfg);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SSL_CTX *client = known_plain(false, false, cases[i].suites);
        assert_int_equal(SSL_CTX_set_max_proto_version(client, cases[i].max), 1);
        assert_int_equal(SSL_CTX_set_min_proto_version(client, cases[i].min), 1);
        struct handshake h;
        assert_false(meet(&h, client, server));
        assert_true(h.server_alert == SSL_AD_HANDSHAKE_FAILURE || h.server_alert == SSL_AD_PROTOCOL_VERSION);
        handshake_free(&h);
        SSL_CTX_free(client);
    }
    SSL_CTX_free(server);
    assert_int_equal(tls_found.calls, 0);
}

static void test_no_resumption(void **state)
{
    (void)state;
    struct omtls_server cfg = tls_server_config(OMTLS_CUSTODY_SESSION);
    SSL_CTX *server = our_server(false, &cfg);
    SSL_CTX *client = known_plain(false, false, CBC);
    struct handshake h;
    assert_true(meet(&h, client, server));
    SSL_SESSION *session = SSL_get1_session(h.client);
    unsigned id_len = 1;
    (void)SSL_SESSION_get_id(session, &id_len);
    assert_int_equal(id_len, 0);
    assert_int_equal(SSL_SESSION_has_ticket(session), 0);
    (void)SSL_shutdown(h.client);
    handshake_free(&h);
    SSL *again = SSL_new(client);
    (void)SSL_set_session(again, session);
    h = (struct handshake){.on_client_octets = NULL};
    handshake_join(&h, again, SSL_new(server));
    assert_true(handshake_run(&h));
    assert_int_equal(SSL_session_reused(h.server), 0);
    assert_int_equal(tls_found.calls, 2);
    handshake_free(&h);
    SSL_SESSION_free(session);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void test_no_renegotiation(void **state)
{
    (void)state;
    struct omtls_server cfg = tls_server_config(OMTLS_CUSTODY_SESSION);
    SSL_CTX *server = our_server(false, &cfg);
    SSL_CTX *client = known_plain(false, false, CBC);
    struct handshake h;
    assert_true(meet(&h, client, server));
    assert_int_equal(SSL_renegotiate(h.client), 1);
    assert_int_not_equal(SSL_do_handshake(h.client), 1);
    assert_false(handshake_run(&h));
    assert_int_equal(h.server_alert, -1); /* a warning, on which OpenSSL's client gives up */
    assert_int_equal(h.client_alert, SSL_AD_HANDSHAKE_FAILURE);
    assert_int_equal(tls_found.calls, 1);
    handshake_free(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

/* A server that asks our client for another handshake. */
static void test_no_hello_request(void **state)
{
    (void)state;
    SSL_CTX *server = known_plain(true, false, CBC);
    SSL_CTX *client = our_client(false, NULL, false);
    struct handshake h = {.on_client_octets = NULL};
    handshake_join(&h, our_client_ssl(client, OMTLS_CUSTODY_SESSION), SSL_new(server));
    assert_true(handshake_run(&h));
    uint8_t want[48];
    plain_export(h.server, OMTLS_LABEL_CONNECTION, want);
    assert_int_equal(SSL_renegotiate(h.server), 1);
    (void)SSL_do_handshake(h.server); /* HelloRequest */
    assert_true(handshake_echo(h.server, h.client, "x", 1));
    assert_int_equal(h.client_alert, -1);
    EXPORTS(h.client, OMTLS_LABEL_CONNECTION, want);
    handshake_free(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

/* --- what our own caller may not do --- */

static void test_bad_calls(void **state)
{
    (void)state;
    SSL_CTX *ctx = NULL;
    struct omtls_server cfg = tls_server_config(OMTLS_CUSTODY_SESSION);
    cfg.find = NULL;
    FAILS(OM_ECONFIG, omtls_server_ctx(&cfg, &ctx, ERR));
    cfg = tls_server_config(OMTLS_CUSTODY_SESSION);
    cfg.names = NULL;
    FAILS(OM_ECONFIG, omtls_server_ctx(&cfg, &ctx, ERR));
    cfg = tls_server_config(OMTLS_CUSTODY_SESSION);
    cfg.suites = "NO-SUCH-SUITE";
    FAILS(OM_EINTERNAL, omtls_server_ctx(&cfg, &ctx, ERR));
    assert_null(ctx);
    SSL_CTX *client = our_client(false, NULL, false);
    SSL *ssl = SSL_new(client);
    char long_name[258] = "";
    memset(long_name, 'a', sizeof long_name - 1);
    enum omtls_custody custody = OMTLS_CUSTODY_SESSION;
    FAILS(OM_EINPUT, omtls_client_psk(ssl, "", KNOWN_ID, tls_key, custody, ERR));
    FAILS(OM_EINPUT, omtls_client_psk(ssl, long_name, KNOWN_ID, tls_key, custody, ERR));
    FAILS(OM_EINPUT, omtls_client_psk(ssl, SERVER_NAME, long_name, tls_key, custody, ERR));
    FAILS(OM_EINPUT, omtls_client_psk(ssl, SERVER_NAME, "a\nb", tls_key, custody, ERR));
    assert_null(omtls_identity(ssl));
    assert_null(omtls_peer(ssl));
    SSL_free(ssl);
    SSL_CTX_free(client);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_failures_look_alike, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_longest_identity, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_embedded_nul, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_lookup_fails, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_sni, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_ems, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_versions_and_suites, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_no_resumption, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_no_renegotiation, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_no_hello_request, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_bad_calls, tls_test_setup, tls_test_teardown),
    };
    return cmocka_run_group_tests(tests, tls_setup, tls_teardown);
}
