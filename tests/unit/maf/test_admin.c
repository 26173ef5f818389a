/* The operator's interface (src/maf/admin.h). */
#include "world.h"

static om_rc add(const char *id, const char *admin, const char *kmid, size_t km_len,
                 char out[M2M_KEY_ID_SIZE])
{
    struct maf_admin_client client = {.id = id, .admin_fqdn = admin, .kmid = kmid};
    struct om_secret km = OM_SECRET_INIT;
    SUCCEEDS(om_secret_alloc(&km, km_len, ERR));
    om_rc rc = maf_admin_client_add(world_store, world_se, FQDN, &client, &km, NULL, out, ERR);
    om_secret_free(&km);
    return rc;
}

static void test_stakeholders(void **state)
{
    (void)state;
    struct store_stakeholder r = {0};
    SUCCEEDS(maf_admin_stakeholder_add(world_store, "Upper.Example.Com", ERR));
    FAILS(OM_ECONFLICT, maf_admin_stakeholder_add(world_store, "upper.example.com", ERR));
    FAILS(OM_EINPUT, maf_admin_stakeholder_add(world_store, "not a name", ERR));
    FAILS(OM_EINPUT, maf_admin_policy_set(world_store, "upper.example.com", "{\"typo\": 1}", ERR));
    FAILS(OM_ENOTFOUND, maf_admin_policy_set(world_store, "unknown.example.com", "{}", ERR));
    SUCCEEDS(maf_admin_policy_set(world_store, "upper.example.com", "{\"suids\":[32]}", ERR));
    SUCCEEDS(store_stakeholder_get(world_store, "upper.example.com", &r, ERR));
    assert_string_equal(r.policy, "{\"suids\":[32]}");
    store_stakeholder_free(&r);
}

static void test_client_with_a_given_kmid_and_km(void **state)
{
    (void)state;
    char kmid[M2M_KEY_ID_SIZE];
    SUCCEEDS(add("//sp.example.com/one", ADMIN, "one", 16, kmid));
    assert_string_equal(kmid, "one@" FQDN);
    SUCCEEDS(add("//sp.example.com/one", ADMIN, "Two@MAF.example.com", 64, kmid));
    assert_string_equal(kmid, "Two@" FQDN);
    SUCCEEDS(store_permit_check(world_store, "//sp.example.com/one", ADMIN, ERR));
}

static void test_client_errors_leave_nothing(void **state)
{
    (void)state;
    char kmid[M2M_KEY_ID_SIZE];
    struct store_counts before, after;
    SUCCEEDS(store_count(world_store, &before, ERR));
    FAILS(OM_EINPUT, add("//sp.example.com/x", ADMIN, NULL, 15, kmid));
    FAILS(OM_EINPUT, add("//sp.example.com/x", ADMIN, NULL, 65, kmid));
    FAILS(OM_EINPUT, add("x", ADMIN, NULL, 32, kmid));
    FAILS(OM_EINPUT, add("//sp.example.com/x", ADMIN, "bad name", 32, kmid));
    FAILS(OM_EINPUT, add("//sp.example.com/x", ADMIN, "a@other.example.com", 32, kmid));
    FAILS(OM_ENOTFOUND, add("//sp.example.com/x", "unknown.example.com", NULL, 32, kmid));
    struct maf_admin_client past = {.id = "//sp.example.com/x", .admin_fqdn = ADMIN, .expires = 1};
    struct om_secret km = OM_SECRET_INIT;
    FAILS(OM_EINPUT, maf_admin_client_add(world_store, world_se, FQDN, &past, NULL, &km, kmid, ERR));
    assert_null(km.octets);
    SUCCEEDS(store_count(world_store, &after, ERR));
    assert_int_equal(after.credentials, before.credentials);
    FAILS(OM_ENOTFOUND, store_permit_check(world_store, "//sp.example.com/x", ADMIN, ERR));
}

static void test_client_with_a_generated_km(void **state)
{
    (void)state;
    struct maf_admin_client client = {.id = "//sp.example.com/gen", .admin_fqdn = ADMIN};
    struct om_secret km[2] = {OM_SECRET_INIT, OM_SECRET_INIT};
    char kmid[2][M2M_KEY_ID_SIZE];
    for (int i = 0; i < 2; i++) {
        SUCCEEDS(maf_admin_client_add(world_store, world_se, FQDN, &client, NULL, &km[i], kmid[i], ERR));
        assert_int_equal(km[i].len, 32);
        assert_int_equal(strncmp(kmid[i], "km-", 3), 0);
        assert_int_equal(strspn(kmid[i] + 3, "0123456789abcdef"), 16);
    }
    assert_string_not_equal(kmid[0], kmid[1]);
    assert_memory_not_equal(km[0].octets, km[1].octets, 32);

    /* The client can use it. */
    struct device *d = device_stranger(kmid[0]);
    struct se_blob blob;
    se_key_unref(d->km);
    SUCCEEDS(se_import_psk(world_se, km[0].octets, km[0].len, &blob, ERR));
    SUCCEEDS(se_load(world_se, &blob, SE_USE_TLS12_PSK, &d->km, ERR));
    device_connect(d);
    om_secret_free(&km[0]);
    om_secret_free(&km[1]);
}

