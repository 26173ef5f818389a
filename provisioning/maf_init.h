/* Making the directory of a daemon: token root keys, database, configuration. */
#ifndef OPENMAF_PROVISIONING_MAF_INIT_H
#define OPENMAF_PROVISIONING_MAF_INIT_H

#include "daemon/config.h"

/* Makes init->dir (0700) if needed, the token's root keys if missing, the database and the configuration,
 * which is the last step: a directory that has one is complete (OM_ECONFLICT); an interrupted init may be run
 * again. */
OM_MUST_USE om_rc maf_init_directory(const struct config_init *init, struct om_error *err);

#endif
