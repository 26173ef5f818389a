/* maf: one session, see maf_session.h. */
#include "cli/maf_datagram.h"
#include "cli/maf_pipe.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TURNS          64   /* pieces in a row; then other sessions have their turn */
#define LINGER_SECONDS 3    /* DTLS: for answers, once the local input has ended */
#define EXPIRY_STEP    3600 /* the clock may be set meanwhile */
#define DATAGRAM_MAX                                                                                         \
    1200 /* octets of plaintext in one datagram, which fit every path (RFC 8200 section 5)                   \
          */

struct watch {
    struct event *event;
    short now; /* what it waits for */
};

struct maf_session {
    struct maf_session_setup setup;
    struct maf_session *next;
    char peer[MAF_ADDRESS_TEXT];
    bool open, freed;
    struct maf_local local;
    bool in_is_socket, out_is_socket;
    bool local_ended, said_close, peer_closed, out_closed;
    struct maf_piece up, down; /* to the peer, from the peer */
    uint64_t sent, received;
    struct watch net, in, out;
    struct event *limit;      /* of the handshake, then idling, then lingering */
    struct event *expiry;     /* of the key */
    struct event *retransmit; /* DTLS */
};

bool maf_session_is_open(const struct maf_session *s)
{
    return s->open;
}

const char *maf_session_peer(const struct maf_session *s)
{
    return s->peer;
}

const SSL *maf_session_ssl(const struct maf_session *s)
{
    return s->setup.ssl;
}

uint64_t maf_session_received(const struct maf_session *s)
{
    return s->received;
}

uint64_t maf_session_sent(const struct maf_session *s)
{
    return s->sent;
}

struct maf_session *maf_session_next(const struct maf_session *s)
{
    return s->next;
}

void maf_session_set_next(struct maf_session *s, struct maf_session *next)
{
    s->next = next;
}

/* --- the end --- */

static void free_event(struct event *e)
{
    if (e != NULL)
        event_free(e);
}

static void close_local(struct maf_session *s)
{
    if (!s->open || s->local.keep || s->local.in < 0)
        return;
    if (s->local.out != s->local.in && s->local.out >= 0)
        (void)close(s->local.out);
    (void)close(s->local.in);
}

static void session_free(struct maf_session *s)
{
    free_event(s->net.event);
    free_event(s->in.event);
    free_event(s->out.event);
    free_event(s->limit);
    free_event(s->expiry);
    free_event(s->retransmit);
    close_local(s);
    SSL_free(s->setup.ssl);
    if (s->setup.fd >= 0)
        (void)close(s->setup.fd);
    explicit_bzero(s, sizeof *s);
    free(s);
}

static void finish(struct maf_session *s, const struct openmaf_error *error)
{
    if (s->open && !s->said_close) {
        ERR_clear_error();
        (void)SSL_shutdown(s->setup.ssl);
    }
    s->setup.ended(s->setup.arg, s, error);
    session_free(s);
}

void maf_session_end(struct maf_session *s, int code, const char *why)
{
    struct openmaf_error error = {.code = code};
    (void)snprintf(error.text, sizeof error.text, "%s", why);
    finish(s, &error);
}

static void fail(struct maf_session *s, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void fail(struct maf_session *s, int code, const char *fmt, ...)
{
    struct openmaf_error error = {.code = code};
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(error.text, sizeof error.text, fmt, ap);
    va_end(ap);
    finish(s, &error);
}

/* The reason that OpenSSL's queue or errno gives for a broken connection. */
static const char *reason(void)
{
    const char *data = NULL;
    int flags = 0;
    int e = errno;
    unsigned long code = ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
    if (code != 0 && ERR_GET_LIB(code) == ERR_LIB_USER && (flags & ERR_TXT_STRING) != 0)
        return data; /* libmaf's own words */
    if (code != 0 && !ERR_SYSTEM_ERROR(code))
        return ERR_reason_error_string(code);
    if (code != 0)
        e = ERR_GET_REASON(code);
    return e != 0 ? strerror(e) : "the connection was closed";
}

static void broken_handshake(struct maf_session *s)
{
    const char *why = reason();
    unsigned long e = ERR_peek_last_error();
    bool alert = e != 0 && ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) > SSL_AD_REASON_OFFSET;
    bool closed = e == 0 || ERR_SYSTEM_ERROR(e) || ERR_GET_REASON(e) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    if (alert && !SSL_is_server(s->setup.ssl))
        fail(s, OPENMAF_EDENIED,
             "%s refused the handshake (%s): it does not know the key, has another under its name, or does "
             "not "
             "want it",
             s->peer, why);
    else
        fail(s, closed ? OPENMAF_ETEMPORARY : OPENMAF_EDENIED, "no handshake with %s: %s", s->peer, why);
}

/* --- waiting --- */

static void on_event(evutil_socket_t fd, short what, void *arg);

static bool watch(struct maf_session *s, struct watch *w, int fd, short what)
{
    if (w->now == what)
        return true;
    if (w->event != NULL)
        (void)event_del(w->event);
    w->now = what;
    if (what == 0)
        return true;
    if (w->event == NULL)
        w->event = event_new(s->setup.base, fd, (short)(what | EV_PERSIST), on_event, s);
    else
        (void)event_assign(w->event, s->setup.base, fd, (short)(what | EV_PERSIST), on_event, s);
    return w->event != NULL && event_add(w->event, NULL) == 0;
}

