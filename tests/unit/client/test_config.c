/* maf.conf: what is read, and how what is wrong is named. No token. */
#include "client/home.h"
#include "client/transport.h"
#include "fixture.h"
#include "util/file.h"

#include <sys/stat.h>
#include <unistd.h>

static char dir[64];
static struct om_error err;

#define GOOD                                                                                                 \
    "[client]\nid = " OWN_ID "\n[maf]\nfqdn = " FQDN "\n[token]\nuri = "                                     \
    "pkcs11:token=x?module-path=/lib/y;z\n"

static int make_dir(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "openmaf-test-XXXXXX");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/maf.conf", dir);
    (void)unlink(path);
    return rmdir(dir);
}

static om_rc load_octets(const void *text, size_t n, struct home *h)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/maf.conf", dir);
    fixture_write(path, text, n);
    err = (struct om_error){0};
    return home_load(dir, h, &err);
}

static om_rc load(const char *text, struct home *h)
{
    return load_octets(text, strlen(text), h);
}

static void test_defaults(void **state)
{
    (void)state;
    struct home h;
    assert_int_equal(load(GOOD, &h), OM_OK);
    assert_string_equal(h.id, OWN_ID);
    assert_string_equal(h.maf.fqdn, FQDN);
    assert_string_equal(h.maf.host, FQDN);
    assert_int_equal(h.maf.port, 443);
    assert_ptr_equal(h.maf.transport, &transport_https);
    assert_ptr_equal(h.format, &formats[M2M_FORMAT_JSON]);
    assert_int_equal(h.connect_timeout, 10);
    assert_int_equal(h.timeout, 30);
    assert_true(h.require_extended_master_secret);
    assert_string_equal(h.token_uri, "pkcs11:token=x?module-path=/lib/y;z");
    assert_string_equal(h.pin_source, "");
    assert_int_equal(h.custody, OMTLS_CUSTODY_SESSION);
    assert_true(!h.saef_first_half && !h.saef_tls13 && h.saef_require_ems);
}

static void test_everything(void **state)
{
    (void)state;
    struct home h;
    assert_int_equal(load("# comment\n" GOOD "custody = psk\npin-source = file:/p\nplugin-dir = /q\n"
                          "[maf]\nhttps = [::1]:8443\nconnect-timeout = 1\ntimeout = 3600\n"
                          "require-extended-master-secret = no\n[client]\nkmid = a@" FQDN "\n"
                          "[saef]\npsk = first-half\ntls-max = 1.3\nrequire-extended-master-secret = no\n",
                          &h),
                     OM_OK);
    assert_string_equal(h.maf.host, "::1");
    assert_int_equal(h.maf.port, 8443);
    assert_int_equal(h.connect_timeout, 1);
    assert_int_equal(h.timeout, 3600);
    assert_false(h.require_extended_master_secret);
    assert_int_equal(h.custody, OMTLS_CUSTODY_PSK);
    assert_string_equal(h.maf.kmid, "a@" FQDN);
    assert_string_equal(h.pin_source, "file:/p");
    assert_string_equal(h.plugin_dir, "/q");
    assert_true(h.saef_first_half && h.saef_tls13 && !h.saef_require_ems && !h.tls13);
}

/* Each binding, by HOST:PORT, with its own port, and by URI. */
static void test_bindings(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const struct transport *transport;
        const char *host;
        uint16_t port;
    } cases[] = {
        {"https = h", &transport_https, "h", 443},
        {"https = https://h:1/", &transport_https, "h", 1},
        {"wss = h:2", &transport_wss, "h", 2},
        {"wss = wss://h", &transport_wss, "h", 443},
        {"coaps = 10.0.0.1", &transport_coaps, "10.0.0.1", 5684},
        {"coaps = coaps://[::1]:3", &transport_coaps, "::1", 3},
        {"coaps-tcp = h", &transport_coaps_tcp, "h", 5684},
        {"coaps-tcp = coaps+tcp://h:4/", &transport_coaps_tcp, "h", 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct home h;
        char text[512];
        (void)snprintf(text, sizeof text, GOOD "[maf]\n%s\nformat = cbor\n", cases[i].line);
        assert_int_equal(load(text, &h), OM_OK);
        assert_ptr_equal(h.maf.transport, cases[i].transport);
        assert_string_equal(h.maf.host, cases[i].host);
        assert_int_equal(h.maf.port, cases[i].port);
        assert_ptr_equal(h.format, &formats[M2M_FORMAT_CBOR]);
    }
}

#define MEF GOOD "[mef]\nfqdn = mef.example.com\n"

/* A home without [mef] has no MEF; with it the MEF is where the section says, and the MAF stays where it is.
 */
