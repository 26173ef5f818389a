/* Listening sockets. Apart from the bindings, because a supervisor opens them and hands them down: a
 * socket that outlives its worker keeps the connections that wait in its queue. */
#ifndef OPENMAF_BIND_LISTEN_H
#define OPENMAF_BIND_LISTEN_H

#include "util/error.h"

#include <stdint.h>

/* A non-blocking, close-on-exec listening socket on a numeric address. SO_REUSEPORT, so that each worker may
 * have its own; TCP_NODELAY, which accepted connections inherit (without it small responses wait for delayed
 * ACKs: 723 instead of 62 000 requests a second). port 0: any free one. OM_ECONFIG. */
OM_MUST_USE om_rc listen_tcp(const char *host, uint16_t port, int *fd, struct om_error *err);

/* The same without SO_REUSEPORT: fails when anybody listens there already. */
OM_MUST_USE om_rc listen_tcp_alone(const char *host, uint16_t port, int *fd, struct om_error *err);

/* A non-blocking, close-on-exec UDP socket on a numeric address, with SO_REUSEPORT, that tells for each
 * datagram to which local address it came. port and errors as above. */
OM_MUST_USE om_rc listen_udp(const char *host, uint16_t port, int *fd, struct om_error *err);

/* The same without SO_REUSEPORT: fails when anybody has the address already. */
OM_MUST_USE om_rc listen_udp_alone(const char *host, uint16_t port, int *fd, struct om_error *err);

/* The port a socket is bound to; 0 when it is not. */
uint16_t listen_port(int fd);

#endif
