/* See peer.h. */
#include "peer.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LABEL "EXPORTER-oneM2M-Connection"

struct peer {
    pthread_t thread;
    int listener;
    uint16_t port;
    SSL_CTX *ctx;
    const char *identity;
    uint8_t km[32];
    peer_script *script;
    void *arg;
    size_t n;
    struct peer_request requests[PEER_REQUESTS_MAX];
};

static void need(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "scripted peer: %s failed\n", what);
        abort();
    }
}

static unsigned find_psk(SSL *ssl, const char *identity, unsigned char *psk, unsigned max)
{
    const struct peer *peer = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    if (strcmp(identity, peer->identity) != 0 || max < sizeof peer->km)
        return 0;
    memcpy(psk, peer->km, sizeof peer->km);
    return sizeof peer->km;
}

/* Copies the value of a header into out. */
static void header(const char *head, const char *name, char *out, size_t cap)
{
    const char *at = strcasestr(head, name);
    out[0] = '\0';
    if (at == NULL)
        return;
    at += strlen(name);
    at += strspn(at, ": ");
    (void)snprintf(out, cap, "%.*s", (int)strcspn(at, "\r\n"), at);
}

/* Reads head and body; false when the client went away first. */
static bool read_request(SSL *ssl, struct peer_request *rq)
{
    char buf[2 * PEER_TEXT_MAX];
    size_t n = 0;
    const char *end = NULL;
    size_t want = SIZE_MAX;
    while (n < want && n < sizeof buf - 1) {
        int got = SSL_read(ssl, buf + n, (int)(sizeof buf - 1 - n));
        if (got <= 0)
            return false;
        n += (size_t)got;
        buf[n] = '\0';
        end = strstr(buf, "\r\n\r\n");
        if (end != NULL) {
            char length[32];
            header(buf, "\r\nContent-Length", length, sizeof length);
            want = (size_t)(end - buf) + 4 + strtoul(length, NULL, 10);
        }
    }
    size_t head = (size_t)(end - buf) + 2;
    (void)snprintf(rq->head, sizeof rq->head, "%.*s", (int)head, buf);
    (void)snprintf(rq->line, sizeof rq->line, "%.*s", (int)strcspn(buf, "\r\n"), buf);
    (void)snprintf(rq->body, sizeof rq->body, "%s", end + 4);
    header(rq->head, "X-M2M-RI", rq->rqi, sizeof rq->rqi);
    const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)snprintf(rq->sni, sizeof rq->sni, "%s", sni != NULL ? sni : "");
    need(SSL_export_keying_material(ssl, rq->exported, sizeof rq->exported, LABEL, strlen(LABEL), NULL, 0,
                                    0) == 1,
         "exporter");
    return true;
}

static void send_reply(SSL *ssl, const struct peer_request *rq, const struct peer_reply *reply)
{
    static char message[sizeof reply->body + 4096];
    if (reply->raw != NULL) {
        (void)SSL_write(ssl, reply->raw, (int)strlen(reply->raw));
        return;
    }
    size_t body = reply->body_len != 0 ? reply->body_len : strlen(reply->body);
    char rsc[64] = "";
    if (reply->rsc != 0)
        (void)snprintf(rsc, sizeof rsc, "X-M2M-RSC: %d\r\n", reply->rsc);
    int head = snprintf(
        message, sizeof message,
        "HTTP/1.1 %d\r\n%sX-M2M-RI: %s\r\nX-M2M-RVI: 3\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
        reply->status, rsc, reply->rqi != NULL ? reply->rqi : rq->rqi,
        reply->content_type != NULL ? reply->content_type : "application/json", body);
    memcpy(message + head, reply->body, body);
    size_t n = (size_t)head + body;
    (void)SSL_write(ssl, message, (int)(n - reply->missing));
}

static void serve(struct peer *peer, int fd)
{
    static struct peer_reply reply;
    SSL *ssl = SSL_new(peer->ctx);
    need(ssl != NULL && SSL_set_fd(ssl, fd) == 1, "SSL_new");
    memset(&reply, 0, sizeof reply);
    if (SSL_accept(ssl) == 1 && peer->n < PEER_REQUESTS_MAX && read_request(ssl, &peer->requests[peer->n])) {
        const struct peer_request *rq = &peer->requests[peer->n++];
        peer->script(peer->arg, rq, &reply);
        send_reply(ssl, rq, &reply);
        (void)SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    (void)close(fd);
}

static void *run(void *arg)
{
    struct peer *peer = arg;
    int fd;
    sigset_t pipe;
    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe, NULL); /* this thread may raise it when a client went away */
    while ((fd = accept(peer->listener, NULL, NULL)) >= 0)
        serve(peer, fd);
    return NULL;
}

struct peer *peer_start(const char *identity, const uint8_t km[32], peer_script *script, void *arg)
{
    struct peer *peer = calloc(1, sizeof *peer);
    need(peer != NULL, "calloc");
    peer->identity = identity;
    memcpy(peer->km, km, sizeof peer->km);
    peer->script = script;
    peer->arg = arg;
    (void)signal(SIGPIPE, SIG_DFL); /* the client must not raise it */
    peer->ctx = SSL_CTX_new(TLS_server_method());
    need(peer->ctx != NULL && SSL_CTX_set_max_proto_version(peer->ctx, TLS1_2_VERSION) == 1 &&
             SSL_CTX_set_cipher_list(peer->ctx, "PSK-AES128-CBC-SHA256") == 1,
         "SSL_CTX");
    (void)SSL_CTX_set_app_data(peer->ctx, peer);
    SSL_CTX_set_psk_server_callback(peer->ctx, find_psk);
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    need(peer->listener >= 0 && bind(peer->listener, (struct sockaddr *)&at, sizeof at) == 0 &&
             listen(peer->listener, 16) == 0 &&
             getsockname(peer->listener, (struct sockaddr *)&at, &len) == 0,
         "listening");
    peer->port = ntohs(at.sin_port);
    need(pthread_create(&peer->thread, NULL, run, peer) == 0, "thread");
    return peer;
}

uint16_t peer_port(const struct peer *peer)
{
    return peer->port;
}

void peer_stop(struct peer *peer)
{
    (void)shutdown(peer->listener, SHUT_RDWR); /* accept returns */
    (void)pthread_join(peer->thread, NULL);
    (void)close(peer->listener);
    SSL_CTX_free(peer->ctx);
    free(peer);
}

size_t peer_count(const struct peer *peer)
{
    return peer->n;
}

const struct peer_request *peer_request_at(const struct peer *peer, size_t i)
{
    return &peer->requests[i];
}
