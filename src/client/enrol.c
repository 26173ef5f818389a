/* The walk to a remotely provisioned key as a whole: see enrol.h. Each step leaves a record before the next
 * is tried, so whatever interrupts it, the next run goes on from there. */
#include "client/enrol.h"
#include "client/configuration.h"
#include "client/register.h"

#include <stdlib.h>
#include <string.h>

/* What has been tried in this run: nothing is tried twice. */
struct walk {
    struct openmaf *maf;
    const struct openmaf_registration_request *rq;
    struct enrolment *e;
    struct m2m_resource sent; /* content of a registration, once one is needed */
    bool at_mef, at_maf;
    bool done;
};

/* The server does not know our key: what a wrong one, an expired one and an unknown one look like. */
static bool is_unknown(const struct walk *w, om_rc rc)
{
    return rc == OM_EDENIED && w->maf->rsc == 0;
}

/* Before anybody is asked for something: what the administrator's configuration does not allow is not begun.
 */
static om_rc content(struct walk *w, struct om_error *err)
{
    return w->sent.present != 0 ? OM_OK : register_content(w->maf, &w->maf->home.maf, w->rq, &w->sent, err);
}

static om_rc to_mef(struct walk *w, struct om_error *err)
{
    OM_TRY(content(w, err));
    w->at_mef = true;
    return enrol_at_mef(w->maf, w->e, err);
}

/* By KeID. One from an earlier run may be over, here, at the MEF or at the MAF; one of this run is not. */
static om_rc to_maf(struct walk *w, struct om_error *err)
{
    om_rc rc = OM_EDENIED;
    OM_TRY(content(w, err));
    w->maf->rsc = 0;
    if (w->at_mef || client_now() < w->e->expires)
        rc = enrol_at_maf(w->maf, &w->sent, w->e, err);
    if (is_unknown(w, rc) && !w->at_mef)
        return to_mef(w, err);
    w->at_maf = rc == OM_OK;
    return rc;
}

/* By KmID. Where the MAF has it no more, or not the registration: back to the KeID, which may still be good.
 */
static om_rc by_kmid(struct walk *w, struct om_error *err)
{
    om_rc rc = enrol_first_use(w->maf, w->e, err);
    w->done = rc == OM_OK;
    if ((is_unknown(w, rc) || rc == OM_ENOTFOUND) && !w->at_maf)
        return to_maf(w, err);
    return rc;
}

static om_rc step(struct walk *w, struct om_error *err)
{
    switch (w->e->phase) {
    case ENROLMENT_ENROLLED:
        return to_maf(w, err);
    case ENROLMENT_ASSIGNED:
    case ENROLMENT_READY:
        return by_kmid(w, err);
    default:
        return to_mef(w, err);
    }
}

om_rc enrol_walk(struct openmaf *maf, const struct openmaf_registration_request *rq, bool renew,
                 struct enrolment *e, bool *changed, struct om_error *err)
{
    struct walk w = {.maf = maf, .rq = rq, .e = e};
    om_rc rc = enrolment_read(maf, rq->stakeholder, e, err);
    if (rc == OM_OK && e->phase == ENROLMENT_READY && (renew || client_now() >= enrolment_renewal(e)))
        rc = to_mef(&w, err); /* one that is under way is the renewal already */
    else if (rc == OM_ENOTFOUND)
        rc = OM_OK;
    while (rc == OM_OK && !w.done)
        rc = step(&w, err);
    *changed = w.at_maf;
    m2m_resource_free(&w.sent);
    return rc;
}

om_rc enrol_for_registration(struct openmaf *maf, const struct openmaf_registration_request *rq,
                             struct registration *r, bool *walked, struct om_error *err)
{
    struct configuration cfg;
    struct enrolment e;
    bool changed = false;
    *walked = false;
    om_rc rc = configuration_read(maf, rq->stakeholder, &cfg, err);
    if (rc != OM_OK)
        return rc == OM_ENOTFOUND ? OM_OK : rc;
    bool wanted = cfg.choice == CONFIGURATION_USE_REMOTE;
    configuration_free(&cfg);
    if (!wanted)
        return OM_OK;
    rc = enrolment_read(maf, rq->stakeholder, &e, err);
    if (rc == OM_OK && e.phase == ENROLMENT_READY && client_now() < e.expires)
        return OM_OK;
    if (rc != OM_OK && rc != OM_ENOTFOUND)
        return rc;
    OM_TRY(enrol_walk(maf, rq, false, &e, &changed, err));
    *walked = true;
    return registration_read(maf, &maf->home.maf, rq->stakeholder, r, err);
}
