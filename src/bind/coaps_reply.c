/* What a session remembers of its answers: those that may be asked for again, and those on their way. */
#include "bind/coaps_internal.h"

#include <string.h>

/* RFC 7252 §4.8, with its default parameters. */
#define EXCHANGE_LIFETIME_MS 247000
#define ACK_TIMEOUT_MS       2000
#define MAX_RETRANSMIT       4

static void forget(struct coaps_session *s, struct coaps_reply *r)
{
    s->coaps->stats.buffered -= r->octets.len;
    om_secret_free(&r->octets);
    r->used = false;
}

const struct coaps_reply *coaps_reply_find(const struct coaps_session *s, uint16_t mid)
{
    for (size_t i = 0; i < COAPS_REPLIES; i++)
        if (s->replies[i].used && s->replies[i].mid == mid && s->replies[i].expires > coaps_now())
            return &s->replies[i];
    return NULL;
}

void coaps_reply_keep(struct coaps_session *s, uint16_t mid, struct om_secret *octets)
{
    struct coaps *c = s->coaps;
    struct coaps_reply *r = &s->replies[s->next_reply];
    s->next_reply = (s->next_reply + 1) % COAPS_REPLIES;
    forget(s, r);
    r->used = true;
    r->mid = mid;
    r->expires = coaps_now() + EXCHANGE_LIFETIME_MS;
    /* Without room the request is still known: it stays without an answer rather than being done twice. */
    if (octets->len > c->opt.max_buffered - c->stats.buffered)
        return;
    r->octets = *octets;
    c->stats.buffered += octets->len;
    *octets = (struct om_secret)OM_SECRET_INIT;
}

static void give_up(struct coaps_pending *p)
{
    p->used = false;
    (void)evtimer_del(&p->timer);
    om_secret_free(&p->octets);
}

void coaps_reply_free(struct coaps_session *s)
{
    for (size_t i = 0; i < COAPS_REPLIES; i++)
        forget(s, &s->replies[i]);
    for (size_t i = 0; i < COAPS_PENDING; i++)
        give_up(&s->pending[i]);
}

static void wait(struct coaps_pending *p)
{
    struct timeval tv = {.tv_sec = (time_t)(p->timeout / 1000),
                         .tv_usec = (suseconds_t)(p->timeout % 1000 * 1000)};
    (void)evtimer_add(&p->timer, &tv);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct coaps_pending *p = arg;
    struct coaps_session *s = p->session;
    if (p->sent > MAX_RETRANSMIT) {
        give_up(p);
        return;
    }
    p->sent++;
    p->timeout *= 2;
    wait(p);
    coaps_dtls_send(s, &p->octets);
    if (s->dead)
        coaps_session_free(s, true);
}

void coaps_pending_init(struct coaps_session *s)
{
    for (size_t i = 0; i < COAPS_PENDING; i++) {
        s->pending[i].session = s;
        (void)evtimer_assign(&s->pending[i].timer, s->coaps->base, on_timeout, &s->pending[i]);
    }
}

struct coaps_pending *coaps_pending_new(struct coaps_session *s)
{
    for (size_t i = 0; i < COAPS_PENDING; i++)
        if (!s->pending[i].used)
            return &s->pending[i];
    return NULL;
}

void coaps_pending_begin(struct coaps_pending *p, uint16_t mid, struct om_secret *octets)
{
    p->used = true;
    p->mid = mid;
    p->sent = 1;
    /* Between once and one and a half times; the Message-ID is as good as random. */
    p->timeout = ACK_TIMEOUT_MS + mid % (ACK_TIMEOUT_MS / 2);
    p->octets = *octets;
    *octets = (struct om_secret)OM_SECRET_INIT;
    wait(p);
}

void coaps_pending_end(struct coaps_session *s, uint16_t mid)
{
    for (size_t i = 0; i < COAPS_PENDING; i++)
        if (s->pending[i].used && s->pending[i].mid == mid)
            give_up(&s->pending[i]);
}
