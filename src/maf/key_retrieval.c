/* MAF Key Retrieval (TS-0003 8.8.2.8): RETRIEVE of symmKeyReg by a Target. The only place where a Key Value
 * comes out of the token; it does so after authorization, for as long as the response is made. Repeatable
 * (MAF-KT-10). */
#include "maf/maf_internal.h"

#include "util/log.h"

/* MAF-KT-7: never targetIDs. */
#define READABLE (M2M_A_RI | M2M_A_RN | M2M_A_ET | M2M_A_LBL | M2M_A_CR | M2M_A_ADFQ | M2M_A_SUID | M2M_A_KYV)

/* MAF-KT-4, -6: the stored list decides, octet for octet; the Source has no special standing. */
static om_rc check_target(struct maf_call *c, const struct store_key *key)
{
    if (!m2m_list_has(&key->targets, c->from))
        return maf_refuse(c, M2M_ORIGINATOR_HAS_NO_PRIVILEGE, "the client is not a target of this key");
    if (!c->maf->require_target_registration) /* MAF-KT-5 */
        return OM_OK;
    om_rc rc = maf_registered(c, key->admin_fqdn);
    if (rc == OM_ENOTFOUND)
        return maf_refuse(c, M2M_ORIGINATOR_HAS_NO_PRIVILEGE, "targets must be registered under %s",
                          key->admin_fqdn);
    return rc;
}

static om_rc prepare(struct maf_call *c, const struct store_key *key, unsigned mask)
{
    struct m2m_resource view = maf_key_view(c, key); /* MAF-KT-8: creator is the Source's identity */
    if ((mask & M2M_A_KYV) != 0) {
        OM_TRY(se_unseal(c->maf->se, &key->value, &view.kyv, &c->err));
        view.present |= M2M_A_KYV;
    }
    om_rc rc = maf_prepare(c, &view, mask);
    om_secret_free(&view.kyv);
    return rc;
}

static om_rc retrieve(struct maf_call *c, struct store_key *key)
{
    enum maf_result result;
    unsigned mask;
    OM_TRY(maf_load_key(c, key)); /* MAF-KT-2, -3 */
    OM_TRY(check_target(c, key));
    OM_TRY(maf_no_content(c));
    OM_TRY(maf_result_content(c, &result));
    OM_TRY(maf_attribute_list(c, WIRE_TY_SYMM_KEY_REG, READABLE, 0, &mask));
    if (result != MAF_RESULT_NOTHING)
        OM_TRY(prepare(c, key, mask));
    om_audit("key-retrieved", "id=%s target=%s source=%s suid=%u", key->id, c->from, key->source, key->suid);
    maf_done(c, M2M_OK);
    return OM_OK;
}

om_rc maf_key_retrieval(struct maf_call *c)
{
    struct store_key key = {0};
    om_rc rc = retrieve(c, &key);
    store_key_free(&key);
    return rc;
}
