/* mafd.conf: what is accepted, and that every defect is refused with file, line, key and what would be right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above first. */
#include <cmocka.h>

#include "daemon/config.h"
#include "util/file.h"
#include "util/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[PATH_MAX];
static char path[PATH_MAX];
static struct config cfg;
static struct om_error err;

#define MINIMAL                                                                                              \
    "[maf]\nfqdn = maf.example.com\n[token]\nuri = pkcs11:token=maf\n[https]\nlisten = 127.0.0.1:8443\n"

static om_rc load(const char *text)
{
    (void)unlink(path);
    assert_int_equal(om_file_create(path, text, strlen(text), 0600, &err), OM_OK);
    memset(&err, 0, sizeof err);
    return config_load(&config_maf, dir, &cfg, &err);
}

static void expect_loaded(const char *text)
{
    if (load(text) != OM_OK)
        fail_msg("%s", err.text);
}

/* `where` is ":line: [section] key" or what follows the file's name. */
static void expect_refused(const char *text, const char *where, const char *why)
{
    char expected[PATH_MAX + 128];
    om_rc rc = load(text);
    (void)snprintf(expected, sizeof expected, "%s%s", path, where);
    if (rc != OM_ECONFIG || strncmp(err.text, expected, strlen(expected)) != 0 ||
        strstr(err.text, why) == NULL)
        fail_msg("for\n%s\nexpected '%s: ...%s', got %s '%s'", text, expected, why, om_rc_name(rc), err.text);
}

static void defaults(void **state)
{
    (void)state;
    char expected[PATH_MAX + 8];
    expect_loaded(MINIMAL);
    assert_string_equal(cfg.fqdn, "maf.example.com");
    assert_string_equal(cfg.dir, dir);
    (void)snprintf(expected, sizeof expected, "%s/maf.db", dir);
    assert_string_equal(cfg.database, expected);
    assert_int_equal(cfg.custody, OMTLS_CUSTODY_SESSION);
    assert_false(cfg.require_target_registration);
    assert_false(cfg.keep_keys_on_deregistration);
    assert_true(cfg.require_extended_master_secret);
    assert_string_equal(cfg.pin_source, "");
    assert_string_equal(cfg.plugin_dir, "");
    assert_int_equal(cfg.key_cache, 4096);
    assert_int_equal(cfg.n_addresses, 1);
    assert_string_equal(cfg.addresses[0].host, "127.0.0.1");
    assert_int_equal(cfg.addresses[0].port, 8443);
    assert_int_equal(cfg.https_max_connections, 4096);
    assert_int_equal(cfg.https_max_connections_per_address, 1024);
    assert_int_equal(cfg.https_max_header, 16384);
    assert_int_equal(cfg.https_max_body, 65536);
    assert_int_equal(cfg.https_handshake_timeout, 10);
    assert_int_equal(cfg.https_request_timeout, 10);
    assert_int_equal(cfg.https_idle_timeout, 60);
    const struct config_coap coaps = {8192, 1024, 65536, 30, 0, 300};
    const struct config_coap coaps_tcp = {8192, 1024, 65536, 10, 10, 300};
    assert_memory_equal(&cfg.coaps, &coaps, sizeof coaps);
    assert_memory_equal(&cfg.coaps_tcp, &coaps_tcp, sizeof coaps_tcp);
    assert_string_equal(cfg.certificates[0].key, "");
    assert_int_equal(cfg.certificate_warn_days, 30);
    assert_int_equal(cfg.crls.n, 0);
    assert_true(cfg.require_crls && cfg.require_name_constraints);
    assert_false(cfg.raw_public_keys);
    assert_true(cfg.workers >= 1);
    assert_int_equal(cfg.log_level, OM_LOG_INFO);
    assert_int_equal(cfg.start_timeout, 60);
    assert_int_equal(cfg.drain_timeout, 10);
    assert_true(cfg.sandbox);
}

