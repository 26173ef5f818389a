/* Sessions with a Kc of the home as psk: what openmaf_saef_* promise, with both ends in this process and
 * stock OpenSSL as the other. */
#include "client/record.h"
#include "client/saef.h"
#include "counting.h"
#include "fixture.h"
#include "handshake.h"
#include "onem2m/types.h"

#include <unistd.h>

#define SOURCE FIXTURE_SOURCE
#define CBC    "PSK-AES128-CBC-SHA256"
#define OTHER  "FFEEDDCCBBAA99887766554433221100@" FQDN

static const uint8_t kc[32] = "a distributed key of 32 octets..";
static const uint8_t wrong[32] = "another key of 32 octets .......";
static struct openmaf *maf;
static struct {
    int allow;
    unsigned asked, refused;
    char identity[200], why[512];
} seen;

static void refused(void *arg, const char *identity, const char *why)
{
    (void)arg;
    seen.refused++;
    (void)snprintf(seen.identity, sizeof seen.identity, "%s", identity);
    (void)snprintf(seen.why, sizeof seen.why, "%s", why);
}

static int allow(void *arg, const struct openmaf_key *key)
{
    (void)arg;
    seen.asked++;
    assert_string_equal(key->source, SOURCE);
    return seen.allow;
}

static void put_key(const char *key_id, unsigned suid, int64_t expires)
{
    fixture_put_key(maf, key_id, suid, expires, kc, sizeof kc);
}

static int setup(void **state)
{
    (void)fixture_setup(state);
    return 0;
}

static int test_setup(void **state)
{
    (void)state;
    maf = fixture_client(1, NULL);
    put_key(KEY_ID, M2M_SUID_SAEF, LATER);
    memset(&seen, 0, sizeof seen);
    seen.allow = 1;
    return 0;
}

static int test_teardown(void **state)
{
    (void)state;
    openmaf_close(maf);
    return 0;
}

static SSL_CTX *our_ctx(enum openmaf_end end, bool dtls)
{
    SSL_CTX *ctx = NULL;
    const struct openmaf_saef what = {
        .size = sizeof what, .end = end, .dtls = dtls, .allow = allow, .refused = refused};
    SUCCEEDS(openmaf_saef_ctx(maf, &what, &ctx, ERROR));
    return ctx;
}

static SSL *our_client(bool dtls)
{
    SSL_CTX *ctx = our_ctx(OPENMAF_CLIENT, dtls);
    SSL *ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    SUCCEEDS(openmaf_saef_use_key(maf, ssl, KEY_ID, ERROR));
    return ssl;
}

static SSL *our_server(bool dtls)
{
    SSL_CTX *ctx = our_ctx(OPENMAF_SERVER, dtls);
    if (dtls)
        SSL_CTX_clear_options(ctx, SSL_OP_COOKIE_EXCHANGE); /* there are no addresses here */
    SSL *ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    return ssl;
}

static SSL *plain(bool server, bool dtls, const char *identity, const uint8_t *psk)
{
    const struct plain_psk p = {identity, psk, 32};
    SSL_CTX *ctx = plain_context(server, dtls, dtls ? "PSK-AES128-CCM8:@SECLEVEL=0" : CBC, &p);
    SSL *ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    return ssl;
}

/* A client that names this identity, and the alert that it gets; -1: it got a session. */
static int alert_for(const char *identity, const uint8_t *psk)
{
    struct handshake h = {0};
    handshake_join(&h, plain(false, false, identity, psk), our_server(false));
    bool done = handshake_run(&h);
    int alert = done ? -1 : h.server_alert;
    if (!done)
        assert_null(openmaf_saef_key(h.server));
    handshake_free(&h);
    return alert;
}

static void both_ends(void **state)
{
    (void)state;
    for (int dtls = 0; dtls < 2; dtls++) {
        struct handshake h = {0};
        handshake_join(&h, our_client(dtls), our_server(dtls));
        assert_null(openmaf_saef_key(h.client));
        assert_null(openmaf_saef_peer(h.server));
        assert_true(handshake_run(&h));
        assert_true(handshake_echo(h.client, h.server, "there", 5));
        assert_true(handshake_echo(h.server, h.client, "and back", 8));
        SSL *ends[] = {h.client, h.server};
        for (size_t i = 0; i < 2; i++) {
            const struct openmaf_key *key = openmaf_saef_key(ends[i]);
            assert_string_equal(key->key_id, KEY_ID);
            assert_int_equal(key->suid, 32);
            assert_int_equal(key->expires, LATER);
            assert_string_equal(openmaf_saef_peer(ends[i]), SOURCE); /* this home is a Target */
        }
        handshake_free(&h);
    }
    assert_int_equal(seen.asked, 2);
    assert_int_equal(seen.refused, 0);
}

