/* Client bundles (docs/formats.md): one file with what an administrator has for this client — a registration
 * configuration, and the certificate that was issued for one of its requests. */
#include "client/certificate.h"
#include "client/configuration.h"
#include "client/credential.h"
#include "onem2m/primitive.h"
#include "pki/leaf.h"
#include "util/file.h"
#include "util/text.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define BUNDLE_MAX     65536 /* octets of the file */
#define BUNDLE_VERSION "openmaf-bundle"
#define BUNDLE_CFG     "clientRegCfg"
#define BUNDLE_CERTS   "certificates"
#define CERT_MAX       4096

/* --- the certificate --- */

static om_rc check_certificate(X509 *cert, const struct pki_name *name, struct om_error *err)
{
    enum pki_fault fault = PKI_GOOD;
    OM_TRY(pki_leaf_check(cert, &fault, err));
    if ((X509_get_extension_flags(cert) & EXFLAG_XKUSAGE) != 0 &&
        (X509_get_extended_key_usage(cert) & XKU_SSL_CLIENT) == 0)
        return om_fail(err, OM_EDENIED, "its extended key usage does not allow it for TLS clients");
    GENERAL_NAMES *san = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    ERR_clear_error();
    om_rc rc = pki_name_check_san(name, san, err);
    GENERAL_NAMES_free(san);
    return rc;
}

static om_rc seconds_of(const ASN1_TIME *time, int64_t *out, struct om_error *err)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(time, &tm) != 1)
        return om_fail(err, OM_EDENIED, "its validity is malformed");
    *out = (int64_t)timegm(&tm);
    return OM_OK;
}

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

/* The record whose key the certificate is for. */
struct owner {
    struct openmaf *maf;
    const char *id;
    X509 *cert;
    struct certificate found;
};

static bool owns(void *arg, struct certificate *c)
{
    struct owner *o = arg;
    struct se_signer *signer = NULL;
    if (strcmp(c->id, o->id) != 0 || certificate_signer(o->maf, c, &signer, NULL) != OM_OK)
        return true;
    const ASN1_BIT_STRING *point = X509_get0_pubkey_bitstr(o->cert);
    bool same = ASN1_STRING_length(point) == SE_POINT_SIZE &&
                memcmp(ASN1_STRING_get0_data(point), se_signer_point(signer), SE_POINT_SIZE) == 0;
    se_signer_unref(signer);
    if (!same)
        return true;
    o->found = *c;
    memset(c, 0, sizeof *c);
    return false;
}

static om_rc fill(struct openmaf *maf, const struct configuration *cfg, STACK_OF(X509) * chain,
                  struct certificate *c, struct om_error *err)
{
    X509 *cert = sk_X509_value(chain, 0);
    OM_TRY(seconds_of(X509_get0_notBefore(cert), &c->from, err));
    OM_TRY(seconds_of(X509_get0_notAfter(cert), &c->until, err));
    if (c->until <= client_now())
        return om_fail(err, OM_EDENIED, "it has expired already");
    OM_TRY(credential_next_order(maf, &c->order, err));
    c->imported = client_now();
    sk_X509_pop_free(c->chain, X509_free);
    c->chain = X509_chain_up_ref(chain);
    free(c->anchors);
    c->anchors = strdup(cfg->ca_certs);
    if (c->chain == NULL || c->anchors == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a certificate");
    return OM_OK;
}

static om_rc take_chain(struct openmaf *maf, const struct configuration *cfg, STACK_OF(X509) * chain,
                        struct om_error *err)
{
    struct pki_name name;
    struct owner o = {.maf = maf, .id = cfg->credential, .cert = sk_X509_value(chain, 0)};
    OM_TRY(pki_name_from_credential_id(&name, cfg->credential, err));
    if (name.flavour == PKI_AE && strcmp(name.text, maf->home.id) != 0)
        return om_fail(err, OM_EINPUT, "it is for %.200s; this home is %.200s", name.text, maf->home.id);
    OM_TRY(check_certificate(o.cert, &name, err));
    OM_TRY(certificate_each(maf, owns, &o, err));
    if (o.found.key[0] == '\0')
        return om_fail(err, OM_EDENIED,
                       "it is for no key of this home: 'maf csr' makes the request that it must answer");
    om_rc rc = fill(maf, cfg, chain, &o.found, err);
    if (rc == OM_OK)
        rc = certificate_write(maf, &o.found, err);
    certificate_free(&o.found);
    return rc;
}

static om_rc take_certificates(struct openmaf *maf, const struct configuration *cfg, const json_t *array,
                               struct om_error *err)
{
    STACK_OF(X509) *chain = NULL;
    if (cfg->choice != CONFIGURATION_USE_CERTIFICATE)
        return om_fail(err, OM_EINPUT, "certificates without certAuth in the configuration");
    om_rc rc = read_certificates(array, &chain, err);
    if (rc == OM_OK)
        rc = take_chain(maf, cfg, chain, err);
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

/* After a renewal: certificates of this Credential-ID that have expired, and their keys, are of no use. */
static om_rc remove_expired(struct openmaf *maf, const char *id, struct om_error *err)
{
    om_rc rc = certificate_remove_all(maf, id, client_now(), err);
    return rc == OM_ENOTFOUND ? OM_OK : rc;
}

static om_rc take(struct openmaf *maf, const json_t *bundle, struct om_error *err)
{
    struct configuration cfg;
    OM_TRY(check_members(bundle, err));
    om_rc rc = configuration_parse(json_object_get(bundle, BUNDLE_CFG), maf->home.maf.fqdn, &cfg, err);
    if (rc != OM_OK)
        return om_context(err, rc, BUNDLE_CFG);
    const json_t *certificates = json_object_get(bundle, BUNDLE_CERTS);
    if (certificates != NULL && (rc = take_certificates(maf, &cfg, certificates, err)) != OM_OK)
        (void)om_context(err, rc, BUNDLE_CERTS);
    if (rc == OM_OK)
        rc = check_credential(maf, &cfg, err);
    if (rc == OM_OK)
        rc = configuration_write(maf, &cfg, err);
    if (rc == OM_OK && certificates != NULL)
        rc = remove_expired(maf, cfg.credential, err);
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
