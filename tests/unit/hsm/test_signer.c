/* Signing keys on PKCS#11 tokens: what the private key's object lets out, keys that other tools made, keys
 * that are weaker than they must be, and a lost session. */
#include "fixture.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static CK_BYTE p384[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};

static CK_OBJECT_HANDLE raw_object(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, const char *label)
{
    CK_FUNCTION_LIST *f = raw_functions();
    CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
    CK_ULONG n = 0;
    CK_ATTRIBUTE t[] = {
        {CKA_CLASS, &class, sizeof class}, {CKA_TOKEN, &yes, 1}, {CKA_LABEL, (void *)label, strlen(label)}};
    assert_int_equal(f->C_FindObjectsInit(session, t, 3), CKR_OK);
    assert_int_equal(f->C_FindObjects(session, &found, 1, &n), CKR_OK);
    assert_int_equal(f->C_FindObjectsFinal(session), CKR_OK);
    return n == 1 ? found : CK_INVALID_HANDLE;
}

/* A key pair as another tool would make it. */
struct pair {
    const char *label;
    const char *id;
    const CK_BYTE *curve;
    size_t curve_len;
    CK_BBOOL *sensitive, *extractable;
};

static void raw_pair(CK_SESSION_HANDLE session, const struct pair *p)
{
    CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_OBJECT_HANDLE public_key = 0, private_key = 0;
    CK_ATTRIBUTE pub[] = {{CKA_TOKEN, &yes, 1},
                          {CKA_VERIFY, &yes, 1},
                          {CKA_EC_PARAMS, (void *)p->curve, p->curve_len},
                          {CKA_LABEL, (void *)p->label, strlen(p->label)},
                          {CKA_ID, (void *)p->id, strlen(p->id)}};
    CK_ATTRIBUTE priv[] = {{CKA_TOKEN, &yes, 1},
                           {CKA_PRIVATE, &yes, 1},
                           {CKA_SENSITIVE, p->sensitive, 1},
                           {CKA_EXTRACTABLE, p->extractable, 1},
                           {CKA_SIGN, &yes, 1},
                           {CKA_LABEL, (void *)p->label, strlen(p->label)},
                           {CKA_ID, (void *)p->id, strlen(p->id)}};
    assert_int_equal(
        raw_functions()->C_GenerateKeyPair(session, &mechanism, pub, 5, priv, 7, &public_key, &private_key),
        CKR_OK);
}

static void sign(struct se_token *tok, se_handle signer)
{
    uint8_t digest[SE_DIGEST_SIZE] = {1, 2, 3}, signature[SE_SIGNATURE_SIZE];
    SUCCEEDS(plugin->signer_sign(tok, signer, digest, signature, ERR));
}

