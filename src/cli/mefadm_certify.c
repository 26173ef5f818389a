/* mefadm cert allow, forbid, allowed: who may get certificates by EST. The other cert commands are mafadm's.
 */
#include "cli/mefadm.h"
#include "maf/admin_certificate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --name, or what follows from the Enrolee-ID. */
static om_rc name_of(const struct adm_args *args, struct pki_name *out, struct om_error *err)
{
    enum pki_flavour flavour = PKI_AE;
    char dns[M2M_ID_SIZE];
    OM_TRY(pki_flavour_parse(args->flavour, &flavour, err));
    bool own = flavour == PKI_AE || flavour == PKI_CSE;
    const char *text = args->name != NULL ? args->name : own ? args->operand : NULL;
    if (text == NULL)
        return om_fail(err, OM_EINPUT, "--name is needed: the Node-ID or hardware ID in the certificate");
    if (flavour == PKI_CSE && strncmp(text, "//", 2) == 0) {
        OM_TRY(adm_cse_name(text, dns, err));
        text = dns;
    }
    return pki_name_set(out, flavour, text, err);
}

/* What was said of the client before must fit: this identity, and the authority among its anchors. */
static om_rc check_client(struct store *store, const struct store_certificate *r, const char *enrolee,
                          X509 *authority, struct om_error *err)
{
    unsigned char *der = NULL;
    char anchor[STORE_ANCHOR_ID_SIZE];
    int n = i2d_X509(authority, &der);
    om_rc rc = n > 0 ? store_anchor_put(store, der, (size_t)n, anchor, err)
                     : om_fail(err, OM_EINTERNAL, "cannot encode a certificate");
    OPENSSL_free(der);
    OM_TRY(rc);
    if (!m2m_list_has(&r->identities, enrolee) || !m2m_list_has(&r->anchors, anchor))
        return om_fail(err, OM_ECONFLICT,
                       "there is a client %s already, with other identities or anchors; revoke it first",
                       r->id);
    return OM_OK;
}

/* The certificates are good for sessions at this MEF: the client is known by them. */
static om_rc add_client(const struct adm_args *args, const struct adm *adm, const struct pki_name *name,
                        X509 *authority, struct om_error *err)
{
    char id[M2M_ID_SIZE];
    struct store_certificate r;
    OM_TRY(pki_name_credential_id(name, id, err));
    om_rc rc = store_certificate_get(adm->store, id, &r, err);
    if (rc == OM_OK && r.state == STORE_CREDENTIAL_ACTIVE) {
        rc = check_client(adm->store, &r, args->operand, authority, err);
        store_certificate_free(&r);
        return rc;
    }
    if (rc == OM_OK)
        store_certificate_free(&r);
    else if (rc != OM_ENOTFOUND)
        return rc;
    STACK_OF(X509) *anchors = sk_X509_new_null();
    struct m2m_list identities = M2M_LIST_INIT;
    struct maf_admin_certificate client = {.role = adm_program.role,
                                           .name = name,
                                           .anchors = anchors,
                                           .identities = &identities,
                                           .admin_fqdn = args->stakeholder};
    rc = anchors != NULL && sk_X509_push(anchors, authority) > 0
             ? m2m_list_add(&identities, args->operand, err)
             : om_fail(err, OM_ENOMEM, "no memory for trust anchors");
    if (rc == OM_OK)
        rc = maf_admin_certificate_add(adm->store, &client, id, err);
    m2m_list_free(&identities);
    sk_X509_free(anchors);
    return rc;
}

static om_rc allow(const struct adm_args *args, const struct adm *adm, const struct pki_name *name,
                   int64_t lifetime, struct om_error *err)
{
    struct adm_ca ca;
    X509 *authority = NULL;
    OM_TRY(mef_admin_certify_check(args->operand, name, lifetime, err)); /* before anything is stored */
    OM_TRY(adm_ca_open(adm, &ca, err));
    om_rc rc = ca_certificate(&ca.ca, ca_authority_of(name->flavour), &authority, err);
    if (rc == OM_OK)
        rc = add_client(args, adm, name, authority, err);
    X509_free(authority);
    adm_ca_close(&ca);
    return rc == OM_OK ? mef_admin_certify(adm->store, args->operand, name, lifetime, err) : rc;
}

om_rc mef_cert_allow(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    struct pki_name name = {.text = ""};
    int64_t lifetime = 0;
    OM_TRY(name_of(args, &name, err));
    if (args->lifetime != NULL)
        OM_TRY(adm_parse_duration(args->lifetime, &lifetime, err));
    if (args->lifetime != NULL && lifetime == 0)
        return om_fail(err, OM_EINPUT, "--lifetime: at least a second is needed");
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = allow(args, &adm, &name, lifetime, err);
    adm_close(&adm);
    return rc;
}

om_rc mef_cert_forbid(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    struct pki_name name = {.text = ""};
    if (args->flavour != NULL)
        OM_TRY(name_of(args, &name, err));
    else if (args->name != NULL)
        return om_fail(err, OM_EINPUT, "--name goes with --flavour");
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = mef_admin_uncertify(adm.store, args->operand, args->flavour != NULL ? &name : NULL, err);
    adm_close(&adm);
    return rc;
}

static bool subject_row(void *arg, const struct store_subject *r, const struct om_error *bad)
{
    struct adm_lister *l = arg;
    if (bad != NULL) {
        l->bad++;
        (void)fprintf(stderr, "mefadm: certificates of %s: %s\n", r->identity, bad->text);
    } else if (l->json) {
        (void)json_array_append_new(l->array,
                                    json_pack("{s:s,s:o,s:I,s:o}", "enroleeID", r->identity, "certificates",
                                              adm_list_json(&r->names), "lifetime", (json_int_t)r->lifetime,
                                              "created", adm_time_json(r->created)));
    } else {
        (void)printf("%s  lifetime %" PRId64 " s  ->", r->identity, r->lifetime);
        for (size_t i = 0; i < r->names.n; i++)
            (void)printf("%s %s", i > 0 ? "," : "", r->names.items[i]);
        (void)putchar('\n');
    }
    return true;
}

static om_rc list_subjects(struct store *store, struct adm_lister *l, struct om_error *err)
{
    return store_subject_list(store, subject_row, l, err);
}

om_rc mef_cert_allowed(const struct adm_args *args, struct om_error *err)
{
    return adm_list(args, "certificate subjects", list_subjects, err);
}
