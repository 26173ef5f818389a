/* TLS 1.3 with an external pre-shared key: every suite, key exchange and custody, each of our roles against
 * stock OpenSSL with the raw key and against the other. Both ends agree, and the exporter gives what the
 * stock peer's gives. */
#include "fixture_tls.h"
#include "tls/tls13.h"

static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_128_CCM_SHA256",
                                     "TLS_AES_128_CCM_8_SHA256", "TLS_CHACHA20_POLY1305_SHA256"};
static const char *const labels[] = {OMTLS_LABEL_CONNECTION, OMTLS_LABEL_BOOTSTRAP, OMTLS_LABEL_ESCERTKE};

/* How the ends agree on a handshake secret. */
enum exchange {
    PSK_DHE, /* psk_dhe_ke */
    RETRY,   /* the same after a HelloRetryRequest */
    PSK_ONLY /* psk_ke: they have no group in common */
};

struct row {
    const char *suite;
    enum omtls_custody custody;
    enum exchange exchange;
};

static void for_each_row(void (*test)(const struct row *))
{
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        for (int custody = 0; custody < 2; custody++)
            for (int exchange = PSK_DHE; exchange <= PSK_ONLY; exchange++)
                test(&(struct row){suites[i], (enum omtls_custody)custody, (enum exchange)exchange});
}

static SSL_CTX *plain13(bool server)
{
    SSL_CTX *ctx = known_plain(server, false, "PSK-AES128-GCM-SHA256");
    assert_int_equal(SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION), 1);
    assert_int_equal(SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION), 1);
    assert_int_equal(SSL_CTX_set_ciphersuites(ctx, OMTLS_SUITES_TLS13), 1);
    (void)SSL_CTX_set_options(ctx, SSL_OP_ALLOW_NO_DHE_KEX);
    return ctx;
}

static void choose(SSL *client, SSL *server, const struct row *row)
{
    assert_int_equal(SSL_set_ciphersuites(client, row->suite), 1);
    if (row->exchange == RETRY)
        assert_int_equal(SSL_set1_groups_list(client, "X25519:P-256"), 1);
    else if (row->exchange == PSK_ONLY)
        assert_int_equal(SSL_set1_groups_list(client, "X25519"), 1);
    if (row->exchange != PSK_DHE)
        assert_int_equal(SSL_set1_groups_list(server, "P-256"), 1);
}

static void check_established(struct handshake *h, const struct row *row)
{
    assert_string_equal(SSL_get_cipher_name(h->server), row->suite);
    assert_string_equal(SSL_get_version(h->server), "TLSv1.3");
    assert_int_equal(SSL_session_reused(h->server), 1);
    assert_true(handshake_echo(h->client, h->server, "from the client", 15));
    assert_true(handshake_echo(h->server, h->client, "from the server", 15));
}

/* Every label, twice: repeatable with equal results. And a label that is none of ours. */
static void check_exports(SSL *ours, SSL *plain)
{
    for (int i = 0; i < 6; i++) {
        uint8_t want[48];
        plain_export(plain, labels[i % 3], want);
        EXPORTS(ours, labels[i % 3], want);
    }
    uint8_t ours_out[48];
    uint8_t plain_out[48];
    plain_export(ours, LABEL_PLAIN, ours_out);
    plain_export(plain, LABEL_PLAIN, plain_out);
    assert_memory_equal(ours_out, plain_out, sizeof plain_out);
}

static SSL_CTX *client13(void)
{
    SSL_CTX *ctx = NULL;
    SUCCEEDS(omtls_client_ctx13(tls_libctx, false, &ctx, ERR));
    return ctx;
}

static SSL *client13_ssl(SSL_CTX *ctx, enum omtls_custody custody)
{
    SSL *ssl = our_client_ssl(ctx, custody);
    SUCCEEDS(omtls_client_psk13(ssl, &tls_psk13, ERR));
    return ssl;
}

static void join(struct handshake *h, SSL *client, SSL *server, const struct row *row)
{
    *h = (struct handshake){.on_client_octets = NULL};
    choose(client, server, row);
    handshake_join(h, client, server);
    if (!handshake_run(h)) {
        print_error("%s, custody %d, exchange %d\n", row->suite, (int)row->custody, (int)row->exchange);
        ERR_print_errors_fp(stderr);
        fail();
    }
    check_established(h, row);
}