static void test_mef(void **state)
{
    (void)state;
    struct home h;
    assert_int_equal(load(GOOD, &h), OM_OK);
    assert_string_equal(h.mef.fqdn, "");
    assert_null(home_server_named(&h, ""));
    assert_int_equal(load(MEF, &h), OM_OK);
    assert_false(h.mef.addressed);
    assert_string_equal(h.mef.host, "mef.example.com");
    assert_ptr_equal(h.mef.transport, &transport_https);
    assert_int_equal(h.enrolment_expiry, 30 * 86400);
    assert_int_equal(load(MEF "coaps = [::1]:7\nkmid = kpm7@mef.example.com\nenrolment-expiry = PT1H\n", &h),
                     OM_OK);
    assert_ptr_equal(h.mef.transport, &transport_coaps);
    assert_string_equal(h.mef.host, "::1");
    assert_int_equal(h.mef.port, 7);
    assert_string_equal(h.mef.kmid, "kpm7@mef.example.com");
    assert_int_equal(h.enrolment_expiry, 3600);
    assert_ptr_equal(h.maf.transport, &transport_https);
    assert_string_equal(h.maf.kmid, "");
    assert_ptr_equal(home_server_named(&h, "mef.example.com"), &h.mef);
    assert_ptr_equal(home_server_named(&h, FQDN), &h.maf);
    assert_null(home_server_named(&h, "other.example.com"));
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"[client]\nid = " OWN_ID "\n[maf]\nfqdn = " FQDN "\n", "section [token] lacks 'uri'"},
        {GOOD "frob = 1\n", "line 7: unknown key 'frob' in section [token]"},
        {GOOD "[frob]\nuri = x\n", "line 8: unknown key 'uri' in section [frob]"},
        {GOOD "uri = ram:\n", "line 7: 'uri' is given twice"},
        {GOOD "nonsense\n", "line 7: neither"},
        {GOOD "custody = hardware\n", "line 7: custody: 'hardware'"},
        {GOOD "[saef]\npsk = half\n", "line 8: psk: 'half' is neither whole nor first-half"},
        {GOOD "[saef]\ntls-max = 1\n", "line 8: tls-max: '1' is neither 1.2 nor 1.3"},
        {GOOD "[saef]\ncustody = psk\n", "line 8: unknown key 'custody' in section [saef]"},
        {GOOD "custody =\n", "line 7: custody: value is empty"},
        {GOOD "pin-source = 1234\n", "never the PIN itself"},
        {GOOD "[maf]\nhttps = maf.example.com:\n", "line 8: https"},
        {GOOD "[maf]\nhttps = maf.example.com:0\n", "line 8: https"},
        {GOOD "[maf]\nhttps = maf.example.com:65536\n", "line 8: https"},
        {GOOD "[maf]\nhttps = [::1:443\n", "lacks a ']'"},
        {GOOD "[maf]\nhttps = :443\n", "not HOST:PORT"},
        {GOOD "[maf]\nhttps = coaps://h:1\n", "not a URI of scheme https"},
        {GOOD "[maf]\ncoaps = coap://h:1\n", "not a URI of scheme coaps"},
        {GOOD "[maf]\ncoaps = coaps://\n", "not HOST:PORT"},
        {GOOD "[maf]\ncoaps = coaps://h/x\n", "not HOST:PORT"},
        {GOOD "[maf]\ncoaps = h\nhttps = h\n", "line 9: https: the MAF has an address already, under coaps"},
        {GOOD "[maf]\nformat = xml\n", "neither json nor cbor"},
        {GOOD "[maf]\ntimeout = 0\n", "line 8: timeout"},
        {GOOD "[maf]\ntimeout = 3601\n", "line 8: timeout"},
        {GOOD "[maf]\ntimeout = 1s\n", "line 8: timeout"},
        {GOOD "[maf]\nrequire-extended-master-secret = maybe\n", "neither yes nor no"},
        {GOOD "[client]\nkmid = nonsense\n", "line 8: kmid"},
        {GOOD "[client]\nkmid = a@other.example.com\n", "kmid a@other.example.com is not of the MAF"},
        {MEF "kmid = a@" FQDN "\n", "kmid a@" FQDN " is not of the MEF of this home, mef.example.com"},
        {MEF "https = h\nwss = h\n", "line 10: wss: the MEF has an address already, under https"},
        {MEF "format = cbor\n", "line 9: unknown key 'format' in section [mef]"},
        {MEF "enrolment-expiry = 0d\n", "line 9: enrolment-expiry: '0d' is no duration"},
        {GOOD "[mef]\nhttps = h\n", "section [mef] lacks 'fqdn'"},
        {GOOD "[mef]\nfqdn = " FQDN "\n", "MAF and MEF cannot have the same name"},
        {"[client]\nid = Cae7\n", "line 2: id: 'Cae7' is not an Absolute"},
        {"[maf]\nfqdn = MAF.example.com\n", "line 2: fqdn"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct home h;
        om_rc rc = load(cases[i].text, &h);
        if (rc != OM_ECONFIG || strstr(err.text, cases[i].says) == NULL)
            fail_msg("case %zu: code %d: '%s' lacks '%s'", i, (int)rc, err.text, cases[i].says);
        assert_non_null(strstr(err.text, "maf.conf"));
        assert_null(strstr(err.text, "1234")); /* it may be a PIN */
    }
}

