/* MAF Client Configuration Retrieval (TS-0003 8.8.2.4): RETRIEVE of mafClientReg with attribute list [mccf].
 * Without a list the owner gets its record as it stands, without the configuration. */
#include "maf/maf_internal.h"

#include <stdlib.h>
#include <string.h>

#include "util/log.h"

/* MAF-CC-5: exactly what the administrator attached last. MAF-CC-4: 4004 when there is nothing. */
static om_rc load_configuration(struct maf_call *c, const struct store_registration *r, json_t **out)
{
    char *text = NULL;
    om_rc rc = store_client_cfg_get(c->maf->store, r->identity, r->admin_fqdn, &text, &c->err);
    if (rc == OM_ENOTFOUND)
        return maf_refuse(c, M2M_NOT_FOUND, "no configuration is attached to %s", r->id);
    if (rc == OM_OK) {
        rc = m2m_json_parse(text, strlen(text), out, &c->err);
        if (rc == OM_EINPUT) /* admin.c stores only what parses */
            rc = om_context(&c->err, OM_EINTERNAL, "stored configuration of %s", r->identity);
    }
    free(text);
    return rc;
}

static om_rc retrieve(struct maf_call *c, struct store_registration *r)
{
    enum maf_result result;
    unsigned mask;
    OM_TRY(maf_load_own_registration(c, r)); /* MAF-CC-2, -3, -4 */
    OM_TRY(maf_no_content(c));
    OM_TRY(maf_result_content(c, &result));
    struct m2m_resource view = maf_registration_view(c, r);
    OM_TRY(maf_attribute_list(c, view.type, view.present | M2M_A_LBL | M2M_A_ASKI | M2M_A_MCCF, M2M_A_MCCF,
                              &mask));
    if ((mask & M2M_A_MCCF) != 0) {
        OM_TRY(load_configuration(c, r, &view.mccf));
        view.present |= M2M_A_MCCF;
    }
    om_rc rc = result == MAF_RESULT_NOTHING ? OM_OK : maf_prepare(c, &view, mask);
    json_decref(view.mccf);
    if (rc != OM_OK)
        return rc;
    if ((mask & M2M_A_MCCF) != 0)
        om_audit("configuration-retrieved", "id=%s client=%s", r->id, c->from);
    maf_done(c, M2M_OK);
    return OM_OK;
}

om_rc maf_client_configuration(struct maf_call *c)
{
    struct store_registration r = {0};
    om_rc rc = retrieve(c, &r);
    store_registration_free(&r);
    return rc;
}
