/* mafadm stakeholder: who administers clients at this MAF, and under what policy. */
#include "cli/mafadm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

om_rc adm_stakeholder_add(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = maf_admin_stakeholder_add(adm.store, args->operand, err);
    adm_close(&adm);
    char admin[M2M_FQDN_SIZE];
    if (rc == OM_OK)
        rc = adm_fqdn(args->operand, admin, err);
    OM_TRY(rc);
    if (args->json)
        return adm_print_json(json_pack("{s:s}", "adminFQDN", admin), err);
    return OM_OK;
}

struct lister {
    json_t *array;
    bool json;
    size_t bad;
};

static bool list_one(void *arg, const struct store_stakeholder *r, const struct om_error *bad)
{
    struct lister *l = arg;
    if (bad != NULL) {
        l->bad++;
        (void)fprintf(stderr, "%s: stakeholder %s: %s\n", adm_program.kind->admin, r->admin_fqdn, bad->text);
        return true;
    }
    if (!l->json) {
        (void)printf("%s\n", r->admin_fqdn);
        return true;
    }
    json_t *policy = json_loads(r->policy, 0, NULL);
    (void)json_array_append_new(l->array, json_pack("{s:s,s:o,s:o}", "adminFQDN", r->admin_fqdn, "created",
                                                    adm_time_json(r->created), "policy",
                                                    policy != NULL ? policy : json_null()));
    return true;
}

om_rc adm_stakeholder_list(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    OM_TRY(adm_open(args->dir, &adm, err));
    struct lister l = {.array = json_array(), .json = args->json};
    om_rc rc = store_stakeholder_list(adm.store, list_one, &l, err);
    adm_close(&adm);
    if (rc == OM_OK && args->json)
        rc = adm_print_json(json_incref(l.array), err);
    json_decref(l.array);
    OM_TRY(rc);
    return adm_bad_rows(l.bad, "stakeholders", err);
}

om_rc adm_stakeholder_remove(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = maf_admin_stakeholder_remove(adm.store, args->operand, err);
    adm_close(&adm);
    return rc;
}

struct permits {
    json_t *array;
    size_t bad;
};

static bool list_permit(void *arg, const char *identity, const char *admin_fqdn, const struct om_error *bad)
{
    (void)admin_fqdn;
    struct permits *p = arg;
    if (bad != NULL) {
        p->bad++;
        (void)fprintf(stderr, "%s: permit of %s: %s\n", adm_program.kind->admin, identity, bad->text);
    } else {
        (void)json_array_append_new(p->array, json_string(identity));
    }
    return true;
}

static om_rc show_policy(struct store *store, const char *admin, struct om_error *err)
{
    struct store_stakeholder r = {0};
    OM_TRY(store_stakeholder_get(store, admin, &r, err));
    json_t *policy = json_loads(r.policy, 0, NULL);
    store_stakeholder_free(&r);
    struct permits p = {.array = json_array()};
    om_rc rc = store_permit_list(store, admin, list_permit, &p, err);
    if (rc == OM_OK)
        rc = adm_print_json(
            json_pack("{s:s,s:O,s:O}", "adminFQDN", admin, "policy", policy, "permitted", p.array), err);
    json_decref(policy);
    json_decref(p.array);
    OM_TRY(rc);
    return adm_bad_rows(p.bad, "permits", err);
}

om_rc adm_stakeholder_policy(const struct adm_args *args, struct om_error *err)
{
    char admin[M2M_FQDN_SIZE];
    char *json = NULL;
    struct adm adm;
    OM_TRY(adm_fqdn(args->operand, admin, err));
    if (args->file != NULL)
        OM_TRY(adm_read_text(args->file, STORE_POLICY_MAX - 1, &json, err));
    struct maf_admin_edit edit = {
        .role = adm_program.role, .policy = json, .permit = &args->permit, .forbid = &args->forbid};
    om_rc rc = adm_open(args->dir, &adm, err);
    if (rc == OM_OK) {
        if (json != NULL || args->permit.n + args->forbid.n > 0)
            rc = maf_admin_stakeholder_edit(adm.store, admin, &edit, err);
        if (rc == OM_OK)
            rc = show_policy(adm.store, admin, err);
        adm_close(&adm);
    }
    free(json);
    return rc;
}
