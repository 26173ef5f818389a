/* A token that fails now and then: a handshake or an export fails cleanly or is right, and nothing is left.
 */
#include "fixture_tls.h"

#define CBC    "PSK-AES128-CBC-SHA256"
#define SEEDS  120
#define EXPORT OMTLS_LABEL_CONNECTION

/* How often what was tried came out well and ill. */
static struct {
    unsigned handshakes, handshakes_failed, exports, exports_failed;
} outcomes;

/* Another session with the same root keys, in which about one call in 12 fails. */
static struct se *open_faulty(unsigned seed)
{
    char uri[2200];
    struct se *se = NULL;
    (void)snprintf(uri, sizeof uri, "%s&fail-every=12&seed=%u", fixture_token->uri, seed);
    while (se_open(uri, NULL, test_plugin_dir(), &se, ERR) == OM_ETRANSIENT) {
    }
    assert_non_null(se);
    return se;
}

static struct se_key *load_known(struct se *se)
{
    struct se_blob blob;
    struct se_key *key = NULL;
    while (se_import_psk(se, KNOWN_PSK, KNOWN_SIZE, &blob, ERR) == OM_ETRANSIENT) {
    }
    while (se_load(se, &blob, SE_USE_TLS12_PSK, &key, ERR) == OM_ETRANSIENT) {
    }
    assert_non_null(key);
    return key;
}

static void try_export(const struct handshake *h)
{
    uint8_t id[OMTLS_EXPORT_ID_SIZE];
    uint8_t want[48];
    struct se_key *key = NULL;
    om_rc rc = omtls_export(h->server, EXPORT, id, &key, ERR);
    if (rc != OM_OK) {
        assert_int_equal(rc, OM_ETRANSIENT); /* the token's own answer, through OpenSSL */
        assert_non_null(strstr(fixture_err.text, "injected fault"));
        assert_null(key);
        outcomes.exports_failed++;
        return;
    }
    plain_export(h->client, EXPORT, want);
    assert_memory_equal(id, want, sizeof id);
    se_key_unref(key);
    outcomes.exports++;
}

static void try_handshake(struct se_key *key, enum omtls_custody custody)
{
    struct se_key *usual = tls_key;
    struct omtls_server cfg = tls_server_config(custody);
    SSL_CTX *server = our_server(false, &cfg);
    SSL_CTX *client = known_plain(false, false, CBC);
    struct handshake h;
    tls_key = key;
    if (meet(&h, client, server)) {
        outcomes.handshakes++;
        assert_true(handshake_echo(h.client, h.server, "x", 1));
        try_export(&h);
        try_export(&h);
    } else {
        outcomes.handshakes_failed++;
        assert_int_equal(h.server_alert, SSL_AD_INTERNAL_ERROR);
    }
    tls_key = usual;
    handshake_free(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    (void)tls_test_teardown(NULL);
}

static void test_faults(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        struct se *se = open_faulty(seed);
        struct se_key *key = load_known(se);
        try_handshake(key, seed % 2 ? OMTLS_CUSTODY_PSK : OMTLS_CUSTODY_SESSION);
        se_key_unref(key);
        se_close(se);
    }
    assert_true(outcomes.handshakes > 10 && outcomes.handshakes_failed > 10);
    assert_true(outcomes.exports > 10 && outcomes.exports_failed > 10);
}

/* The token is closed under a connection: an error, and no more. */
static void test_token_closed(void **state)
{
    (void)state;
    for (int custody = 0; custody < 2; custody++) {
        struct se_key *usual = tls_key;
        struct se_key *exported = NULL;
        uint8_t id[OMTLS_EXPORT_ID_SIZE];
        struct se *se = fixture_open();
        struct omtls_server cfg = tls_server_config((enum omtls_custody)custody);
        SSL_CTX *server = our_server(false, &cfg);
        SSL_CTX *client = known_plain(false, false, CBC);
        struct handshake h;
        tls_key = load_known(se);
        assert_true(meet(&h, client, server));
        se_key_unref(tls_key);
        tls_key = usual;
        se_close(se);
        FAILS(OM_EINTERNAL, omtls_export(h.server, EXPORT, id, &exported, ERR));
        handshake_free(&h);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
    }
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_faults, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_token_closed, tls_test_setup, tls_test_teardown),
    };
    return cmocka_run_group_tests(tests, tls_setup, tls_teardown);
}
