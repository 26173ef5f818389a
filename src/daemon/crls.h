/* Files of CRLs that a configuration names, read again when they change. */
#ifndef OPENMAF_DAEMON_CRLS_H
#define OPENMAF_DAEMON_CRLS_H

#include "daemon/config.h"

#include <openssl/x509.h>
#include <sys/stat.h>

struct crl_files {
    const struct config_crls *of;      /* borrowed */
    const char *name;                  /* of the key, for errors: "[clients] crls"; borrowed */
    struct stat seen[CONFIG_CRLS_MAX]; /* the files as they were read last; zeroed at first */
};

/* All CRLs of the files, when one of them is another than at the last call that succeeded; else *crls is NULL
 * with *changed false. *crls is freed with sk_X509_CRL_pop_free. A file that is unreadable or malformed is
 * OM_ECONFIG, and tried again next time. */
OM_MUST_USE om_rc crl_files_read(struct crl_files *c, bool *changed, STACK_OF(X509_CRL) * *crls,
                                 struct om_error *err);

#endif
