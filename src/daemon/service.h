/* What serves requests, apart from sockets: token, store, procedures, TLS. Opened after fork, by one process.
 */
#ifndef OPENMAF_DAEMON_SERVICE_H
#define OPENMAF_DAEMON_SERVICE_H

#include "daemon/config.h"
#include "maf/maf.h"

struct service {
    const char *names[CONFIG_NAMES_MAX + 2];
    struct se *se;
    struct store *store;
    struct maf *maf;
    OSSL_LIB_CTX *libctx;
    SSL_CTX *tls, *dtls;
};

/* cfg must outlive it. Errors name the key of the file. */
OM_MUST_USE om_rc service_open(const struct config *cfg, struct service *out, struct om_error *err);
void service_close(struct service *s);

#endif
