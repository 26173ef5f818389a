/* A session lives no longer than its credential: revocation and expiry count from the next request. */
#include "maf/certificate.h"
#include "maf/maf_internal.h"

#include <openssl/err.h>

#define CHECK_SECONDS 60 /* a certificate's path is validated again after this, or with new CRLs */

static om_rc check_kmid(struct maf *maf, const struct maf_peer *peer, int64_t now, struct om_error *err)
{
    struct store_credential r = {0};
    OM_TRY(store_credential_get(maf->store, peer->kmid, &r, err));
    if (r.state == STORE_CREDENTIAL_ACTIVE && !maf_expired(r.expires, now))
        return OM_OK;
    return om_fail(err, OM_EDENIED, "the KmID is revoked or expired");
}

/* One that was revoked and added anew since is another client's. */
static om_rc check_row(const struct maf_certificate *c, const struct store_certificate *row, int64_t now,
                       struct om_error *err)
{
    if (row->state != STORE_CREDENTIAL_ACTIVE || maf_expired(row->expires, now) ||
        row->created != c->row_created)
        return om_fail(err, OM_EDENIED, "the client is revoked or expired");
    if (c->leaf != NULL && now >= pki_not_after(c->leaf))
        return om_fail(err, OM_EDENIED, "the certificate has expired");
    return OM_OK;
}

static om_rc check_path(struct maf *maf, struct maf_certificate *c, const struct store_certificate *row,
                        int64_t now, struct om_error *err)
{
    enum pki_fault fault = PKI_GOOD;
    bool due = c->crls != maf->certificates->crls_generation || now >= c->checked + CHECK_SECONDS ||
               now < c->checked;
    if (c->leaf == NULL || !due)
        return OM_OK;
    om_rc rc = maf_certificate_path(maf, c, row, &fault, err);
    ERR_clear_error();
    OM_TRY(rc);
    c->checked = now;
    c->crls = maf->certificates->crls_generation;
    return OM_OK;
}

static om_rc check_certificate(struct maf *maf, const struct maf_peer *peer, int64_t now,
                               struct om_error *err)
{
    struct store_certificate row;
    OM_TRY(store_certificate_get(maf->store, peer->certificate->id, &row, err));
    om_rc rc = check_row(peer->certificate, &row, now, err);
    if (rc == OM_OK)
        rc = check_path(maf, peer->certificate, &row, now, err);
    if (rc == OM_OK && maf->role->certificate != NULL)
        rc = maf->role->certificate(maf, peer->certificate, err);
    store_certificate_free(&row);
    return rc;
}

om_rc maf_peer_check(struct maf *maf, const struct maf_peer *peer, int64_t now, struct om_error *err)
{
    om_rc rc = peer->kind == MAF_CREDENTIAL_CERTIFICATE ? check_certificate(maf, peer, now, err)
                                                        : check_kmid(maf, peer, now, err);
    if (rc == OM_EINTEGRITY)
        maf_audit_bad_row(maf, "row-refused", "credential=%s why=\"%s\"", maf_peer_name(peer),
                          om_error_text(err, rc));
    return rc == OM_ENOTFOUND || rc == OM_EINTEGRITY ? OM_EDENIED : rc;
}

bool maf_session_valid(struct maf *maf, const struct maf_session *session)
{
    const struct maf_peer *peer = session->peer;
    return peer != NULL && !peer->decoy && maf_peer_check(maf, peer, maf->now(), NULL) == OM_OK;
}
