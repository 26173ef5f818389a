/* The daemon's own certificates, with keys in the token. */
#ifndef OPENMAF_DAEMON_CERTIFICATES_H
#define OPENMAF_DAEMON_CERTIFICATES_H

#include "daemon/config.h"

#include <openssl/x509.h>

struct certificates {
    const struct config *cfg;
    size_t n;
    struct omtls_certificate each[OMTLS_CERTIFICATES_MAX];
    const char *names[OMTLS_CERTIFICATES_MAX][CONFIG_NAMES_MAX + 2];
    int64_t not_after; /* the earliest end of validity, seconds since 1970; 0: no certificates */
    int64_t warned;    /* when it was last said that the end is near */
};

/* Reads and checks the certificates that cfg names, and finds their keys. names: of the daemon, borrowed as
 * cfg is. OM_ECONFIG: one is not of the profile, is for none of the names, or is not for its key. */
OM_MUST_USE om_rc certificates_open(const struct config *cfg, struct se *se, const char *const *names,
                                    struct certificates *out, struct om_error *err);
void certificates_close(struct certificates *c);

/* Warns once a day when a certificate has ended or will within the days that cfg says. */
void certificates_watch(struct certificates *c, int64_t now);

#endif
