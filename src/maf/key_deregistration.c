/* MAF Key De-Registration (TS-0003 8.8.2.10): DELETE of symmKeyReg by its Source. The RelativeKeyID stays
 * burnt (MAF-GEN-10, in the store). */
#include "maf/maf_internal.h"

#include "util/log.h"

struct work {
    struct store_key record;
    enum maf_result result;
};

static om_rc apply(struct maf_call *c, void *arg)
{
    struct work *w = arg;
    store_key_free(&w->record);
    OM_TRY(maf_load_own_key(c, &w->record));
    if (w->result != MAF_RESULT_NOTHING) { /* MAF-KD-3: nothing unless asked; never the Key Value */
        struct m2m_resource view = maf_key_view(c, &w->record);
        OM_TRY(maf_prepare(c, &view, ~0U));
    }
    return store_key_delete(c->maf->store, w->record.id, &c->err); /* MAF-KD-2 */
}

static om_rc delete_key(struct maf_call *c, struct work *w)
{
    OM_TRY(maf_load_own_key(c, &w->record)); /* MAF-KD-1 */
    OM_TRY(maf_no_content(c));
    OM_TRY(maf_result_content(c, &w->result));
    OM_TRY(maf_transaction(c, apply, w));
    om_audit("key-deregistered", "id=%s source=%s", w->record.id, c->from);
    maf_done(c, M2M_DELETED);
    return OM_OK;
}

om_rc maf_key_deregistration(struct maf_call *c)
{
    struct work w = {0};
    om_rc rc = delete_key(c, &w);
    store_key_free(&w.record);
    return rc;
}
