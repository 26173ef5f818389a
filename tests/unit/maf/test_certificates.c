/* MAF Handshake with certificates (TS-0003 8.8.2.2, 10.1, 8.1.2): who is let in and as whom, and every rule
 * broken once, each refused for its own reason, which the audit trail tells and the peer does not see. */
#include "certificate.h"
#include "maf/admin_certificate.h"
#include "pki/key_identifier.h"
#include "world.h"

#include <openssl/err.h>
#include <unistd.h>

#define AE     "//sp.example/cse1/Cae7"
#define AE_SAN "URI:m2m:" AE
#define NODE   "urn:gsma:imei:90420156-025763-0"
#define DEVICE "0.2.481.1:100.3030.10011"
#define LIMITS "critical,permitted;URI:.example,permitted;URI:sp.example,permitted;DNS:sp.example"

static EVP_PKEY *root_key, *middle_key, *free_key, *other_key, *key;
static X509 *root, *middle, *free_root, *other_root;
static FILE *log_file;
static int log_fd;

static X509 *ca(EVP_PKEY *own, const char *cn, const char *limits, X509 *issuer, EVP_PKEY *issuer_key)
{
    struct test_certificate w = {
        .cn = cn, .ca = true, .name_constraints = limits, .issuer = issuer, .issuer_key = issuer_key};
    return test_certificate(own, &w);
}

static int setup(void **state)
{
    root_key = test_key("P-256");
    middle_key = test_key("P-256");
    free_key = test_key("P-256");
    other_key = test_key("P-256");
    key = test_key("P-256");
    root = ca(root_key, "root", LIMITS, NULL, NULL);
    middle = ca(middle_key, "middle", NULL, root, root_key);
    free_root = ca(free_key, "free root", NULL, NULL, NULL);
    other_root = ca(other_key, "other root", LIMITS, NULL, NULL);
    log_file = tmpfile();
    assert_non_null(log_file);
    log_fd = dup(STDERR_FILENO);
    return world_setup(state);
}

static int teardown(void **state)
{
    EVP_PKEY *keys[] = {root_key, middle_key, free_key, other_key, key};
    X509 *certs[] = {root, middle, free_root, other_root};
    for (size_t i = 0; i < 5; i++)
        EVP_PKEY_free(keys[i]);
    for (size_t i = 0; i < 4; i++)
        X509_free(certs[i]);
    (void)fclose(log_file);
    (void)close(log_fd);
    return world_teardown(state);
}

static void forget_clients(void)
{
    if (world_sql_integer("SELECT count(*) FROM certificate") > 0)
        world_sql("DELETE FROM certificate");
}

/* Without CRLs: each rule is looked at by itself. */
static int test_setup(void **state)
{
    int rc = world_test_setup(state);
    world_restart(&(struct maf_options){.require_crls = true, .require_name_constraints = true});
    forget_clients();
    return rc;
}

/* --- clients --- */

static void add_as(enum pki_flavour flavour, const char *name, const char *const *ids, X509 *anchor,
                   const char *pin)
{
    struct pki_name n;
    struct m2m_list list = M2M_LIST_INIT;
    char id[M2M_ID_SIZE];
    STACK_OF(X509) *anchors = sk_X509_new_null();
    SUCCEEDS(pki_name_set(&n, flavour, name, ERR));
    for (; *ids != NULL; ids++)
        SUCCEEDS(m2m_list_add(&list, *ids, ERR));
    assert_true(sk_X509_push(anchors, anchor) > 0);
    struct maf_admin_certificate client = {
        .name = &n, .key = pin, .anchors = anchors, .identities = &list, .admin_fqdn = ADMIN};
    SUCCEEDS(maf_admin_certificate_add(world_store, &client, id, ERR));
    sk_X509_free(anchors);
    m2m_list_free(&list);
}

static void add_ae(X509 *anchor, const char *pin)
{
    add_as(PKI_AE, AE, (const char *const[]){AE, NULL}, anchor, pin);
}

/* A leaf under the middle CA with its SAN for the AE unless told otherwise. */
static X509 *leaf_with(struct test_certificate w)
{
    w.san = w.san != NULL ? w.san : AE_SAN;
    w.issuer = w.issuer != NULL ? w.issuer : middle;
    w.issuer_key = w.issuer_key != NULL ? w.issuer_key : middle_key;
    w.extended_key_usage = w.extended_key_usage != NULL ? w.extended_key_usage : "clientAuth";
    return test_certificate(key, &w);
}

