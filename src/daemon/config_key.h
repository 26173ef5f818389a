/* One key of a configuration: where it stands, how its value is read, and where it goes. Internal to
 * mafconfig. */
#ifndef OPENMAF_DAEMON_CONFIG_KEY_H
#define OPENMAF_DAEMON_CONFIG_KEY_H

#include "daemon/config.h"

struct config_key {
    /* Section; "own": the one that is named after the daemon; "maf" and "mef": the same, of that daemon only;
     * "est": of a MEF only. */
    const char *section, *name;
    /* Reads value into cfg. OM_ECONFIG with a text that says what would be right. */
    om_rc (*set)(struct config *cfg, const struct config_key *key, const char *value, struct om_error *err);
    size_t offset, size; /* of the member */
    unsigned min, max;   /* of numbers */
    bool required;
};

/* Ends with a NULL section. */
extern const struct config_key config_keys[];

#endif
