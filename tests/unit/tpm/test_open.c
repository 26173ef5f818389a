/* Opening and provisioning: PINs, owners, and what else is in the TPM. */
#include "fixture.h"

#define STORAGE 0x81006f6d
#define ROW     0x81006f6e

static const uint8_t octets[32] = {1, 2, 3};

static void wrap_and_use(struct se_token *tok)
{
    uint8_t blob[SE_BLOB_MAX], mac[SE_MAC_SIZE];
    size_t n = sizeof blob;
    se_handle key = 0;
    SUCCEEDS(plugin->wrap_octets(tok, SE_ROOT_WRAP, octets, sizeof octets, blob, &n, ERR));
    SUCCEEDS(plugin->key_load(tok, blob, n, sizeof octets, &key, ERR));
    SUCCEEDS(plugin->hmac(tok, key, NULL, 0, mac, ERR));
    plugin->key_free(tok, key);
}

static void wrong_pin_is_refused_and_counts_nothing(void **state)
{
    (void)state;
    struct se_token *tok = fixture_open_provisioned("");
    struct se_token *other = NULL;
    const char *wrong = fixture_pin("wrong", "not the PIN at all");
    UINT32 before = raw_property(TPM2_PT_LOCKOUT_COUNTER);
    for (int i = 0; i < 40; i++) { /* more than any TPM lets pass before it locks */
        FAILS(OM_ECONFIG, fixture_try(fixture_uri(""), wrong, &other));
        SAYS("PIN is wrong");
    }
    assert_int_equal(raw_property(TPM2_PT_LOCKOUT_COUNTER), before);
    assert_int_equal(raw_property(TPM2_PT_PERMANENT) & TPMA_PERMANENT_INLOCKOUT, 0);
    raw_expect_clean();
    SUCCEEDS(plugin->health(tok, ERR)); /* whoever has the PIN goes on */
    plugin->close(tok);
}

static void pin_is_needed(void **state)
{
    (void)state;
    struct se_token *tok = NULL;
    SUCCEEDS(fixture_try(fixture_uri(""), NULL, &tok)); /* there is nothing yet that it could open */
    FAILS(OM_ECONFIG, plugin->provision(tok, ERR));
    SAYS("a PIN is needed");
    plugin->close(tok);
    plugin->close(fixture_open_provisioned(""));
    FAILS(OM_ECONFIG, fixture_try(fixture_uri(""), NULL, &tok));
    SAYS("a PIN is needed");
    FAILS(OM_ECONFIG, fixture_try(fixture_uri(""), "file:/nowhere/pin", &tok));
    SAYS("PIN source");
    char uri[1024]; /* the URI may name it, too */
    (void)snprintf(uri, sizeof uri, "%s?pin-source=%s", fixture_uri(""), fixture_token->pin_source);
    SUCCEEDS(fixture_try(uri, NULL, &tok));
    SUCCEEDS(plugin->health(tok, ERR));
    plugin->close(tok);
}

static void what_it_holds_already_is_not_touched(void **state)
{
    (void)state;
    ESYS_CONTEXT *esys = raw_open();
    struct se_token *tok = NULL;
    (void)raw_primary(esys, STORAGE);
    raw_close(esys);
    FAILS(OM_ECONFIG, fixture_try(fixture_uri(""), fixture_token->pin_source, &tok));
    SAYS("0x81006f6d");
    SAYS("handle=");
    tok = fixture_open_provisioned(";handle=0x81010000"); /* the way out */
    wrap_and_use(tok);
    plugin->close(tok);
    assert_int_equal(raw_count(TPM_PERSISTENT_FIRST), 3);

    raw_evict(STORAGE);
    esys = raw_open();
    (void)raw_primary(esys, ROW);
    raw_close(esys);
    FAILS(OM_ECONFIG, fixture_try(fixture_uri(""), fixture_token->pin_source, &tok));
    SAYS("0x81006f6e");
    raw_evict(ROW);
}

/* The row key of one storage key does not serve another. */
static void mixed_roots_are_refused(void **state)
{
    (void)state;
    struct se_token *tok = fixture_open_provisioned("");
    plugin->close(tok);
    raw_evict(STORAGE);
    FAILS(OM_ECONFIG, fixture_try(fixture_uri(""), fixture_token->pin_source, &tok));
    SAYS("row key");
    ESYS_CONTEXT *esys = raw_open();
    (void)raw_primary(esys, STORAGE);
    raw_close(esys);
    FAILS(OM_ECONFIG, fixture_try(fixture_uri(""), fixture_token->pin_source, &tok));
    SAYS("storage key");
}

