/* MAF and MEF Client Registration, Configuration Retrieval, Update, De-Registration (TS-0003 8.8.2.3 to
 * 8.8.2.6, 8.3.5.2.3 to 8.3.5.2.6), client side. */
#include "client/register.h"
#include "client/checks.h"
#include "client/command_state.h"
#include "client/configuration.h"
#include "client/enrol.h"
#include "client/exchange.h"
#include "onem2m/types.h"
#include "util/text.h"

#include <string.h>

/* What a procedure of this file works with; one cleanup for all. */
struct work {
    const struct home_server *server;
    struct exchange x;
    struct m2m_resource sent;
    struct m2m_resource answer;
    struct registration *r;
};

static void work_free(struct work *w)
{
    exchange_free(&w->x);
    m2m_resource_free(&w->sent);
    m2m_resource_free(&w->answer);
    if (w->r != NULL)
        openmaf_registration_free(&w->r->pub);
}

static om_rc finish(struct work *w, struct openmaf_registration **out, struct om_error *err)
{
    OM_TRY(registration_publish(w->r, err));
    if (out != NULL) {
        *out = &w->r->pub;
        w->r = NULL;
    }
    return OM_OK;
}

/* MAF-CR-7 */
static om_rc accept_registration(struct openmaf *maf, struct work *w, struct om_error *err)
{
    OM_TRY(check_no_assigned_kmid(&w->answer, err));
    if (w->server == &maf->home.mef)
        OM_TRY(command_state_due(maf, w->sent.adfq, err));
    return register_accept(maf, w->server, &w->sent, &w->answer, w->r, err);
}

static om_rc do_register(struct openmaf *maf, const struct openmaf_registration_request *rq, struct work *w,
                         struct om_error *err)
{
    bool walked = false;
    if (w->server == &maf->home.maf)
        OM_TRY(enrol_for_registration(maf, rq, w->r, &walked, err));
    if (walked)
        return OM_OK;
    OM_TRY(register_content(maf, w->server, rq, &w->sent, err));
    OM_TRY(exchange_init(&w->x, maf, w->server, M2M_OP_CREATE, NULL, err));
    w->x.stakeholder = w->sent.adfq;
    OM_TRY(exchange_content(&w->x, &w->sent, err));
    OM_TRY(exchange_run(&w->x, M2M_CREATED, NULL, NULL, err));
    om_rc rc = exchange_result(&w->x, w->server->role->ty_client_reg, REGISTER_NEEDED, &w->answer, err);
    if (rc == OM_OK)
        rc = accept_registration(maf, w, err);
    const char *made = exchange_created(&w->x);
    return rc != OM_OK && made != NULL ? exchange_undo(&w->x, made, rc, err) : rc;
}

/* The registration that an update, configuration retrieval or de-registration is about. A record is needed
 * unless the caller names the mafClientRegID. */
static om_rc find(struct openmaf *maf, const struct openmaf_registration_request *rq, struct work *w,
                  struct om_error *err)
{
    struct registration *r = w->r;
    om_rc rc = registration_read(maf, w->server, rq->stakeholder, r, err);
    if (rc == OM_ENOTFOUND && rq->registration_id == NULL)
        return om_fail(err, OM_ENOTFOUND,
                       "this home has no registration under %s at the %s; 'maf %sregister' makes one",
                       rq->stakeholder, w->server->role->what, rq->server == OPENMAF_MEF ? "mef " : "");
    if (rc != OM_OK && rc != OM_ENOTFOUND)
        return rc;
    OM_TRY(om_copy_text(r->stakeholder, sizeof r->stakeholder, rq->stakeholder, err));
    OM_TRY(om_copy_text(r->client_id, sizeof r->client_id, maf->home.id, err));
    if (rq->registration_id != NULL)
        OM_TRY(om_copy_text(r->id, sizeof r->id, rq->registration_id, err));
    return OM_OK;
}

static om_rc do_config(struct openmaf *maf, const struct openmaf_registration_request *rq, struct work *w,
                       struct om_error *err)
{
    OM_TRY(find(maf, rq, w, err));
    OM_TRY(exchange_init(&w->x, maf, w->server, M2M_OP_RETRIEVE, w->r->id, err));
    w->x.stakeholder = w->r->stakeholder;
    w->x.rq.has_atrl = true;
    OM_TRY(m2m_list_add(&w->x.rq.atrl, WIRE_MCCF, err));
    OM_TRY(exchange_run(&w->x, M2M_OK, NULL, NULL, err));
    OM_TRY(exchange_result(&w->x, w->server->role->ty_client_reg, M2M_A_MCCF, &w->answer, err));
    om_rc rc = m2m_client_cfg_check(w->answer.mccf, err);
    if (rc != OM_OK)
        return om_context(err, rc == OM_EINPUT ? OM_EINTEGRITY : rc, "mafClientCfg of %s", w->server->fqdn);
    json_decref(w->r->configuration);
    w->r->configuration = json_incref(w->answer.mccf);
    return w->r->pub.expires != 0 ? registration_write(maf, w->server, w->r, err)
                                  : OM_OK; /* nothing to keep it with otherwise */
}

