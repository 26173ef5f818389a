/* Certificates of the client: enrolment, what it demands of the MAF's, which credential is chosen, renewal.
 */
#include "answers.h"
#include "client/configuration.h"
#include "issuer.h"

#include <openssl/pem.h>
#include <unistd.h>

static int setup(void **state)
{
    fixture_certificate = true;
    return start(state);
}

static int discover(void)
{
    const struct openmaf_discovery filter = {.size = sizeof filter};
    char **ids = NULL;
    size_t n = 0;
    int code = openmaf_discover(maf, &filter, &ids, &n, ERROR);
    openmaf_ids_free(ids, n);
    return code;
}

static int register_client(void)
{
    const struct openmaf_registration_request rq = {.size = sizeof rq, .stakeholder = ADMIN};
    return openmaf_register(maf, &rq, NULL, ERROR);
}

static void assert_client(size_t request, X509 *cert)
{
    uint8_t digest[32];
    assert_int_equal(X509_digest(cert, EVP_sha256(), digest, NULL), 1);
    assert_memory_equal(peer_request_at(peer, request)->client, digest, sizeof digest);
    assert_string_equal(peer_request_at(peer, request)->sni, FQDN); /* MAF-HS-8 */
}

/* A new certificate for the home, taken in with its bundle. */
static X509 *enrol(const struct test_certificate *how)
{
    char *csr = issuer_csr(maf);
    X509 *cert = issuer_answer(csr, how);
    SUCCEEDS(issuer_import(maf, issuer_bundle(cert)));
    openmaf_text_free(csr);
    return cert;
}

/* --- the MAF's certificate --- */

static void replace_peer(X509 *leaf)
{
    const struct peer_certificate with = issuer_peer(leaf);
    peer_stop(peer);
    peer = peer_start_certificate(fixture_binding, fixture_cbor, &with, answer, &script);
    openmaf_close(maf);
    maf = fixture_client(peer_port(peer), NULL);
    issuer_enrol(maf);
}

static void expect_server(const struct test_certificate *how, const char *says)
{
    struct test_certificate what = *how;
    if (what.issuer == NULL) {
        what.issuer = issuer.maf_ca;
        what.issuer_key = issuer.maf_ca_key;
    }
    X509 *leaf = test_certificate(issuer.maf_key, &what);
    replace_peer(leaf);
    X509_free(leaf);
    if (says == NULL) {
        SUCCEEDS(discover());
        return;
    }
    FAILS(OPENMAF_EDENIED, discover());
    SAYS("the certificate of " FQDN " at 127.0.0.1");
    SAYS(says);
    assert_int_equal(peer_count(peer), 0);
}

