/* Every key of a configuration, once, with its bounds and how its value is read. */
#include "daemon/config_key.h"
#include "se/pin.h"
#include "util/file.h"
#include "util/log.h"
#include "util/text.h"

#include <arpa/inet.h>
#include <openssl/opensslv.h>
#include <string.h>

static void *member(struct config *cfg, const struct config_key *key)
{
    return (char *)cfg + key->offset;
}

static om_rc set_number(struct config *cfg, const struct config_key *key, const char *value,
                        struct om_error *err)
{
    uint64_t v;
    if (om_parse_uint(value, key->max, &v, NULL) != OM_OK || v < key->min)
        return om_fail(err, OM_ECONFIG, "'%.40s' is not a number from %u to %u", value, key->min, key->max);
    *(unsigned *)member(cfg, key) = (unsigned)v;
    return OM_OK;
}

static om_rc set_flag(struct config *cfg, const struct config_key *key, const char *value,
                      struct om_error *err)
{
    bool yes = strcmp(value, "yes") == 0;
    if (!yes && strcmp(value, "no") != 0)
        return om_fail(err, OM_ECONFIG, "'%.40s' is neither yes nor no", value);
    *(bool *)member(cfg, key) = yes;
    return OM_OK;
}

static om_rc set_text(struct config *cfg, const struct config_key *key, const char *value,
                      struct om_error *err)
{
    if (value[0] == '\0' || strlen(value) >= key->size)
        return om_fail(err, OM_ECONFIG, "1 to %zu characters are expected", key->size - 1);
    return om_copy_text(member(cfg, key), key->size, value, err);
}

/* A path; relative ones start at the configuration's directory. */
static om_rc set_path(struct config *cfg, const struct config_key *key, const char *value,
                      struct om_error *err)
{
    if (value[0] == '\0')
        return om_fail(err, OM_ECONFIG, "a path is expected");
    if (value[0] == '/')
        return set_text(cfg, key, value, err);
    char path[PATH_MAX];
    OM_TRY(om_path_join(path, sizeof path, cfg->dir, value, err));
    return set_text(cfg, key, path, err);
}

static om_rc set_token_uri(struct config *cfg, const struct config_key *key, const char *value,
                           struct om_error *err)
{
    size_t scheme = strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789");
    if (scheme == 0 || value[scheme] != ':' || value[scheme + 1] == '\0')
        return om_fail(err, OM_ECONFIG, "a URI such as pkcs11:token=maf?module-path=/... is expected");
    return set_text(cfg, key, value, err);
}

static om_rc set_pin_source(struct config *cfg, const struct config_key *key, const char *value,
                            struct om_error *err)
{
    OM_TRY(se_pin_check(value, err));
    if (strncmp(value, "file:", 5) != 0 || value[5] == '/')
        return set_text(cfg, key, value, err);
    char source[PATH_MAX + 16] = "file:";
    OM_TRY(om_path_join(source + 5, sizeof source - 5, cfg->dir, value + 5, err));
    return set_text(cfg, key, source, err);
}

static om_rc set_fqdn(struct config *cfg, const struct config_key *key, const char *value,
                      struct om_error *err)
{
    if (!m2m_is_fqdn(value))
        return om_fail(err, OM_ECONFIG,
                       "'%.80s' is not an FQDN: lower-case labels of letters, digits and '-', such as "
                       "maf.example.com",
                       value);
    return set_text(cfg, key, value, err);
}

/* Calls fn for each word of a list separated by spaces. */
static om_rc
each_word(struct config *cfg, const struct config_key *key, const char *list, struct om_error *err,
          om_rc (*fn)(struct config *, const struct config_key *, const char *, struct om_error *))
{
    char word[PATH_MAX];
    for (list += strspn(list, " \t"); *list != '\0'; list += strspn(list, " \t")) {
        size_t n = strcspn(list, " \t");
        if (n >= sizeof word)
            return om_fail(err, OM_ECONFIG, "'%.40s...' is too long", list);
        memcpy(word, list, n);
        word[n] = '\0';
        OM_TRY(fn(cfg, key, word, err));
        list += n;
    }
    return OM_OK;
}

