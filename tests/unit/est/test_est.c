/* EST without HTTP: what takes days, and what a certificate has in it. The rest is tests/e2e/test_est.py. */
#include "../mef/mef_world.h"
#include "est/est.h"
#include "pki/certs_only.h"
#include "pki/path.h"
#include "pki/request.h"
#include "provisioning/ca.h"
#include "se/signer.h"

#include <openssl/ec.h>
#include <openssl/x509v3.h>

#define DAY 86400

static OSSL_LIB_CTX *libctx;
static struct est *est;
static const char *const names[] = {FQDN, ALIAS, NULL};

/* Authorities, and a certificate of the MEF's own that comes from them. */
static X509 *make_authorities(int64_t until)
{
    struct ca ca = {.se = world_se, .libctx = libctx, .store = world_store, .maf_names = names};
    struct m2m_list domains = M2M_LIST_INIT;
    struct pki_name own = {.text = ""};
    struct store_issued made;
    struct se_signer *signer = NULL;
    EVP_PKEY *key = NULL;
    SUCCEEDS(m2m_list_add(&domains, "sp.example.com", ERR));
    SUCCEEDS(ca_init(&ca, &(struct ca_init){.domains = &domains, .until = until}, ERR));
    SUCCEEDS(pki_name_set(&own, PKI_FQDN, FQDN, ERR));
    SUCCEEDS(se_signer_make(world_se, "own", &signer, ERR));
    SUCCEEDS(omtls_signing_key(libctx, signer, &key, ERR));
    SUCCEEDS(ca_issue(&ca, &(struct ca_issue){.name = &own, .key = key, .until = until - 1}, &made, ERR));
    const unsigned char *at = made.cert;
    X509 *cert = d2i_X509(NULL, &at, (long)made.cert_len);
    assert_non_null(cert);
    store_issued_free(&made);
    EVP_PKEY_free(key);
    se_signer_unref(signer);
    m2m_list_free(&domains);
    return cert;
}

static int setup(void **state)
{
    int rc = world_setup(state);
    libctx = OSSL_LIB_CTX_new();
    SUCCEEDS(omtls_provider_load(libctx, ERR));
    X509 *cert = make_authorities(world_now() + 100 * DAY);
    const struct omtls_certificate own = {.leaf = cert};
    struct est_options opt = {
        .maf = world_maf, .libctx = libctx, .certificates = &own, .require_challenge = true};
    FAILS(OM_ECONFIG, est_new(&opt, &est, ERR));
    opt.n_certificates = 1;
    SUCCEEDS(est_new(&opt, &est, ERR));
    X509_free(cert);
    return rc;
}

static int teardown(void **state)
{
    est_free(est);
    omtls_libctx_free(libctx);
    return world_teardown(state);
}

static struct device *enrolee(int64_t lifetime)
{
    struct device *d = device_new();
    struct pki_name name = {.text = ""};
    SUCCEEDS(pki_name_set(&name, PKI_AE, d->id, ERR));
    SUCCEEDS(mef_admin_certify(world_store, d->id, &name, lifetime, ERR));
    device_connect(d);
    return d;
}

/* The status; *certificate (may be NULL) gets what came with 200. */
static int enrol(struct device *d, EVP_PKEY *key, const char *path, X509 **certificate)
{
    struct pki_name name = {.text = ""};
    char unique[OMTLS_UNIQUE_SIZE];
    char *pem = NULL;
    STACK_OF(X509) *all = NULL;
    SUCCEEDS(pki_name_set(&name, PKI_AE, d->id, ERR));
    SUCCEEDS(omtls_unique(d->client, unique, ERR));
    SUCCEEDS(pki_request_make(NULL, key, &name, unique, &pem, ERR));
    char *begin = strchr(pem, '\n') + 1;
    struct well_known_request rq = {.method = "POST",
                                    .path = path,
                                    .content_type = "application/pkcs10",
                                    .body = (const uint8_t *)begin,
                                    .n = (size_t)(strstr(begin, "-----END") - begin)};
    struct well_known_answer answer = {.status = 0};
    const struct well_known *w = est_well_known(est);
    w->answer(w->arg, &d->session, &rq, &answer);
    assert_non_null(answer.body);
    if (answer.status == 200) {
        SUCCEEDS(pki_certs_only_decode(answer.body, &all, ERR));
        assert_int_equal(sk_X509_num(all), 1);
        if (certificate != NULL)
            *certificate = sk_X509_shift(all);
    }
    sk_X509_pop_free(all, X509_free);
    free(answer.body);
    OPENSSL_free(pem);
    return answer.status;
}

static EVP_PKEY *new_key(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_non_null(key);
    return key;
}

static void both_ends_have_the_same_tls_unique(void **state)
{
    (void)state;
    struct device *d = enrolee(0);
    char here[OMTLS_UNIQUE_SIZE], there[OMTLS_UNIQUE_SIZE], other[OMTLS_UNIQUE_SIZE];
    SUCCEEDS(omtls_unique(d->client, here, ERR));
    SUCCEEDS(omtls_unique(d->server, there, ERR));
    assert_string_equal(here, there);
    device_connect(d);
    SUCCEEDS(omtls_unique(d->client, other, ERR));
    assert_string_not_equal(here, other);
}

