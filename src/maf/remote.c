/* Asking a MEF for the Km of a KeID: see remote.h. */
#include "maf/remote.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "maf/id_pattern.h"
#include "maf/maf_internal.h"
#include "onem2m/fetch.h"
#include "util/log.h"
#include "util/text.h"

#define SUID_KM    21 /* MEF-RP-1 */
#define KEIDS_KEPT 15 /* of one client and MEF, beside the newest (docs/adr/0101) */

void maf_remote_free(struct maf_remote *r)
{
    store_mef_free(&r->mef);
}

om_rc maf_remote_wanted(struct maf *maf, const char *identity, struct maf_remote *out, bool *wanted,
                        struct om_error *err)
{
    char fqdn[M2M_FQDN_SIZE];
    struct store_credential known;
    *wanted = false;
    memset(out, 0, sizeof *out);
    if (m2m_fold(out->keid, sizeof out->keid, identity, NULL) != OM_OK ||
        m2m_key_id_split(identity, out->relative, fqdn, NULL) != OM_OK || maf_is_name(maf, fqdn))
        return OM_OK;
    om_rc rc = store_mef_get(maf->store, fqdn, &out->mef, err);
    if (rc == OM_ENOTFOUND)
        return OM_OK;
    if (rc == OM_EINTEGRITY)
        maf_audit_bad_row(maf, "row-refused", "mef=%s why=\"%s\"", fqdn, om_error_text(err, rc));
    if (rc == OM_OK)
        rc = store_credential_get(maf->store, out->keid, &known, err);
    *wanted = rc == OM_ENOTFOUND; /* one that is revoked, expired or altered is not fetched again */
    if (!*wanted)
        maf_remote_free(out);
    return *wanted || rc == OM_EINTEGRITY ? OM_OK : rc;
}

om_rc maf_remote_request(const struct maf *maf, const struct maf_remote *r, enum maf_remote_path path,
                         struct m2m_request *rq, struct om_error *err)
{
    rq->op = M2M_OP_RETRIEVE;
    rq->has_from = rq->has_rvi = true;
    OM_TRY(om_copy_text(rq->from, sizeof rq->from, maf->names[0], err)); /* MEF-FC-4 */
    OM_TRY(om_copy_text(rq->rvi, sizeof rq->rvi, "3", err));
    if (path == MAF_REMOTE_FETCH) {
        char keid[M2M_KEY_ID_SIZE];
        OM_TRY(m2m_key_id_join(keid, r->relative, r->mef.fqdn, err));
        return m2m_fetch_address(rq->to, keid, SUID_KM, err);
    }
    int n = snprintf(rq->to, sizeof rq->to, "//%s/" WIRE_BASE_ALIAS "/%s", r->mef.fqdn, r->relative);
    return n > 0 && (size_t)n < sizeof rq->to ? OM_OK : om_fail(err, OM_EINPUT, "the KeID is too long");
}

/* ---- the answer ---- */

/* What a MEF said of a KeID, from either path. */
struct said {
    struct om_secret key;
    char identity[M2M_ID_SIZE];
    int64_t expires;
};

static om_rc lies(struct om_error *err, const char *what)
{
    return om_fail(err, OM_EINTEGRITY, "the MEF answers with %s", what);
}

static om_rc read_fetched(const json_t *content, struct said *out, struct om_error *err)
{
    struct m2m_fetched f;
    if (m2m_fetched_decode(content, &f, err) != OM_OK || !f.status)
        return lies(err, "no credential");
    out->key = f.credential; /* taken over */
    out->expires = f.lifetime;
    memcpy(out->identity, f.enrolee, sizeof out->identity);
    return OM_OK;
}

/* MEF-RP-8: a key that the client registered, of SUID 21, unchanged. */
static om_rc read_registered(const struct maf_remote *r, const json_t *content, struct said *out,
                             struct om_error *err)
{
    const unsigned needed = M2M_A_RN | M2M_A_ET | M2M_A_CR | M2M_A_SUID | M2M_A_KYV;
    struct m2m_resource key = {0};
    om_rc rc = m2m_resource_decode(content, WIRE_TY_SYMM_KEY_REG, M2M_RESPONSE, &key, err);
    if (rc != OM_OK || (key.present & needed) != needed || strcasecmp(key.rn, r->relative) != 0) {
        rc = lies(err, "no key of this name");
    } else if (key.suid != SUID_KM) {
        rc = om_fail(err, OM_EDENIED, "the key has SUID %u, not %d", key.suid, SUID_KM);
    } else {
        out->key = key.kyv; /* taken over */
        key.kyv = (struct om_secret)OM_SECRET_INIT;
        out->expires = key.et;
        memcpy(out->identity, key.cr, sizeof out->identity);
    }
    m2m_resource_free(&key);
    return rc;
}

