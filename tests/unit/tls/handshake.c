/* Handshakes in memory: see handshake.h. */
#include "handshake.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS_MAX  40
#define OCTETS_MAX  16384
#define DTLS_MTU    1400
#define PSK_MAX     64
#define CHECK(expr) check((expr), #expr, __LINE__)

static void check(bool ok, const char *expr, int line)
{
    if (ok)
        return;
    (void)fprintf(stderr, "%s:%d: %s failed\n", __FILE__, line, expr);
    ERR_print_errors_fp(stderr);
    abort();
}

/* --- joined ends --- */

static void on_info(const SSL *ssl, int where, int ret)
{
    struct handshake *h = SSL_get_app_data(ssl);
    if (where != SSL_CB_WRITE_ALERT || (ret >> 8) != SSL3_AL_FATAL)
        return;
    *(ssl == h->server ? &h->server_alert : &h->client_alert) = ret & 0xff;
}

static void prepare(struct handshake *h, SSL *ssl)
{
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    CHECK(in != NULL && out != NULL);
    (void)BIO_set_mem_eof_return(in, -1);
    (void)BIO_set_mem_eof_return(out, -1);
    SSL_set_bio(ssl, in, out);
    SSL_set_app_data(ssl, h);
    SSL_set_info_callback(ssl, on_info);
    if (SSL_is_dtls(ssl)) {
        (void)SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
        (void)SSL_set_mtu(ssl, DTLS_MTU);
    }
}

void handshake_join(struct handshake *h, SSL *client, SSL *server)
{
    CHECK(client != NULL && server != NULL);
    h->client = client;
    h->server = server;
    h->server_alert = h->client_alert = -1;
    h->server_flights = 0;
    h->server_octets = 0;
    h->server_cpu = 0;
    prepare(h, client);
    prepare(h, server);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
}

uint64_t handshake_cpu_now(void)
{
    struct timespec t;
    CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* What one end has written becomes what the other reads. */
static size_t carry(SSL *from, SSL *to, void (*change)(uint8_t *, size_t))
{
    uint8_t octets[OCTETS_MAX];
    size_t total = 0;
    int n = 0;
    while ((n = BIO_read(SSL_get_wbio(from), octets, sizeof octets)) > 0) {
        if (change != NULL)
            change(octets, (size_t)n);
        CHECK(BIO_write(SSL_get_rbio(to), octets, n) == n);
        total += (size_t)n;
    }
    return total;
}

/* True while it may go on. An end that is done listens: the other may want to renegotiate. */
static bool step(SSL *ssl)
{
    uint8_t octet = 0;
    ERR_clear_error();
    int n = SSL_is_init_finished(ssl) ? SSL_read(ssl, &octet, 1) : SSL_do_handshake(ssl);
    return n == 1 || SSL_get_error(ssl, n) == SSL_ERROR_WANT_READ;
}

static bool server_step(struct handshake *h)
{
    uint64_t before = h->measure ? handshake_cpu_now() : 0;
    bool ok = step(h->server);
    if (h->measure)
        h->server_cpu += handshake_cpu_now() - before;
    return ok;
}

bool handshake_run(struct handshake *h)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        bool client_ok = step(h->client);
        size_t moved = carry(h->client, h->server, h->on_client_octets);
        bool server_ok = server_step(h);
        size_t answered = carry(h->server, h->client, NULL);
        h->server_octets += answered;
        h->server_flights += answered > 0;
        if (!client_ok || !server_ok)
            return false;
        if (SSL_is_init_finished(h->client) && SSL_is_init_finished(h->server))
            return true;
        if (moved == 0 && answered == 0)
            return false;
    }
    return false;
}

bool handshake_echo(SSL *from, SSL *to, const void *octets, size_t n)
{
    uint8_t got[OCTETS_MAX];
    CHECK(n <= sizeof got);
    if (SSL_write(from, octets, (int)n) != (int)n)
        return false;
    (void)carry(from, to, NULL);
    return SSL_read(to, got, sizeof got) == (int)n && memcmp(got, octets, n) == 0;
}

void handshake_free(struct handshake *h)
{
    SSL_free(h->client);
    SSL_free(h->server);
    h->client = h->server = NULL;
}

/* --- stock peers --- */

struct plain_key {
    char identity[256];
    uint8_t psk[PSK_MAX];
    size_t len;
};

static int key_index = -1;

static void key_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    free(ptr);
}

static const struct plain_key *key_of(const SSL *ssl)
{
    return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), key_index);
}

static unsigned plain_server_psk(SSL *ssl, const char *identity, unsigned char *psk, unsigned max)
{
    const struct plain_key *key = key_of(ssl);
    (void)identity;
    CHECK(key->len <= max);
    memcpy(psk, key->psk, key->len);
    return (unsigned)key->len;
}

static unsigned plain_client_psk(SSL *ssl, const char *hint, char *identity, unsigned max_identity,
                                 unsigned char *psk, unsigned max_psk)
{
    const struct plain_key *key = key_of(ssl);
    (void)hint;
    CHECK(strlen(key->identity) < max_identity && key->len <= max_psk);
    (void)stpcpy(identity, key->identity);
    memcpy(psk, key->psk, key->len);
    return (unsigned)key->len;
}

static OSSL_LIB_CTX *plain_libctx(void)
{
    static OSSL_LIB_CTX *libctx;
    if (libctx == NULL) {
        libctx = OSSL_LIB_CTX_new();
        CHECK(libctx != NULL);
        key_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, key_free);
        CHECK(key_index >= 0);
    }
    return libctx;
}

static const SSL_METHOD *method_of(bool server, bool dtls)
{
    if (dtls)
        return server ? DTLS_server_method() : DTLS_client_method();
    return server ? TLS_server_method() : TLS_client_method();
}

static void set_psk(SSL_CTX *ctx, bool server, const struct plain_psk *psk)
{
    struct plain_key *key = calloc(1, sizeof *key);
    CHECK(key != NULL && psk->len <= sizeof key->psk && strlen(psk->identity) < sizeof key->identity);
    (void)stpcpy(key->identity, psk->identity);
    memcpy(key->psk, psk->psk, psk->len);
    key->len = psk->len;
    CHECK(SSL_CTX_set_ex_data(ctx, key_index, key) == 1);
    if (server)
        SSL_CTX_set_psk_server_callback(ctx, plain_server_psk);
    else
        SSL_CTX_set_psk_client_callback(ctx, plain_client_psk);
}

SSL_CTX *plain_context(bool server, bool dtls, const char *suites, const struct plain_psk *psk)
{
    SSL_CTX *ctx = SSL_CTX_new_ex(plain_libctx(), NULL, method_of(server, dtls));
    CHECK(ctx != NULL);
    CHECK(SSL_CTX_set_max_proto_version(ctx, dtls ? DTLS1_2_VERSION : TLS1_2_VERSION) == 1);
    CHECK(suites == NULL || SSL_CTX_set_cipher_list(ctx, suites) == 1);
    if (psk != NULL)
        set_psk(ctx, server, psk);
    return ctx;
}

void plain_export(SSL *ssl, const char *label, uint8_t out[48])
{
    CHECK(SSL_export_keying_material(ssl, out, 48, label, strlen(label), NULL, 0, 0) == 1);
}
