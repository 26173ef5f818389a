/* mefadm command: what clients are to do, and what they said of it. */
#include "cli/mefadm.h"
#include "onem2m/command.h"

#include <stdio.h>
#include <stdlib.h>

om_rc mef_command_add(const struct adm_args *args, struct om_error *err)
{
    char *json = NULL;
    char id[M2M_RELATIVE_SIZE] = "";
    struct adm adm;
    OM_TRY(adm_read_text(args->file, STORE_POLICY_MAX - 1, &json, err));
    om_rc rc = adm_open(args->dir, &adm, err);
    if (rc == OM_OK) {
        rc = mef_admin_command_add(adm.store, adm.se, adm.cfg.fqdn, args->id, args->stakeholder, json, id,
                                   err);
        adm_close(&adm);
    }
    free(json);
    return rc == OM_OK ? adm_print_json(json_pack("{s:s}", "cmdID", id), err) : rc;
}

static const char *state_name(const struct store_command *r)
{
    return r->state == STORE_COMMAND_WAITING  ? "waiting"
           : r->state == STORE_COMMAND_ISSUED ? "issued"
                                              : "reported";
}

static const char *status_name(const struct store_command *r)
{
    const char *name = m2m_command_status_name(r->status);
    return name != NULL ? name : "";
}

static json_t *command_json(const struct store_command *r)
{
    json_t *description = json_loads(r->description, 0, NULL);
    return json_pack("{s:s,s:s,s:s,s:s,s:i,s:s,s:o,s:o,s:o,s:o}", "cmdID", r->id, "id", r->identity,
                     "adminFQDN", r->admin_fqdn, "state", state_name(r), "cmdStatusCode", r->status, "status",
                     status_name(r), "created", adm_time_json(r->created), "issued", adm_time_json(r->issued),
                     "reported", adm_time_json(r->reported), "cmdDescription",
                     description != NULL ? description : json_null());
}

static void print_command(const struct store_command *r)
{
    (void)printf("%s  %s  %s  %s %s\n", r->id, r->identity, r->admin_fqdn, state_name(r), status_name(r));
}

static bool command_row(void *arg, const struct store_command *r, const struct om_error *bad)
{
    struct adm_lister *l = arg;
    if (bad != NULL) {
        l->bad++;
        (void)fprintf(stderr, "mefadm: command %s: %s\n", r->id, bad->text);
    } else if (l->json) {
        (void)json_array_append_new(l->array, command_json(r));
    } else {
        print_command(r);
    }
    return true;
}

static om_rc list_commands(struct store *store, struct adm_lister *l, struct om_error *err)
{
    return store_command_list(store, command_row, l, err);
}

om_rc mef_command_list(const struct adm_args *args, struct om_error *err)
{
    return adm_list(args, "commands", list_commands, err);
}

om_rc mef_command_show(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    struct store_command r = {.description = NULL};
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = store_command_get(adm.store, args->operand, &r, err);
    adm_close(&adm);
    if (rc == OM_OK && args->json)
        rc = adm_print_json(command_json(&r), err);
    else if (rc == OM_OK)
        print_command(&r);
    store_command_free(&r);
    return rc;
}

om_rc mef_command_remove(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = mef_admin_command_remove(adm.store, args->operand, err);
    adm_close(&adm);
    return rc;
}
