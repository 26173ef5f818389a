/* mefadm(8): the operator's command for a MEF directory. It has mafadm's commands, and those of
 * mefadm_enrolee.c, mefadm_certify.c and mefadm_command.c. */
#include "cli/mefadm.h"

static const struct adm_command more[] = {
    {"enrolee", "allow", "ENROLEE-ID", "Tul", "Tu", mef_enrolee_allow,
     "let a target fetch keys that follow from an Enrolee's enrolments"},
    {"enrolee", "forbid", "ENROLEE-ID", "Tu", "Tu", mef_enrolee_forbid, "take that back"},
    {"enrolee", "list", NULL, "", "", mef_enrolee_list, "list Enrolees and what may be fetched of them"},
    {"enrolee", "show", "ENROLEE-ID", "", "", mef_enrolee_show, "show one Enrolee"},
    {"enrolee", "remove", "ENROLEE-ID", "", "", mef_enrolee_remove, "take everything back"},
    {"cert", "allow", "ENROLEE-ID", "Vnsl", "Vs", mef_cert_allow,
     "let an Enrolee get certificates by EST, and use them here"},
    {"cert", "forbid", "ENROLEE-ID", "Vn", "", mef_cert_forbid, "take that back, for one name or for all"},
    {"cert", "allowed", NULL, "", "", mef_cert_allowed, "list who may get certificates by EST"},
    {"enrolment", "list", NULL, "", "", mef_enrolment_list, "list enrolments (never their keys)"},
    {"enrolment", "show", "KEID", "", "", mef_enrolment_show, "show one enrolment"},
    {"enrolment", "revoke", "KEID", "", "", mef_enrolment_revoke, "end an enrolment"},
    {"command", "add", NULL, "isF", "isF", mef_command_add, "queue a command (cmdDescription) for a client"},
    {"command", "list", NULL, "", "", mef_command_list, "list commands and what clients reported"},
    {"command", "show", "CMD-ID", "", "", mef_command_show, "show one command"},
    {"command", "remove", "CMD-ID", "", "", mef_command_remove, "take a command out of the queue"},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};

const struct adm_program adm_program = {.kind = &config_mef, .role = &maf_role_mef, .more = more};
