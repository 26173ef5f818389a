/* How many connections a peer's address has, and no more than the limit.
 *
 * evhttp asks for a bufferevent before it has told anybody about the connection, so its socket is looked at
 * in the same turn of the event loop, after evhttp is done with it and before anything is read. */
#include "bind/https_internal.h"

#include <openssl/rand.h>

static struct https_conns *bucket(struct https_conn *c)
{
    struct https *h = c->https;
    return &h->buckets[peer_address_hash(h->bucket_key, &c->peer.any) % HTTPS_BUCKETS];
}

static void on_admit(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct https_conn *c = arg;
    struct https *h = c->https;
    socklen_t n = sizeof c->peer;
    unsigned there = 0;
    const struct https_conn *other;
    if (getpeername(bufferevent_getfd(c->bev), &c->peer.any, &n) != 0) {
        https_conn_abort(c); /* it has gone again */
        return;
    }
    LIST_FOREACH(other, bucket(c), same_bucket)
    there += peer_address_same(&other->peer.any, &c->peer.any);
    if (h->opt.max_connections_per_address != 0 && there >= h->opt.max_connections_per_address) {
        h->stats.refused_address++;
        https_conn_abort(c);
        return;
    }
    LIST_INSERT_HEAD(bucket(c), c, same_bucket);
    c->counted = true;
}

om_rc https_admit_init(struct https *h, struct om_error *err)
{
    if (RAND_bytes(h->bucket_key, sizeof h->bucket_key) != 1)
        return om_fail(err, OM_EINTERNAL, "https: the random generator failed");
    for (size_t i = 0; i < HTTPS_BUCKETS; i++)
        LIST_INIT(&h->buckets[i]);
    return OM_OK;
}

void https_admit_soon(struct https_conn *c)
{
    (void)evtimer_assign(&c->admit, c->https->base, on_admit, c);
    event_active(&c->admit, EV_TIMEOUT, 0);
}

void https_admit_end(struct https_conn *c)
{
    if (event_initialized(&c->admit))
        (void)event_del(&c->admit);
    if (c->counted)
        LIST_REMOVE(c, same_bucket);
}
