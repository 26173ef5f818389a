/* The walk of remote provisioning against a scripted MEF and a scripted MAF, which compute the keys with
 * OpenSSL. */
#include "client/enrol.h"
#include "fixture.h"
#include "onem2m/types.h"
#include "util/text.h"

#include <openssl/hmac.h>

#define KPMID "kpm77@" MEF_FQDN
#define NEW   "km-new@" FQDN

static struct openmaf *maf;
static struct peer *mef_peer, *maf_peer;

/* What the scripts do in one test. */
static struct {
    int mef_rsc;                /* not 0: of the MEF's answer */
    bool registered;            /* the MAF has the registration already */
    bool hidden;                /* and does not show it */
    bool unpublished;           /* KmIDs that it assigns are not known to it */
    const char *kmid;           /* that it assigns; NULL: none */
    const char *admin;          /* under whom it says that the registration is */
    const char *et;             /* its end */
    char keid[M2M_KEY_ID_SIZE]; /* of the last enrolment */
    uint8_t km[32];
} plan;

/* TS-0003 10.3.7, by none of our code. */
static void derive_km(const uint8_t ke[32], uint8_t km[32])
{
    static const char text[] = "oneM2M Enrolment Key to Usage-Constrained Symmetric Key derivation21" FQDN;
    unsigned n = 0;
    assert_non_null(HMAC(EVP_sha256(), ke, 32, (const uint8_t *)text, sizeof text - 1, km, &n));
}

static void on_mef(void *arg, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)arg;
    char relative[33];
    *reply = (struct peer_reply){.status = plan.mef_rsc != 0 ? 500 : 200,
                                 .rsc = plan.mef_rsc != 0 ? plan.mef_rsc : 2000};
    om_hex_upper(relative, rq->exported, 16);
    (void)snprintf(plan.keid, sizeof plan.keid, "%s@" MEF_FQDN, relative);
    derive_km(rq->exported + 16, plan.km);
    peer_add_psk(maf_peer, plan.keid, plan.km);
    (void)snprintf(reply->body, sizeof reply->body, "{\"sec:mefb\":{\"ty\":20004,\"rn\":\"mef\"}}");
}

static void tell_registration(struct peer_reply *reply, const char *kmid)
{
    (void)snprintf(reply->body, sizeof reply->body,
                   "{\"sec:mafcr\":{\"ty\":20002,\"rn\":\"reg-1\",\"ri\":\"reg-1\",\"cr\":\"" OWN_ID
                   "\",\"et\":\"%s\",\"adfq\":\"%s\"%s%s%s}}",
                   plan.et, plan.admin, kmid != NULL ? ",\"aski\":\"" : "", kmid != NULL ? kmid : "",
                   kmid != NULL ? "\"" : "");
}

static void assign(void)
{
    if (plan.kmid != NULL && !plan.unpublished)
        peer_add_psk(maf_peer, plan.kmid, plan.km);
}

static void on_maf(void *arg, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)arg;
    bool by_keid = strcmp(rq->identity, plan.keid) == 0;
    *reply = (struct peer_reply){.status = 200, .rsc = 2000};
    if (strncmp(rq->line, "DELETE", 6) == 0) {
        reply->rsc = 2002;
        plan.registered = false;
    } else if (strstr(rq->line, "fu=1") != NULL) {
        (void)snprintf(reply->body, sizeof reply->body, "{\"m2m:uril\":[%s]}",
                       plan.hidden ? "" : "\"reg-1\"");
    } else if (strncmp(rq->line, "GET", 3) == 0) {
        tell_registration(reply, NULL);
    } else if (strncmp(rq->line, "PUT", 3) == 0) {
        reply->rsc = plan.registered ? 2004 : 4004;
        reply->status = plan.registered ? 200 : 404;
        assign();
        if (plan.registered)
            tell_registration(reply, plan.kmid);
    } else if (plan.registered) {
        *reply = (struct peer_reply){.status = 403, .rsc = 4117};
    } else {
        *reply = (struct peer_reply){.status = 201, .rsc = 2001};
        plan.registered = true;
        if (by_keid)
            assign();
        tell_registration(reply, by_keid ? plan.kmid : NULL);
    }
}