/* What the handshake would ask; the peer, or NULL. Its log goes to log_file, from its start. */
static struct maf_peer *present(X509 *leaf, om_rc expected)
{
    struct omtls_hello hello = {.identity = ""};
    STACK_OF(X509) *sent = sk_X509_new_null();
    void *peer = NULL;
    assert_true(sk_X509_push(sent, leaf) > 0 && sk_X509_push(sent, middle) > 0);
    struct omtls_client_certificate presented = {.leaf = leaf, .chain = sent};
    assert_int_equal(ftruncate(fileno(log_file), 0), 0);
    assert_int_equal(lseek(fileno(log_file), 0, SEEK_SET), 0);
    assert_true(dup2(fileno(log_file), STDERR_FILENO) >= 0);
    om_rc rc = maf_find_certificate(world_maf, &hello, &presented, &peer, ERR);
    assert_true(dup2(log_fd, STDERR_FILENO) >= 0);
    world_expect(expected, rc, "maf_find_certificate", __FILE__, __LINE__);
    sk_X509_free(sent);
    return peer;
}

static void refused_as(X509 *leaf, const char *reason, const char *file, int line)
{
    char text[2048] = "", wanted[80];
    assert_null(present(leaf, OM_EDENIED));
    ssize_t n = pread(fileno(log_file), text, sizeof text - 1, 0);
    assert_true(n >= 0);
    (void)snprintf(wanted, sizeof wanted, "handshake-refused reason=certificate-%s ", reason);
    if (strstr(text, wanted) != NULL)
        return;
    print_error("%s:%d: no \"%s\" in: %s\n", file, line, wanted, text);
    _fail(file, line);
}
#define REFUSED(reason, ...)                                                                                 \
    do {                                                                                                     \
        X509 *leaf_ = leaf_with((struct test_certificate){__VA_ARGS__});                                     \
        refused_as(leaf_, reason, __FILE__, __LINE__);                                                       \
        X509_free(leaf_);                                                                                    \
    } while (0)

static void accepted_as(X509 *leaf, const char *credential, const char *const *ids)
{
    struct maf_peer *p = present(leaf, OM_OK);
    size_t n = 0;
    assert_non_null(p);
    assert_int_equal(p->kind, MAF_CREDENTIAL_CERTIFICATE);
    assert_false(p->decoy);
    assert_string_equal(p->credential_id, credential);
    for (; ids[n] != NULL; n++)
        assert_true(n < p->identities.n && strcmp(p->identities.items[n], ids[n]) == 0);
    assert_int_equal(p->identities.n, n);
    maf_peer_free(p);
}

/* --- who is let in --- */

static void test_MAF_HS_4_MAF_GEN_2_each_flavour(void **state)
{
    (void)state;
    static const char *const two[] = {"//sp.example/cse1/Cx", "//sp.example/cse2", NULL};
    static const char *const one[] = {AE, NULL}, *const cse[] = {"//sp.example/cse1", NULL};
    struct {
        struct test_certificate w;
        const char *credential;
        const char *const *ids;
    } cases[] = {
        {{.san = AE_SAN}, "33-" AE, one},
        {{.san = "URI:" AE}, "33-" AE, one},
        {{.san = "URI:coap:" AE}, "33-" AE, one},
        {{.san = "DNS:CSE1.sp.example"}, "32-//sp.example/cse1", cse},
        {{.san = "URI:" NODE, .issuer = free_root, .issuer_key = free_key}, "34-" NODE, two},
        {{.san = "otherName:0.2.481.1;UTF8:100.3030.10011", .issuer = free_root, .issuer_key = free_key},
         "31-" DEVICE,
         two},
        {{.san = "otherName:0.2.481.1;UTF8:9.9,otherName:0.2.481.1;UTF8:100.3030.10011",
          .issuer = free_root,
          .issuer_key = free_key},
         "31-" DEVICE,
         two},
    };
    add_ae(root, NULL);
    add_as(PKI_CSE, "cse1.sp.example", cse, root, NULL);
    add_as(PKI_NODE, NODE, two, free_root, NULL);
    add_as(PKI_DEVICE, DEVICE, two, free_root, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        X509 *leaf = leaf_with(cases[i].w);
        accepted_as(leaf, cases[i].credential, cases[i].ids);
        X509_free(leaf);
    }
    struct maf_stats stats;
    maf_stats(world_maf, &stats);
    assert_int_equal(stats.certificates_found, sizeof cases / sizeof cases[0]);
    assert_int_equal(stats.certificates_refused, 0);
}