static void test_MAF_GEN_10_a_kmid_is_never_given_twice(void **state)
{
    (void)state;
    char kmid[M2M_KEY_ID_SIZE];
    SUCCEEDS(add("//sp.example.com/a", ADMIN, "burnt", 32, kmid));
    FAILS(OM_ECONFLICT, add("//sp.example.com/b", ADMIN, "BURNT", 32, kmid));
    SUCCEEDS(maf_admin_client_revoke(world_store, "burnt@" FQDN, ERR));
    FAILS(OM_ECONFLICT, add("//sp.example.com/b", ADMIN, "burnt", 32, kmid));
    SUCCEEDS(store_credential_delete(world_store, "burnt@" FQDN, ERR));
    FAILS(OM_ECONFLICT, add("//sp.example.com/b", ADMIN, "burnt", 32, kmid));
    FAILS(OM_ENOTFOUND, maf_admin_client_revoke(world_store, "never@" FQDN, ERR));
}

static void test_client_configuration(void **state)
{
    (void)state;
    struct device *d = device_new();
    FAILS(OM_EINPUT, maf_admin_client_cfg(world_store, NULL, d->id, ADMIN, "{\"typo\":1}", ERR));
    FAILS(OM_EINPUT, maf_admin_client_cfg(world_store, NULL, d->id, ADMIN, "{", ERR));
    FAILS(OM_EINPUT, maf_admin_client_cfg(world_store, NULL, "x", ADMIN, "{\"krgc\":[]}", ERR));
    FAILS(OM_ENOTFOUND,
          maf_admin_client_cfg(world_store, NULL, d->id, "unknown.example.com", "{\"krgc\":[]}", ERR));
    FAILS(OM_ENOTFOUND, maf_admin_client_cfg(world_store, NULL, d->id, ADMIN, NULL, ERR));
    SUCCEEDS(maf_admin_client_cfg(world_store, NULL, "11-km@" FQDN, ADMIN, "{\"krgc\":[]}", ERR));
}

static void test_registrations_and_keys_end_on_the_operators_word(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    const char *key = own_key(d, 32, d);
    SUCCEEDS(maf_admin_registration_revoke(world_store, d->registration, true, ERR));
    RSC(2000, d, "{'op':2,'to':'-/%s'}", key);
    FAILS(OM_ENOTFOUND, maf_admin_registration_revoke(world_store, d->registration, false, ERR));
    registered(d);
    SUCCEEDS(maf_admin_registration_revoke(world_store, d->registration, false, ERR));
    RSC(4004, d, "{'op':2,'to':'-/%s'}", key);
    registered(d);
    key = own_key(d, 32, d);
    char whole[M2M_KEY_ID_SIZE];
    SUCCEEDS(m2m_key_id_join(whole, key, FQDN, ERR));
    SUCCEEDS(maf_admin_key_revoke(world_store, whole, ERR));
    FAILS(OM_ENOTFOUND, maf_admin_key_revoke(world_store, key, ERR));
    FAILS(OM_EINPUT, maf_admin_key_revoke(world_store, "no key", ERR));
}

static om_rc edit(const char *key, const char *to_add, const char *to_remove)
{
    char *added[] = {(char *)to_add}, *removed[] = {(char *)to_remove};
    struct m2m_list add_list = {to_add != NULL, added}, remove_list = {to_remove != NULL, removed};
    return maf_admin_key_targets(world_store, key, &add_list, &remove_list, ERR);
}

static void test_MAF_KR_13_targets_of_esdata_keys_can_be_edited(void **state)
{
    (void)state;
    struct device *d = device_new(), *t = device_new();
    registered(d);
    const char *key = own_key(d, 34, d);
    RSC(4103, t, "{'op':2,'to':'-/%s'}", key);
    SUCCEEDS(edit(key, t->id, NULL));
    RSC(2000, t, "{'op':2,'to':'-/%s'}", key);
    RSC(2000, d, "{'op':2,'to':'-/%s'}", key);
    SUCCEEDS(edit(key, NULL, d->id));
    RSC(4103, d, "{'op':2,'to':'-/%s'}", key);
    FAILS(OM_EINPUT, edit(key, NULL, t->id)); /* the last one */
    FAILS(OM_ENOTFOUND, edit(key, NULL, d->id));
    FAILS(OM_EINPUT, edit(key, "relative", NULL));
    FAILS(OM_ENOTFOUND, edit("00", t->id, NULL));
    FAILS(OM_EDENIED, edit(own_key(d, 33, d), t->id, NULL));
    FAILS(OM_EDENIED, edit(own_key(d, 32, d), t->id, NULL));
    RSC(2000, t, "{'op':2,'to':'-/%s'}", key);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_stakeholders),
        WORLD_TEST(test_client_with_a_given_kmid_and_km),
        WORLD_TEST(test_client_errors_leave_nothing),
        WORLD_TEST(test_client_with_a_generated_km),
        WORLD_TEST(test_MAF_GEN_10_a_kmid_is_never_given_twice),
        WORLD_TEST(test_client_configuration),
        WORLD_TEST(test_registrations_and_keys_end_on_the_operators_word),
        WORLD_TEST(test_MAF_KR_13_targets_of_esdata_keys_can_be_edited),
    };
    return WORLD_RUN(argc, argv, tests);
}
