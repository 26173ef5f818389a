/* MAF Client Registration (TS-0003 8.8.2.3): CREATE of mafClientReg. The client states that it is willing to
 * use this MAF under one administrator. */
#include "maf/maf_internal.h"

#include <string.h>

#include "util/log.h"
#include "util/text.h"

/* What the MAF adds of its own, for Result Content 9. */
#define ADDED                                                                                                \
    (M2M_A_TY | M2M_A_RI | M2M_A_RN | M2M_A_PI | M2M_A_CT | M2M_A_LT | M2M_A_CR | M2M_A_ASKI | M2M_A_CH)

struct work {
    char admin[M2M_FQDN_SIZE];
    struct maf_policy policy;
    struct m2m_resource in;
    struct store_registration record; /* borrows its labels from in */
    struct maf_assignment assignment;
};

static om_rc check_content(struct maf_call *c, struct work *w)
{
    OM_TRY(maf_content(c, c->maf->role->ty_client_reg, M2M_CREATE_REQUEST, &w->in)); /* MAF-CR-2 */
    if (w->admin[0] == '\0')
        return maf_refuse(c, M2M_BAD_REQUEST, "adfq: adminFQDN is missing or not an FQDN");
    return maf_expiration(c, w->in.et, w->policy.max_registration_lifetime, &w->record.expires);
}

/* MAF-CR-4: one live registration per identity and administrator. */
static om_rc store_record(struct maf_call *c, void *arg)
{
    struct work *w = arg;
    struct store *store = c->maf->store;
    struct store_registration old = {0};
    OM_TRY(maf_check_permission(c, w->admin));
    om_rc rc = store_registration_find(store, c->from, w->admin, &old, &c->err);
    if (rc == OM_OK && !maf_expired(old.expires, c->now))
        rc = maf_refuse(c, M2M_ORIGINATOR_HAS_ALREADY_REGISTERED, "already registered under %s as %s",
                        w->admin, old.id);
    else if (rc == OM_OK) /* MAF-GEN-7 */
        rc = store_registration_delete(store, old.id, &c->err);
    else if (rc == OM_ENOTFOUND)
        rc = OM_OK;
    store_registration_free(&old);
    if (rc == OM_OK)
        rc = store_registration_create(store, &w->record, &c->err);
    return rc == OM_OK ? maf_assignment_store(c, &w->assignment, w->record.id) : rc;
}

/* MAF-CR-5; MAF-CR-7: assignedSymmKeyID stays absent where Km was there before. */
static om_rc make_record(struct maf_call *c, struct work *w)
{
    struct store_registration *r = &w->record;
    OM_TRY(om_copy_text(r->identity, sizeof r->identity, c->from, &c->err));
    OM_TRY(om_copy_text(r->admin_fqdn, sizeof r->admin_fqdn, w->admin, &c->err));
    r->labels = w->in.lbl;
    r->created = c->now;
    r->modified = c->now;
    return OM_OK;
}

static om_rc prepare(struct maf_call *c, struct work *w, enum maf_result result)
{
    if (result == MAF_RESULT_NOTHING)
        return OM_OK;
    struct m2m_resource view = maf_registration_view(c, &w->record);
    unsigned mask = ~0U;
    if (result == MAF_RESULT_MODIFIED)
        mask = ADDED | (w->record.expires != w->in.et ? M2M_A_ET : 0U);
    return maf_prepare(c, &view, mask);
}

static om_rc create(struct maf_call *c, struct work *w)
{
    enum maf_result result;
    if (maf_peek_admin(c->rq, m2m_type_member(c->maf->role->ty_client_reg), w->admin))
        OM_TRY(maf_load_permission(c, w->admin, &w->policy)); /* MAF-CR-3 */
    OM_TRY(check_content(c, w));
    OM_TRY(maf_result_content(c, &result));
    OM_TRY(make_record(c, w));
    om_rc rc = OM_ECONFLICT;
    for (unsigned i = 0; i < MAF_ID_ATTEMPTS && rc == OM_ECONFLICT; i++) { /* MAF-GEN-10 */
        uint8_t octets[16];
        OM_TRY(se_random(c->maf->se, octets, sizeof octets, &c->err));
        maf_make_registration_id(w->record.id, octets);
        OM_TRY(maf_assignment_begin(c, w->admin, &w->policy, &w->assignment));
        maf_assignment_cap(&w->assignment, &w->record.expires);
        memcpy(w->record.assigned_kmid, w->assignment.credential.kmid, sizeof w->record.assigned_kmid);
        OM_TRY(prepare(c, w, result));
        rc = maf_transaction(c, store_record, w);
    }
    if (rc != OM_OK)
        return rc;
    if (result != MAF_RESULT_NOTHING)
        maf_set_location(c, w->record.id);
    om_audit("client-registered", "id=%s client=%s admin=%s", w->record.id, c->from, w->admin);
    maf_done(c, M2M_CREATED);
    return OM_OK;
}

om_rc maf_client_registration(struct maf_call *c)
{
    struct work w = {0};
    om_rc rc = create(c, &w);
    m2m_resource_free(&w.in);
    maf_policy_free(&w.policy);
    return rc;
}
