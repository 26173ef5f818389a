/* One EST session: several HTTP requests, one after the other, in one TLS session with the MEF, to which the
 * signing request is linked. */
#ifndef OPENMAF_CLIENT_EST_CALL_H
#define OPENMAF_CLIENT_EST_CALL_H

#include "client/transport.h"
#include "tls/tls.h"

#define EST_PATH "/.well-known/est"

struct est_session {
    char path[256]; /* of the base URI, without a '/' at its end */
    bool again;     /* simplereenroll; then simpleenroll, where the MEF says 400 to that */
    /* Makes the request when its turn has come: the base64 of PKCS#10, freed with free(). attributes is the
     * answer to csrattrs, base64 text, "" when the MEF has none. */
    om_rc (*make)(void *arg, const char *attributes, const char unique[OMTLS_UNIQUE_SIZE], char **body,
                  struct om_error *err);
    void *arg;
    /* out, freed with est_session_free */
    char *cacerts;     /* base64 */
    char *certificate; /* base64 */
};
void est_session_free(struct est_session *s);

/* cacerts, csrattrs, simpleenroll. A connection that cannot be made is tried again a few times. OM_EDENIED,
 * OM_EUNSUPPORTED, OM_ETRANSIENT, OM_EINTEGRITY as in est.h, or what make failed with. */
OM_MUST_USE om_rc est_session_run(const struct transport_peer *peer, struct est_session *s,
                                  struct om_error *err);

#endif
