/* mafadm(8): the operator's command for a MAF directory. */
#include "cli/mafadm_mef.h"

static const struct adm_command more[] = {
    {"mef", "add", "MEF-FQDN", "HkmzP", "HP", adm_mef_add, "ask this MEF for remotely provisioned keys"},
    {"mef", "list", NULL, "", "", adm_mef_list, "list the MEFs that are asked"},
    {"mef", "remove", "MEF-FQDN", "", "", adm_mef_remove, "no longer ask a MEF"},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};

const struct adm_program adm_program = {.kind = &config_maf, .role = &maf_role_maf, .more = more};
