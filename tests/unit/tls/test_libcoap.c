/* libcoap's own SSL contexts with the key in a token: a stock libcoap server whose PSK callback returns a key
 * reference, and a stock client (coap-client-openssl, coap-client-gnutls) that holds the key itself. DTLS and
 * TLS. */
#include "fixture_tls.h"

#include <arpa/inet.h>
#include <coap3/coap.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define IDENTITY "km-7@maf.example.com"
#define KEY_TEXT "0123456789abcdef0123456789abcdef"

extern char **environ;

static struct se_key *device_key;
static enum omtls_custody custody;
static unsigned adopted, exports_made;
static uint8_t reference[OMTLS_REFERENCE_SIZE];
static coap_bin_const_t psk = {OMTLS_REFERENCE_SIZE, reference};

/* Sees every SSL_CTX that libcoap makes, and hardens it once libcoap has set it up. */
static SSL_CTX *contexts[8];
static size_t n_contexts;

static void context_made(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
    (void)ptr, (void)ad, (void)index, (void)argl, (void)argp;
    if (n_contexts < sizeof contexts / sizeof contexts[0])
        contexts[n_contexts++] = parent;
}

/* libcoap enters an SSL in its session after the first step of the handshake, which over TCP is the whole of
 * it when the client's second flight has come already. */
static SSL *last_ssl;

static void ssl_made(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
    (void)ptr, (void)ad, (void)index, (void)argl, (void)argp;
    last_ssl = parent;
}

static const coap_bin_const_t *find_psk(coap_bin_const_t *identity, coap_session_t *session, void *arg)
{
    (void)arg;
    SSL *ssl = coap_session_get_tls(session, NULL);
    if (ssl == NULL)
        ssl = last_ssl;
    bool known = identity->length == strlen(IDENTITY) && memcmp(identity->s, IDENTITY, identity->length) == 0;
    SUCCEEDS(omtls_attach_psk(ssl, known ? IDENTITY : "", known ? device_key : tls_decoy, custody, NULL, NULL,
                              reference, ERR));
    return &psk;
}

static void answer(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request,
                   const coap_string_t *query, coap_pdu_t *response)
{
    (void)resource, (void)request, (void)query;
    uint8_t id[OMTLS_EXPORT_ID_SIZE];
    struct se_key *key = NULL;
    SUCCEEDS(omtls_export(coap_session_get_tls(session, NULL), OMTLS_LABEL_CONNECTION, id, &key, ERR));
    assert_int_equal(se_key_len(key), 32);
    se_key_unref(key);
    exports_made++;
    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CONTENT);
    (void)coap_add_data(response, 5, (const uint8_t *)"hello");
}

static coap_context_t *serve(coap_proto_t proto, uint16_t *port)
{
    coap_context_t *ctx = coap_new_context(NULL);
    assert_non_null(ctx);
    coap_dtls_spsk_t setup = {.version = COAP_DTLS_SPSK_SETUP_VERSION, .validate_id_call_back = find_psk};
    /* libcoap wants a key of its own here; it is never used, because the call-back decides. */
    setup.psk_info.hint.s = (const uint8_t *)"";
    setup.psk_info.key.s = (const uint8_t *)"unused, the call-back decides";
    setup.psk_info.key.length = 8;
    assert_int_equal(coap_context_set_psk2(ctx, &setup), 1);
    coap_address_t address;
    coap_address_init(&address);
    address.addr.sin = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    /* libcoap adds 1 to the port of a secure endpoint only when it is the default one. */
    int probe = socket(AF_INET, proto == COAP_PROTO_DTLS ? SOCK_DGRAM : SOCK_STREAM, 0);
    socklen_t n = sizeof address.addr.sin;
    assert_int_equal(bind(probe, &address.addr.sa, n), 0);
    assert_int_equal(getsockname(probe, &address.addr.sa, &n), 0);
    *port = ntohs(address.addr.sin.sin_port);
    (void)close(probe);
    address.size = sizeof address.addr.sin;
    assert_non_null(coap_new_endpoint(ctx, &address, proto));
    coap_resource_t *resource = coap_resource_init(coap_make_str_const("hello"), 0);
    coap_register_handler(resource, COAP_REQUEST_GET, answer);
    coap_add_resource(ctx, resource);
    struct omtls_server cfg = tls_server_config(custody);
    static const char *const names[] = {"127.0.0.1", "localhost", NULL};
    cfg.libctx = NULL;
    cfg.find = NULL;
    cfg.names = names;
    cfg.suites = proto == COAP_PROTO_DTLS ? OMTLS_PSK_SUITES_DTLS : OMTLS_PSK_SUITES_TLS;
    for (size_t i = 0; i < n_contexts; i++, adopted++)
        SUCCEEDS(omtls_server_adopt(contexts[i], &cfg, ERR));
    return ctx;
}

