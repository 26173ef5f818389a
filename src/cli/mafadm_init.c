/* mafadm init, check, token status: the MAF directory as a whole. */
#include "cli/mafadm.h"
#include "provisioning/maf_init.h"
#include "store/mef.h"

#include <stdio.h>

om_rc adm_init(const struct adm_args *args, struct om_error *err)
{
    struct config_init init = {.kind = adm_program.kind,
                               .dir = args->dir,
                               .fqdn = args->fqdn,
                               .token_uri = args->token,
                               .pin_source = args->pin_source,
                               .https_listen = args->https};
    OM_TRY(maf_init_directory(&init, err));
    if (args->json)
        return adm_print_json(json_pack("{s:s,s:s}", "dir", args->dir, "fqdn", args->fqdn), err);
    (void)printf("%s is ready: edit %s if needed, add a stakeholder and clients, start `%s --dir %s`\n",
                 args->dir, adm_program.kind->file, adm_program.kind->program, args->dir);
    return OM_OK;
}

static const char *grade_name(enum se_grade grade)
{
    return grade == SE_GRADE_DERIVE ? "derive" : "hmac";
}

static const char *grade_text(enum se_grade grade)
{
    return grade == SE_GRADE_DERIVE ? "derive: TLS master secrets and exported keys are made inside the token"
                                    : "hmac: long-term keys never leave the token; a session's master secret "
                                      "and an exported key cross "
                                      "the memory of the daemon once, when they are made";
}

om_rc adm_token_status(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    struct se_description d = {0};
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = se_describe(adm.se, &d, err);
    if (rc == OM_OK)
        rc = se_health(adm.se, err);
    const char *custody = adm.cfg.custody == OMTLS_CUSTODY_PSK ? "psk" : "session";
    adm_close(&adm);
    OM_TRY(rc);
    if (args->json)
        return adm_print_json(json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:b}", "plugin",
                                        d.plugin, "manufacturer", d.manufacturer, "model", d.model, "serial",
                                        d.serial, "label", d.label, "firmware", d.firmware, "module",
                                        d.module, "algorithms", d.algorithms, "state", d.state, "quirks",
                                        d.quirks, "grade", grade_name(d.grade), "custody", custody,
                                        "testOnly", d.test_only, "provisioned", d.provisioned),
                              err);
    (void)printf(
        "plug-in:       %s\nmodule:        %s\ntoken:         %s\nmanufacturer:  %s\nmodel:         %s\n"
        "serial:        %s\nfirmware:      %s\nalgorithms:    %s\nstate:         %s\nquirks:        %s\n"
        "root keys:     %s\ncustody:       %s\ngrade:         %s\n",
        d.plugin, d.module, d.label, d.manufacturer, d.model, d.serial, d.firmware, d.algorithms,
        d.state[0] ? d.state : "good", d.quirks[0] ? d.quirks : "none", d.provisioned ? "present" : "missing",
        custody, grade_text(d.grade));
    if (d.test_only)
        (void)printf(
            "WARNING:       this token does not enforce what protects keys; use it for tests only\n");
    return OM_OK;
}

/* Counts of one kind of row. */
struct tally {
    const char *what;
    size_t good, bad;
};

static bool count(struct tally *t, const char *id, const struct om_error *bad)
{
    if (bad == NULL) {
        t->good++;
        return true;
    }
    t->bad++;
    (void)fprintf(stderr, "%s check: %s %s: %s\n", adm_program.kind->admin, t->what, id, bad->text);
    return true;
}

static bool check_stakeholder(void *arg, const struct store_stakeholder *r, const struct om_error *bad)
{
    return count(arg, r->admin_fqdn, bad);
}

static bool check_permit(void *arg, const char *identity, const char *admin_fqdn, const struct om_error *bad)
{
    (void)admin_fqdn;
    return count(arg, identity, bad);
}

static bool check_credential(void *arg, const struct store_credential *r, const struct om_error *bad)
{
    return count(arg, r->kmid, bad);
}

