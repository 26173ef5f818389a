/* Handshakes of the CoAP binding that wait for a key from elsewhere. Over TLS the SSL holds what it must not
 * read yet (tls/ahead.h); datagrams are held here, the flight with the identity and no more: what the peer
 * repeats meanwhile is dropped. */
#include "bind/coaps_internal.h"
#include "tls/ahead.h"

#include <stdlib.h>
#include <string.h>

static struct coaps_session *session_of(struct ahead_waiter *w)
{
    return (struct coaps_session *)((char *)w - offsetof(struct coaps_session, ahead));
}

static bool ask(void *arg, const char *identity)
{
    struct coaps_session *s = arg;
    const struct ahead *ahead = s->coaps->opt.ahead;
    return ahead->ask(ahead->arg, identity, &s->ahead);
}

/* ---- TLS ---- */

static void go_on_reading(struct ahead_waiter *w)
{
    struct coaps_session *s = session_of(w);
    omtls_ahead_go(s->ssl);
    event_active(&s->readable, EV_READ, 0);
}

om_rc coaps_ahead_watch(struct coaps_session *s, struct om_error *err)
{
    s->ahead.go = go_on_reading;
    return s->coaps->opt.ahead != NULL ? omtls_ahead_watch(s->ssl, ask, s, err) : OM_OK;
}

/* ---- DTLS ---- */

static void forget(struct coaps_held *held, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(held[i].octets);
    memset(held, 0, n * sizeof *held);
}

static void keep(struct coaps_session *s, const uint8_t *octets, size_t n)
{
    if (s->n_held == COAPS_HELD)
        return;
    struct coaps_held *h = &s->held[s->n_held];
    h->octets = malloc(n);
    if (h->octets == NULL) /* as good as lost: the peer repeats it */
        return;
    memcpy(h->octets, octets, n);
    h->len = n;
    s->n_held++;
}

/* The session may end with any of them. */
static void feed_held(struct ahead_waiter *w)
{
    struct coaps_session *s = session_of(w);
    struct coaps_held held[COAPS_HELD];
    size_t n = s->n_held;
    memcpy(held, s->held, sizeof held);
    memset(s->held, 0, sizeof s->held);
    s->n_held = 0;
    bool alive = true;
    for (size_t i = 0; i < n && alive; i++)
        alive = coaps_dtls_feed(s, held[i].octets, held[i].len);
    forget(held, n);
}

bool coaps_ahead_holds(struct coaps_session *s, const uint8_t *octets, size_t n)
{
    char identity[OMTLS_IDENTITY_MAX + 1];
    if (s->ahead.waiting) {
        keep(s, octets, n);
        return true;
    }
    if (s->coaps->opt.ahead == NULL || s->phase != COAPS_HANDSHAKE || s->asked_ahead)
        return false;
    if (!omtls_ahead_identity(octets, n, true, identity))
        return false;
    s->asked_ahead = true;
    s->ahead.go = feed_held;
    if (ask(s, identity))
        return false;
    keep(s, octets, n);
    return true;
}

void coaps_ahead_free(struct coaps_session *s)
{
    ahead_leave(&s->ahead);
    forget(s->held, s->n_held);
    s->n_held = 0;
}
