/* MAF Handshake with pre-shared keys (TS-0003 8.8.2.2). */
#include "world.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void test_MAF_HS_1_the_kmid_finds_km_and_the_identity(void **state)
{
    (void)state;
    struct device *d = device_new();
    device_connect(d);
    const struct maf_peer *peer = d->session.peer;
    assert_int_equal(peer->kind, MAF_CREDENTIAL_KMID);
    assert_false(peer->decoy);
    assert_string_equal(peer->kmid, d->kmid);
    assert_int_equal(peer->identities.n, 1);
    assert_string_equal(peer->identities.items[0], d->id);
}

static void test_MAF_HS_1_MAF_KT_8_without_a_mapping_the_identity_is_the_credential_id(void **state)
{
    (void)state;
    struct device *d = device_new();
    struct store_credential r = {
        .kmid = "unmapped@" FQDN, .admin_fqdn = ADMIN, .state = STORE_CREDENTIAL_ACTIVE};
    struct store_credential known;
    uint8_t km[32] = {7};
    SUCCEEDS(store_credential_get(world_store, d->kmid, &known, ERR));
    SUCCEEDS(se_import_psk(world_se, km, sizeof km, &r.km, ERR));
    SUCCEEDS(store_credential_create(world_store, &r, ERR));
    struct device *u = device_stranger(r.kmid);
    se_key_unref(u->km);
    SUCCEEDS(se_load(world_se, &r.km, SE_USE_TLS12_PSK, &u->km, ERR));
    device_connect(u);
    assert_string_equal(u->session.peer->identities.items[0], "11-unmapped@" FQDN);
    RSC(2000, u, "{'op':2,'to':'-','fr':'11-unmapped@" FQDN "'}");
    RSC(4106, u, "{'op':2,'to':'-','fr':'%s'}", d->id);
}

