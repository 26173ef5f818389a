/* See fixture.h. */
#include "fixture.h"
#include "client/key_record.h"

#include <openssl/hmac.h>

const uint8_t fixture_km[32] = "0123456789abcdefghijklmnopqrstuv";
struct test_token *fixture_token;
struct openmaf_error fixture_error;
enum peer_binding fixture_binding;
bool fixture_cbor;
bool fixture_certificate;
uint16_t fixture_mef;

static const char *kind = "softhsm";
static char home[512];
static unsigned homes;

void fixture_kind(int argc, char **argv)
{
    static const char *const bindings[] = {
        [PEER_HTTPS] = "https", [PEER_WSS] = "wss", [PEER_COAPS] = "coaps", [PEER_COAPS_TCP] = "coaps-tcp"};
    if (argc > 1)
        kind = argv[1];
    for (int i = 0; argc > 2 && i < 4; i++)
        if (strcmp(argv[2], bindings[i]) == 0)
            fixture_binding = (enum peer_binding)i;
    fixture_cbor = argc > 3 && strcmp(argv[3], "cbor") == 0;
    fixture_certificate = argc > 4 && strcmp(argv[4], "certificate") == 0;
}

int fixture_setup(void **state)
{
    (void)state;
    fixture_token = test_token_new(kind);
    return 0;
}

int fixture_teardown(void **state)
{
    (void)state;
    test_token_free(fixture_token);
    return 0;
}

struct openmaf *fixture_client(uint16_t port, const uint8_t km[32])
{
    char address[32];
    char mef[32];
    (void)snprintf(home, sizeof home, "%s/home%u", fixture_token->dir, homes++);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", port);
    (void)snprintf(mef, sizeof mef, "127.0.0.1:%u", fixture_mef);
    struct openmaf_home values = {
        .size = sizeof values,
        .id = OWN_ID,
        .maf_fqdn = FQDN,
        .https = fixture_binding == PEER_HTTPS ? address : NULL,
        .wss = fixture_binding == PEER_WSS ? address : NULL,
        .coaps = fixture_binding == PEER_COAPS ? address : NULL,
        .coaps_tcp = fixture_binding == PEER_COAPS_TCP ? address : NULL,
        .format = fixture_cbor ? "cbor" : NULL,
        .token_uri = fixture_token->uri,
        .pin_source = fixture_token->pin_source[0] != '\0' ? fixture_token->pin_source : NULL,
        .plugin_dir = test_plugin_dir(),
    };
    if (fixture_mef != 0) {
        values.mef_fqdn = MEF_FQDN;
        values.mef_https = fixture_binding == PEER_HTTPS ? mef : NULL;
        values.mef_wss = fixture_binding == PEER_WSS ? mef : NULL;
        values.mef_coaps = fixture_binding == PEER_COAPS ? mef : NULL;
        values.mef_coaps_tcp = fixture_binding == PEER_COAPS_TCP ? mef : NULL;
    }
    struct openmaf *maf = NULL;
    SUCCEEDS(openmaf_home_init(home, &values, ERROR));
    SUCCEEDS(openmaf_open(home, &maf, ERROR));
    if (km != NULL)
        SUCCEEDS(openmaf_credential_import(maf, KMID, km, 32, ERROR));
    return maf;
}

void fixture_put_key(struct openmaf *maf, const char *key_id, unsigned suid, int64_t expires,
                     const void *octets, size_t n)
{
    struct om_error err = {0};
    struct om_secret kc = OM_SECRET_INIT;
    struct key_record *k = key_record_new();
    assert_int_equal(key_record_name(maf, key_id, k, &err), OM_OK);
    k->pub.role = OPENMAF_TARGET;
    k->pub.suid = suid;
    k->pub.expires = expires;
    (void)stpcpy(k->source, FIXTURE_SOURCE);
    (void)stpcpy(k->stakeholder, ADMIN);
    assert_int_equal(om_secret_set(&kc, octets, n, &err), OM_OK);
    assert_int_equal(key_record_import(maf, k, &kc, &err), OM_OK);
    assert_int_equal(key_record_write(maf, k, &err), OM_OK);
    om_secret_free(&kc);
    openmaf_key_free(&k->pub);
}

const char *fixture_home(void)
{
    return home;
}

const char *fixture_record(const char *name)
{
    static char path[1024];
    (void)snprintf(path, sizeof path, "%s/state/%s.rec", home, name);
    return path;
}

size_t fixture_read(const char *path, char *out, size_t cap)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        fail_msg("cannot open %s", path);
    size_t n = fread(out, 1, cap, f);
    (void)fclose(f);
    return n;
}

void fixture_write(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(p, 1, n, f) != n || fclose(f) != 0)
        fail_msg("cannot write %s", path);
}

void fixture_expect(int want, int got, const char *expr, const char *file, int line)
{
    if (got != want) {
        print_error("%s: code %d instead of %d: %s\n", expr, got, want, fixture_error.text);
        _fail(file, line);
    }
    if (got != OPENMAF_OK && (fixture_error.code != got || fixture_error.text[0] == '\0')) {
        print_error("%s: the error record is not filled\n", expr);
        _fail(file, line);
    }
}

void fixture_says(const char *part, const char *file, int line)
{
    if (strstr(fixture_error.text, part) == NULL) {
        print_error("'%s' is not in: %s\n", part, fixture_error.text);
        _fail(file, line);
    }
}

void fixture_check_value(const uint8_t *key, size_t n, char out[17])
{
    uint8_t mac[32];
    unsigned len = 0;
    assert_non_null(
        HMAC(EVP_sha256(), key, (int)n, (const uint8_t *)"openmaf key check value", 23, mac, &len));
    for (size_t i = 0; i < 8; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", mac[i]);
}
