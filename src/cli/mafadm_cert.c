/* mafadm cert: listing, giving out and revoking certificates (provisioning/ca.h). */
#include "cli/mafadm.h"
#include "provisioning/ca_files.h"
#include "util/file.h"
#include "util/log.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static om_rc to_pem(const struct store_issued *r, char **pem, struct om_error *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long n = 0;
    bool good = bio != NULL && PEM_write_bio(bio, PEM_STRING_X509, "", r->cert, (long)r->cert_len) > 0 &&
                (n = BIO_get_mem_data(bio, &text)) > 0;
    *pem = good ? strndup(text, (size_t)n) : NULL;
    BIO_free(bio);
    return *pem != NULL ? OM_OK : pki_fail(err, "cannot write a certificate");
}

json_t *adm_issued_json(const struct store_issued *r)
{
    struct pki_name name = {.flavour = (enum pki_flavour)r->flavour};
    char credential[M2M_ID_SIZE] = "";
    (void)snprintf(name.text, sizeof name.text, "%s", r->name);
    om_rc has = pki_name_credential_id(&name, credential, NULL);
    const char *flavour = pki_flavour_text(name.flavour);
    json_t *out = json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:s}", "serial", r->serial, "authority",
                            r->authority, "flavour", flavour != NULL ? flavour : "", "name", r->name, "state",
                            r->revoked != 0 ? "revoked" : "good", "issued", adm_time_json(r->created),
                            "expires", adm_time_json(r->expires), "key", r->key);
    if (out != NULL && has == OM_OK)
        (void)json_object_set_new(out, "credentialID", json_string(credential));
    if (out != NULL && r->revoked != 0) {
        (void)json_object_set_new(out, "revoked", adm_time_json(r->revoked));
        (void)json_object_set_new(out, "reason", json_string(ca_reason_text(r->reason)));
    }
    return out;
}

om_rc adm_hand_out(const struct adm_args *args, const struct store_issued *r, struct om_error *err)
{
    char *pem = NULL;
    om_rc rc = to_pem(r, &pem, err);
    if (pem == NULL)
        return rc;
    json_t *out = adm_issued_json(r);
    if (args->out != NULL)
        rc = om_file_write(args->out, pem, strlen(pem), 0644, err);
    else if (!args->json)
        rc = fputs(pem, stdout) >= 0 ? OM_OK : om_fail(err, OM_ETRANSIENT, "cannot write to standard output");
    if (rc == OM_OK && args->json) {
        (void)json_object_set_new(out, "certificate", json_string(pem));
        rc = adm_print_json(json_incref(out), err);
    }
    json_decref(out);
    free(pem);
    return rc;
}

struct lister {
    json_t *array;
    bool json;
    size_t bad;
};

static bool list_one(void *arg, const struct store_issued *r, const struct om_error *bad)
{
    struct lister *l = arg;
    char expires[M2M_TIMESTAMP_SIZE];
    const char *flavour = pki_flavour_text((enum pki_flavour)r->flavour);
    if (bad != NULL) {
        l->bad++;
        (void)fprintf(stderr, "%s: certificate %s: %s\n", adm_program.kind->admin, r->serial, bad->text);
    } else if (l->json) {
        (void)json_array_append_new(l->array, adm_issued_json(r));
    } else {
        (void)printf("%s  %s  %s  %s  expires %s\n", r->serial, flavour != NULL ? flavour : "?", r->name,
                     r->revoked != 0 ? "revoked" : "good", adm_time_text(r->expires, expires));
    }
    return true;
}

om_rc adm_cert_list(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    OM_TRY(adm_open(args->dir, &adm, err));
    struct lister l = {.array = json_array(), .json = args->json};
    om_rc rc = store_issued_list(adm.store, args->name != NULL ? STORE_ISSUED_BY_NAME : STORE_ISSUED_ALL,
                                 args->name, list_one, &l, err);
    adm_close(&adm);
    if (rc == OM_OK && args->json)
        rc = adm_print_json(json_incref(l.array), err);
    json_decref(l.array);
    OM_TRY(rc);
    return adm_bad_rows(l.bad, "certificates", err);
}

