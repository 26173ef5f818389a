/* First contact with the MAF by KeID, and first use of the KmID (TS-0003 8.8.2.3, 8.8.2.5), client side: see
 * enrol.h. */
#include "client/checks.h"
#include "client/enrol.h"
#include "client/exchange.h"
#include "client/register.h"
#include "onem2m/types.h"
#include "util/text.h"

#include <string.h>

/* What the functions of this file work with. */
struct work {
    struct openmaf *maf;
    const struct home_server *server;
    struct enrolment *e;
    const struct m2m_resource *sent; /* of a registration that is made */
    struct m2m_resource answer;
    struct registration *r;
};

/* One request by KeID. */
static om_rc begin(struct work *w, struct exchange *x, enum m2m_operation op, const char *name,
                   struct om_error *err)
{
    OM_TRY(exchange_init(x, w->maf, w->server, op, name, err));
    x->stakeholder = w->e->stakeholder;
    x->psk = &w->e->km;
    return OM_OK;
}

/* --- the KmID --- */

/* Under a name that stands for another key here, nothing is stored. */
static om_rc refuse_known(struct work *w, const char *kmid, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    struct credential c = {.order = 0};
    OM_TRY(record_name(name, RECORD_CREDENTIAL, kmid, err));
    om_rc rc = credential_read(w->maf, name, &c, err);
    if (rc == OM_ENOTFOUND || (rc == OM_OK && strcmp(c.keid, w->e->km.kmid) == 0)) /* as it was told before */
        return OM_OK;
    return om_fail(err, OM_EINTEGRITY, "%s assigned KmID %s, which names another key of this home already",
                   w->server->fqdn, kmid);
}

/* Both, in the order in which an interruption does no harm: a credential that no enrolment names is told
 * again by the next update. */
static om_rc keep_kmid(struct work *w, const char *kmid, struct om_error *err)
{
    struct enrolment next = *w->e;
    struct credential c = w->e->km;
    memcpy(c.keid, w->e->km.kmid, sizeof c.keid);
    memcpy(c.stakeholder, w->e->stakeholder, sizeof c.stakeholder);
    OM_TRY(om_copy_text(c.kmid, sizeof c.kmid, kmid, err));
    next.phase = ENROLMENT_ASSIGNED;
    if (w->r->pub.expires <
        next.expires) /* MAF-CR-6: it ends with the key, and so may tell that we overrate it */
        next.expires = w->r->pub.expires;
    memcpy(next.kmid, c.kmid, sizeof next.kmid);
    c.expires = next.expires;
    c.imported = client_now();
    OM_TRY(credential_next_order(w->maf, &c.order, err));
    OM_TRY(credential_write(w->maf, &c, err));
    OM_TRY(enrolment_write(w->maf, &next, err));
    *w->e = next;
    return OM_OK;
}

static om_rc take_kmid(struct work *w, struct om_error *err)
{
    char kmid[M2M_KEY_ID_SIZE];
    OM_TRY(check_assigned_kmid(&w->answer, w->server->fqdn, kmid, err));
    OM_TRY(refuse_known(w, kmid, err));
    return keep_kmid(w, kmid, err);
}

/* --- the registration --- */

/* A registration is made; what fails a check is not kept at the MAF either. */
static om_rc create(struct work *w, struct om_error *err)
{
    struct exchange x;
    om_rc rc = begin(w, &x, M2M_OP_CREATE, NULL, err);
    if (rc == OM_OK)
        rc = exchange_content(&x, w->sent, err);
    if (rc == OM_OK)
        rc = exchange_run(&x, M2M_CREATED, NULL, NULL, err);
    const char *made = rc == OM_OK ? exchange_created(&x) : NULL;
    if (rc == OM_OK)
        rc = exchange_result(&x, w->server->role->ty_client_reg, REGISTER_NEEDED, &w->answer, err);
    if (rc == OM_OK)
        rc = register_accept(w->maf, w->server, w->sent, &w->answer, w->r, err);
    if (rc == OM_OK)
        rc = take_kmid(w, err);
    if (rc == OM_EINTEGRITY && made != NULL)
        rc = exchange_undo(&x, made, rc, err);
    exchange_free(&x);
    return rc;
}

/* MEF-RP-4: where there is one, it is updated, and the MAF assigns a KmID with that. A new end is asked for:
 * the old one was no later than that of the old key. */
