/* Certificates of every flavour, as a verifier that we did not write sees them (libcrypto's RFC 5280 path
 * validation, strict). */
#include "fixture.h"

#include "provisioning/certificate.h"

#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

static const char long_ae[] =
    "//sp.example.com/cse-with-a-name-that-is-too-long-for-a-common-name/Cae-with-a-long-name";

static struct certificate_frame frame_of(EVP_PKEY *signer, uint8_t serial, int64_t seconds)
{
    struct certificate_frame frame = {
        .from = (int64_t)time(NULL) - 60, .until = (int64_t)time(NULL) + seconds, .signer = signer};
    memset(frame.serial, serial, sizeof frame.serial);
    return frame;
}

struct world {
    EVP_PKEY *ca_key, *key;
    X509 *entity, *node;
};

static X509 *make_ca(EVP_PKEY *key, const char *domain, bool no_dns)
{
    struct om_error err = {0};
    struct m2m_list domains = M2M_LIST_INIT;
    X509 *cert = NULL;
    if (domain != NULL)
        assert_ok(m2m_list_add(&domains, domain, &err), &err);
    struct certificate_ca what = {.frame = frame_of(key, 0xff, 86400),
                                  .common_name = "test CA",
                                  .dns = domain != NULL ? &domains : NULL,
                                  .uri = domain != NULL ? &domains : NULL,
                                  .no_dns = no_dns};
    assert_ok(certificate_make_ca(&what, &cert, &err), &err);
    m2m_list_free(&domains);
    return cert;
}

static int setup(void **state)
{
    static struct world w;
    w.ca_key = make_key("P-256");
    w.key = make_key("P-256");
    w.entity = make_ca(w.ca_key, "sp.example.com", false);
    w.node = make_ca(w.ca_key, NULL, true);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    EVP_PKEY_free(w->ca_key);
    EVP_PKEY_free(w->key);
    X509_free(w->entity);
    X509_free(w->node);
    return 0;
}

static om_rc make(struct world *w, const X509 *issuer, const struct pki_name *name, X509 **out,
                  struct om_error *err)
{
    struct certificate_leaf what = {.frame = frame_of(w->ca_key, 0, 3600),
                                    .issuer = issuer,
                                    .name = name,
                                    .key = w->key,
                                    .crl_uri = "http://crl.example.com/x.crl"};
    return certificate_make_leaf(&what, out, err);
}

static int verify(X509 *cert, X509 *anchor, int purpose)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    assert_true(store != NULL && ctx != NULL && X509_STORE_add_cert(store, anchor) == 1);
    assert_int_equal(X509_STORE_CTX_init(ctx, store, cert, NULL), 1);
    assert_int_equal(X509_STORE_CTX_set_purpose(ctx, purpose), 1);
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx), X509_V_FLAG_X509_STRICT);
    (void)X509_verify_cert(ctx);
    int code = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return code;
}

