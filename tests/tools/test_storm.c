/* test-storm HOST PORT SERVER-NAME FLEET-FILE COUNT
 *
 * A restart storm: COUNT devices (lines of the fleet file: identity, KmID, hexadecimal Km) open DTLS 1.2 PSK
 * sessions all at once, from one socket each, with plain OpenSSL. Each device, once through, asks for the
 * MAFBase with a hand-made CoAP GET and must get a 2.05. Lost datagrams are sent again as DTLS and CoAP say;
 * a session that fails is opened again a bounded number of times. Prints JSON: devices served, handshakes
 * begun, requests sent, seconds. Exit 1 unless all were served. */
#include "plain_client.h"
#include "util/text.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TRIES         6   /* sessions per device */
#define RESEND_AFTER  2.0 /* seconds, doubled each time (RFC 7252 ACK_TIMEOUT) */
#define RESENDS       5
#define GIVE_UP_AFTER 180.0
#define SESSION_LIMIT 40.0 /* seconds for one session */

struct device {
    char id[128], kmid[128];
    struct plain_psk psk;
    SSL *ssl;
    unsigned tries, resends;
    double started, resend_at;
    bool sent, served;
};

static struct {
    struct sockaddr_in to;
    const char *name;
    SSL_CTX *ctx;
    int epoll;
    struct device *devices;
    size_t n, opened, served, window;
    const char *path;
    bool plain;
    unsigned long handshakes, requests, failures;
} storm;

static void die(const char *what)
{
    (void)fprintf(stderr, "test-storm: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void close_session(struct device *d)
{
    if (d->ssl == NULL)
        return;
    int fd = SSL_get_fd(d->ssl);
    (void)SSL_shutdown(d->ssl);
    SSL_free(d->ssl);
    (void)close(fd);
    d->ssl = NULL;
}

static void open_session(struct device *d)
{
    if (++d->tries > TRIES)
        die("a device used up its tries");
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&storm.to, sizeof storm.to) != 0)
        die("no socket");
    BIO *bio = BIO_new_dgram(fd, BIO_NOCLOSE);
    BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, &storm.to);
    d->ssl = SSL_new(storm.ctx);
    plain_client_psk(d->ssl, storm.name, &d->psk);
    SSL_set_bio(d->ssl, bio, bio);
    SSL_set_connect_state(d->ssl);
    d->started = now();
    d->sent = false;
    d->resends = 0;
    storm.handshakes++;
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = d};
    if (epoll_ctl(storm.epoll, EPOLL_CTL_ADD, fd, &ev) != 0)
        die("epoll");
}

/* One CoAP option; delta and length below 269. */
static size_t option(uint8_t *out, unsigned *last, unsigned number, const char *value)
{
    size_t n = strlen(value), at = 1;
    unsigned delta = number - *last;
    *last = number;
    out[0] = (uint8_t)((delta < 13 ? delta : 13) << 4 | (n < 13 ? n : 13));
    if (delta >= 13)
        out[at++] = (uint8_t)(delta - 13);
    if (n >= 13)
        out[at++] = (uint8_t)(n - 13);
    memcpy(out + at, value, n);
    return at + n;
}

/* CON GET, with oneM2M-RVI 3, oneM2M-FR and oneM2M-RQI (TS-0008). */
static void send_request(struct device *d)
{
    uint8_t m[512] = {0x41, 0x01, 0x12, 0x34, 0x77};
    size_t n = 5;
    unsigned last = 0;
    char path[128];
    (void)snprintf(path, sizeof path, "%s", storm.path);
    char *rest = NULL;
    for (char *segment = strtok_r(path, "/", &rest); segment != NULL; segment = strtok_r(NULL, "/", &rest))
        n += option(m + n, &last, 11, segment);
    if (!storm.plain) {
        n += option(m + n, &last, 271, "3");
        n += option(m + n, &last, 279, d->id);
        n += option(m + n, &last, 283, "storm");
    }
    (void)SSL_write(d->ssl, m, (int)n);
    d->sent = true;
    d->resend_at = now() + RESEND_AFTER * (double)(1u << d->resends);
    storm.requests++;
}

static void again(struct device *d)
{
    storm.failures++;
    close_session(d);
    open_session(d);
}

static void read_response(struct device *d)
{
    uint8_t m[2048];
    int n;
    while ((n = SSL_read(d->ssl, m, sizeof m)) > 0) {
        if (n >= 4 && m[1] == 0x45) { /* 2.05 */
            d->served = true;
            storm.served++;
            close_session(d);
            return;
        }
        if (n >= 4 && m[1] >= 0x80)
            die("the MAF answered with an error");
    }
    int e = SSL_get_error(d->ssl, n);
    if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE)
        again(d);
}

