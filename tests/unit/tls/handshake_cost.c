/* handshake-cost KIND COUNT: server CPU per handshake on one kind of token, in memory, next to stock OpenSSL
 * with the key in RAM and without tickets and cache, one after the other in the same run. Prints one JSON
 * object per line. Not a test: for the benchmark and for whoever changes src/tls. */
#include "fixture_tls.h"

#include <inttypes.h>

#define BATCHES 20

enum mode { MODE_PLAIN, MODE_PSK, MODE_SESSION, MODES };
static const char *const mode_names[MODES] = {"plain", "psk", "session"};

static SSL_CTX *server_of(enum mode mode, bool dtls, const char *suite)
{
    if (mode == MODE_PLAIN) {
        /* As ours: neither ticket nor cached session, which would cost more than they seem to. */
        SSL_CTX *plain = known_plain(true, dtls, suite);
        SSL_CTX_set_options(plain, SSL_OP_NO_TICKET);
        (void)SSL_CTX_set_session_cache_mode(plain, SSL_SESS_CACHE_OFF);
        return plain;
    }
    struct omtls_server cfg = tls_server_config(mode == MODE_PSK ? OMTLS_CUSTODY_PSK : OMTLS_CUSTODY_SESSION);
    cfg.suites = suite;
    return our_server(dtls, &cfg);
}

/* One connection's whole life at the server, its end included. */
static uint64_t one(SSL_CTX *client, SSL_CTX *server)
{
    struct handshake h = {.measure = true};
    uint64_t before = handshake_cpu_now();
    SSL *ssl = SSL_new(server);
    uint64_t cpu = handshake_cpu_now() - before;
    handshake_join(&h, SSL_new(client), ssl);
    if (!handshake_run(&h))
        fail_msg("a handshake failed");
    SSL_free(h.client);
    before = handshake_cpu_now();
    SSL_free(h.server);
    return cpu + h.server_cpu + handshake_cpu_now() - before;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Batches of the modes take turns, so that what else the machine does hits all alike. */
static void measure(const char *kind, const char *suite, bool dtls, unsigned count)
{
    SSL_CTX *client = known_plain(false, dtls, suite);
    unsigned per_batch = count / BATCHES;
    SSL_CTX *servers[MODES];
    uint64_t batches[MODES][BATCHES];
    for (int m = 0; m < MODES; m++)
        servers[m] = server_of((enum mode)m, dtls, suite);
    for (int batch = 0; batch < BATCHES; batch++)
        for (int m = 0; m < MODES; m++) {
            batches[m][batch] = 0;
            for (unsigned i = 0; i < per_batch; i++)
                batches[m][batch] += one(client, servers[m]);
        }
    double plain = 0;
    for (int m = 0; m < MODES; m++) {
        qsort(batches[m], BATCHES, sizeof batches[m][0], compare);
        uint64_t median = batches[m][BATCHES / 2];
        double us = (double)median / per_batch / 1000.0;
        plain = m == MODE_PLAIN ? us : plain;
        (void)printf("{\"token\": \"%s\", \"transport\": \"%s\", \"suite\": \"%s\", \"custody\": \"%s\", "
                     "\"server_us\": %.1f, \"ratio\": %.2f}\n",
                     kind, dtls ? "dtls" : "tls", suite, mode_names[m], us, us / plain);
        SSL_CTX_free(servers[m]);
    }
    SSL_CTX_free(client);
}

int main(int argc, char **argv)
{
    uint64_t count = 0;
    if (argc != 3 || om_parse_uint(argv[2], 1000000, &count, NULL) != OM_OK || count < BATCHES) {
        (void)fprintf(stderr, "usage: handshake-cost softhsm|softokn|ram COUNT (at least %d)\n", BATCHES);
        return 2;
    }
    fixture_kind(2, argv);
    (void)tls_setup(NULL);
    measure(argv[1], "PSK-AES128-CBC-SHA256", false, (unsigned)count);
    measure(argv[1], "PSK-AES128-CCM8", false, (unsigned)count);
    measure(argv[1], "PSK-AES128-CCM8", true, (unsigned)count);
    (void)tls_teardown(NULL);
    return 0;
}
