/* Homes and credentials: making, opening, importing, listing, forgetting, locking. */
#include "client/credential.h"
#include "fixture.h"

#include <sys/stat.h>

static struct openmaf *maf;

static int open_client(void **state)
{
    (void)state;
    maf = fixture_client(1, NULL);
    return 0;
}

static int close_client(void **state)
{
    (void)state;
    openmaf_close(maf);
    return 0;
}

static void test_init(void **state)
{
    (void)state;
    struct openmaf_home values = {
        .size = sizeof values, .id = OWN_ID, .maf_fqdn = FQDN, .token_uri = fixture_token->uri};
    FAILS(OPENMAF_ECONFLICT, openmaf_home_init(fixture_home(), &values, ERROR));
    SAYS("is a home already");
    values.size--;
    FAILS(OPENMAF_EINPUT, openmaf_home_init(fixture_home(), &values, ERROR));
    SAYS("size");
    assert_string_equal(openmaf_id(maf), OWN_ID);
    assert_string_equal(openmaf_fqdn(maf), FQDN);
    struct stat st;
    assert_int_equal(stat(fixture_home(), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    struct openmaf *other = NULL;
    FAILS(OPENMAF_ENOTFOUND, openmaf_open("no-such-directory", &other, ERROR));
    assert_null(other);
}

static void test_token_status(void **state)
{
    (void)state;
    struct openmaf_token t;
    SUCCEEDS(openmaf_token_status(maf, &t, ERROR));
    assert_int_equal(strlen(t.root_id), 16);
    assert_string_not_equal(t.plugin, "");
}

static void test_import(void **state)
{
    (void)state;
    struct openmaf_credential **list = NULL;
    size_t n = 9;
    SUCCEEDS(openmaf_credential_list(maf, &list, &n, ERROR));
    assert_int_equal(n, 0);
    openmaf_credential_list_free(list, n);

    SUCCEEDS(openmaf_credential_import(maf, KMID, fixture_km, 32, ERROR));
    FAILS(OPENMAF_ECONFLICT, openmaf_credential_import(maf, "KM-1@MAF.example.com", fixture_km, 32, ERROR));
    SUCCEEDS(openmaf_credential_import(maf, "a-later-one@" FQDN, fixture_km, 16, ERROR));
    SUCCEEDS(openmaf_credential_list(maf, &list, &n, ERROR));
    assert_int_equal(n, 2);
    assert_string_equal(list[0]->kmid, "a-later-one@" FQDN);
    assert_true(list[0]->current); /* the newest, whatever its name */
    assert_string_equal(list[1]->kmid, KMID);
    assert_false(list[1]->current);
    assert_null(list[1]->problem);
    openmaf_credential_list_free(list, n);

    SUCCEEDS(openmaf_credential_forget(maf, KMID, ERROR));
    FAILS(OPENMAF_ENOTFOUND, openmaf_credential_forget(maf, KMID, ERROR));
    SUCCEEDS(openmaf_credential_import(maf, KMID, fixture_km, 32, ERROR));
    SUCCEEDS(openmaf_credential_list(maf, &list, &n, ERROR));
    assert_true(list[1]->current); /* again the newest */
    openmaf_credential_list_free(list, n);
}

/* The FQDN of a credential tells its server; neither server's newest is the other's. */
static void test_import_kpm(void **state)
{
    (void)state;
    struct openmaf_credential **list = NULL;
    size_t n = 0;
    fixture_mef = 1;
    struct openmaf *client = fixture_client(1, fixture_km);
    fixture_mef = 0;
    assert_string_equal(openmaf_mef_fqdn(client), MEF_FQDN);
    assert_null(openmaf_mef_fqdn(maf));
    SUCCEEDS(openmaf_credential_import(client, "kpm7@" MEF_FQDN, fixture_km, 32, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_credential_import(client, "km-1@other.example.com", fixture_km, 32, ERROR));
    SAYS("MAF " FQDN " and MEF " MEF_FQDN);
    SUCCEEDS(openmaf_credential_list(client, &list, &n, ERROR));
    assert_int_equal(n, 2);
    assert_string_equal(list[0]->id, "11-" KMID);
    assert_string_equal(list[1]->id, "10-kpm7@" MEF_FQDN);
    assert_true(list[0]->current && list[1]->current); /* each at its server */
    openmaf_credential_list_free(list, n);

    SUCCEEDS(openmaf_credential_import(client, "kpm8@" MEF_FQDN, fixture_km, 32, ERROR));
    SUCCEEDS(openmaf_credential_list(client, &list, &n, ERROR));
    assert_int_equal(n, 3);
    assert_true(list[0]->current && !list[1]->current && list[2]->current);
    openmaf_credential_list_free(list, n);
    SUCCEEDS(openmaf_credential_forget(client, "kpm8@" MEF_FQDN, ERROR));
    SUCCEEDS(openmaf_credential_forget(client, "kpm7@" MEF_FQDN, ERROR));

    struct credential_choice choice; /* a Km is nothing for the MEF */
    assert_int_equal(credential_choose(client, &client->home.mef, ADMIN, &choice, NULL), OM_ENOTFOUND);
    credential_choice_free(&choice);
    assert_int_equal(credential_choose(client, &client->home.maf, ADMIN, &choice, NULL), OM_OK);
    assert_string_equal(choice.psk.kmid, KMID);
    credential_choice_free(&choice);
    openmaf_close(client);
}

static void test_import_refused(void **state)
{
    (void)state;
    FAILS(OPENMAF_EINPUT, openmaf_credential_import(maf, KMID, fixture_km, 15, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_credential_import(maf, KMID, fixture_km, 65, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_credential_import(maf, KMID, NULL, 32, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_credential_import(maf, NULL, fixture_km, 32, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_credential_import(maf, "km-1", fixture_km, 32, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_credential_import(maf, "a@b@" FQDN, fixture_km, 32, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_credential_import(maf, "../x@" FQDN, fixture_km, 32, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_credential_import(maf, "km-1@other.example.com", fixture_km, 32, ERROR));
    SAYS("belongs to other.example.com; this is a home for MAF maf.example.com and no MEF");
    FAILS(OPENMAF_EINPUT, openmaf_credential_forget(maf, "../../x", ERROR));
}

static const char *km_path(const void *text, size_t n, mode_t mode)
{
    static char path[512];
    (void)snprintf(path, sizeof path, "%s/km", fixture_token->dir);
    fixture_write(path, text, n);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

static void test_import_file(void **state)
{
    (void)state;
    static const char hex[] = "30313233343536373839616263646566\n";
    const char *path = km_path(hex, sizeof hex - 1, 0600);
    SUCCEEDS(openmaf_credential_import_file(maf, "a@" FQDN, path, OPENMAF_FILE_HEX, ERROR));
    path = km_path(hex, sizeof hex - 2, 0600);
    SUCCEEDS(openmaf_credential_import_file(maf, "b@" FQDN, path, OPENMAF_FILE_HEX, ERROR));
    path = km_path(fixture_km, 32, 0600);
    SUCCEEDS(openmaf_credential_import_file(maf, "c@" FQDN, path, OPENMAF_FILE_RAW, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_credential_import_file(maf, "d@" FQDN, path, OPENMAF_FILE_HEX, ERROR));
    SAYS("--raw");
    assert_null(strstr(ERROR->text, "0123")); /* no part of Km */
    path = km_path("zz\n", 3, 0600);
    FAILS(OPENMAF_EINPUT, openmaf_credential_import_file(maf, "d@" FQDN, path, OPENMAF_FILE_HEX, ERROR));
    path = km_path(hex, sizeof hex - 1, 0640);
    FAILS(OPENMAF_ECONFIG, openmaf_credential_import_file(maf, "d@" FQDN, path, OPENMAF_FILE_HEX, ERROR));
    FAILS(OPENMAF_ENOTFOUND,
          openmaf_credential_import_file(maf, "d@" FQDN, "no-such", OPENMAF_FILE_HEX, ERROR));
}

/* The blob on disk has neither Km nor its hex form in it. */
static void test_no_km_on_disk(void **state)
{
    (void)state;
    SUCCEEDS(openmaf_credential_import(maf, KMID, fixture_km, 32, ERROR));
    char text[4096];
    size_t n = fixture_read(fixture_record("credential-" KMID), text, sizeof text);
    assert_null(memmem(text, n, fixture_km, 8));
    assert_null(memmem(text, n, "3031323334353637", 16));
}

static void test_lock(void **state)
{
    (void)state;
    struct om_error err = {0};
    int first = -1;
    int second = -1;
    assert_int_equal(home_lock(&maf->home, 0, &first, &err), OM_OK);
    assert_int_equal(home_lock(&maf->home, 0, &second, &err), OM_ETRANSIENT);
    assert_non_null(strstr(err.text, "another process"));
    maf->home.timeout = 0;
    FAILS(OPENMAF_ETEMPORARY, openmaf_credential_import(maf, KMID, fixture_km, 32, ERROR));
    home_unlock(first);
    SUCCEEDS(openmaf_credential_import(maf, KMID, fixture_km, 32, ERROR));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_init, open_client, close_client),
        cmocka_unit_test_setup_teardown(test_token_status, open_client, close_client),
        cmocka_unit_test_setup_teardown(test_import, open_client, close_client),
        cmocka_unit_test_setup_teardown(test_import_kpm, open_client, close_client),
        cmocka_unit_test_setup_teardown(test_import_refused, open_client, close_client),
        cmocka_unit_test_setup_teardown(test_import_file, open_client, close_client),
        cmocka_unit_test_setup_teardown(test_no_km_on_disk, open_client, close_client),
        cmocka_unit_test_setup_teardown(test_lock, open_client, close_client),
    };
    fixture_kind(argc, argv);
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