static void step(struct device *d)
{
    ERR_clear_error();
    if (!SSL_is_init_finished(d->ssl)) {
        int r = SSL_do_handshake(d->ssl);
        if (r != 1) {
            int e = SSL_get_error(d->ssl, r);
            if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE)
                again(d);
            return;
        }
        send_request(d);
    }
    read_response(d);
}

/* Timers of a device that waits. */
static void tick(struct device *d, double t)
{
    if (d->served || d->ssl == NULL)
        return;
    if (t - d->started > SESSION_LIMIT) {
        again(d);
    } else if (!d->sent) {
        if (DTLSv1_handle_timeout(d->ssl) < 0)
            again(d);
    } else if (t > d->resend_at) {
        if (++d->resends > RESENDS)
            again(d);
        else
            send_request(d);
    }
}

static void load(const char *path, size_t count)
{
    FILE *f = fopen(path, "r");
    char hex[160];
    storm.devices = calloc(count, sizeof *storm.devices);
    if (f == NULL || storm.devices == NULL)
        die("cannot open the fleet file");
    for (storm.n = 0; storm.n < count; storm.n++) {
        struct device *d = &storm.devices[storm.n];
        int words = fscanf(f, "%127s %127s %159s", d->id, d->kmid, hex);
        if (words == EOF && storm.n > 0) {
            rewind(f);
            words = fscanf(f, "%127s %127s %159s", d->id, d->kmid, hex);
        }
        if (words != 3 ||
            om_hex_decode(hex, strlen(hex), d->psk.key, sizeof d->psk.key, &d->psk.key_len, NULL) != OM_OK)
            die("the fleet file is empty or malformed");
        d->psk.identity = d->kmid;
    }
    (void)fclose(f);
}

static void open_more(void)
{
    while (storm.opened < storm.n && storm.opened - storm.served < storm.window) {
        struct device *d = &storm.devices[storm.opened++];
        open_session(d);
        step(d);
    }
}

static void take_events(void)
{
    struct epoll_event events[256];
    int n = epoll_wait(storm.epoll, events, 256, 50);
    for (int i = 0; i < n; i++) {
        struct device *d = events[i].data.ptr;
        if (d->ssl != NULL)
            step(d);
    }
}

static void run(double start)
{
    double next_tick = start + 0.2;
    while (storm.served < storm.n) {
        open_more();
        take_events();
        double t = now();
        if (t > next_tick) {
            for (size_t i = 0; i < storm.opened; i++)
                tick(&storm.devices[i], t);
            next_tick = t + 0.2;
        }
        if (t - start > GIVE_UP_AFTER) {
            (void)fprintf(stderr, "test-storm: %zu of %zu served after %.0f s\n", storm.served, storm.n,
                          t - start);
            exit(1);
        }
    }
}

static void read_arguments(int argc, char **argv)
{
    uint64_t port = 0, count = 0, window = 100000;
    int c;
    storm.path = "-";
    while ((c = getopt(argc, argv, "p:w:n")) != -1) {
        if (c == 'p')
            storm.path = optarg;
        else if (c == 'n')
            storm.plain = true;
        else if (c != 'w' || om_parse_uint(optarg, 100000, &window, NULL) != OM_OK || window == 0)
            die("wrong option");
    }
    char **rest = argv + optind;
    if (argc - optind != 5 || om_parse_uint(rest[1], 65535, &port, NULL) != OM_OK ||
        om_parse_uint(rest[4], 1000000, &count, NULL) != OM_OK)
        die("usage: test-storm [-p PATH] [-w WINDOW] [-n] HOST PORT SERVER-NAME FLEET-FILE COUNT");
    storm.to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, rest[0], &storm.to.sin_addr) != 1)
        die("bad address");
    storm.name = rest[2];
    storm.window = window;
    load(rest[3], count);
}

int main(int argc, char **argv)
{
    read_arguments(argc, argv);
    size_t sockets = storm.window < storm.n ? storm.window : storm.n;
    struct rlimit files = {sockets + 100, sockets + 100};
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        die("cannot have that many sockets");
    storm.ctx = plain_dtls_ctx("PSK-AES128-CCM8");
    storm.epoll = epoll_create1(EPOLL_CLOEXEC);
    double start = now();
    run(start);
    (void)printf(
        "{\"served\": %zu, \"handshakes\": %lu, \"requests\": %lu, \"failures\": %lu, \"seconds\": %.3f}\n",
        storm.served, storm.handshakes, storm.requests, storm.failures, now() - start);
    free(storm.devices);
    SSL_CTX_free(storm.ctx);
    return 0;
}
