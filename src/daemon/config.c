/* Reading a configuration: see config.h. The keys themselves are in config_keys.c. */
#include "daemon/config_key.h"
#include "util/file.h"
#include "util/log.h"
#include "util/text.h"

#include <errno.h>
#include <ini.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_FILE_MAX 65536
#define CONFIG_LINE_MAX 4096
#define CONFIG_KEYS_MAX 64

const struct config_kind config_maf = {"MAF", "mafd", "mafadm", "mafd.conf", "maf", "maf.db"};
const struct config_kind config_mef = {"MEF", "mefd", "mefadm", "mefd.conf", "mef", "mef.db"};

struct parse {
    struct config *cfg;
    struct om_error *err;
    om_rc rc;
    bool seen[CONFIG_KEYS_MAX];
};

/* The section that a key stands in. */
static const char *section_of(const struct config *cfg, const struct config_key *key)
{
    return strcmp(key->section, "own") == 0 ? cfg->kind->section : key->section;
}

/* A section of another daemon is no section of this one's. */
static bool is_known(const struct config *cfg, const struct config_key *key)
{
    const char *of = strcmp(key->section, "est") == 0 ? "mef" : key->section;
    bool of_one_daemon = strcmp(of, "maf") == 0 || strcmp(of, "mef") == 0;
    return !of_one_daemon || strcmp(cfg->kind->section, of) == 0;
}

static size_t find_key(const struct config *cfg, const char *section, const char *name)
{
    size_t i = 0;
    while (config_keys[i].section != NULL &&
           (!is_known(cfg, &config_keys[i]) || strcmp(section_of(cfg, &config_keys[i]), section) != 0 ||
            strcmp(config_keys[i].name, name) != 0))
        i++;
    return i;
}

/* inih's handler: 1 goes on, 0 ends the parse. */
static int take(void *arg, const char *section, const char *name, const char *value)
{
    struct parse *p = arg;
    size_t i = find_key(p->cfg, section, name);
    const struct config_key *key = &config_keys[i];
    if (key->section == NULL)
        p->rc = om_fail(p->err, OM_ECONFIG, "unknown key");
    else if (p->seen[i])
        p->rc = om_fail(p->err, OM_ECONFIG, "given twice");
    else
        p->rc = key->set(p->cfg, key, value, p->err);
    p->seen[i] = true;
    if (p->rc == OM_OK)
        return 1;
    (void)om_context(p->err, OM_ECONFIG, "[%s] %s", section, name);
    return 0;
}

static unsigned cores(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : (unsigned)n;
}

static om_rc set_defaults(const struct config_kind *kind, const char *dir, struct config *cfg,
                          struct om_error *err)
{
    memset(cfg, 0, sizeof *cfg);
    cfg->kind = kind;
    if (realpath(dir, cfg->dir) == NULL)
        return om_fail(err, OM_ECONFIG, "%s: %s; `%s init --dir` makes a %s directory", dir, strerror(errno),
                       kind->admin, kind->what);
    OM_TRY(om_path_join(cfg->database, sizeof cfg->database, cfg->dir, kind->database, err));
    cfg->custody = OMTLS_CUSTODY_SESSION;
    cfg->require_extended_master_secret = true;
    cfg->unknown_keids = 5;
    cfg->unknown_keids_per_address = 1;
    cfg->command_retry = 3600;
    cfg->key_cache = 4096;
    cfg->https_max_connections = 4096;
    cfg->https_max_connections_per_address = 1024;
    cfg->https_max_header = 16384;
    cfg->https_max_body = 65536;
    cfg->https_handshake_timeout = 10;
    cfg->https_request_timeout = 10;
    cfg->https_idle_timeout = 60;
    cfg->coaps = (struct config_coap){.max_sessions = 8192,
                                      .max_sessions_per_address = 1024,
                                      .max_body = 65536,
                                      .handshake_timeout = 30, /* datagrams are lost and repeated */
                                      .idle_timeout = 300};
    cfg->coaps_tcp = cfg->coaps;
    cfg->coaps_tcp.handshake_timeout = 10;
    cfg->coaps_tcp.request_timeout = 10;
    cfg->certificate_warn_days = 30;
    cfg->est_challenge = true;
    cfg->require_crls = true;
    cfg->require_name_constraints = true;
    cfg->workers = cores();
    cfg->log_level = (int)OM_LOG_INFO;
    cfg->start_timeout = 60;
    cfg->drain_timeout = 10;
    cfg->sandbox = true;
    return OM_OK;
}

