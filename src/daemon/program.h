/* Which daemon this executable is. */
#ifndef OPENMAF_DAEMON_PROGRAM_H
#define OPENMAF_DAEMON_PROGRAM_H

#include "daemon/config.h"
#include "maf/role.h"

/* What only a MEF serves over HTTPS (est/est.h). */
struct est;
struct est_options;
struct well_known;
struct program_est {
    om_rc (*open)(const struct est_options *opt, struct est **out, struct om_error *err);
    void (*close)(struct est *est);
    const struct well_known *(*well_known)(const struct est *est);
};

struct program {
    const struct config_kind *kind;
    const struct maf_role *role;
    const struct program_est *est; /* NULL: it has none */
};

/* Defined once in each executable: mafd.c, mefd.c. */
extern const struct program daemon_program;

#endif