/* --- who is not --- */

static void test_MAF_HS_4_profile(void **state)
{
    (void)state;
    add_ae(root, NULL);
    X509 *good = leaf_with((struct test_certificate){.cn = "good"});
    accepted_as(good, "33-" AE, (const char *const[]){AE, NULL});
    X509_free(good);
    EVP_PKEY *mine = key, *large = test_key("P-384");
    key = large;
    REFUSED("key", .cn = "large");
    key = mine;
    EVP_PKEY_free(large);
    REFUSED("hash", .digest = "SHA384");
    REFUSED("key-usage", .key_usage = "");
    REFUSED("key-usage", .key_usage = "critical,keyAgreement");
    REFUSED("key-usage", .ca = true);
    REFUSED("wildcard", .san = "URI:m2m://*.example/cse1/Cae7");
    REFUSED("wildcard", .san = AE_SAN ",DNS:*.sp.example");
    REFUSED("purpose", .extended_key_usage = "serverAuth");
}

static void test_MAF_HS_4_name(void **state)
{
    (void)state;
    add_ae(root, NULL);
    REFUSED("name", .san = "");
    REFUSED("name", .san = "email:a@sp.example");
    REFUSED("unknown", .san = "URI:m2m://sp.example/cse1/Cae8");
    REFUSED("unknown", .san = "URI:m2m://sp.example/cse1/CAE7");
    REFUSED("unknown", .san = "DNS:sp.example");
}

/* A MAF has a FQDN certificate and is a client of MEFs, not of MAFs. */
static void test_MAF_HS_4_no_maf_is_a_client(void **state)
{
    (void)state;
    struct pki_name n;
    struct m2m_list list = M2M_LIST_INIT;
    char id[M2M_ID_SIZE];
    STACK_OF(X509) *anchors = sk_X509_new_null();
    SUCCEEDS(pki_name_set(&n, PKI_FQDN, "maf2.example", ERR));
    SUCCEEDS(m2m_list_add(&list, "maf2.example", ERR));
    assert_true(sk_X509_push(anchors, root) > 0);
    struct maf_admin_certificate client = {
        .name = &n, .anchors = anchors, .identities = &list, .admin_fqdn = ADMIN};
    FAILS(OM_EINPUT, maf_admin_certificate_add(world_store, &client, id, ERR));
    struct maf_role other = maf_role_maf; /* as if the row were from elsewhere */
    other.is_client_id = m2m_is_fqdn;
    client.role = &other;
    SUCCEEDS(maf_admin_certificate_add(world_store, &client, id, ERR));
    assert_string_equal(id, "fqdn-maf2.example");
    REFUSED("unknown", .san = "DNS:maf2.example");
    sk_X509_free(anchors);
    m2m_list_free(&list);
}

static void test_MAF_HS_4_path(void **state)
{
    (void)state;
    add_ae(root, NULL);
    REFUSED("path", .issuer = other_root, .issuer_key = other_key);
    REFUSED("path", .issuer_key = other_key);
    REFUSED("expired", .from = -7200, .until = -3600);
    REFUSED("not-yet-valid", .from = 3600, .until = 7200);
    add_as(PKI_AE, "//sp.elsewhere/c/Ca", (const char *const[]){"//sp.elsewhere/c/Ca", NULL}, root, NULL);
    REFUSED("name-constraints", .san = "URI:m2m://sp.elsewhere/c/Ca");
    REFUSED("name-constraints", .san = "URI://sp.elsewhere/c/Ca");
    add_as(PKI_AE, "//sp.example/c/Cf", (const char *const[]){"//sp.example/c/Cf", NULL}, free_root, NULL);
    REFUSED("no-name-constraints", .san = "URI:m2m://sp.example/c/Cf", .issuer = free_root,
            .issuer_key = free_key);
}

