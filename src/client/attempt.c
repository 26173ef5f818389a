/* Attempts: see attempt.h. */
#include "client/attempt.h"
#include "client/certificate.h"

#include <string.h>

om_rc attempt_use_session(struct attempt *attempt, SSL *ssl, struct om_error *err)
{
    transport_session *use = attempt->session;
    attempt->session = NULL; /* once in an exchange */
    return use != NULL ? use(attempt->arg, ssl, err) : OM_OK;
}

om_rc attempt_refused(const struct attempt *attempt, int alert, struct om_error *err)
{
    const char *where = attempt->address->text;
    const char *fqdn = attempt->peer->server->fqdn;
    const struct server_role *role = attempt->peer->server->role;
    const char *at = attempt->peer->kmid != NULL ? strchr(attempt->peer->kmid, '@') : NULL;
    bool own = at != NULL && strcmp(at + 1, fqdn) == 0; /* else it is that of a key from the MEF */
    if (alert == SSL_AD_UNRECOGNIZED_NAME)
        return om_fail(err, OM_EDENIED, "the server at %s is not %s (TLS alert: unrecognized name)", where,
                       fqdn);
    if (alert ==
        SSL_AD_INTERNAL_ERROR) /* its token or its database does not answer: that says nothing of us */
        return om_fail(err, OM_ETRANSIENT, "%s at %s cannot serve at the moment (TLS alert: internal error)",
                       fqdn, where);
    const char *how = alert >= 0 ? "TLS alert: " : "no answer to its last message";
    const char *what = alert >= 0 ? SSL_alert_desc_string_long(alert) : "";
    if (attempt->peer->certificate != NULL)
        return om_fail(
            err, OM_EDENIED,
            "%s at %s refused the handshake (%s%s): certificate %.160s is not permitted there, expired "
            "or revoked, or its issuer is not trusted",
            fqdn, where, how, what, attempt->peer->certificate->id);
    if (!own) /* MEF-RP-6: it refuses in the same way when its MEF does not answer */
        return om_fail(
            err, OM_EDENIED,
            "%s at %s refused the handshake (%s%s): it has no Km for KeID %s: its MEF does not give it "
            "this key, or does not answer it now; then try again later",
            fqdn, where, how, what, attempt->peer->kmid);
    return om_fail(err, OM_EDENIED,
                   "%s at %s refused the handshake (%s%s): %s %s is unknown to it, expired or revoked, or "
                   "its %s is another one",
                   fqdn, where, how, what, role->key_id, attempt->peer->kmid, role->key);
}

om_rc attempt_unanswered(const struct attempt *attempt, bool late, struct om_error *err)
{
    const char *where = attempt->address->text;
    if (late)
        return om_fail(err, OM_ETRANSIENT,
                       "%s did not answer in %u seconds; whether it did what was asked is unknown", where,
                       attempt->peer->home->timeout);
    return om_fail(
        err, OM_ETRANSIENT,
        "%s closed the connection before its response was complete; whether it did what was asked is unknown",
        where);
}
