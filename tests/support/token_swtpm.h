/* Starts swtpm for tests, and sees to it that it ends. */
#ifndef OPENMAF_TESTS_TOKEN_SWTPM_H
#define OPENMAF_TESTS_TOKEN_SWTPM_H

#include "util/error.h"

#include <sys/types.h>

/* Starts swtpm on a free loopback port, its control channel on the next one, with its state in dir/tpm; where
 * dir was used before, with the state and the port it had. It ends when process `owner` does. */
OM_MUST_USE om_rc swtpm_start(const char *dir, pid_t owner, unsigned *port, pid_t *pid, struct om_error *err);

#endif
