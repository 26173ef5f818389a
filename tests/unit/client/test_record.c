/* Records: what is written comes back; what anything else wrote is refused and named. */
#include "client/record.h"
#include "fixture.h"
#include "onem2m/types.h"

#include <unistd.h>

static struct openmaf *maf;
static struct om_error err;

static int open_client(void **state)
{
    (void)state;
    maf = fixture_client(1, NULL);
    err = (struct om_error){0};
    return 0;
}

static int close_client(void **state)
{
    (void)state;
    openmaf_close(maf);
    return 0;
}

static void write_record(const char *name, const char *text)
{
    json_t *object = json_pack("{s:s}", "text", text);
    assert_int_equal(record_write(&maf->home, maf->se, name, object, &err), OM_OK);
    json_decref(object);
}

static om_rc read_record(const char *name)
{
    json_t *object = NULL;
    om_rc rc = record_read(&maf->home, maf->se, name, &object, &err);
    json_decref(object);
    return rc;
}

static void test_round_trip(void **state)
{
    (void)state;
    json_t *object = NULL;
    write_record("key-a", "one");
    write_record("key-a", "two");
    assert_int_equal(record_read(&maf->home, maf->se, "key-a", &object, &err), OM_OK);
    assert_string_equal(json_string_value(json_object_get(object, "text")), "two");
    json_decref(object);
    assert_int_equal(read_record("key-b"), OM_ENOTFOUND);
    assert_int_equal(record_remove(&maf->home, "key-a", &err), OM_OK);
    assert_int_equal(record_remove(&maf->home, "key-a", &err), OM_ENOTFOUND);
    assert_int_equal(read_record("key-a"), OM_ENOTFOUND);
}

/* Any one octet of the file changed. */
static void test_every_octet_counts(void **state)
{
    (void)state;
    char text[1024];
    write_record("key-a", "value");
    size_t n = fixture_read(fixture_record("key-a"), text, sizeof text);
    for (size_t i = 0; i < n; i++) {
        text[i] ^= 1;
        fixture_write(fixture_record("key-a"), text, n);
        om_rc rc = read_record("key-a");
        if (rc != OM_EINTEGRITY && rc != OM_ECONFIG) /* the latter for the root's identifier */
            fail_msg("octet %zu: code %d", i, (int)rc);
        assert_non_null(strstr(err.text, "key-a.rec"));
        text[i] ^= 1;
    }
    for (size_t cut = 0; cut < n; cut++) {
        fixture_write(fixture_record("key-a"), text, cut);
        assert_int_equal(read_record("key-a"), OM_EINTEGRITY);
    }
    fixture_write(fixture_record("key-a"), text, n);
    assert_int_equal(read_record("key-a"), OM_OK);
}

static void test_swapped(void **state)
{
    (void)state;
    char text[1024];
    write_record("key-a", "value");
    write_record("key-b", "other");
    size_t n = fixture_read(fixture_record("key-a"), text, sizeof text);
    fixture_write(fixture_record("key-b"), text, n);
    assert_int_equal(read_record("key-b"), OM_EINTEGRITY);
    assert_int_equal(read_record("key-a"), OM_OK);
}

/* A record belongs to one client at one MAF, even on one token. */
static void test_other_home(void **state)
{
    (void)state;
    write_record("key-a", "value");
    struct home before = maf->home;
    (void)snprintf(maf->home.id, sizeof maf->home.id, TARGET);
    assert_int_equal(read_record("key-a"), OM_EINTEGRITY);
    maf->home = before;
    (void)snprintf(maf->home.maf.fqdn, sizeof maf->home.maf.fqdn, "maf2.example.com");
    assert_int_equal(read_record("key-a"), OM_EINTEGRITY);
    maf->home = before;
    assert_int_equal(read_record("key-a"), OM_OK);
}

