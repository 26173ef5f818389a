/* maf.conf: parsing and writing: see home.h. */
#include "client/home_keys.h"
#include "client/transport.h"
#include "util/file.h"
#include "util/text.h"

#include <ini.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_MAX       65536                 /* octets of the file */
#define ENROLMENT_EXPIRY (INT64_C(30) * 86400) /* as that of mefadm */
#define LINE_SIZE        4096                  /* octets of a line: room for the longest value */

static om_rc defaults(struct home *h, const char *dir, struct om_error *err)
{
    *h = (struct home){.connect_timeout = 10,
                       .timeout = 30,
                       .require_extended_master_secret = true,
                       .saef_require_ems = true,
                       .enrolment_expiry = ENROLMENT_EXPIRY,
                       .maf.role = &server_role_maf,
                       .mef.role = &server_role_mef};
    h->custody = OMTLS_CUSTODY_SESSION;
    h->format = &formats[M2M_FORMAT_JSON];
    return om_copy_text(h->dir, sizeof h->dir, dir, err);
}

om_rc home_from_values(const char *dir, const struct home_values *v, struct home *out, struct om_error *err)
{
    const char *const given[K_COUNT] = {
        [K_ID] = v->id,
        [K_FQDN] = v->fqdn,
        [K_HTTPS] = v->https,
        [K_WSS] = v->wss,
        [K_COAPS] = v->coaps,
        [K_COAPS_TCP] = v->coaps_tcp,
        [K_FORMAT] = v->format,
        [K_URI] = v->token_uri,
        [K_PIN] = v->pin_source,
        [K_CUSTODY] = v->custody,
        [K_TLS_MAX] = v->tls_max,
        [K_PLUGINS] = v->plugin_dir,
        [K_MEF_FQDN] = v->mef_fqdn,
        [K_MEF_HTTPS] = v->mef_https,
        [K_MEF_WSS] = v->mef_wss,
        [K_MEF_COAPS] = v->mef_coaps,
        [K_MEF_COAPS_TCP] = v->mef_coaps_tcp,
        [K_MEF_EXPIRY] = v->enrolment_expiry,
    };
    OM_TRY(defaults(out, dir, err));
    if (v->enrolment_expiry != NULL && v->mef_fqdn == NULL)
        return om_fail(err, OM_EINPUT, "enrolment-expiry is for a home with a MEF, and none is given");
    for (size_t k = 0; k < K_COUNT; k++) {
        if (given[k] != NULL)
            OM_TRY(home_key_set(out, k, given[k], err));
        else if (home_keys[k].needed)
            return om_fail(err, OM_EINPUT, "%s is missing", home_keys[k].name);
    }
    return home_servers_finish(out, err);
}

/* State of one parse. */
struct parse {
    struct home *home;
    bool seen[K_COUNT];
    om_rc rc; /* the first failure */
    struct om_error err;
};

static int on_pair(void *arg, const char *section, const char *name, const char *value)
{
    struct parse *p = arg;
    if (p->rc != OM_OK)
        return 0;
    size_t k = 0;
    while (k < K_COUNT &&
           (strcmp(section, home_keys[k].section) != 0 || strcmp(name, home_keys[k].name) != 0))
        k++;
    if (k == K_COUNT)
        p->rc = om_fail(&p->err, OM_ECONFIG, "unknown key '%.40s' in section [%.40s]", name, section);
    else if (p->seen[k])
        p->rc = om_fail(&p->err, OM_ECONFIG, "'%s' is given twice, or continued on a second line", name);
    else
        p->rc = home_key_set(p->home, k, value, &p->err);
    if (k < K_COUNT)
        p->seen[k] = true;
    return p->rc == OM_OK;
}

/* inih's limits are variables of its own; libmaf links its own copy, so no other user of inih sees this. */
static void inih_limits(void)
{
    ini_use_stack = false;
    ini_max_line = LINE_SIZE;
    ini_initial_alloc = LINE_SIZE;
    ini_allow_multiline = false;
}

/* inih cuts long lines in two and stops at a NUL: neither may happen unnoticed. */
static om_rc check_lines(const struct om_secret *text, const char *path, struct om_error *err)
{
    size_t line = 1;
    size_t length = 0;
    for (size_t i = 0; i < text->len; i++) {
        length++;
        if (text->octets[i] == '\n') {
            line++;
            length = 0;
        }
        if (text->octets[i] == '\0' || length > LINE_SIZE - 3)
            return om_fail(err, OM_ECONFIG, "%s line %zu: a NUL, or longer than %d characters", path, line,
                           LINE_SIZE - 3);
    }
    return OM_OK;
}

static om_rc parse_text(const char *text, const char *path, struct home *out, struct om_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, inih_limits);
    struct parse p = {.home = out, .rc = OM_OK};
    int line = ini_parse_string(text, on_pair, &p);
    if (line < 0)
        return om_fail(err, OM_ENOMEM, "no memory to read %s", path);
    if (p.rc != OM_OK)
        return om_fail(err, OM_ECONFIG, "%s line %d: %s", path, line, p.err.text);
    if (line > 0)
        return om_fail(err, OM_ECONFIG, "%s line %d: neither [section], key = value nor # comment", path,
                       line);
    for (size_t k = 0; k < K_COUNT; k++)
        if (home_keys[k].needed && !p.seen[k])
            return om_fail(err, OM_ECONFIG, "%s: section [%s] lacks '%s'", path, home_keys[k].section,
                           home_keys[k].name);
    om_rc rc = home_servers_finish(out, err);
    return rc == OM_EINPUT ? om_context(err, OM_ECONFIG, "%s", path) : rc;
}