/* The private key is sensitive, was never outside, is not read, not wrapped and not made weaker. */
static void private_key_does_not_come_out(void **state)
{
    (void)state;
    static const CK_ATTRIBUTE_TYPE false_ones[] = {CKA_EXTRACTABLE, CKA_DECRYPT, CKA_UNWRAP, CKA_DERIVE};
    static const CK_ATTRIBUTE_TYPE true_ones[] = {CKA_SENSITIVE, CKA_PRIVATE, CKA_ALWAYS_SENSITIVE,
                                                  CKA_NEVER_EXTRACTABLE};
    struct se_token *tok = fixture_open_provisioned();
    se_handle signer = 0;
    uint8_t point[SE_POINT_SIZE];
    SUCCEEDS(plugin->signer_make(tok, "maf", &signer, point, ERR));
    CK_SESSION_HANDLE session = raw_session();
    CK_FUNCTION_LIST *f = raw_functions();
    CK_OBJECT_HANDLE key = raw_object(session, CKO_PRIVATE_KEY, "maf");
    assert_int_not_equal(key, CK_INVALID_HANDLE);
    for (size_t i = 0; i < 4; i++) {
        CK_BBOOL a = CK_TRUE, b = CK_FALSE;
        CK_ATTRIBUTE t[] = {{false_ones[i], &a, 1}, {true_ones[i], &b, 1}};
        assert_int_equal(f->C_GetAttributeValue(session, key, t, 2), CKR_OK);
        assert_int_equal(a, CK_FALSE);
        assert_int_equal(b, CK_TRUE);
    }
    CK_BYTE value[256];
    CK_ATTRIBUTE v = {CKA_VALUE, value, sizeof value};
    assert_int_equal(f->C_GetAttributeValue(session, key, &v, 1), CKR_ATTRIBUTE_SENSITIVE);
    CK_ATTRIBUTE weaker[] = {{CKA_SENSITIVE, &no, 1}, {CKA_EXTRACTABLE, &yes, 1}};
    assert_int_not_equal(f->C_SetAttributeValue(session, key, &weaker[0], 1), CKR_OK);
    assert_int_not_equal(f->C_SetAttributeValue(session, key, &weaker[1], 1), CKR_OK);
    CK_OBJECT_HANDLE wrapper = raw_root(session, "somebody's wrapping key", CKK_AES, NULL, NULL, 0);
    static const CK_MECHANISM_TYPE wraps[] = {CKM_AES_KEY_WRAP, 0x210aUL /* CKM_AES_KEY_WRAP_PAD */,
                                              0x210bUL /* CKM_AES_KEY_WRAP_KWP */};
    /* softokn wraps them: quirk wrap-ignores-extractable, a token for tests. */
    for (size_t i = 0; i < sizeof wraps / sizeof wraps[0] && !fixture_is("softokn"); i++) {
        CK_MECHANISM mechanism = {wraps[i], NULL, 0};
        CK_BYTE wrapped[512];
        CK_ULONG n = sizeof wrapped;
        assert_int_not_equal(f->C_WrapKey(session, &mechanism, wrapper, key, wrapped, &n), CKR_OK);
    }
    sign(tok, signer);
    plugin->signer_free(tok, signer);
    plugin->close(tok);
}

static void other_tools_keys_are_found_by_uri(void **state)
{
    (void)state;
    struct se_token *tok = fixture_open_provisioned();
    se_handle signer = 0;
    uint8_t by_id[SE_POINT_SIZE], by_label[SE_POINT_SIZE];
    CK_SESSION_HANDLE session = raw_session();
    raw_pair(session, &(struct pair){"MAF key 1", "\x01\x02", p256, sizeof p256, &yes, &no});
    raw_pair(session, &(struct pair){"MAF key 1", "\x03", p256, sizeof p256, &yes, &no});
    raw_pair(session, &(struct pair){"MAF key 2", "\x04", p256, sizeof p256, &yes, &no});
    SUCCEEDS(plugin->signer_find(tok, "pkcs11:id=%01%02", &signer, by_id, ERR));
    sign(tok, signer);
    SUCCEEDS(plugin->signer_find(tok, "pkcs11:object=MAF%20key%201;id=%01%02", &signer, by_label, ERR));
    assert_memory_equal(by_id, by_label, sizeof by_id);
    SUCCEEDS(plugin->signer_find(tok, "pkcs11:token=openmaf-test;object=MAF%20key%202;type=private", &signer,
                                 by_label, ERR));
    assert_memory_not_equal(by_id, by_label, sizeof by_id);
    sign(tok, signer);
    static const struct {
        const char *uri;
        om_rc rc;
        const char *says;
    } bad[] = {
        {"pkcs11:object=MAF%20key%201", OM_ECONFIG, "more than one private key"},
        {"pkcs11:id=%05", OM_ENOTFOUND, "no private key"},
        {"pkcs11:token=other;id=%04", OM_EINPUT, "another token"},
        {"pkcs11:token=openmaf-test", OM_EINPUT, "names no object"},
        {"pkcs11:id=%04;type=cert", OM_EINPUT, "another kind of object"},
        {"pkcs11:id=%04;library-version=1", OM_EINPUT, "another token"},
        {"pkcs11:id=%04?pin-value=1", OM_EINPUT, "not known here"},
        {"pkcs11:id=%04;x-what=1", OM_EINPUT, "not known here"},
        {"pkcs11:id=%0", OM_EINPUT, "malformed"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        FAILS(bad[i].rc, plugin->signer_find(tok, bad[i].uri, &signer, by_id, ERR));
        SAYS(bad[i].says);
    }
    plugin->close(tok);
}

static void weak_keys_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct pair pair;
        const char *says;
    } weak[] = {
        {{"large", "w3", p384, sizeof p384, &yes, &no}, "P-256"},
        {{"extractable", "w1", p256, sizeof p256, &yes, &yes}, "CKA_EXTRACTABLE"},
        {{"readable", "w2", p256, sizeof p256, &no, &no}, "CKA_SENSITIVE"},
    };
    /* softokn says of all keys on its token that they are sensitive and not extractable. */
    const size_t n = fixture_is("softokn") ? 1 : sizeof weak / sizeof weak[0];
    struct se_token *tok = fixture_open_provisioned();
    CK_SESSION_HANDLE session = raw_session();
    for (size_t i = 0; i < n; i++) {
        se_handle signer = 0;
        uint8_t point[SE_POINT_SIZE];
        raw_pair(session, &weak[i].pair);
        FAILS(OM_ECONFIG, plugin->signer_find(tok, weak[i].pair.label, &signer, point, ERR));
        SAYS(weak[i].says);
        SAYS(weak[i].pair.label);
    }
    plugin->close(tok);
}

