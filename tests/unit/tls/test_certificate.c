/* Sessions by certificates: the server's key in the token, stock clients with a certificate, master secret
 * and exporter in the token as far as custody says; and pre-shared keys beside them on the same context. */
#include "certificate.h"
#include "fixture_tls.h"

#define ALIAS "maf.example.org"

static struct se_signer *signer, *alias_signer;
static X509 *leaf, *alias_leaf;
static EVP_PKEY *client_key;
static X509 *client_leaf;
static const char *const names[] = {SERVER_NAME, NULL};
static const char *const alias_names[] = {ALIAS, NULL};
static struct omtls_certificate certificates[2];

/* What the decision was asked, and what it shall answer. */
static struct {
    unsigned calls;
    char sni[256];
    om_rc answer;
    uint8_t der[2048];
    int der_len;
    int chain;
} seen;

static om_rc find_certificate(void *arg, const struct omtls_hello *hello,
                              const struct omtls_client_certificate *presented, void **peer,
                              struct om_error *err)
{
    struct found *found = arg;
    unsigned char *at = seen.der;
    seen.calls++;
    SUCCEEDS(om_copy_text(seen.sni, sizeof seen.sni, hello->sni != NULL ? hello->sni : "", ERR));
    seen.der_len =
        i2d_X509(presented->leaf, NULL) <= (int)sizeof seen.der ? i2d_X509(presented->leaf, &at) : -1;
    seen.chain = sk_X509_num(presented->chain);
    assert_null(presented->raw_key);
    if (seen.answer != OM_OK)
        return om_fail(err, seen.answer, "refused by the test");
    *peer = found;
    found->peers_live++;
    return OM_OK;
}

/* A certificate for a key in the token, by stock OpenSSL. */
static X509 *certificate_of(struct se_signer *s, const char *name)
{
    char san[300];
    EVP_PKEY *key = NULL, *ca = test_key("P-256");
    (void)snprintf(san, sizeof san, "DNS:%s", name);
    SUCCEEDS(omtls_signing_key(tls_libctx, s, &key, ERR));
    X509 *ca_leaf = test_certificate(ca, &(struct test_certificate){.cn = "ca", .ca = true});
    X509 *x = test_certificate(
        key, &(struct test_certificate){.cn = name, .san = san, .issuer = ca_leaf, .issuer_key = ca});
    X509_free(ca_leaf);
    EVP_PKEY_free(ca);
    EVP_PKEY_free(key);
    return x;
}

static int certificate_setup(void **state)
{
    if (tls_setup(state) != 0)
        return -1;
    SUCCEEDS(se_signer_make(fixture_se, "maf", &signer, ERR));
    SUCCEEDS(se_signer_make(fixture_se, "alias", &alias_signer, ERR));
    leaf = certificate_of(signer, SERVER_NAME);
    alias_leaf = certificate_of(alias_signer, ALIAS);
    certificates[0] = (struct omtls_certificate){.leaf = leaf, .signer = signer, .names = names};
    certificates[1] =
        (struct omtls_certificate){.leaf = alias_leaf, .signer = alias_signer, .names = alias_names};
    client_key = test_key("P-256");
    client_leaf = test_certificate(client_key, &(struct test_certificate){.cn = "client"});
    return 0;
}

static int certificate_teardown(void **state)
{
    X509_free(leaf);
    X509_free(alias_leaf);
    X509_free(client_leaf);
    EVP_PKEY_free(client_key);
    se_signer_unref(signer);
    se_signer_unref(alias_signer);
    return tls_teardown(state);
}

static int test_setup(void **state)
{
    memset(&seen, 0, sizeof seen);
    return tls_test_setup(state);
}

static struct omtls_server config_with(size_t n, enum omtls_custody custody, bool dtls)
{
    struct omtls_server cfg = tls_server_config(custody);
    cfg.certificates = certificates;
    cfg.n_certificates = n;
    cfg.find_certificate = find_certificate;
    cfg.dtls = dtls;
    return cfg;
}

static SSL_CTX *server_with(const struct omtls_server *cfg)
{
    SSL_CTX *ctx = NULL;
    SUCCEEDS(omtls_server_ctx(cfg, &ctx, ERR));
    return ctx;
}

/* A stock client; without = no certificate of its own. */
static SSL_CTX *client_with(bool dtls, const char *suites, bool with)
{
    SSL_CTX *ctx = plain_context(false, dtls, suites, NULL);
    if (with) {
        assert_int_equal(SSL_CTX_use_certificate(ctx, client_leaf), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(ctx, client_key), 1);
    }
    return ctx;
}

