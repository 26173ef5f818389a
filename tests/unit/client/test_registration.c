/* MAF Client Registration, configuration, update and de-registration against a scripted MAF. */
#include "answers.h"

static struct openmaf_registration_request request(void)
{
    return (struct openmaf_registration_request){.size = sizeof(struct openmaf_registration_request),
                                                 .stakeholder = ADMIN};
}

static int register_(void)
{
    const struct openmaf_registration_request rq = request();
    return openmaf_register(maf, &rq, NULL, ERROR);
}

static size_t remembered(void)
{
    struct openmaf_registration **list = NULL;
    size_t n = 0;
    SUCCEEDS(openmaf_registration_list(maf, &list, &n, ERROR));
    openmaf_registration_list_free(list, n);
    return n;
}

static void test_MAF_CR_8_stored(void **state)
{
    (void)state;
    static const char *const labels[] = {"floor:1", "b"};
    struct openmaf_registration_request rq = request();
    struct openmaf_registration *r = NULL;
    rq.labels = labels;
    rq.n_labels = 2;
    rq.expires = LATER;
    SUCCEEDS(openmaf_register(maf, &rq, &r, ERROR));
    assert_string_equal(r->registration_id, "reg-1");
    assert_string_equal(r->client_id, OWN_ID);
    assert_string_equal(r->stakeholder, ADMIN);
    assert_int_equal(r->expires, LATER);
    assert_int_equal(r->n_labels, 2);
    assert_string_equal(r->labels[0], "floor:1");
    assert_null(r->configuration);
    openmaf_registration_free(r);
    const struct peer_request *sent = peer_request_at(peer, 0);
    assert_string_equal(sent->line, "POST /_/maf.example.com/- HTTP/1.1");
    assert_non_null(strstr(sent->head, "; ty=20002\r\n"));
    assert_string_equal(
        sent->body,
        "{\"sec:mafcr\":{\"et\":\"20990101T000000\",\"lbl\":[\"floor:1\",\"b\"],\"adfq\":\"" ADMIN "\"}}");
    /* and after closing and opening again */
    openmaf_close(maf);
    maf = NULL;
    SUCCEEDS(openmaf_open(fixture_home(), &maf, ERROR));
    struct openmaf_registration **list = NULL;
    size_t n = 0;
    SUCCEEDS(openmaf_registration_list(maf, &list, &n, ERROR));
    assert_int_equal(n, 1);
    assert_null(list[0]->problem);
    assert_string_equal(list[0]->registration_id, "reg-1");
    assert_string_equal(list[0]->labels[1], "b");
    openmaf_registration_list_free(list, n);
}

static void test_default_lifetime(void **state)
{
    (void)state;
    struct openmaf_registration_request rq = request();
    struct openmaf_registration *r = NULL;
    int64_t before = client_now();
    SUCCEEDS(openmaf_register(maf, &rq, &r, ERROR));
    assert_in_range((uintmax_t)(r->expires - before), 365 * 86400, 365 * 86400 + 600);
    openmaf_registration_free(r);
}

/* --- answers that fail a check: ended at the MAF, nothing remembered --- */

static void past(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)reply;
    if (request_begins(rq, "POST"))
        (void)json_object_set_new(r, "et", json_string("20200101T000000"));
}

static void other_client(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)reply;
    if (request_begins(rq, "POST"))
        (void)json_object_set_new(r, "cr", json_string(TARGET));
}

static void other_admin(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)reply;
    if (request_begins(rq, "POST"))
        (void)json_object_set_new(r, "adfq", json_string("other.example.com"));
}

static void assigned(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)reply;
    if (request_begins(rq, "POST"))
        (void)json_object_set_new(r, "aski", json_string("km-2@" FQDN));
}

static void no_end(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)reply;
    if (request_begins(rq, "POST"))
        (void)json_object_del(r, "et");
}

static void bad_type(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)reply;
    if (request_begins(rq, "POST"))
        (void)json_object_set_new(r, "cr", json_integer(7));
}

