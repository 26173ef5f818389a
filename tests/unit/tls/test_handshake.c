/* Handshakes with every suite, transport and custody, each of our roles against stock OpenSSL with the raw
 * key and against the other: both ends agree, and the exporter gives what the stock peer's gives. */
#include "fixture_tls.h"

static const char *const suites[] = {"PSK-AES128-CBC-SHA256", "PSK-AES128-GCM-SHA256", "PSK-AES128-CCM",
                                     "PSK-AES128-CCM8"};
static const char *const labels[] = {OMTLS_LABEL_CONNECTION, OMTLS_LABEL_BOOTSTRAP, OMTLS_LABEL_ESCERTKE};

/* What a test row is about. */
struct row {
    const char *suite;
    bool dtls;
    enum omtls_custody custody;
};

static void for_each_row(void (*test)(const struct row *))
{
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        for (int dtls = 0; dtls < 2; dtls++)
            for (int custody = 0; custody < 2; custody++)
                test(&(struct row){suites[i], dtls == 1, (enum omtls_custody)custody});
}

static void check_established(struct handshake *h, const struct row *row)
{
    assert_string_equal(SSL_get_cipher_name(h->server), row->suite);
    assert_string_equal(SSL_get_version(h->server), row->dtls ? "DTLSv1.2" : "TLSv1.2");
    assert_int_equal(SSL_get_extms_support(h->server), 1);
    assert_true(handshake_echo(h->client, h->server, "from the client", 15));
    assert_true(handshake_echo(h->server, h->client, "from the server", 15));
}

/* Every label, twice: repeatable with equal results. */
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

