/* <dir>/run/metrics.prom: see rundir.h. */
#include "daemon/rundir.h"

#include <stdio.h>
#include <stdlib.h>

struct metric {
    const char *name, *type, *help;
    size_t offset; /* in struct report */
    bool is_size;  /* size_t, else uint64_t */
};

#define COUNTER(n, m, h)                                                                                     \
    {                                                                                                        \
        n, "counter", h, offsetof(struct report, m), false                                                   \
    }
#define GAUGE(n, m, h)                                                                                       \
    {                                                                                                        \
        n, "gauge", h, offsetof(struct report, m), true                                                      \
    }

static const struct metric metrics[] = {
    GAUGE("https_connections", https.connections, "open HTTPS connections"),
    COUNTER("https_accepted_total", https.accepted, "HTTPS connections accepted"),
    COUNTER("https_handshakes_total", https.handshakes, "TLS handshakes completed"),
    COUNTER("https_handshake_failures_total", https.handshake_failures, "TLS handshakes not completed"),
    COUNTER("https_requests_total", https.requests, "HTTP requests read"),
    COUNTER("https_malformed_total", https.malformed, "octets that were not HTTP, or beyond a limit"),
    COUNTER("https_timeouts_total", https.timeouts, "connections closed for being slow or idle"),
    COUNTER("https_limit_total", https.refused_limit, "times that max_connections stopped accepting"),
    COUNTER("https_address_limit_total", https.refused_address,
            "connections refused by their address's limit"),
    GAUGE("coaps_sessions", coaps.sessions, "open DTLS sessions"),
    GAUGE("coaps_buffered_octets", coaps.buffered, "octets of blocks and answers kept"),
    COUNTER("coaps_accepted_total", coaps.accepted, "DTLS sessions begun"),
    COUNTER("coaps_handshakes_total", coaps.handshakes, "DTLS handshakes completed"),
    COUNTER("coaps_handshake_failures_total", coaps.handshake_failures, "DTLS handshakes not completed"),
    COUNTER("coaps_requests_total", coaps.requests, "CoAP requests read"),
    COUNTER("coaps_duplicates_total", coaps.duplicates, "requests that came again"),
    COUNTER("coaps_malformed_total", coaps.malformed, "datagrams and messages that meant nothing"),
    COUNTER("coaps_timeouts_total", coaps.timeouts, "sessions closed for being slow or idle"),
    COUNTER("coaps_limit_total", coaps.refused_limit, "sessions refused by a limit"),
    GAUGE("coaps_tcp_sessions", coaps_tcp.sessions, "open CoAP over TLS sessions"),
    GAUGE("coaps_tcp_buffered_octets", coaps_tcp.buffered, "octets of blocks and answers kept"),
    COUNTER("coaps_tcp_accepted_total", coaps_tcp.accepted, "CoAP over TLS sessions begun"),
    COUNTER("coaps_tcp_handshakes_total", coaps_tcp.handshakes, "CoAP over TLS handshakes completed"),
    COUNTER("coaps_tcp_handshake_failures_total", coaps_tcp.handshake_failures,
            "CoAP over TLS handshakes not completed"),
    COUNTER("coaps_tcp_requests_total", coaps_tcp.requests, "CoAP requests read"),
    COUNTER("coaps_tcp_duplicates_total", coaps_tcp.duplicates, "requests that came again"),
    COUNTER("coaps_tcp_malformed_total", coaps_tcp.malformed, "datagrams and messages that meant nothing"),
    COUNTER("coaps_tcp_timeouts_total", coaps_tcp.timeouts, "sessions closed for being slow or idle"),
    COUNTER("coaps_tcp_limit_total", coaps_tcp.refused_limit, "sessions refused by a limit"),
    COUNTER("psk_found_total", maf.psk_found, "KmIDs found"),
    COUNTER("psk_unknown_total", maf.psk_unknown, "KmIDs that are unknown"),
    COUNTER("psk_expired_total", maf.psk_expired, "KmIDs that have expired"),
    COUNTER("psk_revoked_total", maf.psk_revoked, "KmIDs that were revoked"),
    COUNTER("psk_bad_row_total", maf.psk_bad_row, "credentials whose row does not verify"),
    COUNTER("certificates_found_total", maf.certificates_found, "client certificates accepted"),
    COUNTER("certificates_refused_total", maf.certificates_refused, "client certificates refused"),
    GAUGE("certificate_not_after_seconds", certificate_not_after,
          "when the daemon's certificate ends, seconds since 1970; 0: it has none"),
    COUNTER("requests_total", maf.requests, "requests handled"),
    COUNTER("responses_ok_total", maf.responses_ok, "responses 2xxx"),
    COUNTER("responses_4xxx_total", maf.responses_4xxx, "responses 4xxx"),
    COUNTER("responses_5xxx_total", maf.responses_5xxx, "responses 5xxx"),
    COUNTER("key_cache_hits_total", maf.cache.hits, "keys found loaded"),
    COUNTER("key_cache_misses_total", maf.cache.misses, "keys loaded into the token"),
    GAUGE("key_cache_loaded", maf.cache.loaded, "keys loaded in the token"),
    GAUGE("mef_fetching", mefs.fetching, "keys being fetched from MEFs"),
    COUNTER("mef_fetched_total", mefs.fetched, "keys fetched from MEFs"),
    COUNTER("mef_refused_total", mefs.refused, "KeIDs that a MEF does not know or refuses"),
    COUNTER("mef_unanswered_total", mefs.unanswered, "questions that a MEF did not answer"),
    COUNTER("mef_suppressed_total", mefs.suppressed, "handshakes refused without asking a MEF"),
    GAUGE("tls_session_keys", tls.session_keys, "TLS secrets held as token keys"),
};

static unsigned long long value_of(const struct report *r, const struct metric *m)
{
    const char *at = (const char *)r + m->offset;
    return m->is_size ? *(const size_t *)(const void *)at : *(const uint64_t *)(const void *)at;
}

static void print_head(FILE *f, const char *of, const char *name, const char *type, const char *help)
{
    (void)fprintf(f, "# HELP open%s_%s %s\n# TYPE open%s_%s %s\n", of, name, help, of, name, type);
}

static void print_metrics(FILE *f, const struct generation *g)
{
    const char *of = g->cfg.kind->section;
    print_head(f, of, "worker_up", "gauge", "the worker serves, and its token and store answer");
    for (unsigned n = 0; n < g->cfg.workers; n++)
        (void)fprintf(f, "open%s_worker_up{worker=\"%u\"} %d\n", of, n,
                      g->slots[n].ready && g->slots[n].last.rc == OM_OK);
    print_head(f, of, "worker_restarts_total", "counter", "times that the worker had to be started again");
    for (unsigned n = 0; n < g->cfg.workers; n++)
        (void)fprintf(f, "open%s_worker_restarts_total{worker=\"%u\"} %llu\n", of, n,
                      (unsigned long long)g->slots[n].restarts);
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        print_head(f, of, metrics[i].name, metrics[i].type, metrics[i].help);
        for (unsigned n = 0; n < g->cfg.workers; n++)
            (void)fprintf(f, "open%s_%s{worker=\"%u\"} %llu\n", of, metrics[i].name, n,
                          value_of(&g->slots[n].last, &metrics[i]));
    }
}

om_rc rundir_metrics(const struct generation *g, struct om_error *err)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (f == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for metrics");
    print_metrics(f, g);
    om_rc rc = fclose(f) == 0 ? rundir_write(g->cfg.dir, "metrics.prom", text, n, err)
                              : om_fail(err, OM_ENOMEM, "no memory for metrics");
    free(text);
    return rc;
}
