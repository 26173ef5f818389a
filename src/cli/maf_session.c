/* maf: one session, its life: see maf_session.h. */
#include "cli/maf_datagram.h"
#include "cli/maf_session_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EXPIRY_STEP 3600 /* the clock may be set meanwhile */

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

void maf_session_finish(struct maf_session *s, const struct openmaf_error *error)
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
    maf_session_finish(s, &error);
}

void maf_session_fail(struct maf_session *s, int code, const char *fmt, ...)
{
    struct openmaf_error error = {.code = code};
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(error.text, sizeof error.text, fmt, ap);
    va_end(ap);
    maf_session_finish(s, &error);
}

const char *maf_session_reason(void)
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

/* --- waiting --- */

bool maf_session_watch(struct maf_session *s, struct maf_watch *w, int fd, short what)
{
    if (w->now == what)
        return true;
    if (w->event != NULL)
        (void)event_del(w->event);
    w->now = what;
    if (what == 0)
        return true;
    if (w->event == NULL)
        w->event = event_new(s->setup.base, fd, (short)(what | EV_PERSIST), maf_session_on_event, s);
    else
        (void)event_assign(w->event, s->setup.base, fd, (short)(what | EV_PERSIST), maf_session_on_event, s);
    return w->event != NULL && event_add(w->event, NULL) == 0;
}

void maf_session_set_limit(struct maf_session *s, unsigned seconds)
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
        maf_session_fail(s, OPENMAF_ETEMPORARY, "%s did not finish the handshake in %u seconds", s->peer,
                         s->setup.handshake_seconds);
    else if (s->setup.dtls && s->local_ended && s->down.len == 0)
        maf_session_finish(s, &(struct openmaf_error){.code = OPENMAF_OK});
    else
        maf_session_fail(s, OPENMAF_ETEMPORARY, "nothing came or went for %u seconds", s->setup.idle_seconds);
}

void maf_session_arm_retransmit(struct maf_session *s)
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
        maf_session_fail(s, OPENMAF_ETEMPORARY, "no handshake with %s: %s", s->peer, maf_session_reason());
    else
        maf_session_arm_retransmit(s);
}

/* A key is not used at or after its expirationTime, neither is a session that rests upon it. */
static void on_expiry(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct maf_session *s = arg;
    const struct openmaf_key *key = openmaf_saef_key(s->setup.ssl);
    int64_t left = key != NULL ? key->expires - (int64_t)time(NULL) : 0;
    if (left <= 0) {
        maf_session_fail(s, OPENMAF_EDENIED, "key %s has expired", key != NULL ? key->key_id : "");
        return;
    }
    const struct timeval tv = {.tv_sec = left < EXPIRY_STEP ? left : EXPIRY_STEP};
    (void)evtimer_add(s->expiry, &tv);
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
        !maf_session_watch(s, &s->net, setup->fd, EV_READ | EV_WRITE)) {
        session_free(s);
        return NULL;
    }
    (void)SSL_set_mode(setup->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    maf_session_set_limit(s, setup->handshake_seconds);
    return s;
}