static void stock_peers(void **state)
{
    (void)state;
    for (int dtls = 0; dtls < 2; dtls++) {
        struct handshake h = {0};
        handshake_join(&h, plain(false, dtls, KEY_ID, kc), our_server(dtls));
        assert_true(handshake_run(&h));
        assert_true(handshake_echo(h.client, h.server, "there", 5));
        handshake_free(&h);
        handshake_join(&h, our_client(dtls), plain(true, dtls, "", kc));
        assert_true(handshake_run(&h));
        assert_true(handshake_echo(h.server, h.client, "back", 4));
        handshake_free(&h);
    }
}

/* What a refused peer costs and gets is what a wrong key costs and gets. */
static void test_MAF_HS_6_all_failures_are_alike(void **state)
{
    (void)state;
    char tampered[] = "11112222333344445555666677778888@" FQDN;
    static char record[RECORD_MAX];
    put_key("AAAA@" FQDN, M2M_SUID_ESPRIM, LATER);
    put_key("BBBB@" FQDN, M2M_SUID_SAEF, 1000);
    put_key(tampered, M2M_SUID_SAEF, LATER);
    const char *path = fixture_record("key-11112222333344445555666677778888");
    size_t n = fixture_read(path, record, sizeof record);
    record[n - 10] ^= 1;
    fixture_write(path, record, n);
    assert_int_equal(alert_for(KEY_ID, kc), -1);

    const struct {
        const char *identity, *why;
    } cases[] = {{OTHER, NULL},
                 {"AAAA@" FQDN, "is for SUID 33, not 32"},
                 {"BBBB@" FQDN, "expired at"},
                 {tampered, "changed"},
                 {"no key identifier", NULL},
                 {"A@maf.example.org", NULL}};
    counting_install(maf->se);
    int alert = alert_for(KEY_ID, wrong);
    struct counts wrong_key = counts;
    assert_int_equal(alert, SSL_AD_BAD_RECORD_MAC);
    assert_int_equal(seen.refused, 0);
    assert_true(wrong_key.load > 0 && wrong_key.row_mac > 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        counting_install(maf->se);
        assert_int_equal(alert_for(cases[i].identity, kc), alert);
        assert_int_equal(seen.refused, i + 1);
        assert_string_equal(seen.identity, cases[i].identity);
        assert_true(cases[i].why == NULL || strstr(seen.why, cases[i].why) != NULL);
        assert_int_equal(counts.load, wrong_key.load);
        assert_int_equal(counts.row_mac, wrong_key.row_mac);
        assert_int_equal(counts.hmac + counts.prf + counts.prf_key,
                         wrong_key.hmac + wrong_key.prf + wrong_key.prf_key);
    }
    seen.allow = 0;
    assert_int_equal(alert_for(KEY_ID, kc), alert);
    assert_non_null(strstr(seen.why, "not among the keys allowed here"));
}

static void keys_change_meanwhile(void **state)
{
    (void)state;
    SSL_CTX *ctx = our_ctx(OPENMAF_SERVER, false);
    for (int round = 0; round < 3; round++) {
        struct handshake h = {0};
        if (round == 1)
            SUCCEEDS(openmaf_key_forget(maf, KEY_ID, ERROR));
        if (round == 2)
            put_key(KEY_ID, M2M_SUID_SAEF, LATER);
        handshake_join(&h, plain(false, false, KEY_ID, kc), SSL_new(ctx));
        assert_int_equal(handshake_run(&h), round != 1);
        handshake_free(&h);
    }
    SSL_CTX_free(ctx);
}

