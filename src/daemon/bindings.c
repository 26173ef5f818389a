/* The bindings of a worker: see bindings.h. */
#include "daemon/bindings.h"

#include <unistd.h>

#define COAP_BUFFERED       (16u * 1024 * 1024) /* octets, of one address */
#define COAP_SEPARATE_AFTER 1000                /* ms: half of what a peer waits (RFC 7252 §4.8) */

static om_rc start_https(struct bindings *b, size_t i, struct event_base *base, const struct service *service,
                         const struct worker_start *start, struct om_error *err)
{
    const struct config *cfg = start->cfg;
    const struct https_options opt = {
        .listener = &start->listeners[i],
        .names = service->names,
        .ahead = b->ahead,
        .ctx = service->tls,
        .well_known = service->well_known,
        .max_connections = cfg->https_max_connections,
        .max_header = cfg->https_max_header,
        .max_body = cfg->https_max_body,
        .max_connections_per_address = cfg->https_max_connections_per_address,
        .handshake_timeout = cfg->https_handshake_timeout,
        .request_timeout = cfg->https_request_timeout,
        .idle_timeout = cfg->https_idle_timeout,
    };
    return https_new(base, service->maf, &opt, &b->https[i], err);
}

static om_rc start_coaps(struct bindings *b, size_t i, struct event_base *base, const struct service *service,
                         const struct worker_start *start, struct om_error *err)
{
    bool dtls = b->kind[i] == CONFIG_COAPS;
    const struct config_coap *cfg = dtls ? &start->cfg->coaps : &start->cfg->coaps_tcp;
    const struct coaps_options opt = {
        .transport = dtls ? COAPS_DTLS : COAPS_TLS,
        .listener = &start->listeners[i],
        .names = service->names,
        .ahead = b->ahead,
        .ctx = dtls ? service->dtls : service->tls,
        .max_sessions = cfg->max_sessions,
        .max_sessions_per_address = cfg->max_sessions_per_address,
        .max_body = cfg->max_body,
        .max_buffered = COAP_BUFFERED,
        .handshake_timeout = cfg->handshake_timeout,
        .request_timeout = cfg->request_timeout,
        .idle_timeout = cfg->idle_timeout,
        .wait = true,
        .separate_after = COAP_SEPARATE_AFTER,
    };
    OM_TRY(coaps_new(base, service->maf, &opt, &b->coaps[i], err));
    if (dtls) /* an open copy would keep the address's share of peers when the binding has let it go */
        (void)close(start->listeners[i]);
    return OM_OK;
}

om_rc bindings_start(struct bindings *b, struct event_base *base, const struct service *service,
                     const struct ahead *ahead, const struct worker_start *start, struct om_error *err)
{
    b->ahead = ahead;
    const struct config *cfg = start->cfg;
    for (size_t i = 0; i < cfg->n_addresses; i++) {
        b->kind[i] = cfg->addresses[i].binding;
        b->n = i + 1;
        OM_TRY(b->kind[i] == CONFIG_HTTPS ? start_https(b, i, base, service, start, err)
                                          : start_coaps(b, i, base, service, start, err));
    }
    return OM_OK;
}

void bindings_begin(struct bindings *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->coaps[i] != NULL)
            coaps_begin(b->coaps[i]);
}

void bindings_drain(struct bindings *b)
{
    for (size_t i = 0; i < b->n; i++) {
        if (b->https[i] != NULL)
            https_drain(b->https[i]);
        if (b->coaps[i] != NULL)
            coaps_drain(b->coaps[i]);
    }
}

bool bindings_drained(const struct bindings *b)
{
    for (size_t i = 0; i < b->n; i++)
        if ((b->https[i] != NULL && !https_drained(b->https[i])) ||
            (b->coaps[i] != NULL && !coaps_drained(b->coaps[i])))
            return false;
    return true;
}

void bindings_free(struct bindings *b)
{
    for (size_t i = 0; i < b->n; i++) {
        https_free(b->https[i]);
        coaps_free(b->coaps[i]);
    }
}

static void add_https(struct https_stats *sum, const struct https_stats *s)
{
    sum->connections += s->connections;
    sum->accepted += s->accepted;
    sum->handshakes += s->handshakes;
    sum->handshake_failures += s->handshake_failures;
    sum->requests += s->requests;
    sum->timeouts += s->timeouts;
    sum->refused_limit += s->refused_limit;
    sum->refused_address += s->refused_address;
    sum->malformed += s->malformed;
}

static void add_coaps(struct coaps_stats *sum, const struct coaps_stats *s)
{
    sum->sessions += s->sessions;
    sum->buffered += s->buffered;
    sum->accepted += s->accepted;
    sum->handshakes += s->handshakes;
    sum->handshake_failures += s->handshake_failures;
    sum->requests += s->requests;
    sum->timeouts += s->timeouts;
    sum->duplicates += s->duplicates;
    sum->refused_limit += s->refused_limit;
    sum->malformed += s->malformed;
}

void bindings_stats(const struct bindings *b, struct report *r)
{
    struct https_stats h;
    struct coaps_stats c;
    for (size_t i = 0; i < b->n; i++) {
        if (b->https[i] != NULL) {
            https_stats(b->https[i], &h);
            add_https(&r->https, &h);
        }
        if (b->coaps[i] != NULL) {
            coaps_stats(b->coaps[i], &c);
            add_coaps(b->kind[i] == CONFIG_COAPS ? &r->coaps : &r->coaps_tcp, &c);
        }
    }
}
