/* See fixture.h. */
#include "fixture.h"

#include "util/text.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <p11-kit/uri.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_SECONDS 60

struct named named;

void named_check(bool ok, const char *what, const char *file, int line)
{
    if (ok)
        return;
    (void)fprintf(stderr, "%s:%d: %s does not hold\n", file, line, what);
    ERR_print_errors_fp(stderr);
    (void)fflush(stderr);
    _exit(1);
}

/* --- the token and its key --- */

/* Runs openmaf-key; its first line of output into line, when that is not NULL. */
static void openmaf_key(const char *arguments, char *line, size_t cap)
{
    char command[8192];
    int n = snprintf(command, sizeof command, "%s %s --keys '%s' --token '%s' --pin-source '%s' 2>/dev/null",
                     OPENMAF_KEY_PROGRAM, arguments, named.keys, named.uri, named.token->pin_source);
    CHECK(n > 0 && (size_t)n < sizeof command);
    FILE *out = popen(command, "r");
    CHECK(out != NULL);
    if (line != NULL) {
        CHECK(fgets(line, (int)cap, out) != NULL);
        line[strcspn(line, "\n")] = '\0';
        char rest[512];
        while (fgets(rest, sizeof rest, out) != NULL)
            continue;
    }
    CHECK(pclose(out) == 0);
}

/* As in tests/unit/hsm: the module that makes trouble in front of the real one, where there is one. */
static void put_trouble_in_front(void)
{
    (void)snprintf(named.uri, sizeof named.uri, "%s", named.token->uri);
    if (strncmp(named.uri, "pkcs11:", 7) != 0)
        return;
    P11KitUri *uri = p11_kit_uri_new();
    CHECK(p11_kit_uri_parse(named.token->uri, P11_KIT_URI_FOR_ANY, uri) == P11_KIT_URI_OK);
    CHECK(setenv(TROUBLE_MODULE_VARIABLE, p11_kit_uri_get_module_path(uri), 1) == 0);
    p11_kit_uri_free(uri);
    const char *path = strstr(named.token->uri, "module-path=");
    CHECK(path != NULL);
    const char *rest = strchr(path, '&');
    (void)snprintf(named.uri, sizeof named.uri, "%.*smodule-path=%s%s", (int)(path - named.token->uri),
                   named.token->uri, TROUBLE_MODULE, rest != NULL ? rest : "");
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

const char *named_config(const char *file, const char *keys, const char *pin_source)
{
    static char path[512];
    char text[8192];
    int n = snprintf(text, sizeof text,
                     "openssl_conf = init\n"
                     "[init]\nproviders = providers\nalg_section = algorithms\n"
                     "[algorithms]\ndefault_properties = ?openmaf.keys=yes\n"
                     "[providers]\nopenmaf = openmaf_provider\ndefault = default_provider\n"
                     "[default_provider]\nactivate = 1\n"
                     "[openmaf_provider]\nmodule = %s/openmaf.so\nplugin-dir = %s\ntoken = %s\n"
                     "pin-source = %s\nkeys = %s\nactivate = 1\n",
                     test_plugin_dir(), test_plugin_dir(), named.uri, pin_source, keys);
    CHECK(n > 0 && (size_t)n < sizeof text);
    (void)snprintf(path, sizeof path, "%s/%s", named.token->dir, file);
    write_file(path, text);
    return path;
}

void named_begin(int argc, char **argv)
{
    char path[512], hex[2 * PSK_SIZE + 1], arguments[600];
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s softhsm|softokn|swtpm\n", argv[0]);
        exit(2);
    }
    named.token = test_token_new(argv[1]);
    put_trouble_in_front();
    for (size_t i = 0; i < PSK_SIZE; i++)
        named.psk[i] = (uint8_t)(i * 11 + 3);
    om_hex_lower(hex, named.psk, PSK_SIZE);
    (void)snprintf(named.keys, sizeof named.keys, "%s/keys", named.token->dir);
    (void)snprintf(path, sizeof path, "%s/psk", named.token->dir);
    write_file(path, hex);
    openmaf_key("init", NULL, 0);
    (void)snprintf(arguments, sizeof arguments, "add web1 --psk-file '%s'", path);
    openmaf_key(arguments, named.name, sizeof named.name);
    (void)snprintf(named.config, sizeof named.config, "%s",
                   named_config("openssl.cnf", named.keys, named.token->pin_source));
}

