/* The peer's side: see server.h. Blocking, with a bound on every wait that only serves against hanging. */
#include "peer.h"

#include <arpa/inet.h>

#include <netinet/in.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define HANG_SECONDS 60

struct peer {
    const struct peer_credential *credential;
    int fd;
    SSL_CTX *ctx;
    SSL *ssl; /* NULL: TCP only */
    char buffer[8192];
    size_t filled;
};

static unsigned psk(SSL *ssl, const char *hint, char *identity, unsigned identity_cap, unsigned char *key,
                    unsigned key_cap)
{
    (void)hint;
    const struct peer *p = SSL_get_app_data(ssl);
    assert_true(key_cap >= sizeof p->credential->km);
    assert_true((unsigned)snprintf(identity, identity_cap, "%s", p->credential->kmid) < identity_cap);
    memcpy(key, p->credential->km, sizeof p->credential->km);
    return sizeof p->credential->km;
}

static struct peer *tcp_from(struct server *s, const char *address)
{
    struct peer *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->credential = server_credential(s);
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(p->fd >= 0);
    const struct timeval hang = {.tv_sec = HANG_SECONDS};
    assert_int_equal(setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &hang, sizeof hang), 0);
    assert_int_equal(setsockopt(p->fd, SOL_SOCKET, SO_SNDTIMEO, &hang, sizeof hang), 0);
    struct sockaddr_in from = {.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, address, &from.sin_addr), 1);
    assert_int_equal(bind(p->fd, (struct sockaddr *)&from, sizeof from), 0);
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(server_port(s)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(p->fd, (struct sockaddr *)&a, sizeof a), 0);
    return p;
}

struct peer *peer_tcp(struct server *s)
{
    return tcp_from(s, "127.0.0.1");
}

struct peer *peer_connect(struct server *s)
{
    return peer_connect_from(s, "127.0.0.1");
}

struct peer *peer_connect_from(struct server *s, const char *address)
{
    struct peer *p = tcp_from(s, address);
    p->ctx = SSL_CTX_new(TLS_client_method());
    assert_non_null(p->ctx);
    assert_int_equal(SSL_CTX_set_max_proto_version(p->ctx, TLS1_2_VERSION), 1);
    assert_int_equal(SSL_CTX_set_cipher_list(p->ctx, "PSK-AES128-CBC-SHA256"), 1);
    SSL_CTX_set_psk_client_callback(p->ctx, psk);
    p->ssl = SSL_new(p->ctx);
    assert_non_null(p->ssl);
    SSL_set_app_data(p->ssl, p);
    assert_int_equal(SSL_set_tlsext_host_name(p->ssl, FQDN), 1);
    assert_int_equal(SSL_set_fd(p->ssl, p->fd), 1);
    if (SSL_connect(p->ssl) != 1) {
        ERR_print_errors_fp(stderr);
        fail_msg("the handshake failed");
    }
    return p;
}

void peer_free(struct peer *p)
{
    SSL_free(p->ssl);
    SSL_CTX_free(p->ctx);
    (void)close(p->fd);
    free(p);
}

bool peer_try_send(struct peer *p, const void *octets, size_t n)
{
    ERR_clear_error();
    return SSL_write(p->ssl, octets, (int)n) == (int)n;
}

void peer_send(struct peer *p, const void *octets, size_t n)
{
    assert_true(peer_try_send(p, octets, n));
}

void peer_send_text(struct peer *p, const char *fmt, ...)
{
    char text[8192];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap); /* NOLINT(clang-analyzer-valist.Uninitialized): it is */
    va_end(ap);
    assert_true(n > 0 && (size_t)n < sizeof text);
    peer_send(p, text, (size_t)n);
}

void peer_send_raw(struct peer *p, const void *octets, size_t n)
{
    assert_int_equal(send(p->fd, octets, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* More octets into the buffer. False at the end. */
static bool fill(struct peer *p)
{
    char *at = p->buffer + p->filled;
    size_t room = sizeof p->buffer - 1 - p->filled;
    assert_true(room > 0);
    ERR_clear_error();
    ssize_t n = p->ssl != NULL ? SSL_read(p->ssl, at, (int)room) : recv(p->fd, at, room, 0);
    if (n > 0)
        p->filled += (size_t)n;
    p->buffer[p->filled] = '\0';
    return n > 0;
}

static void take(struct peer *p, char *out, size_t cap, size_t n)
{
    assert_true(n < cap);
    memcpy(out, p->buffer, n);
    out[n] = '\0';
    p->filled -= n;
    memmove(p->buffer, p->buffer + n, p->filled + 1);
}

const char *answer_header(const struct answer *a, const char *name)
{
    static char value[512];
    for (const char *line = strstr(a->head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        size_t n = strlen(name);
        if (strncasecmp(line, name, n) != 0 || line[n] != ':')
            continue;
        line += n + 1 + strspn(line + n + 1, " ");
        size_t len = strcspn(line, "\r");
        assert_true(len < sizeof value);
        memcpy(value, line, len);
        value[len] = '\0';
        return value;
    }
    return NULL;
}

void peer_read(struct peer *p, struct answer *a, bool bodiless)
{
    memset(a, 0, sizeof *a);
    char *end = NULL;
    p->buffer[p->filled] = '\0';
    while ((end = strstr(p->buffer, "\r\n\r\n")) == NULL)
        if (!fill(p))
            fail_msg("the connection ended instead of a response; so far: '%s'", p->buffer);
    take(p, a->head, sizeof a->head, (size_t)(end - p->buffer) + 4);
    assert_memory_equal(a->head, "HTTP/1.", 7);
    a->status = (int)strtol(a->head + 9, NULL, 10);
    const char *rsc = answer_header(a, "X-M2M-RSC");
    a->rsc = rsc != NULL ? (int)strtol(rsc, NULL, 10) : 0;
    const char *length = answer_header(a, "Content-Length");
    size_t n = length != NULL && !bodiless ? strtoul(length, NULL, 10) : 0;
    while (p->filled < n)
        assert_true(fill(p));
    take(p, a->body, sizeof a->body, n);
}

void peer_read_octets(struct peer *p, void *out, size_t n)
{
    size_t got = 0;
    while (got < n) {
        if (p->filled == 0 && !fill(p))
            fail_msg("the connection ended after %zu of %zu octets", got, n);
        size_t part = p->filled < n - got ? p->filled : n - got;
        memcpy((uint8_t *)out + got, p->buffer, part);
        got += part;
        p->filled -= part;
        memmove(p->buffer, p->buffer + part, p->filled + 1);
    }
}

void peer_expect_close(struct peer *p)
{
    if (fill(p))
        fail_msg("instead of a close: '%s'", p->buffer);
}

void peer_expect_no_http(struct peer *p)
{
    while (fill(p))
        ;
    assert_true(p->filled <= 7); /* an alert record */
    assert_true(p->filled == 0 || p->buffer[0] == 0x15);
}

bool peer_closed(struct peer *p)
{
    struct pollfd pfd = {.fd = p->fd, .events = POLLIN};
    if (poll(&pfd, 1, 100) <= 0)
        return false;
    peer_expect_close(p);
    return true;
}
