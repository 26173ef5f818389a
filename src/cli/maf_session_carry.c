/* maf: one session, the handshake and what it carries: see maf_session.h. */
#include "cli/maf_session_internal.h"

#include <errno.h>
#include <linux/sockios.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TURNS        64   /* pieces in a row; then other sessions have their turn */
#define DATAGRAM_MAX 1200 /* octets of plaintext, which fit a datagram on every path (RFC 8200 section 5) */

/* --- the handshake --- */

static void broken_handshake(struct maf_session *s)
{
    const char *why = maf_session_reason();
    unsigned long e = ERR_peek_last_error();
    bool alert = e != 0 && ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) > SSL_AD_REASON_OFFSET;
    bool closed = e == 0 || ERR_SYSTEM_ERROR(e) || ERR_GET_REASON(e) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    if (alert && ERR_GET_REASON(e) == SSL_R_TLSV1_ALERT_INTERNAL_ERROR) /* no word about the key */
        maf_session_fail(s, OPENMAF_ETEMPORARY, "%s cannot serve at the moment (%s)", s->peer, why);
    else if (alert && !SSL_is_server(s->setup.ssl))
        maf_session_fail(
            s, OPENMAF_EDENIED,
            "%s refused the handshake (%s): it does not know the key, has another under its name, "
            "or does not want it",
            s->peer, why);
    else
        maf_session_fail(s, closed ? OPENMAF_ETEMPORARY : OPENMAF_EDENIED, "no handshake with %s: %s",
                         s->peer, why);
}

static bool is_socket(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static bool begin_carrying(struct maf_session *s)
{
    struct openmaf_error error = {0};
    if (openmaf_saef_key(s->setup.ssl) == NULL) { /* cannot be: nobody has the decoy's key */
        maf_session_fail(s, OPENMAF_EINTERNAL, "a session without a key");
        return false;
    }
    int code = s->setup.opened(s->setup.arg, s, &s->local, &error);
    s->open = true;
    if (code != OPENMAF_OK) {
        s->local.in = s->local.out = -1;
        maf_session_finish(s, &error);
        return false;
    }
    s->in_is_socket = is_socket(s->local.in);
    s->out_is_socket = is_socket(s->local.out);
    maf_session_set_limit(s, s->setup.idle_seconds);
    event_active(s->expiry, 0, 0);
    return true;
}

/* --- carrying --- */

/* false: the session is over. */
static bool from_peer(struct maf_session *s, unsigned *wants, bool *moved)
{
    if (s->down.len > 0) {
        enum maf_moved m = maf_pipe_write(s->local.out, s->out_is_socket, &s->down);
        *moved |= m == MAF_MOVED;
        if (m == MAF_BROKEN)
            maf_session_fail(s, OPENMAF_ETEMPORARY, "cannot hand on what %s sent: %s", s->peer,
                             strerror(errno));
        return m != MAF_BROKEN;
    }
    if (s->peer_closed)
        return true;
    enum maf_moved m = maf_pipe_receive(s->setup.ssl, &s->down, wants);
    *moved |= m == MAF_MOVED || m == MAF_AT_END;
    s->received += m == MAF_MOVED ? s->down.len : 0;
    s->peer_closed = m == MAF_AT_END;
    if (m == MAF_BROKEN)
        maf_session_fail(s, OPENMAF_ETEMPORARY, "%s broke off: %s", s->peer, maf_session_reason());
    return m != MAF_BROKEN;
}

static void undelivered(struct maf_session *s)
{
    maf_session_fail(s, OPENMAF_ETEMPORARY, "%s ended the session before it had taken all of the input",
                     s->peer);
}

static bool to_peer(struct maf_session *s, unsigned *wants, bool *moved)
{
    if (s->up.len > 0) {
        size_t n = s->up.len - s->up.done;
        enum maf_moved m = maf_pipe_send(s->setup.ssl, &s->up, wants);
        *moved |= m == MAF_MOVED;
        s->sent += m == MAF_MOVED ? n - (s->up.len - s->up.done) : 0;
        if (m == MAF_BROKEN && s->peer_closed) /* it ended both directions at once */
            undelivered(s);
        else if (m == MAF_BROKEN)
            maf_session_fail(s, OPENMAF_ETEMPORARY, "cannot send to %s: %s", s->peer, maf_session_reason());
        return m != MAF_BROKEN;
    }
    if (s->local_ended)
        return true;
    size_t max = s->setup.dtls ? DATAGRAM_MAX : MAF_PIECE;
    enum maf_moved m = maf_pipe_read(s->local.in, s->in_is_socket, &s->up, max);
    *moved |= m == MAF_MOVED || m == MAF_AT_END;
    s->local_ended = m == MAF_AT_END;
    if (m == MAF_BROKEN)
        maf_session_fail(s, OPENMAF_ETEMPORARY, "the local end failed: %s", strerror(errno));
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
        (void)maf_session_watch(s, &s->out, -1, 0);
        (void)close(s->local.out);
        s->local.out = -1;
    }
}

/* Passes the end of each direction on; DTLS has but one end for both. false: the session has ended. */
static bool pass_ends_on(struct maf_session *s)
{
    if (s->setup.dtls && s->peer_closed && s->down.len == 0) {
        maf_session_finish(s, &(struct openmaf_error){.code = OPENMAF_OK});
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
        maf_session_finish(s, &(struct openmaf_error){.code = OPENMAF_OK});
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
    bool good = maf_session_watch(s, &s->net, s->setup.fd,
                                  (short)((net_in ? EV_READ : 0) | (net_out ? EV_WRITE : 0)));
    if (s->open) {
        good = good &&
               maf_session_watch(s, &s->in, s->local.in, !s->local_ended && s->up.len == 0 ? EV_READ : 0);
        good = good && maf_session_watch(s, &s->out, s->local.out, s->down.len > 0 ? EV_WRITE : 0);
    }
    if (!good)
        maf_session_fail(s, OPENMAF_ENOMEM, "no memory to wait for %s", s->peer);
    return good;
}

/* The peer said close_notify; does it still listen? */
static bool peer_is_gone(const struct maf_session *s)
{
    uint8_t octet;
    return s->peer_closed && recv(s->setup.fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

/* Whether there is input that a peer who is gone did not take: here, in its connection, or not yet read. */
static bool is_left_over(const struct maf_session *s)
{
    int unsent = 0;
    int unread = 0;
    return s->up.len > 0 || (ioctl(s->setup.fd, SIOCOUTQ, &unsent) == 0 && unsent > 0) ||
           (!s->local.keep && !s->local_ended && ioctl(s->local.in, FIONREAD, &unread) == 0 && unread > 0);
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
            maf_session_set_limit(s, s->setup.dtls && s->local_ended ? MAF_LINGER_SECONDS
                                                                     : s->setup.idle_seconds);
    }
    if (peer_is_gone(s)) {
        if (is_left_over(s))
            undelivered(s);
        else
            maf_session_finish(s, &(struct openmaf_error){.code = OPENMAF_OK});
        return;
    }
    (void)wait_for_events(s, wants);
}

void maf_session_on_event(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct maf_session *s = arg;
    unsigned wants = 0;
    if (!s->open) {
        enum maf_moved m = maf_pipe_handshake(s->setup.ssl, &wants);
        if (m == MAF_BROKEN)
            broken_handshake(s);
        else if (m == MAF_WAITS && wait_for_events(s, wants))
            maf_session_arm_retransmit(s);
        if (m != MAF_AT_END || !begin_carrying(s))
            return;
    }
    carry(s);
}
