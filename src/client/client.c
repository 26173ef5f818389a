/* The client object: opening, closing, the frame of every public function, the token's status. */
#include "client/client.h"
#include "onem2m/types.h"
#include "util/log.h"
#include "util/text.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

_Static_assert((int)OPENMAF_EINPUT == (int)OM_EINPUT && (int)OPENMAF_EDENIED == (int)OM_EDENIED &&
                   (int)OPENMAF_ENOTFOUND == (int)OM_ENOTFOUND &&
                   (int)OPENMAF_ECONFLICT == (int)OM_ECONFLICT &&
                   (int)OPENMAF_EUNSUPPORTED == (int)OM_EUNSUPPORTED &&
                   (int)OPENMAF_ETEMPORARY == (int)OM_ETRANSIENT && (int)OPENMAF_ECONFIG == (int)OM_ECONFIG &&
                   (int)OPENMAF_EINTEGRITY == (int)OM_EINTEGRITY && (int)OPENMAF_ENOMEM == (int)OM_ENOMEM &&
                   (int)OPENMAF_EINTERNAL == (int)OM_EINTERNAL,
               "public codes have the values of om_rc");

const char *openmaf_version(void)
{
    return OPENMAF_VERSION;
}

int64_t client_now(void)
{
    return (int64_t)time(NULL);
}

om_rc client_begin(struct openmaf *maf, struct om_error *err)
{
    if (maf == NULL)
        return om_fail(err, OM_EINPUT, "no client given");
    maf->rsc = 0;
    return OM_OK;
}

om_rc client_begin_locked(struct openmaf *maf, struct om_error *err)
{
    OM_TRY(client_begin(maf, err));
    return home_lock(&maf->home, maf->home.timeout, &maf->lock, err);
}

int client_result(om_rc rc, int rsc, const struct om_error *err, struct openmaf_error *out)
{
    if (out != NULL) {
        out->code = (int)rc;
        out->rsc = rsc;
        (void)snprintf(out->text, sizeof out->text, "%s", rc == OM_OK ? "" : om_error_text(err, rc));
    }
    return (int)rc;
}

int client_end(struct openmaf *maf, om_rc rc, const struct om_error *err, struct openmaf_error *out)
{
    if (maf == NULL)
        return client_result(rc, 0, err, out);
    home_unlock(maf->lock);
    maf->lock = -1;
    return client_result(rc, maf->rsc, err, out);
}

om_rc client_check_size(size_t size, size_t expected, const char *what, struct om_error *err)
{
    if (size != expected)
        return om_fail(err, OM_EINPUT, "%s.size is %zu; this library expects %zu", what, size, expected);
    return OM_OK;
}

om_rc client_server(const struct openmaf *maf, enum openmaf_server which, const struct home_server **out,
                    struct om_error *err)
{
    if (which != OPENMAF_MAF && which != OPENMAF_MEF)
        return om_fail(err, OM_EINPUT, "there is no server %d", (int)which);
    *out = which == OPENMAF_MEF ? &maf->home.mef : &maf->home.maf;
    return (*out)->fqdn[0] != '\0' ? OM_OK
                                   : om_fail(err, OM_ECONFIG, "%s has no MEF: section [mef] of %s names it",
                                             maf->home.dir, HOME_CONFIG_FILE);
}

om_rc client_list(struct m2m_list *out, const char *const *texts, size_t n, struct om_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (texts == NULL || texts[i] == NULL)
            return om_fail(err, OM_EINPUT, "text %zu of a list is missing", i);
        OM_TRY(m2m_list_add(out, texts[i], err));
    }
    return OM_OK;
}

/* A library writes nothing to its process's stderr: whatever matters is in struct openmaf_error. */
static void silence(void)
{
    om_log_set_level((enum om_log_level)0);
}

static om_rc open_token(const struct home *home, struct se **out, struct om_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, silence);
    const char *pin_source = home->pin_source[0] != '\0' ? home->pin_source : NULL;
    const char *plugin_dir = home->plugin_dir[0] != '\0' ? home->plugin_dir : NULL;
    return se_open(home->token_uri, pin_source, plugin_dir, out, err);
}