static void everything(void **state)
{
    (void)state;
    const char *names[CONFIG_NAMES_MAX + 2];
    char expected[PATH_MAX + 16];
    expect_loaded(
        "; a comment\n# another\n\n"
        "[maf]\nfqdn = maf.example.com\naliases = a.example.com  b.example.com\ndatabase = sub/x.db\n"
        "custody = psk\nrequire-target-registration = yes\nkeep-keys-on-deregistration = yes\n"
        "require-extended-master-secret = no\n"
        "[token]\nuri = pkcs11:token=maf;object=x?module-path=/m.so&pin-source=file:/p\n"
        "pin-source = file:pin\nplugin-dir = plugins\nkey-cache = 7\n"
        "[certificate]\nkey = maf-1\nchain = maf.pem\nwarn-days = 7\n"
        "[certificate3]\nkey = pkcs11:object=alias\nchain = token:alias\n"
        "[clients]\ncrls = /srv/crls.pem  more.pem\nrequire-crls = no\nrequire-name-constraints = no\n"
        "raw-public-keys = no\n"
        "[https]\nlisten = 127.0.0.1:0 [::1]:8443\nmax-connections = 60000\nmax-connections-per-address = "
        "5\nmax-header = 1024\n"
        "max-body = 131072\nhandshake-timeout = 1\nrequest-timeout = 2\nidle-timeout = 3\n"
        "[coaps]\nlisten = [::]:5684\nmax-sessions = 11\nmax-sessions-per-address = 12\n"
        "max-body = 1024\nhandshake-timeout = 13\nidle-timeout = 14\n"
        "[coaps+tcp]\nlisten = 127.0.0.1:5684 127.0.0.2:0\nmax-sessions = 21\n"
        "max-sessions-per-address = 22\nmax-body = 1025\nhandshake-timeout = 23\nidle-timeout = 24\n"
        "request-timeout = 25\n"
        "[daemon]\nworkers = 256\nlog-level = debug\ndrain-timeout = 600\nstart-timeout = 9\nsandbox = no\n");
    config_names(&cfg, names);
    assert_string_equal(names[0], "maf.example.com");
    assert_string_equal(names[1], "a.example.com");
    assert_string_equal(names[2], "b.example.com");
    assert_null(names[3]);
    (void)snprintf(expected, sizeof expected, "%s/sub/x.db", dir);
    assert_string_equal(cfg.database, expected);
    (void)snprintf(expected, sizeof expected, "file:%s/pin", dir);
    assert_string_equal(cfg.pin_source, expected);
    (void)snprintf(expected, sizeof expected, "%s/plugins", dir);
    assert_string_equal(cfg.plugin_dir, expected);
    assert_string_equal(cfg.token_uri, "pkcs11:token=maf;object=x?module-path=/m.so&pin-source=file:/p");
    assert_string_equal(cfg.certificates[0].key, "maf-1");
    (void)snprintf(expected, sizeof expected, "%s/maf.pem", dir);
    assert_string_equal(cfg.certificates[0].chain, expected);
    assert_int_equal(cfg.certificate_warn_days, 7);
    assert_string_equal(cfg.certificates[1].key, "");
    assert_string_equal(cfg.certificates[2].key, "pkcs11:object=alias");
    assert_string_equal(cfg.certificates[2].chain, "alias");
    assert_int_equal(cfg.crls.n, 2);
    assert_string_equal(cfg.crls.files[0], "/srv/crls.pem");
    assert_non_null(strstr(cfg.crls.files[1], "/more.pem"));
    assert_false(cfg.require_crls || cfg.require_name_constraints || cfg.raw_public_keys);
    assert_int_equal(cfg.custody, OMTLS_CUSTODY_PSK);
    assert_true(cfg.require_target_registration && cfg.keep_keys_on_deregistration);
    assert_false(cfg.require_extended_master_secret);
    assert_int_equal(cfg.n_addresses, 5);
    assert_int_equal(config_count(&cfg, CONFIG_HTTPS), 2);
    assert_int_equal(config_count(&cfg, CONFIG_COAPS), 1);
    assert_int_equal(config_count(&cfg, CONFIG_COAPS_TCP), 2);
    assert_int_equal(cfg.addresses[2].binding, CONFIG_COAPS);
    assert_string_equal(cfg.addresses[2].host, "::");
    assert_int_equal(cfg.addresses[4].binding, CONFIG_COAPS_TCP);
    const struct config_coap coaps = {11, 12, 1024, 13, 0, 14};
    const struct config_coap coaps_tcp = {21, 22, 1025, 23, 25, 24};
    assert_memory_equal(&cfg.coaps, &coaps, sizeof coaps);
    assert_memory_equal(&cfg.coaps_tcp, &coaps_tcp, sizeof coaps_tcp);
    assert_int_equal(cfg.addresses[0].port, 0);
    assert_string_equal(cfg.addresses[1].host, "::1");
    assert_int_equal(cfg.addresses[1].port, 8443);
    assert_int_equal(cfg.https_max_connections_per_address, 5);
    assert_int_equal(cfg.start_timeout, 9);
    assert_int_equal(cfg.workers, 256);
    assert_int_equal(cfg.log_level, OM_LOG_DEBUG);
    assert_false(cfg.sandbox);
}

