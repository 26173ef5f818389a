/* Names in certificates: grammar, Credential-IDs, subjectAltName made and compared. */
#include "fixture.h"

#include <string.h>

static const struct {
    enum pki_flavour flavour;
    const char *text;
    int type; /* of its GeneralName */
    const char *credential;
} good[] = {
    {PKI_FQDN, "maf.example.com", GEN_DNS, NULL},
    {PKI_CSE, "cse1.sp.example.com", GEN_DNS, "32-cse1.sp.example.com"},
    {PKI_AE, "//sp.example.com/cse1/Cae7", GEN_URI, "33-//sp.example.com/cse1/Cae7"},
    {PKI_AE, "//sp.example.com/Sae9", GEN_URI, "33-//sp.example.com/Sae9"},
    {PKI_NODE, "urn:gsma:imei:90420156-025763-0", GEN_URI, "34-urn:gsma:imei:90420156-025763-0"},
    {PKI_DEVICE, "urn:dev:mac:0024befffe804ff1", GEN_URI, "31-urn:dev:mac:0024befffe804ff1"},
    {PKI_DEVICE, "0.2.481.1:100.3030.10011", GEN_OTHERNAME, "31-0.2.481.1:100.3030.10011"},
};
#define N_GOOD (sizeof good / sizeof good[0])

static void each_flavour_has_its_form(void **state)
{
    (void)state;
    struct om_error err = {0};
    for (size_t i = 0; i < N_GOOD; i++) {
        struct pki_name name = make_name(good[i].flavour, good[i].text);
        struct pki_name back;
        GENERAL_NAMES *san = NULL;
        char id[M2M_ID_SIZE];
        assert_ok(pki_name_to_san(&name, &san, &err), &err);
        assert_int_equal(sk_GENERAL_NAME_num(san), 1);
        assert_int_equal(sk_GENERAL_NAME_value(san, 0)->type, good[i].type);
        assert_ok(pki_name_check_san(&name, san, &err), &err);
        GENERAL_NAMES_free(san);
        if (good[i].credential == NULL) {
            assert_rc(OM_EINPUT, pki_name_credential_id(&name, id, &err), &err);
            continue;
        }
        assert_ok(pki_name_credential_id(&name, id, &err), &err);
        assert_string_equal(id, good[i].credential);
        assert_ok(pki_name_from_credential_id(&back, id, &err), &err);
        assert_int_equal(back.flavour, name.flavour);
        assert_string_equal(back.text, name.text);
    }
}

static void a_name_is_no_other(void **state)
{
    (void)state;
    struct om_error err = {0};
    for (size_t i = 0; i < N_GOOD; i++) {
        for (size_t j = 0; j < N_GOOD; j++) {
            struct pki_name a = make_name(good[i].flavour, good[i].text);
            struct pki_name b = make_name(good[j].flavour, good[j].text);
            GENERAL_NAMES *san = NULL;
            assert_ok(pki_name_to_san(&a, &san, &err), &err);
            assert_rc(i == j ? OM_OK : OM_EDENIED, pki_name_check_san(&b, san, &err), &err);
            GENERAL_NAMES_free(san);
        }
    }
}