/* inih reads whole lines only when its buffer may grow. */
static om_rc parse_text(const char *path, const char *text, struct parse *p)
{
    ini_use_stack = false;
    ini_allow_realloc = true;
    ini_max_line = CONFIG_LINE_MAX;
    ini_allow_multiline = false;
    ini_stop_on_first_error = true;
    int line = ini_parse_string(text, take, p);
    if (line == 0)
        return OM_OK;
    if (line < 0)
        return om_fail(p->err, OM_ENOMEM, "no memory to read %s", path);
    if (p->rc == OM_OK)
        (void)om_fail(p->err, OM_ECONFIG, "[section] or key = value is expected");
    return om_context(p->err, OM_ECONFIG, "%s:%d", path, line);
}

static om_rc check_certificates(const char *path, const struct parse *p)
{
    const struct config *cfg = p->cfg;
    const struct config_certificate *c = cfg->certificates;
    for (size_t i = 0; i < OMTLS_CERTIFICATES_MAX; i++) {
        if ((c[i].key[0] == '\0') != (c[i].chain[0] == '\0'))
            return om_fail(p->err, OM_ECONFIG, "%s: [%s] key and chain belong together", path,
                           config_certificate_section(i));
        if (c[i].key[0] != '\0' && c[0].key[0] == '\0')
            return om_fail(p->err, OM_ECONFIG, "%s: [%s] is of no use without [certificate]", path,
                           config_certificate_section(i));
    }
    if (c[0].key[0] == '\0' && (cfg->crls.n > 0 || cfg->raw_public_keys))
        return om_fail(p->err, OM_ECONFIG, "%s: [clients] is of no use without [certificate]", path);
    if (c[0].key[0] == '\0' && cfg->mef_crls.n > 0)
        return om_fail(p->err, OM_ECONFIG, "%s: [maf] mef-crls is of no use without [certificate]", path);
    return OM_OK;
}

static om_rc check_complete(const char *path, const struct parse *p)
{
    const struct config *cfg = p->cfg;
    for (size_t i = 0; config_keys[i].section != NULL; i++)
        if (config_keys[i].required && is_known(cfg, &config_keys[i]) && !p->seen[i])
            return om_fail(p->err, OM_ECONFIG, "%s: [%s] %s is missing", path,
                           section_of(cfg, &config_keys[i]), config_keys[i].name);
    if (cfg->n_addresses == 0)
        return om_fail(p->err, OM_ECONFIG,
                       "%s: no address to listen on: [https], [coaps] or [coaps+tcp] needs listen", path);
    for (size_t i = 0; i < cfg->n_aliases; i++)
        if (strcmp(cfg->aliases[i], cfg->fqdn) == 0)
            return om_fail(p->err, OM_ECONFIG, "%s: [%s] aliases: %s is the fqdn already", path,
                           cfg->kind->section, cfg->fqdn);
    return check_certificates(path, p);
}

om_rc config_load(const struct config_kind *kind, const char *dir, struct config *cfg, struct om_error *err)
{
    char path[PATH_MAX];
    struct om_secret file = OM_SECRET_INIT;
    struct om_error local;
    struct parse p = {.cfg = cfg, .err = err != NULL ? err : &local};
    OM_TRY(set_defaults(kind, dir, cfg, p.err));
    OM_TRY(om_path_join(path, sizeof path, cfg->dir, kind->file, p.err));
    /* Whoever can write the file can name a module to load. */
    om_rc rc = om_file_read_trusted(path, CONFIG_FILE_MAX, &file, p.err);
    char *text = rc == OM_OK && file.len > 0 ? strndup((const char *)file.octets, file.len) : NULL;
    if (rc == OM_OK && (text == NULL || strlen(text) != file.len))
        rc = om_fail(p.err, OM_ECONFIG, "%s: empty, or a NUL in it", path);
    if (rc == OM_OK)
        rc = parse_text(path, text, &p);
    if (rc == OM_OK)
        rc = check_complete(path, &p);
    free(text);
    om_secret_free(&file);
    if (rc == OM_ENOTFOUND || rc == OM_EINPUT)
        return om_fail(p.err, OM_ECONFIG, "%s cannot be read; `%s init --dir` makes one", path, kind->admin);
    return rc;
}

const char *config_section(enum config_binding binding)
{
    static const char *const sections[CONFIG_BINDINGS] = {"https", "coaps", "coaps+tcp"};
    return sections[binding];
}

const char *config_certificate_section(size_t i)
{
    static const char *const sections[OMTLS_CERTIFICATES_MAX] = {"certificate", "certificate2",
                                                                 "certificate3", "certificate4"};
    return sections[i];
}

size_t config_count(const struct config *cfg, enum config_binding binding)
{
    size_t n = 0;
    for (size_t i = 0; i < cfg->n_addresses; i++)
        n += cfg->addresses[i].binding == binding;
    return n;
}

void config_names(const struct config *cfg, const char *names[CONFIG_NAMES_MAX + 2])
{
    size_t n = 0;
    names[n++] = cfg->fqdn;
    for (size_t i = 0; i < cfg->n_aliases; i++)
        names[n++] = cfg->aliases[i];
    names[n] = NULL;
}
