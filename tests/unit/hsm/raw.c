/* The PKCS#11 module behind the plug-in's back: what an attacker or another program with the PIN does. */
#include "fixture.h"

#include <dlfcn.h>
#include <p11-kit/uri.h>

CK_FUNCTION_LIST *raw_functions(void)
{
    CK_FUNCTION_LIST *list = NULL;
    P11KitUri *uri = p11_kit_uri_new();
    assert_int_equal(p11_kit_uri_parse(fixture_token->uri, P11_KIT_URI_FOR_ANY, uri), P11_KIT_URI_OK);
    void *library = dlopen(p11_kit_uri_get_module_path(uri), RTLD_NOW | RTLD_LOCAL);
    assert_non_null(library);
    p11_kit_uri_free(uri);
    CK_C_GetFunctionList get = NULL;
    void *symbol = dlsym(library, "C_GetFunctionList");
    memcpy(&get, &symbol, sizeof get);
    assert_int_equal(get(&list), CKR_OK);
    return list;
}

CK_SLOT_ID raw_slot(void)
{
    CK_FUNCTION_LIST *f = raw_functions();
    CK_SLOT_ID slots[16], found = 0;
    CK_ULONG n = 16;
    P11KitUri *uri = p11_kit_uri_new();
    assert_int_equal(p11_kit_uri_parse(fixture_token->uri, P11_KIT_URI_FOR_ANY, uri), P11_KIT_URI_OK);
    assert_int_equal(f->C_GetSlotList(CK_TRUE, slots, &n), CKR_OK);
    unsigned matches = 0;
    for (CK_ULONG i = 0; i < n; i++) {
        CK_TOKEN_INFO info;
        assert_int_equal(f->C_GetTokenInfo(slots[i], &info), CKR_OK);
        if (p11_kit_uri_match_token_info(uri, &info) != 1)
            continue;
        found = slots[i];
        matches++;
    }
    p11_kit_uri_free(uri);
    assert_int_equal(matches, 1);
    return found;
}

CK_SESSION_HANDLE raw_session(void)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
    assert_int_equal(raw_functions()->C_OpenSession(raw_slot(), flags, NULL, NULL, &session), CKR_OK);
    return session;
}

size_t raw_count(CK_SESSION_HANDLE session, bool on_token, const char *label)
{
    CK_FUNCTION_LIST *f = raw_functions();
    CK_OBJECT_HANDLE found[256];
    CK_ULONG n = 0, class = CKO_SECRET_KEY;
    CK_BBOOL token = on_token ? CK_TRUE : CK_FALSE;
    CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof class},
                        {CKA_TOKEN, &token, sizeof token},
                        {CKA_LABEL, (void *)label, label != NULL ? strlen(label) : 0}};
    assert_int_equal(f->C_FindObjectsInit(session, t, label != NULL ? 3 : 2), CKR_OK);
    assert_int_equal(f->C_FindObjects(session, found, 256, &n), CKR_OK);
    assert_int_equal(f->C_FindObjectsFinal(session), CKR_OK);
    assert_true(n < 256);
    return n;
}

CK_OBJECT_HANDLE raw_root(CK_SESSION_HANDLE session, const char *label, CK_KEY_TYPE type,
                          const uint8_t *octets, const CK_ATTRIBUTE *changes, size_t n_changes)
{
    static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    static CK_ULONG class = CKO_SECRET_KEY, len = 32;
    CK_BBOOL *wraps = type == CKK_AES ? &yes : &no, *signs = type == CKK_AES ? &no : &yes;
    CK_ATTRIBUTE t[24] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &yes, 1},
        {CKA_PRIVATE, &yes, 1},
        {CKA_SENSITIVE, &yes, 1},
        {CKA_EXTRACTABLE, &no, 1},
        {CKA_WRAP, wraps, 1},
        {CKA_UNWRAP, wraps, 1},
        {CKA_ENCRYPT, &no, 1},
        {CKA_DECRYPT, &no, 1},
        {CKA_SIGN, signs, 1},
        {CKA_VERIFY, signs, 1},
        {CKA_DERIVE, &no, 1},
        {CKA_LABEL, (void *)label, strlen(label)},
    };
    CK_ULONG n = 14;
    for (size_t i = 0; i < n_changes; i++) {
        CK_ULONG at = 0;
        while (at < n && t[at].type != changes[i].type)
            at++;
        t[at] = changes[i];
        n += at == n;
    }
    t[n++] = octets != NULL ? (CK_ATTRIBUTE){CKA_VALUE, (void *)octets, len}
                            : (CK_ATTRIBUTE){CKA_VALUE_LEN, &len, sizeof len};
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    CK_MECHANISM generate = {type == CKK_AES ? CKM_AES_KEY_GEN : CKM_GENERIC_SECRET_KEY_GEN, NULL, 0};
    CK_FUNCTION_LIST *f = raw_functions();
    CK_RV rv = octets != NULL ? f->C_CreateObject(session, t, n, &object)
                              : f->C_GenerateKey(session, &generate, t, n, &object);
    assert_int_equal(rv, CKR_OK);
    return object;
}
