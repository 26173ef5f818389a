/* A MAF's life: made from an open token and store, asked for health and counters, freed. */
#include "maf/certificate.h"
#include "maf/maf_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "util/log.h"

#define DEFAULT_KEY_CACHE 4096
#define DECOY_SIZE        32 /* as long as the Km that we make ourselves */
#define PURGE_ROWS        500
#define COMMAND_RETRY     3600

const struct maf_role maf_role_maf = {
    .what = "MAF",
    .base_name = WIRE_MAF_BASE_NAME,
    .ty_base = WIRE_TY_MAF_BASE,
    .ty_client_reg = WIRE_TY_MAF_CLIENT_REG,
    .credential_type = 11,
    .made_up = "km-",
    .label = OMTLS_LABEL_CONNECTION,
    .suids = {32, 35}, /* MAF-KR-5 */
    .is_client_id = m2m_is_absolute_id,
    .authenticated = maf_authenticated,
};

static int64_t system_clock(void)
{
    return (int64_t)time(NULL);
}

static om_rc copy_texts(struct maf *maf, const struct maf_options *opt, struct om_error *err)
{
    const char *const *names = opt->names;
    if (opt->device_config_uri != NULL) {
        maf->device_config_uri = strdup(opt->device_config_uri);
        if (maf->device_config_uri == NULL)
            return om_fail(err, OM_ENOMEM, "no memory for a URI");
    }
    size_t n = 0;
    while (names != NULL && names[n] != NULL)
        n++;
    if (n == 0)
        return om_fail(err, OM_ECONFIG, "a %s needs a name", maf->role->what);
    maf->names = calloc(n + 1, sizeof *maf->names);
    if (maf->names == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for names");
    for (size_t i = 0; i < n; i++) {
        if (!m2m_is_fqdn(names[i]))
            return om_fail(err, OM_ECONFIG, "%s is not a lower-case FQDN", names[i]);
        maf->names[i] = strdup(names[i]);
        if (maf->names[i] == NULL)
            return om_fail(err, OM_ENOMEM, "no memory for names");
    }
    return OM_OK;
}

/* MAF-HS-6: the key of every handshake that must fail. Fresh in each process, known to nobody. */
static om_rc make_decoy(struct maf *maf, bool tls13, struct om_error *err)
{
    struct om_secret psk = OM_SECRET_INIT;
    om_rc rc = om_secret_alloc(&psk, DECOY_SIZE, err);
    if (rc == OM_OK)
        rc = se_random(maf->se, psk.octets, psk.len, err);
    if (rc == OM_OK)
        rc = se_import_psk(maf->se, psk.octets, psk.len, &maf->decoy, err);
    if (rc == OM_OK && tls13)
        rc = se_import_psk13(maf->se, psk.octets, psk.len, &maf->decoy13, err);
    om_secret_free(&psk);
    return rc;
}

static om_rc prepare_certificates(struct maf *maf, const struct maf_options *opt, struct om_error *err)
{
    maf->certificates = calloc(1, sizeof *maf->certificates);
    if (maf->certificates == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a MAF");
    maf->certificates->every_crl = opt->require_crls;
    maf->certificates->name_constraints = opt->require_name_constraints;
    return OM_OK;
}

om_rc maf_new(struct se *se, struct store *store, const struct maf_options *opt, struct maf **out,
              struct om_error *err)
{
    *out = NULL;
    struct maf *maf = calloc(1, sizeof *maf);
    if (maf == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a MAF");
    maf->role = opt->role != NULL ? opt->role : &maf_role_maf;
    maf->se = se;
    maf->store = store;
    maf->require_target_registration = opt->require_target_registration;
    maf->keep_keys_on_deregistration = opt->keep_keys_on_deregistration;
    maf->max_provisioned_lifetime = opt->max_provisioned_lifetime;
    maf->command_retry = opt->command_retry != 0 ? opt->command_retry : COMMAND_RETRY;
    maf->now = opt->now != NULL ? opt->now : system_clock;
    maf->started = maf->now();
    om_rc rc = copy_texts(maf, opt, err);
    if (rc == OM_OK)
        rc = prepare_certificates(maf, opt, err);
    if (rc == OM_OK)
        rc = se_cache_new(se, opt->key_cache != 0 ? opt->key_cache : DEFAULT_KEY_CACHE, &maf->cache, err);
    if (rc == OM_OK)
        rc = make_decoy(maf, opt->tls13, err);
    if (rc != OM_OK) {
        maf_free(maf);
        return rc;
    }
    *out = maf;
    return OM_OK;
}

void maf_free(struct maf *maf)
{
    if (maf == NULL)
        return;
    if (maf->cache != NULL)
        se_cache_free(maf->cache);
    for (size_t i = 0; maf->names != NULL && maf->names[i] != NULL; i++)
        free(maf->names[i]);
    free(maf->names);
    free(maf->device_config_uri);
    maf_certificates_free(maf->certificates);
    free(maf);
}

bool maf_is_name(const struct maf *maf, const char *fqdn)
{
    for (size_t i = 0; maf->names[i] != NULL; i++)
        if (strcasecmp(maf->names[i], fqdn) == 0)
            return true;
    return false;
}

bool maf_again(struct maf_retry *r)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (r->attempts == 0)
        r->started = now.tv_sec;
    return r->attempts++ < MAF_ATTEMPTS && now.tv_sec - r->started <= MAF_RETRY_SECONDS;
}

om_rc maf_purge(struct maf *maf, size_t *deleted, bool *more, struct om_error *err)
{
    *deleted = 0;
    om_rc rc = store_purge(maf->store, maf->now(), PURGE_ROWS, deleted, err);
    *more = rc == OM_OK && *deleted == PURGE_ROWS;
    return rc;
}

om_rc maf_health(struct maf *maf, struct om_error *err)
{
    om_rc rc = se_health(maf->se, err);
    if (rc != OM_OK)
        return om_context(err, rc, "token");
    rc = store_health(maf->store, err);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "store");
}

void maf_stats(const struct maf *maf, struct maf_stats *out)
{
    *out = maf->stats;
    se_cache_stats(maf->cache, &out->cache);
}

const char *maf_shown(char *out, size_t cap, const char *text)
{
    (void)snprintf(out, cap, "%s", text);
    for (char *c = out; *c != '\0'; c++)
        if (*c <= 0x20 || *c > 0x7e || *c == '"' || *c == '\\')
            *c = '?';
    return out;
}

/* Whether this second has room for one more line. */
static bool take_line(struct maf_lines *l, const char *kind, int64_t now)
{
    if (now != l->second) {
        if (l->suppressed != 0)
            om_audit("lines-suppressed", "kind=%s count=%llu", kind, (unsigned long long)l->suppressed);
        *l = (struct maf_lines){.second = now};
    }
    if (l->lines == MAF_REFUSAL_LINES) {
        l->suppressed++;
        return false;
    }
    l->lines++;
    return true;
}

OM_PRINTF(2, 0)
static void say(const char *event, const char *fmt, va_list ap)
{
    char text[768];
    (void)vsnprintf(text, sizeof text, fmt, ap);
    om_audit(event, "%s", text);
}

void maf_audit_refusal(struct maf *maf, const char *event, const char *fmt, ...)
{
    if (!take_line(&maf->refusals, "refusal", maf->now()))
        return;
    va_list ap;
    va_start(ap, fmt);
    say(event, fmt, ap);
    va_end(ap);
}

void maf_audit_bad_row(struct maf *maf, const char *event, const char *fmt, ...)
{
    if (!take_line(&maf->bad_rows, "bad-row", maf->now()))
        return;
    va_list ap;
    va_start(ap, fmt);
    say(event, fmt, ap);
    va_end(ap);
}