static void test_odd_octets(void **state)
{
    (void)state;
    struct home h;
    char text[9000] = GOOD "# ";
    size_t n = strlen(text);
    memset(text + n, 'x', 5000);
    (void)snprintf(text + n + 5000, 20, "\n");
    assert_int_equal(load(text, &h), OM_ECONFIG);
    assert_non_null(strstr(err.text, "line 7: a NUL, or longer"));
    assert_int_equal(load_octets(GOOD "a\0b\n", sizeof GOOD + 3, &h), OM_ECONFIG);
    memset(text, 'u', sizeof text);
    (void)snprintf(text, sizeof text, "[token]\nuri = ");
    memset(text + strlen(text), 'u', 3000); /* longer than any token URI, shorter than a line may be */
    text[3500] = '\0';
    assert_int_equal(load(text, &h), OM_ECONFIG);
}

static void test_missing(void **state)
{
    (void)state;
    struct home h;
    err = (struct om_error){0};
    assert_int_equal(home_load(dir, &h, &err), OM_ENOTFOUND);
    assert_non_null(strstr(err.text, "maf init"));
}

/* It names a module to load: nobody else may be able to say which. */
static void test_others_may_not_write(void **state)
{
    (void)state;
    static const struct {
        mode_t directory, file;
        om_rc rc;
    } cases[] = {{0700, 0600, OM_OK},      {0755, 0644, OM_OK},      {0700, 0620, OM_ECONFIG},
                 {0700, 0602, OM_ECONFIG}, {0777, 0600, OM_ECONFIG}, {0720, 0600, OM_ECONFIG}};
    struct home h;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/maf.conf", dir);
    assert_int_equal(load(GOOD, &h), OM_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(chmod(dir, cases[i].directory), 0);
        assert_int_equal(chmod(path, cases[i].file), 0);
        assert_int_equal(home_load(dir, &h, &err), cases[i].rc);
        assert_true(cases[i].rc == OM_OK || strstr(err.text, "chmod go-w") != NULL);
    }
}

/* What init writes is what is read. */
static void test_round_trip(void **state)
{
    (void)state;
    const struct home_values values = {.id = OWN_ID,
                                       .fqdn = FQDN,
                                       .coaps_tcp = "coaps+tcp://[::1]:8443/",
                                       .format = "cbor",
                                       .token_uri = "ram:file=/a b",
                                       .pin_source = "file:/p q",
                                       .custody = "psk",
                                       .plugin_dir = "/plug ins",
                                       .mef_fqdn = "mef.example.com",
                                       .mef_wss = "wss://[::1]:8444",
                                       .enrolment_expiry = "90d"};
    struct home made;
    struct home read;
    struct stat st;
    char path[128];
    assert_int_equal(home_from_values(dir, &values, &made, &err), OM_OK);
    assert_int_equal(home_write_config(&made, &err), OM_OK);
    assert_int_equal(home_load(dir, &read, &err), OM_OK);
    assert_memory_equal(&made, &read, sizeof made);
    (void)snprintf(path, sizeof path, "%s/maf.conf", dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(home_write_config(&made, &err), OM_ECONFLICT);
}

static void test_values_that_a_file_cannot_hold(void **state)
{
    (void)state;
    static const char *const bad[] = {"", " x", "x ", "ram:a\nid = b", "ram:a ; b", "ram:\x01"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct home_values values = {.id = OWN_ID, .fqdn = FQDN, .token_uri = bad[i]};
        struct home h;
        assert_int_equal(home_from_values(dir, &values, &h, &err), OM_EINPUT);
    }
    const struct home_values lacking = {.id = OWN_ID, .fqdn = FQDN};
    struct home h;
    assert_int_equal(home_from_values(dir, &lacking, &h, &err), OM_EINPUT);
    assert_non_null(strstr(err.text, "uri is missing"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_defaults, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_everything, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_bindings, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_mef, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_refused, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_odd_octets, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_missing, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_others_may_not_write, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_round_trip, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_values_that_a_file_cannot_hold, make_dir, remove_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
