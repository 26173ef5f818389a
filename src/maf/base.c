/* The base: what any authenticated peer may read, and what nobody may do to it (spec/wire §2). */
#include "maf/maf_internal.h"

#include <string.h>

#include "util/text.h"

static om_rc describe(struct maf_call *c, struct m2m_resource *r)
{
    const struct maf_role *role = c->maf->role;
    r->type = role->ty_base;
    r->present = M2M_A_TY | M2M_A_RI | M2M_A_RN | M2M_A_CT | M2M_A_LT | M2M_A_FQDN | M2M_A_SRV;
    r->ct = c->maf->started; /* the base exists for as long as its server runs */
    r->lt = c->maf->started;
    OM_TRY(om_copy_text(r->ri, sizeof r->ri, role->base_name, &c->err));
    OM_TRY(om_copy_text(r->rn, sizeof r->rn, role->base_name, &c->err));
    OM_TRY(om_copy_text(r->fqdn, sizeof r->fqdn, c->maf->names[0], &c->err));
    if (c->maf->device_config_uri != NULL) {
        r->present |= M2M_A_DCFU;
        OM_TRY(om_copy_text(r->dcfu, sizeof r->dcfu, c->maf->device_config_uri, &c->err));
    }
    OM_TRY(m2m_list_add(&r->srv, "2a", &c->err));
    return m2m_list_add(&r->srv, "3", &c->err);
}

static om_rc retrieve(struct maf_call *c, struct m2m_resource *r)
{
    enum maf_result result;
    unsigned mask;
    OM_TRY(maf_no_content(c));
    OM_TRY(maf_result_content(c, &result));
    OM_TRY(describe(c, r));
    OM_TRY(maf_attribute_list(c, r->type, r->present, 0, &mask));
    if (result != MAF_RESULT_NOTHING)
        OM_TRY(maf_prepare(c, r, mask));
    maf_done(c, M2M_OK);
    return OM_OK;
}

om_rc maf_base_retrieve(struct maf_call *c)
{
    if (c->rq->fc.discovery)
        return maf_discovery(c);
    struct m2m_resource r = {0};
    om_rc rc = retrieve(c, &r);
    m2m_resource_free(&r);
    return rc;
}

om_rc maf_base_create(struct maf_call *c)
{
    const struct maf_role *role = c->maf->role;
    int ty = c->rq->ty;
    if (ty == role->ty_client_reg)
        return maf_client_registration(c);
    if (ty == WIRE_TY_SYMM_KEY_REG)
        return maf_key_registration(c);
    if (ty == 0)
        return maf_refuse(c, M2M_BAD_REQUEST, "Resource Type is missing");
    return maf_refuse(c, M2M_INVALID_CHILD_RESOURCE_TYPE, "Resource Type %d cannot be created at a %s", ty,
                      role->what);
}

om_rc maf_base_refuse(struct maf_call *c)
{
    return maf_refuse(c, M2M_OPERATION_NOT_ALLOWED, "the base can only be retrieved");
}

/* Nothing can be created below a registration. */
om_rc maf_record_create(struct maf_call *c)
{
    if (maf_is_registration_id(c->to.name)) {
        struct store_registration r = {0};
        om_rc rc = maf_load_own_registration(c, &r);
        store_registration_free(&r);
        OM_TRY(rc);
    } else {
        struct store_key r = {0};
        om_rc rc = maf_load_own_key(c, &r);
        store_key_free(&r);
        OM_TRY(rc);
    }
    return maf_refuse(c, M2M_INVALID_CHILD_RESOURCE_TYPE, "nothing can be created below a registration");
}