static void test_MAF_HS_4_hash_of_a_ca(void **state)
{
    (void)state;
    add_ae(root, NULL);
    X509 *mine = middle;
    struct test_certificate w = {
        .cn = "middle", .ca = true, .digest = "SHA384", .issuer = root, .issuer_key = root_key};
    middle = test_certificate(middle_key, &w);
    REFUSED("hash", .cn = "below");
    X509_free(middle);
    middle = mine;
}

/* An anchor of one client is not one of another. */
static void test_MAF_HS_4_anchors_are_each_client_s_own(void **state)
{
    (void)state;
    add_ae(other_root, NULL);
    add_as(PKI_AE, "//sp.example/c/Cb", (const char *const[]){"//sp.example/c/Cb", NULL}, root, NULL);
    REFUSED("path", .san = AE_SAN);
    X509 *leaf = leaf_with((struct test_certificate){.san = "URI:m2m://sp.example/c/Cb"});
    accepted_as(leaf, "33-//sp.example/c/Cb", (const char *const[]){"//sp.example/c/Cb", NULL});
    X509_free(leaf);
}

static void test_MAF_HS_4_pinned_key(void **state)
{
    (void)state;
    unsigned char *spki = NULL;
    char pin[PKI_KEY_IDENTIFIER_SIZE];
    int n = i2d_PUBKEY(key, &spki);
    assert_true(n > 0);
    SUCCEEDS(pki_key_identifier(spki, (size_t)n, PKI_SHA_256_120, pin, ERR));
    OPENSSL_free(spki);
    add_ae(root, pin);
    X509 *leaf = leaf_with((struct test_certificate){.cn = "right"});
    accepted_as(leaf, "33-" AE, (const char *const[]){AE, NULL});
    X509_free(leaf);
    EVP_PKEY *mine = key;
    key = other_key;
    REFUSED("fingerprint", .cn = "wrong");
    key = mine;
}

static void test_MAF_HS_4_two_clients_names(void **state)
{
    (void)state;
    add_ae(root, NULL);
    add_as(PKI_AE, "//sp.example/c/Cb", (const char *const[]){"//sp.example/c/Cb", NULL}, root, NULL);
    REFUSED("ambiguous", .san = AE_SAN ",URI:m2m://sp.example/c/Cb");
}

static STACK_OF(X509_CRL) * crls(X509_CRL *a, X509_CRL *b)
{
    STACK_OF(X509_CRL) *s = sk_X509_CRL_new_null();
    assert_true(sk_X509_CRL_push(s, a) > 0 && (b == NULL || sk_X509_CRL_push(s, b) > 0));
    return s;
}

static void test_MAF_HS_4_revoked_by_crl(void **state)
{
    (void)state;
    add_ae(root, NULL);
    X509 *bad = leaf_with((struct test_certificate){.cn = "bad"});
    X509 *fine = leaf_with((struct test_certificate){.cn = "fine"});
    struct test_crl of_middle = {.issuer = middle, .key = middle_key, .revoked = {bad}};
    struct test_crl of_root = {.issuer = root, .key = root_key};
    struct test_crl old = {.issuer = middle, .key = middle_key, .from = -7200, .until = -3600};
    maf_set_crls(world_maf, crls(test_crl(&of_middle), test_crl(&of_root)));
    refused_as(bad, "revoked", __FILE__, __LINE__);
    accepted_as(fine, "33-" AE, (const char *const[]){AE, NULL});
    maf_set_crls(world_maf, crls(test_crl(&of_root), NULL));
    refused_as(fine, "status", __FILE__, __LINE__);
    maf_set_crls(world_maf, crls(test_crl(&old), test_crl(&of_root)));
    refused_as(fine, "status", __FILE__, __LINE__);
    world_restart(&(struct maf_options){.require_crls = false});
    maf_set_crls(world_maf, crls(test_crl(&of_root), NULL));
    accepted_as(fine, "33-" AE, (const char *const[]){AE, NULL});
    X509_free(bad);
    X509_free(fine);
}