static void test_MAF_HS_7_letter_case_of_the_kmid_does_not_matter(void **state)
{
    (void)state;
    struct device *d = device_new();
    for (char *p = d->kmid; *p != '\0'; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
    device_connect(d);
    RSC(2000, d, "{'op':2,'to':'-'}");
}

static void test_MAF_HS_6_all_failures_look_alike(void **state)
{
    (void)state;
    struct device *d = device_new();
    struct device *revoked = device_new();
    struct device *expired = device_under(ADMIN, world_now() + 100);
    struct device *altered = device_new();
    struct device *wrong = device_stranger(d->kmid);
    SUCCEEDS(maf_admin_client_revoke(world_store, revoked->kmid, ERR));
    world_sql("UPDATE credential SET identity = '//sp.example.com/evil' WHERE kmid = '%s'", altered->kmid);
    world_advance(100);

    int reason = device_refused(wrong, d->kmid);
    assert_int_not_equal(reason, 0);
    assert_int_equal(device_refused(revoked, revoked->kmid), reason);
    assert_int_equal(device_refused(expired, expired->kmid), reason);
    assert_int_equal(device_refused(altered, altered->kmid), reason);
    static const char *const identities[] = {
        "nobody@" FQDN, "nobody@other.example.com", "no-at-sign", "two@at@" FQDN, "@" FQDN, "x@", " ",
        "*@" FQDN,
    };
    for (size_t i = 0; i < sizeof identities / sizeof identities[0]; i++)
        for (int twice = 0; twice < 2; twice++) /* first contact, and from the cache */
            assert_int_equal(device_refused(d, identities[i]), reason);
    device_connect(d);
}

static void test_MAF_HS_6_the_truth_is_counted(void **state)
{
    (void)state;
    struct maf_stats before, after;
    struct device *d = device_new();
    struct device *revoked = device_new();
    struct device *expired = device_under(ADMIN, world_now() + 100);
    struct device *altered = device_new();
    SUCCEEDS(maf_admin_client_revoke(world_store, revoked->kmid, ERR));
    world_sql("UPDATE credential SET expires = 0, created = 1 WHERE kmid = '%s'", altered->kmid);
    world_advance(100);
    maf_stats(world_maf, &before);
    device_connect(d);
    (void)device_refused(revoked, revoked->kmid);
    (void)device_refused(expired, expired->kmid);
    (void)device_refused(altered, altered->kmid);
    (void)device_refused(d, "nobody@" FQDN);
    (void)device_refused(d, "malformed");
    maf_stats(world_maf, &after);
    assert_int_equal(after.psk_found - before.psk_found, 1);
    assert_int_equal(after.psk_revoked - before.psk_revoked, 1);
    assert_int_equal(after.psk_expired - before.psk_expired, 1);
    assert_int_equal(after.psk_bad_row - before.psk_bad_row, 1);
    assert_int_equal(after.psk_unknown - before.psk_unknown, 2);
}

static om_rc find(const char *identity, struct se_key **key, struct maf_peer **peer)
{
    struct omtls_hello hello = {.identity = identity, .sni = FQDN};
    void *found = NULL;
    om_rc rc = maf_find_psk(world_maf, &hello, key, &found, ERR);
    *peer = found;
    return rc;
}

static void test_MAF_HS_6_a_decoy_is_a_loaded_key_and_marks_its_peer(void **state)
{
    (void)state;
    struct se_key *key = NULL;
    struct maf_peer *peer = NULL;
    SUCCEEDS(find("nobody-yet@" FQDN, &key, &peer));
    assert_non_null(key);
    assert_true(peer->decoy);
    assert_int_equal(peer->kind, MAF_CREDENTIAL_NONE);
    assert_int_equal(peer->identities.n, 0);
    maf_peer_free(peer);
    se_key_unref(key);

    /* The KmID comes to exist while its decoy is still in the cache. */
    struct maf_admin_client client = {
        .id = "//sp.example.com/new", .admin_fqdn = ADMIN, .kmid = "nobody-yet"};
    struct om_secret km = OM_SECRET_INIT;
    char kmid[M2M_KEY_ID_SIZE];
    SUCCEEDS(maf_admin_client_add(world_store, world_se, FQDN, &client, NULL, &km, kmid, ERR));
    om_secret_free(&km);
    SUCCEEDS(find(kmid, &key, &peer));
    assert_false(peer->decoy);
    maf_peer_free(peer);
    se_key_unref(key);
}

static void test_MAF_HS_6_each_process_has_its_own_decoy(void **state)
{
    (void)state;
    const struct se_part text = {"x", 1};
    uint8_t mac[2][SE_MAC_SIZE];
    for (int i = 0; i < 2; i++) {
        struct se_key *key = NULL;
        struct maf_peer *peer = NULL;
        world_restart(&(struct maf_options){0});
        SUCCEEDS(find("nobody@" FQDN, &key, &peer));
        SUCCEEDS(se_hmac(key, &text, 1, mac[i], ERR));
        maf_peer_free(peer);
        se_key_unref(key);
    }
    assert_memory_not_equal(mac[0], mac[1], SE_MAC_SIZE);
}

static void test_MAF_GEN_2_a_credential_revoked_during_a_session_ends_it(void **state)
{
    (void)state;
    struct device *d = device_new();
    RSC(2000, d, "{'op':2,'to':'-'}");
    SUCCEEDS(maf_admin_client_revoke(world_store, d->kmid, ERR));
    RSC(4106, d, "{'op':2,'to':'-'}");
    assert_true(d->session.close);
}

static void test_MAF_GEN_2_a_credential_that_expires_during_a_session_ends_it(void **state)
{
    (void)state;
    struct device *d = device_under(ADMIN, world_now() + 10);
    RSC(2000, d, "{'op':2,'to':'-'}");
    world_advance(9);
    RSC(2000, d, "{'op':2,'to':'-'}");
    world_advance(1);
    RSC(4106, d, "{'op':2,'to':'-'}");
    assert_true(d->session.close);
}

static void test_MAF_GEN_2_a_credential_altered_during_a_session_ends_it(void **state)
{
    (void)state;
    struct device *d = device_new();
    RSC(2000, d, "{'op':2,'to':'-'}");
    world_sql("UPDATE credential SET expires = 4000000000 WHERE kmid = '%s'", d->kmid);
    RSC(4106, d, "{'op':2,'to':'-'}");
    assert_true(d->session.close);
}

/* Anybody can send an identity: it must not pass for other fields of the audit line. */
static void test_an_identity_stays_one_field_of_the_log(void **state)
{
    (void)state;
    char line[1024] = "";
    struct device *d = device_new();
    FILE *log = tmpfile();
    int saved = dup(STDERR_FILENO);
    assert_non_null(log);
    world_advance(1); /* a new second has its own share of lines */
    assert_int_equal(dup2(fileno(log), STDERR_FILENO), STDERR_FILENO);
    (void)device_refused(d, "x\" reason=found identity=\"y@" FQDN);
    assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    (void)close(saved);
    rewind(log);
    assert_true(fread(line, 1, sizeof line - 1, log) > 0);
    (void)fclose(log);
    assert_non_null(strstr(line, "reason=malformed identity=\"x??reason=found?identity=?y@" FQDN "\"\n"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_MAF_HS_1_the_kmid_finds_km_and_the_identity),
        WORLD_TEST(test_MAF_HS_1_MAF_KT_8_without_a_mapping_the_identity_is_the_credential_id),
        WORLD_TEST(test_MAF_HS_7_letter_case_of_the_kmid_does_not_matter),
        WORLD_TEST(test_MAF_HS_6_all_failures_look_alike),
        WORLD_TEST(test_MAF_HS_6_the_truth_is_counted),
        WORLD_TEST(test_an_identity_stays_one_field_of_the_log),
        WORLD_TEST(test_MAF_HS_6_a_decoy_is_a_loaded_key_and_marks_its_peer),
        WORLD_TEST(test_MAF_HS_6_each_process_has_its_own_decoy),
        WORLD_TEST(test_MAF_GEN_2_a_credential_revoked_during_a_session_ends_it),
        WORLD_TEST(test_MAF_GEN_2_a_credential_that_expires_during_a_session_ends_it),
        WORLD_TEST(test_MAF_GEN_2_a_credential_altered_during_a_session_ends_it),
    };
    return WORLD_RUN(argc, argv, tests);
}
