/* Client bundles (docs/formats.md): one file with what an administrator has for this client — a registration
 * configuration, and the certificate that was issued for one of its requests. */
#include "client/certificate.h"
#include "client/configuration.h"
#include "onem2m/primitive.h"
#include "util/file.h"
#include "util/text.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define BUNDLE_MAX     65536 /* octets of the file */
#define BUNDLE_VERSION "openmaf-bundle"
#define BUNDLE_CFG     "clientRegCfg"
#define BUNDLE_CERTS   "certificates"
#define CERT_MAX       4096

/* --- the certificate --- */

static om_rc read_certificates(const json_t *array, STACK_OF(X509) * *out, struct om_error *err)
{
    size_t n = json_array_size(array);
    if (n < 1 || n > CERTIFICATE_CHAIN_MAX)
        return om_fail(err, OM_EINPUT, "an array of 1 to %d certificates is expected", CERTIFICATE_CHAIN_MAX);
    *out = sk_X509_new_null();
    for (size_t i = 0; *out != NULL && i < n; i++) {
        uint8_t der[CERT_MAX];
        size_t len = 0;
        const char *text = json_string_value(json_array_get(array, i));
        if (text == NULL || om_base64_decode(text, strlen(text), der, sizeof der, &len, NULL) != OM_OK)
            return om_fail(err, OM_EINPUT, "certificate %zu is not base64 of at most %d octets", i + 1,
                           CERT_MAX);
        const unsigned char *at = der;
        X509 *cert = d2i_X509(NULL, &at, (long)len);
        ERR_clear_error();
        if (cert == NULL || at != der + len) {
            X509_free(cert);
            return om_fail(err, OM_EINPUT, "certificate %zu is not one in DER", i + 1);
        }
        if (sk_X509_push(*out, cert) <= 0) {
            X509_free(cert);
            return om_fail(err, OM_ENOMEM, "no memory for certificates");
        }
    }
    return *out != NULL ? OM_OK : om_fail(err, OM_ENOMEM, "no memory for certificates");
}

/* mef: whose server the certificate is for, as in struct certificate. */
static om_rc take_certificates(struct openmaf *maf, const struct configuration *cfg, const json_t *array,
                               const char *mef, struct om_error *err)
{
    STACK_OF(X509) *chain = NULL;
    if (cfg->choice != CONFIGURATION_USE_CERTIFICATE)
        return om_fail(err, OM_EINPUT, "certificates without certAuth in the configuration");
    om_rc rc = read_certificates(array, &chain, err);
    const struct certificate_arrival arrival = {
        .id = cfg->credential, .chain = chain, .anchors = cfg->ca_certs, .mef = mef};
    if (rc == OM_OK)
        rc = certificate_take(maf, &arrival, err);
    sk_X509_pop_free(chain, X509_free);
    return rc;
}

/* --- the bundle --- */

static om_rc check_members(const json_t *bundle, struct om_error *err)
{
    const char *name;
    json_t *value;
    const json_t *version = json_object_get(bundle, BUNDLE_VERSION);
    if (!json_is_object(bundle) || version == NULL)
        return om_fail(err, OM_EINPUT, "it is not a client bundle");
    if (!json_is_integer(version) || json_integer_value(version) != 1)
        return om_fail(err, OM_EUNSUPPORTED, "it is a bundle of another version than 1");
    json_object_foreach((json_t *)bundle, name, value)
    {
        if (strcmp(name, BUNDLE_VERSION) != 0 && strcmp(name, BUNDLE_CFG) != 0 &&
            strcmp(name, BUNDLE_CERTS) != 0)
            return om_fail(err, OM_EINPUT, "%.40s: unknown element", name);
    }
    return OM_OK;
}

/* The credential that the configuration names must be there, once its certificates are taken in. */
static om_rc check_credential(struct openmaf *maf, const struct configuration *cfg, struct om_error *err)
{
    struct certificate c;
    const char *mef = maf->home.mef.fqdn;
    if (cfg->choice == CONFIGURATION_USE_REMOTE &&
        (mef[0] == '\0' || (cfg->mef != NULL && strcmp(cfg->mef, mef) != 0)))
        return om_fail(err, OM_ECONFIG, "it wants a key from %.120s (rpsk); section [mef] of %s names %.120s",
                       cfg->mef != NULL ? cfg->mef : "a MEF", HOME_CONFIG_FILE,
                       mef[0] != '\0' ? mef : "none");
    if (cfg->choice != CONFIGURATION_USE_CERTIFICATE)
        return OM_OK; /* Km does not travel in bundles: it may come later, or from the MEF */
    OM_TRY(certificate_newest(maf, cfg->credential, &c, err));
    certificate_free(&c);
    return OM_OK;
}

