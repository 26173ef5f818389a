/* MEF Client Commands (TS-0003 8.3.9): RETRIEVE and UPDATE of the mefClientCmd below a client's registration.
 * Administrators queue commands for a client (mefadm(8)); it gets them one after the other, each again until
 * it has reported on it. When the queue is empty the command is NO_MORE_COMMANDS, which is made up each time
 * and needs no report. */
#include "mef/mef_internal.h"
#include "onem2m/command.h"

#include <stdlib.h>
#include <string.h>

#include "util/log.h"
#include "util/text.h"

struct work {
    struct store_registration registration;
    struct m2m_resource in;
    struct store_command command;
    enum maf_result result;
};

static om_rc describe(struct maf_call *c, const struct work *w, struct m2m_resource *r)
{
    r->type = WIRE_TY_MEF_CLIENT_CMD;
    r->present = M2M_A_TY | M2M_A_RN | M2M_A_PI | M2M_A_CMID | M2M_A_CMDS | M2M_A_CMSC;
    OM_TRY(om_copy_text(r->rn, sizeof r->rn, WIRE_COMMAND_NAME, &c->err));
    return om_copy_text(r->pi, sizeof r->pi, w->registration.id, &c->err);
}

/* MEF-CMD-6: with a cmdID that no queued command has, so that a report on it changes nothing. */
static om_rc no_more(struct maf_call *c, struct m2m_resource *r)
{
    uint32_t id = 0;
    OM_TRY(se_random(c->maf->se, &id, sizeof id, &c->err));
    r->cmid = (int64_t)(id & INT32_MAX) | 1; /* queued ones are even */
    r->cmsc = M2M_CMD_ISSUED;
    r->cmds = m2m_command_no_more(c->maf->command_retry);
    return r->cmds != NULL ? OM_OK : om_fail(&c->err, OM_ENOMEM, "no memory for a command");
}

/* MEF-CMD-1, -5: that it was issued is on disk before it is. */
static om_rc issue(struct maf_call *c, struct store_command *command, struct m2m_resource *r)
{
    uint64_t id = 0;
    bool again = command->state == STORE_COMMAND_ISSUED;
    OM_TRY(om_parse_uint(command->id, INT32_MAX, &id, &c->err));
    if (!again) {
        command->state = STORE_COMMAND_ISSUED;
        command->issued = c->now;
        OM_TRY(store_command_update(c->maf->store, command, &c->err));
    }
    r->cmid = (int64_t)id;
    r->cmsc = again ? M2M_CMD_REISSUED : M2M_CMD_ISSUED;
    return m2m_json_parse(command->description, strlen(command->description), &r->cmds, &c->err);
}

/* The command that is due, as the content to come. */
static om_rc next(struct maf_call *c, struct work *w)
{
    struct m2m_resource r = {0};
    struct store_command command = {0};
    om_rc rc = describe(c, w, &r);
    if (rc == OM_OK)
        rc = store_command_next(c->maf->store, c->from, w->registration.admin_fqdn, &command, &c->err);
    if (rc == OM_ENOTFOUND)
        rc = no_more(c, &r);
    else if (rc == OM_OK)
        rc = issue(c, &command, &r);
    if (rc == OM_OK && w->result != MAF_RESULT_NOTHING)
        rc = maf_prepare(c, &r, ~0U);
    store_command_free(&command);
    m2m_resource_free(&r);
    return rc;
}

static om_rc retrieve_step(struct maf_call *c, void *arg)
{
    return next(c, arg);
}

static om_rc retrieve(struct maf_call *c, struct work *w)
{
    OM_TRY(maf_no_content(c));
    OM_TRY(maf_result_content(c, &w->result));
    if (c->rq->has_atrl)
        return maf_refuse(c, M2M_BAD_REQUEST, "a command is retrieved as a whole");
    OM_TRY(maf_transaction(c, retrieve_step, w));
    maf_done(c, M2M_OK);
    return OM_OK;
}

/* MEF-CMD-3: only a report on the command issued last counts. */
static om_rc take_report(struct maf_call *c, struct work *w)
{
    uint64_t id = 0;
    om_rc rc = store_command_next(c->maf->store, c->from, w->registration.admin_fqdn, &w->command, &c->err);
    if (rc == OM_ENOTFOUND)
        return OM_OK;
    if (rc != OM_OK)
        return rc;
    OM_TRY(om_parse_uint(w->command.id, INT32_MAX, &id, &c->err));
    if (w->command.state != STORE_COMMAND_ISSUED || (int64_t)id != w->in.cmid)
        return OM_OK;
    w->command.state = STORE_COMMAND_REPORTED;
    w->command.status = w->in.cmsc;
    w->command.reported = c->now;
    return store_command_update(c->maf->store, &w->command, &c->err);
}

static om_rc update_step(struct maf_call *c, void *arg)
{
    struct work *w = arg;
    store_command_free(&w->command);
    OM_TRY(take_report(c, w));
    return next(c, w);
}

static om_rc update(struct maf_call *c, struct work *w)
{
    OM_TRY(maf_content(c, WIRE_TY_MEF_CLIENT_CMD, M2M_UPDATE_REQUEST, &w->in)); /* MEF-CMD-3: BAD_REQUEST */
    if (!m2m_command_status_reportable(w->in.cmsc))
        return maf_refuse(c, M2M_BAD_REQUEST, "cmsc: %d is not a status that a client reports", w->in.cmsc);
    OM_TRY(maf_result_content(c, &w->result));
    OM_TRY(maf_transaction(c, update_step, w));
    if (w->command.state == STORE_COMMAND_REPORTED)
        om_audit("command-reported", "id=%s client=%s status=%s", w->command.id, c->from,
                 m2m_command_status_name(w->command.status));
    maf_done(c, M2M_UPDATED);
    return OM_OK;
}

static om_rc command(struct maf_call *c, struct work *w)
{
    OM_TRY(maf_load_own_registration(c, &w->registration)); /* MEF-CMD-1, MEF-CC-2 */
    switch (c->rq->op) {
    case M2M_OP_RETRIEVE:
        return retrieve(c, w);
    case M2M_OP_UPDATE:
        return update(c, w);
    default:
        return maf_refuse(c, M2M_OPERATION_NOT_ALLOWED,
                          "commands are retrieved and reported on, nothing else");
    }
}

om_rc mef_client_command(struct maf_call *c)
{
    struct work w = {0};
    om_rc rc = command(c, &w);
    store_registration_free(&w.registration);
    m2m_resource_free(&w.in);
    store_command_free(&w.command);
    return rc;
}
