/* See relay.h. */
#include "relay.h"
#include "peer_internal.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct relay {
    pthread_t thread;
    int stopping[2];
    int front, back; /* sockets to the client and, for each port of it, to the MAF; -1: none yet */
    uint16_t port;
    struct sockaddr_in maf, client;
    relay_loses *loses;
    void *arg;
    unsigned count[2];
};

static int udp_socket(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    peer_need(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0, "a UDP socket");
    return fd;
}

/* A client with another port is another client to the MAF, too. */
static void note_client(struct relay *r, const struct sockaddr_in *from)
{
    if (r->back >= 0 && from->sin_port == r->client.sin_port)
        return;
    if (r->back >= 0)
        (void)close(r->back);
    r->client = *from;
    r->back = udp_socket();
}

static void forward(struct relay *r, int way)
{
    uint8_t octets[2048];
    struct sockaddr_in from = {0};
    socklen_t len = sizeof from;
    ssize_t n =
        recvfrom(way == 0 ? r->front : r->back, octets, sizeof octets, 0, (struct sockaddr *)&from, &len);
    if (n < 0)
        return;
    if (way == 0)
        note_client(r, &from);
    if (r->loses(r->arg, way, r->count[way]++, octets, (size_t)n))
        return;
    const struct sockaddr_in *to = way == 0 ? &r->maf : &r->client;
    (void)sendto(way == 0 ? r->back : r->front, octets, (size_t)n, 0, (const struct sockaddr *)to,
                 sizeof *to);
}

static void *run(void *arg)
{
    struct relay *r = arg;
    for (;;) {
        struct pollfd fds[] = {{.fd = r->stopping[0], .events = POLLIN},
                               {.fd = r->front, .events = POLLIN},
                               {.fd = r->back, .events = POLLIN}};
        (void)poll(fds, 3, -1);
        if (fds[1].revents != 0)
            forward(r, 0);
        if (fds[2].revents != 0 && fds[2].fd == r->back)
            forward(r, 1);
        if (fds[0].revents != 0)
            return NULL;
    }
}

struct relay *relay_start(uint16_t port, relay_loses *loses, void *arg)
{
    struct relay *r = calloc(1, sizeof *r);
    socklen_t len = sizeof r->client;
    peer_need(r != NULL && pipe(r->stopping) == 0, "calloc");
    r->front = udp_socket();
    r->back = -1;
    peer_need(getsockname(r->front, (struct sockaddr *)&r->client, &len) == 0, "getsockname");
    r->port = ntohs(r->client.sin_port);
    r->maf = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    r->loses = loses;
    r->arg = arg;
    peer_need(pthread_create(&r->thread, NULL, run, r) == 0, "thread");
    return r;
}

uint16_t relay_port(const struct relay *relay)
{
    return relay->port;
}

void relay_stop(struct relay *relay)
{
    (void)close(relay->stopping[1]);
    (void)pthread_join(relay->thread, NULL);
    (void)close(relay->stopping[0]);
    (void)close(relay->front);
    if (relay->back >= 0)
        (void)close(relay->back);
    free(relay);
}