static void test_MAF_HS_3_the_mafs_certificate(void **state)
{
    (void)state;
    X509 *other_ca = test_certificate(issuer.client_ca_key, &(struct test_certificate){.ca = true});
    X509 *limited = test_certificate(
        issuer.maf_ca_key,
        &(struct test_certificate){
            .cn = "maf CA", .ca = true, .name_constraints = "critical,permitted;DNS:example.net"});
    const struct {
        struct test_certificate how;
        const char *says;
    } cases[] = {
        {{.san = "DNS:" FQDN}, NULL},
        {{.san = "DNS:MAF.Example.COM,DNS:other.example.com"}, NULL},
        {{.san = "URI:coaps://" FQDN "/"}, NULL},
        {{.san = "DNS:other.example.com"}, "not for " FQDN},
        {{.san = "DNS:xmaf.example.com"}, "not for " FQDN},
        {{.san = "URI:coaps://" FQDN "/path"}, "not for " FQDN},
        {{.cn = FQDN}, "not for " FQDN}, /* a common name is no name */
        {{.san = "DNS:*.example.com"}, "wildcard"},
        {{.san = "DNS:" FQDN ",DNS:*.example.com"}, "wildcard"},
        {{.san = "DNS:" FQDN, .from = -7200, .until = -3600}, "expired"},
        {{.san = "DNS:" FQDN, .from = 3600, .until = 7200}, "not yet valid"},
        {{.san = "DNS:" FQDN, .extended_key_usage = "clientAuth"}, "purpose"},
        {{.san = "DNS:" FQDN, .extended_key_usage = "serverAuth"}, NULL},
        {{.san = "DNS:" FQDN, .key_usage = "critical,keyAgreement,digitalSignature"}, NULL},
        {{.san = "DNS:" FQDN, .issuer = other_ca, .issuer_key = issuer.client_ca_key}, "trust anchor"},
        {{.san = "DNS:" FQDN, .digest = "SHA384"}, "SHA-256"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_server(&cases[i].how, cases[i].says);
    X509_free(issuer.maf_ca);
    issuer.maf_ca = limited;
    expect_server(&(struct test_certificate){.san = "DNS:" FQDN}, "permitted subtree");
    X509_free(other_ca);
}

/* Anchors of another purpose are no anchors: neither those of the clients' own certificates nor the
 * system's. */
static void test_MAF_HS_3_only_the_anchors_of_the_bundle(void **state)
{
    (void)state;
    X509 *leaf =
        test_certificate(issuer.maf_key, &(struct test_certificate){.san = "DNS:" FQDN,
                                                                    .issuer = issuer.client_ca,
                                                                    .issuer_key = issuer.client_ca_key});
    replace_peer(leaf);
    X509_free(leaf);
    FAILS(OPENMAF_EDENIED, discover());
    SAYS("trust anchor");
}

static void test_MAF_HS_4_the_client_shows_its_certificate(void **state)
{
    (void)state;
    X509 *cert = enrol(&(struct test_certificate){.cn = "mine"});
    SUCCEEDS(register_client());
    assert_client(0, cert);
    assert_int_equal(peer_request_at(peer, 0)->client_chain, 1);
    X509_free(cert);
}

/* --- bundles --- */

static json_t *cfg_of(json_t *bundle)
{
    return json_object_get(bundle, "clientRegCfg");
}

static void expect_bundle(json_t *bundle, int code, const char *says)
{
    FAILS(code, issuer_import(maf, bundle));
    SAYS(says);
}

static void test_bundles_that_are_not_taken_in(void **state)
{
    (void)state;
    char *csr = issuer_csr(maf);
    X509 *cert = issuer_answer(csr, &(struct test_certificate){.cn = "client"});
    json_t *b = issuer_bundle(cert);
    expect_bundle(json_pack("{s:i}", "openmaf-bundle", 2), OPENMAF_EUNSUPPORTED, "another version");
    expect_bundle(json_pack("{s:i}", "bundle", 1), OPENMAF_EINPUT, "not a client bundle");
    expect_bundle(json_pack("{s:i}", "openmaf-bundle", 1), OPENMAF_EINPUT, "clientRegCfg");
    json_t *x = json_deep_copy(b);
    (void)json_object_set_new(x, "km", json_string("00"));
    expect_bundle(x, OPENMAF_EINPUT, "km: unknown element");
    x = json_deep_copy(b);
    (void)json_object_set_new(cfg_of(x), "fqdn", json_string("other.example.com"));
    expect_bundle(x, OPENMAF_EINPUT, "for MAF other.example.com");
    x = json_deep_copy(b);
    (void)json_object_del(cfg_of(x), "adfq");
    expect_bundle(x, OPENMAF_EINPUT, "adfq");
    x = json_deep_copy(b);
    (void)json_object_set_new(cfg_of(x), "ppsk", json_pack("{s:s}", "fqdn", FQDN));
    expect_bundle(x, OPENMAF_EINPUT, "at most one of");
    x = json_deep_copy(b);
    (void)json_object_set_new(json_object_get(cfg_of(x), "certAuth"), "caCerts", json_string("AAAA"));
    expect_bundle(x, OPENMAF_EINPUT, "caCerts");
    x = json_deep_copy(b);
    (void)json_object_set_new(json_object_get(cfg_of(x), "certAuth"), "credID", json_string("30-x"));
    expect_bundle(x, OPENMAF_EINPUT, "certAuth");
    x = json_deep_copy(b);
    (void)json_object_del(cfg_of(x), "certAuth");
    expect_bundle(x, OPENMAF_EINPUT, "without certAuth");
    x = json_deep_copy(b);
    (void)json_object_set_new(x, "certificates", json_array());
    expect_bundle(x, OPENMAF_EINPUT, "1 to 4");
    x = json_deep_copy(b);
    (void)json_object_set_new(x, "certificates", json_pack("[s]", "AAAA"));
    expect_bundle(x, OPENMAF_EINPUT, "not one in DER");
    json_decref(b);
    X509_free(cert);
    openmaf_text_free(csr);
}

static void test_certificates_that_are_not_taken_in(void **state)
{
    (void)state;
    const struct {
        struct test_certificate how;
        const char *says;
    } cases[] = {
        {{.san = "URI:m2m://sp.example.com/cse1/Cother"}, "subjectAltName is not"},
        {{.san = "URI:m2m:" OWN_ID ",DNS:x.example.com"}, "subjectAltName is not"},
        {{.extended_key_usage = "serverAuth"}, "extended key usage"},
        {{.key_usage = "critical,keyAgreement"}, "digitalSignature"},
        {{.digest = "SHA384"}, "SHA-256"},
        {{.from = -7200, .until = -3600}, "expired"},
        {{.basic_constraints = "critical,CA:TRUE"}, "CA's certificate"},
    };
    char *csr = issuer_csr(maf);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        X509 *cert = issuer_answer(csr, &cases[i].how);
        expect_bundle(issuer_bundle(cert), OPENMAF_EDENIED, cases[i].says);
        X509_free(cert);
    }
    EVP_PKEY *stranger = test_key("P-256");
    X509 *cert = test_certificate(stranger, &(struct test_certificate){.san = "URI:m2m:" OWN_ID});
    expect_bundle(issuer_bundle(cert), OPENMAF_EDENIED, "no key of this home");
    X509_free(cert);
    EVP_PKEY_free(stranger);
    openmaf_text_free(csr);
    SUCCEEDS(discover()); /* with the certificate that was there */
}

/* --- requests --- */

static void point_of(const char *csr, uint8_t out[65])
{
    BIO *bio = BIO_new_mem_buf(csr, -1);
    X509_REQ *req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    const unsigned char *point = NULL;
    int n = 0;
    assert_int_equal(X509_PUBKEY_get0_param(NULL, &point, &n, NULL, X509_REQ_get_X509_PUBKEY(req)), 1);
    assert_int_equal(n, 65);
    memcpy(out, point, 65);
    X509_REQ_free(req);
    BIO_free(bio);
}

static void test_a_request_keeps_its_key_until_it_is_answered(void **state)
{
    (void)state;
    uint8_t a[65], b[65], c[65];
    char *first = issuer_csr(maf);
    char *again = issuer_csr(maf);
    point_of(first, a);
    point_of(again, b);
    assert_memory_equal(a, b, sizeof a);
    X509 *cert = issuer_answer(first, &(struct test_certificate){.cn = "client"});
    SUCCEEDS(issuer_import(maf, issuer_bundle(cert)));
    SUCCEEDS(issuer_import(maf, issuer_bundle(cert))); /* again: nothing to do */
    char *next = issuer_csr(maf);
    point_of(next, c);
    assert_memory_not_equal(a, c, sizeof a);
    X509_free(cert);
    openmaf_text_free(first);
    openmaf_text_free(again);
    openmaf_text_free(next);
}

static void test_requests_for_what_this_client_is_not(void **state)
{
    (void)state;
    char *pem = NULL;
    const struct {
        const char *flavour, *name, *says;
    } bad[] = {
        {"ae", "//sp.example.com/cse1/Cother", "is not this client"},
        {"cse", NULL, "is an AE"},
        {"cse", "*.example.com", "FQDN"},
        {"node", NULL, "needs a name"},
        {"node", "imei", "Node-ID"},
        {"device", "1.2.3", "hardware ID"},
        {"fqdn", FQDN, "for a MAF"},
        {"x", NULL, "no flavour"},
        {NULL, NULL, "no flavour"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct openmaf_csr rq = {.size = sizeof rq, .flavour = bad[i].flavour, .name = bad[i].name};
        FAILS(OPENMAF_EINPUT, openmaf_csr_make(maf, &rq, &pem, ERROR));
        SAYS(bad[i].says);
    }
}

/* --- choice (8.8.3.2: ppsk, rpsk, certAuth) --- */

static int import_configuration(json_t *choice)
{
    json_t *bundle =
        json_pack("{s:i, s:{s:s, s:s}}", "openmaf-bundle", 1, "clientRegCfg", "fqdn", FQDN, "adfq", ADMIN);
    (void)json_object_update(cfg_of(bundle), choice);
    json_decref(choice);
    return issuer_import(maf, bundle);
}

static void test_the_configuration_chooses_the_credential(void **state)
{
    (void)state;
    SUCCEEDS(openmaf_credential_import(maf, KMID, fixture_km, sizeof fixture_km, ERROR));
    /* Under ADMIN its bundle says certAuth; elsewhere the newest credential, now Km, is used. */
    SUCCEEDS(register_client());
    assert_int_equal(peer_count(peer), 1);
    FAILS(OPENMAF_EDENIED, discover()); /* this peer knows no Km */
    assert_int_equal(peer_count(peer), 1);

    SUCCEEDS(import_configuration(json_pack("{s:{s:s}}", "ppsk", "credID", "11-" KMID)));
    FAILS(OPENMAF_EDENIED, register_client());
    SAYS(KMID);
    SUCCEEDS(import_configuration(json_pack("{s:{s:s}}", "ppsk", "fqdn", FQDN)));
    FAILS(OPENMAF_EDENIED, register_client());
    SAYS(KMID);
    SUCCEEDS(import_configuration(json_pack("{s:{s:s}}", "ppsk", "credID", "11-other@" FQDN)));
    FAILS(OPENMAF_ENOTFOUND, register_client());
    FAILS(OPENMAF_EINPUT, import_configuration(json_pack("{s:{s:s}}", "ppsk", "credID", "11-km@x.example")));
    FAILS(OPENMAF_EINPUT, import_configuration(json_pack("{s:{s:s}}", "ppsk", "credID", KMID)));
    FAILS(OPENMAF_EINPUT, import_configuration(json_pack("{s:{}}", "ppsk")));
    FAILS(OPENMAF_ECONFIG,
          import_configuration(json_pack("{s:{s:s, s:i}}", "rpsk", "adfq", ADMIN, "suid", 21)));
    SAYS("[mef] of maf.conf names none");
    /* A configuration may name a certificate that is there already. */
    char *anchors = issuer_anchors(issuer.maf_ca);
    SUCCEEDS(import_configuration(
        json_pack("{s:{s:s, s:s}}", "certAuth", "credID", OWN_CREDENTIAL, "caCerts", anchors)));
    SUCCEEDS(register_client());
    FAILS(OPENMAF_ENOTFOUND, import_configuration(json_pack("{s:{s:s, s:s}}", "certAuth", "credID",
                                                            "34-urn:x:y", "caCerts", anchors)));
    free(anchors);
}

/* rpsk is a mefKeyRegCfg, of which one use makes sense. */
static void test_MEF_RP_1_rpsk_in_the_configuration(void **state)
{
    (void)state;
    struct {
        json_t *rpsk;
        const char *says;
    } bad[] = {
        {json_string("yes"), "an object is expected"},
        {json_pack("{}"), "adfq: " ADMIN " is expected"},
        {json_pack("{s:s, s:i}", "adfq", "other.example.com", "suid", 21), "adfq: " ADMIN " is expected"},
        {json_pack("{s:s, s:i}", "adfq", ADMIN, "suid", 22), "suid: 21 is expected"},
        {json_pack("{s:s, s:s}", "adfq", ADMIN, "suid", "21"), "suid: 21 is expected"},
        {json_pack("{s:s, s:i, s:[]}", "adfq", ADMIN, "suid", 21, "tgis"), "tgis: " FQDN " and no other"},
        {json_pack("{s:s, s:i, s:[s]}", "adfq", ADMIN, "suid", 21, "tgis", MEF_FQDN), "tgis: " FQDN},
        {json_pack("{s:s, s:i, s:[s,s]}", "adfq", ADMIN, "suid", 21, "tgis", FQDN, MEF_FQDN), "tgis: " FQDN},
        {json_pack("{s:s, s:i, s:s}", "adfq", ADMIN, "suid", 21, "et", "20300101T000000"), "et: unknown"},
        {json_pack("{s:s, s:i, s:s}", "adfq", ADMIN, "suid", 21, "fqdn", "MEF"), "fqdn: a lower-case FQDN"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        FAILS(OPENMAF_EINPUT, import_configuration(json_pack("{s:o}", "rpsk", bad[i].rpsk)));
        SAYS(bad[i].says);
    }
    FAILS(OPENMAF_ECONFIG, import_configuration(json_pack("{s:{s:s, s:i, s:[s], s:s}}", "rpsk", "adfq", ADMIN,
                                                          "suid", 21, "tgis", FQDN, "fqdn", MEF_FQDN)));
    SAYS("it wants a key from " MEF_FQDN);
}

/* Each administrator gives its own anchors. */
static void test_anchors_are_those_of_the_configuration(void **state)
{
    (void)state;
    char *anchors = issuer_anchors(issuer.client_ca);
    SUCCEEDS(import_configuration(
        json_pack("{s:{s:s, s:s}}", "certAuth", "credID", OWN_CREDENTIAL, "caCerts", anchors)));
    free(anchors);
    FAILS(OPENMAF_EDENIED, register_client());
    SAYS("trust anchor");
    SUCCEEDS(discover()); /* under no stakeholder: the anchors that came with the certificate */
}

static void test_a_configuration_fills_in_and_lapses(void **state)
{
    (void)state;
    SUCCEEDS(import_configuration(json_pack("{s:[s,s], s:s}", "lbl", "a:1", "b", "et", "20980101T000000")));
    SUCCEEDS(register_client());
    assert_non_null(strstr(peer_request_at(peer, 0)->body, "[\"a:1\",\"b\"]"));
    assert_non_null(strstr(peer_request_at(peer, 0)->body, "20980101T000000"));
    static const char *const labels[] = {"c"};
    const struct openmaf_registration_request rq = {
        .size = sizeof rq, .stakeholder = ADMIN, .labels = labels, .n_labels = 1, .expires = LATER};
    SUCCEEDS(openmaf_register(maf, &rq, NULL, ERROR));
    assert_non_null(strstr(peer_request_at(peer, 1)->body, "[\"c\"]"));
    assert_non_null(strstr(peer_request_at(peer, 1)->body, "20990101T000000"));
    SUCCEEDS(import_configuration(json_pack("{s:s}", "et", "20200101T000000")));
    FAILS(OPENMAF_EDENIED, register_client());
    SAYS("lapsed");
    struct openmaf_configuration **list = NULL;
    size_t n = 0;
    SUCCEEDS(openmaf_configuration_list(maf, &list, &n, ERROR));
    assert_int_equal(n, 1);
    assert_string_equal(list[0]->stakeholder, ADMIN);
    assert_null(list[0]->credential);
    openmaf_configuration_list_free(list, n);
}

static json_t *with_port(const char *member, int port)
{
    return json_pack("{s:i, s:{s:s, s:s, s:i}}", "openmaf-bundle", 1, "clientRegCfg", "fqdn", "localhost",
                     "adfq", ADMIN, member, port);
}

static void assert_binding(struct openmaf *client, const char *member, const struct transport *expected)
{
    const struct transport *transport = NULL;
    uint16_t port = 0;
    SUCCEEDS(issuer_import(client, with_port(member, 4711)));
    assert_int_equal(configuration_binding(client, ADMIN, &transport, &port, NULL), OM_OK);
    assert_ptr_equal(transport, expected);
    assert_int_equal(port, 4711);
}

/* A home without an address takes binding and port from the configuration. */
static void test_a_configuration_says_where_the_maf_is(void **state)
{
    (void)state;
    char dir[600];
    struct openmaf *other = NULL;
    if (fixture_binding != PEER_HTTPS)
        return; /* the scripted MAF of the others answers to FQDN only, which no resolver knows */
    (void)snprintf(dir, sizeof dir, "%s-without-address", fixture_home());
    const char *pin = fixture_token->pin_source[0] != '\0' ? fixture_token->pin_source : NULL;
    const struct openmaf_home values = {.size = sizeof values,
                                        .id = OWN_ID,
                                        .maf_fqdn = "localhost",
                                        .token_uri = fixture_token->uri,
                                        .pin_source = pin,
                                        .plugin_dir = test_plugin_dir()};
    struct peer *psk = peer_start(fixture_binding, false, "km-2@localhost", fixture_km, answer, &script);
    SUCCEEDS(openmaf_home_init(dir, &values, ERROR));
    SUCCEEDS(openmaf_open(dir, &other, ERROR));
    SUCCEEDS(openmaf_credential_import(other, "km-2@localhost", fixture_km, sizeof fixture_km, ERROR));
    SUCCEEDS(issuer_import(other, with_port("htpt", peer_port(psk))));
    const struct openmaf_registration_request rq = {.size = sizeof rq, .stakeholder = ADMIN};
    SUCCEEDS(openmaf_register(other, &rq, NULL, ERROR));
    const struct openmaf_discovery filter = {.size = sizeof filter};
    char **ids = NULL;
    size_t n = 0;
    SUCCEEDS(openmaf_discover(other, &filter, &ids, &n, ERROR)); /* under no stakeholder */
    openmaf_ids_free(ids, n);
    assert_binding(other, "wspt", &transport_wss);
    assert_binding(other, "copt", &transport_coaps);
    openmaf_close(other);
    peer_stop(psk);
}

/* --- renewal, expiry, forgetting --- */

static size_t credentials(size_t *current, const char **problem)
{
    struct openmaf_credential **list = NULL;
    size_t n = 0;
    static char text[512];
    SUCCEEDS(openmaf_credential_list(maf, &list, &n, ERROR));
    *current = n;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(list[i]->kind, OPENMAF_CERTIFICATE);
        if (list[i]->current)
            *current = i;
        if (list[i]->problem != NULL && problem != NULL) {
            (void)snprintf(text, sizeof text, "%s", list[i]->problem);
            *problem = text;
        }
    }
    openmaf_credential_list_free(list, n);
    return n;
}

static void test_a_renewed_certificate_is_used(void **state)
{
    (void)state;
    size_t current = 0;
    X509 *renewed = enrol(&(struct test_certificate){.cn = "renewed"});
    assert_int_equal(credentials(&current, NULL), 2);
    assert_true(current < 2);
    SUCCEEDS(discover());
    SUCCEEDS(register_client());
    assert_client(0, renewed);
    assert_client(1, renewed);
    X509_free(renewed);
}

static void test_an_expired_certificate_says_so(void **state)
{
    (void)state;
    size_t current = 0;
    X509 *brief = enrol(&(struct test_certificate){.cn = "brief", .from = -10, .until = 2});
    SUCCEEDS(discover());
    while (X509_cmp_current_time(X509_get0_notAfter(brief)) > 0)
        (void)usleep(50 * 1000);
    FAILS(OPENMAF_EDENIED, discover());
    SAYS("expired");
    SAYS("maf csr");
    X509 *renewed = enrol(&(struct test_certificate){.cn = "renewed"});
    assert_int_equal(credentials(&current, NULL), 2); /* the expired one and its key are gone */
    SUCCEEDS(discover());
    assert_client(1, renewed);
    X509_free(brief);
    X509_free(renewed);
}

static void test_forgetting_takes_the_keys_along(void **state)
{
    (void)state;
    size_t current = 0;
    openmaf_text_free(issuer_csr(maf));
    assert_int_equal(credentials(&current, NULL), 2);
    SUCCEEDS(openmaf_credential_forget(maf, OWN_CREDENTIAL, ERROR));
    assert_int_equal(credentials(&current, NULL), 0);
    FAILS(OPENMAF_ENOTFOUND, openmaf_credential_forget(maf, OWN_CREDENTIAL, ERROR));
    FAILS(OPENMAF_ENOTFOUND, register_client());
}

/* The one record of a certificate in this home. */
static void find_record(char path[1200])
{
    char command[1100];
    (void)snprintf(command, sizeof command, "ls %s/state/certificate-*.rec", fixture_home());
    FILE *f = popen(command, "r");
    assert_non_null(f);
    assert_non_null(fgets(path, 1200, f));
    path[strcspn(path, "\n")] = '\0';
    assert_int_equal(pclose(f), 0);
}

static void test_a_changed_record_is_refused(void **state)
{
    (void)state;
    char path[1200];
    static char text[65536];
    size_t current = 0;
    const char *problem = NULL;
    find_record(path);
    size_t n = fixture_read(path, text, sizeof text - 1);
    text[n] = '\0';
    char *at = strstr(text, "caCerts");
    assert_non_null(at);
    at[20] = at[20] == 'A' ? 'B' : 'A';
    fixture_write(path, text, n);
    FAILS(OPENMAF_EINTEGRITY, discover());
    assert_int_equal(credentials(&current, &problem), 1);
    assert_non_null(problem);
}

static void test_a_changed_configuration_is_refused(void **state)
{
    (void)state;
    char path[1200];
    static char text[65536];
    (void)snprintf(path, sizeof path, "%s/state/configuration-" ADMIN ".rec", fixture_home());
    size_t n = fixture_read(path, text, sizeof text - 1);
    text[n] = '\0';
    char *at = strstr(text, "33-//");
    assert_non_null(at);
    at[1] = '2';
    fixture_write(path, text, n);
    FAILS(OPENMAF_EINTEGRITY, register_client());
    assert_int_equal(peer_count(peer), 0);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, stop)
    const struct CMUnitTest tests[] = {
        T(test_MAF_HS_3_the_mafs_certificate),
        T(test_MAF_HS_3_only_the_anchors_of_the_bundle),
        T(test_MAF_HS_4_the_client_shows_its_certificate),
        T(test_bundles_that_are_not_taken_in),
        T(test_certificates_that_are_not_taken_in),
        T(test_a_request_keeps_its_key_until_it_is_answered),
        T(test_requests_for_what_this_client_is_not),
        T(test_the_configuration_chooses_the_credential),
        T(test_MEF_RP_1_rpsk_in_the_configuration),
        T(test_anchors_are_those_of_the_configuration),
        T(test_a_configuration_fills_in_and_lapses),
        T(test_a_renewed_certificate_is_used),
        T(test_an_expired_certificate_says_so),
        T(test_forgetting_takes_the_keys_along),
        T(test_a_changed_record_is_refused),
        T(test_a_changed_configuration_is_refused),
        T(test_a_configuration_says_where_the_maf_is),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
