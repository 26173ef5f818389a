/* MAF Key Registration against a scripted MAF whose exporter is OpenSSL's own. */
#include "answers.h"
#include "util/text.h"

static const char *const targets[] = {TARGET};

static struct openmaf_key_request request(void)
{
    return (struct openmaf_key_request){.size = sizeof(struct openmaf_key_request),
                                        .stakeholder = ADMIN,
                                        .suid = 32,
                                        .targets = targets,
                                        .n_targets = 1};
}

static int register_key(void)
{
    const struct openmaf_key_request rq = request();
    return openmaf_key_register(maf, &rq, NULL, ERROR);
}

static size_t remembered(void)
{
    struct openmaf_key **list = NULL;
    size_t n = 0;
    SUCCEEDS(openmaf_key_list(maf, &list, &n, ERROR));
    openmaf_key_list_free(list, n);
    return n;
}

/* Both ends hold the same 32 octets: octets 16..47 of this session's exporter (MAF-KR-10). */
static void test_MAF_KR_10_exporter(void **state)
{
    (void)state;
    struct openmaf_key_request rq = request();
    struct openmaf_key *k = NULL;
    char id[33];
    char check[17];
    rq.strict = 1;
    SUCCEEDS(openmaf_key_register(maf, &rq, &k, ERROR));
    const struct peer_request *sent = peer_request_at(peer, 0);
    om_hex_upper(id, sent->exported, 16);
    fixture_check_value(sent->exported + 16, 32, check);
    assert_memory_equal(k->key_id, id, 32);
    assert_string_equal(k->key_id + 32, "@" FQDN);
    assert_string_equal(k->check, check);
    assert_int_equal(k->role, OPENMAF_SOURCE);
    assert_int_equal(k->suid, 32);
    assert_string_equal(k->source, OWN_ID);
    assert_string_equal(k->targets[0], TARGET);
    assert_false(k->targets_changed);
    assert_false(k->generated);
    assert_null(strstr(sent->body, "kyv"));
    assert_non_null(strstr(sent->head, "; ty=20003\r\n"));

    /* in the list, and usable in the token */
    struct openmaf_key **list = NULL;
    size_t n = 0;
    uint8_t mac[32];
    SUCCEEDS(openmaf_key_list(maf, &list, &n, ERROR));
    assert_int_equal(n, 1);
    assert_string_equal(list[0]->check, check);
    openmaf_key_list_free(list, n);
    SUCCEEDS(openmaf_key_hmac(maf, k->key_id, 32, "openmaf key check value", 23, mac, ERROR));
    char text[17];
    om_hex_lower(text, mac, 8);
    assert_string_equal(text, check);
    openmaf_key_free(k);
}

/* MAF-KR-12: every exporter registration has a session of its own, so every key is another one. */
static void test_MAF_KR_12_one_session_each(void **state)
{
    (void)state;
    SUCCEEDS(register_key());
    SUCCEEDS(register_key());
    assert_memory_not_equal(peer_request_at(peer, 0)->exported, peer_request_at(peer, 1)->exported, 48);
    assert_int_equal(remembered(), 2);
}

static void test_MAF_KR_2_generated(void **state)
{
    (void)state;
    struct openmaf_key_request rq = request();
    struct openmaf_key *k = NULL;
    rq.generate = 1;
    SUCCEEDS(openmaf_key_register(maf, &rq, &k, ERROR));
    json_t *sent = request_resource(peer_request_at(peer, 0), "sec:skr");
    const char *base64 = json_string_value(json_object_get(sent, "kyv"));
    uint8_t kc[64];
    size_t n = 0;
    char check[17];
    assert_int_equal(om_base64_decode(base64, strlen(base64), kc, sizeof kc, &n, NULL), OM_OK);
    assert_int_equal(n, 32);
    fixture_check_value(kc, n, check);
    assert_string_equal(k->check, check);
    assert_string_equal(k->key_id, KEY_ID);
    assert_true(k->generated);
    openmaf_key_free(k);
    json_decref(sent);
    char text[4096];
    n = fixture_read(fixture_record("key-00112233445566778899aabbccddeeff"), text, sizeof text);
    assert_null(memmem(text, n, kc, 32));
}

/* A MAF that gives a RelativeKeyID twice does not make the client lose the first key. */
static void test_MAF_GEN_10_known_RelativeKeyID(void **state)
{
    (void)state;
    struct openmaf_key_request rq = request();
    char before[4096], after[4096];
    rq.generate = 1;
    SUCCEEDS(openmaf_key_register(maf, &rq, NULL, ERROR));
    const char *record = "key-00112233445566778899aabbccddeeff";
    size_t n = fixture_read(fixture_record(record), before, sizeof before);
    FAILS(OPENMAF_EINTEGRITY, openmaf_key_register(maf, &rq, NULL, ERROR));
    SAYS("names another key of this home");
    assert_int_equal(fixture_read(fixture_record(record), after, sizeof after), n);
    assert_memory_equal(before, after, n);
    assert_int_equal(peer_count(peer), 2); /* nothing was ended at the MAF */
}

/* --- answers that fail a check: ended at the MAF, nothing kept --- */

static void other_id(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)reply;
    if (request_begins(rq, "POST"))
        (void)json_object_set_new(r, "rn", json_string("00112233445566778899AABBCCDDEEFF"));
}

static void past(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)reply;
    if (request_begins(rq, "POST"))
        (void)json_object_set_new(r, "et", json_string("20200101T000000"));
}

static void other_admin(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)reply;
    if (request_begins(rq, "POST"))
        (void)json_object_set_new(r, "adfq", json_string("other.example.com"));
}

static void other_source(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)reply;
    if (request_begins(rq, "POST"))
        (void)json_object_set_new(r, "cr", json_string(TARGET));
}