static om_rc add_alias(struct config *cfg, const struct config_key *key, const char *name,
                       struct om_error *err)
{
    (void)key;
    if (!m2m_is_fqdn(name))
        return om_fail(err, OM_ECONFIG, "'%.80s' is not an FQDN in lower case", name);
    if (cfg->n_aliases == CONFIG_NAMES_MAX)
        return om_fail(err, OM_ECONFIG, "more than %d names", CONFIG_NAMES_MAX);
    return om_copy_text(cfg->aliases[cfg->n_aliases++], M2M_FQDN_SIZE, name, err);
}

static om_rc set_aliases(struct config *cfg, const struct config_key *key, const char *value,
                         struct om_error *err)
{
    return each_word(cfg, key, value, err, add_alias);
}

static om_rc add_crls(struct config *cfg, const struct config_key *key, const char *path,
                      struct om_error *err)
{
    struct config_crls *crls = member(cfg, key);
    if (crls->n == CONFIG_CRLS_MAX)
        return om_fail(err, OM_ECONFIG, "more than %d files", CONFIG_CRLS_MAX);
    char *to = crls->files[crls->n++];
    return path[0] == '/' ? om_copy_text(to, PATH_MAX, path, err)
                          : om_path_join(to, PATH_MAX, cfg->dir, path, err);
}

static om_rc set_crls(struct config *cfg, const struct config_key *key, const char *value,
                      struct om_error *err)
{
    return each_word(cfg, key, value, err, add_crls);
}

static enum config_binding binding_of(const struct config_key *key)
{
    enum config_binding binding = CONFIG_HTTPS;
    while (binding < CONFIG_BINDINGS - 1 && strcmp(config_section(binding), key->section) != 0)
        binding++;
    return binding;
}

/* "127.0.0.1:8443" or "[::1]:8443". */
static om_rc add_address(struct config *cfg, const struct config_key *key, const char *text,
                         struct om_error *err)
{
    enum config_binding binding = binding_of(key);
    uint8_t octets[16];
    uint64_t port = 0;
    bool v6 = text[0] == '[';
    const char *host = v6 ? text + 1 : text;
    size_t n = strcspn(host, v6 ? "]" : ":");
    const char *end = host + n + (v6 && host[n] == ']' ? 1 : 0);
    if (config_count(cfg, binding) == CONFIG_LISTEN_MAX)
        return om_fail(err, OM_ECONFIG, "more than %d addresses", CONFIG_LISTEN_MAX);
    struct config_address *a = &cfg->addresses[cfg->n_addresses];
    a->binding = binding;
    if (n >= sizeof a->host || *end != ':' || om_parse_uint(end + 1, 65535, &port, NULL) != OM_OK)
        return om_fail(err, OM_ECONFIG, "'%.80s' is not address:port, such as 127.0.0.1:8443 or [::1]:8443",
                       text);
    memcpy(a->host, host, n);
    a->host[n] = '\0';
    a->port = (uint16_t)port;
    if (inet_pton(v6 ? AF_INET6 : AF_INET, a->host, octets) != 1)
        return om_fail(err, OM_ECONFIG, "'%.80s' is not a numeric address; names are not looked up", a->host);
    cfg->n_addresses++;
    return OM_OK;
}

static om_rc set_listen(struct config *cfg, const struct config_key *key, const char *value,
                        struct om_error *err)
{
    OM_TRY(each_word(cfg, key, value, err, add_address));
    return config_count(cfg, binding_of(key)) > 0 ? OM_OK
                                                  : om_fail(err, OM_ECONFIG, "an address:port is expected");
}

