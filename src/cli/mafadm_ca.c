/* mafadm ca: the certification authorities of a MAF directory (provisioning/ca.h). */
#include "cli/mafadm.h"
#include "provisioning/ca_files.h"
#include "util/text.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <time.h>

om_rc adm_ca_open(const struct adm *adm, struct adm_ca *out, struct om_error *err)
{
    config_names(&adm->cfg, out->names);
    out->ca = (struct ca){.se = adm->se, .store = adm->store, .maf_names = out->names};
    out->ca.libctx = OSSL_LIB_CTX_new();
    if (out->ca.libctx == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for an OpenSSL library context");
    om_rc rc = omtls_provider_load(out->ca.libctx, err);
    if (rc != OM_OK)
        adm_ca_close(out);
    return rc;
}

void adm_ca_close(struct adm_ca *ca)
{
    omtls_libctx_free(ca->ca.libctx);
    ca->ca.libctx = NULL;
}

/* Certificates first: a CRL without them would puzzle. */
static om_rc publish(const struct ca *ca, const char *dir, struct om_error *err)
{
    OM_TRY(ca_files_certificates(ca, dir, err));
    for (size_t i = 0; i < CA_AUTHORITIES; i++)
        OM_TRY(ca_files_crl(ca, dir, ca_authority_names[i], (int64_t)time(NULL) + CA_CRL_LIFETIME, err));
    return OM_OK;
}

static json_t *authority_json(const struct adm_args *args, const char *name, const X509 *cert)
{
    char file[PATH_MAX];
    struct tm tm = {0};
    char fingerprint[2 * PKI_FINGERPRINT_SIZE + 1] = "";
    uint8_t octets[PKI_FINGERPRINT_SIZE];
    (void)snprintf(file, sizeof file, "%s/ca/%s.pem", args->dir, name);
    (void)ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm);
    if (pki_fingerprint(X509_get_X509_PUBKEY(cert), octets, NULL) == OM_OK)
        om_hex_lower(fingerprint, octets, sizeof octets);
    return json_pack("{s:s,s:s,s:o,s:s}", "authority", name, "certificate", file, "expires",
                     adm_time_json((int64_t)timegm(&tm)), "key", fingerprint);
}

static om_rc show(const struct adm_args *args, const struct ca *ca, struct om_error *err)
{
    json_t *array = json_array();
    om_rc rc = OM_OK;
    for (size_t i = 0; rc == OM_OK && i < CA_AUTHORITIES; i++) {
        X509 *cert = NULL;
        rc = ca_certificate(ca, ca_authority_names[i], &cert, err);
        if (rc == OM_OK)
            (void)json_array_append_new(array, authority_json(args, ca_authority_names[i], cert));
        X509_free(cert);
    }
    for (size_t i = 0; rc == OM_OK && !args->json && i < json_array_size(array); i++) {
        const json_t *a = json_array_get(array, i);
        (void)printf("%-7s %s  expires %s  key %s\n", json_string_value(json_object_get(a, "authority")),
                     json_string_value(json_object_get(a, "certificate")),
                     json_string_value(json_object_get(a, "expires")),
                     json_string_value(json_object_get(a, "key")));
    }
    if (rc == OM_OK && args->json)
        rc = adm_print_json(json_incref(array), err);
    json_decref(array);
    return rc;
}

static om_rc init(const struct adm_args *args, const struct ca *ca, const struct ca_init *what,
                  struct om_error *err)
{
    OM_TRY(ca_init(ca, what, err));
    OM_TRY(publish(ca, args->dir, err));
    return show(args, ca, err);
}

/* init, or show when what is NULL. */
static om_rc run(const struct adm_args *args, const struct ca_init *what, struct om_error *err)
{
    struct adm adm;
    struct adm_ca ca;
    OM_TRY(adm_open(args->dir, &adm, err));
    om_rc rc = adm_ca_open(&adm, &ca, err);
    if (rc == OM_OK) {
        rc = what != NULL ? init(args, &ca.ca, what, err) : show(args, &ca.ca, err);
        adm_ca_close(&ca);
    }
    adm_close(&adm);
    return rc;
}

om_rc adm_ca_init(const struct adm_args *args, struct om_error *err)
{
    struct ca_init what = {
        .domains = &args->domains, .until = (int64_t)time(NULL) + CA_LIFETIME, .crl_uri = args->crl_uri};
    if (args->expires != NULL)
        OM_TRY(adm_parse_expiry(args->expires, &what.until, err));
    return run(args, &what, err);
}

om_rc adm_ca_show(const struct adm_args *args, struct om_error *err)
{
    return run(args, NULL, err);
}
