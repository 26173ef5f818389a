/* How long things live: connections, their peers and keys, across SSL_clear, SSL_dup, fork and threads. */
#include "fixture_tls.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#define CBC "PSK-AES128-CBC-SHA256"

static void assert_stats(size_t connections, size_t session_keys)
{
    struct omtls_stats stats;
    omtls_stats(&stats);
    assert_int_equal(stats.connections, connections);
    assert_int_equal(stats.session_keys, session_keys);
}

static void test_counts(void **state)
{
    (void)state;
    enum { PAIRS = 300 }; /* more than one chunk of the table */
    static struct handshake h[PAIRS];
    for (int custody = 0; custody < 2; custody++) {
        size_t per_server = custody == OMTLS_CUSTODY_SESSION ? 1 : 0;
        struct omtls_server cfg = tls_server_config((enum omtls_custody)custody);
        SSL_CTX *server = our_server(false, &cfg);
        SSL_CTX *client = known_plain(false, false, CBC);
        for (size_t i = 0; i < PAIRS; i++)
            assert_true(meet(&h[i], client, server));
        assert_stats(PAIRS, PAIRS * per_server);
        assert_int_equal(tls_found.peers_live, PAIRS);
        for (size_t i = 0; i < PAIRS; i += 2)
            handshake_free(&h[i]);
        assert_stats(PAIRS / 2, PAIRS / 2 * per_server);
        for (size_t i = 1; i < PAIRS; i += 2) {
            uint8_t want[48];
            plain_export(h[i].client, OMTLS_LABEL_CONNECTION, want);
            EXPORTS(h[i].server, OMTLS_LABEL_CONNECTION, want);
            handshake_free(&h[i]);
        }
        assert_stats(0, 0);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
    }
}

