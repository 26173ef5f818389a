/* The home of a client: its directory, the configuration file maf.conf in it (documented in maf(1)), and the
 * lock that orders its users. Unknown sections and keys are errors that name file and line. */
#ifndef OPENMAF_CLIENT_HOME_H
#define OPENMAF_CLIENT_HOME_H

#include "client/server.h"
#include "tls/tls.h"

#include <limits.h>

#define HOME_CONFIG_FILE "maf.conf"
#define HOME_STATE_DIR   "state"
#define HOME_LOCK_FILE   "lock"
#define HOME_URI_MAX     2048

struct format;

struct home {
    char dir[PATH_MAX];

    /* [client] */
    char id[M2M_ID_SIZE];

    /* [maf], with kmid and certificate of [client] */
    struct home_server maf;
    /* The rest of [maf], which holds for both servers */
    const struct format *format; /* default JSON */
    unsigned connect_timeout;    /* seconds for TCP and (D)TLS, default 10 */
    unsigned timeout;            /* seconds for a whole exchange, default 30 */
    bool require_extended_master_secret;
    bool tls13; /* tls-max: offer TLS 1.3 too, where the credential has the forms for it */

    /* [mef] */
    struct home_server mef;
    char device_config[PATH_MAX]; /* program that executes DEV_CFG commands; "": none */
    int64_t enrolment_expiry; /* seconds that an enrolment key lives, as the MEF has it; default 30 days */

    /* [saef]: of sessions with other entities */
    bool saef_first_half; /* interop: the psk is the first half of Kc */
    bool saef_require_ems;
    bool saef_tls13;

    /* [token] */
    char token_uri[HOME_URI_MAX];
    char pin_source[PATH_MAX + 16]; /* "" when the URI has it */
    char plugin_dir[PATH_MAX];      /* "" for the built-in places */
    enum omtls_custody custody;
};

/* What a new home is made of; NULL where optional, as in struct openmaf_home. */
struct home_values {
    const char *id, *fqdn, *https, *wss, *coaps, *coaps_tcp, *format, *token_uri, *pin_source, *custody,
        *plugin_dir, *tls_max;
    const char *mef_fqdn, *mef_https, *mef_wss, *mef_coaps, *mef_coaps_tcp, *enrolment_expiry;
};

/* The server whose name an identifier's FQDN is: KmIDs and RelativeKeyIDs say by it where they belong. NULL:
 * neither. */
const struct home_server *home_server_named(const struct home *home, const char *fqdn);

/* Fills *out from values as the file would, so that one set of checks serves both. OM_EINPUT. */
OM_MUST_USE om_rc home_from_values(const char *dir, const struct home_values *values, struct home *out,
                                   struct om_error *err);

/* Reads <dir>/maf.conf. OM_ENOTFOUND when there is none, OM_ECONFIG. */
OM_MUST_USE om_rc home_load(const char *dir, struct home *out, struct om_error *err);

/* Makes dir and its state directory; OM_ECONFLICT when dir is a home already. */
OM_MUST_USE om_rc home_make_dirs(const char *dir, struct om_error *err);

/* Writes the configuration file, last of all: a directory is a home once it is there. OM_ECONFLICT. */
OM_MUST_USE om_rc home_write_config(const struct home *home, struct om_error *err);

/* Takes the lock of the home, waiting at most `seconds` for another process or thread. OM_ETRANSIENT. *fd is
 * given back with home_unlock. */
OM_MUST_USE om_rc home_lock(const struct home *home, unsigned seconds, int *fd, struct om_error *err);
/* The same for another lock file of the home. */
OM_MUST_USE om_rc home_lock_file(const struct home *home, const char *name, unsigned seconds, int *fd,
                                 struct om_error *err);
void home_unlock(int fd);

#endif
