/* Credential fetch (TS-0003 8.3.2.1 'Use', steps b to f): RETRIEVE of fetchCredentials/<KeID>/<SUID> by an
 * Enrolment Target. The key that it gets follows from Ke, for one SUID and this Target; Ke itself never
 * leaves (MEF-FC-7). Repeatable until the enrolment ends (MEF-FC-11). */
#include "derive/derive.h"
#include "mef/mef_internal.h"
#include "onem2m/fetch.h"

#include <stdio.h>
#include <string.h>

#include "util/log.h"
#include "util/text.h"

struct work {
    struct m2m_fetch to;
    struct store_enrolment enrolment;
    struct m2m_fetched answer;
};

/* MEF-FC-6: unknown and expired are the same. */
static om_rc load_enrolment(struct maf_call *c, struct work *w)
{
    if (m2m_fetch_parse(c->rq->to, &w->to, &c->err) != OM_OK)
        return maf_refuse(c, M2M_NOT_FOUND, "To must be " WIRE_FETCH "/<KeID>/<SUID>");
    if (w->to.absolute && !maf_is_name(c->maf, w->to.fqdn))
        return maf_refuse(c, M2M_NOT_FOUND, "%s is not a name of this MEF", w->to.fqdn);
    om_rc rc = OM_ENOTFOUND;
    if (maf_is_name(c->maf, w->to.issuer))
        rc = store_enrolment_get(c->maf->store, w->to.relative, &w->enrolment, &c->err);
    if (rc == OM_ENOTFOUND || (rc == OM_OK && maf_expired(w->enrolment.expires, c->now)))
        return maf_refuse(c, M2M_NOT_FOUND, "no such KeID");
    return rc;
}

/* MEF-FC-6: this Target, this Enrolee, this SUID. */
static om_rc check_right(struct maf_call *c, const struct work *w)
{
    char right[MEF_RIGHT_SIZE];
    struct store_enrolee enrolee = {0};
    om_rc rc = store_enrolee_get(c->maf->store, w->enrolment.enrolee, &enrolee, &c->err);
    if (rc != OM_OK && rc != OM_ENOTFOUND)
        return rc;
    mef_right(right, w->to.suid, c->from);
    bool has = rc == OM_OK && w->to.suid != 0 && m2m_list_has(&enrolee.rights, right);
    store_enrolee_free(&enrolee);
    return has ? OM_OK
               : maf_refuse(c, M2M_ORIGINATOR_HAS_NO_PRIVILEGE,
                            "this key is not for the originator with this SUID");
}

/* MEF-FC-7, -10. The key is in our memory while it is answered. */
static om_rc derive(struct maf_call *c, struct work *w)
{
    char fqdn[M2M_ID_SIZE];
    uint8_t key[SE_MAC_SIZE];
    struct se_key *ke = NULL;
    OM_TRY(m2m_target_fqdn(fqdn, c->from, &c->err));
    OM_TRY(se_load(c->maf->se, &w->enrolment.ke, SE_USE_HMAC, &ke, &c->err));
    om_rc rc = om_derive_usage_key(ke, w->to.suid, fqdn, key, &c->err);
    se_key_unref(ke);
    if (rc == OM_OK)
        rc = om_secret_set(&w->answer.credential, key, sizeof key, &c->err);
    om_wipe(key, sizeof key);
    if (rc != OM_OK)
        return rc;
    w->answer.status = true;
    w->answer.lifetime = w->enrolment.expires;
    return om_copy_text(w->answer.enrolee, sizeof w->answer.enrolee, w->enrolment.enrolee, &c->err);
}

/* MEF-KR-4: from the first fetch on, Ke cannot become a registered key; that is on disk before the key is
 * out.
 */
static om_rc mark(struct maf_call *c, const struct work *w)
{
    if (w->enrolment.fetched)
        return OM_OK;
    om_rc rc = store_enrolment_fetched(c->maf->store, w->enrolment.id, &c->err);
    return rc == OM_ENOTFOUND ? maf_refuse(c, M2M_NOT_FOUND, "no such KeID") : rc;
}

static om_rc fetch(struct maf_call *c, struct work *w)
{
    enum maf_result result;
    if (c->rq->op != M2M_OP_RETRIEVE)
        return maf_refuse(c, M2M_OPERATION_NOT_ALLOWED, "credentials can only be retrieved");
    OM_TRY(load_enrolment(c, w));
    OM_TRY(check_right(c, w));
    OM_TRY(maf_no_content(c));
    OM_TRY(maf_result_content(c, &result));
    if (c->rq->has_atrl)
        return maf_refuse(c, M2M_BAD_REQUEST, "an attribute list is not allowed here");
    if (result != MAF_RESULT_NOTHING) {
        OM_TRY(mark(c, w));
        OM_TRY(derive(c, w));
        json_decref(c->content);
        c->content = NULL;
        OM_TRY(m2m_fetched_encode(&w->answer, &c->content, &c->err));
    }
    om_audit("credential-fetched", "keid=%s enrolee=%s target=%s suid=%u", w->to.keid, w->enrolment.enrolee,
             c->from, w->to.suid);
    maf_done(c, M2M_OK);
    return OM_OK;
}

static om_rc credential_fetch(struct maf_call *c)
{
    struct work w = {0};
    om_rc rc = fetch(c, &w);
    m2m_fetched_free(&w.answer);
    return rc;
}

maf_procedure *mef_outside(const struct m2m_request *rq)
{
    return m2m_fetch_is(rq->to) ? credential_fetch : NULL;
}

/* MEF-FC-8, -9: a failure has a payload of its own too. */
void mef_finish(struct maf_call *c)
{
    json_t *content = NULL;
    struct m2m_fetched failure = {.status = false};
    if (c->rs->rsc < M2M_BAD_REQUEST || !m2m_fetch_is(c->rq->to))
        return;
    const char *text = json_string_value(json_object_get(c->rs->pc, WIRE_DEBUG));
    (void)snprintf(failure.error, sizeof failure.error, "%s", text != NULL ? text : m2m_rsc_name(c->rs->rsc));
    if (m2m_fetched_encode(&failure, &content, NULL) != OM_OK)
        return;
    json_decref(c->rs->pc);
    c->rs->pc = content;
}
