/* What is sent to register a client, and what is kept of the answer: see register.h. */
#include "client/checks.h"
#include "client/configuration.h"
#include "client/register.h"
#include "onem2m/types.h"
#include "util/text.h"

#include <string.h>

om_rc register_check(const struct openmaf_registration_request *rq, struct om_error *err)
{
    if (rq == NULL)
        return om_fail(err, OM_EINPUT, "no request given");
    OM_TRY(client_check_size(rq->size, sizeof *rq, "openmaf_registration_request", err));
    if (rq->stakeholder == NULL || strlen(rq->stakeholder) > M2M_FQDN_MAX || !m2m_is_fqdn(rq->stakeholder))
        return om_fail(err, OM_EINPUT, "stakeholder '%.80s' is not a lower-case FQDN",
                       rq->stakeholder != NULL ? rq->stakeholder : "");
    if (rq->registration_id != NULL && !m2m_is_relative_key_id(rq->registration_id))
        return om_fail(err, OM_EINPUT, "'%.80s' is not a mafClientRegID", rq->registration_id);
    return OM_OK;
}

om_rc register_take(struct registration *r, const struct m2m_resource *answer, struct om_error *err)
{
    if ((answer->present & M2M_A_ET) != 0)
        r->pub.expires = answer->et;
    if ((answer->present & M2M_A_LBL) != 0)
        OM_TRY(m2m_list_copy(&r->labels, &answer->lbl, err));
    return OM_OK;
}

om_rc register_accept(struct openmaf *maf, const struct home_server *server, const struct m2m_resource *sent,
                      const struct m2m_resource *answer, struct registration *r, struct om_error *err)
{
    OM_TRY(check_registration(answer, maf->home.id, sent->adfq, client_now(), err));
    OM_TRY(om_copy_text(r->stakeholder, sizeof r->stakeholder, answer->adfq, err));
    OM_TRY(om_copy_text(r->id, sizeof r->id, answer->rn, err));
    OM_TRY(om_copy_text(r->client_id, sizeof r->client_id, answer->cr, err));
    OM_TRY(register_take(r, answer, err));
    return registration_write(maf, server, r, err);
}

static om_rc apply(const struct configuration *cfg, bool keep_end, struct m2m_resource *sent,
                   struct om_error *err)
{
    OM_TRY(configuration_check_time(cfg, err));
    if (!keep_end && cfg->expires != 0)
        sent->et = cfg->expires;
    size_t n = sent->lbl.n == 0 ? json_array_size(cfg->labels) : 0;
    for (size_t i = 0; i < n; i++)
        OM_TRY(m2m_list_add(&sent->lbl, json_string_value(json_array_get(cfg->labels, i)), err));
    return OM_OK;
}

/* What the caller leaves open, the stakeholder's registration configuration says (8.8.3.2). */
static om_rc apply_configuration(struct openmaf *maf, bool keep_end, struct m2m_resource *sent,
                                 struct om_error *err)
{
    struct configuration cfg;
    om_rc rc = configuration_read(maf, sent->adfq, &cfg, err);
    if (rc != OM_OK)
        return rc == OM_ENOTFOUND ? OM_OK : rc;
    /* maf.conf may name another MEF since the bundle came */
    if (cfg.choice == CONFIGURATION_USE_REMOTE && cfg.mef != NULL && strcmp(cfg.mef, maf->home.mef.fqdn) != 0)
        rc = om_fail(err, OM_ECONFIG,
                     "the configuration of %.120s wants a key from %.120s (rpsk); section [mef] of "
                     "%s names %.120s",
                     sent->adfq, cfg.mef, HOME_CONFIG_FILE,
                     maf->home.mef.fqdn[0] != '\0' ? maf->home.mef.fqdn : "none");
    else
        rc = apply(&cfg, keep_end, sent, err);
    configuration_free(&cfg);
    return rc;
}

om_rc register_content(struct openmaf *maf, const struct home_server *server,
                       const struct openmaf_registration_request *rq, struct m2m_resource *sent,
                       struct om_error *err)
{
    *sent = (struct m2m_resource){.type = server->role->ty_client_reg, .present = M2M_A_ET | M2M_A_ADFQ};
    sent->et = rq->expires != 0 ? rq->expires : client_now() + CLIENT_LIFETIME;
    OM_TRY(om_copy_text(sent->adfq, sizeof sent->adfq, rq->stakeholder, err));
    OM_TRY(client_list(&sent->lbl, rq->labels, rq->n_labels, err));
    if (server == &maf->home.maf)
        OM_TRY(apply_configuration(maf, rq->expires != 0, sent, err));
    if (sent->lbl.n > 0)
        sent->present |= M2M_A_LBL;
    return OM_OK;
}