/* A connection that never got beyond its ClientHello, and one that broke off after its key was found. */
static void test_abandoned(void **state)
{
    (void)state;
    struct omtls_server cfg = tls_server_config(OMTLS_CUSTODY_SESSION);
    SSL_CTX *server = our_server(false, &cfg);
    const struct plain_psk wrong = {KNOWN_ID, WRONG_PSK, KNOWN_SIZE};
    SSL_CTX *client = plain_context(false, false, CBC, &wrong);
    struct handshake h;
    SSL_free(SSL_new(server));
    assert_false(meet(&h, client, server));
    assert_stats(1, 1);
    assert_int_equal(tls_found.peers_live, 1);
    uint8_t id[OMTLS_EXPORT_ID_SIZE];
    struct se_key *key = NULL;
    FAILS(OM_EDENIED, omtls_export(h.server, OMTLS_LABEL_CONNECTION, id, &key, ERR));
    handshake_free(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

/* An SSL that is used again gets a new key, and the old one's peer goes. */
static void test_clear(void **state)
{
    (void)state;
    struct omtls_server cfg = tls_server_config(OMTLS_CUSTODY_SESSION);
    SSL_CTX *server = our_server(false, &cfg);
    SSL_CTX *client = known_plain(false, false, CBC);
    struct handshake h;
    assert_true(meet(&h, client, server));
    SSL *again = h.server;
    SSL_free(h.client);
    (void)SSL_shutdown(again);
    assert_int_equal(SSL_clear(again), 1);
    handshake_join(&h, SSL_new(client), again);
    assert_true(handshake_run(&h));
    assert_int_equal(tls_found.calls, 2);
    assert_int_equal(tls_found.peers_live, 1);
    assert_stats(1, 1);
    uint8_t want[48];
    plain_export(h.client, OMTLS_LABEL_CONNECTION, want);
    EXPORTS(h.server, OMTLS_LABEL_CONNECTION, want);
    handshake_free(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

/* A client that is used again without a new key cannot use the old reference. */
static void test_clear_client(void **state)
{
    (void)state;
    SSL_CTX *server = known_plain(true, false, CBC);
    SSL_CTX *client = our_client(false, NULL, false);
    struct handshake h = {.on_client_octets = NULL};
    handshake_join(&h, our_client_ssl(client, OMTLS_CUSTODY_SESSION), SSL_new(server));
    assert_true(handshake_run(&h));
    SSL *again = h.client;
    SSL_free(h.server);
    (void)SSL_shutdown(again);
    assert_int_equal(SSL_clear(again), 1);
    handshake_join(&h, again, SSL_new(server));
    assert_false(handshake_run(&h));
    SSL_free(h.server);
    (void)SSL_clear(again);
    SUCCEEDS(omtls_client_psk(again, SERVER_NAME, KNOWN_ID, tls_key, OMTLS_CUSTODY_SESSION, ERR));
    handshake_join(&h, again, SSL_new(server));
    assert_true(handshake_run(&h));
    assert_stats(1, 1);
    handshake_free(&h);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void test_duplicate(void **state)
{
    (void)state;
    SSL_CTX *client = our_client(false, NULL, false);
    SSL *ssl = our_client_ssl(client, OMTLS_CUSTODY_SESSION);
    SSL *dup = SSL_dup(ssl);
    assert_non_null(dup);
    assert_non_null(omtls_identity(ssl));
    assert_null(omtls_identity(dup));
    assert_stats(1, 0);
    SSL_free(ssl);
    assert_stats(0, 0);
    SSL_free(dup);
    SSL_CTX_free(client);
}

static void note_freed(void *peer)
{
    (*(int *)peer)++;
}

/* The caller's own PSK callback, as libcoap has it. */
static void test_attach(void **state)
{
    (void)state;
    int freed[2] = {0, 0};
    uint8_t references[2][OMTLS_REFERENCE_SIZE];
    SSL_CTX *ctx = our_client(true, NULL, false);
    SSL *ssl = SSL_new(ctx);
    for (int i = 0; i < 2; i++)
        SUCCEEDS(omtls_attach_psk(ssl, KNOWN_ID, tls_key, OMTLS_CUSTODY_SESSION, &freed[i], note_freed,
                                  references[i], ERR));
    assert_int_equal(freed[0], 1); /* replaced */
    assert_int_equal(freed[1], 0);
    assert_ptr_equal(omtls_peer(ssl), &freed[1]);
    assert_memory_not_equal(references[0], references[1], OMTLS_REFERENCE_SIZE);
    /* On failure the peer stays the caller's and the connection what it was. */
    int mine = 0;
    FAILS(OM_EINPUT,
          omtls_attach_psk(ssl, "a\nb", tls_key, OMTLS_CUSTODY_PSK, &mine, note_freed, references[0], ERR));
    assert_int_equal(mine, 0);
    assert_ptr_equal(omtls_peer(ssl), &freed[1]);
    SSL_free(ssl);
    assert_int_equal(freed[1], 1);
    SSL_CTX_free(ctx);
}

/* --- fork --- */

/* In the child: nothing of the parent's works, and freeing it leaves the parent's token alone. */
static int child(struct handshake *idle, struct handshake *started, om_rc refusal)
{
    struct omtls_stats stats;
    omtls_stats(&stats);
    if (stats.connections != 0 || stats.session_keys != 0)
        return 2;
    uint8_t id[OMTLS_EXPORT_ID_SIZE];
    struct se_key *key = NULL;
    if (omtls_export(started->server, OMTLS_LABEL_CONNECTION, id, &key, NULL) != refusal)
        return 3;
    if (handshake_run(idle))
        return 4;
    handshake_free(idle);
    handshake_free(started);
    omtls_stats(&stats);
    return stats.connections == 0 && stats.session_keys == 0 ? 0 : 5;
}

static void fork_with(enum omtls_custody custody, om_rc refusal)
{
    struct omtls_server cfg = tls_server_config(custody);
    SSL_CTX *server = our_server(false, &cfg);
    SSL_CTX *stock_client = known_plain(false, false, CBC);
    SSL_CTX *stock_server = known_plain(true, false, CBC);
    SSL_CTX *client = our_client(false, NULL, false);
    struct handshake started;
    struct handshake idle = {.on_client_octets = NULL};
    assert_true(meet(&started, stock_client, server));
    handshake_join(&idle, our_client_ssl(client, custody), SSL_new(stock_server));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(child(&idle, &started, refusal));
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(handshake_run(&idle));
    uint8_t want[48];
    plain_export(started.client, OMTLS_LABEL_CONNECTION, want);
    EXPORTS(started.server, OMTLS_LABEL_CONNECTION, want);
    handshake_free(&idle);
    handshake_free(&started);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    SSL_CTX_free(stock_client);
    SSL_CTX_free(stock_server);
}

static void test_fork(void **state)
{
    (void)state;
    fork_with(OMTLS_CUSTODY_SESSION, OM_EINTEGRITY); /* a dead reference */
    fork_with(OMTLS_CUSTODY_PSK, OM_EDENIED);        /* nobody's master secret */
}

/* --- threads: each with a token session of its own, all in one table --- */

static bool thread_handshakes(struct se_key *key, SSL_CTX *client, SSL_CTX *server)
{
    bool ok = true;
    for (int i = 0; ok && i < 40; i++) {
        uint8_t want[48];
        uint8_t id[OMTLS_EXPORT_ID_SIZE];
        struct se_key *exported = NULL;
        SSL *ssl = SSL_new(client);
        struct handshake h = {.on_client_octets = NULL};
        ok = omtls_client_psk(ssl, SERVER_NAME, KNOWN_ID, key,
                              i % 2 ? OMTLS_CUSTODY_PSK : OMTLS_CUSTODY_SESSION, NULL) == OM_OK;
        handshake_join(&h, ssl, SSL_new(server));
        ok = ok && handshake_run(&h) &&
             omtls_export(h.client, OMTLS_LABEL_CONNECTION, id, &exported, NULL) == OM_OK;
        if (ok) {
            plain_export(h.server, OMTLS_LABEL_CONNECTION, want);
            ok = memcmp(id, want, sizeof id) == 0;
        }
        se_key_unref(exported);
        handshake_free(&h);
    }
    return ok;
}

struct thread {
    pthread_t id;
    SSL_CTX *client;
    SSL_CTX *server;
    bool ok;
};

static void *thread_main(void *arg)
{
    struct thread *t = arg;
    struct se *se = NULL;
    struct se_key *key = NULL;
    struct se_blob blob;
    const char *pin_source = fixture_token->pin_source[0] != '\0' ? fixture_token->pin_source : NULL;
    if (se_open(fixture_token->uri, pin_source, test_plugin_dir(), &se, NULL) == OM_OK &&
        se_import_psk(se, KNOWN_PSK, KNOWN_SIZE, &blob, NULL) == OM_OK &&
        se_load(se, &blob, SE_USE_TLS12_PSK, &key, NULL) == OM_OK)
        t->ok = thread_handshakes(key, t->client, t->server);
    se_key_unref(key);
    se_close(se);
    OPENSSL_thread_stop();
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    struct thread threads[THREADS];
    SSL_CTX *server = known_plain(true, false, CBC);
    SSL_CTX *client = our_client(false, NULL, false);
    for (int i = 0; i < THREADS; i++) {
        threads[i] = (struct thread){.client = client, .server = server};
        assert_int_equal(pthread_create(&threads[i].id, NULL, thread_main, &threads[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i].id, NULL), 0);
        assert_true(threads[i].ok);
    }
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

/* One into which nothing was loaded: OpenSSL puts a provider of its own there as soon as it is asked for one.
 */
static void test_context_without_providers(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
        assert_non_null(libctx);
        omtls_libctx_free(libctx);
    }
    omtls_libctx_free(NULL);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_abandoned, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_clear, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_clear_client, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_duplicate, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_attach, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_fork, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(test_threads, tls_test_setup, tls_test_teardown),
        cmocka_unit_test(test_context_without_providers),
    };
    return cmocka_run_group_tests(tests, tls_setup, tls_teardown);
}
