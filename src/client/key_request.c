/* Requests for keys: see key_request.h. */
#include "client/key_request.h"
#include "client/registration.h"
#include "onem2m/types.h"
#include "onem2m/wire_names.h"
#include "util/text.h"

#include <string.h>

/* MAF-KR-6, MEF-KR-2, before the server has to say it. */
static om_rc check_targets(const struct m2m_list *targets, unsigned suid, struct om_error *err)
{
    for (size_t i = 0; i < targets->n; i++) {
        const char *id = targets->items[i];
        if (strlen(id) > M2M_ID_MAX || !m2m_suid_takes_target(suid, id))
            return om_fail(err, OM_EINPUT, "target '%.80s' is not %s", id,
                           suid == M2M_SUID_REMOTE_MAF ? "the FQDN of a MAF" : "an Absolute AE-ID or CSE-ID");
        for (size_t j = 0; j < i; j++)
            if (strcmp(id, targets->items[j]) == 0)
                return om_fail(err, OM_EINPUT, "target %.120s is given twice", id);
    }
    if (m2m_suid_single_target(suid) && targets->n > 1)
        return om_fail(err, OM_EINPUT, "a key of SUID %u has exactly one target, not %zu", suid, targets->n);
    return OM_OK;
}

static om_rc set_lists(const struct openmaf_key_request *rq, unsigned suid, struct m2m_resource *out,
                       struct om_error *err)
{
    OM_TRY(client_list(&out->lbl, rq->labels, rq->n_labels, err));
    OM_TRY(client_list(&out->tgis, rq->targets, rq->n_targets, err));
    if (out->lbl.n > 0)
        out->present |= M2M_A_LBL;
    if (out->tgis.n > 0)
        out->present |= M2M_A_TGIS;
    return check_targets(&out->tgis, suid, err);
}

static om_rc add_texts(const json_t *array, unsigned attr, struct m2m_list *list, struct m2m_resource *out,
                       struct om_error *err)
{
    if ((out->present & attr) != 0 || json_array_size(array) == 0)
        return OM_OK;
    for (size_t i = 0; i < json_array_size(array); i++)
        OM_TRY(m2m_list_add(list, json_string_value(json_array_get(array, i)), err));
    out->present |= attr;
    return OM_OK;
}

/* cfg went through m2m_client_cfg_check before it was kept. */
static om_rc fill_from(const json_t *cfg, struct m2m_resource *out, struct om_error *err)
{
    const char *et = json_string_value(json_object_get(cfg, WIRE_ET));
    if (et != NULL && (out->present & M2M_A_ET) == 0) {
        OM_TRY(m2m_timestamp_parse(et, &out->et, err));
        out->present |= M2M_A_ET;
    }
    OM_TRY(add_texts(json_object_get(cfg, WIRE_LBL), M2M_A_LBL, &out->lbl, out, err));
    return add_texts(json_object_get(cfg, WIRE_TGIS), M2M_A_TGIS, &out->tgis, out, err);
}

static om_rc apply_configuration(struct openmaf *maf, const struct home_server *server,
                                 struct m2m_resource *out, struct om_error *err)
{
    struct registration *r = registration_new();
    if (r == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a registration");
    om_rc rc = registration_read(maf, server, out->adfq, r, err);
    const json_t *cfg = rc == OM_OK ? registration_key_cfg(r, out->suid) : NULL;
    if (rc == OM_ENOTFOUND)
        rc = OM_OK;
    else if (cfg != NULL)
        rc = fill_from(cfg, out, err);
    openmaf_registration_free(&r->pub);
    return rc;
}

static om_rc check_size(const struct openmaf_key_request *rq, struct om_error *err)
{
    if (rq == NULL)
        return om_fail(err, OM_EINPUT, "no request given");
    return client_check_size(rq->size, sizeof *rq, "openmaf_key_request", err);
}

static om_rc check_suid(const struct server_role *role, unsigned suid, struct om_error *err)
{
    if (role->takes_suid(suid))
        return OM_OK;
    return role == &server_role_mef /* MEF-KR-1, MAF-KR-5 */
               ? om_fail(err, OM_EINPUT,
                         "SUID %u is not one of 21 (MAF), 22 (SAEF), 23 (ESPrim), 24 and 25 (ESData)", suid)
               : om_fail(err, OM_EINPUT, "SUID %u is not one of 32 (SAEF), 33 (ESPrim), 34 and 35 (ESData)",
                         suid);
}

om_rc key_request_create(struct openmaf *maf, const struct openmaf_key_request *rq,
                         const struct home_server **server, struct m2m_resource *out, struct om_error *err)
{
    OM_TRY(check_size(rq, err));
    OM_TRY(client_server(maf, rq->server, server, err));
    if (rq->stakeholder == NULL || strlen(rq->stakeholder) > M2M_FQDN_MAX || !m2m_is_fqdn(rq->stakeholder))
        return om_fail(err, OM_EINPUT, "stakeholder '%.80s' is not a lower-case FQDN",
                       rq->stakeholder != NULL ? rq->stakeholder : "");
    OM_TRY(check_suid((*server)->role, rq->suid, err));
    *out = (struct m2m_resource){
        .type = WIRE_TY_SYMM_KEY_REG, .present = M2M_A_ADFQ | M2M_A_SUID, .suid = rq->suid};
    OM_TRY(om_copy_text(out->adfq, sizeof out->adfq, rq->stakeholder, err));
    OM_TRY(set_lists(rq, rq->suid, out, err));
    if (rq->expires != 0) {
        out->et = rq->expires;
        out->present |= M2M_A_ET;
    }
    OM_TRY(apply_configuration(maf, *server, out, err));
    if ((out->present & M2M_A_ET) == 0)
        out->et = client_now() + CLIENT_LIFETIME;
    out->present |= M2M_A_ET;
    return OM_OK;
}

om_rc key_request_update(const struct openmaf_key_request *rq, unsigned suid, struct m2m_resource *out,
                         struct om_error *err)
{
    *out = (struct m2m_resource){.type = WIRE_TY_SYMM_KEY_REG, .et = rq->expires};
    if (rq->expires != 0)
        out->present |= M2M_A_ET;
    OM_TRY(set_lists(rq, suid, out, err));
    if (out->lbl.n == 0 && rq->remove_labels)
        out->nulls |= M2M_A_LBL;          /* MAF-KU-8 */
    if ((out->present | out->nulls) == 0) /* MAF-KU-2 */
        return om_fail(err, OM_EINPUT,
                       "nothing to update: give a new end, labels, targets, or the wish to remove labels");
    return OM_OK;
}
