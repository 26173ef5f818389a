/* The commands that mefadm has beside mafadm's. */
#ifndef OPENMAF_CLI_MEFADM_H
#define OPENMAF_CLI_MEFADM_H

#include "cli/mafadm.h"
#include "mef/admin.h"

om_rc mef_enrolee_allow(const struct adm_args *args, struct om_error *err);
om_rc mef_enrolee_forbid(const struct adm_args *args, struct om_error *err);
om_rc mef_enrolee_list(const struct adm_args *args, struct om_error *err);
om_rc mef_enrolee_show(const struct adm_args *args, struct om_error *err);
om_rc mef_enrolee_remove(const struct adm_args *args, struct om_error *err);
om_rc mef_enrolment_list(const struct adm_args *args, struct om_error *err);
om_rc mef_enrolment_show(const struct adm_args *args, struct om_error *err);
om_rc mef_enrolment_revoke(const struct adm_args *args, struct om_error *err);
om_rc mef_cert_allow(const struct adm_args *args, struct om_error *err);
om_rc mef_cert_forbid(const struct adm_args *args, struct om_error *err);
om_rc mef_cert_allowed(const struct adm_args *args, struct om_error *err);
om_rc mef_command_add(const struct adm_args *args, struct om_error *err);
om_rc mef_command_list(const struct adm_args *args, struct om_error *err);
om_rc mef_command_show(const struct adm_args *args, struct om_error *err);
om_rc mef_command_remove(const struct adm_args *args, struct om_error *err);

#endif
