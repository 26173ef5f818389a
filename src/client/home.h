/* The home of a client: its directory, the configuration file maf.conf in it (documented in maf(1)), and the
 * lock that orders its users. Unknown sections and keys are errors that name file and line. */
#ifndef OPENMAF_CLIENT_HOME_H
#define OPENMAF_CLIENT_HOME_H

#include "onem2m/ids.h"
#include "tls/tls.h"

#include <limits.h>

#define HOME_CONFIG_FILE "maf.conf"
#define HOME_STATE_DIR   "state"
#define HOME_LOCK_FILE   "lock"
#define HOME_URI_MAX     2048

struct format;
struct transport;

struct home {
    char dir[PATH_MAX];

    /* [client] */
    char id[M2M_ID_SIZE];
    char kmid[M2M_KEY_ID_SIZE];    /* credential to use; "" for the newest */
    char certificate[M2M_ID_SIZE]; /* the same by the Credential-ID of a certificate; at most one of them */

    /* [maf] */
    char fqdn[M2M_FQDN_SIZE];
    char host[M2M_FQDN_SIZE]; /* where to connect; default fqdn */
    uint16_t port;            /* default: that of the binding */
    bool addressed;           /* maf.conf says where the MAF is: a registration configuration does not */
    const struct transport
        *transport; /* the binding: which of https, wss, coaps, coaps-tcp is there; default https */
    const struct format *format; /* default JSON */
    unsigned connect_timeout;    /* seconds for TCP and (D)TLS, default 10 */
    unsigned timeout;            /* seconds for a whole exchange, default 30 */
    bool require_extended_master_secret;
    bool tls13; /* tls-max: offer TLS 1.3 too, where the credential has the forms for it */

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
};

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
void home_unlock(int fd);

#endif