static om_rc do_update(struct openmaf *maf, const struct openmaf_registration_request *rq, struct work *w,
                       struct om_error *err)
{
    OM_TRY(find(maf, rq, w, err));
    w->sent = (struct m2m_resource){.type = w->server->role->ty_client_reg, .et = rq->expires};
    if (rq->expires != 0)
        w->sent.present |= M2M_A_ET;
    OM_TRY(client_list(&w->sent.lbl, rq->labels, rq->n_labels, err));
    if (w->sent.lbl.n > 0)
        w->sent.present |= M2M_A_LBL;
    else if (rq->remove_labels)
        w->sent.nulls |= M2M_A_LBL;             /* MAF-CU-6 */
    if ((w->sent.present | w->sent.nulls) == 0) /* MAF-CU-2 */
        return om_fail(err, OM_EINPUT,
                       "nothing to update: give a new end, labels, or the wish to remove them");
    OM_TRY(exchange_init(&w->x, maf, w->server, M2M_OP_UPDATE, w->r->id, err));
    w->x.stakeholder = w->r->stakeholder;
    OM_TRY(exchange_content(&w->x, &w->sent, err));
    OM_TRY(exchange_run(&w->x, M2M_UPDATED, NULL, NULL, err));
    OM_TRY(
        exchange_result(&w->x, w->server->role->ty_client_reg, w->sent.present & M2M_A_ET, &w->answer, err));
    if ((w->sent.present & M2M_A_ET) != 0)
        OM_TRY(check_not_past(w->answer.et, client_now(), err));
    OM_TRY(check_no_assigned_kmid(&w->answer, err));
    if (((w->sent.present | w->sent.nulls) & M2M_A_LBL) != 0)
        m2m_list_free(&w->r->labels); /* replaced by what the answer has */
    OM_TRY(register_take(w->r, &w->answer, err));
    return w->r->pub.expires != 0 ? registration_write(maf, w->server, w->r, err) : OM_OK; /* MAF-CU-8 */
}

static om_rc do_deregister(struct openmaf *maf, const struct openmaf_registration_request *rq, struct work *w,
                           struct om_error *err)
{
    OM_TRY(find(maf, rq, w, err));
    OM_TRY(exchange_init(&w->x, maf, w->server, M2M_OP_DELETE, w->r->id, err));
    w->x.stakeholder = w->r->stakeholder;
    om_rc rc = exchange_run(&w->x, M2M_DELETED, NULL, NULL, err);
    if (rc != OM_OK && maf->rsc != M2M_NOT_FOUND)
        return rc;
    struct om_error removal = {0};
    om_rc removed = registration_remove(maf, w->server, w->r->stakeholder, &removal);
    if (w->server == &maf->home.maf && (removed == OM_OK || removed == OM_ENOTFOUND))
        removed = enrolment_discard(maf, w->r->stakeholder, &removal); /* its KmID ended with it */
    if (rc != OM_OK) /* the server knows no such registration: the record was stale */
        return om_context(err, rc, "the registration had ended already");
    if (removed == OM_OK || removed == OM_ENOTFOUND)
        return OM_OK;
    *err = removal;
    return removed;
}

typedef om_rc procedure(struct openmaf *maf, const struct openmaf_registration_request *rq, struct work *w,
                        struct om_error *err);

static int run(procedure *proc, struct openmaf *maf, const struct openmaf_registration_request *rq,
               struct openmaf_registration **out, struct openmaf_error *error)
{
    struct om_error err = {0};
    struct work w = {.r = registration_new()};
    om_rc rc = client_begin_locked(maf, &err);
    if (rc == OM_OK)
        rc = register_check(rq, &err);
    if (rc == OM_OK)
        rc = client_server(maf, rq->server, &w.server, &err);
    if (w.r == NULL) {
        rc = om_fail(&err, OM_ENOMEM, "no memory for a registration");
    } else if (rc == OM_OK) {
        w.r->pub.server = rq->server;
        rc = proc(maf, rq, &w, &err);
    }
    if (rc == OM_OK)
        rc = finish(&w, out, &err);
    work_free(&w);
    return client_end(maf, rc, &err, error);
}

int openmaf_register(struct openmaf *maf, const struct openmaf_registration_request *request,
                     struct openmaf_registration **out, struct openmaf_error *error)
{
    return run(do_register, maf, request, out, error);
}

int openmaf_config(struct openmaf *maf, const struct openmaf_registration_request *request,
                   struct openmaf_registration **out, struct openmaf_error *error)
{
    return run(do_config, maf, request, out, error);
}

int openmaf_update(struct openmaf *maf, const struct openmaf_registration_request *request,
                   struct openmaf_registration **out, struct openmaf_error *error)
{
    return run(do_update, maf, request, out, error);
}

int openmaf_deregister(struct openmaf *maf, const struct openmaf_registration_request *request,
                       struct openmaf_error *error)
{
    return run(do_deregister, maf, request, NULL, error);
}
