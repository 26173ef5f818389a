/* What a token can do is found out when it is opened, told, and refused when it is too little. */
#include "fixture.h"

#include <openssl/err.h>

static const struct se_part text = {"message", 7};

static struct se_token *open_troubled(void)
{
    struct se_token *tok = NULL;
    SUCCEEDS(fixture_try(fixture_troubled_uri(), fixture_token->pin_source, &tok));
    return tok;
}

static void refused(om_rc rc, const char *says)
{
    struct se_token *tok = NULL;
    FAILS(rc, fixture_try(fixture_troubled_uri(), fixture_token->pin_source, &tok));
    assert_null(tok);
    SAYS(says);
}

static void description_tells_grade_and_quirks(void **state)
{
    (void)state;
    struct se_description d;
    struct se_token *tok = fixture_open_provisioned();
    SUCCEEDS(plugin->describe(tok, &d, ERR));
    assert_string_equal(d.plugin, "pkcs11");
    assert_string_equal(d.label, "openmaf-test");
    assert_non_null(strstr(d.module, "/"));
    if (fixture_is("softhsm")) {
        assert_string_equal(d.quirks, "openssl-errors,unwrap-general-error,login-rewrites-token");
        assert_string_equal(d.manufacturer, "SoftHSM project");
        assert_string_equal(d.firmware, "2.6");
        assert_int_equal(d.grade, SE_GRADE_HMAC);
        assert_false(d.test_only);
    } else {
        assert_string_equal(d.quirks, "unwrap-template-ignored,wrap-ignores-extractable,"
                                      "derived-not-extractable,nss-tls-prf");
        assert_string_equal(d.manufacturer, "Mozilla Foundation");
        assert_int_equal(d.grade, SE_GRADE_DERIVE);
        assert_true(d.test_only);
    }
    plugin->close(tok);
}

static void missing_mechanisms_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        CK_MECHANISM_TYPE type;
        const char *name;
    } needed[] = {
        {CKM_SHA256_HMAC, "CKM_SHA256_HMAC"},
        {CKM_AES_KEY_WRAP, "CKM_AES_KEY_WRAP"},
        {CKM_AES_KEY_GEN, "CKM_AES_KEY_GEN"},
        {CKM_GENERIC_SECRET_KEY_GEN, "CKM_GENERIC_SECRET_KEY_GEN"},
    };
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        trouble()->hidden = needed[i].type;
        refused(OM_EUNSUPPORTED, needed[i].name);
    }
}

/* Tokens lock after a few wrong PINs: the last try is the operator's, not ours. */
static void last_pin_try_is_not_spent(void **state)
{
    (void)state;
    trouble()->token_flags = CKF_USER_PIN_LOCKED;
    refused(OM_ECONFIG, "locked");
    trouble()->token_flags = CKF_USER_PIN_FINAL_TRY;
    refused(OM_ECONFIG, "one more wrong PIN");
    trouble()->token_flags = 0;
    trouble()->token_flags_clear = CKF_USER_PIN_INITIALIZED;
    refused(OM_ECONFIG, "no user PIN");
    assert_int_equal(trouble()->logins, 0);
}

static void token_without_derivation_says_so_from_the_start(void **state)
{
    (void)state;
    uint8_t out[48], key_octets[32] = {9};
    se_handle key = 0, derived = 0;
    struct se_description d;
    trouble()->hidden = HSM_CKM_SP800_108_DOUBLE_PIPELINE_KDF;
    struct se_token *tok = open_troubled();
    SUCCEEDS(plugin->describe(tok, &d, ERR));
    assert_int_equal(d.grade, SE_GRADE_HMAC);
    SUCCEEDS(plugin->key_mint(tok, key_octets, sizeof key_octets, &key, ERR));
    FAILS(OM_EUNSUPPORTED, plugin->prf_key(tok, key, &text, 1, 0, 48, &derived, ERR));
    om_rc rc = plugin->prf(tok, key, &text, 1, out, sizeof out, ERR);
    assert_int_equal(rc, fixture_is("softokn") ? OM_OK : OM_EUNSUPPORTED);
    plugin->close(tok);
}

