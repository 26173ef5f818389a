/* The configuration of a daemon (mafd.conf(5)): read, checked and written here only. Unknown sections and
 * keys are errors, and so are values out of bounds; the message names file, line, key and what would be
 * right. */
#ifndef OPENMAF_DAEMON_CONFIG_H
#define OPENMAF_DAEMON_CONFIG_H

#include "onem2m/ids.h"
#include "tls/tls.h"

#include <limits.h>

#define CONFIG_NAMES_MAX  8
#define CONFIG_CRLS_MAX   8
#define CONFIG_LISTEN_MAX 4 /* addresses of one binding */

/* What differs from daemon to daemon. */
struct config_kind {
    const char *what;     /* "MAF" */
    const char *program;  /* "mafd" */
    const char *admin;    /* "mafadm" */
    const char *file;     /* "mafd.conf", in the daemon's directory */
    const char *section;  /* "maf": the section of its own */
    const char *database; /* "maf.db": default name */
};
extern const struct config_kind config_maf, config_mef;

enum config_binding { CONFIG_HTTPS, CONFIG_COAPS, CONFIG_COAPS_TCP };
#define CONFIG_BINDINGS      3
#define CONFIG_ADDRESSES_MAX (CONFIG_BINDINGS * CONFIG_LISTEN_MAX)

struct config_address {
    enum config_binding binding;
    char host[64]; /* numeric IPv4, or IPv6 without its brackets */
    uint16_t port; /* 0: any free port; the one chosen is logged and written to <dir>/run/<section>.port */
};

/* CoAP over DTLS, and over TLS on TCP. */
struct config_coap {
    unsigned max_sessions;             /* per worker, default 8192 */
    unsigned max_sessions_per_address; /* of those, default 1024 */
    unsigned max_body;                 /* octets, default 65536 */
    unsigned handshake_timeout;        /* seconds, default 30 and 10 */
    unsigned request_timeout;          /* seconds, [coaps+tcp] only, default 10 */
    unsigned idle_timeout;             /* seconds, default 300 */
};

/* A certificate of the daemon: a section of its own. */
struct config_certificate {
    char key[512];        /* signing key in the token, by name or URI; "" when the section is not used */
    char chain[PATH_MAX]; /* a file, absolute; else a name on the token */
};

/* Files of CRLs. */
struct config_crls {
    char files[CONFIG_CRLS_MAX][PATH_MAX];
    size_t n;
};

struct config {
    const struct config_kind *kind;
    char dir[PATH_MAX]; /* the --dir it came from, absolute; relative paths in the file start here */

    /* the section of its own */
    char fqdn[M2M_FQDN_SIZE];
    char aliases[CONFIG_NAMES_MAX][M2M_FQDN_SIZE];
    size_t n_aliases;
    char database[PATH_MAX];    /* default <dir>/<kind->database> */
    enum omtls_custody custody; /* session | psk */
    bool tls13;                 /* tls-max: 1.2 (default, TS-0003 10.2.1) | 1.3 */
    bool require_target_registration;
    bool keep_keys_on_deregistration;
    bool require_extended_master_secret; /* default yes */
    struct config_crls mef_crls;         /* MAF: of those who certify its MEFs */
    unsigned max_provisioned_lifetime;   /* MAF: seconds; 0: none */
    unsigned unknown_keids;              /* MAF: questions a second to each MEF, default 5 */
    unsigned unknown_keids_per_address;  /* MAF: of those, default 1 */
    unsigned command_retry;              /* MEF: seconds, default 3600 */
    char device_config_uri[256];         /* MEF: "" when none */

    /* [token] */
    char token_uri[2048];
    char pin_source[PATH_MAX + 16]; /* "" when the URI has it */
    char plugin_dir[PATH_MAX];      /* "" for the built-in places */
    unsigned key_cache;             /* loaded keys per worker, default 4096 */

    /* [certificate], [certificate2], ... */
    struct config_certificate certificates[OMTLS_CERTIFICATES_MAX];
    unsigned certificate_warn_days; /* default 30 */

    /* [est], of a MEF */
    bool est;           /* default no */
    bool est_challenge; /* require-challenge-password, default yes */

    /* [clients] with certificates */
    struct config_crls crls;       /* none: nobody is asked */
    bool require_crls;             /* default yes */
    bool require_name_constraints; /* default yes */
    bool raw_public_keys;          /* default no */

    /* [https] listen, [coaps] listen, [coaps+tcp] listen; in the order of the file */
    struct config_address addresses[CONFIG_ADDRESSES_MAX];
    size_t n_addresses;

    /* [https] */
    unsigned https_max_connections;             /* per worker, default 4096 */
    unsigned https_max_connections_per_address; /* of those, default 1024 */
    unsigned https_max_header;                  /* octets, default 16384 */
    unsigned https_max_body;                    /* octets, default 65536 */
    unsigned https_handshake_timeout;           /* seconds, default 10 */
    unsigned https_request_timeout;             /* seconds for a whole request to arrive, default 10 */
    unsigned https_idle_timeout;                /* seconds between requests, default 60 */

    /* [coaps], [coaps+tcp] */
    struct config_coap coaps, coaps_tcp;

    /* [daemon] */
    unsigned workers;       /* default: one per core */
    int log_level;          /* enum om_log_level */
    unsigned start_timeout; /* seconds that a worker has to open token and database, default 60 */
    unsigned drain_timeout; /* seconds that SIGTERM and SIGHUP give open requests, default 10 */
    bool sandbox;           /* system-call filter in workers, default yes */
};

/* Reads <dir>/<kind->file>. OM_ECONFIG. */
OM_MUST_USE om_rc config_load(const struct config_kind *kind, const char *dir, struct config *out,
                              struct om_error *err);

/* What `init` writes: a commented file with these values and the defaults. OM_ECONFLICT when there is
 * one. */
struct config_init {
    const struct config_kind *kind;
    const char *dir, *fqdn, *token_uri, *pin_source /* or NULL */,
        *https_listen /* or NULL: 127.0.0.1:8443 */;
};
OM_MUST_USE om_rc config_create(const struct config_init *init, struct om_error *err);

/* "https", "coaps", "coaps+tcp": the section, and the name of a port file. */
const char *config_section(enum config_binding binding);

/* "certificate", "certificate2", ...: the section of certificate i. */
const char *config_certificate_section(size_t i);

/* Addresses of a binding. */
size_t config_count(const struct config *cfg, enum config_binding binding);

/* NULL-terminated list of fqdn and aliases; points into cfg. */
void config_names(const struct config *cfg, const char *names[CONFIG_NAMES_MAX + 2]);

#endif
