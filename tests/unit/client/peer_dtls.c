/* The scripted MAF over DTLS: one session after another on one socket, and CoAP's message layer (RFC 7252 §4)
 * with all that may go wrong in it. */
#include "peer_coap.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

struct session {
    struct peer *peer;
    SSL *ssl;
    struct coap_state *state;
    uint16_t mid; /* of our own Confirmable messages */
    bool seen;    /* a request was: seen_mid, and our reply to it */
    uint16_t seen_mid;
    struct om_secret reply;
    bool over;
};

/* Waits for a datagram. False: none is there, and the test ends. */
static bool wait_datagram(struct peer *peer, SSL *ssl)
{
    struct pollfd fds[] = {{.fd = peer->fd, .events = POLLIN}, {.fd = peer->stopping[0], .events = POLLIN}};
    struct timeval again;
    int wait = -1;
    if (ssl != NULL && DTLSv1_get_timeout(ssl, &again) == 1)
        wait = (int)(again.tv_sec * 1000 + again.tv_usec / 1000 + 1);
    int n = poll(fds, 2, wait);
    if (n == 0 && ssl != NULL)
        (void)DTLSv1_handle_timeout(ssl);
    return n == 0 || (fds[0].revents & (POLLIN | POLLERR)) != 0;
}

static void send_octets(struct session *s, const struct om_secret *octets)
{
    (void)SSL_write(s->ssl, octets->octets, (int)octets->len);
}

static void send_message(struct session *s, struct om_coap_message *m, enum om_coap_type type, uint16_t mid,
                         struct om_secret *octets)
{
    m->type = type;
    m->mid = mid;
    peer_need(om_coap_encode(OM_COAP_DATAGRAM, m, octets, NULL) == OM_OK, "a message");
    send_octets(s, octets);
}

static void send_empty(struct session *s, enum om_coap_type type, uint16_t mid)
{
    struct om_coap_message m;
    om_coap_init(&m, OM_COAP_EMPTY, NULL, 0);
    send_message(s, &m, type, mid, &s->reply);
}

static void answer(struct session *s, const struct om_coap_message *m)
{
    struct peer_ways *w = &s->peer->ways;
    struct om_coap_message out;
    struct om_secret octets = OM_SECRET_INIT;
    bool strange = w->times == 0 || w->messages <= w->times;
    int how = strange ? (int)w->how : COAP_PIGGYBACKED;
    om_secret_free(&s->reply);
    if (how == COAP_SILENT)
        return;
    if (how == COAP_RESET || how == COAP_ACK_ONLY) {
        send_empty(s, how == COAP_RESET ? OM_COAP_RST : OM_COAP_ACK, m->mid);
        return;
    }
    if (how == COAP_FORGET) {
        s->over = true;
        return;
    }
    if (how == COAP_SEPARATE || how == COAP_NON)
        send_empty(s, OM_COAP_ACK, m->mid);
    (void)peer_coap_answer(s->peer, s->ssl, s->state, m, &out);
    if (how == COAP_PIGGYBACKED)
        send_message(s, &out, OM_COAP_ACK, (uint16_t)(m->mid ^ (w->other_mid ? 1 : 0)), &s->reply);
    else
        send_message(s, &out, how == COAP_NON ? OM_COAP_NON : OM_COAP_CON, ++s->mid, &octets);
    if (w->twice)
        send_octets(s, octets.len > 0 ? &octets : &s->reply);
    om_secret_free(&octets);
}

static void on_message(struct session *s, const struct om_coap_message *m)
{
    struct peer_ways *w = &s->peer->ways;
    if (m->type == OM_COAP_ACK || m->type == OM_COAP_RST) {
        peer_need(m->code == OM_COAP_EMPTY, "an empty acknowledgement or reset");
        w->acknowledged = w->acknowledged || (m->type == OM_COAP_ACK && m->mid == s->mid);
        w->reset = w->reset || (m->type == OM_COAP_RST && m->mid == s->mid);
        return;
    }
    peer_need(m->type == OM_COAP_CON && m->code >= OM_COAP_GET && m->code <= OM_COAP_DELETE,
              "a Confirmable request");
    if (s->seen && s->seen_mid == m->mid) {
        w->repetitions++;
        if (s->reply.len > 0)
            send_octets(s, &s->reply);
        return;
    }
    w->messages++;
    s->seen = true;
    s->seen_mid = m->mid;
    answer(s, m);
}

/* True while the session goes on. */
static bool step(struct session *s)
{
    uint8_t octets[16384];
    struct om_coap_message m;
    ERR_clear_error();
    int n = SSL_is_init_finished(s->ssl) ? SSL_read(s->ssl, octets, sizeof octets) : SSL_accept(s->ssl);
    bool finished = SSL_is_init_finished(s->ssl);
    if (n > 0 && !s->seen && s->state->len == SIZE_MAX) { /* the handshake has just ended */
        s->peer->ways.sessions++;
        s->state->len = 0;
        return true;
    }
    if (n > 0 && finished) {
        peer_need(om_coap_parse(OM_COAP_DATAGRAM, octets, (size_t)n, &m, NULL) == OM_OK, "reading a message");
        on_message(s, &m);
        om_coap_free(&m);
        return !s->over;
    }
    return SSL_get_error(s->ssl, n) == SSL_ERROR_WANT_READ && wait_datagram(s->peer, s->ssl);
}

static void serve(struct peer *peer, const struct sockaddr_in *from)
{
    static struct coap_state state;
    struct session s = {.peer = peer, .state = &state, .ssl = SSL_new(peer->ctx)};
    BIO *bio = BIO_new_dgram(peer->fd, BIO_NOCLOSE);
    BIO_ADDR *address = BIO_ADDR_new();
    peer_need(
        s.ssl != NULL && bio != NULL && address != NULL &&
            BIO_ADDR_rawmake(address, AF_INET, &from->sin_addr, sizeof from->sin_addr, from->sin_port) == 1 &&
            BIO_ctrl_set_connected(bio, address) == 1 &&
            connect(peer->fd, (const struct sockaddr *)from, sizeof *from) == 0,
        "a session");
    BIO_ADDR_free(address);
    SSL_set_bio(s.ssl, bio, bio);
    memset(&state, 0, sizeof state);
    state.len = SIZE_MAX;
    while (step(&s))
        ;
    if (!s.over && SSL_is_init_finished(s.ssl))
        (void)SSL_shutdown(s.ssl);
    SSL_free(s.ssl);
    om_secret_free(&s.reply);
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    (void)connect(peer->fd, &nobody, sizeof nobody);
}

void peer_run_datagrams(struct peer *peer)
{
    peer_need(fcntl(peer->fd, F_SETFL, O_NONBLOCK) == 0, "fcntl");
    while (wait_datagram(peer, NULL)) {
        struct sockaddr_in from = {0};
        socklen_t len = sizeof from;
        uint8_t first[14] = {0}; /* record header, and the type of the handshake message */
        ssize_t n = recvfrom(peer->fd, first, sizeof first, MSG_PEEK, (struct sockaddr *)&from, &len);
        if (n >= 14 && first[0] == 22 && first[13] == SSL3_MT_CLIENT_HELLO)
            serve(peer, &from);
        else
            (void)recv(peer->fd, first, sizeof first, 0); /* of a session that is over */
    }
}