static void the_same_key_gets_the_same_certificate_for_a_day(void **state)
{
    (void)state;
    struct device *d = enrolee(30 * DAY);
    EVP_PKEY *key = new_key();
    X509 *first = NULL, *again = NULL, *later = NULL;
    assert_int_equal(enrol(d, key, "simpleenroll", &first), 200);
    world_advance(DAY - 10);
    device_connect(d);
    assert_int_equal(enrol(d, key, "simpleenroll", &again), 200);
    assert_int_equal(X509_cmp(first, again), 0);
    world_advance(20);
    assert_int_equal(enrol(d, key, "simpleenroll", &later), 200);
    assert_int_not_equal(X509_cmp(first, later), 0);
    X509_free(first);
    X509_free(again);
    X509_free(later);
    EVP_PKEY_free(key);
}

static void a_certificate_ends_when_it_was_said_and_not_after_its_issuer(void **state)
{
    (void)state;
    EVP_PKEY *key = new_key();
    EVP_PKEY *other = new_key();
    X509 *cert = NULL;
    assert_int_equal(enrol(enrolee(30 * DAY), key, "simpleenroll", &cert), 200);
    assert_int_equal(pki_not_after(cert), world_now() + 30 * DAY);
    X509_free(cert);
    assert_int_equal(enrol(enrolee(1000 * DAY), other, "ae/simpleenroll", &cert), 200);
    assert_true(pki_not_after(cert) <= world_now() + 100 * DAY);
    X509_free(cert);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

static void ten_a_day_and_more_the_next(void **state)
{
    (void)state;
    struct device *d = enrolee(30 * DAY);
    EVP_PKEY *keys[12];
    for (size_t i = 0; i < 12; i++)
        keys[i] = new_key();
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(enrol(d, keys[i], i == 0 ? "simpleenroll" : "simplereenroll", NULL), 200);
    assert_int_equal(enrol(d, keys[10], "simplereenroll", NULL), 429);
    assert_int_equal(enrol(d, keys[9], "simplereenroll", NULL), 200); /* what was lost costs nothing */
    world_advance(DAY + 60);
    assert_int_equal(enrol(d, keys[11], "simplereenroll", NULL), 200);
    for (size_t i = 0; i < 12; i++)
        EVP_PKEY_free(keys[i]);
}

/* The clock of the test is not that of the database: certificates of one name never have the same time. */
static bool strictly_later(void *arg, const struct store_issued *r, const struct om_error *bad)
{
    int64_t *seen = arg;
    assert_null(bad);
    for (size_t i = 0; i < 3; i++)
        assert_int_not_equal(seen[i], r->created);
    for (size_t i = 0; i < 3; i++) {
        if (seen[i] != 0)
            continue;
        seen[i] = r->created;
        break;
    }
    return true;
}

static void certificates_of_one_name_have_an_order(void **state)
{
    (void)state;
    struct device *d = enrolee(30 * DAY);
    int64_t seen[3] = {0};
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *key = new_key();
        assert_int_equal(enrol(d, key, "simpleenroll", NULL), 200);
        EVP_PKEY_free(key);
    }
    SUCCEEDS(store_issued_list(world_store, STORE_ISSUED_BY_NAME, d->id, strictly_later, seen, ERR));
    assert_int_not_equal(seen[2], 0);
}

static void what_was_taken_back_is_taken_back_at_once(void **state)
{
    (void)state;
    struct device *d = enrolee(0);
    EVP_PKEY *key = new_key();
    SUCCEEDS(mef_admin_uncertify(world_store, d->id, NULL, ERR));
    assert_int_equal(enrol(d, key, "simpleenroll", NULL), 403);
    FAILS(OM_ENOTFOUND, mef_admin_uncertify(world_store, d->id, NULL, ERR));
    EVP_PKEY_free(key);
}

static void names_that_an_enrolee_cannot_have(void **state)
{
    (void)state;
    static const struct {
        enum pki_flavour flavour;
        const char *enrolee, *name;
    } bad[] = {
        {PKI_AE, "//in.provider.com/cse1/Cae1", "//in.provider.com/cse1/Cae2"},
        {PKI_CSE, "//in.provider.com/cse1", "cse2.in.provider.com"},
        {PKI_CSE, "//in.provider.com/cse1/Cae1", "cse1.in.provider.com"},
        {PKI_FQDN, "//in.provider.com/cse1", "maf.example.com"},
        {PKI_NODE, "maf.example.com", "urn:x:y"},
    };
    struct pki_name name = {.text = ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        SUCCEEDS(pki_name_set(&name, bad[i].flavour, bad[i].name, ERR));
        FAILS(OM_EINPUT, mef_admin_certify(world_store, bad[i].enrolee, &name, 0, ERR));
    }
    SUCCEEDS(pki_name_set(&name, PKI_CSE, "cse1.in.provider.com", ERR));
    SUCCEEDS(mef_admin_certify(world_store, "//in.provider.com/cse1", &name, 0, ERR));
    FAILS(OM_EINPUT, mef_admin_certify(world_store, "//in.provider.com/cse1", &name, -1, ERR));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(both_ends_have_the_same_tls_unique),
        WORLD_TEST(the_same_key_gets_the_same_certificate_for_a_day),
        WORLD_TEST(a_certificate_ends_when_it_was_said_and_not_after_its_issuer),
        WORLD_TEST(ten_a_day_and_more_the_next),
        WORLD_TEST(certificates_of_one_name_have_an_order),
        WORLD_TEST(what_was_taken_back_is_taken_back_at_once),
        WORLD_TEST(names_that_an_enrolee_cannot_have),
    };
    world_role = &maf_role_mef;
    world_arguments(argc, argv);
    return cmocka_run_group_tests(tests, setup, teardown);
}