static void test_MAF_KT_9_use_key(void **state)
{
    (void)state;
    put_key("AAAA@" FQDN, M2M_SUID_ESPRIM, LATER);
    put_key("BBBB@" FQDN, M2M_SUID_SAEF, 1000);
    SSL_CTX *ctx = our_ctx(OPENMAF_CLIENT, false);
    SSL_CTX *server = our_ctx(OPENMAF_SERVER, false);
    SSL *ssl = SSL_new(ctx);
    FAILS(OPENMAF_EDENIED, openmaf_saef_use_key(maf, ssl, "AAAA@" FQDN, ERROR));
    SAYS("is for SUID 33, not 32");
    FAILS(OPENMAF_EDENIED, openmaf_saef_use_key(maf, ssl, "BBBB@" FQDN, ERROR));
    SAYS("expired at");
    FAILS(OPENMAF_ENOTFOUND, openmaf_saef_use_key(maf, ssl, OTHER, ERROR));
    SAYS("is not in this home");
    FAILS(OPENMAF_EINPUT, openmaf_saef_use_key(maf, ssl, "x", ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_saef_use_key(maf, ssl, NULL, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_saef_use_key(maf, NULL, KEY_ID, ERROR));
    SSL *of_server = SSL_new(server);
    FAILS(OPENMAF_EINPUT, openmaf_saef_use_key(maf, of_server, KEY_ID, ERROR));
    SSL_free(of_server);
    of_server = plain(false, false, KEY_ID, kc);
    FAILS(OPENMAF_EINPUT, openmaf_saef_use_key(maf, of_server, KEY_ID, ERROR));
    assert_null(openmaf_saef_key(of_server));
    SSL_free(of_server);
    SUCCEEDS(openmaf_saef_use_key(maf, ssl, KEY_ID, ERROR)); /* after all that */
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    SSL_CTX_free(server);
}

static void test_bad_calls(void **state)
{
    (void)state;
    SSL_CTX *ctx = NULL;
    struct openmaf_saef what = {.size = sizeof what, .end = OPENMAF_CLIENT};
    FAILS(OPENMAF_EINPUT, openmaf_saef_ctx(NULL, &what, &ctx, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_saef_ctx(maf, NULL, &ctx, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_saef_ctx(maf, &what, NULL, ERROR));
    what.size--;
    FAILS(OPENMAF_EINPUT, openmaf_saef_ctx(maf, &what, &ctx, ERROR));
    what = (struct openmaf_saef){.size = sizeof what, .end = (enum openmaf_end)0};
    FAILS(OPENMAF_EINPUT, openmaf_saef_ctx(maf, &what, &ctx, ERROR));
    assert_null(openmaf_saef_key(NULL));
    assert_null(openmaf_saef_peer(NULL));
}

/* The record of an older version has no forms, or not all. */
static void forms_that_are_missing(void **state)
{
    (void)state;
    struct om_error err = {0};
    SSL_CTX *ctx = our_ctx(OPENMAF_CLIENT, false);
    SSL *ssl = SSL_new(ctx);
    struct key_record *k = key_record_new();
    assert_int_equal(key_record_name(maf, KEY_ID, k, &err), OM_OK);
    assert_int_equal(key_record_read(maf, k, &err), OM_OK);
    k->made = SE_FORM_KEY | SE_FORM_PSK;
    assert_int_equal(key_record_write(maf, k, &err), OM_OK);
    SUCCEEDS(openmaf_saef_use_key(maf, ssl, KEY_ID, ERROR));
    maf->home.saef_tls13 = true;
    FAILS(OPENMAF_EUNSUPPORTED, openmaf_saef_use_key(maf, ssl, KEY_ID, ERROR));
    SAYS("without its form for TLS 1.3");
    maf->home.saef_tls13 = false;
    maf->home.saef_first_half = true;
    FAILS(OPENMAF_EUNSUPPORTED, openmaf_saef_use_key(maf, ssl, KEY_ID, ERROR));
    SAYS("psk = whole");
    maf->home.saef_first_half = false;
    k->made = SE_FORM_KEY;
    assert_int_equal(key_record_write(maf, k, &err), OM_OK);
    FAILS(OPENMAF_EUNSUPPORTED, openmaf_saef_use_key(maf, ssl, KEY_ID, ERROR));
    SAYS("without its form for TLS 1.2");
    assert_int_equal(alert_for(KEY_ID, kc), SSL_AD_BAD_RECORD_MAC);
    openmaf_key_free(&k->pub);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
}

/* The decoy is made once, is no key of the home, and made again when it is not good. */
static void the_decoy(void **state)
{
    (void)state;
    static char first[RECORD_MAX], second[RECORD_MAX];
    struct openmaf_key **list = NULL;
    size_t n = 0;
    SSL_CTX_free(our_ctx(OPENMAF_SERVER, false));
    size_t n1 = fixture_read(fixture_record("decoy-saef"), first, sizeof first);
    SSL_CTX_free(our_ctx(OPENMAF_SERVER, false));
    size_t n2 = fixture_read(fixture_record("decoy-saef"), second, sizeof second);
    assert_int_equal(n1, n2);
    assert_memory_equal(first, second, n1);
    SUCCEEDS(openmaf_key_list(maf, &list, &n, ERROR));
    assert_int_equal(n, 1);
    openmaf_key_list_free(list, n);
    fixture_write(fixture_record("decoy-saef"), "nothing", 7);
    assert_int_equal(alert_for(OTHER, kc), SSL_AD_BAD_RECORD_MAC);
    assert_true(fixture_read(fixture_record("decoy-saef"), second, sizeof second) > 500);
}

/* Peers without the extended master secret (RFC 7627), only where maf.conf lets them in. */
static void extended_master_secret(void **state)
{
    (void)state;
    for (int allowed = 0; allowed < 2; allowed++) {
        struct handshake h = {0};
        maf->home.saef_require_ems = !allowed;
        SSL *client = plain(false, false, KEY_ID, kc);
        SSL_set_options(client, SSL_OP_NO_EXTENDED_MASTER_SECRET);
        handshake_join(&h, client, our_server(false));
        assert_int_equal(handshake_run(&h), allowed);
        handshake_free(&h);
    }
}

int main(int argc, char **argv)
{
#define EACH(name) cmocka_unit_test_setup_teardown(name, test_setup, test_teardown)
    const struct CMUnitTest tests[] = {
        EACH(both_ends),
        EACH(stock_peers),
        EACH(test_MAF_HS_6_all_failures_are_alike),
        EACH(keys_change_meanwhile),
        EACH(test_MAF_KT_9_use_key),
        EACH(test_bad_calls),
        EACH(forms_that_are_missing),
        EACH(the_decoy),
        EACH(extended_master_secret),
    };
    fixture_kind(argc, argv);
    return cmocka_run_group_tests(tests, setup, fixture_teardown);
}
