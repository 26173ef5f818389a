/* MAF Key Registration Update (TS-0003 8.8.2.9): UPDATE of symmKeyReg by its Source. The key itself never
 * changes. What is stored holds for the next retrieval (MAF-KU-7). */
#include "maf/maf_internal.h"

#include "util/log.h"

#define UPDATABLE (M2M_A_ET | M2M_A_LBL | M2M_A_TGIS)

struct work {
    struct maf_policy policy;
    struct m2m_resource in;
    struct store_key record;
    enum maf_result result;
    int64_t expires;
};

static om_rc check_content(struct maf_call *c, struct work *w)
{
    OM_TRY(maf_content(c, WIRE_TY_SYMM_KEY_REG, M2M_UPDATE_REQUEST, &w->in)); /* MAF-KU-4: others refused */
    if (((w->in.present | w->in.nulls) & UPDATABLE) == 0)                     /* MAF-KU-2 */
        return maf_refuse(c, M2M_BAD_REQUEST,
                          "an update needs expirationTime (et), labels (lbl) or targetIDs (tgis)");
    if ((w->in.nulls & (M2M_A_ET | M2M_A_TGIS)) != 0) /* MAF-KU-8 */
        return maf_refuse(c, M2M_BAD_REQUEST, "%s cannot be removed",
                          (w->in.nulls & M2M_A_ET) != 0 ? "et: expirationTime" : "tgis: targetIDs");
    if ((w->in.present & M2M_A_ET) != 0) /* MAF-KU-5 */
        OM_TRY(maf_expiration(c, w->in.et, w->policy.max_key_lifetime, &w->expires));
    OM_TRY(maf_result_content(c, &w->result));
    if ((w->in.present & M2M_A_TGIS) != 0) /* MAF-KU-3 */
        OM_TRY(maf_check_targets(c, &w->in.tgis, w->record.suid, &w->policy));
    return OM_OK;
}

/* MAF-KU-6: only what was in the request. */
static om_rc prepare(struct maf_call *c, struct work *w)
{
    if (w->result == MAF_RESULT_NOTHING)
        return OM_OK;
    struct m2m_resource view = maf_key_view(c, &w->record);
    unsigned mask = w->in.present & UPDATABLE;
    if (w->result == MAF_RESULT_MODIFIED)
        mask = (mask & M2M_A_ET) != 0 && w->record.expires != w->in.et ? M2M_A_ET : 0U;
    return maf_prepare(c, &view, mask);
}

static om_rc apply(struct maf_call *c, void *arg)
{
    struct work *w = arg;
    store_key_free(&w->record);
    OM_TRY(maf_load_own_key(c, &w->record));
    if ((w->in.present & M2M_A_ET) != 0)
        w->record.expires = w->expires;
    if (((w->in.present | w->in.nulls) & M2M_A_LBL) != 0) /* MAF-KU-8: null leaves none */
        OM_TRY(m2m_list_copy(&w->record.labels, &w->in.lbl, &c->err));
    if ((w->in.present & M2M_A_TGIS) != 0)
        OM_TRY(m2m_list_copy(&w->record.targets, &w->in.tgis, &c->err));
    w->record.modified = c->now;
    OM_TRY(store_key_update(c->maf->store, &w->record, &c->err));
    return prepare(c, w);
}

static om_rc update(struct maf_call *c, struct work *w)
{
    OM_TRY(maf_load_own_key(c, &w->record)); /* MAF-KU-1 */
    OM_TRY(
        maf_load_policy(c, w->record.admin_fqdn, "the administrator of this key is not known", &w->policy));
    if (!maf_policy_suid_allowed(&w->policy, w->record.suid)) /* MAF-KU-5: as it is now */
        return maf_refuse(c, M2M_ORIGINATOR_HAS_NO_PRIVILEGE,
                          "the administrator no longer permits keys of SUID %u", w->record.suid);
    OM_TRY(check_content(c, w));
    OM_TRY(maf_transaction(c, apply, w));
    om_audit("key-updated", "id=%s source=%s targets=%zu", w->record.id, c->from, w->record.targets.n);
    maf_done(c, M2M_UPDATED);
    return OM_OK;
}

om_rc maf_key_update(struct maf_call *c)
{
    struct work w = {0};
    om_rc rc = update(c, &w);
    store_key_free(&w.record);
    m2m_resource_free(&w.in);
    maf_policy_free(&w.policy);
    return rc;
}
