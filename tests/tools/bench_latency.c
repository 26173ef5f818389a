/* bench-latency [-d] [-k RATE] HOST PORT SERVER-NAME IDENTITY SECONDS < KM-HEX
 *
 * Without -k: makes handshakes one after another for SECONDS, each on a connection of its own, and prints how
 * long each took from the first octet to the last, in microseconds, as a JSON array. -d: DTLS, else TLS.
 *
 * With -k: a stream of clients that nobody knows. RATE handshakes begin each second, with the psk_identity
 * <32 hexadecimal digits>IDENTITY, every time other ones, and go on until they fail or SECONDS have passed;
 * prints how many began and how many failed. */
#include "plain_client.h"
#include "util/text.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STREAM_MAX  1000 /* handshakes of the stream at once */
#define GIVE_UP_S   20.0 /* for one that is measured */
#define GIVE_UP_K_S 8.0  /* for one of the stream */

struct client {
    SSL *ssl;
    double started;
    char identity[160];
    struct plain_psk psk;
};

static struct {
    struct sockaddr_in to;
    const char *name;
    SSL_CTX *ctx;
    bool dtls;
    double seconds;
    struct plain_psk psk;
} bench;

static void die(const char *what)
{
    (void)fprintf(stderr, "bench-latency: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int dial(void)
{
    int on = 1, type = (bench.dtls ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC;
    int fd = socket(AF_INET, type, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&bench.to, sizeof bench.to) != 0)
        die("cannot connect");
    if (!bench.dtls)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void begin(struct client *c, struct plain_psk *psk)
{
    c->started = now();
    int fd = dial();
    BIO *bio = bench.dtls ? BIO_new_dgram(fd, BIO_CLOSE) : BIO_new_socket(fd, BIO_CLOSE);
    c->ssl = SSL_new(bench.ctx);
    if (bio == NULL || c->ssl == NULL || BIO_socket_nbio(fd, 1) != 1)
        die("no connection");
    if (bench.dtls)
        BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, &bench.to);
    SSL_set_bio(c->ssl, bio, bio);
    plain_client_psk(c->ssl, bench.name, psk);
    SSL_set_connect_state(c->ssl);
}

static void end(struct client *c)
{
    (void)SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
    c->ssl = NULL;
}

/* 1: done, 0: waits for octets, -1: failed. */
static int step(struct client *c)
{
    ERR_clear_error();
    int r = SSL_do_handshake(c->ssl);
    if (r == 1)
        return 1;
    int e = SSL_get_error(c->ssl, r);
    return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static int wait_readable(const struct client *c, int ms)
{
    struct pollfd p = {.fd = SSL_get_fd(c->ssl), .events = POLLIN};
    return poll(&p, 1, ms);
}

/* ---- measured, one after another ---- */

static long measure_one(void)
{
    struct client c;
    int r;
    begin(&c, &bench.psk);
    while ((r = step(&c)) == 0) {
        if (wait_readable(&c, 1000) == 0 && bench.dtls)
            (void)DTLSv1_handle_timeout(c.ssl);
        if (now() - c.started > GIVE_UP_S)
            die("a handshake does not end");
    }
    if (r < 0)
        die("a handshake failed");
    long us = (long)((now() - c.started) * 1e6);
    end(&c);
    return us;
}

static void measure(double until)
{
    const char *comma = "[";
    while (now() < until) {
        (void)printf("%s%ld", comma, measure_one());
        comma = ", ";
    }
    (void)puts("]");
}

/* ---- the stream ---- */

static void begin_unknown(struct client *c, const char *suffix, unsigned long n)
{
    (void)snprintf(c->identity, sizeof c->identity, "%08lX%08lX%016lX%s", (unsigned long)getpid(),
                   (unsigned long)time(NULL) & 0xffffffffUL, n, suffix);
    c->psk = bench.psk;
    c->psk.identity = c->identity;
    begin(c, &c->psk);
}

/* One look at all that go on: ends those that failed or take too long. */
static void turn(struct client *clients, unsigned long *failed)
{
    for (size_t i = 0; i < STREAM_MAX; i++) {
        struct client *c = &clients[i];
        if (c->ssl == NULL)
            continue;
        int r = wait_readable(c, 0) > 0 ? step(c) : 0;
        if (bench.dtls && r == 0)
            (void)DTLSv1_handle_timeout(c->ssl);
        *failed += r < 0;
        if (r != 0 || now() - c->started > GIVE_UP_K_S)
            end(c);
    }
}

static struct client *free_slot(struct client *clients)
{
    for (size_t i = 0; i < STREAM_MAX; i++)
        if (clients[i].ssl == NULL)
            return &clients[i];
    die("too many handshakes go on");
    return NULL;
}

static void stream(const char *suffix, double rate, double until)
{
    static struct client clients[STREAM_MAX];
    const struct timespec pause = {.tv_nsec = 5000000};
    unsigned long began = 0, failed = 0;
    double next = now();
    while (now() < until) {
        for (; now() >= next; next += 1 / rate) {
            struct client *c = free_slot(clients);
            begin_unknown(c, suffix, began++);
            (void)step(c);
        }
        turn(clients, &failed);
        (void)nanosleep(&pause, NULL);
    }
    for (size_t i = 0; i < STREAM_MAX; i++)
        if (clients[i].ssl != NULL)
            end(&clients[i]);
    (void)printf("{\"began\": %lu, \"failed\": %lu}\n", began, failed);
}

static double number(const char *text)
{
    uint64_t n = 0;
    if (om_parse_uint(text, 1000000, &n, NULL) != OM_OK)
        die("not a number");
    return (double)n;
}

int main(int argc, char **argv)
{
    double rate = 0;
    char hex[160] = "";
    int c;
    while ((c = getopt(argc, argv, "dk:")) != -1) {
        if (c == 'd')
            bench.dtls = true;
        else if (c == 'k')
            rate = number(optarg);
        else
            die("wrong option");
    }
    char **rest = argv + optind;
    if (argc - optind != 5 || fgets(hex, sizeof hex, stdin) == NULL)
        die("usage: bench-latency [-d] [-k RATE] HOST PORT SERVER-NAME IDENTITY SECONDS < KM-HEX");
    hex[strcspn(hex, "\r\n")] = '\0';
    bench.psk.identity = rest[3];
    if (om_hex_decode(hex, strlen(hex), bench.psk.key, sizeof bench.psk.key, &bench.psk.key_len, NULL) !=
        OM_OK)
        die("the key is not hexadecimal");
    bench.to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)number(rest[1]))};
    if (inet_pton(AF_INET, rest[0], &bench.to.sin_addr) != 1)
        die("bad address");
    struct rlimit files = {STREAM_MAX + 100, STREAM_MAX + 100};
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        die("cannot have that many sockets");
    (void)signal(SIGPIPE, SIG_IGN);
    bench.name = rest[2];
    bench.ctx = bench.dtls ? plain_dtls_ctx("PSK-AES128-CCM8") : plain_client_ctx("PSK-AES128-CBC-SHA256");
    double until = now() + number(rest[4]);
    if (rate > 0)
        stream(rest[3], rate, until);
    else
        measure(until);
    SSL_CTX_free(bench.ctx);
    return 0;
}
