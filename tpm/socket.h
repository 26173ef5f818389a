/* A connection with swtpm: octets of one command out, octets of its response in, in bounded time.
 *
 * swtpm serves one connection at a time; the next one waits until it is closed. So a connection that is held
 * for several commands keeps all other processes out between them, and is let go when its holder dies. The
 * TCTI of tpm2-tss connects anew for each command and waits without limit (docs/adr/0050). */
#ifndef OPENMAF_TPM_SOCKET_H
#define OPENMAF_TPM_SOCKET_H

#include "tpm/uri.h"

#include <stddef.h>

/* Times are CLOCK_MONOTONIC milliseconds. */
int64_t tpm_now_ms(void);

/* *fd is a connection that swtpm has taken or will take. OM_ETRANSIENT: nobody listens, or not in time. */
OM_MUST_USE om_rc tpm_socket_connect(const struct tpm_uri *uri, int64_t deadline, int *fd,
                                     struct om_error *err);

/* Sends n octets. OM_ETRANSIENT. */
OM_MUST_USE om_rc tpm_socket_send(int fd, const uint8_t *octets, size_t n, int64_t deadline,
                                  struct om_error *err);

/* Receives exactly n octets. OM_ETRANSIENT. */
OM_MUST_USE om_rc tpm_socket_receive(int fd, uint8_t *octets, size_t n, int64_t deadline,
                                     struct om_error *err);

/* Waits until fd can be read. OM_ETRANSIENT: not in time. */
OM_MUST_USE om_rc tpm_socket_wait(int fd, int64_t deadline, struct om_error *err);

#endif
