/* mafadm: opening a MAF directory, and what all commands print alike. */
#include "cli/mafadm.h"
#include "util/file.h"
#include "util/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

om_rc adm_open(const char *dir, struct adm *adm, struct om_error *err)
{
    memset(adm, 0, sizeof *adm);
    OM_TRY(config_load(adm_program.kind, dir, &adm->cfg, err));
    const struct config *cfg = &adm->cfg;
    om_rc rc = se_open(cfg->token_uri, cfg->pin_source[0] ? cfg->pin_source : NULL,
                       cfg->plugin_dir[0] ? cfg->plugin_dir : NULL, &adm->se, err);
    if (rc != OM_OK)
        return om_context(err, rc, "token of %s", dir);
    struct store_auth auth;
    rc = store_auth_token(adm->se, &auth, err);
    if (rc == OM_OK)
        rc = store_open(cfg->database, &auth, &adm->store, err);
    if (rc != OM_OK)
        adm_close(adm);
    return rc;
}

void adm_close(struct adm *adm)
{
    store_close(adm->store);
    se_close(adm->se);
    adm->store = NULL;
    adm->se = NULL;
}

static bool printed;

bool adm_has_printed(void)
{
    return printed;
}

om_rc adm_print_json(json_t *tree, struct om_error *err)
{
    printed = true;
    if (tree == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for the output");
    int bad = json_dumpf(tree, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(tree);
    if (bad != 0 || putchar('\n') == EOF)
        return om_fail(err, OM_ETRANSIENT, "cannot write to standard output");
    return OM_OK;
}

const char *adm_time_text(int64_t t, char out[M2M_TIMESTAMP_SIZE])
{
    if (t == 0)
        return "never";
    m2m_timestamp_format(out, t);
    return out;
}

json_t *adm_time_json(int64_t t)
{
    char text[M2M_TIMESTAMP_SIZE];
    return t == 0 ? json_null() : json_string(adm_time_text(t, text));
}

json_t *adm_list_json(const struct m2m_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < list->n; i++)
        (void)json_array_append_new(array, json_string(list->items[i]));
    return array;
}

om_rc adm_parse_duration(const char *text, int64_t *seconds, struct om_error *err)
{
    static const struct {
        char unit;
        uint64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}, {'y', 31557600}};
    size_t n = strlen(text);
    for (size_t i = 0; n > 1 && n < 16 && i < sizeof units / sizeof units[0]; i++) {
        if (text[n - 1] != units[i].unit)
            continue;
        char digits[16];
        memcpy(digits, text, n - 1);
        digits[n - 1] = '\0';
        uint64_t count;
        OM_TRY(om_parse_uint(digits, 1000000000, &count, err));
        *seconds = (int64_t)(count * units[i].seconds);
        return OM_OK;
    }
    return om_fail(err, OM_EINPUT, "'%.40s' is not a duration such as 90d or 12h", text);
}

om_rc adm_parse_expiry(const char *text, int64_t *t, struct om_error *err)
{
    int64_t now = (int64_t)time(NULL);
    int64_t seconds = 0;
    if (adm_parse_duration(text, &seconds, NULL) == OM_OK) {
        *t = now + seconds;
        return OM_OK;
    }
    OM_TRY(m2m_timestamp_parse(text, t, err));
    if (*t <= now)
        return om_fail(err, OM_EINPUT, "expiry %s is past", text);
    return OM_OK;
}

om_rc adm_fqdn(const char *text, char out[M2M_FQDN_SIZE], struct om_error *err)
{
    if (m2m_fold(out, M2M_FQDN_SIZE, text, NULL) != OM_OK || !m2m_is_fqdn(out))
        return om_fail(err, OM_EINPUT, "'%.80s' is not an FQDN", text);
    return OM_OK;
}

om_rc adm_read_text(const char *path, size_t max, char **out, struct om_error *err)
{
    struct om_secret text = OM_SECRET_INIT;
    OM_TRY(om_file_read(path, max, &text, err));
    *out = text.len > 0 ? strndup((const char *)text.octets, text.len) : strdup("");
    bool whole = *out != NULL && strlen(*out) == text.len;
    om_secret_free(&text);
    if (*out == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for %s", path);
    if (!whole) {
        free(*out);
        return om_fail(err, OM_EINPUT, "%s: a NUL in it", path);
    }
    return OM_OK;
}

om_rc adm_list(const struct adm_args *args, const char *what,
               om_rc (*list)(struct store *store, struct adm_lister *l, struct om_error *err),
               struct om_error *err)
{
    struct adm adm;
    OM_TRY(adm_open(args->dir, &adm, err));
    struct adm_lister l = {.array = json_array(), .json = args->json};
    om_rc rc = list(adm.store, &l, err);
    adm_close(&adm);
    if (rc == OM_OK && args->json)
        rc = adm_print_json(json_incref(l.array), err);
    json_decref(l.array);
    OM_TRY(rc);
    return adm_bad_rows(l.bad, what, err);
}

om_rc adm_bad_rows(size_t n, const char *what, struct om_error *err)
{
    if (n == 0)
        return OM_OK;
    return om_fail(
        err, OM_EINTEGRITY,
        "%zu %s did not pass the token's authentication and are refused: somebody edited the database", n,
        what);
}
