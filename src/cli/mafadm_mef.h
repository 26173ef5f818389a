/* The commands that mafadm alone has. */
#ifndef OPENMAF_CLI_MAFADM_MEF_H
#define OPENMAF_CLI_MAFADM_MEF_H

#include "cli/mafadm.h"

om_rc adm_mef_add(const struct adm_args *args, struct om_error *err);
om_rc adm_mef_remove(const struct adm_args *args, struct om_error *err);
om_rc adm_mef_list(const struct adm_args *args, struct om_error *err);

#endif
