/* The CoAP binding: set-up and end. See coaps.h. */
#include "bind/coaps_internal.h"
#include "bind/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static om_rc take_socket(struct coaps *c, struct om_error *err)
{
    const struct coaps_options *o = &c->opt;
    if (o->listener == NULL)
        return o->transport == COAPS_DTLS ? listen_udp(o->host, o->port, &c->fd, err)
                                          : listen_tcp(o->host, o->port, &c->fd, err);
    c->fd = fcntl(*o->listener, F_DUPFD_CLOEXEC, 0);
    return c->fd >= 0
               ? OM_OK
               : om_fail(err, OM_ETRANSIENT, "coaps: cannot take over the socket: %s", strerror(errno));
}

static om_rc start(struct coaps *c, struct om_error *err)
{
    OM_TRY(take_socket(c, err));
    c->port = listen_port(c->fd);
    return c->opt.transport == COAPS_DTLS ? coaps_dtls_start(c, err) : coaps_tls_start(c, err);
}

om_rc coaps_new(struct event_base *base, struct maf *maf, const struct coaps_options *opt, struct coaps **out,
                struct om_error *err)
{
    struct coaps *c = calloc(1, sizeof *c);
    if (c == NULL || RAND_bytes(c->bucket_key, sizeof c->bucket_key) != 1 || SSL_CTX_up_ref(opt->ctx) != 1) {
        free(c);
        return om_fail(err, OM_ENOMEM, "coaps: no memory for a server");
    }
    om_coap_log();
    c->base = base;
    c->maf = maf;
    c->opt = *opt;
    c->fd = -1;
    LIST_INIT(&c->sessions);
    for (size_t i = 0; i < COAPS_BUCKETS; i++)
        LIST_INIT(&c->buckets[i]);
    om_rc rc = start(c, err);
    if (rc != OM_OK) {
        coaps_free(c);
        return rc;
    }
    c->opt.listener = NULL;
    c->opt.host = NULL;
    *out = c;
    return OM_OK;
}

uint16_t coaps_port(const struct coaps *c)
{
    return c->port;
}

void coaps_begin(struct coaps *c)
{
    if (c->draining || c->opt.transport != COAPS_DTLS)
        return;
    (void)event_add(&c->readable, NULL);
}

static void end_sessions(struct coaps *c)
{
    while (!LIST_EMPTY(&c->sessions))
        coaps_session_free(LIST_FIRST(&c->sessions), true);
}

void coaps_drain(struct coaps *c)
{
    if (c->draining)
        return;
    c->draining = true;
    if (c->opt.transport == COAPS_TLS) {
        coaps_tls_stop(c);
        return;
    }
    coaps_dtls_stop(c);
    end_sessions(c);
    /* An open copy would keep its share of the peers for a socket that nobody reads. */
    (void)close(c->fd);
    c->fd = -1;
}

bool coaps_drained(const struct coaps *c)
{
    return c->draining && LIST_EMPTY(&c->sessions);
}

void coaps_free(struct coaps *c)
{
    if (c == NULL)
        return;
    coaps_drain(c);
    end_sessions(c);
    SSL_free(c->listener);
    BIO_meth_free(c->bio);
    SSL_CTX_free(c->opt.ctx);
    if (c->fd >= 0)
        (void)close(c->fd);
    om_wipe(c->cookie_key, sizeof c->cookie_key);
    free(c);
}

void coaps_stats(const struct coaps *c, struct coaps_stats *out)
{
    *out = c->stats;
}