static int begin(void **state)
{
    (void)state;
    memset(&plan, 0, sizeof plan);
    plan.kmid = NEW;
    plan.admin = ADMIN;
    plan.et = "20990101T000000";
    mef_peer = peer_start(PEER_HTTPS, false, KPMID, fixture_km, on_mef, NULL);
    peer_ways(mef_peer)->label = "EXPORTER-oneM2M-Bootstrap";
    maf_peer = peer_start(PEER_HTTPS, false, KMID, fixture_km, on_maf, NULL);
    fixture_mef = peer_port(mef_peer);
    maf = fixture_client(peer_port(maf_peer), NULL);
    fixture_mef = 0;
    SUCCEEDS(openmaf_credential_import(maf, KPMID, fixture_km, 32, ERROR));
    return 0;
}

static int end(void **state)
{
    (void)state;
    openmaf_close(maf);
    peer_stop(mef_peer);
    peer_stop(maf_peer);
    return 0;
}

static int enrol(void)
{
    const struct openmaf_enrol_request rq = {.size = sizeof rq, .stakeholder = ADMIN};
    return openmaf_enrol(maf, &rq, NULL, ERROR);
}

static int renew(void)
{
    const struct openmaf_enrol_request rq = {.size = sizeof rq, .stakeholder = ADMIN, .renew = 1};
    return openmaf_enrol(maf, &rq, NULL, ERROR);
}

/* The one enrolment; its phase is looked at too. */
static void expect(enum enrolment_phase phase, const char *kmid)
{
    struct enrolment e;
    assert_int_equal(enrolment_read(maf, ADMIN, &e, NULL), OM_OK);
    assert_int_equal(e.phase, phase);
    assert_string_equal(e.kmid, kmid);
}

static const char *line(size_t i)
{
    return peer_request_at(maf_peer, i)->line;
}

static void test_MEF_RP_2_the_walk(void **state)
{
    (void)state;
    const struct openmaf_enrol_request rq = {.size = sizeof rq, .stakeholder = ADMIN};
    struct openmaf_enrolment *e = NULL;
    SUCCEEDS(openmaf_enrol(maf, &rq, &e, ERROR));
    assert_true(e->changed && !e->pending);
    assert_string_equal(e->kmid, NEW);
    assert_string_equal(e->keid, plan.keid);
    assert_int_equal(e->expires - e->made, 30 * 86400);
    assert_int_equal(e->renew, e->expires - 3 * 86400);
    openmaf_enrolment_free(e);
    assert_int_equal(peer_count(mef_peer), 1);
    assert_string_equal(peer_request_at(mef_peer, 0)->identity, KPMID);
    assert_string_equal(peer_request_at(mef_peer, 0)->sni, MEF_FQDN);
    assert_int_equal(peer_count(maf_peer), 2);
    assert_string_equal(peer_request_at(maf_peer, 0)->identity, plan.keid);
    assert_string_equal(peer_request_at(maf_peer, 1)->identity, NEW);
    assert_string_equal(peer_request_at(maf_peer, 1)->sni, FQDN);

    SUCCEEDS(openmaf_enrol(maf, &rq, &e, ERROR)); /* again: one question, and nothing new */
    assert_false(e->changed);
    openmaf_enrolment_free(e);
    assert_int_equal(peer_count(mef_peer), 1);
    assert_int_equal(peer_count(maf_peer), 3);
}

/* Neither Km nor Ke is in any record. */
static void test_MEF_EK_2_nothing_in_the_clear(void **state)
{
    (void)state;
    static const char *const names[] = {"enrolment-" ADMIN, "credential-" NEW};
    char text[8192];
    char hex[65];
    SUCCEEDS(enrol());
    om_hex_lower(hex, plan.km, 32);
    for (size_t i = 0; i < 2; i++) {
        size_t n = fixture_read(fixture_record(names[i]), text, sizeof text);
        assert_null(memmem(text, n, plan.km, 8));
        assert_null(memmem(text, n, peer_request_at(mef_peer, 0)->exported + 16, 8));
        assert_null(memmem(text, n, hex, 16));
    }
}

