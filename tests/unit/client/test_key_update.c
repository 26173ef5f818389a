/* MAF Key Registration Update and De-Registration against a scripted MAF. */
#include "answers.h"

static const char *const targets[] = {TARGET};
static char key_id[64];

static struct openmaf_key_request request(void)
{
    return (struct openmaf_key_request){.size = sizeof(struct openmaf_key_request), .key_id = key_id};
}

/* A peer, a client, and a key of SUID 34 registered. */
static int start_with_key(void **state)
{
    static const char *const labels[] = {"old"};
    const struct openmaf_key_request rq = {.size = sizeof rq,
                                           .stakeholder = ADMIN,
                                           .suid = 34,
                                           .targets = targets,
                                           .n_targets = 1,
                                           .labels = labels,
                                           .n_labels = 1,
                                           .expires = LATER - 1};
    struct openmaf_key *k = NULL;
    (void)start(state);
    SUCCEEDS(openmaf_key_register(maf, &rq, &k, ERROR));
    (void)snprintf(key_id, sizeof key_id, "%s", k->key_id);
    openmaf_key_free(k);
    return 0;
}

static void test_MAF_KU_6_update(void **state)
{
    (void)state;
    static const char *const two[] = {OWN_ID, TARGET};
    struct openmaf_key_request rq = request();
    struct openmaf_key *k = NULL;
    rq.expires = LATER;
    rq.targets = two;
    rq.n_targets = 2;
    rq.strict = 1;
    SUCCEEDS(openmaf_key_update(maf, &rq, &k, ERROR));
    assert_string_equal(peer_request_at(peer, 1)->body,
                        "{\"sec:skr\":{\"et\":\"20990101T000000\",\"tgis\":[\"" OWN_ID "\",\"" TARGET
                        "\"]}}");
    assert_int_equal(k->expires, LATER);
    assert_int_equal(k->n_targets, 2);
    assert_string_equal(k->labels[0], "old"); /* not asked for, not changed */
    openmaf_key_free(k);
    rq = request();
    rq.remove_labels = 1;
    SUCCEEDS(openmaf_key_update(maf, &rq, &k, ERROR));
    assert_string_equal(peer_request_at(peer, 2)->body, "{\"sec:skr\":{\"lbl\":null}}"); /* MAF-KU-8 */
    assert_int_equal(k->n_labels, 0);
    assert_int_equal(k->expires, LATER);
    openmaf_key_free(k);
}

static void test_MAF_KU_2_nothing(void **state)
{
    (void)state;
    struct openmaf_key_request rq = request();
    FAILS(OPENMAF_EINPUT, openmaf_key_update(maf, &rq, NULL, ERROR));
    rq.key_id = "A1@" FQDN;
    rq.expires = LATER;
    FAILS(OPENMAF_ENOTFOUND, openmaf_key_update(maf, &rq, NULL, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_key_update(maf, NULL, NULL, ERROR));
    assert_int_equal(peer_count(peer), 1);
}

static void other_targets(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)reply;
    if (request_begins(rq, "PUT"))
        (void)json_object_set_new(r, "tgis", json_pack("[s]", OWN_ID));
}

static void test_changed_targets(void **state)
{
    (void)state;
    struct openmaf_key_request rq = request();
    struct openmaf_key *k = NULL;
    rq.targets = targets;
    rq.n_targets = 1;
    script.change = other_targets;
    SUCCEEDS(openmaf_key_update(maf, &rq, &k, ERROR));
    assert_true(k->targets_changed);
    assert_string_equal(k->targets[0], OWN_ID);
    openmaf_key_free(k);
    rq.strict = 1;
    FAILS(OPENMAF_EINTEGRITY, openmaf_key_update(maf, &rq, NULL, ERROR));
}

static void past(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)reply;
    if (request_begins(rq, "PUT"))
        (void)json_object_set_new(r, "et", json_string("20200101T000000"));
}

static void test_update_to_the_past(void **state)
{
    (void)state;
    struct openmaf_key_request rq = request();
    rq.expires = LATER;
    script.change = past;
    FAILS(OPENMAF_EINTEGRITY, openmaf_key_update(maf, &rq, NULL, ERROR));
}

/* MAF-KU-1: only the Source. The MAF need not be asked. */
static void test_target_may_not(void **state)
{
    (void)state;
    SUCCEEDS(openmaf_key_retrieve(maf, KEY_ID, NULL, NULL, ERROR));
    struct openmaf_key_request rq = request();
    rq.key_id = KEY_ID;
    rq.expires = LATER;
    FAILS(OPENMAF_EDENIED, openmaf_key_update(maf, &rq, NULL, ERROR));
    assert_int_equal(peer_count(peer), 2);
}

static size_t remembered(void)
{
    struct openmaf_key **list = NULL;
    size_t n = 0;
    SUCCEEDS(openmaf_key_list(maf, &list, &n, ERROR));
    openmaf_key_list_free(list, n);
    return n;
}

static void gone(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)r;
    (void)rq;
    *reply = (struct peer_reply){.status = 404, .rsc = 4004};
}

static void test_MAF_KD_deregister(void **state)
{
    (void)state;
    script.change = gone;
    FAILS(OPENMAF_ENOTFOUND, openmaf_key_deregister(maf, key_id, ERROR));
    SAYS("maf key forget");
    assert_int_equal(remembered(), 1); /* the ends may still use it */
    script.change = NULL;
    SUCCEEDS(openmaf_key_deregister(maf, key_id, ERROR));
    assert_int_equal(remembered(), 0);
    SUCCEEDS(openmaf_key_deregister(maf, key_id, ERROR)); /* without a record */
    FAILS(OPENMAF_ENOTFOUND, openmaf_key_forget(maf, key_id, ERROR));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_MAF_KU_6_update, start_with_key, stop),
        cmocka_unit_test_setup_teardown(test_MAF_KU_2_nothing, start_with_key, stop),
        cmocka_unit_test_setup_teardown(test_changed_targets, start_with_key, stop),
        cmocka_unit_test_setup_teardown(test_update_to_the_past, start_with_key, stop),
        cmocka_unit_test_setup_teardown(test_target_may_not, start_with_key, stop),
        cmocka_unit_test_setup_teardown(test_MAF_KD_deregister, start_with_key, stop),
    };
    fixture_kind(argc, argv);
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
