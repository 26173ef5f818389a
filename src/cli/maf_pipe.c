/* maf: moving octets, see maf_pipe.h. */
#include "cli/maf_pipe.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* What a pipe that is ready for writing takes without blocking, whoever else holds it (POSIX PIPE_BUF). */
#define PIPE_TAKES 4096

/* Standard input and output belong to others too: they are not made non-blocking, but asked first. */
static bool ready(int fd, short what)
{
    struct pollfd p = {.fd = fd, .events = what};
    return poll(&p, 1, 0) == 1 && p.revents != 0;
}

static enum maf_moved failed(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? MAF_WAITS : MAF_BROKEN;
}

enum maf_moved maf_pipe_read(int fd, bool socket, struct maf_piece *piece, size_t max)
{
    if (!socket && !ready(fd, POLLIN))
        return MAF_WAITS;
    size_t room = max < sizeof piece->octets ? max : sizeof piece->octets;
    ssize_t n = socket ? recv(fd, piece->octets, room, MSG_DONTWAIT) : read(fd, piece->octets, room);
    if (n < 0)
        return failed();
    piece->len = (size_t)n;
    piece->done = 0;
    return n > 0 ? MAF_MOVED : MAF_AT_END;
}

/* What was written is plaintext that nobody needs any more. */
static enum maf_moved written(struct maf_piece *piece, size_t n)
{
    piece->done += n;
    if (piece->done == piece->len) {
        explicit_bzero(piece->octets, piece->len);
        piece->len = piece->done = 0;
    }
    return MAF_MOVED;
}

enum maf_moved maf_pipe_write(int fd, bool socket, struct maf_piece *piece)
{
    size_t left = piece->len - piece->done;
    if (!socket && !ready(fd, POLLOUT))
        return MAF_WAITS;
    if (!socket && left > PIPE_TAKES)
        left = PIPE_TAKES;
    const uint8_t *from = piece->octets + piece->done;
    ssize_t n = socket ? send(fd, from, left, MSG_DONTWAIT | MSG_NOSIGNAL) : write(fd, from, left);
    return n < 0 ? failed() : written(piece, (size_t)n);
}

/* After an SSL call that returned r <= 0. */
static enum maf_moved ssl_state(SSL *ssl, int r, unsigned *wants)
{
    switch (SSL_get_error(ssl, r)) {
    case SSL_ERROR_WANT_READ:
        *wants |= MAF_WANTS_READ;
        return MAF_WAITS;
    case SSL_ERROR_WANT_WRITE:
        *wants |= MAF_WANTS_WRITE;
        return MAF_WAITS;
    case SSL_ERROR_ZERO_RETURN:
        return MAF_AT_END;
    default:
        return MAF_BROKEN;
    }
}

static void begin(void)
{
    ERR_clear_error();
    errno = 0;
}

enum maf_moved maf_pipe_receive(SSL *ssl, struct maf_piece *piece, unsigned *wants)
{
    begin();
    int n = SSL_read(ssl, piece->octets, (int)sizeof piece->octets);
    if (n <= 0)
        return ssl_state(ssl, n, wants);
    piece->len = (size_t)n;
    piece->done = 0;
    return MAF_MOVED;
}

enum maf_moved maf_pipe_send(SSL *ssl, struct maf_piece *piece, unsigned *wants)
{
    begin();
    int n = SSL_write(ssl, piece->octets + piece->done, (int)(piece->len - piece->done));
    return n > 0 ? written(piece, (size_t)n) : ssl_state(ssl, n, wants);
}

enum maf_moved maf_pipe_handshake(SSL *ssl, unsigned *wants)
{
    begin();
    int r = SSL_do_handshake(ssl);
    return r == 1 ? MAF_AT_END : ssl_state(ssl, r, wants);
}
