/* The root keys: made once, found again, and refused when they are not what they must be. */
#include "fixture.h"

#define WRAP "openmaf wrap v1"
#define SEAL "openmaf seal v1"
#define ROW  "openmaf row v1"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static const struct se_part text = {"a row", 5};

static void open_is_refused(const char *says)
{
    struct se_token *tok = NULL;
    FAILS(OM_ECONFIG, fixture_try(fixture_token->uri, fixture_token->pin_source, &tok));
    assert_null(tok);
    SAYS(says);
}

static void made_once_and_found_again(void **state)
{
    (void)state;
    uint8_t before[SE_MAC_SIZE], after[SE_MAC_SIZE];
    struct se_token *tok = fixture_open();
    struct se_description d;
    SUCCEEDS(plugin->describe(tok, &d, ERR));
    assert_false(d.provisioned);
    FAILS(OM_ECONFIG, plugin->row_mac(tok, &text, 1, before, ERR));
    SAYS(ROW);
    SUCCEEDS(plugin->provision(tok, ERR));
    SUCCEEDS(plugin->provision(tok, ERR));
    SUCCEEDS(plugin->row_mac(tok, &text, 1, before, ERR));
    CK_SESSION_HANDLE session = raw_session();
    assert_int_equal(raw_count(session, true, NULL), 3);
    plugin->close(tok);

    tok = fixture_open();
    SUCCEEDS(plugin->describe(tok, &d, ERR));
    assert_true(d.provisioned);
    SUCCEEDS(plugin->row_mac(tok, &text, 1, after, ERR));
    assert_memory_equal(before, after, sizeof before);
    plugin->close(tok);
}

static void missing_one_is_made(void **state)
{
    (void)state;
    uint8_t mac[SE_MAC_SIZE];
    struct se_token *tok = fixture_open();
    (void)raw_root(raw_session(), ROW, CKK_GENERIC_SECRET, NULL, NULL, 0);
    SUCCEEDS(plugin->provision(tok, ERR));
    assert_int_equal(raw_count(raw_session(), true, NULL), 3);
    SUCCEEDS(plugin->row_mac(tok, &text, 1, mac, ERR));
    plugin->close(tok);
}

static void duplicates_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        CK_KEY_TYPE type;
    } roots[] = {{WRAP, CKK_AES}, {SEAL, CKK_AES}, {ROW, CKK_GENERIC_SECRET}};
    struct se_token *tok = fixture_open_provisioned();
    CK_SESSION_HANDLE session = raw_session();
    for (size_t i = 0; i < 3; i++) {
        CK_OBJECT_HANDLE second = raw_root(session, roots[i].label, roots[i].type, NULL, NULL, 0);
        open_is_refused(roots[i].label);
        SAYS("more than one");
        FAILS(OM_ECONFIG, plugin->provision(tok, ERR));
        assert_int_equal(raw_functions()->C_DestroyObject(session, second), CKR_OK);
    }
    plugin->close(tok);
}

/* softokn makes some keys stronger than they were asked to be. */
static bool took_effect(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, const CK_ATTRIBUTE *change)
{
    uint8_t value[64];
    CK_ATTRIBUTE a = {change->type, value, change->ulValueLen};
    assert_true(a.ulValueLen <= sizeof value);
    assert_int_equal(raw_functions()->C_GetAttributeValue(session, object, &a, 1), CKR_OK);
    return a.ulValueLen == change->ulValueLen && memcmp(value, change->pValue, a.ulValueLen) == 0;
}

