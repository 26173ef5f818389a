/* maf: sockets for connect and listen, and the addresses that they are made from. All are non-blocking and
 * close-on-exec. */
#ifndef OPENMAF_CLI_MAF_ADDRESS_H
#define OPENMAF_CLI_MAF_ADDRESS_H

#include "cli/maf.h"

#include <sys/socket.h>

#define MAF_ADDRESSES_MAX 8
#define MAF_ADDRESS_TEXT  128

struct maf_address {
    struct sockaddr_storage addr;
    socklen_t len;
};

/* HOST:PORT, [IPv6]:PORT, for `listening` also PORT alone (every address of this host). Resolved; at most
 * MAF_ADDRESSES_MAX. A text with a '/' is the path of a UNIX socket, where `local` allows that. */
int maf_resolve(const char *text, bool listening, bool local, struct maf_address out[MAF_ADDRESSES_MAX],
                size_t *n, struct openmaf_error *error);

/* "192.0.2.1:5684", "[2001:db8::1]:5684" or a path. */
void maf_address_text(const struct maf_address *address, char out[MAF_ADDRESS_TEXT]);

/* A listening stream socket; a UNIX socket is made for the user only, in place of one that nobody serves any
 * more. */
int maf_listen_stream(const struct maf_address *address, int *fd, struct openmaf_error *error);

/* Closes it; a UNIX socket's file goes too. */
void maf_unlisten(int fd);

/* A UDP socket bound to address. Several may have the same, for a connected socket to each peer: `first`
 * makes sure that nobody else has it. */
int maf_bind_datagram(const struct maf_address *address, bool first, int *fd, struct openmaf_error *error);

/* Begins to connect: *fd may not be connected yet. type: SOCK_STREAM or SOCK_DGRAM. */
int maf_connect_begin(const struct maf_address *address, int type, int *fd, struct openmaf_error *error);

/* The address that a socket is bound to. */
void maf_address_of(int fd, struct maf_address *out);

#endif
