/* mefd(8): the oneM2M M2M Enrolment Function as a daemon. */
#include "daemon/program.h"
#include "est/est.h"
#include "mef/mef.h"

static const struct program_est est = {.open = est_new, .close = est_free, .well_known = est_well_known};

const struct program daemon_program = {.kind = &config_mef, .role = &maf_role_mef, .est = &est};