/* A provision that was interrupted between the two is finished by the next. */
static void half_a_provision_is_completed(void **state)
{
    (void)state;
    struct se_token *tok = fixture_open_provisioned("");
    struct se_description d;
    uint8_t mac[SE_MAC_SIZE];
    plugin->close(tok);
    raw_evict(ROW);
    tok = fixture_open("");
    SUCCEEDS(plugin->describe(tok, &d, ERR));
    assert_false(d.provisioned);
    FAILS(OM_ECONFIG, plugin->row_mac(tok, NULL, 0, mac, ERR));
    SAYS("0x81006f6e");
    SUCCEEDS(plugin->provision(tok, ERR));
    wrap_and_use(tok);
    plugin->close(tok);
    tok = NULL;
    FAILS(OM_ECONFIG, fixture_try(fixture_uri(""), fixture_pin("wrong", "wrong PIN"), &tok));
    raw_expect_clean();
}

static void two_sets_of_keys_in_one_tpm(void **state)
{
    (void)state;
    uint8_t blob[SE_BLOB_MAX];
    size_t n = sizeof blob;
    se_handle key = 0;
    struct se_token *a = fixture_open_provisioned("");
    struct se_token *b = NULL;
    SUCCEEDS(fixture_try(fixture_uri(";handle=0x81020000"), fixture_pin("b", "the PIN of b"), &b));
    SUCCEEDS(plugin->provision(b, ERR));
    wrap_and_use(a);
    wrap_and_use(b);
    SUCCEEDS(plugin->wrap_octets(a, SE_ROOT_WRAP, octets, sizeof octets, blob, &n, ERR));
    FAILS(OM_EINTEGRITY, plugin->key_load(b, blob, n, sizeof octets, &key, ERR));
    plugin->close(a);
    plugin->close(b);
}

static void owner_with_an_authorisation_value(void **state)
{
    (void)state;
    char attributes[512];
    struct se_token *tok = fixture_open("");
    raw_set_owner_auth("the owner");
    FAILS(OM_ECONFIG, plugin->provision(tok, ERR));
    SAYS("owner-pin-source");
    plugin->close(tok);
    (void)snprintf(attributes, sizeof attributes, "?owner-pin-source=%s",
                   fixture_pin("wrong", "not the owner"));
    tok = fixture_open(attributes);
    FAILS(OM_ECONFIG, plugin->provision(tok, ERR));
    SAYS("owner-pin-source");
    plugin->close(tok);
    raw_expect_clean();
    assert_int_equal(raw_property(TPM2_PT_LOCKOUT_COUNTER), 0);

    (void)snprintf(attributes, sizeof attributes, "?owner-pin-source=%s", fixture_pin("owner", "the owner"));
    plugin->close(fixture_open_provisioned(attributes));
    assert_false(bus_carried("the owner", 9));
    tok = fixture_open(""); /* from then on nobody asks for it */
    wrap_and_use(tok);
    plugin->close(tok);
}

/* Others have locked the TPM; our objects are exempt, and the operator is told. */
static void lockout_is_told_and_does_not_stop_us(void **state)
{
    (void)state;
    struct se_token *tok = fixture_open_provisioned("");
    struct se_description d;
    raw_lock();
    SUCCEEDS(plugin->describe(tok, &d, ERR));
    assert_non_null(strstr(d.state, "lockout"));
    wrap_and_use(tok);
    SUCCEEDS(plugin->health(tok, ERR));
    plugin->close(tok);
    tok = fixture_open("");
    wrap_and_use(tok);
    plugin->close(tok);
    FAILS(OM_ECONFIG, fixture_try(fixture_uri(""), fixture_pin("wrong", "wrong PIN"), &tok));
    SAYS("PIN is wrong");
}

static void description(void **state)
{
    (void)state;
    struct se_token *tok = fixture_open_provisioned("");
    struct se_description d;
    SUCCEEDS(plugin->describe(tok, &d, ERR));
    assert_string_equal(d.plugin, "tpm2");
    assert_string_equal(d.manufacturer, "IBM");
    assert_string_equal(d.label, "0x81006f6d");
    assert_non_null(strstr(d.algorithms, "HMAC"));
    assert_true(d.firmware[0] != '\0' && d.grade == SE_GRADE_HMAC && d.provisioned && d.commands > 0);
    assert_string_equal(d.quirks, "");
    plugin->close(tok);
    tok = fixture_open(";encrypt=no");
    SUCCEEDS(plugin->describe(tok, &d, ERR));
    assert_string_equal(d.quirks, "not-encrypted");
    plugin->close(tok);
}

int main(void)
{
    fixture_begin();
#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        CASE(wrong_pin_is_refused_and_counts_nothing),
        CASE(pin_is_needed),
        CASE(what_it_holds_already_is_not_touched),
        CASE(mixed_roots_are_refused),
        CASE(half_a_provision_is_completed),
        CASE(two_sets_of_keys_in_one_tpm),
        CASE(owner_with_an_authorisation_value),
        CASE(lockout_is_told_and_does_not_stop_us),
        CASE(description),
    };
    return cmocka_run_group_tests_name("tpm open", tests, NULL, NULL);
}