/* Serial numbers are hex digits; operators copy them from tools that write capitals and colons. */
om_rc adm_serial(const char *text, char out[STORE_SERIAL_SIZE], struct om_error *err)
{
    size_t n = 0;
    for (const char *at = text; *at != '\0'; at++) {
        char c = *at >= 'A' && *at <= 'F' ? (char)(*at - 'A' + 'a') : *at;
        if (c == ':')
            continue;
        if (strchr("0123456789abcdef", c) == NULL || n + 1 == STORE_SERIAL_SIZE)
            return om_fail(err, OM_EINPUT, "'%.60s' is not a serial number in hexadecimal", text);
        out[n++] = c;
    }
    out[n] = '\0';
    return OM_OK;
}

om_rc adm_cert_show(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    char serial[STORE_SERIAL_SIZE];
    struct store_issued r;
    OM_TRY(adm_serial(args->operand, serial, err));
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = store_issued_get(adm.store, serial, &r, err);
    adm_close(&adm);
    OM_TRY(rc);
    rc = adm_hand_out(args, &r, err);
    store_issued_free(&r);
    return rc;
}

static om_rc revoke(const struct adm_args *args, const struct adm *adm, const char *serial, int reason,
                    struct om_error *err)
{
    struct adm_ca ca;
    struct store_issued r;
    OM_TRY(store_issued_revoke(adm->store, serial, (int64_t)time(NULL), reason, err));
    om_audit("certificate-revoked", "serial=%s reason=%s", serial, ca_reason_text(reason));
    OM_TRY(store_issued_get(adm->store, serial, &r, err));
    om_rc rc = adm_ca_open(adm, &ca, err);
    if (rc == OM_OK) {
        rc = ca_files_crl(&ca.ca, args->dir, r.authority, (int64_t)time(NULL) + CA_CRL_LIFETIME, err);
        adm_ca_close(&ca);
    }
    if (rc != OM_OK)
        rc = om_context(err, rc, "%s is revoked, but no CRL says so yet; run 'mafadm cert crl'", serial);
    store_issued_free(&r);
    return rc;
}

om_rc adm_cert_revoke(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    char serial[STORE_SERIAL_SIZE];
    int reason = ca_reason_parse(args->reason != NULL ? args->reason : "unspecified");
    OM_TRY(adm_serial(args->operand, serial, err));
    if (reason < 0)
        return om_fail(err, OM_EINPUT,
                       "'%.40s' is no reason: unspecified, keyCompromise, affiliationChanged, superseded, "
                       "cessationOfOperation, privilegeWithdrawn",
                       args->reason);
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = revoke(args, &adm, serial, reason, err);
    adm_close(&adm);
    return rc;
}

static om_rc make_crls(const struct adm_args *args, const struct ca *ca, int64_t until, json_t *files,
                       struct om_error *err)
{
    OM_TRY(ca_files_certificates(ca, args->dir, err));
    for (size_t i = 0; i < CA_AUTHORITIES; i++) {
        char file[PATH_MAX];
        OM_TRY(ca_files_crl(ca, args->dir, ca_authority_names[i], until, err));
        (void)snprintf(file, sizeof file, "%s/ca/%s.crl", args->dir, ca_authority_names[i]);
        (void)json_array_append_new(files, json_string(file));
        if (!args->json)
            (void)printf("%s\n", file);
    }
    return args->json ? adm_print_json(json_incref(files), err) : OM_OK;
}

om_rc adm_cert_crl(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    struct adm_ca ca;
    int64_t until = (int64_t)time(NULL) + CA_CRL_LIFETIME;
    if (args->expires != NULL)
        OM_TRY(adm_parse_expiry(args->expires, &until, err));
    OM_TRY(adm_open(args->dir, &adm, err));
    json_t *files = json_array();
    om_rc rc = adm_ca_open(&adm, &ca, err);
    if (rc == OM_OK) {
        rc = make_crls(args, &ca.ca, until, files, err);
        adm_ca_close(&ca);
    }
    json_decref(files);
    adm_close(&adm);
    return rc;
}
