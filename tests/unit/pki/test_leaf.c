/* A peer's own certificate: the profile, each rule broken once, and the names in it. */
#include "certificate.h"
#include "fixture.h"
#include "pki/leaf.h"

#include <stdio.h>
#include <string.h>

static struct om_error err;

static enum pki_fault fault_of(EVP_PKEY *key, struct test_certificate what)
{
    enum pki_fault fault = PKI_FAULT_N;
    what.san = what.san != NULL ? what.san : "URI:m2m://sp.example/cse1/Cae7";
    X509 *x = test_certificate(key, &what);
    om_rc rc = pki_leaf_check(x, &fault, &err);
    assert_int_equal(rc, fault == PKI_GOOD ? OM_OK : OM_EDENIED);
    X509_free(x);
    return fault;
}

static void profile(void **state)
{
    (void)state;
    EVP_PKEY *good = make_key("P-256"), *large = make_key("P-384");
    EVP_PKEY *compressed = make_odd_key("named_curve", "compressed");
    EVP_PKEY *explicit = make_odd_key("explicit", "uncompressed");
    assert_int_equal(fault_of(good, (struct test_certificate){.cn = "x"}), PKI_GOOD);
    assert_int_equal(fault_of(large, (struct test_certificate){.cn = "x"}), PKI_FAULT_KEY);
    assert_int_equal(fault_of(compressed, (struct test_certificate){.cn = "x"}), PKI_FAULT_KEY);
    assert_int_equal(fault_of(explicit, (struct test_certificate){.cn = "x"}), PKI_FAULT_KEY);
    assert_int_equal(fault_of(good, (struct test_certificate){.digest = "SHA384"}), PKI_FAULT_HASH);
    assert_int_equal(fault_of(good, (struct test_certificate){.digest = "SHA1"}), PKI_FAULT_HASH);
    assert_int_equal(fault_of(good, (struct test_certificate){.key_usage = ""}), PKI_FAULT_KEY_USAGE);
    assert_int_equal(fault_of(good, (struct test_certificate){.key_usage = "keyAgreement"}),
                     PKI_FAULT_KEY_USAGE);
    assert_int_equal(
        fault_of(good, (struct test_certificate){.ca = true, .key_usage = "digitalSignature,keyCertSign"}),
        PKI_FAULT_KEY_USAGE);
    assert_int_equal(fault_of(good, (struct test_certificate){.san = "DNS:*.sp.example"}),
                     PKI_FAULT_WILDCARD);
    assert_int_equal(fault_of(good, (struct test_certificate){.san = "URI:m2m://*.sp.example/c/Ca"}),
                     PKI_FAULT_WILDCARD);
    assert_int_equal(fault_of(good, (struct test_certificate){.san = "DNS:a.example,DNS:cse*.sp.example"}),
                     PKI_FAULT_WILDCARD);
    EVP_PKEY_free(good);
    EVP_PKEY_free(large);
    EVP_PKEY_free(compressed);
    EVP_PKEY_free(explicit);
}

static void names(void **state)
{
    (void)state;
    static const struct {
        const char *san;
        const char *names; /* in order, with their flavours, and a blank behind each */
    } cases[] = {
        {"DNS:CSE1.sp.example", "32-cse1.sp.example 1-cse1.sp.example "},
        {"URI:m2m://sp.example/cse1/Cae7", "33-//sp.example/cse1/Cae7 "},
        {"URI://sp.example/cse1/Cae7", "33-//sp.example/cse1/Cae7 "},
        {"URI:any+scheme.1-2://sp.example/cse1/Cae7", "33-//sp.example/cse1/Cae7 "},
        {"URI:urn:gsma:imei:90420156-025763-0",
         "34-urn:gsma:imei:90420156-025763-0 31-urn:gsma:imei:90420156-025763-0 "},
        {"otherName:0.2.481.1;UTF8:100.3030.10011", "31-0.2.481.1:100.3030.10011 "},
        {"otherName:0.2.481.1;UTF8:1.2,otherName:0.2.481.1;UTF8:1.3", "31-0.2.481.1:1.2 31-0.2.481.1:1.3 "},
        {"email:a@b.example,DNS:cse1.sp.example,IP:127.0.0.1", "32-cse1.sp.example 1-cse1.sp.example "},
        {"URI:https://MAF.example:8443/", "1-maf.example "},
        {"email:a@b.example", NULL},
        {"URI:https://maf.example/a/b/c", NULL},
        {"URI:https://user@maf.example/", NULL},
        {"URI:https:///", NULL},
        {"URI:https://sp.example/cse1/notC/a", NULL},
        {"URI:://sp.example/cse1/Cae7", NULL},
        {"URI:1m2m://sp.example/cse1/Cae7", NULL},
        {"", NULL},
    };
    EVP_PKEY *key = make_key("P-256");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pki_names got;
        enum pki_fault fault = PKI_GOOD;
        char text[512] = "";
        X509 *x = test_certificate(key, &(struct test_certificate){.san = cases[i].san});
        om_rc rc = pki_leaf_names(x, &got, &fault, &err);
        X509_free(x);
        if (cases[i].names == NULL) {
            assert_int_equal(rc, OM_EDENIED);
            assert_int_equal(fault, PKI_FAULT_NAME);
            continue;
        }
        assert_ok(rc, &err);
        for (size_t n = 0; n < got.n; n++) {
            size_t at = strlen(text);
            (void)snprintf(text + at, sizeof text - at, "%d-%s ", (int)got.each[n].flavour, got.each[n].text);
        }
        assert_string_equal(text, cases[i].names);
    }
    EVP_PKEY_free(key);
}

static void too_many_names(void **state)
{
    (void)state;
    char san[1024] = "DNS:a.example";
    struct pki_names got;
    enum pki_fault fault = PKI_GOOD;
    for (int i = 0; i < PKI_NAMES_MAX; i++)
        (void)strcat(san, ",DNS:b.example");
    EVP_PKEY *key = make_key("P-256");
    X509 *x = test_certificate(key, &(struct test_certificate){.san = san});
    assert_rc(OM_EDENIED, pki_leaf_names(x, &got, &fault, &err), &err);
    X509_free(x);
    EVP_PKEY_free(key);
}

static void fqdn(void **state)
{
    (void)state;
    static const struct {
        const char *san;
        int kind;
    } cases[] = {
        {"DNS:maf.example.com", GEN_DNS},
        {"DNS:other.example,DNS:MAF.example.com", GEN_DNS},
        {"URI:https://maf.example.com", GEN_URI},
        {"URI:coaps://maf.example.com:5684/", GEN_URI},
        {"URI:https://maf.example.com/,DNS:maf.example.com", GEN_DNS},
        {"URI:https://maf.example.com/path", -1},
        {"URI:https://maf.example.com.evil.example", -1},
        {"URI://maf.example.com", -1},
        {"DNS:maf.example.com.evil.example", -1},
        {"DNS:xmaf.example.com", -1},
        {"DNS:*.example.com", -1},
        {"email:a@maf.example.com", -1},
        {"", -1},
    };
    EVP_PKEY *key = make_key("P-256");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        X509 *x =
            test_certificate(key, &(struct test_certificate){.cn = "maf.example.com", .san = cases[i].san});
        assert_int_equal(pki_leaf_fqdn_kind(x, "maf.example.com"), cases[i].kind);
        assert_int_equal(pki_leaf_is_for(x, "maf.example.com"), cases[i].kind != -1);
        X509_free(x);
    }
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(profile),
        cmocka_unit_test(names),
        cmocka_unit_test(too_many_names),
        cmocka_unit_test(fqdn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
