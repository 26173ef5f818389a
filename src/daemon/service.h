/* What serves requests, apart from sockets: token, store, procedures, TLS. Opened after fork, by one process.
 */
#ifndef OPENMAF_DAEMON_SERVICE_H
#define OPENMAF_DAEMON_SERVICE_H

#include "daemon/certificates.h"
#include "daemon/crls.h"
#include "est/est.h"
#include "maf/maf.h"

struct service {
    const char *names[CONFIG_NAMES_MAX + 2];
    struct se *se;
    struct store *store;
    struct maf *maf;
    struct certificates certificates;
    struct crl_files client_crl_files, mef_crl_files;
    STACK_OF(X509_CRL) * mef_crls; /* for the certificates of MEFs; NULL: none is configured */
    OSSL_LIB_CTX *libctx;
    SSL_CTX *tls, *dtls;
    struct est *est;                     /* NULL when it is off */
    const struct well_known *well_known; /* of it */
};

/* cfg must outlive it. Errors name the key of the file. */
OM_MUST_USE om_rc service_open(const struct config *cfg, struct service *out, struct om_error *err);
void service_close(struct service *s);

/* What is looked at now and then: the end of certificates (one worker tells), CRLs that have changed. */
void service_watch(struct service *s, bool tell);

#endif