/* From the MEF's operator: a certificate for handshakes there (MEF-HS-2), and nothing else. Where the MEF
 * listens stands in maf.conf. */
static om_rc check_for_mef(const struct configuration *cfg, const json_t *certificates, struct om_error *err)
{
    if (certificates == NULL || cfg->choice != CONFIGURATION_USE_CERTIFICATE)
        return om_fail(err, OM_EINPUT, "a bundle for a MEF brings a certificate; this one has none");
    if (cfg->labels != NULL)
        return om_fail(err, OM_EINPUT, "lbl: labels are for registrations at a MAF");
    return configuration_check_time(cfg, err);
}

static om_rc take_for_mef(struct openmaf *maf, const json_t *bundle, struct om_error *err)
{
    struct configuration cfg;
    const json_t *certificates = json_object_get(bundle, BUNDLE_CERTS);
    om_rc rc = configuration_parse(json_object_get(bundle, BUNDLE_CFG), maf->home.mef.fqdn, &cfg, err);
    if (rc != OM_OK)
        return om_context(err, rc, BUNDLE_CFG);
    rc = check_for_mef(&cfg, certificates, err);
    if (rc == OM_OK)
        rc = take_certificates(maf, &cfg, certificates, maf->home.mef.fqdn, err);
    if (rc == OM_OK)
        rc = certificate_remove_expired(maf, cfg.credential, err);
    configuration_free(&cfg);
    return rc;
}

static bool is_for_mef(const struct openmaf *maf, const json_t *bundle)
{
    const char *fqdn = json_string_value(json_object_get(json_object_get(bundle, BUNDLE_CFG), "fqdn"));
    return fqdn != NULL && maf->home.mef.fqdn[0] != '\0' && strcmp(fqdn, maf->home.mef.fqdn) == 0;
}

static om_rc take(struct openmaf *maf, const json_t *bundle, struct om_error *err)
{
    struct configuration cfg;
    OM_TRY(check_members(bundle, err));
    if (is_for_mef(maf, bundle))
        return take_for_mef(maf, bundle, err);
    om_rc rc = configuration_parse(json_object_get(bundle, BUNDLE_CFG), maf->home.maf.fqdn, &cfg, err);
    if (rc != OM_OK)
        return om_context(err, rc, BUNDLE_CFG);
    const json_t *certificates = json_object_get(bundle, BUNDLE_CERTS);
    if (certificates != NULL && (rc = take_certificates(maf, &cfg, certificates, "", err)) != OM_OK)
        (void)om_context(err, rc, BUNDLE_CERTS);
    if (rc == OM_OK)
        rc = check_credential(maf, &cfg, err);
    if (rc == OM_OK)
        rc = configuration_write(maf, &cfg, err);
    if (rc == OM_OK && certificates != NULL)
        rc = certificate_remove_expired(maf, cfg.credential, err);
    configuration_free(&cfg);
    return rc;
}

static om_rc import_bundle(struct openmaf *maf, const char *path, struct om_error *err)
{
    struct om_secret text = OM_SECRET_INIT;
    json_t *bundle = NULL;
    if (path == NULL)
        return om_fail(err, OM_EINPUT, "no file given");
    OM_TRY(om_file_read(path, BUNDLE_MAX, &text, err));
    om_rc rc = m2m_json_parse(text.octets, text.len, &bundle, err);
    if (rc == OM_OK)
        rc = take(maf, bundle, err);
    json_decref(bundle);
    om_secret_free(&text);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "%s", path);
}

int openmaf_bundle_import(struct openmaf *maf, const char *path, struct openmaf_error *error)
{
    struct om_error err = {0};
    om_rc rc = client_begin_locked(maf, &err);
    if (rc == OM_OK)
        rc = import_bundle(maf, path, &err);
    return client_end(maf, rc, &err, error);
}