static void set_limit(struct maf_session *s, unsigned seconds)
{
    const struct timeval tv = {.tv_sec = seconds};
    if (seconds > 0)
        (void)evtimer_add(s->limit, &tv);
    else
        (void)evtimer_del(s->limit);
}

static void on_limit(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct maf_session *s = arg;
    if (!s->open)
        fail(s, OPENMAF_ETEMPORARY, "%s did not finish the handshake in %u seconds", s->peer,
             s->setup.handshake_seconds);
    else if (s->setup.dtls && s->local_ended && s->down.len == 0)
        finish(s, &(struct openmaf_error){.code = OPENMAF_OK});
    else
        fail(s, OPENMAF_ETEMPORARY, "nothing came or went for %u seconds", s->setup.idle_seconds);
}

static void arm_retransmit(struct maf_session *s)
{
    struct timeval tv;
    if (s->setup.dtls && DTLSv1_get_timeout(s->setup.ssl, &tv) == 1)
        (void)evtimer_add(s->retransmit, &tv);
}

static void on_retransmit(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct maf_session *s = arg;
    ERR_clear_error();
    if (DTLSv1_handle_timeout(s->setup.ssl) < 0)
        fail(s, OPENMAF_ETEMPORARY, "no handshake with %s: %s", s->peer, reason());
    else
        arm_retransmit(s);
}

/* A key is not used at or after its expirationTime, neither is a session that rests upon it. */
static void on_expiry(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct maf_session *s = arg;
    const struct openmaf_key *key = openmaf_saef_key(s->setup.ssl);
    int64_t left = key != NULL ? key->expires - (int64_t)time(NULL) : 0;
    if (left <= 0) {
        fail(s, OPENMAF_EDENIED, "key %s has expired", key != NULL ? key->key_id : "");
        return;
    }
    const struct timeval tv = {.tv_sec = left < EXPIRY_STEP ? left : EXPIRY_STEP};
    (void)evtimer_add(s->expiry, &tv);
}

/* --- carrying --- */

