/* TLS sessions of a MAF with its MEFs, mutually authenticated (MEF-FC-3): by a KpmID, or by certificates, the
 * MAF's own and one of the MEF. Of one worker; not thread-safe. */
#ifndef OPENMAF_DAEMON_MEF_SESSION_H
#define OPENMAF_DAEMON_MEF_SESSION_H

#include "daemon/service.h"
#include "maf/remote.h"

/* What they share. */
struct mef_sessions {
    const struct service *service;
    enum omtls_custody custody;
    SSL_CTX *psk;
    SSL_CTX *certificate;     /* NULL: the MAF has none for its FQDN */
    struct se_signer *signer; /* of the certificate; the service's */
};
/* service must outlive it. On failure there is nothing to close. */
OM_MUST_USE om_rc mef_sessions_open(const struct service *service, enum omtls_custody custody,
                                    struct mef_sessions *out, struct om_error *err);
void mef_sessions_close(struct mef_sessions *s);

/* One session, in the caller's memory until the SSL is freed. */
struct mef_session {
    const struct mef_sessions *all;
    const struct maf_remote *what;
    bool refused;        /* the MEF's certificate was, for this reason: */
    struct om_error why; /* ... */
};
/* An SSL that is ready for its handshake; `all` and `what` are set, and must outlive it. OM_ECONFIG: the MAF
 * has no certificate for its FQDN; else the errors of token and OpenSSL. */
OM_MUST_USE om_rc mef_session_new(struct mef_session *s, SSL **out, struct om_error *err);

#endif