void named_end(void)
{
    test_token_free(named.token);
}

/* --- children --- */

void in_child(void (*test)(void))
{
    /* cmocka's handlers would go on with the tests, in the child. */
    static const int caught[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS};
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++)
            (void)signal(caught[i], SIG_DFL);
        (void)alarm(CHILD_SECONDS);
        test();
        exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* --- handshakes --- */

OSSL_LIB_CTX *named_libctx(const char *config)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    CHECK(libctx != NULL && OSSL_LIB_CTX_load_config(libctx, config) == 1);
    return libctx;
}

static unsigned give_name(SSL *ssl, const char *identity, unsigned char *psk, unsigned max)
{
    (void)ssl, (void)identity;
    size_t n = strlen(named.name);
    CHECK(n <= max);
    memcpy(psk, named.name, n);
    return (unsigned)n;
}

SSL_CTX *named_server(OSSL_LIB_CTX *libctx)
{
    SSL_CTX *ctx = SSL_CTX_new_ex(libctx, NULL, TLS_server_method());
    CHECK(ctx != NULL && SSL_CTX_set_cipher_list(ctx, SUITE) == 1);
    SSL_CTX_set_psk_server_callback(ctx, give_name);
    (void)SSL_CTX_set_options(ctx, SSL_OP_ALLOW_NO_DHE_KEX);
    return ctx;
}

SSL_CTX *stock_client(void)
{
    const struct plain_psk psk = {"dev", named.psk, PSK_SIZE};
    SSL_CTX *ctx = plain_context(false, false, SUITE, &psk);
    CHECK(SSL_CTX_set_max_proto_version(ctx, 0) == 1);
    return ctx;
}

bool named_meet(SSL_CTX *client, SSL_CTX *server, enum version version)
{
    struct handshake h = {.on_client_octets = NULL};
    SSL *c = SSL_new(client), *s = SSL_new(server);
    int wanted = version == TLS12 ? TLS1_2_VERSION : TLS1_3_VERSION;
    CHECK(c != NULL && s != NULL && SSL_set_min_proto_version(c, wanted) == 1 &&
          SSL_set_max_proto_version(c, wanted) == 1);
    if (version == TLS13_PSK_ONLY)
        CHECK(SSL_set1_groups_list(c, "X25519") == 1 && SSL_set1_groups_list(s, "P-256") == 1 &&
              (SSL_set_options(c, SSL_OP_ALLOW_NO_DHE_KEX) & SSL_OP_ALLOW_NO_DHE_KEX) != 0);
    if (version != TLS12)
        CHECK(SSL_set_ciphersuites(c, "TLS_AES_128_GCM_SHA256") == 1);
    handshake_join(&h, c, s);
    bool ok = handshake_run(&h) && SSL_version(s) == wanted && handshake_echo(s, c, "hello", 5);
    handshake_free(&h);
    return ok;
}

/* --- the module --- */

static void *symbol_of(const char *path, const char *name)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library != NULL ? dlsym(library, name) : NULL;
    CHECK(symbol != NULL);
    return symbol;
}

struct trouble *named_trouble(void)
{
    struct trouble *(*get)(void) = NULL;
    void *symbol = symbol_of(TROUBLE_MODULE, "trouble_controls");
    memcpy(&get, &symbol, sizeof get);
    return get();
}

CK_FUNCTION_LIST *named_module(void)
{
    CK_FUNCTION_LIST *list = NULL;
    CK_C_GetFunctionList get = NULL;
    void *symbol = symbol_of(getenv(TROUBLE_MODULE_VARIABLE), "C_GetFunctionList");
    memcpy(&get, &symbol, sizeof get);
    CHECK(get(&list) == CKR_OK);
    return list;
}
