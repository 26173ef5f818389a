/* The plug-in's tables, without a token: URIs, answers of Cryptoki, quirks, handles. */
#include "fixture.h"

#include "hsm/handles.h"
#include "hsm/quirks.h"
#include "hsm/rv.h"
#include "hsm/uri.h"

static void uri_is_refused(const char *text, const char *says)
{
    struct hsm_uri uri;
    if (hsm_uri_parse(text, &uri, ERR) == OM_OK)
        fail_msg("accepted: %s", text);
    assert_int_equal(ERR->rc, OM_ECONFIG);
    SAYS(says);
    assert_null(uri.p11);
}

static void uris_that_are_not_understood_are_refused(void **state)
{
    (void)state;
    uri_is_refused("", "malformed");
    uri_is_refused("http://example.com/?module-path=/m", "malformed");
    uri_is_refused("pkcs11:token=%zz?module-path=/m", "malformed");
    uri_is_refused("pkcs11:token=t", "module-path");
    uri_is_refused("pkcs11:token=t?module-path=m.so", "not absolute");
    uri_is_refused("pkcs11:token=t?module-path=/m&module-name=m", "both");
    uri_is_refused("pkcs11:token=t?module-path=/m&pin-value=1234", "pin-value");
    uri_is_refused("pkcs11:token=t?module-path=/m&pin-valu=1234", "pin-valu");
    uri_is_refused("pkcs11:token=t?module-path=/m&x-vendor=1", "x-vendor");
    uri_is_refused("pkcs11:token=t;x-other=1?module-path=/m", "unknown attribute");
    uri_is_refused("pkcs11:token=t;tokn=u?module-path=/m", "unknown attribute");
    uri_is_refused("pkcs11:token=t;object=key?module-path=/m", "names an object");
    uri_is_refused("pkcs11:token=t;id=%01?module-path=/m", "names an object");
    uri_is_refused("pkcs11:token=t?module-name=m&x-init-args=a", "x-init-args");
    char *longest = calloc(1, 5001);
    assert_non_null(longest);
    memset(longest, 'a', 5000);
    uri_is_refused(longest, "longer");
    free(longest);
}

static void uri_attributes_are_decoded(void **state)
{
    (void)state;
    struct hsm_uri uri;
    SUCCEEDS(hsm_uri_parse("pkcs11:token=My%20token;serial=12?module-path=/a%20b/m.so&pin-source=file:/p%26q&"
                           "x-init-args=dir%3D%27/d%27",
                           &uri, ERR));
    assert_string_equal(uri.module_path, "/a b/m.so");
    assert_string_equal(uri.pin_source, "file:/p&q");
    assert_string_equal(uri.init_args, "dir='/d'");
    hsm_uri_free(&uri);
    hsm_uri_free(&uri);
}

static void answers_are_classified(void **state)
{
    (void)state;
    assert_int_equal(hsm_rv_class(CKR_DEVICE_ERROR), OM_ETRANSIENT);
    assert_int_equal(hsm_rv_class(CKR_WRAPPED_KEY_INVALID), OM_EINTEGRITY);
    assert_int_equal(hsm_rv_class(CKR_PIN_LOCKED), OM_ECONFIG);
    assert_int_equal(hsm_rv_class(CKR_MECHANISM_INVALID), OM_EUNSUPPORTED);
    assert_int_equal(hsm_rv_class(CKR_VENDOR_DEFINED + 5), OM_ETRANSIENT);
    assert_int_equal(hsm_rv_class(0x7777), OM_EINTERNAL);
    assert_true(hsm_rv_lost(CKR_SESSION_HANDLE_INVALID));
    assert_true(hsm_rv_lost(CKR_DEVICE_REMOVED));
    assert_false(hsm_rv_lost(CKR_DEVICE_ERROR));
    assert_string_equal(hsm_rv_name(CKR_KEY_UNEXTRACTABLE), "CKR_KEY_UNEXTRACTABLE");
    assert_int_equal(hsm_rv_fail(ERR, CKR_DEVICE_ERROR, "C_Sign"), OM_ETRANSIENT);
    SAYS("C_Sign: CKR_DEVICE_ERROR (0x30)");
}