/* The MAF has a registration of ours that this home does not know. */
static void test_MEF_RP_4_a_registration_that_is_there(void **state)
{
    (void)state;
    plan.registered = true;
    SUCCEEDS(enrol());
    assert_int_equal(peer_count(maf_peer), 5); /* create, discover, look, update, use */
    assert_non_null(strstr(line(1), "fu=1"));
    assert_int_equal(strncmp(line(3), "PUT", 3), 0);
    expect(ENROLMENT_READY, NEW);
}

static void test_a_registration_that_the_maf_hides(void **state)
{
    (void)state;
    plan.registered = plan.hidden = true;
    FAILS(OPENMAF_EINTEGRITY, enrol());
    SAYS("shows no such registration");
    plan.hidden = false;
    plan.admin = "other.example.com"; /* it is another administrator's */
    FAILS(OPENMAF_EINTEGRITY, enrol());
    expect(ENROLMENT_ENROLLED, "");
}

/* What the home believes to have is gone at the MAF. */
static void test_a_registration_that_is_gone(void **state)
{
    (void)state;
    SUCCEEDS(enrol());
    plan.registered = false;
    plan.kmid = "km-2@" FQDN;
    SUCCEEDS(renew());
    assert_int_equal(strncmp(line(2), "PUT", 3), 0);
    assert_int_equal(strncmp(line(3), "POST", 4), 0);
    expect(ENROLMENT_READY, "km-2@" FQDN);
}

static void refused_kmid(const char *kmid, const char *says)
{
    plan.kmid = kmid;
    FAILS(OPENMAF_EINTEGRITY, enrol());
    SAYS(says);
    SAYS("; it was ended at the MAF");
    assert_false(plan.registered);
    expect(ENROLMENT_ENROLLED, "");
}

/* assignedSymmKeyID that must not count; the registration does not stay. */
static void test_MAF_CR_7_kmids_that_are_refused(void **state)
{
    (void)state;
    SUCCEEDS(openmaf_credential_import(maf, KMID, fixture_km, 32, ERROR));
    refused_kmid(NULL, "assigned no KmID");
    refused_kmid("km-new@other.example.com", "no KmID of " FQDN);
    refused_kmid(KMID, "names another key of this home already");
    struct openmaf_credential **list = NULL;
    size_t n = 0;
    SUCCEEDS(openmaf_credential_list(maf, &list, &n, ERROR));
    assert_int_equal(n, 2); /* Kpm, and the Km that was imported */
    openmaf_credential_list_free(list, n);
}

static void test_MAF_CR_9_answers_that_are_refused(void **state)
{
    (void)state;
    plan.et = "20200101T000000";
    FAILS(OPENMAF_EINTEGRITY, enrol());
    SAYS("which is past");
    plan.et = "20990101T000000";
    plan.admin = "other.example.com";
    FAILS(OPENMAF_EINTEGRITY, enrol());
    SAYS("adminFQDN");
    expect(ENROLMENT_ENROLLED, "");
    assert_int_equal(peer_count(mef_peer), 1); /* the KeID is as good as before */
}

/* MAF-CU-7: until the new KmID was used the old one is there; a new one that does not work costs nothing. */
static void test_MAF_CU_7_a_new_kmid_that_does_not_work(void **state)
{
    (void)state;
    SUCCEEDS(enrol());
    plan.kmid = "km-2@" FQDN;
    plan.unpublished = true;
    FAILS(OPENMAF_EDENIED, renew());
    SAYS("use of KmID km-2@" FQDN);
    expect(ENROLMENT_ASSIGNED, "km-2@" FQDN);
    struct openmaf_credential **list = NULL;
    size_t n = 0;
    SUCCEEDS(openmaf_credential_list(maf, &list, &n, ERROR));
    assert_int_equal(n, 3); /* Kpm and both */
    openmaf_credential_list_free(list, n);
    plan.unpublished =
        false; /* again: the KmID does not work, by the KeID it is told again, and then it does */
    SUCCEEDS(enrol());
    expect(ENROLMENT_READY, "km-2@" FQDN);
    SUCCEEDS(openmaf_credential_list(maf, &list, &n, ERROR));
    assert_int_equal(n, 2);
    openmaf_credential_list_free(list, n);
}