/* A public key of its own, with the ID that the new key would get, would be taken for the new one's. */
static void leftovers_are_not_taken_over(void **state)
{
    (void)state;
    struct se_token *tok = fixture_open_provisioned();
    CK_SESSION_HANDLE session = raw_session();
    se_handle signer = 0;
    uint8_t point[SE_POINT_SIZE];
    raw_pair(session, &(struct pair){"other", "maf", p256, sizeof p256, &yes, &no});
    FAILS(OM_ECONFLICT, plugin->signer_make(tok, "maf", &signer, point, ERR));
    assert_int_equal(raw_functions()->C_DestroyObject(session, raw_object(session, CKO_PRIVATE_KEY, "other")),
                     CKR_OK);
    FAILS(OM_ECONFLICT, plugin->signer_make(tok, "maf", &signer, point, ERR));
    assert_int_equal(raw_functions()->C_DestroyObject(session, raw_object(session, CKO_PUBLIC_KEY, "other")),
                     CKR_OK);
    SUCCEEDS(plugin->signer_make(tok, "maf", &signer, point, ERR));
    assert_int_equal(raw_functions()->C_DestroyObject(session, raw_object(session, CKO_PUBLIC_KEY, "maf")),
                     CKR_OK);
    FAILS(OM_ECONFIG, plugin->signer_find(tok, "maf", &signer, point, ERR));
    SAYS("no public key");
    plugin->close(tok);
}

/* Unlike loaded keys, which are gone then, a signing key is on the token and found again. */
static void lost_session_is_survived(void **state)
{
    (void)state;
    struct se_token *tok = fixture_open_provisioned();
    se_handle signer = 0;
    uint8_t point[SE_POINT_SIZE], digest[SE_DIGEST_SIZE] = {9}, signature[SE_SIGNATURE_SIZE];
    SUCCEEDS(plugin->signer_make(tok, "maf", &signer, point, ERR));
    assert_int_equal(raw_functions()->C_CloseAllSessions(raw_slot()), CKR_OK);
    FAILS(OM_ETRANSIENT, plugin->signer_sign(tok, signer, digest, signature, ERR));
    sign(tok, signer);
    assert_int_equal(raw_functions()->C_Finalize(NULL), CKR_OK);
    SUCCEEDS(plugin->health(tok, ERR));
    sign(tok, signer);

    /* Another key of its name is not taken for it. */
    SUCCEEDS(plugin->signer_remove(tok, "maf", ERR));
    se_handle other = 0;
    SUCCEEDS(plugin->signer_make(tok, "maf", &other, point, ERR));
    assert_int_equal(raw_functions()->C_CloseAllSessions(raw_slot()), CKR_OK);
    SUCCEEDS(plugin->health(tok, ERR));
    FAILS(OM_ENOTFOUND, plugin->signer_sign(tok, signer, digest, signature, ERR));
    sign(tok, other);
    plugin->signer_free(tok, signer);
    FAILS(OM_EINTERNAL, plugin->signer_sign(tok, signer, digest, signature, ERR));
    plugin->close(tok);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(private_key_does_not_come_out), TEST(other_tools_keys_are_found_by_uri),
        TEST(weak_keys_are_refused),         TEST(leftovers_are_not_taken_over),
        TEST(lost_session_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