om_rc home_load(const char *dir, struct home *out, struct om_error *err)
{
    OM_TRY(defaults(out, dir, err));
    char path[PATH_MAX];
    OM_TRY(om_path_join(path, sizeof path, dir, HOME_CONFIG_FILE, err));
    struct om_secret text = OM_SECRET_INIT;
    /* Whoever can write the file can name a module to load. */
    om_rc rc = om_file_read_trusted(path, CONFIG_MAX, &text, err);
    if (rc == OM_ENOTFOUND)
        return om_context(err, rc, "%s is not the home of a client (make one with 'maf init')", dir);
    if (rc != OM_OK)
        return rc;
    struct om_secret line = OM_SECRET_INIT; /* the same with a NUL at its end */
    rc = check_lines(&text, path, err);
    if (rc == OM_OK)
        rc = om_secret_alloc(&line, text.len + 1, err);
    if (rc == OM_OK) {
        if (text.len > 0)
            memcpy(line.octets, text.octets, text.len);
        rc = parse_text((const char *)line.octets, path, out, err);
    }
    om_secret_free(&line);
    om_secret_free(&text);
    return rc;
}

/* "key = value", or the same commented out when the value is "". */
static void put(FILE *f, size_t key, const char *value, const char *example)
{
    if (value[0] != '\0')
        (void)fprintf(f, "%s = %s\n", home_keys[key].name, value);
    else
        (void)fprintf(f, "# %s = %s\n", home_keys[key].name, example);
}

/* Name and address. */
static void put_server(FILE *f, size_t fqdn_key, const struct home_server *s)
{
    bool v6 = strchr(s->host, ':') != NULL;
    put(f, fqdn_key, s->fqdn, "");
    (void)fprintf(f, "%s%s = %s%s%s:%u\n", s->addressed ? "" : "# ", home_keys[home_binding_key(s)].name,
                  v6 ? "[" : "", s->host, v6 ? "]" : "", s->port);
}

static void print_mef(FILE *f, const struct home *h)
{
    (void)fprintf(f, "\n[mef]\n");
    put_server(f, K_MEF_FQDN, &h->mef);
    put(f, K_MEF_KMID, h->mef.kmid, "KpmID to use; default: see maf(1)");
    put(f, K_MEF_CERTIFICATE, h->mef.certificate, "a certificate to use instead, by its Credential-ID");
    (void)fprintf(f, "%s = %llds\n", home_keys[K_MEF_EXPIRY].name, (long long)h->enrolment_expiry);
    put(f, K_MEF_DEVICE, h->device_config, "/path/of/program that executes DEV_CFG commands");
}

static void print(FILE *f, const struct home *h)
{
    (void)fprintf(f, "# Home of a MAF Client; see maf(1).\n\n[client]\n");
    put(f, K_ID, h->id, "");
    put(f, K_KMID, h->maf.kmid, "credential to use when there are several; default: the newest");
    put(f, K_CERTIFICATE, h->maf.certificate, "the same for a certificate, by its Credential-ID");
    (void)fprintf(f, "\n[maf]\n");
    put_server(f, K_FQDN, &h->maf);
    put(f, K_FORMAT, h->format->name, "");
    (void)fprintf(f, "%s = %u\n", home_keys[K_CONNECT].name, h->connect_timeout);
    (void)fprintf(f, "%s = %u\n", home_keys[K_TIMEOUT].name, h->timeout);
    put(f, K_EMS, h->require_extended_master_secret ? "yes" : "no", "");
    put(f, K_TLS_MAX, h->tls13 ? "1.3" : "1.2", "");
    if (h->mef.fqdn[0] != '\0')
        print_mef(f, h);
    (void)fprintf(f, "\n[token]\n");
    put(f, K_URI, h->token_uri, "");
    put(f, K_PIN, h->pin_source, "file:/path/of/pin");
    put(f, K_PLUGINS, h->plugin_dir, "/path/of/plug-ins");
    put(f, K_CUSTODY, h->custody == OMTLS_CUSTODY_PSK ? "psk" : "session", "");
    (void)fprintf(f, "\n[saef]\n");
    put(f, K_SAEF_PSK, h->saef_first_half ? "first-half" : "whole", "");
    put(f, K_SAEF_EMS, h->saef_require_ems ? "yes" : "no", "");
    put(f, K_SAEF_TLS_MAX, h->saef_tls13 ? "1.3" : "1.2", "");
}

om_rc home_write_config(const struct home *home, struct om_error *err)
{
    char path[PATH_MAX];
    OM_TRY(om_path_join(path, sizeof path, home->dir, HOME_CONFIG_FILE, err));
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (f == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for %s", path);
    print(f, home);
    bool good = ferror(f) == 0;
    good = fclose(f) == 0 && good;
    om_rc rc =
        good ? om_file_create(path, text, n, 0600, err) : om_fail(err, OM_ENOMEM, "no memory for %s", path);
    free(text);
    return rc == OM_ECONFLICT ? om_context(err, rc, "%s is a home already", home->dir) : rc;
}
