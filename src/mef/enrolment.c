/* Enrolment key (TS-0003 8.3.2.1, 8.3.2.2): each handshake of an Enrolee makes one, by the exporter with the
 * Bootstrap label. Its octets 0..15 name it, the others are Ke, which goes from a token object under the
 * wrapping root without passing through here. */
#include "mef/mef_internal.h"

#include <string.h>

#include "util/log.h"
#include "util/text.h"

/* MEF-EK-1 */
static om_rc export_and_wrap(SSL *ssl, struct store_enrolment *r, struct om_error *err)
{
    uint8_t id[OMTLS_EXPORT_ID_SIZE];
    char text[33];
    struct se_key *ke = NULL;
    om_rc rc = omtls_export(ssl, OMTLS_LABEL_BOOTSTRAP, id, &ke, err);
    if (rc == OM_OK)
        rc = se_wrap(ke, SE_USE_HMAC, &r->ke, err);
    se_key_unref(ke);
    if (rc != OM_OK)
        return rc;
    m2m_relative_key_id(text, id);
    return om_copy_text(r->id, sizeof r->id, text, err);
}

/* MEF-EK-2, -3: an Enrolee without a single (target, SUID) has nothing that could be fetched, so nothing is
 * kept; the session is as good as any. */
static om_rc enrol(struct maf *maf, SSL *ssl, const struct maf_peer *peer, struct om_error *err)
{
    struct store_enrolee enrolee = {0};
    struct store_enrolment r = {.created = maf->now()};
    if (peer->identities.n != 1)
        return OM_OK; /* who enrols is not certain */
    om_rc rc = store_enrolee_get(maf->store, peer->identities.items[0], &enrolee, err);
    bool none = rc == OM_ENOTFOUND || (rc == OM_OK && enrolee.rights.n == 0);
    r.expires = r.created + enrolee.lifetime;
    store_enrolee_free(&enrolee);
    if (none)
        return OM_OK;
    if (rc != OM_OK)
        return rc;
    OM_TRY(om_copy_text(r.enrolee, sizeof r.enrolee, peer->identities.items[0], err));
    OM_TRY(om_copy_text(r.credential, sizeof r.credential, maf_peer_name(peer), err));
    OM_TRY(export_and_wrap(ssl, &r, err));
    OM_TRY(store_enrolment_create(maf->store, &r, MEF_ENROLMENTS_KEPT, err)); /* MEF-EK-4: OM_ECONFLICT */
    om_audit("enrolled", "keid=%s@%s enrolee=%s", r.id, maf->names[0], r.enrolee);
    return OM_OK;
}

/* A client that believes it is enrolled must be: when nothing could be stored, its session is refused. */
void mef_authenticated(void *arg, SSL *ssl, void *peer)
{
    struct maf *maf = arg;
    struct maf_peer *p = peer;
    struct maf_retry retry = {0};
    struct om_error err = {0};
    om_rc rc = OM_ETRANSIENT;
    if (p == NULL || p->decoy)
        return;
    if (p->certificate != NULL)
        mef_certificate_used(maf, p->certificate);
    while (rc == OM_ETRANSIENT && maf_again(&retry))
        rc = enrol(maf, ssl, p, &err);
    if (rc == OM_OK)
        return;
    p->decoy = true;
    om_log(OM_LOG_ERROR, "enrolment of %s failed: %s", p->credential_id, om_error_text(&err, rc));
}

/* MEF-KR-4: what is registered as a key is no longer an enrolment. One of which a derived key was given out
 * stays what it is, so that Ke and keys that follow from it are never both handed out (docs/adr/0080). */
om_rc mef_registers_exported(struct maf_call *c, const char *id)
{
    struct store_enrolment r;
    om_rc rc = store_enrolment_get(c->maf->store, id, &r, &c->err);
    if (rc == OM_ENOTFOUND) /* the Enrolee had no rights, or its enrolment has gone */
        return OM_OK;
    if (rc != OM_OK)
        return rc;
    if (r.fetched)
        return maf_refuse(c, M2M_CONFLICT,
                          "a key that follows from this session's was fetched already: open a new session");
    return store_enrolment_delete(c->maf->store, id, &c->err);
}
