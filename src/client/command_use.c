/* The public side of MEF Client Commands: whose commands are asked for, one process at a time, and what is
 * known of them. */
#include "client/command.h"
#include "client/command_state.h"
#include "client/list.h"
#include "client/registration.h"
#include "onem2m/types.h"
#include "util/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK_FILE "commands.lock"

static om_rc add_once(struct m2m_list *list, const char *text, struct om_error *err)
{
    return m2m_list_has(list, text) ? OM_OK : m2m_list_add(list, text, err);
}

static om_rc add_object(void *arg, struct object *o, struct om_error *err)
{
    return o->mo.type == M2M_MO_MEF_CLIENT_REG_CFG ? add_once(arg, o->mo.admin_fqdn, err) : OM_OK;
}

/* One that has ended is nothing to ask under; one that is refused is left to command_run, which says why. */
static om_rc add_registration(struct openmaf *maf, const char *stakeholder, struct m2m_list *out,
                              struct om_error *err)
{
    struct registration *r = registration_new();
    if (r == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a registration");
    om_rc rc = registration_read(maf, &maf->home.mef, stakeholder, r, NULL);
    bool ended = rc == OM_OK && r->pub.expires <= client_now();
    openmaf_registration_free(&r->pub);
    return ended ? OM_OK : add_once(out, stakeholder, err);
}

/* Every administrator under whom this client is registered at the MEF, or an object says that it shall be. */
static om_rc find_stakeholders(struct openmaf *maf, struct m2m_list *out, struct om_error *err)
{
    struct m2m_list names = M2M_LIST_INIT;
    OM_TRY(record_names(&maf->home, RECORD_MEF_REGISTRATION, &names, err));
    om_rc rc = OM_OK;
    for (size_t i = 0; rc == OM_OK && i < names.n; i++)
        rc = add_registration(maf, record_text(names.items[i]), out, err);
    m2m_list_free(&names);
    if (rc == OM_OK)
        rc = object_each(maf, NULL, add_object, out, err);
    if (rc == OM_OK && out->n == 0)
        rc = om_fail(
            err, OM_ENOTFOUND,
            "this home has no registration at the MEF and no MEFClientRegCfg to make one by; 'maf mef "
            "register' makes one");
    return rc;
}

/* Those that succeed are not held up by those that do not; the first failure is returned. */
static om_rc run_each(struct openmaf *maf, const struct openmaf_commands *rq, const struct m2m_list *list,
                      int64_t *again, struct om_error *err)
{
    om_rc rc = OM_OK;
    *again = 0;
    for (size_t i = 0; i < list->n; i++) {
        struct om_error own = {0};
        int64_t due = 0;
        om_rc one = command_run(maf, rq, list->items[i], &due, &own);
        if (due != 0 && (*again == 0 || due < *again))
            *again = due;
        if (one != OM_OK && rc == OM_OK) {
            rc = one;
            *err = own;
        }
    }
    return rc;
}

static om_rc run(struct openmaf *maf, const struct openmaf_commands *rq, int64_t *again, struct om_error *err)
{
    struct m2m_list list = M2M_LIST_INIT;
    const struct home_server *mef = NULL;
    if (rq == NULL)
        return om_fail(err, OM_EINPUT, "no request given");
    OM_TRY(client_check_size(rq->size, sizeof *rq, "openmaf_commands", err));
    OM_TRY(client_server(maf, OPENMAF_MEF, &mef, err));
    if (rq->stakeholder != NULL && (strlen(rq->stakeholder) > M2M_FQDN_MAX || !m2m_is_fqdn(rq->stakeholder)))
        return om_fail(err, OM_EINPUT, "stakeholder '%.80s' is not a lower-case FQDN", rq->stakeholder);
    /* MEF-CMD-2: one at a time */
    OM_TRY(home_lock_file(&maf->home, LOCK_FILE, maf->home.timeout, &maf->commands_lock, err));
    om_rc rc = rq->stakeholder != NULL ? m2m_list_add(&list, rq->stakeholder, err)
                                       : find_stakeholders(maf, &list, err);
    if (rc == OM_OK)
        rc = run_each(maf, rq, &list, again, err);
    m2m_list_free(&list);
    home_unlock(maf->commands_lock);
    maf->commands_lock = -1;
    return rc;
}

int openmaf_mef_commands(struct openmaf *maf, const struct openmaf_commands *request, int64_t *again,
                         struct openmaf_error *error)
{
    struct om_error err = {0};
    int64_t due = 0;
    om_rc rc = client_begin(maf, &err);
    if (rc == OM_OK)
        rc = run(maf, request, &due, &err);
    if (rc == OM_OK && again != NULL)
        *again = due;
    return client_end(maf, rc, &err, error);
}

/* --- listing --- */

struct entry {
    struct openmaf_command pub; /* first; points into this structure */
    struct command_state s;
    char problem[sizeof((struct om_error *)0)->text];
};

static void discard(void *item)
{
    struct entry *e = item;
    command_state_free(&e->s);
    free(e);
}

static void *make(struct openmaf *maf, const char *name)
{
    struct om_error err = {0};
    struct m2m_command c;
    int status = 0;
    struct entry *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    om_rc rc = command_state_read(maf, record_text(name), &e->s, &err);
    e->pub.stakeholder = e->s.stakeholder;
    if (rc != OM_OK) {
        (void)snprintf(e->s.stakeholder, sizeof e->s.stakeholder, "%s", record_text(name));
        (void)snprintf(e->problem, sizeof e->problem, "%s", om_error_text(&err, rc));
        e->pub.problem = e->problem;
        return e;
    }
    e->pub.id = e->s.id;
    e->pub.command_class = -1;
    if (e->s.description != NULL && m2m_command_parse(e->s.description, &c, &status, NULL) == OM_OK)
        e->pub.command_class = c.command_class;
    e->pub.status = e->s.status;
    e->pub.status_name = m2m_command_status_name(e->s.status);
    e->pub.reported = e->s.phase == COMMAND_REPORTED;
    e->pub.why = e->s.why[0] != '\0' ? e->s.why : NULL;
    e->pub.again = e->s.again;
    return e;
}

int openmaf_command_list(struct openmaf *maf, struct openmaf_command ***list, size_t *n,
                         struct openmaf_error *error)
{
    struct om_error err = {0};
    void **items = NULL;
    om_rc rc = client_begin(maf, &err);
    if (rc == OM_OK)
        rc = list_records(maf, RECORD_COMMAND, make, discard, &items, n, &err);
    if (rc == OM_OK)
        *list = (struct openmaf_command **)items;
    return client_end(maf, rc, &err, error);
}

void openmaf_command_list_free(struct openmaf_command **list, size_t n)
{
    list_free((void **)list, n, discard);
}