static bool check_registration(void *arg, const struct store_registration *r, const struct om_error *bad)
{
    return count(arg, r->id, bad);
}

static bool check_key(void *arg, const struct store_key *r, const struct om_error *bad)
{
    return count(arg, r->id, bad);
}

static bool check_issued(void *arg, const struct store_issued *r, const struct om_error *bad)
{
    return count(arg, r->serial, bad);
}

static om_rc check_authorities(struct store *store, struct tally *t, struct om_error *err)
{
    for (size_t i = 0; i < CA_AUTHORITIES; i++) {
        struct store_authority r = {.cert = NULL};
        struct om_error bad = {0};
        om_rc rc = store_authority_get(store, ca_authority_names[i], &r, &bad);
        store_authority_free(&r);
        if (rc == OM_ENOTFOUND)
            continue;
        if (rc != OM_OK && rc != OM_EINTEGRITY)
            return om_fail(err, rc, "%s", bad.text);
        (void)count(t, ca_authority_names[i], rc == OM_OK ? NULL : &bad);
    }
    return OM_OK;
}

static bool check_enrolee(void *arg, const struct store_enrolee *r, const struct om_error *bad)
{
    return count(arg, r->identity, bad);
}

static bool check_enrolment(void *arg, const struct store_enrolment *r, const struct om_error *bad)
{
    return count(arg, r->id, bad);
}

static bool check_command(void *arg, const struct store_command *r, const struct om_error *bad)
{
    return count(arg, r->id, bad);
}

#define TALLIES 10

static om_rc check_rows(struct store *store, struct tally t[TALLIES], struct om_error *err)
{
    OM_TRY(store_stakeholder_list(store, check_stakeholder, &t[0], err));
    OM_TRY(store_permit_list(store, NULL, check_permit, &t[1], err));
    OM_TRY(store_credential_list(store, check_credential, &t[2], err));
    OM_TRY(store_registration_list(store, NULL, check_registration, &t[3], err));
    OM_TRY(store_key_list(store, NULL, check_key, &t[4], err));
    OM_TRY(check_authorities(store, &t[5], err));
    OM_TRY(store_issued_list(store, STORE_ISSUED_ALL, NULL, check_issued, &t[6], err));
    OM_TRY(store_enrolee_list(store, check_enrolee, &t[7], err));
    OM_TRY(store_enrolment_list(store, check_enrolment, &t[8], err));
    return store_command_list(store, check_command, &t[9], err);
}

om_rc adm_check(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    OM_TRY(adm_open(args->dir, &adm, err));
    struct tally t[TALLIES] = {{"stakeholder", 0, 0},  {"permit", 0, 0},  {"credential", 0, 0},
                               {"registration", 0, 0}, {"key", 0, 0},     {"authority", 0, 0},
                               {"certificate", 0, 0},  {"enrolee", 0, 0}, {"enrolment", 0, 0},
                               {"command", 0, 0}};
    const size_t shown = adm_program.kind == &config_mef ? TALLIES : 7; /* a MAF has none of the others */
    om_rc rc = se_health(adm.se, err);
    if (rc == OM_OK)
        rc = store_health(adm.store, err);
    if (rc == OM_OK)
        rc = check_rows(adm.store, t, err);
    adm_close(&adm);
    OM_TRY(rc);
    size_t bad = 0;
    json_t *out = json_object();
    for (size_t i = 0; i < shown; i++) {
        bad += t[i].bad;
        (void)json_object_set_new(
            out, t[i].what,
            json_pack("{s:I,s:I}", "good", (json_int_t)t[i].good, "bad", (json_int_t)t[i].bad));
        if (!args->json)
            (void)printf("%-13s %zu good, %zu bad\n", t[i].what, t[i].good, t[i].bad);
    }
    if (args->json)
        OM_TRY(adm_print_json(out, err));
    else
        json_decref(out);
    return adm_bad_rows(bad, "rows", err);
}
