/* An interposer on the way to swtpm: see bus.h. */
#include "bus.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_MAX  BUS_MESSAGE_MAX
#define HEADER       10
#define RECORD_MAX   (8u << 20)
#define COMMANDS_MAX 8192

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    int listener, stop[2];
    unsigned to;
    struct bus_fault fault;
    bus_forger *forger;
    unsigned matched, hits, n_commands;
    uint32_t commands[COMMANDS_MAX];
    uint8_t *record;
    size_t recorded;
} bus = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void die(const char *what)
{
    (void)fprintf(stderr, "bus: %s: %s\n", what, strerror(errno));
    abort();
}

static struct sockaddr_in loopback(unsigned port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

/* --- octets --- */

/* False when the other end, or the test, is done. */
static bool read_all(int fd, uint8_t *out, size_t n)
{
    while (n > 0) {
        struct pollfd p[] = {{fd, POLLIN, 0}, {bus.stop[0], POLLIN, 0}};
        if (poll(p, 2, -1) < 0 || p[1].revents != 0)
            return false;
        ssize_t got = recv(fd, out, n, 0);
        if (got <= 0)
            return false;
        out += got;
        n -= (size_t)got;
    }
    return true;
}

static bool write_all(int fd, const uint8_t *octets, size_t n)
{
    return send(fd, octets, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_u32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static size_t read_message(int fd, uint8_t out[MESSAGE_MAX])
{
    if (!read_all(fd, out, HEADER))
        return 0;
    size_t n = u32(out + 2);
    if (n < HEADER || n > MESSAGE_MAX || !read_all(fd, out + HEADER, n - HEADER))
        return 0;
    return n;
}

/* --- what happened, and what shall happen --- */

static void record(const uint8_t *message, size_t n)
{
    (void)pthread_mutex_lock(&bus.lock);
    if (bus.recorded + n <= RECORD_MAX) {
        memcpy(bus.record + bus.recorded, message, n);
        bus.recorded += n;
    }
    (void)pthread_mutex_unlock(&bus.lock);
}

static struct bus_fault next_fault(uint32_t command)
{
    struct bus_fault f = {0};
    (void)pthread_mutex_lock(&bus.lock);
    if (bus.n_commands < COMMANDS_MAX)
        bus.commands[bus.n_commands++] = command;
    if (bus.fault.kind != 0 && (bus.fault.command == 0 || bus.fault.command == command)) {
        unsigned nth = bus.matched++;
        if (nth >= bus.fault.skip && (bus.fault.times == 0 || nth < bus.fault.skip + bus.fault.times)) {
            f = bus.fault;
            bus.hits++;
        }
    }
    (void)pthread_mutex_unlock(&bus.lock);
    return f;
}

/* Waits until the client gives up. */
static void be_silent(int client)
{
    uint8_t octet;
    (void)read_all(client, &octet, 1);
}

static bool answer(int client, uint32_t code)
{
    uint8_t response[HEADER] = {0x80, 0x01, 0, 0, 0, HEADER};
    put_u32(response + 6, code);
    return write_all(client, response, sizeof response);
}

static bool forward(int client, int tpm, const struct bus_fault *f, uint8_t *message, size_t n)
{
    uint32_t command = u32(message + 6);
    if (!write_all(tpm, message, n) || (n = read_message(tpm, message)) == 0)
        return false;
    record(message, n);
    switch (f->kind) {
    case BUS_FORGE:
        bus.forger(command, message, &n);
        return write_all(client, message, n);
    case BUS_LOSE:
        return false;
    case BUS_FLIP: {
        size_t at = (size_t)(f->value >= 0 ? f->value : (int64_t)n + f->value);
        if (at < n)
            message[at] ^= 0x10;
        return write_all(client, message, n);
    }
    case BUS_SHORT:
        (void)write_all(client, message, n - 1);
        return false;
    case BUS_LONG:
        put_u32(message + 2, 0x7fffffff);
        return write_all(client, message, n);
    default:
        return write_all(client, message, n);
    }
}

static bool pass_one(int client, int tpm)
{
    uint8_t message[MESSAGE_MAX];
    size_t n = read_message(client, message);
    if (n == 0)
        return false;
    record(message, n);
    struct bus_fault f = next_fault(u32(message + 6));
    switch (f.kind) {
    case BUS_ANSWER:
        return answer(client, (uint32_t)f.value);
    case BUS_DROP:
        return false;
    case BUS_SILENT:
        be_silent(client);
        return false;
    default:
        return forward(client, tpm, &f, message, n);
    }
}

/* --- connections --- */

static void serve(int client)
{
    struct sockaddr_in to = loopback(bus.to);
    int tpm = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    (void)setsockopt(tpm, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(tpm, (struct sockaddr *)&to, sizeof to) == 0)
        while (pass_one(client, tpm))
            ;
    (void)close(tpm);
    (void)close(client);
}

static void *run(void *arg)
{
    (void)arg;
    for (;;) {
        struct pollfd p[] = {{bus.listener, POLLIN, 0}, {bus.stop[0], POLLIN, 0}};
        if (poll(p, 2, -1) < 0 || p[1].revents != 0)
            return NULL;
        int client = accept4(bus.listener, NULL, NULL, SOCK_CLOEXEC);
        if (client >= 0)
            serve(client);
    }
}

unsigned bus_start(unsigned to)
{
    struct sockaddr_in at = loopback(0);
    socklen_t len = sizeof at;
    bus.to = to;
    bus.recorded = 0;
    bus.record = malloc(RECORD_MAX);
    bus.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bus.record == NULL || pipe2(bus.stop, O_CLOEXEC) != 0 ||
        bind(bus.listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(bus.listener, 1) != 0 ||
        getsockname(bus.listener, (struct sockaddr *)&at, &len) != 0)
        die("start");
    bus_set(NULL);
    if (pthread_create(&bus.thread, NULL, run, NULL) != 0)
        die("thread");
    return ntohs(at.sin_port);
}

void bus_stop(void)
{
    if (bus.record == NULL)
        return;
    if (write(bus.stop[1], "", 1) != 1)
        die("stop");
    (void)pthread_join(bus.thread, NULL);
    (void)close(bus.listener);
    (void)close(bus.stop[0]);
    (void)close(bus.stop[1]);
    free(bus.record);
    bus.record = NULL;
}

/* --- the test's side --- */

void bus_set(const struct bus_fault *fault)
{
    (void)pthread_mutex_lock(&bus.lock);
    bus.fault = fault != NULL ? *fault : (struct bus_fault){0};
    bus.matched = bus.hits = bus.n_commands = 0;
    (void)pthread_mutex_unlock(&bus.lock);
}

void bus_forge(bus_forger *forger)
{
    (void)pthread_mutex_lock(&bus.lock);
    bus.forger = forger;
    (void)pthread_mutex_unlock(&bus.lock);
}

unsigned bus_count(uint32_t command)
{
    unsigned n = 0;
    (void)pthread_mutex_lock(&bus.lock);
    for (unsigned i = 0; i < bus.n_commands; i++)
        n += command == 0 || bus.commands[i] == command ? 1 : 0;
    (void)pthread_mutex_unlock(&bus.lock);
    return n;
}

unsigned bus_hits(void)
{
    (void)pthread_mutex_lock(&bus.lock);
    unsigned n = bus.hits;
    (void)pthread_mutex_unlock(&bus.lock);
    return n;
}

bool bus_carried(const void *octets, size_t n)
{
    (void)pthread_mutex_lock(&bus.lock);
    bool found = memmem(bus.record, bus.recorded, octets, n) != NULL;
    (void)pthread_mutex_unlock(&bus.lock);
    return found;
}
