/* The exporter's limits: who gets what, and that the key of a oneM2M export is a reference for everybody. */
#include "fixture_tls.h"

#define CBC "PSK-AES128-CBC-SHA256"

static SSL_CTX *server_ctx;
static SSL_CTX *client_ctx;

static void connect_pair(struct handshake *h, enum omtls_custody custody)
{
    struct omtls_server cfg = tls_server_config(custody);
    server_ctx = our_server(false, &cfg);
    client_ctx = known_plain(false, false, CBC);
    assert_true(meet(h, client_ctx, server_ctx));
}

static void disconnect(struct handshake *h)
{
    handshake_free(h);
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
}

static int raw_export(SSL *ssl, uint8_t *out, size_t n, const char *label, const char *context)
{
    return SSL_export_keying_material(ssl, out, n, label, strlen(label), (const unsigned char *)context,
                                      context != NULL ? strlen(context) : 0, context != NULL);
}

static void assert_stats(size_t connections, size_t session_keys)
{
    struct omtls_stats stats;
    omtls_stats(&stats);
    assert_int_equal(stats.connections, connections);
    assert_int_equal(stats.session_keys, session_keys);
}

/* Whoever calls OpenSSL's own function gets the identifier, and never the key. */
static void test_direct(void **state)
{
    (void)state;
    struct handshake h;
    uint8_t want[48];
    uint8_t got[48];
    connect_pair(&h, OMTLS_CUSTODY_SESSION);
    plain_export(h.client, OMTLS_LABEL_CONNECTION, want);
    assert_stats(1, 1);
    for (int i = 0; i < 3; i++) { /* what is not taken is replaced, not piled up */
        assert_int_equal(raw_export(h.server, got, sizeof got, OMTLS_LABEL_CONNECTION, NULL), 1);
        assert_memory_equal(got, want, 16);
        assert_memory_not_equal(got + 16, want + 16, 32);
        assert_stats(1, 2);
    }
    EXPORTS(h.server, OMTLS_LABEL_CONNECTION, want);
    assert_stats(1, 1);
    assert_int_equal(raw_export(h.server, got, sizeof got, OMTLS_LABEL_CONNECTION, NULL), 1);
    disconnect(&h); /* goes with the connection */
    assert_stats(0, 0);

    connect_pair(&h, OMTLS_CUSTODY_PSK);
    assert_int_not_equal(raw_export(h.server, got, sizeof got, OMTLS_LABEL_CONNECTION, NULL), 1);
    plain_export(h.client, OMTLS_LABEL_CONNECTION, want);
    EXPORTS(h.server, OMTLS_LABEL_CONNECTION, want);
    assert_int_not_equal(raw_export(h.server, got, sizeof got, OMTLS_LABEL_CONNECTION, NULL), 1);
    assert_stats(1, 0);
    disconnect(&h);
}

/* A shorter, longer or contextual export would give octets of key. */
static void test_other_forms(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 16, 32, 47, 49, 64};
    static const char *const labels[] = {OMTLS_LABEL_CONNECTION, OMTLS_LABEL_BOOTSTRAP, OMTLS_LABEL_ESCERTKE};
    uint8_t got[64];
    for (int custody = 0; custody < 2; custody++) {
        struct handshake h;
        connect_pair(&h, (enum omtls_custody)custody);
        for (size_t l = 0; l < 3; l++) {
            for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
                assert_int_not_equal(raw_export(h.server, got, sizes[i], labels[l], NULL), 1);
            assert_int_not_equal(raw_export(h.server, got, 48, labels[l], ""), 1);
            assert_int_not_equal(raw_export(h.server, got, 48, labels[l], "context"), 1);
            char longer[64];
            (void)snprintf(longer, sizeof longer, "%s-2", labels[l]);
            assert_int_not_equal(raw_export(h.server, got, 48, longer, NULL), 1);
        }
        disconnect(&h);
    }
}

/* Other labels give what they give with stock OpenSSL. */
static void test_other_labels(void **state)
{
    (void)state;
    uint8_t want[200];
    uint8_t got[200];
    for (int custody = 0; custody < 2; custody++) {
        struct handshake h;
        connect_pair(&h, (enum omtls_custody)custody);
        assert_int_equal(raw_export(h.client, want, sizeof want, "EXPORTER-oneM2M", "context"), 1);
        assert_int_equal(raw_export(h.server, got, sizeof got, "EXPORTER-oneM2M", "context"), 1);
        assert_memory_equal(got, want, sizeof want);
        disconnect(&h);
    }
}

