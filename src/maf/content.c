/* The last stage of MAF-GEN-12: what a request says, once it is clear that its sender may say it. */
#include "maf/maf_internal.h"

#include <string.h>

/* Request parameters that are allowed with some operations only, and slips found while parsing. */
static om_rc check_parameters(struct maf_call *c)
{
    const struct m2m_request *rq = c->rq;
    if (rq->syntax_rsc != 0)
        return maf_refuse(c, rq->syntax_rsc, "%s", rq->syntax_text);
    if (rq->ty != 0 && rq->op != M2M_OP_CREATE)
        return maf_refuse(c, M2M_BAD_REQUEST, "Resource Type is allowed with CREATE only");
    if (rq->has_atrl && rq->op != M2M_OP_RETRIEVE)
        return maf_refuse(c, M2M_BAD_REQUEST, "an attribute list is allowed with RETRIEVE only");
    if (rq->fc.present && !rq->fc.discovery)
        return maf_refuse(c, M2M_NOT_IMPLEMENTED, "Filter Criteria are supported with filterUsage 1 only");
    if (rq->fc.present && (rq->op != M2M_OP_RETRIEVE || c->to.depth != 0))
        return maf_refuse(c, M2M_NOT_IMPLEMENTED, "discovery is supported by RETRIEVE of the base only");
    return OM_OK;
}

bool maf_peek_admin(const struct m2m_request *rq, const char *member, char admin[M2M_FQDN_SIZE])
{
    const json_t *resource = json_object_get(rq->pc, member);
    const char *text = json_string_value(json_object_get(resource, WIRE_ADFQ));
    return text != NULL && m2m_fold(admin, M2M_FQDN_SIZE, text, NULL) == OM_OK && m2m_is_fqdn(admin);
}

om_rc maf_content(struct maf_call *c, int type, enum m2m_direction direction, struct m2m_resource *out)
{
    OM_TRY(check_parameters(c));
    if (c->rq->pc == NULL)
        return maf_refuse(c, M2M_BAD_REQUEST, "Content is missing");
    om_rc rc = m2m_resource_decode(c->rq->pc, type, direction, out, &c->err);
    if (rc == OM_EINPUT)
        return maf_refuse(c, M2M_BAD_REQUEST, "%s", om_error_text(&c->err, rc));
    return rc;
}

om_rc maf_no_content(struct maf_call *c)
{
    OM_TRY(check_parameters(c));
    if (c->rq->pc != NULL)
        return maf_refuse(c, M2M_BAD_REQUEST, "Content is not allowed with this operation");
    return OM_OK;
}

om_rc maf_result_content(struct maf_call *c, enum maf_result *out)
{
    int op = c->rq->op;
    int rcn = c->rq->rcn >= 0 ? c->rq->rcn : op == M2M_OP_DELETE ? 0 : 1;
    if (rcn == 0)
        *out = MAF_RESULT_NOTHING;
    else if (rcn == 1)
        *out = MAF_RESULT_ATTRIBUTES;
    else if (rcn == 9 && (op == M2M_OP_CREATE || op == M2M_OP_UPDATE))
        *out = MAF_RESULT_MODIFIED;
    else
        return maf_refuse(c, M2M_BAD_REQUEST, "rcn: Result Content %d is not allowed here", rcn);
    return OM_OK;
}

om_rc maf_attribute_list(struct maf_call *c, int type, unsigned readable, unsigned on_demand, unsigned *mask)
{
    *mask = readable & ~on_demand;
    if (!c->rq->has_atrl)
        return OM_OK;
    *mask = 0;
    for (size_t i = 0; i < c->rq->atrl.n; i++) {
        unsigned bit = m2m_attr_by_name(type, c->rq->atrl.items[i]);
        if ((bit & readable) == 0)
            return maf_refuse(c, M2M_BAD_REQUEST, "atrl: %s cannot be retrieved here", c->rq->atrl.items[i]);
        *mask |= bit;
    }
    return OM_OK;
}

om_rc maf_expiration(struct maf_call *c, int64_t proposed, int64_t max_lifetime, int64_t *out)
{
    if (proposed <= c->now) /* MAF-GEN-9; 1970, whose seconds are 0, is no "never" */
        return maf_refuse(c, M2M_BAD_REQUEST, "et: expirationTime is in the past");
    int64_t latest = c->now + max_lifetime;
    *out = proposed < latest ? proposed : latest;      /* MAF-GEN-5 */
    int64_t remote = c->session->peer->remote_expires; /* MAF-CR-6, TS-0003 10.7 */
    if (remote != 0 && *out > remote)
        *out = remote;
    return OM_OK;
}

om_rc maf_check_targets(struct maf_call *c, const struct m2m_list *targets, unsigned suid,
                        const struct maf_policy *policy)
{
    if (targets->n == 0)
        return maf_refuse(c, M2M_BAD_REQUEST, "tgis: targetIDs is empty");
    if (targets->n != 1 && m2m_suid_single_target(suid))
        return maf_refuse(c, M2M_BAD_REQUEST, "tgis: SUID %u needs exactly one target, not %zu", suid,
                          targets->n);
    if (targets->n > M2M_TARGETS_MAX)
        return maf_refuse(c, M2M_BAD_REQUEST, "tgis: more than %d targets", M2M_TARGETS_MAX);
    for (size_t i = 0; i < targets->n; i++) {
        const char *id = targets->items[i];
        if (!m2m_suid_takes_target(suid, id)) /* MEF-KR-2 */
            return maf_refuse(c, M2M_BAD_REQUEST, "tgis: target %zu is not %s", i + 1,
                              suid == 21 ? "an FQDN" : "an Absolute CSE-ID or AE-ID");
        for (size_t k = 0; k < i; k++)
            if (strcmp(targets->items[k], id) == 0)
                return maf_refuse(c, M2M_BAD_REQUEST, "tgis: %s is given twice", id);
    }
    for (size_t i = 0; i < targets->n; i++) /* MAF-KR-8, MAF-KU-5 */
        if (!maf_policy_target_allowed(policy, targets->items[i]))
            return maf_refuse(c, M2M_ORIGINATOR_HAS_NO_PRIVILEGE,
                              "tgis: the administrator does not permit %s", targets->items[i]);
    return OM_OK;
}
