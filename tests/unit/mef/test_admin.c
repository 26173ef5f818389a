/* The operator's side of a MEF (mef/admin.h). */
#include "mef_world.h"

#define ENROLEE "//sp.example.com/cse1/Cadm"

static void test_rights(void **state)
{
    (void)state;
    struct store_enrolee r = {0};
    FAILS(OM_EINPUT, mef_admin_allow(world_store, "/relative", 21, "maf.example.com", 0, ERR));
    FAILS(OM_EINPUT, mef_admin_allow(world_store, ENROLEE, 20, "maf.example.com", 0, ERR));
    FAILS(OM_EINPUT, mef_admin_allow(world_store, ENROLEE, 32, "//sp.example.com/cse1", 0, ERR));
    FAILS(OM_EINPUT, mef_admin_allow(world_store, ENROLEE, 21, "//sp.example.com/cse1", 0, ERR));
    FAILS(OM_EINPUT, mef_admin_allow(world_store, ENROLEE, 22, "maf.example.com", 0, ERR));
    FAILS(OM_EINPUT, mef_admin_allow(world_store, ENROLEE, 21, "maf.example.com", -1, ERR));
    FAILS(OM_ENOTFOUND, store_enrolee_get(world_store, ENROLEE, &r, ERR));

    SUCCEEDS(mef_admin_allow(world_store, ENROLEE, 21, "maf.example.com", 0, ERR));
    SUCCEEDS(mef_admin_allow(world_store, ENROLEE, 21, "maf.example.com", 0, ERR)); /* no change */
    SUCCEEDS(mef_admin_allow(world_store, ENROLEE, 24, "//sp.example.com/cse1", 60, ERR));
    SUCCEEDS(store_enrolee_get(world_store, ENROLEE, &r, ERR));
    assert_int_equal(r.rights.n, 2);
    assert_string_equal(r.rights.items[0], "21 maf.example.com");
    assert_int_equal(r.lifetime, 60);
    store_enrolee_free(&r);

    FAILS(OM_ENOTFOUND, mef_admin_forbid(world_store, ENROLEE, 25, "//sp.example.com/cse1", ERR));
    SUCCEEDS(mef_admin_forbid(world_store, ENROLEE, 21, "maf.example.com", ERR));
    SUCCEEDS(store_enrolee_get(world_store, ENROLEE, &r, ERR));
    assert_int_equal(r.rights.n, 1);
    store_enrolee_free(&r);
    SUCCEEDS(mef_admin_enrolee_remove(world_store, ENROLEE, ERR));
    FAILS(OM_ENOTFOUND, mef_admin_enrolee_remove(world_store, ENROLEE, ERR));
}

static void test_revoking_a_kpmid_ends_its_enrolments(void **state)
{
    (void)state;
    struct device *d = device_new();
    struct device *other = device_new();
    char keid[33];
    struct store_enrolment r;
    SUCCEEDS(mef_admin_allow(world_store, d->id, 21, "maf.example.com", 0, ERR));
    SUCCEEDS(mef_admin_allow(world_store, other->id, 21, "maf.example.com", 0, ERR));
    device_connect(d);
    device_connect(other);
    SUCCEEDS(maf_admin_client_revoke(world_store, d->kmid, ERR));
    keid_of(d, keid);
    FAILS(OM_ENOTFOUND, store_enrolment_get(world_store, keid, &r, ERR));
    keid_of(other, keid);
    SUCCEEDS(store_enrolment_get(world_store, keid, &r, ERR));
    SUCCEEDS(mef_admin_enrolment_revoke(world_store, keid, ERR));
    FAILS(OM_ENOTFOUND, mef_admin_enrolment_revoke(world_store, keid, ERR));
    FAILS(OM_EINPUT, mef_admin_enrolment_revoke(world_store, "no keid", ERR));
}