/* A file, or `token:NAME` for a certificate that the token keeps. */
static om_rc set_chain(struct config *cfg, const struct config_key *key, const char *value,
                       struct om_error *err)
{
    if (strncmp(value, "token:", 6) != 0)
        return set_path(cfg, key, value, err);
    if (value[6] == '\0' || value[6] == '/')
        return om_fail(err, OM_ECONFIG, "token: wants the name of a certificate on the token");
    return set_text(cfg, key, value + 6, err);
}

static om_rc set_raw_public_keys(struct config *cfg, const struct config_key *key, const char *value,
                                 struct om_error *err)
{
    OM_TRY(set_flag(cfg, key, value, err));
    if (cfg->raw_public_keys && OPENSSL_VERSION_NUMBER < OMTLS_RAW_KEYS_VERSION)
        return om_fail(err, OM_ECONFIG, "raw public keys (RFC 7250) need OpenSSL 3.2; this is built with %s",
                       OPENSSL_VERSION_STR);
    return OM_OK;
}

static om_rc set_custody(struct config *cfg, const struct config_key *key, const char *value,
                         struct om_error *err)
{
    (void)key;
    if (strcmp(value, "session") == 0)
        cfg->custody = OMTLS_CUSTODY_SESSION;
    else if (strcmp(value, "psk") == 0)
        cfg->custody = OMTLS_CUSTODY_PSK;
    else
        return om_fail(err, OM_ECONFIG, "'%.40s' is neither session nor psk", value);
    return OM_OK;
}

static om_rc set_tls_max(struct config *cfg, const struct config_key *key, const char *value,
                         struct om_error *err)
{
    (void)key;
    cfg->tls13 = strcmp(value, "1.3") == 0;
    if (!cfg->tls13 && strcmp(value, "1.2") != 0)
        return om_fail(err, OM_ECONFIG, "'%.40s' is neither 1.2 nor 1.3", value);
    return OM_OK;
}

static om_rc set_log_level(struct config *cfg, const struct config_key *key, const char *value,
                           struct om_error *err)
{
    static const struct {
        const char *name;
        enum om_log_level level;
    } levels[] = {{"error", OM_LOG_ERROR},
                  {"warning", OM_LOG_WARNING},
                  {"notice", OM_LOG_NOTICE},
                  {"info", OM_LOG_INFO},
                  {"debug", OM_LOG_DEBUG}};
    (void)key;
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strcmp(levels[i].name, value) == 0) {
            cfg->log_level = (int)levels[i].level;
            return OM_OK;
        }
    }
    return om_fail(err, OM_ECONFIG, "'%.40s' is none of error, warning, notice, info, debug", value);
}

#define MEMBER(m) offsetof(struct config, m), sizeof(((struct config *)0)->m)
#define TEXT(s, n, fn, m, must)                                                                              \
    {                                                                                                        \
        s, n, fn, MEMBER(m), 0, 0, must                                                                      \
    }
#define NUMBER(s, n, m, min, max)                                                                            \
    {                                                                                                        \
        s, n, set_number, MEMBER(m), min, max, false                                                         \
    }