static void test_MAF_CR_9_failed_checks(void **state)
{
    (void)state;
    static void (*const changes[])(json_t *, const struct peer_request *, struct peer_reply *) = {
        past, other_client, other_admin, assigned, no_end, bad_type};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        if (i == 3) { /* the peer keeps eight requests */
            (void)stop(state);
            (void)start(state);
        }
        script.change = changes[i];
        FAILS(OPENMAF_EINTEGRITY, register_());
        SAYS("; it was ended at the MAF");
        assert_int_equal(ERROR->rsc, 2001);
        assert_string_equal(peer_request_at(peer, peer_count(peer) - 1)->line,
                            "DELETE /_/maf.example.com/-/reg-1 HTTP/1.1");
        assert_int_equal(remembered(), 0);
    }
}

static void refuse(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r;
    if (request_begins(rq, "PUT"))
        return;
    reply->status = request_begins(rq, "DELETE") ? 404 : 403;
    reply->rsc = request_begins(rq, "DELETE") ? 4004 : 4117;
    (void)snprintf(reply->body, sizeof reply->body, " {\"m2m:dbg\":\"no\"}");
}

static void test_MAF_CR_4_registered_already(void **state)
{
    (void)state;
    script.change = refuse;
    FAILS(OPENMAF_ECONFLICT, register_());
    assert_int_equal(ERROR->rsc, 4117);
    assert_int_equal(peer_count(peer), 1);
    assert_int_equal(remembered(), 0);
}

static void test_arguments(void **state)
{
    (void)state;
    struct openmaf_registration_request rq = request();
    rq.stakeholder = NULL;
    FAILS(OPENMAF_EINPUT, openmaf_register(maf, &rq, NULL, ERROR));
    rq.stakeholder = "Admin.example.com";
    FAILS(OPENMAF_EINPUT, openmaf_register(maf, &rq, NULL, ERROR));
    rq = request();
    rq.size = 8;
    FAILS(OPENMAF_EINPUT, openmaf_register(maf, &rq, NULL, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_register(maf, NULL, NULL, ERROR));
    rq = request();
    rq.n_labels = 1;
    FAILS(OPENMAF_EINPUT, openmaf_register(maf, &rq, NULL, ERROR));
    rq = request();
    FAILS(OPENMAF_ENOTFOUND, openmaf_update(maf, &rq, NULL, ERROR));
    SAYS("maf register");
    FAILS(OPENMAF_ENOTFOUND, openmaf_config(maf, &rq, NULL, ERROR));
    FAILS(OPENMAF_ENOTFOUND, openmaf_deregister(maf, &rq, ERROR));
    rq.registration_id = "../x";
    FAILS(OPENMAF_EINPUT, openmaf_deregister(maf, &rq, ERROR));
    assert_int_equal(peer_count(peer), 0);
}

static void test_MAF_CC_6_configuration(void **state)
{
    (void)state;
    struct openmaf_registration_request rq = request();
    struct openmaf_registration *r = NULL;
    SUCCEEDS(register_());
    SUCCEEDS(openmaf_config(maf, &rq, &r, ERROR));
    assert_string_equal(peer_request_at(peer, 1)->line, "GET /_/maf.example.com/-/reg-1?atrl=mccf HTTP/1.1");
    assert_non_null(strstr(r->configuration, "\"from-cfg\""));
    openmaf_registration_free(r);
    /* it fills in what a key registration leaves open, for its SUID only */
    struct openmaf_key_request key = {.size = sizeof key, .stakeholder = ADMIN, .suid = 34};
    struct openmaf_key *k = NULL;
    SUCCEEDS(openmaf_key_register(maf, &key, &k, ERROR));
    assert_int_equal(k->expires, LATER);
    assert_string_equal(k->labels[0], "from-cfg");
    assert_string_equal(k->targets[0], TARGET);
    openmaf_key_free(k);
    static const char *const own[] = {OWN_ID};
    key.targets = own;
    key.n_targets = 1;
    SUCCEEDS(openmaf_key_register(maf, &key, &k, ERROR));
    assert_int_equal(k->n_targets, 1);
    assert_string_equal(k->targets[0], OWN_ID);
    openmaf_key_free(k);
    key.suid = 35;
    SUCCEEDS(openmaf_key_register(maf, &key, &k, ERROR));
    assert_int_equal(k->n_labels, 0);
    openmaf_key_free(k);
}

static void bad_configuration(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)reply;
    if (strstr(rq->line, "atrl") != NULL)
        (void)json_object_set_new(r, "mccf", json_pack("{s:i}", "krgc", 7));
}