static void missing_keys(void **state)
{
    (void)state;
    expect_refused("[maf]\nfqdn = m.example\n[token]\nuri = pkcs11:x\n", ": no address to listen on",
                   "[coaps+tcp]");
    expect_loaded("[maf]\nfqdn = m.example\n[token]\nuri = pkcs11:x\n[coaps]\nlisten = 127.0.0.1:5684\n");
    assert_int_equal(config_count(&cfg, CONFIG_HTTPS), 0);
    expect_refused("[maf]\nfqdn = m.example\n[https]\nlisten = 127.0.0.1:1\n", ": [token] uri", "missing");
    expect_refused("[token]\nuri = pkcs11:x\n[https]\nlisten = 127.0.0.1:1\n", ": [maf] fqdn", "missing");
    (void)unlink(path);
    assert_int_equal(config_load(&config_maf, dir, &cfg, &err), OM_ECONFIG);
    assert_non_null(strstr(err.text, "mafadm init"));
    assert_int_equal(config_load(&config_maf, "/nonexistent/maf", &cfg, &err), OM_ECONFIG);
    assert_non_null(strstr(err.text, "mafadm init"));
}

/* Each on line 7, after the minimal six. */
static void bad_values(void **state)
{
    (void)state;
    static const struct {
        const char *section, *key, *value, *why;
    } table[] = {
        {"maf", "aliases", "Maf.example.com", "not an FQDN"},
        {"maf", "aliases", "a b c d e f g h i", "more than 8"},
        {"maf", "database", "", "path"},
        {"maf", "custody", "token", "session nor psk"},
        {"maf", "require-target-registration", "true", "neither yes nor no"},
        {"maf", "keep-keys-on-deregistration", "1", "neither yes nor no"},
        {"maf", "require-extended-master-secret", "", "neither yes nor no"},
        {"token", "pin-source", "1234", ""},
        {"token", "pin-source", "env:PIN", ""},
        {"token", "plugin-dir", "", "path"},
        {"token", "key-cache", "0", "from 1 to 1000000"},
        {"token", "key-cache", "1000001", "from 1 to 1000000"},
        {"https", "max-connections", "0", "from 1 to 60000"},
        {"https", "max-connections", "60001", "from 1 to 60000"},
        {"https", "max-connections", "-1", "from 1 to 60000"},
        {"https", "max-connections", "1k", "from 1 to 60000"},
        {"https", "max-connections", "", "from 1 to 60000"},
        {"https", "max-connections", "18446744073709551617", "from 1 to 60000"},
        {"https", "max-header", "1023", "from 1024 to 131072"},
        {"https", "max-body", "131073", "from 1024 to 131072"},
        {"https", "handshake-timeout", "0", "from 1 to 600"},
        {"https", "request-timeout", "601", "from 1 to 600"},
        {"https", "idle-timeout", "3601", "from 1 to 3600"},
        {"daemon", "workers", "0", "from 1 to 256"},
        {"daemon", "workers", "257", "from 1 to 256"},
        {"daemon", "log-level", "verbose", "none of"},
        {"daemon", "drain-timeout", "0", "from 1 to 600"},
        {"daemon", "sandbox", "maybe", "neither yes nor no"},
        {"daemon", "colour", "red", "unknown key"},
        {"coaps", "listen", "", "address:port"},
        {"coaps", "listen", "127.0.0.1:1 127.0.0.1:2 127.0.0.1:3 127.0.0.1:4 127.0.0.1:5", "more than 4"},
        {"coaps", "max-connections", "1", "unknown key"},
        {"coaps", "max-sessions", "60001", "from 1 to 60000"},
        {"coaps", "max-sessions-per-address", "0", "from 1 to 60000"},
        {"coaps", "max-body", "1023", "from 1024 to 131072"},
        {"coaps", "handshake-timeout", "601", "from 1 to 600"},
        {"coaps", "idle-timeout", "86401", "from 1 to 86400"},
        {"coaps+tcp", "listen", "localhost:5684", "numeric"},
        {"coaps+tcp", "max-sessions", "0", "from 1 to 60000"},
        {"maf", "fqdn", "other.example.com", "given twice"},
        {"https", "listen", "127.0.0.1:1", "given twice"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[1024];
        char where[128];
        (void)snprintf(text, sizeof text, MINIMAL "[%s]\n%s = %s\n", table[i].section, table[i].key,
                       table[i].value);
        (void)snprintf(where, sizeof where, ":8: [%s] %s", table[i].section, table[i].key);
        expect_refused(text, where, table[i].why);
    }
}

static void bad_required_values(void **state)
{
    (void)state;
    static const struct {
        const char *section, *key, *value, *why;
    } table[] = {
        {"maf", "fqdn", "MAF.example.com", "not an FQDN"},
        {"maf", "fqdn", "maf_1.example.com", "not an FQDN"},
        {"maf", "fqdn", "", "not an FQDN"},
        {"token", "uri", "", "URI"},
        {"token", "uri", "maf", "URI"},
        {"token", "uri", "pkcs11:", "URI"},
        {"https", "listen", "", "address:port"},
        {"https", "listen", "8443", "address:port"},
        {"https", "listen", "127.0.0.1", "address:port"},
        {"https", "listen", "127.0.0.1:", "address:port"},
        {"https", "listen", "127.0.0.1:65536", "address:port"},
        {"https", "listen", "localhost:8443", "numeric"},
        {"https", "listen", "::1:8443", "address:port"},
        {"https", "listen", "[::1:8443", "address:port"},
        {"https", "listen", "[::1]8443", "address:port"},
        {"https", "listen", "[127.0.0.1]:8443", "numeric"},
        {"https", "listen", "127.0.0.1:1 127.0.0.1:2 127.0.0.1:3 127.0.0.1:4 127.0.0.1:5", "more than 4"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[1024];
        char where[128];
        (void)snprintf(text, sizeof text, "[%s]\n%s = %s\n", table[i].section, table[i].key, table[i].value);
        (void)snprintf(where, sizeof where, ":2: [%s] %s", table[i].section, table[i].key);
        expect_refused(text, where, table[i].why);
    }
}

static void bad_lines(void **state)
{
    (void)state;
    expect_refused("[maf]\nfqdn\n", ":2", "key = value");
    expect_refused("fqdn = maf.example.com\n", ":1: [] fqdn", "unknown key");
    expect_refused("[maf\nfqdn = maf.example.com\n", ":1", "");
    expect_refused("[maf]\n\n\n[daemon]\nworkers = 1\n  workers = 2\n", ":6: [daemon] workers", "twice");
    expect_refused("", "", "");
    expect_refused(MINIMAL "[maf]\naliases = maf.example.com\n", ": [maf] aliases", "already");
    expect_refused(MINIMAL "[certificate]\nkey = maf\n", ": [certificate]", "belong together");
    expect_refused(MINIMAL "[certificate2]\nkey = maf\nchain = maf.pem\n", ": [certificate2]", "without");
    expect_refused(MINIMAL "[clients]\ncrls = a b c d e f g h i\n", ":", "more than 8 files");
    expect_refused(MINIMAL "[clients]\ncrls = crls.pem\n", ": [clients]", "without [certificate]");
    expect_refused(MINIMAL "[maf]\nmef-crls = crls.pem\n", ": [maf] mef-crls", "without [certificate]");
    expect_refused(MINIMAL "[certificate]\nchain = token:\n", ":8: [certificate] chain", "name");
    if (OPENSSL_VERSION_NUMBER < OMTLS_RAW_KEYS_VERSION)
        expect_refused(MINIMAL "[clients]\nraw-public-keys = yes\n", ":8: [clients] raw-public-keys",
                       "OpenSSL 3.2");
}

/* A value that is longer than inih's own buffer is read as a whole. */
static void long_lines(void **state)
{
    (void)state;
    char uri[2100] = "pkcs11:token=";
    char text[3000];
    memset(uri + 13, 'x', 1900);
    uri[1913] = '\0';
    (void)snprintf(text, sizeof text,
                   "[maf]\nfqdn = maf.example.com\n[token]\nuri = %s\n[https]\nlisten = 127.0.0.1:1\n", uri);
    expect_loaded(text);
    assert_string_equal(cfg.token_uri, uri);
    memset(uri + 13, 'x', 2060);
    uri[2073] = '\0';
    (void)snprintf(text, sizeof text, "[token]\nuri = %s\n", uri);
    expect_refused(text, ":2: [token] uri", "characters");
}

static void file_that_others_write(void **state)
{
    (void)state;
    expect_loaded(MINIMAL);
    assert_int_equal(chmod(path, 0620), 0);
    assert_int_equal(config_load(&config_maf, dir, &cfg, &err), OM_ECONFIG);
    assert_non_null(strstr(err.text, "chmod"));
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(config_load(&config_maf, dir, &cfg, &err), OM_OK);
    assert_int_equal(chmod(dir, 0777), 0); /* they could put another file in its place */
    assert_int_equal(config_load(&config_maf, dir, &cfg, &err), OM_ECONFIG);
    assert_non_null(strstr(err.text, "chmod"));
    assert_int_equal(chmod(dir, 0755), 0);
    assert_int_equal(config_load(&config_maf, dir, &cfg, &err), OM_OK);
}

static void created(void **state)
{
    (void)state;
    struct config_init init = {.kind = &config_maf,
                               .dir = dir,
                               .fqdn = "maf.example.com",
                               .token_uri = "pkcs11:token=maf?module-path=/usr/lib/x.so",
                               .pin_source = "file:/etc/pin"};
    (void)unlink(path);
    assert_int_equal(config_create(&init, &err), OM_OK);
    assert_int_equal(config_load(&config_maf, dir, &cfg, &err), OM_OK);
    assert_string_equal(cfg.fqdn, init.fqdn);
    assert_string_equal(cfg.token_uri, init.token_uri);
    assert_string_equal(cfg.pin_source, init.pin_source);
    assert_string_equal(cfg.addresses[0].host, "127.0.0.1");
    assert_int_equal(cfg.addresses[0].port, 8443);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(config_create(&init, &err), OM_ECONFLICT);
    (void)unlink(path);
    init.pin_source = "file:pin"; /* of the operator's directory, not of the MAF's */
    init.https_listen = "[::1]:0";
    assert_int_equal(config_create(&init, &err), OM_OK);
    assert_int_equal(config_load(&config_maf, dir, &cfg, &err), OM_OK);
    char cwd[PATH_MAX];
    char expected[PATH_MAX + 16];
    assert_non_null(getcwd(cwd, sizeof cwd));
    (void)snprintf(expected, sizeof expected, "file:%s/pin", cwd);
    assert_string_equal(cfg.pin_source, expected);
    (void)unlink(path);
    init.https_listen = "somewhere";
    assert_int_equal(config_create(&init, &err), OM_ECONFIG);
    assert_int_not_equal(access(path, F_OK), 0);
}

/* The commented lines of a new file are its defaults: uncommented, they change nothing. */
static void created_defaults(void **state)
{
    (void)state;
    struct config_init init = {
        .kind = &config_maf, .dir = dir, .fqdn = "maf.example.com", .token_uri = "pkcs11:token=maf"};
    struct om_secret file = OM_SECRET_INIT;
    struct config plain;
    char text[16384] = "";
    (void)unlink(path);
    assert_int_equal(config_create(&init, &err), OM_OK);
    assert_int_equal(config_load(&config_maf, dir, &plain, &err), OM_OK);
    assert_int_equal(om_file_read(path, sizeof text - 1, &file, &err), OM_OK);
    size_t at = 0;
    for (size_t i = 0; i < file.len; i++) { /* "# key = value" with a value, but not prose and workers */
        const char *line = (const char *)file.octets + i;
        size_t n = 0;
        while (i + n < file.len && line[n] != '\n')
            n++;
        size_t key = n > 2 && line[0] == '#' ? strspn(line + 2, "abcdefghijklmnopqrstuvwxyz-") : 0;
        bool sets = key > 0 && n > key + 5 && strncmp(line + 2 + key, " = ", 3) == 0 &&
                    strncmp(line + 2, "workers", 7) != 0;
        at += (size_t)snprintf(text + at, sizeof text - at, "%.*s\n", (int)(sets ? n - 2 : n),
                               sets ? line + 2 : line);
        i += n;
    }
    om_secret_free(&file);
    expect_loaded(text);
    cfg.workers = plain.workers;
    assert_memory_equal(&cfg, &plain, sizeof cfg);
}

static int setup(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    char made[PATH_MAX];
    (void)snprintf(made, sizeof made, "%s/openmaf-config-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(made) == NULL || realpath(made, dir) == NULL)
        return -1;
    return om_path_join(path, sizeof path, dir, config_maf.file, &err) == OM_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(everything),
        cmocka_unit_test(missing_keys),
        cmocka_unit_test(bad_values),
        cmocka_unit_test(bad_required_values),
        cmocka_unit_test(bad_lines),
        cmocka_unit_test(long_lines),
        cmocka_unit_test(file_that_others_write),
        cmocka_unit_test(created),
        cmocka_unit_test(created_defaults),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
