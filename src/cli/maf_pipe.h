/* maf: moving octets between an SSL and local file descriptors, one piece at a time, without waiting. */
#ifndef OPENMAF_CLI_MAF_PIPE_H
#define OPENMAF_CLI_MAF_PIPE_H

#include "cli/maf_session.h"

/* A piece on its way in one direction. */
struct maf_piece {
    size_t len, done;
    uint8_t octets[MAF_PIECE];
};

enum maf_moved {
    MAF_MOVED,  /* something happened: try again */
    MAF_WAITS,  /* for the file descriptor, as it says in `wants` */
    MAF_AT_END, /* the source has ended */
    MAF_BROKEN, /* errno, or OpenSSL's queue, says why */
};

#define MAF_WANTS_READ  1u
#define MAF_WANTS_WRITE 2u

/* From local input into an empty piece, at most `max` octets; from a piece to local output. */
enum maf_moved maf_pipe_read(int fd, bool socket, struct maf_piece *piece, size_t max);
enum maf_moved maf_pipe_write(int fd, bool socket, struct maf_piece *piece);

/* The same for an SSL; *wants is what its socket has to become. */
enum maf_moved maf_pipe_receive(SSL *ssl, struct maf_piece *piece, unsigned *wants);
enum maf_moved maf_pipe_send(SSL *ssl, struct maf_piece *piece, unsigned *wants);

/* One step of the handshake. MAF_AT_END: it is over. */
enum maf_moved maf_pipe_handshake(SSL *ssl, unsigned *wants);

#endif
