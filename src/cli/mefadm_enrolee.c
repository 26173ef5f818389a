/* mefadm enrolee, mefadm enrolment: whose keys the MEF hands out to whom, and what it holds of them. */
#include "cli/mefadm.h"
#include "util/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- Enrolees ---- */

static om_rc parse_suid(const char *text, unsigned *suid, struct om_error *err)
{
    uint64_t n;
    om_rc rc = om_parse_uint(text, 99, &n, err);
    if (rc != OM_OK)
        return om_context(err, rc, "--suid");
    *suid = (unsigned)n;
    return OM_OK;
}

om_rc mef_enrolee_allow(const struct adm_args *args, struct om_error *err)
{
    unsigned suid = 0;
    int64_t lifetime = 0;
    struct adm adm;
    OM_TRY(parse_suid(args->suid, &suid, err));
    if (args->lifetime != NULL)
        OM_TRY(adm_parse_duration(args->lifetime, &lifetime, err));
    if (args->lifetime != NULL && lifetime == 0)
        return om_fail(err, OM_EINPUT, "--lifetime: at least a second is needed");
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = mef_admin_allow(adm.store, args->operand, suid, args->target, lifetime, err);
    adm_close(&adm);
    return rc;
}

om_rc mef_enrolee_forbid(const struct adm_args *args, struct om_error *err)
{
    unsigned suid = 0;
    struct adm adm;
    OM_TRY(parse_suid(args->suid, &suid, err));
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = mef_admin_forbid(adm.store, args->operand, suid, args->target, err);
    adm_close(&adm);
    return rc;
}

om_rc mef_enrolee_remove(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = mef_admin_enrolee_remove(adm.store, args->operand, err);
    adm_close(&adm);
    return rc;
}

/* Rights are stored as "<SUID> <target>". */
static json_t *rights_json(const struct m2m_list *rights)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < rights->n; i++) {
        char suid[3] = "";
        uint64_t n = 0;
        (void)stpncpy(suid, rights->items[i], 2);
        if (strlen(rights->items[i]) > 3 && om_parse_uint(suid, 99, &n, NULL) == OM_OK)
            (void)json_array_append_new(
                array, json_pack("{s:I,s:s}", "suid", (json_int_t)n, "target", rights->items[i] + 3));
    }
    return array;
}

static json_t *enrolee_json(const struct store_enrolee *r)
{
    return json_pack("{s:s,s:I,s:o,s:o}", "enroleeID", r->identity, "lifetime", (json_int_t)r->lifetime,
                     "allowed", rights_json(&r->rights), "created", adm_time_json(r->created));
}

static void print_enrolee(const struct store_enrolee *r)
{
    (void)printf("%s  lifetime %" PRId64 " s  ->", r->identity, r->lifetime);
    for (size_t i = 0; i < r->rights.n; i++)
        (void)printf("%s %s", i > 0 ? "," : "", r->rights.items[i]);
    (void)putchar('\n');
}

static bool enrolee_row(void *arg, const struct store_enrolee *r, const struct om_error *bad)
{
    struct adm_lister *l = arg;
    if (bad != NULL) {
        l->bad++;
        (void)fprintf(stderr, "mefadm: Enrolee %s: %s\n", r->identity, bad->text);
    } else if (l->json) {
        (void)json_array_append_new(l->array, enrolee_json(r));
    } else {
        print_enrolee(r);
    }
    return true;
}

static om_rc list_enrolees(struct store *store, struct adm_lister *l, struct om_error *err)
{
    return store_enrolee_list(store, enrolee_row, l, err);
}

om_rc mef_enrolee_list(const struct adm_args *args, struct om_error *err)
{
    return adm_list(args, "Enrolees", list_enrolees, err);
}

om_rc mef_enrolee_show(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    struct store_enrolee r = {0};
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = store_enrolee_get(adm.store, args->operand, &r, err);
    adm_close(&adm);
    if (rc == OM_OK && args->json)
        rc = adm_print_json(enrolee_json(&r), err);
    else if (rc == OM_OK)
        print_enrolee(&r);
    store_enrolee_free(&r);
    return rc;
}

/* ---- enrolments ---- */

static json_t *enrolment_json(const struct store_enrolment *r)
{
    return json_pack("{s:s,s:s,s:s,s:b,s:o,s:o}", "relativeKeID", r->id, "enroleeID", r->enrolee, "kpmid",
                     r->credential, "fetched", r->fetched, "created", adm_time_json(r->created), "expires",
                     adm_time_json(r->expires));
}

static void print_enrolment(const struct store_enrolment *r)
{
    char expires[M2M_TIMESTAMP_SIZE];
    (void)printf("%s  %s  %s  expires %s%s\n", r->id, r->enrolee, r->credential,
                 adm_time_text(r->expires, expires), r->fetched ? "  fetched" : "");
}

static bool enrolment_row(void *arg, const struct store_enrolment *r, const struct om_error *bad)
{
    struct adm_lister *l = arg;
    if (bad != NULL) {
        l->bad++;
        (void)fprintf(stderr, "mefadm: KeID %s: %s\n", r->id, bad->text);
    } else if (l->json) {
        (void)json_array_append_new(l->array, enrolment_json(r));
    } else {
        print_enrolment(r);
    }
    return true;
}

static om_rc list_enrolments(struct store *store, struct adm_lister *l, struct om_error *err)
{
    return store_enrolment_list(store, enrolment_row, l, err);
}

om_rc mef_enrolment_list(const struct adm_args *args, struct om_error *err)
{
    return adm_list(args, "enrolments", list_enrolments, err);
}

om_rc mef_enrolment_show(const struct adm_args *args, struct om_error *err)
{
    char id[M2M_RELATIVE_SIZE];
    char fqdn[M2M_FQDN_SIZE];
    struct adm adm;
    struct store_enrolment r = {.expires = 0};
    if (strchr(args->operand, '@') != NULL)
        OM_TRY(m2m_key_id_split(args->operand, id, fqdn, err));
    else
        OM_TRY(om_copy_text(id, sizeof id, args->operand, err));
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = store_enrolment_get(adm.store, id, &r, err);
    adm_close(&adm);
    OM_TRY(rc);
    if (args->json)
        return adm_print_json(enrolment_json(&r), err);
    print_enrolment(&r);
    return OM_OK;
}

om_rc mef_enrolment_revoke(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = mef_admin_enrolment_revoke(adm.store, args->operand, err);
    adm_close(&adm);
    return rc;
}