static void our_server_meets_stock_client(const struct row *row)
{
    struct omtls_server cfg = tls_server_config(row->custody);
    SSL_CTX *server = our_server(row->dtls, &cfg);
    SSL_CTX *client = known_plain(false, row->dtls, row->suite);
    struct handshake h;
    assert_true(meet(&h, client, server));
    check_established(&h, row);
    assert_string_equal(omtls_identity(h.server), KNOWN_ID);
    assert_ptr_equal(omtls_peer(h.server), &tls_found);
    check_exports(h.server, h.client);
    handshake_free(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void our_client_meets_stock_server(const struct row *row)
{
    SSL_CTX *server = known_plain(true, row->dtls, row->suite);
    SSL_CTX *client = our_client(row->dtls, NULL, false);
    struct handshake h = {.on_client_octets = NULL};
    handshake_join(&h, our_client_ssl(client, row->custody), SSL_new(server));
    assert_true(handshake_run(&h));
    check_established(&h, row);
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
    struct omtls_server cfg = tls_server_config(other);
    SSL_CTX *server = our_server(row->dtls, &cfg);
    SSL_CTX *client = our_client(row->dtls, row->suite, false);
    struct handshake h = {.on_client_octets = NULL};
    handshake_join(&h, our_client_ssl(client, row->custody), SSL_new(server));
    assert_true(handshake_run(&h));
    check_established(&h, row);
    assert_string_equal(tls_found.sni, SERVER_NAME);
    uint8_t ids[2][OMTLS_EXPORT_ID_SIZE];
    uint8_t macs[2][SE_MAC_SIZE];
    SSL *const ends[] = {h.client, h.server};
    for (int i = 0; i < 2; i++) {
        struct se_key *key = NULL;
        const struct se_part text = {"text", 4};
        SUCCEEDS(omtls_export(ends[i], OMTLS_LABEL_CONNECTION, ids[i], &key, ERR));
        SUCCEEDS(se_hmac(key, &text, 1, macs[i], ERR));
        se_key_unref(key);
    }
    assert_memory_equal(ids[0], ids[1], sizeof ids[0]);
    assert_memory_equal(macs[0], macs[1], sizeof macs[0]);
    handshake_free(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void test_server(void **state)
{
    (void)state;
    for_each_row(our_server_meets_stock_client);
}

static void test_client(void **state)
{
    (void)state;
    for_each_row(our_client_meets_stock_server);
}

static void test_both(void **state)
{
    (void)state;
    for_each_row(our_client_meets_our_server);
}

/* The suites of the transport that must be there come first (TS-0003 10.2.2). */
static void test_preference(void **state)
{
    (void)state;
    for (int dtls = 0; dtls < 2; dtls++) {
        struct omtls_server cfg = tls_server_config(OMTLS_CUSTODY_SESSION);
        SSL_CTX *server = our_server(dtls == 1, &cfg);
        SSL_CTX *client = known_plain(false, dtls == 1, "ALL:PSK");
        struct handshake h;
        assert_true(meet(&h, client, server));
        assert_string_equal(SSL_get_cipher_name(h.server),
                            dtls ? "PSK-AES128-CCM8" : "PSK-AES128-CBC-SHA256");
        handshake_free(&h);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
    }
}

/* PSKs of other lengths are prepared as premasters of other lengths; the reference stays 32 octets. */
static void test_psk_lengths(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 16, 30, 31, 33, 64};
    struct se_key *usual = tls_key;
    uint8_t psk[64];
    fill(psk, sizeof psk, 7);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct se_blob blob;
        SUCCEEDS(se_import_psk(fixture_se, psk, lengths[i], &blob, ERR));
        SUCCEEDS(se_load(fixture_se, &blob, SE_USE_TLS12_PSK, &tls_key, ERR));
        const struct plain_psk plain = {KNOWN_ID, psk, lengths[i]};
        struct omtls_server cfg = tls_server_config(OMTLS_CUSTODY_SESSION);
        SSL_CTX *server = our_server(false, &cfg);
        SSL_CTX *client = plain_context(false, false, suites[0], &plain);
        struct handshake h;
        assert_true(meet(&h, client, server));
        uint8_t want[48];
        plain_export(h.client, OMTLS_LABEL_CONNECTION, want);
        EXPORTS(h.server, OMTLS_LABEL_CONNECTION, want);
        handshake_free(&h);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
        se_key_unref(tls_key);
    }
    tls_key = usual;
}

/* CBC with the MAC inside (RFC 5246) goes through other ciphers of OpenSSL than with the MAC outside (RFC
 * 7366). Neither may need the IVs that the token does not compute (docs/adr/0007). */
static void test_mac_then_encrypt(void **state)
{
    (void)state;
    for (int dtls = 0; dtls < 2; dtls++) {
        struct omtls_server cfg = tls_server_config(OMTLS_CUSTODY_SESSION);
        SSL_CTX *server = our_server(dtls == 1, &cfg);
        SSL_CTX *client = known_plain(false, dtls == 1, suites[0]);
        SSL_CTX_set_options(client, SSL_OP_NO_ENCRYPT_THEN_MAC);
        struct handshake h;
        assert_true(meet(&h, client, server));
        for (int i = 0; i < 3; i++)
            check_established(&h, &(struct row){suites[0], dtls == 1, OMTLS_CUSTODY_SESSION});
        handshake_free(&h);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
    }
}

/* In OpenSSL's default library context, as libcoap makes its SSL_CTXs: nothing is named but the method. */
static void test_default_libctx(void **state)
{
    (void)state;
    SUCCEEDS(omtls_provider_load(NULL, ERR));
    SUCCEEDS(omtls_provider_load(NULL, ERR)); /* idempotent */
    for (int dtls = 0; dtls < 2; dtls++) {
        SSL_CTX *server = SSL_CTX_new(dtls ? DTLS_method() : TLS_method());
        struct omtls_server cfg = tls_server_config(OMTLS_CUSTODY_SESSION);
        cfg.libctx = NULL;
        SUCCEEDS(omtls_server_adopt(server, &cfg, ERR));
        SSL_CTX *client = known_plain(false, dtls == 1, suites[0]);
        struct handshake h;
        assert_true(meet(&h, client, server));
        uint8_t want[48];
        plain_export(h.client, OMTLS_LABEL_CONNECTION, want);
        EXPORTS(h.server, OMTLS_LABEL_CONNECTION, want);
        handshake_free(&h);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
    }
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_server, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_client, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_both, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_preference, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_psk_lengths, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_mac_then_encrypt, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_default_libctx, tls_test_setup, tls_test_teardown),
    };
    return cmocka_run_group_tests(tests, tls_setup, tls_teardown);
}