/* A loaded key stays in, also against a program that has the PIN and the key's handle. */
static void loaded_key_cannot_be_read(void **state)
{
    (void)state;
    uint8_t blob[SE_BLOB_MAX], octets[32] = {5}, value[64];
    size_t n = sizeof blob;
    se_handle key = 0, loaded = 0;
    struct se_token *tok = fixture_open_provisioned();
    SUCCEEDS(plugin->key_mint(tok, octets, sizeof octets, &key, ERR));
    SUCCEEDS(plugin->key_wrap(tok, SE_ROOT_WRAP, key, blob, &n, ERR));
    plugin->key_free(tok, key);
    SUCCEEDS(plugin->key_load(tok, blob, n, sizeof octets, &loaded, ERR));

    CK_FUNCTION_LIST *f = raw_functions();
    CK_SESSION_HANDLE session = raw_session();
    CK_OBJECT_HANDLE found[16];
    CK_ULONG n_found = 0, class = CKO_SECRET_KEY;
    CK_BBOOL token = CK_FALSE;
    CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof class}, {CKA_TOKEN, &token, sizeof token}};
    assert_int_equal(f->C_FindObjectsInit(session, t, 2), CKR_OK);
    assert_int_equal(f->C_FindObjects(session, found, 16, &n_found), CKR_OK);
    assert_int_equal(f->C_FindObjectsFinal(session), CKR_OK);
    assert_true(n_found >= 1); /* it, and the working copies of the roots */
    for (CK_ULONG i = 0; i < n_found; i++) {
        CK_ATTRIBUTE a = {CKA_VALUE, value, sizeof value};
        assert_int_equal(f->C_GetAttributeValue(session, found[i], &a, 1), CKR_ATTRIBUTE_SENSITIVE);
    }
    n = sizeof blob;
    FAILS(OM_EDENIED, plugin->key_wrap(tok, SE_ROOT_SEAL, loaded, blob, &n, ERR));
    plugin->close(tok);
}

static void blobs_are_checked(void **state)
{
    (void)state;
    uint8_t blob[SE_BLOB_MAX], octets[40] = {5};
    size_t n = sizeof blob;
    se_handle key = 0, loaded = 0;
    struct se_token *tok = fixture_open_provisioned();
    SUCCEEDS(plugin->key_mint(tok, octets, sizeof octets, &key, ERR));
    SUCCEEDS(plugin->key_wrap(tok, SE_ROOT_WRAP, key, blob, &n, ERR));
    assert_int_equal(n, 48);
    for (size_t i = 0; i < n; i++) {
        blob[i] ^= 1;
        FAILS(OM_EINTEGRITY, plugin->key_load(tok, blob, n, sizeof octets, &loaded, ERR));
        blob[i] ^= 1;
    }
    for (size_t len = 0; len <= n + 8; len += 4)
        if (len != n)
            FAILS(OM_EINTEGRITY, plugin->key_load(tok, blob, len, sizeof octets, &loaded, ERR));
    FAILS(OM_EINTEGRITY, plugin->key_load(tok, blob, n, 32, &loaded, ERR));
    FAILS(OM_EINPUT, plugin->key_load(tok, blob, n, 0, &loaded, ERR));
    FAILS(OM_EINPUT, plugin->key_load(tok, blob, n, 65, &loaded, ERR));
    SUCCEEDS(plugin->key_load(tok, blob, n, sizeof octets, &loaded, ERR));
    plugin->close(tok);
}

/* The padding of a sealed value is checked: a longer one does not pass for a shorter. */
static void unsealing_checks_the_length(void **state)
{
    (void)state;
    uint8_t blob[SE_BLOB_MAX], octets[32], out[32];
    size_t n = sizeof blob;
    se_handle key = 0;
    struct se_token *tok = fixture_open_provisioned();
    memset(octets, 0x5a, sizeof octets);
    SUCCEEDS(plugin->key_mint(tok, octets, sizeof octets, &key, ERR));
    SUCCEEDS(plugin->key_wrap(tok, SE_ROOT_SEAL, key, blob, &n, ERR));
    SUCCEEDS(plugin->unseal(tok, blob, n, out, sizeof out, ERR));
    assert_memory_equal(out, octets, sizeof out);
    FAILS(OM_EINTEGRITY, plugin->unseal(tok, blob, n, out, 31, ERR));
    FAILS(OM_EINTEGRITY, plugin->unseal(tok, blob, n, out, 16, ERR));
    plugin->close(tok);
}

/* A module that uses the same libcrypto fails, and the caller's TLS code must not find its errors. */
static void openssl_errors_of_others_are_untouched(void **state)
{
    (void)state;
    uint8_t blob[40] = {1}, out[32];
    struct se_token *tok = fixture_open_provisioned();
    ERR_clear_error();
    FAILS(OM_EINTEGRITY, plugin->unseal(tok, blob, sizeof blob, out, sizeof out, ERR));
    assert_int_equal(ERR_peek_error(), 0);
    ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
    unsigned long ours = ERR_peek_last_error();
    FAILS(OM_EINTEGRITY, plugin->unseal(tok, blob, sizeof blob, out, sizeof out, ERR));
    assert_int_equal(ERR_peek_last_error(), ours);
    assert_int_equal(ERR_get_error(), ours);
    assert_int_equal(ERR_get_error(), 0);
    plugin->close(tok);
    assert_int_equal(ERR_peek_error(), 0);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(description_tells_grade_and_quirks), TEST(missing_mechanisms_are_refused_by_name),
        TEST(last_pin_try_is_not_spent),          TEST(token_without_derivation_says_so_from_the_start),
        TEST(loaded_key_cannot_be_read),          TEST(blobs_are_checked),
        TEST(unsealing_checks_the_length),        TEST(openssl_errors_of_others_are_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
