/* Starts swtpm for tests, alone or with a resource manager before it, and sees to it that they end. */
#ifndef OPENMAF_TESTS_TOKEN_SWTPM_H
#define OPENMAF_TESTS_TOKEN_SWTPM_H

#include "util/error.h"

#include <sys/types.h>

/* Starts swtpm on a free loopback port, its control channel on the next one, with its state in dir/tpm; where
 * dir was used before, with the state and the port it had. It ends when process `owner` does. */
OM_MUST_USE om_rc swtpm_start(const char *dir, pid_t owner, unsigned *port, pid_t *pid, struct om_error *err);

/* Starts a message bus at the socket dir/bus and tpm2-abrmd on it, for the swtpm on `port`. They end when
 * swtpm (process `pid`) does. */
OM_MUST_USE om_rc tabrmd_start(const char *dir, unsigned port, pid_t pid, struct om_error *err);

#endif