static void test_a_maf_is_a_client(void **state)
{
    (void)state;
    char kpmid[M2M_KEY_ID_SIZE];
    struct om_secret kpm = OM_SECRET_INIT;
    struct maf_admin_client client = {.role = &maf_role_mef, .id = "maf9.example.com", .admin_fqdn = ADMIN};
    SUCCEEDS(maf_admin_client_add(world_store, world_se, FQDN, &client, NULL, &kpm, kpmid, ERR));
    assert_int_equal(strncmp(kpmid, "kpm-", 4), 0);
    om_secret_free(&kpm);
    client.role = NULL; /* at a MAF it is none */
    FAILS(OM_EINPUT, maf_admin_client_add(world_store, world_se, FQDN, &client, NULL, &kpm, kpmid, ERR));
}

static void test_commands_hold_their_stakeholder(void **state)
{
    (void)state;
    char id[M2M_RELATIVE_SIZE];
    const char *admin = world_stakeholder(NULL);
    const char *json = "{\"cmci\":2,\"cmar\":{\"dcca\":{\"dcfu\":\"3:coaps://a.example\"}}}";
    FAILS(OM_ENOTFOUND,
          mef_admin_command_add(world_store, world_se, FQDN, ENROLEE, "unknown.example.com", json, id, ERR));
    SUCCEEDS(mef_admin_command_add(world_store, world_se, FQDN, ENROLEE, admin, json, id, ERR));
    FAILS(OM_ECONFLICT, maf_admin_stakeholder_remove(world_store, admin, ERR));
    SUCCEEDS(mef_admin_command_remove(world_store, id, ERR));
    FAILS(OM_ENOTFOUND, mef_admin_command_remove(world_store, id, ERR));
    SUCCEEDS(maf_admin_stakeholder_remove(world_store, admin, ERR));
}

static om_rc add_cert_prov(const char *uri)
{
    char id[M2M_RELATIVE_SIZE];
    char json[512];
    (void)snprintf(json, sizeof json,
                   "{\"cmci\":1,\"cmar\":{\"cpca\":{\"cppi\":1,\"uri\":\"%s\",\"csty\":3,\"csid\":\"%s\"}}}",
                   uri, ENROLEE);
    return mef_admin_command_add(world_store, world_se, FQDN, ENROLEE, ADMIN, json, id, ERR);
}

/* Certificates come from this MEF (TS-0003 8.3.6); a user's name in front of another host is not its FQDN. */
static void test_certificates_are_provisioned_by_this_mef(void **state)
{
    (void)state;
    static const char *const good[] = {"https://" FQDN "/est", "https://" FQDN ":8443", "coaps://" FQDN "?x"};
    static const char *const bad[] = {"https://elsewhere.example.com/est",
                                      "https://" FQDN ":443@elsewhere.example.com/est",
                                      "https://" FQDN ":@elsewhere.example.com",
                                      "https://" FQDN "@elsewhere.example.com/est",
                                      "https://x:" FQDN "/est",
                                      "http://" FQDN "/est",
                                      "x://https://" FQDN "/est",
                                      "https:///est"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        SUCCEEDS(add_cert_prov(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        FAILS(OM_EINPUT, add_cert_prov(bad[i]));
}

/* The URI is an argument of the program that a client has for DEV_CFG, and not one of its options. */
static void test_device_management_needs_a_uri(void **state)
{
    (void)state;
    static const char *const bad[] = {"3:",     "3:--config=/tmp/x", "3:-x:y", "3:/etc/passwd",
                                      "3:1a:b", "3:coaps:"};
    char id[M2M_RELATIVE_SIZE];
    char json[128];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(json, sizeof json, "{\"cmci\":2,\"cmar\":{\"dcca\":{\"dcfu\":\"%s\"}}}", bad[i]);
        FAILS(OM_EINPUT, mef_admin_command_add(world_store, world_se, FQDN, ENROLEE, ADMIN, json, id, ERR));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_rights),
        WORLD_TEST(test_revoking_a_kpmid_ends_its_enrolments),
        WORLD_TEST(test_a_maf_is_a_client),
        WORLD_TEST(test_commands_hold_their_stakeholder),
        WORLD_TEST(test_certificates_are_provisioned_by_this_mef),
        WORLD_TEST(test_device_management_needs_a_uri),
    };
    return MEF_RUN(argc, argv, tests);
}
