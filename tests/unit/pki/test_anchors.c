/* Trust anchors as CMS certs-only in base64. */
#include "fixture.h"
#include "pki/anchors.h"
#include "util/text.h"

#include <openssl/cms.h>
#include <stdlib.h>
#include <string.h>

/* CA certificates of one key, each another one; freed with the stack. */
static STACK_OF(X509) * stack_of(EVP_PKEY *key, int n)
{
    STACK_OF(X509) *certs = sk_X509_new_null();
    for (int i = 0; i < n; i++)
        assert_true(sk_X509_push(certs, make_self_signed(key, true, EVP_sha256())) > 0);
    return certs;
}

static void there_and_back(void **state)
{
    (void)state;
    struct om_error err = {0};
    EVP_PKEY *key = make_key("P-256");
    STACK_OF(X509) *certs = stack_of(key, 2);
    STACK_OF(X509) *back = NULL;
    char *text = NULL;
    char broken[PKI_ANCHORS_SIZE];
    assert_ok(pki_anchors_encode(certs, &text, &err), &err);
    assert_ok(pki_anchors_decode(text, &back, &err), &err);
    assert_int_equal(sk_X509_num(back), 2);
    X509 *first = sk_X509_value(certs, 0); /* the set is in DER's order */
    assert_true(X509_cmp(sk_X509_value(back, 0), first) == 0 || X509_cmp(sk_X509_value(back, 1), first) == 0);
    sk_X509_pop_free(back, X509_free);
    char *at = broken;
    for (size_t i = 0; text[i] != '\0'; i++) { /* into lines, as tools print it */
        *at++ = text[i];
        at = stpcpy(at, i % 64 == 63 ? "\r\n" : "");
    }
    assert_ok(pki_anchors_decode(broken, &back, &err), &err);
    sk_X509_pop_free(back, X509_free);
    free(text);
    sk_X509_pop_free(certs, X509_free);
    EVP_PKEY_free(key);
}

static void only_cas_of_the_profile(void **state)
{
    (void)state;
    EVP_PKEY *key = make_key("P-256");
    EVP_PKEY *p384 = make_key("P-384");
    X509 *bad[] = {make_self_signed(key, false, EVP_sha256()), make_self_signed(key, true, EVP_sha384()),
                   make_self_signed(p384, true, EVP_sha256())};
    const char *const says[] = {"no CA certificate", "SHA-256", "secp256r1"};
    for (size_t i = 0; i < 3; i++) {
        struct om_error err = {0};
        STACK_OF(X509) *certs = sk_X509_new_null();
        assert_true(sk_X509_push(certs, bad[i]) > 0);
        char *text = NULL;
        assert_rc(OM_EDENIED, pki_anchors_encode(certs, &text, &err), &err);
        assert_says(&err, says[i]);
        sk_X509_pop_free(certs, X509_free);
    }
    EVP_PKEY_free(key);
    EVP_PKEY_free(p384);
}

/* CMS of any make in base64. */
static char *wrap(CMS_ContentInfo *cms, const char *more)
{
    unsigned char *der = NULL;
    int n = i2d_CMS_ContentInfo(cms, &der);
    assert_true(n > 0);
    size_t extra = strlen(more);
    uint8_t *all = malloc((size_t)n + extra + 1);
    char *text = malloc(OM_BASE64_SIZE((size_t)n + extra));
    assert_true(all != NULL && text != NULL);
    memcpy(all, der, (size_t)n);
    memcpy(all + n, more, extra);
    om_base64_encode(text, all, (size_t)n + extra);
    free(all);
    OPENSSL_free(der);
    CMS_ContentInfo_free(cms);
    return text;
}

static void expect(char *text, om_rc rc, const char *says)
{
    struct om_error err = {0};
    STACK_OF(X509) *certs = NULL;
    assert_rc(rc, pki_anchors_decode(text, &certs, &err), &err);
    assert_null(certs);
    assert_says(&err, says);
    free(text);
}

static void nothing_but_certificates(void **state)
{
    (void)state;
    EVP_PKEY *key = make_key("P-256");
    X509 *ca = make_self_signed(key, true, EVP_sha256());
    BIO *nothing = BIO_new_mem_buf("", 0);
    STACK_OF(X509) *one = stack_of(key, 1);
    STACK_OF(X509) *many = stack_of(key, PKI_ANCHORS_MAX + 1);
    expect(wrap(CMS_sign(NULL, NULL, one, nothing, CMS_PARTIAL), "x"), OM_EINPUT, "certificates only");
    expect(wrap(CMS_sign(ca, key, one, nothing, CMS_BINARY), ""), OM_EINPUT, "certificates only");
    expect(wrap(CMS_sign(NULL, NULL, many, nothing, CMS_PARTIAL), ""), OM_EINPUT, "9 certificates");
    expect(wrap(CMS_sign(NULL, NULL, NULL, nothing, CMS_PARTIAL), ""), OM_EINPUT, "0 certificates");
    expect(wrap(CMS_data_create(nothing, CMS_BINARY), ""), OM_EINPUT, "certificates only");
    expect(strdup("!"), OM_EINPUT, "caCerts");
    expect(strdup(""), OM_EINPUT, "caCerts");
    char *longer = malloc(PKI_ANCHORS_SIZE + 8);
    assert_non_null(longer);
    memset(longer, 'A', PKI_ANCHORS_SIZE + 7);
    longer[PKI_ANCHORS_SIZE + 7] = '\0';
    expect(longer, OM_EINPUT, "longer than");
    BIO_free(nothing);
    sk_X509_pop_free(one, X509_free);
    sk_X509_pop_free(many, X509_free);
    X509_free(ca);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(only_cas_of_the_profile),
        cmocka_unit_test(nothing_but_certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