static om_rc make_home(const char *dir, const struct openmaf_home *given, struct om_error *err)
{
    if (dir == NULL || given == NULL)
        return om_fail(err, OM_EINPUT, "no directory or no values given");
    OM_TRY(client_check_size(given->size, sizeof *given, "openmaf_home", err));
    const struct home_values values = {.id = given->id,
                                       .fqdn = given->maf_fqdn,
                                       .https = given->https,
                                       .wss = given->wss,
                                       .coaps = given->coaps,
                                       .coaps_tcp = given->coaps_tcp,
                                       .format = given->format,
                                       .token_uri = given->token_uri,
                                       .pin_source = given->pin_source,
                                       .custody = given->custody,
                                       .plugin_dir = given->plugin_dir,
                                       .tls_max = given->tls_max,
                                       .mef_fqdn = given->mef_fqdn,
                                       .mef_https = given->mef_https,
                                       .mef_wss = given->mef_wss,
                                       .mef_coaps = given->mef_coaps,
                                       .mef_coaps_tcp = given->mef_coaps_tcp,
                                       .enrolment_expiry = given->enrolment_expiry};
    struct home home;
    OM_TRY(home_from_values(dir, &values, &home, err));
    OM_TRY(home_make_dirs(dir, err));
    struct se *se = NULL;
    OM_TRY(open_token(&home, &se, err));
    om_rc rc = se_provision(se, err);
    se_close(se);
    return rc == OM_OK ? home_write_config(&home, err) : rc;
}

int openmaf_home_init(const char *dir, const struct openmaf_home *home, struct openmaf_error *error)
{
    struct om_error err = {0};
    om_rc rc = make_home(dir, home, &err);
    return client_result(rc, 0, &err, error);
}

static om_rc open_client(struct openmaf *maf, const char *dir, struct om_error *err)
{
    OM_TRY(home_load(dir, &maf->home, err));
    OM_TRY(open_token(&maf->home, &maf->se, err));
    struct se_description about;
    OM_TRY(se_describe(maf->se, &about, err));
    if (!about.provisioned)
        return om_fail(err, OM_ECONFIG,
                       "the token of %s has no root keys: wrong token, or wiped since 'maf init'", dir);
    maf->libctx = OSSL_LIB_CTX_new();
    if (maf->libctx == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for an OpenSSL library context");
    return omtls_provider_load(maf->libctx, err);
}

int openmaf_open(const char *dir, struct openmaf **out, struct openmaf_error *error)
{
    struct om_error err = {0};
    if (dir == NULL || out == NULL)
        return client_result(om_fail(&err, OM_EINPUT, "no directory or no place for the result"), 0, &err,
                             error);
    struct openmaf *maf = calloc(1, sizeof *maf);
    if (maf == NULL)
        return client_result(OM_ENOMEM, 0, &err, error);
    maf->lock = -1;
    maf->commands_lock = -1;
    om_rc rc = open_client(maf, dir, &err);
    if (rc != OM_OK)
        openmaf_close(maf);
    else
        *out = maf;
    return client_result(rc, 0, &err, error);
}

void openmaf_close(struct openmaf *maf)
{
    if (maf == NULL)
        return;
    se_close(maf->se);
    omtls_libctx_free(maf->libctx);
    home_unlock(maf->lock);
    free(maf);
}

const char *openmaf_id(const struct openmaf *maf)
{
    return maf->home.id;
}

const char *openmaf_fqdn(const struct openmaf *maf)
{
    return maf->home.maf.fqdn;
}

const char *openmaf_mef_fqdn(const struct openmaf *maf)
{
    return maf->home.mef.fqdn[0] != '\0' ? maf->home.mef.fqdn : NULL;
}

static om_rc status(struct openmaf *maf, struct openmaf_token *out, struct om_error *err)
{
    struct se_description about;
    uint8_t root[8];
    OM_TRY(se_health(maf->se, err));
    OM_TRY(se_describe(maf->se, &about, err));
    OM_TRY(se_root_id(maf->se, root, err));
    *out = (struct openmaf_token){.derives_inside = about.grade == SE_GRADE_DERIVE,
                                  .test_only = about.test_only};
    om_hex_lower(out->root_id, root, sizeof root);
    OM_TRY(om_copy_text(out->plugin, sizeof out->plugin, about.plugin, err));
    OM_TRY(om_copy_text(out->manufacturer, sizeof out->manufacturer, about.manufacturer, err));
    OM_TRY(om_copy_text(out->model, sizeof out->model, about.model, err));
    OM_TRY(om_copy_text(out->serial, sizeof out->serial, about.serial, err));
    OM_TRY(om_copy_text(out->label, sizeof out->label, about.label, err));
    OM_TRY(om_copy_text(out->firmware, sizeof out->firmware, about.firmware, err));
    OM_TRY(om_copy_text(out->module, sizeof out->module, about.module, err));
    OM_TRY(om_copy_text(out->quirks, sizeof out->quirks, about.quirks, err));
    OM_TRY(om_copy_text(out->algorithms, sizeof out->algorithms, about.algorithms, err));
    return om_copy_text(out->state, sizeof out->state, about.state, err);
}

int openmaf_token_status(struct openmaf *maf, struct openmaf_token *out, struct openmaf_error *error)
{
    struct om_error err = {0};
    om_rc rc = client_begin(maf, &err);
    if (rc == OM_OK)
        rc = status(maf, out, &err);
    return client_end(maf, rc, &err, error);
}
