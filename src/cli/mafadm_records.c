/* mafadm registration, mafadm key: what clients made, as the operator sees it. */
#include "cli/mafadm.h"

#include <stdio.h>
#include <string.h>

static const char *registration_id_name(void)
{
    return adm_program.kind == &config_maf ? "mafClientRegID" : "mefClientRegID";
}

static json_t *registration_json(const struct store_registration *r)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o}", registration_id_name(), r->id, "id", r->identity,
                     "adminFQDN", r->admin_fqdn, "assignedSymmKeyID", r->assigned_kmid, "labels",
                     adm_list_json(&r->labels), "created", adm_time_json(r->created), "modified",
                     adm_time_json(r->modified), "expires", adm_time_json(r->expires));
}

static void print_registration(const struct store_registration *r)
{
    char expires[M2M_TIMESTAMP_SIZE];
    (void)printf("%s  %s  %s  expires %s\n", r->id, r->identity, r->admin_fqdn,
                 adm_time_text(r->expires, expires));
}

static bool registration_row(void *arg, const struct store_registration *r, const struct om_error *bad)
{
    struct adm_lister *l = arg;
    if (bad != NULL) {
        l->bad++;
        (void)fprintf(stderr, "%s: registration %s: %s\n", adm_program.kind->admin, r->id, bad->text);
    } else if (l->json) {
        (void)json_array_append_new(l->array, registration_json(r));
    } else {
        print_registration(r);
    }
    return true;
}

static om_rc list_registrations(struct store *store, struct adm_lister *l, struct om_error *err)
{
    return store_registration_list(store, NULL, registration_row, l, err);
}

om_rc adm_registration_list(const struct adm_args *args, struct om_error *err)
{
    return adm_list(args, "registrations", list_registrations, err);
}

om_rc adm_registration_show(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    struct store_registration r = {0};
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = store_registration_get(adm.store, args->operand, &r, err);
    adm_close(&adm);
    if (rc == OM_OK && args->json)
        rc = adm_print_json(registration_json(&r), err);
    else if (rc == OM_OK)
        print_registration(&r);
    store_registration_free(&r);
    return rc;
}

om_rc adm_registration_revoke(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = maf_admin_registration_revoke(adm.store, args->operand, args->keep_keys, err);
    adm_close(&adm);
    return rc;
}

static json_t *key_json(const struct store_key *r)
{
    return json_pack("{s:s,s:s,s:s,s:i,s:b,s:o,s:o,s:o,s:o,s:o}", "relativeKeyID", r->id, "source", r->source,
                     "adminFQDN", r->admin_fqdn, "suid", (int)r->suid, "exporter", r->exporter, "labels",
                     adm_list_json(&r->labels), "targetIDs", adm_list_json(&r->targets), "created",
                     adm_time_json(r->created), "modified", adm_time_json(r->modified), "expires",
                     adm_time_json(r->expires));
}

static void print_key(const struct store_key *r)
{
    char expires[M2M_TIMESTAMP_SIZE];
    (void)printf("%s  SUID %u  %s  %s  expires %s  ->", r->id, r->suid, r->source, r->admin_fqdn,
                 adm_time_text(r->expires, expires));
    for (size_t i = 0; i < r->targets.n; i++)
        (void)printf(" %s", r->targets.items[i]);
    (void)putchar('\n');
}

static bool key_row(void *arg, const struct store_key *r, const struct om_error *bad)
{
    struct adm_lister *l = arg;
    if (bad != NULL) {
        l->bad++;
        (void)fprintf(stderr, "%s: key %s: %s\n", adm_program.kind->admin, r->id, bad->text);
    } else if (l->json) {
        (void)json_array_append_new(l->array, key_json(r));
    } else {
        print_key(r);
    }
    return true;
}

static om_rc list_keys(struct store *store, struct adm_lister *l, struct om_error *err)
{
    return store_key_list(store, NULL, key_row, l, err);
}

om_rc adm_key_list(const struct adm_args *args, struct om_error *err)
{
    return adm_list(args, "keys", list_keys, err);
}

/* RelativeKeyID, or the whole key identifier of this MAF, under any of its names. */
static om_rc relative_of(const struct adm *adm, const char *text, char out[M2M_RELATIVE_SIZE],
                         struct om_error *err)
{
    if (strchr(text, '@') == NULL) {
        if (!m2m_is_relative_key_id(text))
            return om_fail(err, OM_EINPUT, "'%.80s' is not a RelativeKeyID", text);
        (void)snprintf(out, M2M_RELATIVE_SIZE, "%s", text);
        return OM_OK;
    }
    char fqdn[M2M_FQDN_SIZE];
    const char *names[CONFIG_NAMES_MAX + 2];
    OM_TRY(m2m_key_id_split(text, out, fqdn, err));
    config_names(&adm->cfg, names);
    for (size_t i = 0; names[i] != NULL; i++)
        if (strcmp(fqdn, names[i]) == 0)
            return OM_OK;
    return om_fail(err, OM_ENOTFOUND, "%s is a key of %s, this %s is %s", text, fqdn, adm->cfg.kind->what,
                   adm->cfg.fqdn);
}

om_rc adm_key_show(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    struct store_key r = {0};
    char id[M2M_RELATIVE_SIZE];
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = relative_of(&adm, args->operand, id, err);
    if (rc == OM_OK)
        rc = store_key_get(adm.store, id, &r, err);
    adm_close(&adm);
    if (rc == OM_OK && args->json)
        rc = adm_print_json(key_json(&r), err);
    else if (rc == OM_OK)
        print_key(&r);
    store_key_free(&r);
    return rc;
}

om_rc adm_key_revoke(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    char id[M2M_RELATIVE_SIZE];
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = relative_of(&adm, args->operand, id, err);
    if (rc == OM_OK)
        rc = maf_admin_key_revoke(adm.store, id, err);
    adm_close(&adm);
    return rc;
}

om_rc adm_key_targets(const struct adm_args *args, struct om_error *err)
{
    if (args->add_targets.n + args->remove_targets.n == 0)
        return om_fail(err, OM_EINPUT, "give --add ID or --drop ID");
    struct adm adm;
    char id[M2M_RELATIVE_SIZE];
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = relative_of(&adm, args->operand, id, err);
    if (rc == OM_OK)
        rc = maf_admin_key_targets(adm.store, id, &args->add_targets, &args->remove_targets, err);
    adm_close(&adm);
    return rc;
}
