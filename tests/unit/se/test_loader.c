/* Finding plug-ins: URIs, directories, and files that are not what they should be. */
#include "fixture.h"

#include <limits.h>

static char bad_dir[] = OPENMAF_TEST_BAD_PLUGIN_DIR;

static void expect_refused(const char *uri, const char *pin_source, const char *dir, const char *text)
{
    struct se *se = NULL;
    FAILS(OM_ECONFIG, se_open(uri, pin_source, dir, &se, ERR));
    assert_null(se);
    if (strstr(fixture_err.text, text) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", fixture_err.text, text);
    assert_null(strchr(fixture_err.text, '\n'));
}

static void scheme_is_strict(void **state)
{
    (void)state;
    static const char *const uris[] = {
        "",        ":",     "ram",         "/etc/passwd", "../ram:", "a/b:x",
        "RAM:x=y", "ram .", "file name:x", "r\xc3\xa4m:", "ram%20:", "averyverylongscheme:x"};
    for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++)
        expect_refused(uris[i], NULL, test_plugin_dir(), "begins with a scheme");
    expect_refused("nosuch:x", NULL, test_plugin_dir(), "openmaf-se-nosuch.so");
    expect_refused("nosuch:x", NULL, NULL, "openmaf-se-nosuch.so");
    expect_refused("ram:", NULL, "", "no plug-in openmaf-se-ram.so");
    expect_refused("ram:", NULL, "/nonexistent", "/nonexistent");
}

static void plugin_is_found_beside_the_program(void **state)
{
    (void)state;
    struct se *se = NULL;
    SUCCEEDS(se_open("ram:", NULL, NULL, &se, ERR));
    se_close(se);
}

static void pin_source_is_checked_first(void **state)
{
    (void)state;
    static const char *const sources[] = {
        "", "1234", "file:", "credential:", "credential:a/b", "credential:..", "env:PIN", "FILE:/x"};
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        expect_refused("ram:", sources[i], test_plugin_dir(), "PIN source");
    assert_null(strstr(fixture_err.text, "1234"));
}

static void uri_of_the_plugin_is_checked(void **state)
{
    (void)state;
    expect_refused("ram:colour=red", NULL, test_plugin_dir(), "colour");
    expect_refused("ram:file", NULL, test_plugin_dir(), "file");
    expect_refused("ram:", "file:/dev/null", test_plugin_dir(), "no PIN");
}

static void wrong_table_is_refused(void **state)
{
    (void)state;
    expect_refused("magic:", NULL, bad_dir, "not a Secure Environment plug-in");
    expect_refused("version:", NULL, bad_dir, "this build needs");
    expect_refused("size:", NULL, bad_dir, "this build needs");
    expect_refused("operation:", NULL, bad_dir, "lacks a mandatory operation");
    expect_refused("half:", NULL, bad_dir, "only some of the operations");
    expect_refused("scheme:", NULL, bad_dir, "for another:");
    expect_refused("symbol:", NULL, bad_dir, "does not export");
}

static void file_that_is_no_library_is_refused(void **state)
{
    (void)state;
    struct test_token *token = test_token_new("ram"); /* for its scratch directory */
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/openmaf-se-text.so", token->dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs("this is no shared object", f) >= 0);
    assert_int_equal(fclose(f), 0);
    expect_refused("text:", NULL, token->dir, "cannot load plug-in");
    test_token_free(token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scheme_is_strict),
        cmocka_unit_test(plugin_is_found_beside_the_program),
        cmocka_unit_test(pin_source_is_checked_first),
        cmocka_unit_test(uri_of_the_plugin_is_checked),
        cmocka_unit_test(wrong_table_is_refused),
        cmocka_unit_test(file_that_is_no_library_is_refused),
    };
    return cmocka_run_group_tests_name("se loader", tests, NULL, NULL);
}
