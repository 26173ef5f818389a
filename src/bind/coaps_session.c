/* Sessions of the CoAP binding: found by address, counted, limited in time, freed with all they remember. */
#include "bind/coaps_internal.h"
#include "bind/peer_address.h"
#include "util/log.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int64_t coaps_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* By IP address alone: what is counted by address stands together. One session is found by its whole address,
 * among them. */
static struct coaps_sessions *bucket(struct coaps *c, const struct coaps_path *path)
{
    return &c->buckets[peer_address_hash(c->bucket_key, &path->peer.any) % COAPS_BUCKETS];
}

bool coaps_room(struct coaps *c, const struct coaps_path *path)
{
    size_t there = 0;
    const struct coaps_session *s;
    LIST_FOREACH(s, bucket(c, path), same_bucket)
    there += peer_address_same(&s->path.peer.any, &path->peer.any);
    if (!c->draining && c->stats.sessions < c->opt.max_sessions && there < c->opt.max_sessions_per_address)
        return true;
    c->stats.refused_limit++;
    return false;
}

struct coaps_session *coaps_session_find(struct coaps *c, const struct coaps_path *path)
{
    struct coaps_session *s;
    LIST_FOREACH(s, bucket(c, path), same_bucket)
    if (coaps_path_same(&s->path, path))
        return s;
    return NULL;
}

static void restart(struct coaps_session *s)
{
    const struct coaps_options *o = &s->coaps->opt;
    struct timeval tv = {.tv_sec = s->phase == COAPS_HANDSHAKE ? (time_t)o->handshake_timeout
                                                               : (time_t)o->idle_timeout};
    (void)evtimer_add(&s->deadline, &tv);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct coaps_session *s = arg;
    s->coaps->stats.timeouts++;
    coaps_session_free(s, true);
}

struct coaps_session *coaps_session_new(struct coaps *c, SSL *ssl, int fd, const struct coaps_path *path)
{
    struct coaps_session *s = calloc(1, sizeof *s);
    if (s == NULL) {
        om_log(OM_LOG_ERROR, "coaps: no memory for a session");
        return NULL;
    }
    s->coaps = c;
    s->ssl = ssl;
    s->fd = fd;
    s->path = *path;
    s->ahead.peer = &s->path.peer.any;
    s->peer_max = 1152; /* RFC 8323 §5.3.1, until the peer's CSM */
    (void)evtimer_assign(&s->deadline, c->base, on_deadline, s);
    coaps_message_init(s);
    LIST_INSERT_HEAD(&c->sessions, s, link);
    LIST_INSERT_HEAD(bucket(c, path), s, same_bucket);
    c->stats.sessions++;
    c->stats.accepted++;
    restart(s);
    return s;
}

static void say_goodbye(struct coaps_session *s)
{
    ERR_clear_error();
    if (s->phase == COAPS_READY)
        (void)SSL_shutdown(s->ssl);
    ERR_clear_error();
}

void coaps_session_free(struct coaps_session *s, bool notify)
{
    struct coaps *c = s->coaps;
    s->datagram.octets = NULL;
    coaps_ahead_free(s);
    if (notify)
        say_goodbye(s);
    if (s->phase == COAPS_HANDSHAKE)
        c->stats.handshake_failures++;
    LIST_REMOVE(s, link);
    LIST_REMOVE(s, same_bucket);
    c->stats.sessions--;
    (void)event_del(&s->deadline);
    if (c->opt.transport == COAPS_DTLS) {
        (void)event_del(&s->retransmit);
    } else {
        (void)event_del(&s->readable);
        (void)event_del(&s->writable);
        (void)event_del(&s->unfinished);
    }
    coaps_message_free(s);
    om_secret_free(&s->in);
    om_secret_free(&s->out);
    SSL_free(s->ssl); /* and with it the peer and the keys in the token */
    if (s->fd >= 0)
        (void)close(s->fd);
    free(s);
    if (c->opt.transport == COAPS_TLS)
        coaps_tls_update(c);
}

void coaps_session_active(struct coaps_session *s)
{
    restart(s);
}

/* MAF-GEN-1: the session's peer is whom the handshake authenticated. */
void coaps_session_progress(struct coaps_session *s)
{
    if (s->phase != COAPS_HANDSHAKE || !SSL_is_init_finished(s->ssl))
        return;
    s->phase = COAPS_READY;
    s->maf.peer = omtls_peer(s->ssl);
    s->maf.ssl = s->ssl;
    s->coaps->stats.handshakes++;
    restart(s);
    if (s->coaps->opt.transport == COAPS_TLS)
        coaps_signal_begin(s);
}

bool coaps_session_alive(const struct coaps_session *s, int n)
{
    int e = SSL_get_error(s->ssl, n);
    return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE;
}
