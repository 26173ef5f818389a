/* MAF Client Registration Update (TS-0003 8.8.2.5): UPDATE of mafClientReg by its owner. */
#include "maf/maf_internal.h"

#include <string.h>

#include "util/log.h"

#define UPDATABLE (M2M_A_ET | M2M_A_LBL)

struct work {
    struct maf_policy policy;
    struct m2m_resource in;
    struct store_registration record;
    enum maf_result result;
    int64_t expires;
    struct maf_assignment assignment;
    bool assigned; /* the response tells a KmID */
};

static om_rc check_content(struct maf_call *c, struct work *w)
{
    OM_TRY(maf_content(c, c->maf->role->ty_client_reg, M2M_UPDATE_REQUEST,
                       &w->in));                          /* MAF-CU-3: others refused */
    if (((w->in.present | w->in.nulls) & UPDATABLE) == 0) /* MAF-CU-2 */
        return maf_refuse(c, M2M_BAD_REQUEST, "an update needs expirationTime (et) or labels (lbl)");
    if ((w->in.nulls & M2M_A_ET) != 0) /* MAF-CU-6 */
        return maf_refuse(c, M2M_BAD_REQUEST, "et: expirationTime cannot be removed");
    if ((w->in.present & M2M_A_ET) != 0)
        OM_TRY(maf_expiration(c, w->in.et, w->policy.max_registration_lifetime, &w->expires));
    return maf_result_content(c, &w->result);
}

/* MAF-CU-5: only what was in the request. */
static om_rc prepare(struct maf_call *c, struct work *w)
{
    if (w->result == MAF_RESULT_NOTHING)
        return OM_OK;
    struct m2m_resource view = maf_registration_view(c, &w->record);
    unsigned mask = w->in.present & UPDATABLE;
    if (w->result == MAF_RESULT_MODIFIED)
        mask = (mask & M2M_A_ET) != 0 && w->record.expires != w->in.et ? M2M_A_ET : 0U;
    mask |= w->assigned ? M2M_A_ASKI : 0U;
    return maf_prepare(c, &view, mask);
}

/* MAF-CU-1, -7: a session with a KeID brings a new Km, and the client gets a KmID for it. */
static om_rc assign(struct maf_call *c, struct work *w)
{
    bool open = false;
    w->assigned = w->assignment.wanted;
    if (!w->assigned)
        return OM_OK;
    OM_TRY(maf_assignment_is_open(c, w->record.assigned_kmid, &open));
    if (open) /* an update whose response was lost */
        return OM_OK;
    memcpy(w->record.assigned_kmid, w->assignment.credential.kmid, sizeof w->record.assigned_kmid);
    return OM_OK;
}

static om_rc apply(struct maf_call *c, void *arg)
{
    struct work *w = arg;
    store_registration_free(&w->record);
    OM_TRY(maf_load_own_registration(c, &w->record));
    OM_TRY(maf_check_permission(c, w->record.admin_fqdn));
    if ((w->in.present & M2M_A_ET) != 0)
        w->record.expires = w->expires;
    if (((w->in.present | w->in.nulls) & M2M_A_LBL) != 0) /* MAF-CU-6: the whole list; null leaves none */
        OM_TRY(m2m_list_copy(&w->record.labels, &w->in.lbl, &c->err));
    w->record.modified = c->now;
    OM_TRY(assign(c, w));
    OM_TRY(store_registration_update(c->maf->store, &w->record, &c->err));
    if (w->assigned && strcmp(w->record.assigned_kmid, w->assignment.credential.kmid) == 0)
        OM_TRY(maf_assignment_store(c, &w->assignment, w->record.id));
    return prepare(c, w);
}

static om_rc update(struct maf_call *c, struct work *w)
{
    OM_TRY(maf_load_own_registration(c, &w->record));                 /* MAF-CU-3 */
    OM_TRY(maf_load_permission(c, w->record.admin_fqdn, &w->policy)); /* MAF-CU-4 */
    OM_TRY(check_content(c, w));
    om_rc rc = OM_ECONFLICT;
    for (unsigned i = 0; i < MAF_ID_ATTEMPTS && rc == OM_ECONFLICT; i++) { /* MAF-GEN-10 */
        OM_TRY(maf_assignment_begin(c, w->record.admin_fqdn, &w->policy, &w->assignment));
        maf_assignment_cap(&w->assignment, &w->expires);
        rc = maf_transaction(c, apply, w);
    }
    if (rc != OM_OK)
        return rc;
    om_audit("client-updated", "id=%s client=%s", w->record.id, c->from);
    maf_done(c, M2M_UPDATED);
    return OM_OK;
}

om_rc maf_client_update(struct maf_call *c)
{
    struct work w = {0};
    om_rc rc = update(c, &w);
    store_registration_free(&w.record);
    m2m_resource_free(&w.in);
    maf_policy_free(&w.policy);
    return rc;
}
