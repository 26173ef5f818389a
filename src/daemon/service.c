/* Token, store, procedures and TLS of one process: see service.h. */
#include "daemon/service.h"
#include "daemon/program.h"
#include "util/log.h"

#include <string.h>
#include <time.h>

static om_rc open_token(const struct config *cfg, struct service *s, struct om_error *err)
{
    struct se_description d;
    se_promise_one_thread(); /* a worker has no other */
    OM_TRY(se_open(cfg->token_uri, cfg->pin_source[0] != '\0' ? cfg->pin_source : NULL,
                   cfg->plugin_dir[0] != '\0' ? cfg->plugin_dir : NULL, &s->se, err));
    OM_TRY(se_describe(s->se, &d, err));
    if (!d.provisioned)
        return om_fail(err, OM_ECONFIG, "the root keys are missing; `%s init` makes them", cfg->kind->admin);
    if (d.test_only)
        om_log(OM_LOG_WARNING, "token %s does not enforce what protects keys: fit for tests only", d.label);
    om_log(OM_LOG_DEBUG, "token %s (%s, %s) grade %s", d.label, d.manufacturer, d.module,
           d.grade == SE_GRADE_DERIVE ? "derive" : "hmac");
    return OM_OK;
}

static om_rc open_store(const struct config *cfg, struct service *s, struct om_error *err)
{
    struct store_auth auth;
    OM_TRY(store_auth_token(s->se, &auth, err));
    return store_open(cfg->database, &auth, &s->store, err);
}

static om_rc open_maf(const struct config *cfg, struct service *s, struct om_error *err)
{
    struct maf_options opt = {
        .role = daemon_program.role,
        .names = s->names,
        .key_cache = cfg->key_cache,
        .require_target_registration = cfg->require_target_registration,
        .keep_keys_on_deregistration = cfg->keep_keys_on_deregistration,
        .tls13 = cfg->tls13,
        .max_provisioned_lifetime = cfg->max_provisioned_lifetime,
        .command_retry = cfg->command_retry,
        .device_config_uri = cfg->device_config_uri[0] != '\0' ? cfg->device_config_uri : NULL,
        .require_crls = cfg->require_crls,
        .require_name_constraints = cfg->require_name_constraints,
    };
    OM_TRY(maf_new(s->se, s->store, &opt, &s->maf, err));
    return maf_health(s->maf, err);
}

static om_rc take_client_crls(struct service *s, struct om_error *err)
{
    bool changed = false;
    STACK_OF(X509_CRL) *crls = NULL;
    OM_TRY(crl_files_read(&s->client_crl_files, &changed, &crls, err));
    if (changed)
        maf_set_crls(s->maf, crls);
    return OM_OK;
}

static om_rc take_mef_crls(struct service *s, struct om_error *err)
{
    bool changed = false;
    STACK_OF(X509_CRL) *crls = NULL;
    OM_TRY(crl_files_read(&s->mef_crl_files, &changed, &crls, err));
    if (!changed)
        return OM_OK;
    sk_X509_CRL_pop_free(s->mef_crls, X509_CRL_free);
    s->mef_crls = crls;
    return OM_OK;
}

static om_rc open_certificates(const struct config *cfg, struct service *s, struct om_error *err)
{
    OM_TRY(certificates_open(cfg, s->se, s->names, &s->certificates, err));
    s->client_crl_files = (struct crl_files){.of = &cfg->crls, .name = "[clients] crls"};
    s->mef_crl_files = (struct crl_files){.of = &cfg->mef_crls, .name = "[maf] mef-crls"};
    OM_TRY(take_client_crls(s, err));
    return take_mef_crls(s, err);
}

static om_rc open_tls(const struct config *cfg, struct service *s, struct om_error *err)
{
    s->libctx = OSSL_LIB_CTX_new();
    if (s->libctx == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for TLS");
    OM_TRY(omtls_provider_load(s->libctx, err));
    struct omtls_server server = {
        .libctx = s->libctx,
        .custody = cfg->custody,
        .names = s->names,
        .allow_no_ems = !cfg->require_extended_master_secret,
        .certificates = s->certificates.each,
        .n_certificates = s->certificates.n,
        .find_certificate = maf_find_certificate,
        .raw_keys = cfg->raw_public_keys,
        .find = maf_find_psk,
        .find13 = cfg->tls13 ? maf_find_psk13 : NULL,
        .peer_free = maf_peer_free,
        .authenticated = daemon_program.role->authenticated,
        .arg = s->maf,
    };
    OM_TRY(omtls_server_ctx(&server, &s->tls, err));
    server.dtls = true;
    return omtls_server_ctx(&server, &s->dtls, err);
}

static om_rc open_est(const struct config *cfg, struct service *s, struct om_error *err)
{
    struct est_options opt = {.maf = s->maf,
                              .libctx = s->libctx,
                              .certificates = s->certificates.each,
                              .n_certificates = s->certificates.n,
                              .require_challenge = cfg->est_challenge};
    if (daemon_program.est == NULL || !cfg->est)
        return OM_OK;
    if (config_count(cfg, CONFIG_HTTPS) == 0)
        return om_fail(err, OM_ECONFIG, "EST is HTTP: [https] needs an address");
    OM_TRY(daemon_program.est->open(&opt, &s->est, err));
    s->well_known = daemon_program.est->well_known(s->est);
    return OM_OK;
}

om_rc service_open(const struct config *cfg, struct service *s, struct om_error *err)
{
    static const struct {
        om_rc (*open)(const struct config *, struct service *, struct om_error *);
        const char *section; /* of the file, to which a failure points; NULL: the daemon's own */
        const char *keys;
    } steps[] = {
        {open_token, "token", "uri, pin-source"},
        {open_store, NULL, "database"},
        {open_maf, NULL, "fqdn"},
        {open_certificates, "certificate", "key, chain"},
        {open_tls, NULL, "TLS"},
        {open_est, "est", "enabled"},
    };
    memset(s, 0, sizeof *s);
    config_names(cfg, s->names);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        om_rc rc = steps[i].open(cfg, s, err);
        if (rc == OM_OK)
            continue;
        service_close(s);
        return om_context(err, rc, "%s/%s: [%s] %s", cfg->dir, cfg->kind->file,
                          steps[i].section != NULL ? steps[i].section : cfg->kind->section, steps[i].keys);
    }
    return OM_OK;
}

void service_close(struct service *s)
{
    SSL_CTX_free(s->tls);
    SSL_CTX_free(s->dtls);
    if (s->est != NULL)
        daemon_program.est->close(s->est);
    certificates_close(&s->certificates);
    sk_X509_CRL_pop_free(s->mef_crls, X509_CRL_free);
    omtls_libctx_free(s->libctx);
    maf_free(s->maf);
    store_close(s->store);
    se_close(s->se);
    memset(s, 0, sizeof *s);
}

static void watch(struct service *s, om_rc (*take)(struct service *, struct om_error *))
{
    struct om_error err = {0};
    om_rc rc = take(s, &err);
    if (rc != OM_OK) /* those that were read before go on until they end themselves */
        om_log(OM_LOG_WARNING, "%s", om_error_text(&err, rc));
}

void service_watch(struct service *s, bool tell)
{
    if (tell)
        certificates_watch(&s->certificates, (int64_t)time(NULL));
    watch(s, take_client_crls);
    watch(s, take_mef_crls);
}
