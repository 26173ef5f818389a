/* Sockets as a library may use them inside somebody else's process. */
#ifndef OPENMAF_CLIENT_NET_H
#define OPENMAF_CLIENT_NET_H

#include "util/secret.h"

#include <event2/buffer.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define NET_ADDRESSES_MAX 8
#define NET_HOST_SIZE     64

struct net_address {
    struct sockaddr_storage addr;
    socklen_t len;
    char host[NET_HOST_SIZE];     /* numeric */
    char text[NET_HOST_SIZE + 8]; /* host:port, for messages */
};

/* Addresses of host, in the resolver's order; at most NET_ADDRESSES_MAX. Blocks as long as the system's
 * resolver does. OM_ETRANSIENT, or OM_ECONFIG when the name does not exist. */
OM_MUST_USE om_rc net_resolve(const char *host, uint16_t port, struct net_address out[NET_ADDRESSES_MAX],
                              size_t *n, struct om_error *err);

/* 0 when the socket is connected (TCP_NODELAY is then set: requests are single small writes), else why it is
 * not. */
int net_connected(int fd);

/* Moves the first n octets of a buffer, or all when there are fewer, into a secret, and wipes them where they
 * were. */
OM_MUST_USE om_rc net_take(struct evbuffer *buffer, size_t n, struct om_secret *out, struct om_error *err);

/* Appends octets to a buffer in memory that is wiped once they are sent. */
OM_MUST_USE om_rc net_put(struct evbuffer *buffer, const void *octets, size_t n, struct om_error *err);

/* Milliseconds on a clock that only goes forward. */
int64_t net_milliseconds(void);

/* Between the two, a write to a closed connection raises no SIGPIPE in this thread, and none is left behind.
 * No signal handler is touched. */
struct net_sigpipe {
    sigset_t before;
    bool pending_before;
};
void net_sigpipe_block(struct net_sigpipe *state);
void net_sigpipe_restore(const struct net_sigpipe *state);

#endif