static void every_flavour_verifies(void **state)
{
    struct world *w = *state;
    const struct {
        enum pki_flavour flavour;
        const char *text;
        X509 *issuer;
    } cases[] = {
        {PKI_FQDN, "maf.sp.example.com", w->entity},
        {PKI_CSE, "cse1.sp.example.com", w->entity},
        {PKI_AE, "//sp.example.com/Sae9", w->entity},
        {PKI_AE, long_ae, w->entity},
        {PKI_NODE, "urn:gsma:imei:90420156-025763-0", w->node},
        {PKI_DEVICE, "urn:dev:mac:0024befffe804ff1", w->node},
        {PKI_DEVICE, "0.2.481.1:100.3030.10011", w->node},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct om_error err = {0};
        struct pki_name name = make_name(cases[i].flavour, cases[i].text);
        X509 *cert = NULL;
        assert_ok(make(w, cases[i].issuer, &name, &cert, &err), &err);
        int server = cases[i].flavour == PKI_FQDN ? X509_V_OK : X509_V_ERR_INVALID_PURPOSE;
        assert_int_equal(verify(cert, cases[i].issuer, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
        assert_int_equal(verify(cert, cases[i].issuer, X509_PURPOSE_SSL_SERVER), server);
        assert_int_equal(X509_get_key_usage(cert), KU_DIGITAL_SIGNATURE);
        int critical = -1;
        GENERAL_NAMES *san = X509_get_ext_d2i(cert, NID_subject_alt_name, &critical, NULL);
        assert_ok(pki_name_check_san(&name, san, &err), &err);
        assert_int_equal(critical, X509_NAME_entry_count(X509_get_subject_name(cert)) == 0);
        GENERAL_NAMES_free(san);
        X509_free(cert);
    }
}

static void an_authority_names_only_what_it_may(void **state)
{
    struct world *w = *state;
    const struct {
        enum pki_flavour flavour;
        const char *text;
        X509 *issuer;
    } cases[] = {
        {PKI_CSE, "cse1.other.example.com", w->entity},
        {PKI_AE, "//other.example.com/Sae9", w->entity},
        {PKI_AE, "//x.sp.example.com/Sae9", w->entity},
        {PKI_NODE, "urn:gsma:imei:90420156-025763-0", w->entity}, /* no host: RFC 5280 section 4.2.1.10 */
        {PKI_CSE, "cse1.sp.example.com", w->node},
        {PKI_FQDN, "maf.example.com", w->node},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct om_error err = {0};
        struct pki_name name = make_name(cases[i].flavour, cases[i].text);
        X509 *cert = NULL;
        assert_rc(OM_EDENIED, make(w, cases[i].issuer, &name, &cert, &err), &err);
        assert_says(&err, "outside the domains");
        assert_null(cert);
    }
}

static void serial_numbers_are_positive_and_of_full_length(void **state)
{
    struct world *w = *state;
    struct om_error err = {0};
    struct pki_name name = make_name(PKI_AE, "//sp.example.com/Sae9");
    uint8_t zeros[CERTIFICATE_SERIAL_SIZE] = {0};
    char text[2 * CERTIFICATE_SERIAL_SIZE + 1];
    X509 *cert = NULL;
    assert_ok(make(w, w->entity, &name, &cert, &err), &err);
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *hex = BN_bn2hex(number);
    certificate_serial_text(zeros, text);
    assert_int_equal(strcasecmp(hex, text), 0);
    assert_string_equal(text, "40000000000000000000000000000000");
    OPENSSL_free(hex);
    BN_free(number);
    number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(w->entity), NULL);
    assert_false(BN_is_negative(number));
    assert_int_equal(BN_num_bytes(number), CERTIFICATE_SERIAL_SIZE);
    BN_free(number);
    X509_free(cert);
}

static void another_signer_is_noticed(void **state)
{
    struct world *w = *state;
    struct om_error err = {0};
    struct pki_name name = make_name(PKI_AE, "//sp.example.com/Sae9");
    struct certificate_leaf what = {
        .frame = frame_of(w->key, 0, 3600), .issuer = w->entity, .name = &name, .key = w->key, .crl_uri = ""};
    X509 *cert = NULL;
    assert_rc(OM_EINTEGRITY, certificate_make_leaf(&what, &cert, &err), &err);
    assert_null(cert);
}

static void only_keys_of_the_profile(void **state)
{
    struct world *w = *state;
    struct om_error err = {0};
    struct pki_name name = make_name(PKI_AE, "//sp.example.com/Sae9");
    EVP_PKEY *p384 = make_key("P-384");
    struct certificate_leaf what = {.frame = frame_of(w->ca_key, 0, 3600),
                                    .issuer = w->entity,
                                    .name = &name,
                                    .key = p384,
                                    .crl_uri = ""};
    X509 *cert = NULL;
    assert_rc(OM_EDENIED, certificate_make_leaf(&what, &cert, &err), &err);
    assert_says(&err, "secp256r1");
    EVP_PKEY_free(p384);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flavour_verifies),
        cmocka_unit_test(an_authority_names_only_what_it_may),
        cmocka_unit_test(serial_numbers_are_positive_and_of_full_length),
        cmocka_unit_test(another_signer_is_noticed),
        cmocka_unit_test(only_keys_of_the_profile),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