static CK_INFO product(const char *manufacturer, const char *library)
{
    CK_INFO info;
    memset(&info, ' ', sizeof info);
    memcpy(info.manufacturerID, manufacturer, strlen(manufacturer));
    memcpy(info.libraryDescription, library, strlen(library));
    return info;
}

static void quirks_are_matched(void **state)
{
    (void)state;
    char text[256], small[20];
    CK_INFO info = product("SoftHSM", "Implementation of PKCS11");
    assert_int_equal(hsm_quirks_of(&info), HSM_QUIRK_OPENSSL_ERRORS | HSM_QUIRK_UNWRAP_GENERAL_ERROR |
                                               HSM_QUIRK_LOGIN_REWRITES_TOKEN);
    hsm_quirks_text(hsm_quirks_of(&info), text, sizeof text);
    assert_string_equal(text, "openssl-errors,unwrap-general-error,login-rewrites-token");
    hsm_quirks_text(hsm_quirks_of(&info), small, sizeof small);
    assert_true(strlen(small) < sizeof small);
    info = product("Mozilla Foundation", "NSS Builtin Object Cryptoki");
    assert_int_equal(hsm_quirks_of(&info), 0);
    info = product("Somebody", "Soft");
    assert_int_equal(hsm_quirks_of(&info), 0);
    hsm_quirks_text(0, text, sizeof text);
    assert_string_equal(text, "");
    assert_null(hsm_quirks_way_out(&info));
    info = product("tpm2-software.github.io", "TPM2.0 Cryptoki");
    assert_int_equal(hsm_quirks_of(&info), 0);
    assert_non_null(strstr(hsm_quirks_way_out(&info), "tpm2:tcti="));
}

static void handles_never_reach_another_key(void **state)
{
    (void)state;
    struct hsm_handles h = {0};
    const struct hsm_key *key = NULL;
    se_handle a = 0, b = 0, many[300];
    SUCCEEDS(hsm_handles_add(&h, 7, 32, true, &a, ERR));
    assert_true(a != 0);
    SUCCEEDS(hsm_handles_get(&h, a, &key, ERR));
    assert_int_equal(key->object, 7);
    assert_int_equal(hsm_handles_remove(&h, a), 7);
    assert_int_equal(hsm_handles_remove(&h, a), CK_INVALID_HANDLE);
    SUCCEEDS(hsm_handles_add(&h, 7, 32, true, &b, ERR)); /* the token uses its number again; we do not */
    assert_true(a != b);
    FAILS(OM_EINTERNAL, hsm_handles_get(&h, a, &key, ERR));
    FAILS(OM_EINTERNAL, hsm_handles_get(&h, 0, &key, ERR));
    FAILS(OM_EINTERNAL, hsm_handles_get(&h, UINT64_MAX, &key, ERR));

    hsm_handles_invalidate(&h);
    FAILS(OM_ETRANSIENT, hsm_handles_get(&h, b, &key, ERR));
    assert_int_equal(hsm_handles_remove(&h, b), CK_INVALID_HANDLE);
    for (size_t i = 0; i < 300; i++)
        SUCCEEDS(hsm_handles_add(&h, 1000 + i, 64, false, &many[i], ERR));
    for (size_t i = 0; i < 300; i++) {
        SUCCEEDS(hsm_handles_get(&h, many[i], &key, ERR));
        assert_int_equal(key->object, 1000 + i);
        assert_int_equal(hsm_handles_remove(&h, many[i]), 1000 + i);
    }
    hsm_handles_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uris_that_are_not_understood_are_refused),
        cmocka_unit_test(uri_attributes_are_decoded),
        cmocka_unit_test(answers_are_classified),
        cmocka_unit_test(quirks_are_matched),
        cmocka_unit_test(handles_never_reach_another_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