static void test_denied(void **state)
{
    (void)state;
    uint8_t id[OMTLS_EXPORT_ID_SIZE];
    struct se_key *key = NULL;
    struct handshake h;
    SSL_CTX *client = our_client(false, NULL, false);
    SSL *ssl = SSL_new(client);
    FAILS(OM_EDENIED, omtls_export(ssl, OMTLS_LABEL_CONNECTION, id, &key, ERR)); /* no key */
    SSL_free(ssl);
    ssl = our_client_ssl(client, OMTLS_CUSTODY_SESSION);
    FAILS(OM_EDENIED, omtls_export(ssl, OMTLS_LABEL_CONNECTION, id, &key, ERR)); /* no handshake */
    static struct se_forms forms;
    FAILS(OM_EDENIED, omtls_export_forms(ssl, OMTLS_LABEL_CONNECTION, id, SE_FORM_KEY, &forms, ERR));
    SSL_free(ssl);
    SSL_CTX_free(client);
    connect_pair(&h, OMTLS_CUSTODY_SESSION);
    FAILS(OM_EDENIED, omtls_export(h.client, OMTLS_LABEL_CONNECTION, id, &key, ERR)); /* not one of ours */
    FAILS(OM_EINPUT, omtls_export(h.server, LABEL_PLAIN, id, &key, ERR));
    FAILS(OM_EINPUT, omtls_export(h.server, "EXPORTER-oneM2M-Connectio", id, &key, ERR));
    assert_null(key);
    disconnect(&h);
}

/* The key outlives the connection, and can be kept. */
static void test_key_outlives(void **state)
{
    (void)state;
    uint8_t want[48];
    uint8_t id[OMTLS_EXPORT_ID_SIZE];
    for (int custody = 0; custody < 2; custody++) {
        struct handshake h;
        struct se_key *key = NULL;
        struct se_key *loaded = NULL;
        struct se_blob blob;
        struct om_secret octets = OM_SECRET_INIT;
        connect_pair(&h, (enum omtls_custody)custody);
        plain_export(h.client, OMTLS_LABEL_BOOTSTRAP, want);
        SUCCEEDS(omtls_export(h.server, OMTLS_LABEL_BOOTSTRAP, id, &key, ERR));
        disconnect(&h);
        assert_stats(0, 0);
        KEY_IS(key, want + 16, 32);
        SUCCEEDS(se_wrap(key, SE_USE_HMAC, &blob, ERR));
        SUCCEEDS(se_load(fixture_se, &blob, SE_USE_HMAC, &loaded, ERR));
        KEY_IS(loaded, want + 16, 32);
        SUCCEEDS(se_seal_key(key, &blob, ERR));
        SUCCEEDS(se_unseal(fixture_se, &blob, &octets, ERR));
        assert_memory_equal(octets.octets, want + 16, 32);
        om_secret_free(&octets);
        se_key_unref(loaded);
        se_key_unref(key);
    }
}

/* With custody session OpenSSL holds a reference where the master secret would be. */
static void test_master_is_reference(void **state)
{
    (void)state;
    struct handshake h;
    uint8_t theirs[48];
    uint8_t ours[48];
    static const uint8_t zeros[16];
    connect_pair(&h, OMTLS_CUSTODY_SESSION);
    assert_int_equal(SSL_SESSION_get_master_key(SSL_get_session(h.client), theirs, sizeof theirs), 48);
    assert_int_equal(SSL_SESSION_get_master_key(SSL_get_session(h.server), ours, sizeof ours), 48);
    assert_memory_not_equal(ours, theirs, 32);
    assert_memory_equal(ours + 32, zeros, sizeof zeros);
    disconnect(&h);
    connect_pair(&h, OMTLS_CUSTODY_PSK);
    assert_int_equal(SSL_SESSION_get_master_key(SSL_get_session(h.client), theirs, sizeof theirs), 48);
    assert_int_equal(SSL_SESSION_get_master_key(SSL_get_session(h.server), ours, sizeof ours), 48);
    assert_memory_equal(ours, theirs, 48);
    disconnect(&h);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_direct, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_other_forms, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_other_labels, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_denied, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_key_outlives, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_master_is_reference, tls_test_setup, tls_test_teardown),
    };
    return cmocka_run_group_tests(tests, tls_setup, tls_teardown);
}
