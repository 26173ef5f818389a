/* Which daemon this executable is. */
#ifndef OPENMAF_DAEMON_PROGRAM_H
#define OPENMAF_DAEMON_PROGRAM_H

#include "daemon/config.h"

struct program {
    const struct config_kind *kind;
};

/* Defined once in each executable: mafd.c. */
extern const struct program daemon_program;

#endif