/* Runs a client to its end while the server works; its standard output is in out. */
static void run_client(coap_context_t *ctx, char *const argv[], char *out, size_t cap)
{
    int fds[2];
    posix_spawn_file_actions_t actions;
    pid_t pid;
    assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO), 0);
    if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) != 0)
        fail_msg("cannot start %s", argv[0]);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(fds[1]);
    int status = 0;
    time_t end = time(NULL) + 60;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        (void)coap_io_process(ctx, 20);
        if (time(NULL) > end) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, &status, 0);
            fail_msg("%s does not end", argv[0]);
        }
    }
    ssize_t n = read(fds[0], out, cap - 1);
    out[n > 0 ? n : 0] = '\0';
    (void)close(fds[0]);
}

static void one(const char *program, coap_proto_t proto, const char *user, bool right)
{
    n_contexts = adopted = exports_made = 0;
    uint16_t port;
    coap_context_t *ctx = serve(proto, &port);
    assert_true(adopted > 0);
    char uri[80], out[256];
    (void)snprintf(uri, sizeof uri, "%s://127.0.0.1:%u/hello",
                   proto == COAP_PROTO_DTLS ? "coaps" : "coaps+tcp", port);
    char *const argv[] = {(char *)program,
                          "-B",
                          right ? "20" : "3",
                          "-u",
                          (char *)user,
                          "-k",
                          KEY_TEXT,
                          "-m",
                          "get",
                          uri,
                          NULL};
    run_client(ctx, argv, out, sizeof out);
    assert_int_equal(strstr(out, "hello") != NULL, right);
    assert_int_equal(exports_made, right ? 1 : 0);
    coap_free_context(ctx);
}

static void served(void **state)
{
    (void)state;
    static const char *const programs[] = {"coap-client-openssl", "coap-client-gnutls"};
    for (size_t i = 0; i < 2; i++)
        for (custody = OMTLS_CUSTODY_SESSION; custody <= OMTLS_CUSTODY_PSK; custody++) {
            one(programs[i], COAP_PROTO_DTLS, IDENTITY, true);
            one(programs[i], COAP_PROTO_TLS, IDENTITY, true);
        }
}

static void unknown_is_refused(void **state)
{
    (void)state;
    custody = OMTLS_CUSTODY_SESSION;
    one("coap-client-openssl", COAP_PROTO_DTLS, "nobody@maf.example.com", false);
}

static int setup(void **state)
{
    (void)tls_setup(state);
    struct se_blob blob;
    SUCCEEDS(omtls_provider_load(NULL, ERR));
    SUCCEEDS(se_import_psk(fixture_se, KEY_TEXT, strlen(KEY_TEXT), &blob, ERR));
    SUCCEEDS(se_load(fixture_se, &blob, SE_USE_TLS12_PSK, &device_key, ERR));
    assert_true(CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, NULL, context_made, NULL, NULL) >= 0);
    assert_true(CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, NULL, ssl_made, NULL, NULL) >= 0);
    coap_startup();
    coap_set_log_level(LOG_ERR);
    return 0;
}

static int teardown(void **state)
{
    coap_cleanup();
    se_key_unref(device_key);
    return tls_teardown(state);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(served, tls_test_setup, tls_test_teardown),
        cmocka_unit_test_setup_teardown(unknown_is_refused, tls_test_setup, tls_test_teardown),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
