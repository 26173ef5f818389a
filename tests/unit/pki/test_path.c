/* Paths to trust anchors: good ones, and every way in which one can be bad, each told by its own fault. */
#include "certificate.h"
#include "fixture.h"
#include "pki/path.h"

#include <openssl/x509v3.h>
#include <time.h>

#define HOUR 3600

/* root -> middle -> leaf, and a second root. */
static EVP_PKEY *root_key, *middle_key, *leaf_key, *other_key;
static X509 *root, *middle, *other;
static struct om_error err;

static X509 *ca(EVP_PKEY *key, const char *cn, const char *limits, X509 *issuer, EVP_PKEY *issuer_key)
{
    return test_certificate(
        key,
        &(struct test_certificate){
            .cn = cn, .ca = true, .name_constraints = limits, .issuer = issuer, .issuer_key = issuer_key});
}

static int setup(void **state)
{
    (void)state;
    root_key = test_key("P-256");
    middle_key = test_key("P-256");
    leaf_key = test_key("P-256");
    other_key = test_key("P-256");
    root = ca(root_key, "root", "critical,permitted;URI:.sp.example,permitted;DNS:sp.example", NULL, NULL);
    middle = ca(middle_key, "middle", NULL, root, root_key);
    other = ca(other_key, "other", "permitted;URI:.sp.example", NULL, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    X509_free(root);
    X509_free(middle);
    X509_free(other);
    EVP_PKEY_free(root_key);
    EVP_PKEY_free(middle_key);
    EVP_PKEY_free(leaf_key);
    EVP_PKEY_free(other_key);
    return 0;
}

/* A leaf under the middle CA, with differences. */
static X509 *leaf_with(struct test_certificate what)
{
    what.issuer = what.issuer != NULL ? what.issuer : middle;
    what.issuer_key = what.issuer_key != NULL ? what.issuer_key : middle_key;
    what.san = what.san != NULL ? what.san : "URI:m2m://in.sp.example/cse1/Cae7";
    what.cn = what.cn != NULL ? what.cn : "leaf";
    return test_certificate(leaf_key, &what);
}

struct situation {
    X509 *anchors[3];
    X509 *sent[3];
    X509_CRL *crls[3];
    bool ask_crls, every_crl, server;
    int constrained; /* plus one; 0: -1 */
    long later;      /* seconds from now */
};

static STACK_OF(X509) * stack(X509 *const certs[3])
{
    STACK_OF(X509) *s = sk_X509_new_null();
    for (int i = 0; i < 3 && certs[i] != NULL; i++)
        assert_true(sk_X509_push(s, certs[i]) > 0);
    return s;
}

static enum pki_fault judge(X509 *leaf, const struct situation *s)
{
    enum pki_fault fault = PKI_FAULT_N;
    STACK_OF(X509) *anchors = stack(s->anchors), *sent = stack(s->sent);
    STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
    for (int i = 0; i < 3 && s->crls[i] != NULL; i++)
        assert_true(sk_X509_CRL_push(crls, s->crls[i]) > 0);
    struct pki_trust trust = {.anchors = anchors,
                              .crls = s->ask_crls ? crls : NULL,
                              .every_crl = s->every_crl,
                              .constrained = s->constrained - 1,
                              .server = s->server,
                              .now = (int64_t)time(NULL) + s->later};
    om_rc rc = pki_path_verify(leaf, sent, &trust, &fault, &err);
    assert_int_equal(rc, fault == PKI_GOOD ? OM_OK : OM_EDENIED);
    sk_X509_free(anchors);
    sk_X509_free(sent);
    sk_X509_CRL_free(crls);
    return fault;
}

#define GIVES(expected, leaf, ...)                                                                           \
    do {                                                                                                     \
        enum pki_fault got_ = judge((leaf), &(struct situation){__VA_ARGS__});                               \
        if (got_ != (expected))                                                                              \
            fail_msg("%s, not %s: %s", pki_fault_text(got_), pki_fault_text(expected), err.text);            \
    } while (0)

static void good_paths(void **state)
{
    (void)state;
    X509 *leaf = leaf_with((struct test_certificate){.extended_key_usage = "clientAuth"});
    GIVES(PKI_GOOD, leaf, .anchors = {root}, .sent = {leaf, middle});
    GIVES(PKI_GOOD, leaf, .anchors = {other, root}, .sent = {middle});
    GIVES(PKI_GOOD, leaf, .anchors = {middle}); /* an intermediate may be the anchor */
    GIVES(PKI_GOOD, leaf, .anchors = {root}, .sent = {middle}, .constrained = GEN_URI + 1);
    GIVES(PKI_GOOD, leaf, .anchors = {root}, .sent = {middle}, .constrained = GEN_DNS + 1);
    X509_free(leaf);
}

static void no_path(void **state)
{
    (void)state;
    X509 *leaf = leaf_with((struct test_certificate){.san = NULL});
    GIVES(PKI_FAULT_PATH, leaf, .anchors = {other}, .sent = {leaf, middle, root}); /* its root is not ours */
    GIVES(PKI_FAULT_PATH, leaf, .anchors = {root});                                /* the middle is missing */
    GIVES(PKI_FAULT_PATH, leaf, .anchors = {NULL}, .sent = {middle, root});
    X509_free(leaf);
    /* Signed by somebody else in the CA's name. */
    leaf = leaf_with((struct test_certificate){.issuer_key = other_key});
    GIVES(PKI_FAULT_PATH, leaf, .anchors = {root}, .sent = {middle});
    X509_free(leaf);
    /* Self-signed. */
    leaf = test_certificate(leaf_key, &(struct test_certificate){.san = "URI:m2m://in.sp.example/c/Ca"});
    GIVES(PKI_FAULT_PATH, leaf, .anchors = {root});
    X509_free(leaf);
    /* Issued by a leaf. */
    X509 *issuer = leaf_with((struct test_certificate){.cn = "no ca"});
    leaf = leaf_with((struct test_certificate){.issuer = issuer, .issuer_key = leaf_key});
    GIVES(PKI_FAULT_PATH, leaf, .anchors = {root}, .sent = {issuer, middle});
    X509_free(leaf);
    X509_free(issuer);
    /* RFC 5280 4.2.1.1 and 4.2.1.2. */
    leaf = leaf_with((struct test_certificate){.key_identifiers = ""});
    GIVES(PKI_FAULT_PATH, leaf, .anchors = {root}, .sent = {middle});
    X509_free(leaf);
}

static void too_long_path(void **state)
{
    (void)state;
    enum { N = PKI_INTERMEDIATES_MAX + 1 };
    EVP_PKEY *keys[N];
    X509 *cas[N];
    STACK_OF(X509) *anchors = sk_X509_new_null(), *sent = sk_X509_new_null();
    assert_true(sk_X509_push(anchors, root) > 0);
    for (int i = 0; i < N; i++) {
        char cn[16];
        (void)snprintf(cn, sizeof cn, "ca %d", i);
        keys[i] = test_key("P-256");
        cas[i] = ca(keys[i], cn, NULL, i > 0 ? cas[i - 1] : root, i > 0 ? keys[i - 1] : root_key);
        assert_true(sk_X509_push(sent, cas[i]) > 0);
        struct pki_trust trust = {.anchors = anchors, .constrained = -1, .now = (int64_t)time(NULL)};
        enum pki_fault fault = PKI_GOOD;
        X509 *leaf = leaf_with((struct test_certificate){.issuer = cas[i], .issuer_key = keys[i]});
        om_rc rc = pki_path_verify(leaf, sent, &trust, &fault, &err);
        assert_int_equal(rc, i < PKI_INTERMEDIATES_MAX ? OM_OK : OM_EDENIED);
        X509_free(leaf);
    }
    sk_X509_free(anchors);
    sk_X509_pop_free(sent, X509_free);
    for (int i = 0; i < N; i++)
        EVP_PKEY_free(keys[i]);
}

static void validity(void **state)
{
    (void)state;
    X509 *leaf = leaf_with((struct test_certificate){.from = -HOUR, .until = HOUR});
    GIVES(PKI_GOOD, leaf, .anchors = {root}, .sent = {middle});
    GIVES(PKI_FAULT_EXPIRED, leaf, .anchors = {root}, .sent = {middle}, .later = 2 * HOUR);
    GIVES(PKI_FAULT_NOT_YET_VALID, leaf, .anchors = {root}, .sent = {middle}, .later = -2 * HOUR);
    assert_in_range(pki_not_after(leaf), (uint64_t)time(NULL) + HOUR - 10, (uint64_t)time(NULL) + HOUR);
    /* Of a CA too. */
    X509 *old = test_certificate(middle_key, &(struct test_certificate){.cn = "middle",
                                                                        .ca = true,
                                                                        .from = -2 * HOUR,
                                                                        .until = -HOUR,
                                                                        .issuer = root,
                                                                        .issuer_key = root_key});
    GIVES(PKI_FAULT_EXPIRED, leaf, .anchors = {root}, .sent = {old});
    X509_free(old);
    X509_free(leaf);
}

static void purpose(void **state)
{
    (void)state;
    X509 *leaf = leaf_with((struct test_certificate){.extended_key_usage = "serverAuth"});
    GIVES(PKI_FAULT_PURPOSE, leaf, .anchors = {root}, .sent = {middle});
    GIVES(PKI_GOOD, leaf, .anchors = {root}, .sent = {middle}, .server = true);
    X509_free(leaf);
}

/* Every certificate of the path: secp256r1, ECDSA with SHA-256. */
static void profile_of_cas(void **state)
{
    (void)state;
    EVP_PKEY *large = test_key("P-384");
    X509 *odd = ca(large, "odd", NULL, root, root_key);
    X509 *leaf = leaf_with((struct test_certificate){.issuer = odd, .issuer_key = large});
    GIVES(PKI_FAULT_KEY, leaf, .anchors = {root}, .sent = {odd});
    X509_free(leaf);
    X509_free(odd);
    odd = ca(large, "large root", NULL, NULL, NULL);
    leaf = leaf_with((struct test_certificate){.issuer = odd, .issuer_key = large});
    GIVES(PKI_FAULT_KEY, leaf, .anchors = {odd});
    X509_free(leaf);
    X509_free(odd);
    odd = test_certificate(
        middle_key,
        &(struct test_certificate){
            .cn = "middle", .ca = true, .digest = "SHA384", .issuer = root, .issuer_key = root_key});
    leaf = leaf_with((struct test_certificate){.san = NULL});
    GIVES(PKI_FAULT_HASH, leaf, .anchors = {root}, .sent = {odd});
    X509_free(leaf);
    X509_free(odd);
    EVP_PKEY_free(large);
}

static void name_constraints(void **state)
{
    (void)state;
    static const struct {
        const char *san;
        enum pki_fault fault;
    } cases[] = {
        {"URI:m2m://in.sp.example/cse1/Cae7", PKI_GOOD},
        {"URI:m2m://in.other.example/cse1/Cae7", PKI_FAULT_NAME_CONSTRAINTS},
        {"DNS:cse1.sp.example", PKI_GOOD},
        {"DNS:cse1.other.example", PKI_FAULT_NAME_CONSTRAINTS},
        /* A bare Absolute AE-ID is held against the constraints too. */
        {"URI://in.sp.example/cse1/Cae7", PKI_GOOD},
        {"URI://in.other.example/cse1/Cae7", PKI_FAULT_NAME_CONSTRAINTS},
        {"URI://in.sp.example/cse1/Cae7,DNS:cse1.other.example", PKI_FAULT_NAME_CONSTRAINTS},
        {"URI://in.sp.example/cse1/Cae7,URI:m2m://in.other.example/c/Ca", PKI_FAULT_NAME_CONSTRAINTS},
        /* RFC 5280 4.2.1.10: a URI without a host fails where URIs are constrained. */
        {"URI:urn:gsma:imei:90420156-025763-0", PKI_FAULT_NAME_CONSTRAINTS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        X509 *leaf = leaf_with((struct test_certificate){.san = cases[i].san});
        GIVES(cases[i].fault, leaf, .anchors = {root}, .sent = {middle});
        X509_free(leaf);
    }
    /* Demanded, and not there. */
    X509 *free_root = ca(other_key, "free", NULL, NULL, NULL);
    X509 *leaf = leaf_with((struct test_certificate){.issuer = free_root, .issuer_key = other_key});
    GIVES(PKI_GOOD, leaf, .anchors = {free_root});
    GIVES(PKI_FAULT_NO_NAME_CONSTRAINTS, leaf, .anchors = {free_root}, .constrained = GEN_URI + 1);
    X509_free(leaf);
    X509_free(free_root);
    /* Limited, but not for this kind. */
    leaf = leaf_with(
        (struct test_certificate){.issuer = other, .issuer_key = other_key, .san = "DNS:a.example"});
    GIVES(PKI_FAULT_NO_NAME_CONSTRAINTS, leaf, .anchors = {other}, .constrained = GEN_DNS + 1);
    X509_free(leaf);
}

static X509_CRL *crl_of(X509 *issuer, EVP_PKEY *key, X509 *revoked, long from, long until)
{
    return test_crl(
        &(struct test_crl){.issuer = issuer, .key = key, .revoked = {revoked}, .from = from, .until = until});
}

static void revocation(void **state)
{
    (void)state;
    X509 *leaf = leaf_with((struct test_certificate){.san = NULL});
    X509 *fine = leaf_with((struct test_certificate){.cn = "fine"});
    X509_CRL *of_middle = crl_of(middle, middle_key, leaf, 0, 0),
             *of_root = crl_of(root, root_key, NULL, 0, 0);
    X509_CRL *middle_gone = crl_of(root, root_key, middle, 0, 0);
    X509_CRL *old = crl_of(middle, middle_key, NULL, -2 * HOUR, -HOUR);
    X509_CRL *forged = crl_of(middle, other_key, NULL, 0, 0);
    GIVES(PKI_GOOD, leaf, .anchors = {root}, .sent = {middle}); /* nobody is asked */
    GIVES(PKI_FAULT_REVOKED, leaf, .anchors = {root}, .sent = {middle}, .ask_crls = true, .every_crl = true,
          .crls = {of_middle, of_root});
    GIVES(PKI_GOOD, fine, .anchors = {root}, .sent = {middle}, .ask_crls = true, .every_crl = true,
          .crls = {of_middle, of_root});
    GIVES(PKI_FAULT_REVOKED, fine, .anchors = {root}, .sent = {middle}, .ask_crls = true,
          .crls = {of_middle, middle_gone});
    /* The middle as anchor needs no CRL of its issuer; one that revokes it counts. */
    GIVES(PKI_FAULT_REVOKED, fine, .anchors = {middle}, .ask_crls = true, .every_crl = true,
          .crls = {of_middle, middle_gone});
    GIVES(PKI_GOOD, fine, .anchors = {middle}, .ask_crls = true, .every_crl = true, .crls = {of_middle});
    /* An issuer without a CRL. */
    GIVES(PKI_FAULT_STATUS, fine, .anchors = {root}, .sent = {middle}, .ask_crls = true, .every_crl = true,
          .crls = {of_root});
    GIVES(PKI_GOOD, fine, .anchors = {root}, .sent = {middle}, .ask_crls = true, .crls = {of_root});
    GIVES(PKI_FAULT_STATUS, fine, .anchors = {root}, .sent = {middle}, .ask_crls = true, .every_crl = true);
    /* A CRL that says nothing any more, or that the issuer did not sign. */
    GIVES(PKI_FAULT_STATUS, fine, .anchors = {root}, .sent = {middle}, .ask_crls = true,
          .crls = {old, of_root});
    GIVES(PKI_FAULT_STATUS, fine, .anchors = {root}, .sent = {middle}, .ask_crls = true,
          .crls = {forged, of_root});
    X509_CRL_free(of_middle);
    X509_CRL_free(of_root);
    X509_CRL_free(middle_gone);
    X509_CRL_free(old);
    X509_CRL_free(forged);
    X509_free(leaf);
    X509_free(fine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_paths),       cmocka_unit_test(no_path),    cmocka_unit_test(too_long_path),
        cmocka_unit_test(validity),         cmocka_unit_test(purpose),    cmocka_unit_test(profile_of_cas),
        cmocka_unit_test(name_constraints), cmocka_unit_test(revocation),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
