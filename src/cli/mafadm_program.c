/* mafadm(8): the operator's command for a MAF directory. */
#include "cli/mafadm.h"

const struct adm_program adm_program = {.kind = &config_maf, .role = &maf_role_maf};