static bool meet_as(struct handshake *h, SSL_CTX *client, SSL_CTX *server, const char *sni)
{
    *h = (struct handshake){.on_client_octets = NULL};
    SSL *c = SSL_new(client);
    if (sni != NULL)
        assert_int_equal(SSL_set_tlsext_host_name(c, sni), 1);
    handshake_join(h, c, SSL_new(server));
    return handshake_run(h);
}

static size_t session_keys(void)
{
    struct omtls_stats stats;
    omtls_stats(&stats);
    return stats.session_keys;
}

static void check_suite(const char *suite, bool dtls, enum omtls_custody custody)
{
    struct handshake h;
    struct omtls_server cfg = config_with(1, custody, dtls);
    SSL_CTX *server = server_with(&cfg);
    SSL_CTX *client = client_with(dtls, suite, true);
    uint8_t octets[48], master[48];
    assert_true(meet_as(&h, client, server, SERVER_NAME));
    assert_string_equal(SSL_get_cipher_name(h.server), suite);
    assert_int_equal(seen.calls, 1);
    assert_string_equal(seen.sni, SERVER_NAME);
    assert_ptr_equal(omtls_peer(h.server), &tls_found);
    assert_int_equal(X509_cmp(SSL_get0_peer_certificate(h.client), leaf), 0);
    /* The master secret is OpenSSL's with custody psk only. */
    assert_int_equal(session_keys(), custody == OMTLS_CUSTODY_SESSION ? 1 : 0);
    assert_int_equal(SSL_SESSION_get_master_key(SSL_get_session(h.client), octets, sizeof octets), 48);
    assert_int_equal(SSL_SESSION_get_master_key(SSL_get_session(h.server), master, sizeof master), 48);
    assert_int_equal(memcmp(octets, master, 48) == 0, custody == OMTLS_CUSTODY_PSK);
    assert_true(handshake_echo(h.client, h.server, "question", 8));
    assert_true(handshake_echo(h.server, h.client, "answer", 6));
    plain_export(h.client, OMTLS_LABEL_CONNECTION, octets);
    EXPORTS(h.server, OMTLS_LABEL_CONNECTION, octets);
    EXPORTS(h.server, OMTLS_LABEL_CONNECTION, octets);
    plain_export(h.client, LABEL_PLAIN, octets);
    uint8_t plain[48];
    plain_export(h.server, LABEL_PLAIN, plain);
    assert_memory_equal(plain, octets, 48);
    handshake_free(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    memset(&seen, 0, sizeof seen);
}

static void test_MAF_HS_5_every_suite_and_custody(void **state)
{
    (void)state;
    static const char *const suites[] = {"ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256",
                                         "ECDHE-ECDSA-AES128-CCM", "ECDHE-ECDSA-AES128-CCM8"};
    for (size_t i = 0; i < 4; i++)
        for (int dtls = 0; dtls < 2; dtls++)
            for (int custody = 0; custody < 2; custody++)
                check_suite(suites[i], dtls, (enum omtls_custody)custody);
}

/* Clients with a pre-shared key are not asked for a certificate, and come first. */
static void test_pre_shared_keys_beside(void **state)
{
    (void)state;
    for (int dtls = 0; dtls < 2; dtls++) {
        struct handshake h;
        struct omtls_server cfg = config_with(1, OMTLS_CUSTODY_SESSION, dtls);
        SSL_CTX *server = server_with(&cfg);
        SSL_CTX *client = known_plain(false, dtls, "ECDHE-ECDSA-AES128-SHA256:PSK-AES128-CBC-SHA256");
        assert_true(meet_as(&h, client, server, SERVER_NAME));
        assert_string_equal(SSL_get_cipher_name(h.server), "PSK-AES128-CBC-SHA256");
        assert_int_equal(seen.calls, 0);
        assert_string_equal(omtls_identity(h.server), KNOWN_ID);
        uint8_t octets[48];
        plain_export(h.client, OMTLS_LABEL_CONNECTION, octets);
        EXPORTS(h.server, OMTLS_LABEL_CONNECTION, octets);
        handshake_free(&h);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
    }
}

static void fails(bool with_certificate, om_rc answer, int alert)
{
    for (int dtls = 0; dtls < 2; dtls++) {
        struct handshake h;
        struct omtls_server cfg = config_with(1, OMTLS_CUSTODY_SESSION, dtls);
        SSL_CTX *server = server_with(&cfg);
        SSL_CTX *client = client_with(dtls, NULL, with_certificate);
        seen.answer = answer;
        assert_false(meet_as(&h, client, server, SERVER_NAME));
        assert_int_equal(h.server_alert, alert);
        assert_null(omtls_peer(h.server));
        handshake_free(&h);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
    }
}

static void test_MAF_HS_4_refusals(void **state)
{
    (void)state;
    fails(false, OM_OK, SSL_AD_HANDSHAKE_FAILURE);
    assert_int_equal(seen.calls, 0);
    fails(true, OM_EDENIED, SSL_AD_HANDSHAKE_FAILURE);
    fails(true, OM_ETRANSIENT, SSL_AD_INTERNAL_ERROR);
    assert_int_equal(seen.calls, 4);
}

static uint8_t *verify_message; /* where the client's CertificateVerify may be */

static void spoil_signature(uint8_t *octets, size_t n)
{
    /* record type 22, TLS 1.2, handshake type 15 */
    for (size_t i = 0; i + 9 < n; i++) {
        if (octets[i] == 22 && octets[i + 1] == 3 && octets[i + 5] == 15) {
            verify_message = octets + i;
            octets[i + 5 + 4 + 4 + 20] ^= 1;
        }
    }
}

/* Whoever has the certificate but not its key gets nowhere, though the decision let him pass. */
static void test_MAF_HS_4_certificate_without_its_key(void **state)
{
    (void)state;
    struct omtls_server cfg = config_with(1, OMTLS_CUSTODY_SESSION, false);
    SSL_CTX *server = server_with(&cfg);
    SSL_CTX *client = client_with(false, NULL, true);
    struct handshake h = {.on_client_octets = spoil_signature};
    handshake_join(&h, SSL_new(client), SSL_new(server));
    verify_message = NULL;
    assert_false(handshake_run(&h));
    assert_non_null(verify_message);
    assert_int_equal(seen.calls, 1);
    uint8_t id[OMTLS_EXPORT_ID_SIZE];
    struct se_key *key = NULL;
    FAILS(OM_EDENIED, omtls_export(h.server, OMTLS_LABEL_CONNECTION, id, &key, ERR));
    handshake_free(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void test_MAF_HS_8_sni_picks_the_certificate(void **state)
{
    (void)state;
    static const struct {
        const char *sni;
        X509 **gets; /* NULL: the handshake fails */
        size_t certificates;
        int alert;
    } cases[] = {
        {SERVER_NAME, &leaf, 2, -1},
        {"MAF.example.com", &leaf, 2, -1},
        {ALIAS, &alias_leaf, 2, -1},
        {NULL, &leaf, 2, -1},
        {"other.example.com", NULL, 2, SSL_AD_UNRECOGNIZED_NAME},
        {ALIAS, NULL, 1, SSL_AD_HANDSHAKE_FAILURE}, /* no certificate is for it */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct handshake h;
        struct omtls_server cfg = config_with(cases[i].certificates, OMTLS_CUSTODY_SESSION, false);
        SSL_CTX *server = server_with(&cfg);
        SSL_CTX *client = client_with(false, NULL, true);
        assert_int_equal(meet_as(&h, client, server, cases[i].sni), cases[i].gets != NULL);
        if (cases[i].gets != NULL)
            assert_int_equal(X509_cmp(SSL_get0_peer_certificate(h.client), *cases[i].gets), 0);
        else
            assert_int_equal(h.server_alert, cases[i].alert);
        handshake_free(&h);
        SSL_CTX_free(client);
        /* Pre-shared keys do not mind. */
        client = known_plain(false, false, "PSK-AES128-CBC-SHA256");
        if (cases[i].alert != SSL_AD_UNRECOGNIZED_NAME) {
            assert_true(meet_as(&h, client, server, cases[i].sni));
            handshake_free(&h);
        }
        SSL_CTX_free(client);
        SSL_CTX_free(server);
    }
}

/* The key in the token has to be the certificate's. */
static void test_MAF_HS_3_key_of_another_certificate(void **state)
{
    (void)state;
    SSL_CTX *ctx = NULL;
    struct omtls_certificate wrong = {.leaf = leaf, .signer = alias_signer, .names = names};
    struct omtls_server cfg = config_with(1, OMTLS_CUSTODY_SESSION, false);
    cfg.certificates = &wrong;
    FAILS(OM_ECONFIG, omtls_server_ctx(&cfg, &ctx, ERR));
    assert_null(ctx);
    cfg = config_with(1, OMTLS_CUSTODY_SESSION, false);
    cfg.find_certificate = NULL;
    FAILS(OM_ECONFIG, omtls_server_ctx(&cfg, &ctx, ERR));
    ERR_clear_error();
}

/* MAF-HS-9 with certificates. */
static void test_MAF_HS_9_extended_master_secret(void **state)
{
    (void)state;
    for (int allowed = 0; allowed < 2; allowed++) {
        for (int custody = 0; custody < 2; custody++) {
            struct handshake h;
            struct omtls_server cfg = config_with(1, (enum omtls_custody)custody, false);
            cfg.allow_no_ems = allowed;
            SSL_CTX *server = server_with(&cfg);
            SSL_CTX *client = client_with(false, NULL, true);
            SSL_CTX_set_options(client, SSL_OP_NO_EXTENDED_MASTER_SECRET);
            assert_int_equal(meet_as(&h, client, server, SERVER_NAME), allowed);
            uint8_t octets[48];
            if (allowed) {
                plain_export(h.client, OMTLS_LABEL_CONNECTION, octets);
                EXPORTS(h.server, OMTLS_LABEL_CONNECTION, octets);
            }
            handshake_free(&h);
            SSL_CTX_free(client);
            SSL_CTX_free(server);
        }
    }
}

static void test_tls13(void **state)
{
    (void)state;
    for (int custody = 0; custody < 2; custody++) {
        struct handshake h;
        struct omtls_server cfg = tls13_server_config((enum omtls_custody)custody);
        cfg.certificates = certificates;
        cfg.n_certificates = 2;
        cfg.find_certificate = find_certificate;
        SSL_CTX *server = server_with(&cfg);
        SSL_CTX *client = client_with(false, NULL, true);
        assert_int_equal(SSL_CTX_set_max_proto_version(client, TLS1_3_VERSION), 1);
        assert_true(meet_as(&h, client, server, ALIAS));
        assert_int_equal(SSL_version(h.server), TLS1_3_VERSION);
        assert_int_equal(X509_cmp(SSL_get0_peer_certificate(h.client), alias_leaf), 0);
        assert_ptr_equal(omtls_peer(h.server), &tls_found);
        uint8_t octets[48];
        assert_true(handshake_echo(h.client, h.server, "question", 8));
        plain_export(h.client, OMTLS_LABEL_CONNECTION, octets);
        EXPORTS(h.server, OMTLS_LABEL_CONNECTION, octets);
        EXPORTS(h.server, OMTLS_LABEL_CONNECTION, octets);
        assert_int_equal(session_keys(), 0);
        handshake_free(&h);

        seen.answer = OM_EDENIED;
        assert_false(meet_as(&h, client, server, SERVER_NAME) && handshake_echo(h.client, h.server, "x", 1));
        assert_int_equal(h.server_alert, SSL_AD_HANDSHAKE_FAILURE);
        handshake_free(&h);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
        seen.answer = OM_OK;
    }
}

/* Several connections of one thread: each has its own master secret. */
static void test_several_at_once(void **state)
{
    (void)state;
    enum { N = 3 };
    struct handshake h[N];
    struct omtls_server cfg = config_with(1, OMTLS_CUSTODY_SESSION, false);
    SSL_CTX *server = server_with(&cfg);
    SSL_CTX *client = client_with(false, NULL, true);
    for (int i = 0; i < N; i++) {
        h[i] = (struct handshake){.on_client_octets = NULL};
        assert_true(meet_as(&h[i], client, server, SERVER_NAME));
    }
    for (int i = N - 1; i >= 0; i--) {
        uint8_t octets[48];
        plain_export(h[i].client, OMTLS_LABEL_CONNECTION, octets);
        EXPORTS(h[i].server, OMTLS_LABEL_CONNECTION, octets);
    }
    assert_int_equal(session_keys(), N);
    for (int i = 0; i < N; i++)
        handshake_free(&h[i]);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void test_raw_keys_need_a_newer_openssl(void **state)
{
    (void)state;
    SSL_CTX *ctx = NULL;
    struct omtls_server cfg = config_with(1, OMTLS_CUSTODY_SESSION, false);
    cfg.raw_keys = true;
    if (OPENSSL_VERSION_NUMBER < OMTLS_RAW_KEYS_VERSION) {
        FAILS(OM_EUNSUPPORTED, omtls_server_ctx(&cfg, &ctx, ERR));
        assert_non_null(strstr(fixture_err.text, "OpenSSL 3.2"));
    } else {
        SUCCEEDS(omtls_server_ctx(&cfg, &ctx, ERR));
        SSL_CTX_free(ctx);
    }
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
#define TEST(name) cmocka_unit_test_setup_teardown(name, test_setup, tls_test_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_MAF_HS_5_every_suite_and_custody),
        TEST(test_pre_shared_keys_beside),
        TEST(test_MAF_HS_4_refusals),
        TEST(test_MAF_HS_4_certificate_without_its_key),
        TEST(test_MAF_HS_8_sni_picks_the_certificate),
        TEST(test_MAF_HS_3_key_of_another_certificate),
        TEST(test_MAF_HS_9_extended_master_secret),
        TEST(test_tls13),
        TEST(test_several_at_once),
        TEST(test_raw_keys_need_a_newer_openssl),
    };
    return cmocka_run_group_tests(tests, certificate_setup, certificate_teardown);
}
