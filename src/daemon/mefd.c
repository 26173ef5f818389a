/* mefd(8): the oneM2M M2M Enrolment Function as a daemon. */
#include "daemon/program.h"
#include "mef/mef.h"

const struct program daemon_program = {.kind = &config_mef, .role = &maf_role_mef};