static void test_MAF_HS_4_client_revoked_expired_or_altered(void **state)
{
    (void)state;
    add_ae(root, NULL);
    SUCCEEDS(maf_admin_certificate_revoke(world_store, "33-" AE, ERR));
    REFUSED("client-revoked", .cn = "x");
    add_ae(root, NULL);
    world_sql("UPDATE certificate SET identities = x'0000'");
    REFUSED("row-refused", .cn = "x");
    forget_clients();
    struct pki_name n;
    struct m2m_list ids = M2M_LIST_INIT;
    char id[M2M_ID_SIZE];
    STACK_OF(X509) *anchors = sk_X509_new_null();
    assert_true(sk_X509_push(anchors, root) > 0);
    SUCCEEDS(pki_name_set(&n, PKI_AE, AE, ERR));
    SUCCEEDS(m2m_list_add(&ids, AE, ERR));
    struct maf_admin_certificate client = {.name = &n,
                                           .anchors = anchors,
                                           .identities = &ids,
                                           .admin_fqdn = ADMIN,
                                           .expires = world_now() + 100};
    SUCCEEDS(maf_admin_certificate_add(world_store, &client, id, ERR));
    world_advance(100);
    REFUSED("client-expired", .cn = "x");
    sk_X509_free(anchors);
    m2m_list_free(&ids);
    world_sql("UPDATE anchor SET cert = x'30'");
    forget_clients();
    world_restart(&(struct maf_options){.require_crls = true});
    add_ae(root, NULL); /* makes the row of its anchor anew */
    world_sql("UPDATE anchor SET cert = x'30'");
    REFUSED("row-refused", .cn = "x");
    world_sql("DELETE FROM anchor");
    REFUSED("row-refused", .cn = "x");
}

/* --- long sessions --- */

static struct maf_session session_of(X509 *leaf)
{
    return (struct maf_session){.peer = present(leaf, OM_OK)};
}

static void end(struct maf_session *s)
{
    maf_peer_free((void *)s->peer);
    s->peer = NULL;
}

static void test_MAF_HS_4_a_session_ends_with_its_credential(void **state)
{
    (void)state;
    X509 *leaf = leaf_with((struct test_certificate){.from = -60, .until = 1000});
    struct test_crl of_middle = {.issuer = middle, .key = middle_key, .revoked = {leaf}};
    struct test_crl of_root = {.issuer = root, .key = root_key};
    add_ae(root, NULL);

    struct maf_session s = session_of(leaf);
    assert_true(maf_session_valid(world_maf, &s));
    SUCCEEDS(maf_admin_certificate_revoke(world_store, "33-" AE, ERR));
    assert_false(maf_session_valid(world_maf, &s));
    world_advance(1); /* added anew, it is another client's session */
    forget_clients();
    add_ae(root, NULL);
    end(&s);

    s = session_of(leaf);
    assert_true(maf_session_valid(world_maf, &s));
    maf_set_crls(world_maf, crls(test_crl(&of_middle), test_crl(&of_root)));
    assert_false(maf_session_valid(world_maf, &s)); /* by the new CRL */
    maf_set_crls(world_maf, NULL);
    assert_true(maf_session_valid(world_maf, &s));
    end(&s);

    s = session_of(leaf);
    world_advance(998 - 1);
    assert_true(maf_session_valid(world_maf, &s));
    world_advance(5);
    assert_false(maf_session_valid(world_maf, &s)); /* the certificate has ended */
    end(&s);
    X509_free(leaf);
}

/* --- the operator --- */

static om_rc try_add(enum pki_flavour flavour, const char *name, const char *id, X509 *anchor)
{
    struct pki_name n;
    struct m2m_list ids = M2M_LIST_INIT;
    char made[M2M_ID_SIZE];
    STACK_OF(X509) *anchors = sk_X509_new_null();
    SUCCEEDS(pki_name_set(&n, flavour, name, ERR));
    if (id != NULL)
        SUCCEEDS(m2m_list_add(&ids, id, ERR));
    if (anchor != NULL)
        assert_true(sk_X509_push(anchors, anchor) > 0);
    struct maf_admin_certificate client = {
        .name = &n, .anchors = anchors, .identities = &ids, .admin_fqdn = ADMIN};
    om_rc rc = maf_admin_certificate_add(world_store, &client, made, ERR);
    sk_X509_free(anchors);
    m2m_list_free(&ids);
    return rc;
}

