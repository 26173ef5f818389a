/* The peer's side: see server.h. Blocking, with a bound on every wait that only serves against hanging. */
#include "peer.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HANG_SECONDS 30
#define PING_MID     0xfffe

static unsigned psk(SSL *ssl, const char *hint, char *identity, unsigned identity_cap, unsigned char *key,
                    unsigned key_cap)
{
    (void)hint;
    const struct peer_credential *c = server_credential(((struct peer *)SSL_get_app_data(ssl))->server);
    assert_true(key_cap >= sizeof c->km);
    assert_true((unsigned)snprintf(identity, identity_cap, "%s", c->kmid) < identity_cap);
    memcpy(key, c->km, sizeof c->km);
    return sizeof c->km;
}

static void connect_socket(struct peer *p, uint16_t from)
{
    const struct timeval hang = {.tv_sec = HANG_SECONDS};
    const int on = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(from)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    p->fd = socket(AF_INET, (p->transport == COAPS_DTLS ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    assert_true(p->fd >= 0);
    assert_int_equal(setsockopt(p->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &hang, sizeof hang), 0);
    assert_int_equal(bind(p->fd, (struct sockaddr *)&a, sizeof a), 0);
    a.sin_port = htons(server_port(p->server));
    assert_int_equal(connect(p->fd, (struct sockaddr *)&a, sizeof a), 0);
}

static void make_ssl(struct peer *p)
{
    bool dtls = p->transport == COAPS_DTLS;
    p->ctx = SSL_CTX_new(dtls ? DTLS_client_method() : TLS_client_method());
    assert_non_null(p->ctx);
    assert_int_equal(SSL_CTX_set_max_proto_version(p->ctx, dtls ? DTLS1_2_VERSION : TLS1_2_VERSION), 1);
    assert_int_equal(SSL_CTX_set_cipher_list(p->ctx, "PSK-AES128-CCM8:@SECLEVEL=0"), 1);
    SSL_CTX_set_psk_client_callback(p->ctx, psk);
    p->ssl = SSL_new(p->ctx);
    assert_non_null(p->ssl);
    SSL_set_app_data(p->ssl, p);
    assert_int_equal(SSL_set_tlsext_host_name(p->ssl, FQDN), 1);
    BIO *bio = dtls ? BIO_new_dgram(p->fd, BIO_NOCLOSE) : BIO_new_socket(p->fd, BIO_NOCLOSE);
    assert_non_null(bio);
    if (dtls) {
        struct sockaddr_in a;
        socklen_t n = sizeof a;
        assert_int_equal(getpeername(p->fd, (struct sockaddr *)&a, &n), 0);
        (void)BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, &a);
    }
    SSL_set_bio(p->ssl, bio, bio);
}

static struct peer *peer_from(struct server *s, uint16_t port)
{
    struct peer *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->server = s;
    p->transport = server_transport(s);
    p->mid = 1;
    connect_socket(p, port);
    make_ssl(p);
    return p;
}

struct peer *peer_new(struct server *s)
{
    return peer_from(s, 0);
}

bool peer_handshake(struct peer *p)
{
    ERR_clear_error();
    return SSL_connect(p->ssl) == 1;
}

/* Our CSM, and the server's. */
static void exchange_capabilities(struct peer *p)
{
    struct om_coap_message m;
    om_coap_init(&m, OM_COAP_CODE(7, 1), NULL, 0);
    om_coap_add_uint(&m, 2, 65536);
    peer_send(p, &m);
    peer_receive(p, &m);
    assert_int_equal(m.code, OM_COAP_CODE(7, 1));
    om_coap_free(&m);
}

static struct peer *connected(struct peer *p)
{
    if (!peer_handshake(p)) {
        ERR_print_errors_fp(stderr);
        fail_msg("the handshake failed");
    }
    if (p->transport == COAPS_TLS)
        exchange_capabilities(p);
    return p;
}

struct peer *peer_connect(struct server *s)
{
    return connected(peer_from(s, 0));
}

struct peer *peer_connect_from(struct server *s, uint16_t port)
{
    return connected(peer_from(s, port));
}

uint16_t peer_port(const struct peer *p)
{
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    assert_int_equal(getsockname(p->fd, (struct sockaddr *)&a, &n), 0);
    return ntohs(a.sin_port);
}

void peer_abandon(struct peer *p)
{
    SSL_free(p->ssl);
    SSL_CTX_free(p->ctx);
    (void)close(p->fd);
    free(p);
}

void peer_free(struct peer *p)
{
    ERR_clear_error();
    if (SSL_is_init_finished(p->ssl))
        (void)SSL_shutdown(p->ssl);
    peer_abandon(p);
}

void peer_send_octets(struct peer *p, const void *octets, size_t n)
{
    ERR_clear_error();
    assert_int_equal(SSL_write(p->ssl, octets, (int)n), (int)n);
}

static enum om_coap_transport transport(const struct peer *p)
{
    return p->transport == COAPS_DTLS ? OM_COAP_DATAGRAM : OM_COAP_STREAM;
}

void peer_send(struct peer *p, const struct om_coap_message *m)
{
    struct om_secret octets = OM_SECRET_INIT;
    struct om_error err = {0};
    if (om_coap_encode(transport(p), m, &octets, &err) != OM_OK)
        fail_msg("%s", err.text);
    peer_send_octets(p, octets.octets, octets.len);
    om_secret_free(&octets);
}

/* One whole message is at the front of the buffer; returns its length. */
static size_t fill(struct peer *p)
{
    for (;;) {
        size_t n = transport(p) == OM_COAP_DATAGRAM ? p->filled : om_coap_frame_size(p->in, p->filled);
        if (n > 0 && n <= p->filled)
            return n;
        ERR_clear_error();
        int got = SSL_read(p->ssl, p->in + p->filled, (int)(sizeof p->in - p->filled));
        if (got <= 0)
            return 0;
        p->filled += (size_t)got;
    }
}

void peer_receive(struct peer *p, struct om_coap_message *out)
{
    struct om_error err = {0};
    size_t n = fill(p);
    if (n == 0)
        fail_msg("no message came");
    if (om_coap_parse(transport(p), p->in, n, out, &err) != OM_OK)
        fail_msg("%s", err.text);
    p->filled -= n;
    memmove(p->in, p->in + n, p->filled);
}

void peer_expect_silence(struct peer *p)
{
    struct om_coap_message m;
    om_coap_init(&m, OM_COAP_EMPTY, NULL, 0);
    m.type = OM_COAP_CON;
    m.mid = PING_MID;
    peer_send(p, &m);
    peer_receive(p, &m);
    assert_int_equal(m.type, OM_COAP_RST);
    assert_int_equal(m.mid, PING_MID);
    om_coap_free(&m);
}

void peer_expect_close(struct peer *p)
{
    p->filled = 0;
    assert_int_equal(fill(p), 0);
    assert_true((SSL_get_shutdown(p->ssl) & SSL_RECEIVED_SHUTDOWN) != 0);
}

void add_path(struct om_coap_message *m, const char *path)
{
    for (;;) {
        size_t n = strcspn(path, "/");
        om_coap_add(m, OM_COAP_URI_PATH, path, n);
        if (path[n] == '\0')
            return;
        path += n + 1;
    }
}

void add_content(struct om_coap_message *m, const char *json)
{
    om_coap_add_uint(m, OM_COAP_CONTENT_FORMAT, WIRE_COAP_JSON);
    m->payload = (const uint8_t *)json;
    m->payload_len = strlen(json);
}

void peer_request(struct peer *p, struct om_coap_message *m, uint8_t code, const char *path)
{
    uint8_t token[2] = {(uint8_t)(p->mid >> 8), (uint8_t)p->mid};
    om_coap_init(m, code, token, sizeof token);
    m->type = OM_COAP_CON;
    m->mid = p->mid++;
    add_path(m, path);
    om_coap_add_text(m, WIRE_COAP_FR, CLIENT);
    om_coap_add_text(m, WIRE_COAP_RQI, "r1");
    om_coap_add_text(m, WIRE_COAP_RVI, "3");
}

void peer_exchange(struct peer *p, const struct om_coap_message *m, struct om_coap_message *out)
{
    peer_send(p, m);
    peer_receive(p, out);
    if (transport(p) == OM_COAP_DATAGRAM && m->type == OM_COAP_CON) {
        assert_int_equal(out->type, OM_COAP_ACK);
        assert_int_equal(out->mid, m->mid);
    }
    assert_int_equal(out->token_len, m->token_len);
    assert_memory_equal(out->token, m->token, m->token_len);
}

uint32_t uint_of(const struct om_coap_message *m, uint16_t number)
{
    uint32_t v = 0;
    const struct om_coap_option *o = om_coap_find(m, number);
    if (o == NULL || !om_coap_uint(o, &v))
        fail_msg("option %u is missing", number);
    return v;
}

int rsc_of(const struct om_coap_message *m)
{
    return om_coap_find(m, WIRE_COAP_RSC) == NULL ? 0 : (int)uint_of(m, WIRE_COAP_RSC);
}
