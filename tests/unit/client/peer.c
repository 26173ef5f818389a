/* The thread, TLS and the script of the scripted MAF: see peer.h. */
#include "onem2m/cbor.h"
#include "onem2m/primitive.h"
#include "peer_internal.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LABEL "EXPORTER-oneM2M-Connection"

void peer_fail(const char *what)
{
    (void)fprintf(stderr, "scripted peer: %s failed\n", what);
    abort();
}

static unsigned find_psk(SSL *ssl, const char *identity, unsigned char *psk, unsigned max)
{
    const struct peer *peer = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    for (size_t i = 0; i < peer->n_psks; i++)
        if (strcmp(identity, peer->psks[i].identity) == 0 && max >= sizeof peer->psks[i].km) {
            memcpy(psk, peer->psks[i].km, sizeof peer->psks[i].km);
            return sizeof peer->psks[i].km;
        }
    return 0;
}

void peer_add_psk(struct peer *peer, const char *identity, const uint8_t km[32])
{
    peer_need(peer->n_psks < PEER_PSKS_MAX, "room for another key");
    (void)snprintf(peer->psks[peer->n_psks].identity, sizeof peer->psks[0].identity, "%s", identity);
    memcpy(peer->psks[peer->n_psks].km, km, sizeof peer->psks[0].km);
    peer->n_psks++;
}

struct peer_request *peer_begin(struct peer *peer, SSL *ssl)
{
    if (peer->n == PEER_REQUESTS_MAX)
        return NULL;
    struct peer_request *rq = &peer->requests[peer->n];
    memset(rq, 0, sizeof *rq);
    const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)snprintf(rq->sni, sizeof rq->sni, "%s", sni != NULL ? sni : "");
    X509 *client = SSL_get0_peer_certificate(ssl);
    if (client != NULL)
        peer_need(X509_digest(client, EVP_sha256(), rq->client, NULL) == 1, "digest");
    rq->client_chain = client != NULL ? 1 + sk_X509_num(SSL_get_peer_cert_chain(ssl)) : 0;
    const char *identity = SSL_get_psk_identity(ssl);
    (void)snprintf(rq->identity, sizeof rq->identity, "%s", identity != NULL ? identity : "");
    const char *label = peer->ways.label != NULL ? peer->ways.label : LABEL;
    peer_need(SSL_export_keying_material(ssl, rq->exported, sizeof rq->exported, label, strlen(label), NULL,
                                         0, 0) == 1,
              "exporter");
    return rq;
}

void peer_ask(struct peer *peer, const struct peer_request *rq)
{
    memset(&peer->reply, 0, sizeof peer->reply);
    peer->n++;
    peer->script(peer->arg, rq, &peer->reply);
}

bool peer_to_json(const struct peer *peer, const void *octets, size_t n, char *out, size_t cap)
{
    json_t *tree = NULL;
    om_rc rc = peer->cbor ? m2m_cbor_parse(octets, n, &tree, NULL) : m2m_json_parse(octets, n, &tree, NULL);
    size_t len = rc == OM_OK ? json_dumpb(tree, out, cap - 1, JSON_COMPACT) : 0;
    json_decref(tree);
    out[len < cap ? len : 0] = '\0';
    return rc == OM_OK;
}

bool peer_from_json(const struct peer *peer, const void *text, size_t n, uint8_t *out, size_t cap,
                    size_t *len)
{
    json_t *tree = NULL;
    struct om_secret octets = OM_SECRET_INIT;
    if (!peer->cbor || m2m_json_parse(text, n, &tree, NULL) != OM_OK ||
        m2m_cbor_print(tree, &octets, NULL) != OM_OK || octets.len > cap) {
        json_decref(tree);
        return false;
    }
    memcpy(out, octets.octets, octets.len);
    *len = octets.len;
    om_secret_free(&octets);
    json_decref(tree);
    return true;
}

