/* mafadm bundle: one file with what a client needs to register under a stakeholder (provisioning/bundle.h).
 */
#include "cli/mafadm.h"
#include "pki/parse.h"
#include "pki/path.h"
#include "provisioning/bundle.h"
#include "store/provisioned.h"
#include "util/file.h"

#include <stdio.h>
#include <string.h>

#define FILE_MAX_OCTETS 65536
#define ANCHORS_MAX     8

/* What the document is made of; freed with parts_free. */
struct parts {
    struct pki_name name;
    char kmid[M2M_KEY_ID_SIZE];
    char mef[M2M_FQDN_SIZE];
    STACK_OF(X509) * chain, *anchors;
};

static void parts_free(struct parts *p)
{
    sk_X509_pop_free(p->chain, X509_free);
    sk_X509_pop_free(p->anchors, X509_free);
}

static om_rc read_certificates(const char *path, int max, STACK_OF(X509) * *out, struct om_error *err)
{
    struct om_secret text = OM_SECRET_INIT;
    OM_TRY(om_file_read(path, FILE_MAX_OCTETS, &text, err));
    om_rc rc = pki_parse_certificates(text.octets, text.len, max, out, err);
    om_secret_free(&text);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "%s", path);
}

static om_rc push_new(X509 *cert, STACK_OF(X509) * *out, struct om_error *err)
{
    *out = sk_X509_new_null();
    if (cert != NULL && *out != NULL && sk_X509_push(*out, cert) > 0)
        return OM_OK;
    X509_free(cert);
    return om_fail(err, OM_ENOMEM, "no memory for certificates");
}

/* One that our authorities issued. */
static om_rc find_issued(const struct adm *adm, const char *serial, struct parts *p, struct om_error *err)
{
    struct store_issued r;
    char text[STORE_SERIAL_SIZE];
    OM_TRY(adm_serial(serial, text, err));
    OM_TRY(store_issued_get(adm->store, text, &r, err));
    const unsigned char *at = r.cert;
    om_rc rc = push_new(d2i_X509(NULL, &at, (long)r.cert_len), &p->chain, err);
    if (rc == OM_OK)
        rc = pki_name_set(&p->name, (enum pki_flavour)r.flavour, r.name, err);
    if (rc == OM_OK && r.revoked != 0)
        rc = om_fail(err, OM_EDENIED, "certificate %s is revoked", text);
    if (rc == OM_OK && p->name.flavour == PKI_FQDN)
        rc = om_fail(err, OM_EINPUT, "certificate %s is the MAF's own, not a client's", text);
    store_issued_free(&r);
    return rc;
}

static om_rc find_anchors(const struct adm_args *args, const struct adm *adm, struct parts *p,
                          struct om_error *err)
{
    struct adm_ca ca;
    X509 *cert = NULL;
    if (args->anchors != NULL)
        return read_certificates(args->anchors, ANCHORS_MAX, &p->anchors, err);
    OM_TRY(adm_ca_open(adm, &ca, err));
    om_rc rc = ca_certificate(&ca.ca, "maf", &cert, err);
    adm_ca_close(&ca);
    return rc == OM_OK ? push_new(cert, &p->anchors, err) : rc;
}

static om_rc find_kmid(const struct adm *adm, const char *text, struct parts *p, struct om_error *err)
{
    struct store_credential r = {0};
    OM_TRY(adm_kmid(adm, text, p->kmid, err));
    OM_TRY(store_credential_get(adm->store, p->kmid, &r, err));
    return r.state == STORE_CREDENTIAL_ACTIVE ? OM_OK : om_fail(err, OM_EDENIED, "%s is revoked", p->kmid);
}

static om_rc find_mef(const struct adm *adm, const char *text, struct parts *p, struct om_error *err)
{
    struct store_mef r;
    OM_TRY(adm_fqdn(text, p->mef, err));
    om_rc rc = store_mef_get(adm->store, p->mef, &r, err);
    if (rc == OM_OK)
        store_mef_free(&r);
    return rc == OM_ENOTFOUND ? om_context(err, rc, "'mafadm mef add' makes this MAF ask %s", p->mef) : rc;
}