static void test_errors_of_the_operator_leave_nothing(void **state)
{
    (void)state;
    X509 *leaf = leaf_with((struct test_certificate){.cn = "no ca"});
    FAILS(OM_EINPUT, try_add(PKI_AE, AE, "//sp.example/cse1/Cother", root)); /* another AE */
    FAILS(OM_EINPUT, try_add(PKI_AE, AE, NULL, root));
    FAILS(OM_EINPUT, try_add(PKI_AE, AE, AE, NULL));
    FAILS(OM_EINPUT, try_add(PKI_AE, AE, AE, leaf));
    FAILS(OM_EINPUT, try_add(PKI_NODE, NODE, "not an identity", root));
    FAILS(OM_EINPUT, try_add(PKI_FQDN, "maf.example.com", AE, root));
    assert_int_equal(world_sql_integer("SELECT count(*) FROM certificate"), 0);
    SUCCEEDS(try_add(PKI_AE, AE, AE, root));
    FAILS(OM_ECONFLICT, try_add(PKI_AE, AE, AE, root));
    SUCCEEDS(store_permit_check(world_store, AE, ADMIN, ERR));
    FAILS(OM_ENOTFOUND, maf_admin_certificate_revoke(world_store, "33-//sp.example/x", ERR));
    X509_free(leaf);
    struct m2m_list ids = M2M_LIST_INIT;
    char made[M2M_ID_SIZE];
    SUCCEEDS(m2m_list_add(&ids, AE, ERR));
    struct maf_admin_certificate raw = {
        .key = "58d29459b2130a2e151252d408b95e6dac424c564062eb911cc76440cb926ca0",
        .identities = &ids,
        .admin_fqdn = ADMIN};
    om_rc rc = maf_admin_certificate_add(world_store, &raw, made, ERR);
    if (OPENSSL_VERSION_NUMBER < OMTLS_RAW_KEYS_VERSION) {
        assert_int_equal(rc, OM_EUNSUPPORTED);
        assert_non_null(strstr(ERR->text, "OpenSSL 3.2"));
    } else {
        assert_int_equal(rc, OM_OK);
    }
    m2m_list_free(&ids);
}

/* RFC 7250: the same rows, by the key alone. */
static void test_raw_public_key(void **state)
{
    (void)state;
    struct store_certificate row = {.state = STORE_CREDENTIAL_ACTIVE, .created = 1};
    unsigned char *spki = NULL;
    char pin[PKI_KEY_IDENTIFIER_SIZE];
    int n = i2d_PUBKEY(key, &spki);
    SUCCEEDS(pki_key_identifier(spki, (size_t)n, PKI_SHA_256, pin, ERR));
    OPENSSL_free(spki);
    (void)snprintf(row.id, sizeof row.id, "30-%s", pin);
    (void)snprintf(row.admin_fqdn, sizeof row.admin_fqdn, "%s", ADMIN);
    (void)snprintf(row.key, sizeof row.key, "%s", pin);
    SUCCEEDS(m2m_list_add(&row.identities, AE, ERR));
    SUCCEEDS(store_certificate_create(world_store, &row, ERR));
    store_certificate_free(&row);
    struct omtls_hello hello = {.identity = ""};
    struct omtls_client_certificate presented = {.raw_key = key};
    void *peer = NULL;
    SUCCEEDS(maf_find_certificate(world_maf, &hello, &presented, &peer, ERR));
    struct maf_session s = {.peer = peer};
    assert_string_equal(s.peer->identities.items[0], AE);
    assert_true(maf_session_valid(world_maf, &s));
    end(&s);
    presented.raw_key = other_key;
    FAILS(OM_EDENIED, maf_find_certificate(world_maf, &hello, &presented, &peer, ERR));
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, test_setup, world_test_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_MAF_HS_4_MAF_GEN_2_each_flavour),
        TEST(test_MAF_HS_4_profile),
        TEST(test_MAF_HS_4_name),
        TEST(test_MAF_HS_4_no_maf_is_a_client),
        TEST(test_MAF_HS_4_path),
        TEST(test_MAF_HS_4_hash_of_a_ca),
        TEST(test_MAF_HS_4_anchors_are_each_client_s_own),
        TEST(test_MAF_HS_4_pinned_key),
        TEST(test_MAF_HS_4_two_clients_names),
        TEST(test_MAF_HS_4_revoked_by_crl),
        TEST(test_MAF_HS_4_client_revoked_expired_or_altered),
        TEST(test_MAF_HS_4_a_session_ends_with_its_credential),
        TEST(test_errors_of_the_operator_leave_nothing),
        TEST(test_raw_public_key),
    };
    world_arguments(argc, argv);
    return cmocka_run_group_tests(tests, setup, teardown);
}