static void test_a_mef_in_trouble(void **state)
{
    (void)state;
    struct enrolment e;
    plan.mef_rsc = 5000;
    FAILS(OPENMAF_ETEMPORARY, enrol());
    SAYS("enrolment at the MEF: " MEF_FQDN " refused: 5000");
    assert_int_equal(enrolment_read(maf, ADMIN, &e, NULL), OM_ENOTFOUND);
    assert_int_equal(peer_count(maf_peer), 0);
    plan.mef_rsc = 4103;
    FAILS(OPENMAF_EDENIED, enrol());
}

static void test_a_changed_record_is_refused(void **state)
{
    (void)state;
    char text[8192];
    struct openmaf_enrolment **list = NULL;
    size_t n = 0;
    SUCCEEDS(enrol());
    const char *path = fixture_record("enrolment-" ADMIN);
    size_t len = fixture_read(path, text, sizeof text);
    char *at = memmem(text, len, "\"phase\": 3", 10);
    assert_non_null(at);
    at[9] = '1';
    fixture_write(path, text, len);
    FAILS(OPENMAF_EINTEGRITY, enrol());
    SUCCEEDS(openmaf_enrolment_list(maf, &list, &n, ERROR));
    assert_int_equal(n, 1);
    assert_string_equal(list[0]->stakeholder, ADMIN);
    assert_non_null(list[0]->problem);
    openmaf_enrolment_list_free(list, n);
    assert_int_equal(peer_count(mef_peer), 1);
}

static void test_requests_that_are_refused(void **state)
{
    (void)state;
    struct openmaf_enrol_request rq = {.size = sizeof rq, .stakeholder = "ADMIN"};
    FAILS(OPENMAF_EINPUT, openmaf_enrol(maf, &rq, NULL, ERROR));
    rq.stakeholder = ADMIN;
    rq.size--;
    FAILS(OPENMAF_EINPUT, openmaf_enrol(maf, &rq, NULL, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_enrol(maf, NULL, NULL, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_enrol(NULL, &rq, NULL, ERROR));
    assert_int_equal(peer_count(mef_peer), 0);
}

static void test_when_it_is_renewed(void **state)
{
    (void)state;
    static const struct {
        int64_t life, lead;
    } cases[] = {
        {30 * 86400, 3 * 86400}, /* a tenth */
        {10 * 86400, 86400},     /* which is a day */
        {3 * 86400, 86400},      /* at least that */
        {2 * 86400, 86400},      /* where there are two */
        {3600, 1800},            /* else half of it */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct enrolment e = {.made = 1000, .expires = 1000 + cases[i].life};
        assert_int_equal(e.expires - enrolment_renewal(&e), cases[i].lead);
    }
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
#define T(fn) cmocka_unit_test_setup_teardown(fn, begin, end)
    const struct CMUnitTest tests[] = {
        T(test_MEF_RP_2_the_walk),
        T(test_MEF_EK_2_nothing_in_the_clear),
        T(test_MEF_RP_4_a_registration_that_is_there),
        T(test_a_registration_that_the_maf_hides),
        T(test_a_registration_that_is_gone),
        T(test_MAF_CR_7_kmids_that_are_refused),
        T(test_MAF_CR_9_answers_that_are_refused),
        T(test_MAF_CU_7_a_new_kmid_that_does_not_work),
        T(test_a_mef_in_trouble),
        T(test_a_changed_record_is_refused),
        T(test_requests_that_are_refused),
        cmocka_unit_test(test_when_it_is_renewed),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