static void our_server_meets_stock_client(const struct row *row)
{
    struct omtls_server cfg = tls13_server_config(row->custody);
    SSL_CTX *server = our_server(false, &cfg);
    SSL_CTX *client = plain13(false);
    struct handshake h;
    join(&h, SSL_new(client), SSL_new(server), row);
    assert_string_equal(omtls_identity(h.server), KNOWN_ID);
    assert_ptr_equal(omtls_peer(h.server), &tls_found);
    check_exports(h.server, h.client);
    /* A key update changes nothing for the exporter. */
    assert_int_equal(SSL_key_update(h.client, SSL_KEY_UPDATE_REQUESTED), 1);
    assert_true(handshake_echo(h.client, h.server, "more", 4));
    assert_true(handshake_echo(h.server, h.client, "more", 4));
    check_exports(h.server, h.client);
    handshake_free(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void our_client_meets_stock_server(const struct row *row)
{
    SSL_CTX *server = plain13(true);
    SSL_CTX *client = client13();
    struct handshake h;
    join(&h, client13_ssl(client, row->custody), SSL_new(server), row);
    assert_string_equal(SSL_get_servername(h.server, TLSEXT_NAMETYPE_host_name), SERVER_NAME);
    assert_string_equal(omtls_identity(h.client), KNOWN_ID);
    check_exports(h.client, h.server);
    handshake_free(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

/* With the other custody at the other end. */
static void our_client_meets_our_server(const struct row *row)
{
    enum omtls_custody other = row->custody == OMTLS_CUSTODY_PSK ? OMTLS_CUSTODY_SESSION : OMTLS_CUSTODY_PSK;
    struct omtls_server cfg = tls13_server_config(other);
    SSL_CTX *server = our_server(false, &cfg);
    SSL_CTX *client = client13();
    struct handshake h;
    join(&h, client13_ssl(client, row->custody), SSL_new(server), row);
    struct se_key *keys[2];
    uint8_t ids[2][OMTLS_EXPORT_ID_SIZE];
    uint8_t macs[2][SE_MAC_SIZE];
    SSL *ends[2] = {h.client, h.server};
    for (int i = 0; i < 2; i++) {
        SUCCEEDS(omtls_export(ends[i], OMTLS_LABEL_CONNECTION, ids[i], &keys[i], ERR));
        SUCCEEDS(se_hmac(keys[i], &(struct se_part){"x", 1}, 1, macs[i], ERR));
        se_key_unref(keys[i]);
    }
    assert_memory_equal(ids[0], ids[1], sizeof ids[0]);
    assert_memory_equal(macs[0], macs[1], sizeof macs[0]);
    handshake_free(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void test_our_server(void **state)
{
    (void)state;
    for_each_row(our_server_meets_stock_client);
}

static void test_our_client(void **state)
{
    (void)state;
    for_each_row(our_client_meets_stock_server);
}

static void test_our_pair(void **state)
{
    (void)state;
    for_each_row(our_client_meets_our_server);
}

/* Either end at TLS 1.2 only: contexts with TLS 1.3 speak that too. */
static void test_falls_back_to_tls12(void **state)
{
    (void)state;
    for (int custody = 0; custody < 2; custody++) {
        struct omtls_server cfg = tls13_server_config((enum omtls_custody)custody);
        SSL_CTX *contexts[2][2] = {
            {known_plain(false, false, "PSK-AES128-CBC-SHA256"), our_server(false, &cfg)},
            {client13(), known_plain(true, false, "PSK-AES128-CBC-SHA256")}};
        for (int i = 0; i < 2; i++) {
            struct handshake h = {.on_client_octets = NULL};
            SSL *client =
                i == 0 ? SSL_new(contexts[i][0]) : client13_ssl(contexts[i][0], (enum omtls_custody)custody);
            handshake_join(&h, client, SSL_new(contexts[i][1]));
            assert_true(handshake_run(&h));
            assert_string_equal(SSL_get_version(h.server), "TLSv1.2");
            check_exports(i == 0 ? h.server : h.client, i == 0 ? h.client : h.server);
            handshake_free(&h);
            SSL_CTX_free(contexts[i][0]);
            SSL_CTX_free(contexts[i][1]);
        }
    }
}

/* Session custody keeps one token key for each end: the exporter's. Custody psk keeps none. */
static void test_what_a_session_keeps(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct row row = {suites[0], (enum omtls_custody)(i % 2), (enum exchange)(i / 2)};
        struct omtls_server cfg = tls13_server_config(row.custody);
        SSL_CTX *server = our_server(false, &cfg);
        SSL_CTX *client = plain13(false);
        struct handshake h;
        struct omtls_stats stats;
        join(&h, SSL_new(client), SSL_new(server), &row);
        omtls_stats(&stats);
        assert_int_equal(stats.connections, 1);
        assert_int_equal(stats.session_keys, row.custody == OMTLS_CUSTODY_SESSION ? 1 : 0);
        handshake_free(&h);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
    }
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_our_server, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_our_client, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_our_pair, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_falls_back_to_tls12, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_what_a_session_keeps, tls_test_setup, tls_test_teardown),
    };
    return cmocka_run_group_tests(tests, tls_setup, tls_teardown);
}
