/* MAF Key Registration Update and Key De-Registration (TS-0003 8.8.2.9, 8.8.2.10), client side. */
#include "client/checks.h"
#include "client/exchange.h"
#include "client/key_record.h"
#include "client/key_request.h"
#include "onem2m/types.h"

struct work {
    struct openmaf *maf;
    struct exchange x;
    struct m2m_resource sent;
    struct m2m_resource answer;
    struct key_record *k;
};

static void work_free(struct work *w)
{
    exchange_free(&w->x);
    m2m_resource_free(&w->sent);
    m2m_resource_free(&w->answer);
    if (w->k != NULL)
        openmaf_key_free(&w->k->pub);
}

/* The home's record, of which this client must be Source (MAF-KU-1). */
static om_rc find(struct work *w, const struct openmaf_key_request *rq, struct om_error *err)
{
    if (rq == NULL)
        return om_fail(err, OM_EINPUT, "no request given");
    OM_TRY(client_check_size(rq->size, sizeof *rq, "openmaf_key_request", err));
    OM_TRY(key_record_name(w->maf, rq->key_id, w->k, err));
    om_rc rc = key_record_read(w->maf, w->k, err);
    if (rc != OM_OK)
        return rc == OM_ENOTFOUND
                   ? om_fail(err, rc, "this home has no key %s; 'maf key list' shows those it has",
                             w->k->key_id)
                   : rc;
    if (w->k->pub.role != OPENMAF_SOURCE)
        return om_fail(err, OM_EDENIED, "this client is not the Source of %s; only the Source can update it",
                       w->k->key_id);
    return OM_OK;
}

/* MAF-KU-6: the answer has what was asked for; an unchanged expirationTime may be left out. */
static om_rc take_answer(struct work *w, struct om_error *err)
{
    unsigned asked = w->sent.present | w->sent.nulls;
    w->answer.present &= asked;
    if ((w->answer.present & M2M_A_ET) != 0)
        OM_TRY(check_not_past(w->answer.et, client_now(), err));
    if ((asked & M2M_A_LBL) != 0)
        m2m_list_free(&w->k->labels); /* absence means none */
    w->k->pub.targets_changed =
        (asked & M2M_A_TGIS) != 0 && !check_same_members(&w->answer.tgis, &w->sent.tgis);
    OM_TRY(key_record_take(w->k, &w->answer, err));
    return key_record_write(w->maf, w->k, err);
}

static om_rc do_update(struct work *w, const struct openmaf_key_request *rq, struct om_error *err)
{
    OM_TRY(find(w, rq, err));
    OM_TRY(key_request_update(rq, w->k->pub.suid, &w->sent, err));
    OM_TRY(exchange_init(&w->x, w->maf, w->k->server, M2M_OP_UPDATE, w->k->relative, err));
    w->x.stakeholder = w->k->stakeholder;
    OM_TRY(exchange_content(&w->x, &w->sent, err));
    OM_TRY(exchange_run(&w->x, M2M_UPDATED, NULL, NULL, err));
    OM_TRY(exchange_result(&w->x, WIRE_TY_SYMM_KEY_REG, w->sent.present & M2M_A_TGIS, &w->answer, err));
    OM_TRY(take_answer(w, err));
    if (w->k->pub.targets_changed &&
        rq->strict) /* the update stands at the MAF, and the home knows its targets */
        return om_fail(err, OM_EINTEGRITY, "the MAF stored other targetIDs for %s than those sent (strict)",
                       w->k->key_id);
    return OM_OK;
}

int openmaf_key_update(struct openmaf *maf, const struct openmaf_key_request *request,
                       struct openmaf_key **out, struct openmaf_error *error)
{
    struct om_error err = {0};
    struct work w = {.maf = maf, .k = key_record_new()};
    om_rc rc = client_begin_locked(maf, &err);
    if (w.k == NULL)
        rc = om_fail(&err, OM_ENOMEM, "no memory for a key");
    else if (rc == OM_OK)
        rc = do_update(&w, request, &err);
    if (rc == OM_OK && out != NULL) {
        key_record_publish(w.k);
        *out = &w.k->pub;
        w.k = NULL;
    }
    work_free(&w);
    return client_end(maf, rc, &err, error);
}

/* Works without a record too: the MAF knows whose key it is. */
static om_rc do_deregister(struct work *w, const char *key_id, struct om_error *err)
{
    OM_TRY(key_record_name(w->maf, key_id, w->k, err));
    om_rc known = key_record_read(w->maf, w->k, NULL);
    OM_TRY(exchange_init(&w->x, w->maf, w->k->server, M2M_OP_DELETE, w->k->relative, err));
    w->x.stakeholder = known == OM_OK ? w->k->stakeholder : NULL;
    om_rc rc = exchange_run(&w->x, M2M_DELETED, NULL, NULL, err);
    if (rc != OM_OK && w->maf->rsc == M2M_NOT_FOUND)
        return om_context(err, rc, "%s had ended already ('maf key forget' removes it here)", w->k->key_id);
    if (rc != OM_OK)
        return rc;
    rc = key_record_remove(w->maf, w->k->relative, err);
    return rc == OM_ENOTFOUND ? OM_OK : rc;
}

int openmaf_key_deregister(struct openmaf *maf, const char *key_id, struct openmaf_error *error)
{
    struct om_error err = {0};
    struct work w = {.maf = maf, .k = key_record_new()};
    om_rc rc = client_begin_locked(maf, &err);
    if (w.k == NULL)
        rc = om_fail(&err, OM_ENOMEM, "no memory for a key");
    else if (rc == OM_OK)
        rc = do_deregister(&w, key_id, &err);
    work_free(&w);
    return client_end(maf, rc, &err, error);
}
