/* MEF Client Commands (TS-0003 8.3.9), client side: retrieve, judge, execute, report, until there are no
 * more. */
#include "client/command.h"
#include "client/command_state.h"
#include "client/exchange.h"
#include "client/object.h"
#include "client/registration.h"
#include "onem2m/types.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>

#define COMMANDS_MAX 256 /* of one call: a MEF that has more is out of order */

struct run {
    struct openmaf *maf;
    const struct openmaf_commands *rq;
    struct command_state s;
    char registration[M2M_RELATIVE_SIZE]; /* MEFClientRegID */
    struct m2m_resource answer;
};

void command_supports(const struct openmaf *maf, bool supports[M2M_CMD_MO_NODE + 1])
{
    supports[M2M_CMD_NO_MORE_COMMANDS] = true;
    supports[M2M_CMD_CERT_PROV] = true;
    supports[M2M_CMD_DEV_CFG] = maf->home.device_config[0] != '\0';
    supports[M2M_CMD_MO_NODE] = true;
}

int command_execute(struct openmaf *maf, const struct m2m_command *c, struct om_error *why)
{
    switch (c->command_class) {
    case M2M_CMD_CERT_PROV:
        return command_certificate(maf, c, why);
    case M2M_CMD_DEV_CFG:
        return command_device(maf, c, why);
    default:
        return command_node(maf, c, why);
    }
}

/* --- the registration --- */