static om_rc find_parts(const struct adm_args *args, const struct adm *adm, struct parts *p,
                        struct om_error *err)
{
    enum pki_flavour flavour;
    if ((args->serial != NULL) + (args->kmid != NULL) + (args->cert_file != NULL) + (args->mef != NULL) != 1)
        return om_fail(err, OM_EINPUT, "give one of --certificate, --cert-file, --kmid and --mef");
    if (adm_program.role != &maf_role_maf && (args->kmid != NULL || args->mef != NULL || args->labels.n > 0))
        return om_fail(
            err, OM_EINPUT,
            "a bundle of a MEF brings a certificate: --certificate or --cert-file, and no --label");
    if (args->mef != NULL)
        return find_mef(adm, args->mef, p, err);
    if (args->kmid != NULL)
        return find_kmid(adm, args->kmid, p, err);
    if (args->serial != NULL) {
        OM_TRY(find_issued(adm, args->serial, p, err));
    } else {
        if (args->flavour == NULL || args->name == NULL)
            return om_fail(err, OM_EINPUT, "--cert-file needs --flavour and --name");
        OM_TRY(pki_flavour_parse(args->flavour, &flavour, err));
        OM_TRY(pki_name_set(&p->name, flavour, args->name, err));
        OM_TRY(read_certificates(args->cert_file, PKI_INTERMEDIATES_MAX + 1, &p->chain, err));
    }
    return find_anchors(args, adm, p, err);
}

/* Of the first address of a binding; 0 when there is none, or it is any free one. */
static uint16_t port_of(const struct config *cfg, enum config_binding binding)
{
    for (size_t i = 0; i < cfg->n_addresses; i++)
        if (cfg->addresses[i].binding == binding)
            return cfg->addresses[i].port;
    return 0;
}

static om_rc write_bundle(const struct adm_args *args, json_t *bundle, struct om_error *err)
{
    if (args->out == NULL)
        return adm_print_json(json_incref(bundle), err);
    char *text = json_dumps(bundle, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    if (text == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a bundle");
    om_rc rc = om_file_write(args->out, text, strlen(text), 0644, err);
    free(text);
    return rc;
}

static om_rc make(const struct adm_args *args, const struct adm *adm, const struct parts *p,
                  struct om_error *err)
{
    char admin[M2M_FQDN_SIZE];
    struct store_stakeholder stakeholder = {0};
    json_t *document = NULL;
    struct bundle what = {.fqdn = adm->cfg.fqdn,
                          .admin_fqdn = admin,
                          .labels = &args->labels,
                          .http_port = port_of(&adm->cfg, CONFIG_HTTPS),
                          .coap_port = port_of(&adm->cfg, CONFIG_COAPS)};
    what.websocket_port = what.http_port; /* one listener for both */
    if (p->chain != NULL) {
        what.name = &p->name;
        what.chain = p->chain;
        what.anchors = p->anchors;
    } else if (p->mef[0] != '\0') {
        what.mef = p->mef;
    } else {
        what.kmid = p->kmid;
    }
    OM_TRY(adm_fqdn(args->stakeholder, admin, err));
    OM_TRY(store_stakeholder_get(adm->store, admin, &stakeholder, err));
    store_stakeholder_free(&stakeholder);
    if (args->expires != NULL)
        OM_TRY(adm_parse_expiry(args->expires, &what.expires, err));
    OM_TRY(bundle_make(&what, &document, err));
    om_rc rc = write_bundle(args, document, err);
    json_decref(document);
    return rc;
}

om_rc adm_bundle(const struct adm_args *args, struct om_error *err)
{
    struct adm adm;
    struct parts p = {.chain = NULL};
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = find_parts(args, &adm, &p, err);
    if (rc == OM_OK)
        rc = make(args, &adm, &p, err);
    parts_free(&p);
    adm_close(&adm);
    return rc;
}
