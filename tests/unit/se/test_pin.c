/* PIN sources: what is read, and what is refused without naming a secret. */
#include "fixture.h"
#include "se/pin.h"
#include "util/file.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static struct test_token *token; /* for its scratch directory */
static char path[PATH_MAX];      /* in there */
static char source[PATH_MAX];    /* file:path */

static int setup(void **state)
{
    (void)state;
    token = test_token_new("ram");
    (void)snprintf(path, sizeof path, "%s/pin", token->dir);
    (void)snprintf(source, sizeof source, "file:%s/pin", token->dir);
    return setenv("CREDENTIALS_DIRECTORY", token->dir, 1);
}

static int teardown(void **state)
{
    (void)state;
    test_token_free(token);
    return 0;
}

static void put(const char *content, size_t n, unsigned mode)
{
    SUCCEEDS(om_file_write(path, content, n, mode, ERR));
}

static void expect_pin(const char *from, const char *pin)
{
    struct om_secret got = OM_SECRET_INIT;
    SUCCEEDS(se_pin_read(from, &got, ERR));
    assert_int_equal(got.len, strlen(pin));
    assert_memory_equal(got.octets, pin, got.len);
    om_secret_free(&got);
}

/* Refused; the text says what is wrong, on one line, and not what is in the file. */
static void expect_refused(const char *from, const char *secret)
{
    struct om_secret got = OM_SECRET_INIT;
    FAILS(OM_ECONFIG, se_pin_read(from, &got, ERR));
    assert_non_null(strstr(fixture_err.text, "PIN source"));
    assert_null(strstr(fixture_err.text, om_rc_name(OM_ECONFIG)));
    assert_null(got.octets);
    assert_null(strchr(fixture_err.text, '\n'));
    if (secret != NULL)
        assert_null(strstr(fixture_err.text, secret));
}

static void one_newline_is_dropped(void **state)
{
    (void)state;
    put("1234", 4, 0600);
    expect_pin(source, "1234");
    put("12345\n", 6, 0400);
    expect_pin(source, "12345");
    char longest[130];
    memset(longest, 'p', 128);
    longest[128] = '\n';
    longest[129] = '\0';
    put(longest, 129, 0600);
    longest[128] = '\0';
    expect_pin(source, longest);
}

static void what_is_no_pin_is_refused(void **state)
{
    (void)state;
    put("", 0, 0600);
    expect_refused(source, NULL);
    put("987", 3, 0600);
    expect_refused(source, "987");
    put("987\n", 4, 0600);
    expect_refused(source, "987");
    put("98765\n\n", 7, 0600);
    expect_refused(source, "98765");
    put("98765\r\n", 7, 0600);
    expect_refused(source, "98765");
    put("9876\0"
        "54",
        7, 0600);
    expect_refused(source, "9876");
    char longer[130];
    memset(longer, 'p', sizeof longer);
    put(longer, 129, 0600);
    expect_refused(source, "ppp");
    put(longer, 130, 0600);
    expect_refused(source, "ppp");
}

static void file_must_be_private(void **state)
{
    (void)state;
    const unsigned modes[] = {0640, 0604, 0620, 0666};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        put("24680", 5, modes[i]);
        expect_refused(source, "24680");
    }
    (void)unlink(path);
    expect_refused(source, NULL);
    char directory[PATH_MAX];
    (void)snprintf(directory, sizeof directory, "file:%s", token->dir);
    expect_refused(directory, NULL);
    expect_refused("file:/dev/zero", NULL);
}

/* The service manager makes them 0440 with an access list: the directory is what protects them. */
static void credential_is_read_from_its_directory(void **state)
{
    (void)state;
    put("13579\n", 6, 0440);
    expect_pin("credential:pin", "13579");
    expect_refused("credential:other", NULL);
    expect_refused("credential:../pin", NULL);
    expect_refused("credential:/etc/passwd", NULL);
    expect_refused("credential:.", NULL);
    expect_refused("credential:", NULL);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "relative", 1), 0);
    expect_refused("credential:pin", NULL);
    assert_non_null(strstr(fixture_err.text, "CREDENTIALS_DIRECTORY"));
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    expect_refused("credential:pin", NULL);
}

/* Somebody put the PIN itself where its source belongs: it must not reach a log. */
static void malformed_source_is_not_echoed(void **state)
{
    (void)state;
    expect_refused("864200", "864200");
    expect_refused("pin:864200", "864200");
    expect_refused("", NULL);
    expect_refused("file:", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_newline_is_dropped),
        cmocka_unit_test(what_is_no_pin_is_refused),
        cmocka_unit_test(file_must_be_private),
        cmocka_unit_test(credential_is_read_from_its_directory),
        cmocka_unit_test(malformed_source_is_not_echoed),
    };
    return cmocka_run_group_tests_name("se pin", tests, setup, teardown);
}