/* One forged key after another in place of a root: refused, and the text names key and attribute. */
static void weak_roots_are_refused(void **state)
{
    (void)state;
    static CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
    static const uint8_t known[32] = {1, 2, 3};
    static const struct {
        const char *label;
        CK_KEY_TYPE type;
        const uint8_t *octets;
        CK_ATTRIBUTE change;
        const char *says;
    } forgeries[] = {
        {WRAP, CKK_AES, NULL, {CKA_EXTRACTABLE, &yes, 1}, "CKA_EXTRACTABLE"},
        {WRAP, CKK_AES, NULL, {CKA_SENSITIVE, &no, 1}, "CKA_SENSITIVE"},
        {WRAP, CKK_AES, NULL, {CKA_DECRYPT, &yes, 1}, "CKA_DECRYPT"},
        {WRAP, CKK_AES, NULL, {CKA_UNWRAP, &no, 1}, "CKA_UNWRAP"},
        {WRAP, CKK_AES, known, {CKA_LABEL, WRAP, sizeof WRAP - 1}, "CKA_"}, /* its history tells */
        {SEAL, CKK_AES, NULL, {CKA_ENCRYPT, &yes, 1}, "CKA_ENCRYPT"},
        {SEAL, CKK_AES, NULL, {CKA_PRIVATE, &no, 1}, "CKA_PRIVATE"},
        {ROW, CKK_GENERIC_SECRET, NULL, {CKA_SIGN, &no, 1}, "CKA_SIGN"},
        {ROW, CKK_GENERIC_SECRET, NULL, {CKA_DERIVE, &yes, 1}, "CKA_DERIVE"},
        {ROW, CKK_AES, NULL, {CKA_WRAP, &no, 1}, "CKA_KEY_TYPE"},
        {SEAL, CKK_GENERIC_SECRET, NULL, {CKA_KEY_TYPE, &generic, sizeof generic}, "CKA_KEY_TYPE"},
    };
    struct se_token *tok = fixture_open();
    CK_SESSION_HANDLE session = raw_session();
    for (size_t i = 0; i < sizeof forgeries / sizeof forgeries[0]; i++) {
        CK_OBJECT_HANDLE forged = raw_root(session, forgeries[i].label, forgeries[i].type,
                                           forgeries[i].octets, &forgeries[i].change, 1);
        if (took_effect(session, forged, &forgeries[i].change)) {
            open_is_refused(forgeries[i].label);
            SAYS(forgeries[i].says);
            FAILS(OM_ECONFIG, plugin->provision(tok, ERR));
        } else {
            assert_true(fixture_is("softokn"));
        }
        assert_int_equal(raw_functions()->C_DestroyObject(session, forged), CKR_OK);
    }
    plugin->close(tok);
}

/* All attributes are right, and what it unwraps comes out. A token that ignores the template says so. */
static void wrapping_root_without_unwrap_template_is_refused(void **state)
{
    (void)state;
    struct se_token *tok = fixture_open();
    (void)raw_root(raw_session(), WRAP, CKK_AES, NULL, NULL, 0);
    if (fixture_is("softokn")) {
        struct se_description d;
        SUCCEEDS(plugin->provision(tok, ERR));
        SUCCEEDS(plugin->describe(tok, &d, ERR));
        assert_true(d.test_only);
    } else {
        FAILS(OM_ECONFIG, plugin->provision(tok, ERR));
        SAYS(WRAP);
        SAYS("CKA_UNWRAP_TEMPLATE");
        open_is_refused("CKA_UNWRAP_TEMPLATE");
    }
    plugin->close(tok);
}

/* What was wrapped under one root is not accepted by the other, and by no other token. */
static void roots_are_apart(void **state)
{
    (void)state;
    uint8_t blob[SE_BLOB_MAX], out[32], octets[32] = {7};
    size_t n = sizeof blob;
    se_handle key = 0, loaded = 0;
    struct se_token *tok = fixture_open_provisioned();
    SUCCEEDS(plugin->key_mint(tok, octets, sizeof octets, &key, ERR));
    SUCCEEDS(plugin->key_wrap(tok, SE_ROOT_WRAP, key, blob, &n, ERR));
    FAILS(OM_EINTEGRITY, plugin->unseal(tok, blob, n, out, sizeof out, ERR));
    n = sizeof blob;
    SUCCEEDS(plugin->key_wrap(tok, SE_ROOT_SEAL, key, blob, &n, ERR));
    FAILS(OM_EINTEGRITY, plugin->key_load(tok, blob, n, sizeof octets, &loaded, ERR));
    n = sizeof blob;
    FAILS(OM_EINTERNAL, plugin->key_wrap(tok, SE_ROOT_ROW, key, blob, &n, ERR));
    plugin->close(tok);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(made_once_and_found_again),
        TEST(missing_one_is_made),
        TEST(duplicates_are_refused),
        TEST(weak_roots_are_refused),
        TEST(wrapping_root_without_unwrap_template_is_refused),
        TEST(roots_are_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