static om_rc read_registration(struct run *r, int64_t *expires, struct om_error *err)
{
    struct registration *reg = registration_new();
    if (reg == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a registration");
    om_rc rc = registration_read(r->maf, &r->maf->home.mef, r->s.stakeholder, reg, err);
    *expires = rc == OM_OK ? reg->pub.expires : 0;
    if (rc == OM_OK)
        rc = om_copy_text(r->registration, sizeof r->registration, reg->id, err);
    openmaf_registration_free(&reg->pub);
    return rc == OM_ENOTFOUND ? OM_OK : rc;
}

struct search {
    const char *stakeholder;
    struct object *found;
};

static om_rc is_configuration(void *arg, struct object *o, struct om_error *err)
{
    struct search *s = arg;
    (void)err;
    if (o->mo.type == M2M_MO_MEF_CLIENT_REG_CFG && s->found->json == NULL &&
        strcmp(o->mo.admin_fqdn, s->stakeholder) == 0) {
        *s->found = *o;
        memset(o, 0, sizeof *o);
    }
    return OM_OK;
}

/* By the object of the administrator; `live` says whether there is a registration to be prolonged. */
static om_rc register_by_object(struct run *r, bool live, struct om_error *err)
{
    struct object o = {.json = NULL};
    struct search s = {r->s.stakeholder, &o};
    struct openmaf_error error = {0};
    OM_TRY(object_each(r->maf, NULL, is_configuration, &s, err));
    if (o.json == NULL)
        return live ? OM_OK
                    : om_fail(
                          err, OM_ENOTFOUND,
                          "this home has no registration under %s at the MEF, and no MEFClientRegCfg to make "
                          "one by; 'maf mef register' makes one",
                          r->s.stakeholder);
    const struct openmaf_registration_request rq = {
        .size = sizeof rq,
        .server = OPENMAF_MEF,
        .stakeholder = r->s.stakeholder,
        .expires = o.mo.et != 0 ? o.mo.et : client_now() + CLIENT_LIFETIME,
        .labels = live ? NULL : (const char *const *)o.mo.labels.items,
        .n_labels = live ? 0 : o.mo.labels.n,
    };
    om_rc rc = OM_OK;
    if (o.mo.et != 0 && o.mo.et <= client_now())
        rc = live ? OM_OK : om_fail(err, OM_EDENIED, "%s has an expirationTime that is past", o.path);
    else if (live)
        rc = command_result(openmaf_update(r->maf, &rq, NULL, &error), &error, err);
    else
        rc = command_make_registration(r->maf, &rq, err);
    object_free(&o);
    return rc;
}

/* MEF-CR-4: a MEFClientRegCfg makes this client register, and keeps it registered. */
static om_rc ensure_registered(struct run *r, struct om_error *err)
{
    int64_t expires = 0;
    OM_TRY(read_registration(r, &expires, err));
    bool live = expires > client_now();
    if (!live || command_renewal(expires, CLIENT_LIFETIME) <= client_now()) {
        om_rc rc = register_by_object(r, live, err);
        if (live && rc == OM_ENOTFOUND && r->maf->rsc == M2M_NOT_FOUND) { /* nothing there to be prolonged */
            live = false;
            rc = register_by_object(r, live, err);
        }
        OM_TRY(rc);
    }
    return live ? OM_OK : read_registration(r, &expires, err);
}

/* --- exchanges --- */

static om_rc exchange(struct run *r, struct exchange *x, struct om_error *err)
{
    char name[M2M_RELATIVE_SIZE + 8];
    bool report = r->s.phase == COMMAND_EXECUTED;
    const unsigned needed = M2M_A_CMID | M2M_A_CMDS | M2M_A_CMSC; /* MEF-CMD-1 */
    (void)snprintf(name, sizeof name, "%s/%s", r->registration, WIRE_COMMAND_NAME);
    OM_TRY(exchange_init(x, r->maf, &r->maf->home.mef, report ? M2M_OP_UPDATE : M2M_OP_RETRIEVE, name, err));
    x->stakeholder = r->s.stakeholder;
    const struct m2m_resource sent = {.type = WIRE_TY_MEF_CLIENT_CMD,
                                      .present = M2M_A_CMID | M2M_A_CMSC,
                                      .cmid = r->s.id,
                                      .cmsc = r->s.status};
    if (report) /* MEF-CMD-3 */
        OM_TRY(exchange_content(x, &sent, err));
    OM_TRY(exchange_run(x, report ? M2M_UPDATED : M2M_OK, NULL, NULL, err));
    return exchange_result(x, WIRE_TY_MEF_CLIENT_CMD, needed, &r->answer, err);
}

/* Asks for a command, or reports on one, which brings the next. */
static om_rc ask(struct run *r, struct om_error *err)
{
    struct exchange x;
    memset(&x, 0, sizeof x);
    m2m_resource_free(&r->answer);
    OM_TRY(home_lock(&r->maf->home, r->maf->home.timeout, &r->maf->lock, err));
    om_rc rc = exchange(r, &x, err);
    exchange_free(&x);
    home_unlock(r->maf->lock);
    r->maf->lock = -1;
    return rc;
}

static void tell(const struct run *r)
{
    struct m2m_command c;
    int status = 0;
    const struct openmaf_command command = {
        .stakeholder = r->s.stakeholder,
        .id = r->s.id,
        .command_class =
            m2m_command_parse(r->s.description, &c, &status, NULL) == OM_OK ? c.command_class : -1,
        .status = r->s.status,
        .status_name = m2m_command_status_name(r->s.status),
        .reported = 1,
        .why = r->s.why[0] != '\0' ? r->s.why : NULL,
    };
    if (r->rq->reported != NULL)
        r->rq->reported(r->rq->arg, &command);
}

/* --- one command after the other --- */

/* The status is on disk before it is reported. */
static om_rc execute(struct run *r, const struct m2m_command *c, struct om_error *err)
{
    struct om_error why = {0};
    r->s.status = command_execute(r->maf, c, &why);
    r->s.phase = COMMAND_EXECUTED;
    r->s.why[0] = '\0';
    if (r->s.status != M2M_CMD_OK)
        (void)snprintf(r->s.why, sizeof r->s.why, "%.250s", why.text);
    om_printable(r->s.why);
    return command_state_write(r->maf, &r->s, err);
}

/* A command that was received and perhaps begun when this process's predecessor ended. */
static om_rc resume(struct run *r, struct om_error *err)
{
    struct m2m_command c;
    int status = 0;
    if (r->s.phase != COMMAND_RECEIVED)
        return OM_OK;
    if (m2m_command_parse(r->s.description, &c, &status, err) != OM_OK) /* it was parsed before it was kept */
        return om_context(err, OM_EINTEGRITY, "the record of commands under %s", r->s.stakeholder);
    return execute(r, &c, err);
}

static om_rc step(struct run *r, bool *more, struct om_error *err)
{
    bool supports[M2M_CMD_MO_NODE + 1];
    struct m2m_command c;
    enum command_turn turn = COMMAND_REST;
    bool reports = r->s.phase == COMMAND_EXECUTED;
    OM_TRY(ask(r, err));
    if (reports) {
        r->s.phase = COMMAND_REPORTED;
        tell(r);
    }
    command_supports(r->maf, supports);
    OM_TRY(command_judge(&r->s, &r->answer, r->maf->home.id, supports, client_now(), &c, &turn, err));
    OM_TRY(command_state_write(r->maf, &r->s, err));
    *more = turn != COMMAND_REST;
    return turn == COMMAND_EXECUTE ? execute(r, &c, err) : OM_OK;
}

static om_rc run_all(struct run *r, struct om_error *err)
{
    bool more = true;
    OM_TRY(resume(r, err));
    for (unsigned n = 0; more; n++) {
        if (n == COMMANDS_MAX)
            return om_fail(err, OM_EINTEGRITY, "the MEF gave %d commands in a row", COMMANDS_MAX);
        OM_TRY(step(r, &more, err));
    }
    return OM_OK;
}

/* A registration that the MEF does not know any more is made anew, once, if there is an object to make it by.
 */
static om_rc run_registered(struct run *r, struct om_error *err)
{
    int64_t expires = 0;
    OM_TRY(ensure_registered(r, err));
    om_rc rc = run_all(r, err);
    if (rc != OM_ENOTFOUND || r->maf->rsc != M2M_NOT_FOUND)
        return rc;
    OM_TRY(register_by_object(r, false, err));
    OM_TRY(read_registration(r, &expires, err));
    return run_all(r, err);
}

om_rc command_run(struct openmaf *maf, const struct openmaf_commands *rq, const char *stakeholder,
                  int64_t *due, struct om_error *err)
{
    struct run r = {.maf = maf, .rq = rq};
    om_rc rc = command_state_read(maf, stakeholder, &r.s, err);
    if (rc == OM_OK || rc == OM_ENOTFOUND)
        rc = run_registered(&r, err);
    if (rc == OM_OK) {
        *due = r.s.again;
        rc = command_renew(maf, stakeholder, due, err);
    }
    command_state_free(&r.s);
    m2m_resource_free(&r.answer);
    return rc;
}