static void other_suid(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)reply;
    if (request_begins(rq, "POST"))
        (void)json_object_set_new(r, "suid", json_integer(33));
}

static void no_targets(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)reply;
    if (request_begins(rq, "POST"))
        (void)json_object_del(r, "tgis");
}

static void other_target(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)reply;
    if (request_begins(rq, "POST"))
        (void)json_object_set_new(r, "tgis", json_pack("[s]", "//sp.example.com/cse1/Cother"));
}

static void check_undone(void)
{
    char line[128];
    SAYS("; it was ended at the MAF");
    const struct peer_request *last = peer_request_at(peer, peer_count(peer) - 1);
    (void)snprintf(line, sizeof line, "DELETE /_/maf.example.com/-/");
    assert_true(request_begins(last, line));
    assert_int_equal(remembered(), 0);
}

static void test_MAF_KR_15_other_RelativeKeyID(void **state)
{
    (void)state;
    script.change = other_id;
    FAILS(OPENMAF_EINTEGRITY, register_key());
    SAYS("hold different keys");
    check_undone();
    assert_string_equal(peer_request_at(peer, 1)->line,
                        "DELETE /_/maf.example.com/-/00112233445566778899AABBCCDDEEFF HTTP/1.1");
}

static void test_MAF_KR_16_failed_checks(void **state)
{
    (void)state;
    static void (*const changes[])(json_t *, const struct peer_request *, struct peer_reply *) = {
        past, other_admin, other_source, other_suid, no_targets};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        if (i == 3) { /* the peer keeps eight requests */
            (void)stop(state);
            (void)start(state);
        }
        script.change = changes[i];
        FAILS(OPENMAF_EINTEGRITY, register_key());
        check_undone();
    }
}

static void test_MAF_KR_16_changed_targets(void **state)
{
    (void)state;
    struct openmaf_key_request rq = request();
    struct openmaf_key *k = NULL;
    script.change = other_target;
    rq.strict = 1;
    FAILS(OPENMAF_EINTEGRITY, openmaf_key_register(maf, &rq, &k, ERROR));
    SAYS("(strict)");
    check_undone();
    rq.strict = 0;
    SUCCEEDS(openmaf_key_register(maf, &rq, &k, ERROR));
    assert_true(k->targets_changed);
    assert_string_equal(k->targets[0], "//sp.example.com/cse1/Cother");
    openmaf_key_free(k);
    assert_int_equal(remembered(), 1);
}

static void unanswered_delete(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    other_id(r, rq, reply);
    if (request_begins(rq, "DELETE")) {
        reply->status = 500;
        reply->rsc = 5000;
    }
}

static void test_undo_that_fails_is_told(void **state)
{
    (void)state;
    script.change = unanswered_delete;
    FAILS(OPENMAF_EINTEGRITY, register_key());
    SAYS("could not be ended at the MAF");
    assert_int_equal(ERROR->rsc, 2001); /* of the registration */
}

static void not_allowed(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r;
    (void)rq;
    *reply = (struct peer_reply){.status = 403, .rsc = 4103};
}

static void test_refused(void **state)
{
    (void)state;
    script.change = not_allowed;
    FAILS(OPENMAF_EDENIED, register_key());
    SAYS("needs a registration");
    assert_int_equal(ERROR->rsc, 4103);
    assert_int_equal(remembered(), 0);
    assert_int_equal(peer_count(peer), 1);
}

static void test_arguments(void **state)
{
    (void)state;
    static const char *const two[] = {TARGET, OWN_ID};
    static const char *const twice[] = {TARGET, TARGET};
    static const char *const relative[] = {"Ctarget"};
    struct openmaf_key_request rq = request();
    rq.suid = 21; /* MAF-KR-5 */
    FAILS(OPENMAF_EINPUT, openmaf_key_register(maf, &rq, NULL, ERROR));
    rq = request();
    rq.targets = two; /* MAF-KR-6 */
    rq.n_targets = 2;
    FAILS(OPENMAF_EINPUT, openmaf_key_register(maf, &rq, NULL, ERROR));
    rq.suid = 34;
    rq.targets = twice;
    FAILS(OPENMAF_EINPUT, openmaf_key_register(maf, &rq, NULL, ERROR));
    rq.targets = relative;
    rq.n_targets = 1;
    FAILS(OPENMAF_EINPUT, openmaf_key_register(maf, &rq, NULL, ERROR));
    rq = request();
    rq.stakeholder = "";
    FAILS(OPENMAF_EINPUT, openmaf_key_register(maf, &rq, NULL, ERROR));
    rq = request();
    rq.size = 0;
    FAILS(OPENMAF_EINPUT, openmaf_key_register(maf, &rq, NULL, ERROR));
    assert_int_equal(peer_count(peer), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_MAF_KR_10_exporter, start, stop),
        cmocka_unit_test_setup_teardown(test_MAF_KR_12_one_session_each, start, stop),
        cmocka_unit_test_setup_teardown(test_MAF_KR_2_generated, start, stop),
        cmocka_unit_test_setup_teardown(test_MAF_GEN_10_known_RelativeKeyID, start, stop),
        cmocka_unit_test_setup_teardown(test_MAF_KR_15_other_RelativeKeyID, start, stop),
        cmocka_unit_test_setup_teardown(test_MAF_KR_16_failed_checks, start, stop),
        cmocka_unit_test_setup_teardown(test_MAF_KR_16_changed_targets, start, stop),
        cmocka_unit_test_setup_teardown(test_undo_that_fails_is_told, start, stop),
        cmocka_unit_test_setup_teardown(test_refused, start, stop),
        cmocka_unit_test_setup_teardown(test_arguments, start, stop),
    };
    fixture_kind(argc, argv);
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
