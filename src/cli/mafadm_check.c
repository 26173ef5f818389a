/* mafadm check: configuration, token, and every row of the database. */
#include "cli/mafadm.h"
#include "store/certificate.h"
#include "store/issued.h"
#include "store/mef.h"
#include "store/provisioned.h"
#include "store/subject.h"

#include <stdio.h>

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

static bool check_forms(void *arg, const char *kmid, const struct om_error *bad)
{
    return count(arg, kmid, bad);
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

struct with_anchors {
    struct tally *t;
    struct store *store;
};

/* A row with the trust anchors that it names. */
static bool count_with_anchors(const struct with_anchors *w, const char *id, const struct m2m_list *anchors,
                               const struct om_error *bad)
{
    struct om_error why = {0};
    om_rc rc = OM_OK;
    for (size_t i = 0; bad == NULL && i < anchors->n && rc == OM_OK; i++) {
        struct store_anchor anchor;
        rc = store_anchor_get(w->store, anchors->items[i], &anchor, &why);
    }
    return count(w->t, id, bad != NULL ? bad : rc != OM_OK ? &why : NULL);
}

static bool check_certificate_client(void *arg, const struct store_certificate *r, const struct om_error *bad)
{
    return count_with_anchors(arg, r->id, &r->anchors, bad);
}

static bool check_mef(void *arg, const struct store_mef *r, const struct om_error *bad)
{
    return count_with_anchors(arg, r->fqdn, &r->anchors, bad);
}

static bool check_assignment(void *arg, const struct store_assignment *r, const struct om_error *bad)
{
    return count(arg, r->kmid, bad);
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

static bool check_subject(void *arg, const struct store_subject *r, const struct om_error *bad)
{
    return count(arg, r->identity, bad);
}

static bool check_latest(void *arg, const struct store_latest *r, const struct om_error *bad)
{
    return count(arg, r->id, bad);
}

/* Every table of authenticated rows; those of a MAF or a MEF alone are last. */
enum {
    STAKEHOLDERS,
    PERMITS,
    CONFIGURATIONS,
    CREDENTIALS,
    FORMS,
    REGISTRATIONS,
    KEYS,
    AUTHORITIES,
    CERTIFICATES,
    CERTIFICATE_CLIENTS,
    MEFS,
    OF_MEF = MEFS,
    ASSIGNMENTS,
    ENROLEES,
    OF_MAF = ENROLEES,
    ENROLMENTS,
    COMMANDS,
    SUBJECTS,
    LATEST,
    TALLIES
};

static const char *const tables[TALLIES] = {"stakeholder",
                                            "permit",
                                            "configuration",
                                            "credential",
                                            "tls13",
                                            "registration",
                                            "key",
                                            "authority",
                                            "certificate",
                                            "certificate client",
                                            "MEF",
                                            "assignment",
                                            "enrolee",
                                            "enrolment",
                                            "command",
                                            "certificate subject",
                                            "latest certificate"};

/* Whether a server of this kind has rows of table i. */
static bool has_rows(size_t i)
{
    return i < OF_MEF || (i >= OF_MAF) == (adm_program.kind == &config_mef);
}

static om_rc check_rows(struct store *store, struct tally t[TALLIES], struct om_error *err)
{
    OM_TRY(store_stakeholder_list(store, check_stakeholder, &t[STAKEHOLDERS], err));
    OM_TRY(store_permit_list(store, NULL, check_permit, &t[PERMITS], err));
    OM_TRY(store_client_cfg_list(store, check_permit, &t[CONFIGURATIONS], err));
    OM_TRY(store_credential_list(store, check_credential, &t[CREDENTIALS], err));
    OM_TRY(store_credential_tls13_list(store, check_forms, &t[FORMS], err));
    OM_TRY(store_registration_list(store, NULL, check_registration, &t[REGISTRATIONS], err));
    OM_TRY(store_key_list(store, NULL, check_key, &t[KEYS], err));
    OM_TRY(check_authorities(store, &t[AUTHORITIES], err));
    OM_TRY(store_issued_list(store, STORE_ISSUED_ALL, NULL, check_issued, &t[CERTIFICATES], err));
    OM_TRY(store_certificate_list(store, check_certificate_client,
                                  &(struct with_anchors){&t[CERTIFICATE_CLIENTS], store}, err));
    OM_TRY(store_mef_list(store, check_mef, &(struct with_anchors){&t[MEFS], store}, err));
    OM_TRY(store_assignment_list(store, check_assignment, &t[ASSIGNMENTS], err));
    OM_TRY(store_enrolee_list(store, check_enrolee, &t[ENROLEES], err));
    OM_TRY(store_enrolment_list(store, check_enrolment, &t[ENROLMENTS], err));
    OM_TRY(store_command_list(store, check_command, &t[COMMANDS], err));
    OM_TRY(store_subject_list(store, check_subject, &t[SUBJECTS], err));
    return store_latest_list(store, check_latest, &t[LATEST], err);
}

om_rc adm_check(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    OM_TRY(adm_open(args->dir, &adm, err));
    struct tally t[TALLIES];
    for (size_t i = 0; i < TALLIES; i++)
        t[i] = (struct tally){.what = tables[i]};
    om_rc rc = se_health(adm.se, err);
    if (rc == OM_OK)
        rc = store_health(adm.store, err);
    if (rc == OM_OK)
        rc = check_rows(adm.store, t, err);
    adm_close(&adm);
    OM_TRY(rc);
    size_t bad = 0;
    json_t *out = json_object();
    for (size_t i = 0; i < TALLIES; i++) {
        bad += t[i].bad;
        if (!has_rows(i))
            continue;
        (void)json_object_set_new(
            out, t[i].what,
            json_pack("{s:I,s:I}", "good", (json_int_t)t[i].good, "bad", (json_int_t)t[i].bad));
        if (!args->json)
            (void)printf("%-19s %zu good, %zu bad\n", t[i].what, t[i].good, t[i].bad);
    }
    if (args->json)
        OM_TRY(adm_print_json(out, err));
    else
        json_decref(out);
    return adm_bad_rows(bad, "rows", err);
}