static void malformed_names_are_refused(void **state)
{
    (void)state;
    static const struct {
        enum pki_flavour flavour;
        const char *text;
    } bad[] = {
        {PKI_FQDN, "*.example.com"},
        {PKI_FQDN, "maf.example.com."},
        {PKI_FQDN, ""},
        {PKI_CSE, "*.sp.example.com"},
        {PKI_CSE, "//sp.example.com/cse1"},
        {PKI_AE, "sp.example.com/Sae"},
        {PKI_AE, "//sp.example.com/*"},
        {PKI_AE, "/Sae9"},
        {PKI_NODE, "imei:90"},
        {PKI_NODE, "urn:gsma:"},
        {PKI_NODE, "urn::x"},
        {PKI_NODE, "urn:gsma:a b"},
        {PKI_NODE, "urn:gsma:*"},
        {PKI_DEVICE, "0.2.481.1"},
        {PKI_DEVICE, "0.2.481.1:"},
        {PKI_DEVICE, "0.2.481.1:1.02"},
        {PKI_DEVICE, "9.9:1"},
        {PKI_DEVICE, "0.2:1.2:3"},
        {PKI_DEVICE, "0.2.:1"},
        {(enum pki_flavour)30, "x"},
    };
    struct om_error err = {0};
    struct pki_name name;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_rc(OM_EINPUT, pki_name_set(&name, bad[i].flavour, bad[i].text, &err), &err);
    static const char *const ids[] = {"11-km@maf.example.com",    "30-ni:///sha-256;x",
                                      "1-maf.example.com",        "33",
                                      "-//sp.example.com/Sae9",   "34-imei",
                                      "133-//sp.example.com/Sae9"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        assert_rc(OM_EINPUT, pki_name_from_credential_id(&name, ids[i], &err), &err);
}

static GENERAL_NAMES *san_of(int type, const char *text, size_t n)
{
    GENERAL_NAMES *san = GENERAL_NAMES_new();
    GENERAL_NAME *gen = GENERAL_NAME_new();
    ASN1_IA5STRING *s = ASN1_IA5STRING_new();
    assert_true(san != NULL && gen != NULL && s != NULL && ASN1_STRING_set(s, text, (int)n) == 1);
    GENERAL_NAME_set0_value(gen, type, s);
    assert_true(sk_GENERAL_NAME_push(san, gen) > 0);
    return san;
}

static void check_text(enum pki_flavour flavour, const char *wanted, int type, const char *text, size_t n,
                       om_rc expected)
{
    struct om_error err = {0};
    struct pki_name name = make_name(flavour, wanted);
    GENERAL_NAMES *san = san_of(type, text, n);
    assert_rc(expected, pki_name_check_san(&name, san, &err), &err);
    GENERAL_NAMES_free(san);
}

#define IS(flavour, wanted, type, text) check_text(flavour, wanted, type, text, sizeof(text) - 1, OM_OK)
#define IS_NOT(flavour, wanted, type, text)                                                                  \
    check_text(flavour, wanted, type, text, sizeof(text) - 1, OM_EDENIED)

static void comparing_is_exact(void **state)
{
    (void)state;
    const char *maf = "maf.example.com";
    IS(PKI_FQDN, maf, GEN_DNS, "MAF.example.COM");
    IS_NOT(PKI_FQDN, maf, GEN_DNS, "*.example.com");
    IS_NOT(PKI_FQDN, maf, GEN_DNS, "maf.example.com.");
    IS_NOT(PKI_FQDN, maf, GEN_DNS, "maf.example.com\0.evil.example");
    IS_NOT(PKI_FQDN, maf, GEN_DNS, "maf.example.co");
    IS_NOT(PKI_FQDN, maf, GEN_URI, "maf.example.com");
    const char *ae = "//sp.example.com/cse1/Cae7";
    IS(PKI_AE, ae, GEN_URI, "//sp.example.com/cse1/Cae7");
    IS(PKI_AE, ae, GEN_URI, "m2m://sp.example.com/cse1/Cae7");
    IS(PKI_AE, ae, GEN_URI, "coap+x-1.0://sp.example.com/cse1/Cae7");
    IS_NOT(PKI_AE, ae, GEN_URI, "://sp.example.com/cse1/Cae7");
    IS_NOT(PKI_AE, ae, GEN_URI, "m2m//sp.example.com/cse1/Cae7");
    IS_NOT(PKI_AE, ae, GEN_URI, "1m:////sp.example.com/cse1/Cae7");
    IS_NOT(PKI_AE, ae, GEN_URI, "m2m://evil.example/x//sp.example.com/cse1/Cae7");
    IS_NOT(PKI_AE, ae, GEN_URI, "m2m://sp.example.com/cse1/cae7");
    IS_NOT(PKI_AE, ae, GEN_URI, "m2m://sp.example.com/cse1/Cae77");
    IS_NOT(PKI_AE, ae, GEN_URI, "m2m://sp.example.com/cse1/Cae7\0");
    IS_NOT(PKI_NODE, "urn:gsma:imei:1-2-0", GEN_URI, "urn:gsma:imei:1-2-00");
    IS_NOT(PKI_NODE, "urn:gsma:imei:1-2-0", GEN_URI, "URN:gsma:imei:1-2-0");
}

static void one_name_alone(void **state)
{
    (void)state;
    struct om_error err = {0};
    struct pki_name name = make_name(PKI_FQDN, "maf.example.com");
    GENERAL_NAMES *san = san_of(GEN_DNS, name.text, strlen(name.text));
    GENERAL_NAMES *more = san_of(GEN_DNS, "other.example.com", 17);
    assert_true(sk_GENERAL_NAME_push(san, sk_GENERAL_NAME_pop(more)) > 0);
    assert_rc(OM_EDENIED, pki_name_check_san(&name, san, &err), &err);
    assert_rc(OM_EDENIED, pki_name_check_san(&name, more, &err), &err);
    assert_rc(OM_EDENIED, pki_name_check_san(&name, NULL, &err), &err);
    GENERAL_NAMES_free(san);
    GENERAL_NAMES_free(more);
}

static void flavours_by_name(void **state)
{
    (void)state;
    struct om_error err = {0};
    enum pki_flavour flavour;
    for (size_t i = 0; i < N_GOOD; i++) {
        assert_ok(pki_flavour_parse(pki_flavour_text(good[i].flavour), &flavour, &err), &err);
        assert_int_equal(flavour, good[i].flavour);
    }
    assert_rc(OM_EINPUT, pki_flavour_parse("AE", &flavour, &err), &err);
    assert_null(pki_flavour_text((enum pki_flavour)30));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_flavour_has_its_form),
        cmocka_unit_test(a_name_is_no_other),
        cmocka_unit_test(malformed_names_are_refused),
        cmocka_unit_test(comparing_is_exact),
        cmocka_unit_test(one_name_alone),
        cmocka_unit_test(flavours_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