static om_rc check_vouches(const struct store_mef *mef, const char *identity, struct om_error *err)
{
    return maf_id_matches_any(&mef->vouches, identity)
               ? OM_OK
               : om_fail(err, OM_EDENIED, "this MEF does not vouch for %s", identity);
}

static om_rc check_said(const struct maf *maf, const struct maf_remote *r, const struct said *s,
                        struct om_error *err)
{
    if (!m2m_is_absolute_id(s->identity))
        return lies(err, "an Enrolee-ID that no client has");
    OM_TRY(check_vouches(&r->mef, s->identity, err));
    if (s->expires <= maf->now()) /* MEF-RP-6; a 0 would be kept as "never" */
        return om_fail(err, OM_EDENIED, "the key has expired");
    return OM_OK;
}

/* While it was asked, the MEF may have been removed, or replaced by one with another key or other clients. */
static om_rc check_mef(struct maf *maf, const struct store_mef *asked, const char *identity,
                       struct om_error *err)
{
    struct store_mef now;
    om_rc rc = store_mef_get(maf->store, asked->fqdn, &now, err);
    if (rc == OM_ENOTFOUND)
        return om_fail(err, OM_EDENIED, "the MEF was removed while it was asked");
    OM_TRY(rc);
    rc = now.created == asked->created ? check_vouches(&now, identity, err)
                                       : om_fail(err, OM_EDENIED, "the MEF was replaced while it was asked");
    store_mef_free(&now);
    return rc;
}

static om_rc store_in_transaction(struct maf *maf, const struct store_mef *asked,
                                  const struct store_credential *r, const struct se_psk13 *forms,
                                  struct om_error *err)
{
    OM_TRY(store_begin(maf->store, err));
    om_rc rc = check_mef(maf, asked, r->identity, err);
    if (rc == OM_OK)
        rc = store_provided_create(maf->store, r, forms, KEIDS_KEPT, err);
    return store_end(maf->store, rc, err);
}

/* OM_ECONFLICT is no error when another worker was faster. */
static om_rc keep(struct maf *maf, const struct maf_remote *r, const struct said *s, struct om_error *err)
{
    struct store_credential known;
    struct store_credential c = {
        .state = STORE_CREDENTIAL_ACTIVE, .created = maf->now(), .expires = s->expires};
    struct se_forms forms;
    if (maf->max_provisioned_lifetime != 0 && c.expires > c.created + maf->max_provisioned_lifetime)
        c.expires = c.created + maf->max_provisioned_lifetime; /* MEF-FC-10 says when at the latest */
    OM_TRY(om_copy_text(c.identity, sizeof c.identity, s->identity, err));
    OM_TRY(om_copy_text(c.admin_fqdn, sizeof c.admin_fqdn, r->mef.fqdn, err)); /* who vouches for it */
    OM_TRY(m2m_key_id_join(c.kmid, r->relative, r->mef.fqdn, err));
    OM_TRY(se_import_forms(maf->se, s->key.octets, s->key.len, SE_FORM_PSK | SE_FORM_PSK13, &forms, err));
    c.km = forms.psk;
    om_rc rc = store_in_transaction(maf, &r->mef, &c, &forms.psk13, err);
    if (rc == OM_ECONFLICT && store_credential_get(maf->store, c.kmid, &known, NULL) == OM_OK)
        return OM_OK;
    if (rc == OM_OK)
        om_audit("key-fetched", "keid=%s client=%s mef=%s", c.kmid, c.identity, r->mef.fqdn);
    return rc;
}

om_rc maf_remote_take(struct maf *maf, const struct maf_remote *r, enum maf_remote_path path, int rsc,
                      const json_t *content, struct om_error *err)
{
    struct said s = {.expires = 0};
    struct maf_retry retry = {0};
    if (rsc == M2M_NOT_FOUND)
        return om_fail(err, OM_ENOTFOUND, "the MEF does not know the KeID");
    if (rsc != M2M_OK)
        return om_fail(err, OM_EDENIED, "the MEF refuses: %d", rsc);
    om_rc rc =
        path == MAF_REMOTE_FETCH ? read_fetched(content, &s, err) : read_registered(r, content, &s, err);
    if (rc == OM_OK)
        rc = check_said(maf, r, &s, err);
    if (rc == OM_OK)
        rc = OM_ETRANSIENT;
    while (rc == OM_ETRANSIENT && maf_again(&retry))
        rc = keep(maf, r, &s, err);
    om_secret_free(&s.key);
    return rc;
}
