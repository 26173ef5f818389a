/* mafadm client with certificates: what the MAF shall know of a client that has one. */
#include "cli/mafadm.h"
#include "maf/admin_certificate.h"
#include "pki/parse.h"
#include "util/file.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>

#define ANCHOR_FILE_MAX 65536

/* --- add --- */

static om_rc add_anchors_of(const char *path, STACK_OF(X509) * all, struct om_error *err)
{
    struct om_secret text = OM_SECRET_INIT;
    STACK_OF(X509) *some = NULL;
    OM_TRY(om_file_read(path, ANCHOR_FILE_MAX, &text, err));
    om_rc rc = pki_parse_certificates(text.octets, text.len, STORE_ANCHORS_OF, &some, err);
    om_secret_free(&text);
    if (rc != OM_OK)
        return om_context(err, rc, "%s", path);
    while (sk_X509_num(some) > 0) {
        X509 *cert = sk_X509_shift(some);
        if (sk_X509_push(all, cert) <= 0) {
            X509_free(cert);
            rc = om_fail(err, OM_ENOMEM, "no memory for trust anchors");
            break;
        }
    }
    sk_X509_pop_free(some, X509_free);
    return rc;
}

om_rc adm_read_anchors(const struct adm_args *args, STACK_OF(X509) * *out, struct om_error *err)
{
    STACK_OF(X509) *anchors = sk_X509_new_null();
    om_rc rc = anchors != NULL ? OM_OK : om_fail(err, OM_ENOMEM, "no memory for trust anchors");
    for (size_t i = 0; i < args->cert_anchors.n && rc == OM_OK; i++)
        rc = add_anchors_of(args->cert_anchors.items[i], anchors, err);
    if (rc == OM_OK) {
        *out = anchors;
        return OM_OK;
    }
    sk_X509_pop_free(anchors, X509_free);
    return rc;
}

/* --name, or what follows from --id. */
static om_rc name_of(const struct adm_args *args, enum pki_flavour flavour, struct pki_name *out,
                     struct om_error *err)
{
    const char *text = args->name;
    if (text == NULL && (flavour == PKI_AE || flavour == PKI_FQDN))
        text = args->id;
    if (text == NULL)
        return om_fail(err, OM_EINPUT,
                       "--name is needed: the domain name, Node-ID or hardware ID in the certificate");
    return pki_name_set(out, flavour, text, err);
}

static om_rc check_options(const struct adm_args *args, struct om_error *err)
{
    if (args->generate || args->km_file != NULL || args->km_out != NULL || args->show_km ||
        args->kmid != NULL)
        return om_fail(err, OM_EINPUT, "a client by certificate (--flavour) has no Km and no KmID");
    return OM_OK;
}

static om_rc print_added(const struct adm_args *args, const char *id, struct om_error *err)
{
    return adm_print_json(
        json_pack("{s:s,s:s,s:o}", "certificate", id, "id", args->id, "ids", adm_list_json(&args->ids)), err);
}

static om_rc add(const struct adm_args *args, struct maf_admin_certificate *client, struct om_error *err)
{
    struct adm adm;
    char id[M2M_ID_SIZE];
    if (args->expires != NULL)
        OM_TRY(adm_parse_expiry(args->expires, &client->expires, err));
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = maf_admin_certificate_add(adm.store, client, id, err);
    adm_close(&adm);
    return rc == OM_OK ? print_added(args, id, err) : rc;
}

om_rc adm_client_certificate_add(const struct adm_args *args, struct om_error *err)
{
    struct pki_name name;
    enum pki_flavour flavour = PKI_AE;
    bool raw = strcmp(args->flavour, "raw") == 0;
    OM_TRY(check_options(args, err));
    if (!raw)
        OM_TRY(pki_flavour_parse(args->flavour, &flavour, err));
    if (!raw)
        OM_TRY(name_of(args, flavour, &name, err));
    STACK_OF(X509) *anchors = NULL;
    om_rc rc = adm_read_anchors(args, &anchors, err);
    struct maf_admin_certificate client = {.role = adm_program.role,
                                           .name = raw ? NULL : &name,
                                           .key = args->cert_fingerprint,
                                           .anchors = anchors,
                                           .identities = &args->ids,
                                           .admin_fqdn = args->stakeholder};
    if (rc == OM_OK)
        rc = add(args, &client, err);
    sk_X509_pop_free(anchors, X509_free);
    return rc;
}

/* --- list, show, revoke --- */

static const char *state_name(const struct store_certificate *r)
{
    return r->state == STORE_CREDENTIAL_REVOKED ? "revoked" : "active";
}

static json_t *certificate_json(const struct store_certificate *r)
{
    return json_pack("{s:s,s:o,s:s,s:s,s:s,s:o,s:o,s:o}", "certificate", r->id, "ids",
                     adm_list_json(&r->identities), "adminFQDN", r->admin_fqdn, "state", state_name(r), "key",
                     r->key, "anchors", adm_list_json(&r->anchors), "created", adm_time_json(r->created),
                     "expires", adm_time_json(r->expires));
}

static void print_certificate(const struct store_certificate *r)
{
    char expires[M2M_TIMESTAMP_SIZE];
    (void)printf("%s ", r->id);
    for (size_t i = 0; i < r->identities.n; i++)
        (void)printf(" %s", r->identities.items[i]);
    (void)printf("  %s  %s  expires %s\n", r->admin_fqdn, state_name(r), adm_time_text(r->expires, expires));
}

struct lister {
    json_t *array; /* or NULL: text */
    size_t *bad;
};

static bool list_one(void *arg, const struct store_certificate *r, const struct om_error *bad)
{
    struct lister *l = arg;
    if (bad != NULL) {
        (*l->bad)++;
        (void)fprintf(stderr, "%s: %s\n", adm_program.kind->admin, bad->text);
    } else if (l->array != NULL) {
        (void)json_array_append_new(l->array, certificate_json(r));
    } else {
        print_certificate(r);
    }
    return true;
}

om_rc adm_client_certificate_list(struct store *store, json_t *array, size_t *bad, struct om_error *err)
{
    struct lister l = {.array = array, .bad = bad};
    return store_certificate_list(store, list_one, &l, err);
}

bool adm_is_certificate(const char *operand)
{
    return strchr(operand, '@') == NULL &&
           (strncmp(operand, "30-", 3) == 0 || strncmp(operand, "31-", 3) == 0 ||
            strncmp(operand, "32-", 3) == 0 || strncmp(operand, "33-", 3) == 0 ||
            strncmp(operand, "34-", 3) == 0 || strncmp(operand, "fqdn-", 5) == 0);
}

om_rc adm_client_certificate_show(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    struct store_certificate r;
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = store_certificate_get(adm.store, args->operand, &r, err);
    adm_close(&adm);
    OM_TRY(rc);
    if (args->json)
        rc = adm_print_json(certificate_json(&r), err);
    else
        print_certificate(&r);
    store_certificate_free(&r);
    return rc;
}

om_rc adm_client_certificate_revoke(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = maf_admin_certificate_revoke(adm.store, args->operand, err);
    adm_close(&adm);
    return rc;
}