/* clang-format off */
const struct config_key config_keys[] = {
    TEXT("own", "fqdn", set_fqdn, fqdn, true),
    TEXT("own", "aliases", set_aliases, aliases, false),
    TEXT("own", "database", set_path, database, false),
    TEXT("own", "custody", set_custody, custody, false),
    TEXT("own", "tls-max", set_tls_max, tls13, false),
    TEXT("own", "require-target-registration", set_flag, require_target_registration, false),
    TEXT("own", "keep-keys-on-deregistration", set_flag, keep_keys_on_deregistration, false),
    TEXT("own", "require-extended-master-secret", set_flag, require_extended_master_secret, false),
    TEXT("maf", "mef-crls", set_crls, mef_crls, false),
    NUMBER("maf", "max-provisioned-lifetime", max_provisioned_lifetime, 1, 3153600000),
    NUMBER("maf", "unknown-keids", unknown_keids, 1, 100000),
    NUMBER("maf", "unknown-keids-per-address", unknown_keids_per_address, 1, 100000),
    NUMBER("mef", "command-retry", command_retry, 1, 1000000000),
    TEXT("mef", "device-config-uri", set_text, device_config_uri, false),
    TEXT("est", "enabled", set_flag, est, false),
    TEXT("est", "require-challenge-password", set_flag, est_challenge, false),
    TEXT("token", "uri", set_token_uri, token_uri, true),
    TEXT("token", "pin-source", set_pin_source, pin_source, false),
    TEXT("token", "plugin-dir", set_path, plugin_dir, false),
    NUMBER("token", "key-cache", key_cache, 1, 1000000),
    TEXT("certificate", "key", set_text, certificates[0].key, false),
    TEXT("certificate", "chain", set_chain, certificates[0].chain, false),
    NUMBER("certificate", "warn-days", certificate_warn_days, 1, 3650),
    TEXT("certificate2", "key", set_text, certificates[1].key, false),
    TEXT("certificate2", "chain", set_chain, certificates[1].chain, false),
    TEXT("certificate3", "key", set_text, certificates[2].key, false),
    TEXT("certificate3", "chain", set_chain, certificates[2].chain, false),
    TEXT("certificate4", "key", set_text, certificates[3].key, false),
    TEXT("certificate4", "chain", set_chain, certificates[3].chain, false),
    TEXT("clients", "crls", set_crls, crls, false),
    TEXT("clients", "require-crls", set_flag, require_crls, false),
    TEXT("clients", "require-name-constraints", set_flag, require_name_constraints, false),
    TEXT("clients", "raw-public-keys", set_raw_public_keys, raw_public_keys, false),
    TEXT("https", "listen", set_listen, addresses, false),
    NUMBER("https", "max-connections", https_max_connections, 1, 60000),
    NUMBER("https", "max-connections-per-address", https_max_connections_per_address, 1, 60000),
    NUMBER("https", "max-header", https_max_header, 1024, 131072),
    NUMBER("https", "max-body", https_max_body, 1024, 131072),
    NUMBER("https", "handshake-timeout", https_handshake_timeout, 1, 600),
    NUMBER("https", "request-timeout", https_request_timeout, 1, 600),
    NUMBER("https", "idle-timeout", https_idle_timeout, 1, 3600),
    TEXT("coaps", "listen", set_listen, addresses, false),
    NUMBER("coaps", "max-sessions", coaps.max_sessions, 1, 60000),
    NUMBER("coaps", "max-sessions-per-address", coaps.max_sessions_per_address, 1, 60000),
    NUMBER("coaps", "max-body", coaps.max_body, 1024, 131072),
    NUMBER("coaps", "handshake-timeout", coaps.handshake_timeout, 1, 600),
    NUMBER("coaps", "idle-timeout", coaps.idle_timeout, 1, 86400),
    TEXT("coaps+tcp", "listen", set_listen, addresses, false),
    NUMBER("coaps+tcp", "max-sessions", coaps_tcp.max_sessions, 1, 60000),
    NUMBER("coaps+tcp", "max-sessions-per-address", coaps_tcp.max_sessions_per_address, 1, 60000),
    NUMBER("coaps+tcp", "max-body", coaps_tcp.max_body, 1024, 131072),
    NUMBER("coaps+tcp", "handshake-timeout", coaps_tcp.handshake_timeout, 1, 600),
    NUMBER("coaps+tcp", "request-timeout", coaps_tcp.request_timeout, 1, 600),
    NUMBER("coaps+tcp", "idle-timeout", coaps_tcp.idle_timeout, 1, 86400),
    NUMBER("daemon", "workers", workers, 1, 256),
    TEXT("daemon", "log-level", set_log_level, log_level, false),
    NUMBER("daemon", "start-timeout", start_timeout, 1, 3600),
    NUMBER("daemon", "drain-timeout", drain_timeout, 1, 600),
    TEXT("daemon", "sandbox", set_flag, sandbox, false),
    {NULL, NULL, NULL, 0, 0, 0, 0, false},
};
/* clang-format on */
