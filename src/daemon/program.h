/* Which daemon this executable is. */
#ifndef OPENMAF_DAEMON_PROGRAM_H
#define OPENMAF_DAEMON_PROGRAM_H

#include "daemon/config.h"
#include "maf/role.h"

struct program {
    const struct config_kind *kind;
    const struct maf_role *role;
};

/* Defined once in each executable: mafd.c, mefd.c. */
extern const struct program daemon_program;

#endif