static void test_bad_configuration(void **state)
{
    (void)state;
    struct openmaf_registration_request rq = request();
    SUCCEEDS(register_());
    script.change = bad_configuration;
    FAILS(OPENMAF_EINTEGRITY, openmaf_config(maf, &rq, NULL, ERROR));
}

static void test_MAF_CU_8_update(void **state)
{
    (void)state;
    static const char *const labels[] = {"new"};
    struct openmaf_registration_request rq = request();
    struct openmaf_registration *r = NULL;
    SUCCEEDS(register_());
    FAILS(OPENMAF_EINPUT, openmaf_update(maf, &rq, NULL, ERROR)); /* MAF-CU-2 */
    rq.expires = LATER;
    rq.labels = labels;
    rq.n_labels = 1;
    SUCCEEDS(openmaf_update(maf, &rq, &r, ERROR));
    assert_int_equal(r->expires, LATER);
    assert_string_equal(r->labels[0], "new");
    openmaf_registration_free(r);
    assert_string_equal(peer_request_at(peer, 1)->body,
                        "{\"sec:mafcr\":{\"et\":\"20990101T000000\",\"lbl\":[\"new\"]}}");
    rq = request();
    rq.remove_labels = 1;
    SUCCEEDS(openmaf_update(maf, &rq, &r, ERROR)); /* MAF-CU-6 */
    assert_string_equal(peer_request_at(peer, 2)->body, "{\"sec:mafcr\":{\"lbl\":null}}");
    assert_int_equal(r->n_labels, 0);
    assert_int_equal(r->expires, LATER);
    openmaf_registration_free(r);
}

static void past_update(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)reply;
    if (request_begins(rq, "PUT"))
        (void)json_object_set_new(r, "et", json_string("20200101T000000"));
}

static void test_update_to_the_past(void **state)
{
    (void)state;
    struct openmaf_registration_request rq = request();
    SUCCEEDS(register_());
    rq.expires = LATER;
    script.change = past_update;
    FAILS(OPENMAF_EINTEGRITY, openmaf_update(maf, &rq, NULL, ERROR));
}

static void test_deregister(void **state)
{
    (void)state;
    struct openmaf_registration_request rq = request();
    SUCCEEDS(register_());
    SUCCEEDS(openmaf_deregister(maf, &rq, ERROR));
    assert_string_equal(peer_request_at(peer, 1)->line, "DELETE /_/maf.example.com/-/reg-1 HTTP/1.1");
    assert_int_equal(remembered(), 0);
    /* one that the home does not know, and one that the MAF does not know any more */
    rq.registration_id = "reg-9";
    SUCCEEDS(openmaf_deregister(maf, &rq, ERROR));
    assert_string_equal(peer_request_at(peer, 2)->line, "DELETE /_/maf.example.com/-/reg-9 HTTP/1.1");
    rq.registration_id = NULL;
    SUCCEEDS(register_());
    script.change = refuse;
    FAILS(OPENMAF_ENOTFOUND, openmaf_deregister(maf, &rq, ERROR));
    assert_int_equal(ERROR->rsc, 4004);
    assert_int_equal(remembered(), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_MAF_CR_8_stored, start, stop),
        cmocka_unit_test_setup_teardown(test_default_lifetime, start, stop),
        cmocka_unit_test_setup_teardown(test_MAF_CR_9_failed_checks, start, stop),
        cmocka_unit_test_setup_teardown(test_MAF_CR_4_registered_already, start, stop),
        cmocka_unit_test_setup_teardown(test_arguments, start, stop),
        cmocka_unit_test_setup_teardown(test_MAF_CC_6_configuration, start, stop),
        cmocka_unit_test_setup_teardown(test_bad_configuration, start, stop),
        cmocka_unit_test_setup_teardown(test_MAF_CU_8_update, start, stop),
        cmocka_unit_test_setup_teardown(test_update_to_the_past, start, stop),
        cmocka_unit_test_setup_teardown(test_deregister, start, stop),
    };
    fixture_kind(argc, argv);
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
