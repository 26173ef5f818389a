/* maf: who gets a DTLS session. All first datagrams arrive at one socket; a source that returns the cookie
 * (RFC 6347 section 4.2.1) gets a socket of its own, connected to it, and only then costs memory and the
 * token. */
#ifndef OPENMAF_CLI_MAF_DATAGRAM_H
#define OPENMAF_CLI_MAF_DATAGRAM_H

#include "cli/maf_address.h"

#include <openssl/ssl.h>

#define MAF_DATAGRAM_MAX 2048 /* octets; a ClientHello of ours has some 200 */

struct maf_datagram {
    struct maf_address from, to;
    size_t len;
    uint8_t octets[MAF_DATAGRAM_MAX];
};

/* Makes a bound socket tell to which local address each datagram came. */
int maf_datagram_prepare(int fd, struct openmaf_error *error);

/* The next datagram of fd, without waiting; false: there is none. */
bool maf_datagram_receive(int fd, struct maf_datagram *d);

/* Answers a ClientHello. *out is a new SSL for its source once it has returned a cookie, with *peer_fd, a
 * socket connected to it; else NULL. *spare is an SSL that waits for the next one, NULL at first; the caller
 * frees it in the end. */
int maf_datagram_hello(SSL_CTX *ctx, int fd, const struct maf_datagram *d, SSL **spare, SSL **out,
                       int *peer_fd, struct openmaf_error *error);

/* For a client: a connected socket of its own. */
bool maf_datagram_attach(SSL *ssl, int fd);

#endif
