/* Opening a token: what is refused, and that the text says what is wrong and what is there. */
#include "fixture.h"

#include <dlfcn.h>
#include <sys/stat.h>

static void refused(const char *uri, const char *pin_source, om_rc rc, const char *says)
{
    struct se_token *tok = NULL;
    FAILS(rc, fixture_try(uri, pin_source, &tok));
    assert_null(tok);
    SAYS(says);
}

static const char *module_query(void)
{
    return strchr(fixture_token->uri, '?');
}

static const char *pin_file(const char *pin)
{
    static char source[512];
    char path[400];
    (void)snprintf(path, sizeof path, "%s/other-pin", fixture_token->dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fchmod(fileno(f), 0600), 0);
    assert_true(fputs(pin, f) >= 0);
    assert_int_equal(fclose(f), 0);
    (void)snprintf(source, sizeof source, "file:%s", path);
    return source;
}

static void wrong_pin_is_refused(void **state)
{
    (void)state;
    refused(fixture_token->uri, pin_file("0000-wrong"), OM_ECONFIG, "CKR_PIN_INCORRECT");
    SAYS("openmaf-test");
}

static void missing_pin_is_refused(void **state)
{
    (void)state;
    refused(fixture_token->uri, NULL, OM_ECONFIG, "PIN");
    refused(fixture_token->uri, "file:/nonexistent/pin", OM_ECONFIG, "/nonexistent/pin");
    refused(fixture_token->uri, "env:PIN", OM_ECONFIG, "");
}

static void pin_source_may_be_in_the_uri(void **state)
{
    (void)state;
    char uri[4096];
    (void)snprintf(uri, sizeof uri, "%s&pin-source=%s", fixture_token->uri, fixture_token->pin_source);
    struct se_token *tok = NULL;
    SUCCEEDS(fixture_try(uri, NULL, &tok));
    plugin->close(tok);
}

static void missing_token_is_refused_with_a_list(void **state)
{
    (void)state;
    char uri[4096];
    (void)snprintf(uri, sizeof uri, "pkcs11:token=nowhere%s", module_query());
    refused(uri, fixture_token->pin_source, OM_ECONFIG, "matches no token");
    SAYS("'openmaf-test'");
}

static void second_token(void)
{
    if (fixture_is("softokn"))
        return; /* it has two of one manufacturer as it is */
    struct se_token *tok = fixture_open();
    CK_FUNCTION_LIST *f = raw_functions();
    CK_SLOT_ID slots[8];
    CK_ULONG n = 8;
    CK_UTF8CHAR label[33] = "another                         ", pin[] = "another SO";
    assert_int_equal(f->C_GetSlotList(CK_TRUE, slots, &n), CKR_OK);
    assert_int_equal(f->C_InitToken(slots[n - 1], pin, sizeof pin - 1, label), CKR_OK);
    plugin->close(tok);
}

static void ambiguous_token_is_refused_with_a_list(void **state)
{
    (void)state;
    char uri[4096];
    second_token();
    (void)snprintf(uri, sizeof uri, "pkcs11:%s", module_query());
    refused(uri, fixture_token->pin_source, OM_ECONFIG, "matches several tokens");
    SAYS("'openmaf-test'");
    SAYS(fixture_is("softokn") ? "'NSS Generic Crypto Services'" : "'another'");
}

static void token_is_selected_by_its_other_attributes(void **state)
{
    (void)state;
    struct se_token *tok = fixture_open();
    struct se_description d;
    SUCCEEDS(plugin->describe(tok, &d, ERR));
    CK_SLOT_ID slot = raw_slot();
    plugin->close(tok);
    char uri[4096];
    (void)snprintf(uri, sizeof uri, "pkcs11:slot-id=%lu;serial=%s%s", slot, d.serial, module_query());
    SUCCEEDS(fixture_try(uri, fixture_token->pin_source, &tok));
    plugin->close(tok);
    (void)snprintf(uri, sizeof uri, "pkcs11:token=openmaf-test;serial=no-such%s", module_query());
    refused(uri, fixture_token->pin_source, OM_ECONFIG, "matches no token");
    (void)snprintf(uri, sizeof uri, "pkcs11:token=openmaf-test;slot-id=%lu%s", slot + 77, module_query());
    refused(uri, fixture_token->pin_source, OM_ECONFIG, "matches no token");
}

static void missing_module_is_refused(void **state)
{
    (void)state;
    char uri[4096];
    Dl_info libc;
    refused("pkcs11:token=t?module-path=/nonexistent/module.so", NULL, OM_ECONFIG, "/nonexistent/module.so");
    refused("pkcs11:token=t?module-name=no-such-module", NULL, OM_ECONFIG, "no-such-module");
    assert_true(dladdr(dlsym(RTLD_DEFAULT, "getpid"), &libc) != 0);
    (void)snprintf(uri, sizeof uri, "pkcs11:token=t?module-path=%s", libc.dli_fname);
    refused(uri, NULL, OM_ECONFIG, "C_GetFunctionList");
}

/* Debian configures SoftHSM for p11-kit under this name. */
static void module_is_found_by_the_name_that_p11_kit_has(void **state)
{
    (void)state;
    if (!fixture_is("softhsm"))
        return;
    struct se_token *tok = NULL;
    struct se_description d;
    SUCCEEDS(fixture_try("pkcs11:token=openmaf-test?module-name=softhsm2", fixture_token->pin_source, &tok));
    SUCCEEDS(plugin->provision(tok, ERR));
    SUCCEEDS(plugin->health(tok, ERR));
    SUCCEEDS(plugin->describe(tok, &d, ERR));
    assert_string_equal(d.module, "softhsm2");
    plugin->close(tok);
}

static void other_init_args_are_refused(void **state)
{
    (void)state;
    char uri[4096];
    struct se_token *tok = fixture_open();
    (void)snprintf(uri, sizeof uri, "pkcs11:token=openmaf-test?x-init-args=other&%s", module_query() + 1);
    char *second = strstr(uri, "&x-init-args=");
    if (second != NULL) /* softokn's own */
        *second = '\0';
    refused(uri, fixture_token->pin_source, OM_ECONFIG, "other x-init-args");
    plugin->close(tok);
}

static void one_module_serves_several_tokens_and_starts_again(void **state)
{
    (void)state;
    uint8_t octets[16];
    struct se_token *first = fixture_open(), *second = fixture_open();
    plugin->close(first);
    SUCCEEDS(plugin->random(second, octets, sizeof octets, ERR));
    plugin->close(second);
    second = fixture_open();
    SUCCEEDS(plugin->random(second, octets, sizeof octets, ERR));
    plugin->close(second);
    plugin->close(NULL);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(wrong_pin_is_refused),
        TEST(missing_pin_is_refused),
        TEST(pin_source_may_be_in_the_uri),
        TEST(missing_token_is_refused_with_a_list),
        TEST(ambiguous_token_is_refused_with_a_list),
        TEST(token_is_selected_by_its_other_attributes),
        TEST(missing_module_is_refused),
        TEST(module_is_found_by_the_name_that_p11_kit_has),
        TEST(other_init_args_are_refused),
        TEST(one_module_serves_several_tokens_and_starts_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