static bool is_socket(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static bool begin_carrying(struct maf_session *s)
{
    struct openmaf_error error = {0};
    if (openmaf_saef_key(s->setup.ssl) == NULL) { /* cannot be: nobody has the decoy's key */
        fail(s, OPENMAF_EINTERNAL, "a session without a key");
        return false;
    }
    int code = s->setup.opened(s->setup.arg, s, &s->local, &error);
    s->open = true;
    if (code != OPENMAF_OK) {
        s->local.in = s->local.out = -1;
        finish(s, &error);
        return false;
    }
    s->in_is_socket = is_socket(s->local.in);
    s->out_is_socket = is_socket(s->local.out);
    set_limit(s, s->setup.idle_seconds);
    event_active(s->expiry, 0, 0);
    return true;
}

/* false: the session is over. */
static bool from_peer(struct maf_session *s, unsigned *wants, bool *moved)
{
    if (s->down.len > 0) {
        enum maf_moved m = maf_pipe_write(s->local.out, s->out_is_socket, &s->down);
        *moved |= m == MAF_MOVED;
        if (m == MAF_BROKEN)
            fail(s, OPENMAF_ETEMPORARY, "cannot hand on what %s sent: %s", s->peer, strerror(errno));
        return m != MAF_BROKEN;
    }
    if (s->peer_closed)
        return true;
    enum maf_moved m = maf_pipe_receive(s->setup.ssl, &s->down, wants);
    *moved |= m == MAF_MOVED || m == MAF_AT_END;
    s->received += m == MAF_MOVED ? s->down.len : 0;
    s->peer_closed = m == MAF_AT_END;
    if (m == MAF_BROKEN)
        fail(s, OPENMAF_ETEMPORARY, "%s broke off: %s", s->peer, reason());
    return m != MAF_BROKEN;
}

static bool to_peer(struct maf_session *s, unsigned *wants, bool *moved)
{
    if (s->up.len > 0) {
        size_t n = s->up.len - s->up.done;
        enum maf_moved m = maf_pipe_send(s->setup.ssl, &s->up, wants);
        *moved |= m == MAF_MOVED;
        s->sent += m == MAF_MOVED ? n - (s->up.len - s->up.done) : 0;
        if (m == MAF_BROKEN && s->peer_closed) { /* it ended both directions at once */
            finish(s, &(struct openmaf_error){.code = OPENMAF_OK});
            return false;
        }
        if (m == MAF_BROKEN)
            fail(s, OPENMAF_ETEMPORARY, "cannot send to %s: %s", s->peer, reason());
        return m != MAF_BROKEN;
    }
    if (s->local_ended)
        return true;
    size_t max = s->setup.dtls ? DATAGRAM_MAX : MAF_PIECE;
    enum maf_moved m = maf_pipe_read(s->local.in, s->in_is_socket, &s->up, max);
    *moved |= m == MAF_MOVED || m == MAF_AT_END;
    s->local_ended = m == MAF_AT_END;
    if (m == MAF_BROKEN)
        fail(s, OPENMAF_ETEMPORARY, "the local end failed: %s", strerror(errno));
    return m != MAF_BROKEN;
}

/* Whoever reads our standard output learns the end by its closing. */
static void close_output(struct maf_session *s)
{
    s->out_closed = true;
    if (s->local.keep)
        return;
    if (s->out_is_socket) {
        (void)shutdown(s->local.out, SHUT_WR);
    } else if (s->local.out != s->local.in) {
        (void)watch(s, &s->out, -1, 0);
        (void)close(s->local.out);
        s->local.out = -1;
    }
}

/* Passes the end of each direction on; DTLS has but one end for both. false: the session has ended. */
static bool pass_ends_on(struct maf_session *s)
{
    if (s->setup.dtls && s->peer_closed && s->down.len == 0) {
        finish(s, &(struct openmaf_error){.code = OPENMAF_OK});
        return false;
    }
    if (!s->setup.dtls && s->local_ended && s->up.len == 0 && !s->said_close) {
        ERR_clear_error();
        (void)SSL_shutdown(s->setup.ssl);
        s->said_close = true;
    }
    if (s->peer_closed && s->down.len == 0 && !s->out_closed) {
        close_output(s);
    }
    if (s->said_close && s->out_closed) {
        finish(s, &(struct openmaf_error){.code = OPENMAF_OK});
        return false;
    }
    return true;
}

/* After close_notify a peer that has gone for good is not waited for: TCP tells. Nor is one that says more.
 */
static bool wait_for_events(struct maf_session *s, unsigned wants)
{
    bool net_in = (wants & MAF_WANTS_READ) != 0 || s->peer_closed;
    bool net_out = (wants & MAF_WANTS_WRITE) != 0;
    bool good = watch(s, &s->net, s->setup.fd, (short)((net_in ? EV_READ : 0) | (net_out ? EV_WRITE : 0)));
    if (s->open) {
        good = good && watch(s, &s->in, s->local.in, !s->local_ended && s->up.len == 0 ? EV_READ : 0);
        good = good && watch(s, &s->out, s->local.out, s->down.len > 0 ? EV_WRITE : 0);
    }
    if (!good)
        fail(s, OPENMAF_ENOMEM, "no memory to wait for %s", s->peer);
    return good;
}

/* The peer said close_notify; does it still listen? */
static bool peer_is_gone(const struct maf_session *s)
{
    uint8_t octet;
    return s->peer_closed && recv(s->setup.fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

static void carry(struct maf_session *s)
{
    unsigned wants = 0;
    bool moved = true;
    for (unsigned turn = 0; moved; turn++) {
        moved = false;
        wants = 0;
        if (turn == TURNS) {
            event_active(s->net.event, EV_READ, 0);
            break;
        }
        if (!from_peer(s, &wants, &moved) || !to_peer(s, &wants, &moved) || !pass_ends_on(s))
            return;
        if (moved)
            set_limit(s, s->setup.dtls && s->local_ended ? LINGER_SECONDS : s->setup.idle_seconds);
    }
    if (peer_is_gone(s)) {
        finish(s, &(struct openmaf_error){.code = OPENMAF_OK});
        return;
    }
    (void)wait_for_events(s, wants);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct maf_session *s = arg;
    unsigned wants = 0;
    if (!s->open) {
        enum maf_moved m = maf_pipe_handshake(s->setup.ssl, &wants);
        if (m == MAF_BROKEN)
            broken_handshake(s);
        else if (m == MAF_WAITS && wait_for_events(s, wants))
            arm_retransmit(s);
        if (m != MAF_AT_END || !begin_carrying(s))
            return;
    }
    carry(s);
}

/* --- the beginning --- */

/* A server's DTLS has its datagrams already. */
static bool make_bio(struct maf_session *s)
{
    if (SSL_get_rbio(s->setup.ssl) != NULL)
        return true;
    return s->setup.dtls ? maf_datagram_attach(s->setup.ssl, s->setup.fd)
                         : SSL_set_fd(s->setup.ssl, s->setup.fd) == 1;
}

struct maf_session *maf_session_new(const struct maf_session_setup *setup)
{
    struct maf_session *s = calloc(1, sizeof *s);
    if (s == NULL) {
        SSL_free(setup->ssl);
        (void)close(setup->fd);
        return NULL;
    }
    s->setup = *setup;
    s->local.in = s->local.out = -1;
    maf_address_text(&setup->peer, s->peer);
    s->limit = evtimer_new(setup->base, on_limit, s);
    s->expiry = evtimer_new(setup->base, on_expiry, s);
    s->retransmit = evtimer_new(setup->base, on_retransmit, s);
    if (s->limit == NULL || s->expiry == NULL || s->retransmit == NULL || !make_bio(s) ||
        !watch(s, &s->net, setup->fd, EV_READ | EV_WRITE)) {
        session_free(s);
        return NULL;
    }
    (void)SSL_set_mode(setup->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    set_limit(s, setup->handshake_seconds);
    return s;
}