static om_rc update(struct work *w, struct om_error *err)
{
    struct exchange x;
    const struct m2m_resource sent = {
        .type = w->server->role->ty_client_reg, .present = M2M_A_ET, .et = w->sent->et};
    om_rc rc = begin(w, &x, M2M_OP_UPDATE, w->r->id, err);
    if (rc == OM_OK)
        rc = exchange_content(&x, &sent, err);
    if (rc == OM_OK)
        rc = exchange_run(&x, M2M_UPDATED, NULL, NULL, err);
    if (rc == OM_OK)
        rc = exchange_result(&x, sent.type, M2M_A_ET, &w->answer, err);
    if (rc == OM_OK)
        rc = check_not_past(w->answer.et, client_now(), err);
    if (rc == OM_OK) {
        w->r->pub.expires = w->answer.et;
        rc = registration_write(w->maf, w->server, w->r, err);
    }
    if (rc == OM_OK)
        rc = take_kmid(w, err);
    exchange_free(&x);
    return rc;
}

static om_rc contact(struct work *w, struct om_error *err)
{
    om_rc rc = registration_read(w->maf, w->server, w->e->stakeholder, w->r, err);
    if (rc == OM_OK)
        rc = update(w, err);
    if (rc != OM_ENOTFOUND) /* else the home has none, or the MAF has it no more */
        return rc;
    rc = create(w, err);
    if (rc != OM_ECONFLICT || w->maf->rsc != M2M_ORIGINATOR_HAS_ALREADY_REGISTERED)
        return rc;
    /* the MAF has one and this home has not: an answer was lost, or the home is a new one */
    OM_TRY(register_find(w->maf, w->server, w->e->stakeholder, &w->e->km, w->r, err));
    return update(w, err);
}

om_rc enrol_at_maf(struct openmaf *maf, const struct m2m_resource *sent, struct enrolment *e,
                   struct om_error *err)
{
    struct work w = {.maf = maf, .server = &maf->home.maf, .e = e, .sent = sent, .r = registration_new()};
    if (w.r == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a registration");
    om_rc rc = contact(&w, err);
    m2m_resource_free(&w.answer);
    openmaf_registration_free(&w.r->pub);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "registration with the provisioned key");
}

/* --- first use --- */

/* The own registration, by the KmID. */
static om_rc use(struct work *w, const struct credential *c, struct om_error *err)
{
    struct exchange x;
    struct m2m_resource got = {0};
    OM_TRY(registration_read(w->maf, w->server, w->e->stakeholder, w->r, err));
    om_rc rc = exchange_init(&x, w->maf, w->server, M2M_OP_RETRIEVE, w->r->id, err);
    x.stakeholder = w->e->stakeholder;
    x.psk = c;
    if (rc == OM_OK)
        rc = exchange_run(&x, M2M_OK, NULL, NULL, err);
    if (rc == OM_OK)
        rc = exchange_result(&x, w->server->role->ty_client_reg, REGISTER_NEEDED, &got, err);
    if (rc == OM_OK)
        rc = check_registration(&got, w->maf->home.id, w->e->stakeholder, client_now(), err);
    m2m_resource_free(&got);
    exchange_free(&x);
    return rc;
}

/* The MAF has ended the KmIDs before, so their records go (MAF-CU-7). */
static om_rc settle(struct work *w, struct om_error *err)
{
    struct enrolment next = *w->e;
    if (next.phase == ENROLMENT_READY)
        return OM_OK;
    OM_TRY(enrolment_remove_kmids(w->maf, next.stakeholder, next.kmid, err));
    next.phase = ENROLMENT_READY;
    OM_TRY(enrolment_write(w->maf, &next, err));
    *w->e = next;
    return OM_OK;
}

om_rc enrol_first_use(struct openmaf *maf, struct enrolment *e, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    struct credential c = {.order = 0};
    struct work w = {.maf = maf, .server = &maf->home.maf, .e = e, .r = registration_new()};
    maf->rsc = 0;
    om_rc rc = w.r != NULL ? record_name(name, RECORD_CREDENTIAL, e->kmid, err)
                           : om_fail(err, OM_ENOMEM, "no memory for a registration");
    if (rc == OM_OK)
        rc = credential_read(maf, name, &c, err);
    if (rc == OM_OK)
        rc = use(&w, &c, err);
    if (rc == OM_OK)
        rc = settle(&w, err);
    if (w.r != NULL)
        openmaf_registration_free(&w.r->pub);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "use of KmID %s", e->kmid);
}
