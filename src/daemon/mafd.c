/* mafd(8): the oneM2M M2M Authentication Function as a daemon. */
#include "daemon/program.h"

const struct program daemon_program = {.kind = &config_maf, .role = &maf_role_maf};