static void serve(struct peer *peer, int fd)
{
    static void (*const bindings[])(struct peer *, SSL *) = {
        [PEER_HTTPS] = peer_serve_http, [PEER_WSS] = peer_serve_wss, [PEER_COAPS_TCP] = peer_serve_coap};
    SSL *ssl = SSL_new(peer->ctx);
    peer_need(ssl != NULL && SSL_set_fd(ssl, fd) == 1, "SSL_new");
    if (SSL_accept(ssl) == 1) {
        bindings[peer->binding](peer, ssl);
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
    if (peer->binding == PEER_COAPS)
        peer_run_datagrams(peer);
    else
        while ((fd = accept(peer->fd, NULL, NULL)) >= 0)
            serve(peer, fd);
    return NULL;
}

static void make_ctx(struct peer *peer, const char *dtls_suite, const char *tls_suite)
{
    bool dtls = peer->binding == PEER_COAPS;
    peer->ctx = SSL_CTX_new(dtls ? DTLS_server_method() : TLS_server_method());
    peer_need(peer->ctx != NULL &&
                  SSL_CTX_set_max_proto_version(peer->ctx, dtls ? DTLS1_2_VERSION : TLS1_2_VERSION) == 1 &&
                  SSL_CTX_set_cipher_list(peer->ctx, dtls ? dtls_suite : tls_suite) == 1,
              "SSL_CTX");
    (void)SSL_CTX_set_app_data(peer->ctx, peer);
}

static void use_psk(struct peer *peer)
{
    make_ctx(peer, "PSK-AES128-CCM8", "PSK-AES128-CBC-SHA256");
    SSL_CTX_set_psk_server_callback(peer->ctx, find_psk);
}

static void use_certificate(struct peer *peer, const struct peer_certificate *with)
{
    make_ctx(peer, "ECDHE-ECDSA-AES128-CCM8", "ECDHE-ECDSA-AES128-SHA256");
    peer_need(SSL_CTX_use_cert_and_key(peer->ctx, with->leaf, with->key, NULL, 1) == 1 &&
                  X509_STORE_add_cert(SSL_CTX_get_cert_store(peer->ctx), with->client_anchor) == 1,
              "certificates");
    SSL_CTX_set_verify(peer->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    (void)SSL_CTX_set_mode(peer->ctx, SSL_MODE_NO_AUTO_CHAIN);
    (void)SSL_CTX_set_session_cache_mode(peer->ctx, SSL_SESS_CACHE_OFF);
}

static void make_socket(struct peer *peer)
{
    bool datagrams = peer->binding == PEER_COAPS;
    peer->fd = socket(AF_INET, (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    peer_need(peer->fd >= 0 && bind(peer->fd, (struct sockaddr *)&at, sizeof at) == 0 &&
                  (datagrams || listen(peer->fd, 16) == 0) &&
                  getsockname(peer->fd, (struct sockaddr *)&at, &len) == 0,
              "listening");
    peer->port = ntohs(at.sin_port);
    if (!datagrams)
        return;
    /* A port that was asked for by number survives when the socket is disconnected. */
    const int on = 1;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    peer_need(fd >= 0 && setsockopt(peer->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                  bind(fd, (struct sockaddr *)&at, sizeof at) == 0,
              "binding again");
    (void)close(peer->fd);
    peer->fd = fd;
}

static struct peer *make_peer(enum peer_binding binding, bool cbor, peer_script *script, void *arg)
{
    struct peer *peer = calloc(1, sizeof *peer);
    peer_need(peer != NULL && pipe(peer->stopping) == 0, "calloc");
    peer->binding = binding;
    peer->cbor = cbor;
    peer->script = script;
    peer->arg = arg;
    return peer;
}

static struct peer *launch(struct peer *peer)
{
    (void)signal(SIGPIPE, SIG_DFL); /* the client must not raise it */
    make_socket(peer);
    peer_need(pthread_create(&peer->thread, NULL, run, peer) == 0, "thread");
    return peer;
}

struct peer *peer_start(enum peer_binding binding, bool cbor, const char *identity, const uint8_t km[32],
                        peer_script *script, void *arg)
{
    struct peer *peer = make_peer(binding, cbor, script, arg);
    peer_add_psk(peer, identity, km);
    use_psk(peer);
    return launch(peer);
}

struct peer *peer_start_certificate(enum peer_binding binding, bool cbor, const struct peer_certificate *with,
                                    peer_script *script, void *arg)
{
    struct peer *peer = make_peer(binding, cbor, script, arg);
    use_certificate(peer, with);
    return launch(peer);
}

uint16_t peer_port(const struct peer *peer)
{
    return peer->port;
}

struct peer_ways *peer_ways(struct peer *peer)
{
    return &peer->ways;
}

void peer_halt(struct peer *peer)
{
    if (peer->stopping[1] < 0)
        return;
    (void)close(peer->stopping[1]);
    peer->stopping[1] = -1;
    if (peer->binding != PEER_COAPS)
        (void)shutdown(peer->fd, SHUT_RDWR); /* accept returns */
    (void)pthread_join(peer->thread, NULL);
}

void peer_stop(struct peer *peer)
{
    peer_halt(peer);
    (void)close(peer->stopping[0]);
    (void)close(peer->fd);
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