static void test_not_a_file(void **state)
{
    (void)state;
    char text[RECORD_MAX + 1] = "x";
    fixture_write(fixture_record("key-long"), text, sizeof text);
    assert_int_equal(read_record("key-long"), OM_EINTEGRITY);
    assert_int_equal(symlink(fixture_home(), fixture_record("key-dir")), 0);
    assert_int_equal(read_record("key-dir"), OM_EINTEGRITY);
    assert_int_equal(unlink(fixture_record("key-dir")), 0);
    fixture_write(fixture_record("key-empty"), text, 0);
    assert_int_equal(read_record("key-empty"), OM_EINTEGRITY);
}

static void test_names(void **state)
{
    (void)state;
    char name[RECORD_NAME_SIZE];
    assert_int_equal(record_name(name, RECORD_CREDENTIAL, "KM-1@maf.example.com", &err), OM_OK);
    assert_string_equal(name, "credential-km-1@maf.example.com");
    assert_string_equal(record_text(name), "km-1@maf.example.com");
    static const char *const bad[] = {"", "a/b", "../x", "a b", "\xc3\xa4", "a\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(record_name(name, RECORD_KEY, bad[i], &err), OM_EINPUT);
    char text[300];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_int_equal(record_name(name, RECORD_REGISTRATION, text, &err), OM_EINPUT);
}

static void test_listing(void **state)
{
    (void)state;
    struct m2m_list names = M2M_LIST_INIT;
    write_record("key-b", "x");
    write_record("key-a", "x");
    write_record("credential-c", "x");
    fixture_write(fixture_record("key-z"), "forged", 6);
    assert_int_equal(record_names(&maf->home, RECORD_KEY, &names, &err), OM_OK);
    assert_int_equal(names.n, 3);
    assert_string_equal(names.items[0], "key-a");
    assert_string_equal(names.items[2], "key-z");
    m2m_list_free(&names);
    /* the public list reports it and goes on */
    struct openmaf_key **list = NULL;
    size_t n = 0;
    SUCCEEDS(openmaf_key_list(maf, &list, &n, ERROR));
    assert_int_equal(n, 3);
    assert_non_null(strstr(list[2]->problem, "key-z.rec"));
    openmaf_key_list_free(list, n);
}

/* An edited credential is not used, and none is silently used in its place. */
static void test_edited_credential(void **state)
{
    (void)state;
    char text[4096];
    SUCCEEDS(openmaf_credential_import(maf, "a@" FQDN, fixture_km, 32, ERROR));
    SUCCEEDS(openmaf_credential_import(maf, "b@" FQDN, fixture_km, 32, ERROR));
    size_t n = fixture_read(fixture_record("credential-b@" FQDN), text, sizeof text);
    text[n - 10] ^= 1;
    fixture_write(fixture_record("credential-b@" FQDN), text, n);
    const struct openmaf_discovery filter = {.size = sizeof filter};
    char **ids = NULL;
    FAILS(OPENMAF_EINTEGRITY, openmaf_discover(maf, &filter, &ids, &n, ERROR));
    SAYS("credential-b@" FQDN ".rec");
    struct openmaf_credential **list = NULL;
    SUCCEEDS(openmaf_credential_list(maf, &list, &n, ERROR));
    assert_int_equal(n, 2);
    assert_null(list[0]->problem);
    assert_non_null(list[1]->problem);
    assert_false(list[0]->current || list[1]->current);
    openmaf_credential_list_free(list, n);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, open_client, close_client),
        cmocka_unit_test_setup_teardown(test_every_octet_counts, open_client, close_client),
        cmocka_unit_test_setup_teardown(test_swapped, open_client, close_client),
        cmocka_unit_test_setup_teardown(test_other_home, open_client, close_client),
        cmocka_unit_test_setup_teardown(test_not_a_file, open_client, close_client),
        cmocka_unit_test_setup_teardown(test_names, open_client, close_client),
        cmocka_unit_test_setup_teardown(test_listing, open_client, close_client),
        cmocka_unit_test_setup_teardown(test_edited_credential, open_client, close_client),
    };
    fixture_kind(argc, argv);
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
