/* MAF Key Retrieval against a scripted MAF, and the use of what was retrieved. */
#include "answers.h"
#include "util/text.h"

#include <openssl/hmac.h>
#include <unistd.h>

#define RECORD "key-00112233445566778899aabbccddeeff"

static void test_MAF_KT_9_MAF_GEN_8_stored_and_halved(void **state)
{
    (void)state;
    struct openmaf_key *k = NULL;
    struct openmaf_secret *value = NULL;
    char check[17];
    SUCCEEDS(
        openmaf_key_retrieve(maf, "00112233445566778899aabbccddeeff@MAF.example.com", &k, &value, ERROR));
    assert_string_equal(peer_request_at(peer, 0)->line,
                        "GET /_/maf.example.com/-/00112233445566778899AABBCCDDEEFF HTTP/1.1");
    fixture_check_value(answered_key, sizeof answered_key, check);
    assert_string_equal(k->key_id, KEY_ID);
    assert_string_equal(k->check, check);
    assert_int_equal(k->role, OPENMAF_TARGET);
    assert_int_equal(k->suid, 33);
    assert_int_equal(k->expires, LATER);
    assert_string_equal(k->source, "//sp.example.com/cse1/Csource");
    assert_string_equal(k->stakeholder, ADMIN);
    assert_string_equal(k->labels[0], "floor:1");
    assert_int_equal(k->n_targets, 0);
    openmaf_key_free(k);
    assert_int_equal(value->len, 32);
    assert_memory_equal(value->octets, answered_key, 32);

    const uint8_t *half = NULL;
    size_t n = 0;
    SUCCEEDS(openmaf_secret_half(value, 1, &half, &n, ERROR));
    assert_int_equal(n, 16);
    assert_memory_equal(half, answered_key + 16, 16);
    FAILS(OPENMAF_EINPUT, openmaf_secret_half(value, 2, &half, &n, ERROR));
    openmaf_secret_free(value);

    char text[4096];
    n = fixture_read(fixture_record(RECORD), text, sizeof text);
    assert_null(memmem(text, n, answered_key, 8));
    /* MAF-KT-10: again, with the record there */
    SUCCEEDS(openmaf_key_retrieve(maf, KEY_ID, NULL, NULL, ERROR));
}

static void test_hmac(void **state)
{
    (void)state;
    uint8_t mac[32];
    uint8_t want[32];
    unsigned len = 0;
    SUCCEEDS(openmaf_key_retrieve(maf, KEY_ID, NULL, NULL, ERROR));
    SUCCEEDS(openmaf_key_hmac(maf, KEY_ID, 33, "data", 4, mac, ERROR));
    (void)HMAC(EVP_sha256(), answered_key, 32, (const uint8_t *)"data", 4, want, &len);
    assert_memory_equal(mac, want, 32);
    FAILS(OPENMAF_EDENIED, openmaf_key_hmac(maf, KEY_ID, 32, "data", 4, mac, ERROR)); /* another feature */
    FAILS(OPENMAF_ENOTFOUND, openmaf_key_hmac(maf, "A1@" FQDN, 33, "data", 4, mac, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_key_hmac(maf, KEY_ID, 33, NULL, 4, mac, ERROR));
}

static void soon(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)rq;
    (void)reply;
    char text[16];
    openmaf_time_format(client_now() + 1, text);
    (void)json_object_set_new(r, "et", json_string(text));
}

/* MAF-KT-9: not after expirationTime. */
static void test_expired(void **state)
{
    (void)state;
    uint8_t mac[32];
    script.change = soon;
    SUCCEEDS(openmaf_key_retrieve(maf, KEY_ID, NULL, NULL, ERROR));
    int code;
    while ((code = openmaf_key_hmac(maf, KEY_ID, 33, "data", 4, mac, ERROR)) == OPENMAF_OK)
        (void)usleep(20000); /* until the second has passed */
    assert_int_equal(code, OPENMAF_EDENIED);
    SAYS("expired");
}

/* --- answers that are refused --- */

static void set_key(json_t *r, size_t n, uint8_t first)
{
    uint8_t key[80] = {first};
    char base64[OM_BASE64_SIZE(sizeof key)];
    om_base64_encode(base64, key, n);
    (void)json_object_set_new(r, "kyv", json_string(base64));
}

static void odd_key(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)rq;
    (void)reply;
    set_key(r, 31, 1);
}

static void short_key(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)rq;
    (void)reply;
    set_key(r, 14, 1);
}

static void long_key(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)rq;
    (void)reply;
    set_key(r, 66, 1);
}

static void another_key(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)rq;
    (void)reply;
    set_key(r, 32, 7);
}

static void no_key(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)rq;
    (void)reply;
    (void)json_object_del(r, "kyv");
}

static void another_name(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)rq;
    (void)reply;
    (void)json_object_set_new(r, "rn", json_string("A1"));
}

static void past(json_t *r, const struct peer_request *rq, struct peer_reply *reply)
{
    (void)rq;
    (void)reply;
    (void)json_object_set_new(r, "et", json_string("20200101T000000"));
}

static void test_refused_answers(void **state)
{
    (void)state;
    static void (*const changes[])(json_t *, const struct peer_request *, struct peer_reply *) = {
        odd_key, short_key, long_key, no_key, another_name, past};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        script.change = changes[i];
        struct openmaf_key *k = NULL;
        FAILS(OPENMAF_EINTEGRITY, openmaf_key_retrieve(maf, KEY_ID, &k, NULL, ERROR));
        assert_null(k);
        struct openmaf_key **list = NULL;
        size_t n = 0;
        SUCCEEDS(openmaf_key_list(maf, &list, &n, ERROR));
        assert_int_equal(n, 0);
        openmaf_key_list_free(list, n);
    }
}

/* The value behind an identifier never changes. */
static void test_another_value(void **state)
{
    (void)state;
    uint8_t mac[32];
    SUCCEEDS(openmaf_key_retrieve(maf, KEY_ID, NULL, NULL, ERROR));
    script.change = another_key;
    FAILS(OPENMAF_EINTEGRITY, openmaf_key_retrieve(maf, KEY_ID, NULL, NULL, ERROR));
    SUCCEEDS(openmaf_key_hmac(maf, KEY_ID, 33, "data", 4, mac, ERROR)); /* the old one is still there */
}

static void test_edited_record(void **state)
{
    (void)state;
    uint8_t mac[32];
    char text[4096];
    SUCCEEDS(openmaf_key_retrieve(maf, KEY_ID, NULL, NULL, ERROR));
    size_t n = fixture_read(fixture_record(RECORD), text, sizeof text);
    char *suid = memmem(text, n, "\"suid\": 33", 10);
    assert_non_null(suid);
    suid[9] = '2';
    fixture_write(fixture_record(RECORD), text, n);
    FAILS(OPENMAF_EINTEGRITY, openmaf_key_hmac(maf, KEY_ID, 32, "data", 4, mac, ERROR));
    FAILS(OPENMAF_EINTEGRITY, openmaf_key_retrieve(maf, KEY_ID, NULL, NULL, ERROR));
    SAYS(RECORD ".rec");
    SUCCEEDS(openmaf_key_forget(maf, KEY_ID, ERROR));
    SUCCEEDS(openmaf_key_retrieve(maf, KEY_ID, NULL, NULL, ERROR));
}

static void test_arguments(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "00112233445566778899AABBCCDDEEFF", "@" FQDN, "a@b@" FQDN, "a/b@" FQDN, "A1@other.example.com"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        FAILS(OPENMAF_EINPUT, openmaf_key_retrieve(maf, bad[i], NULL, NULL, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_key_retrieve(maf, NULL, NULL, NULL, ERROR));
    FAILS(OPENMAF_ENOTFOUND, openmaf_key_forget(maf, KEY_ID, ERROR));
    assert_int_equal(peer_count(peer), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_MAF_KT_9_MAF_GEN_8_stored_and_halved, start, stop),
        cmocka_unit_test_setup_teardown(test_hmac, start, stop),
        cmocka_unit_test_setup_teardown(test_expired, start, stop),
        cmocka_unit_test_setup_teardown(test_refused_answers, start, stop),
        cmocka_unit_test_setup_teardown(test_another_value, start, stop),
        cmocka_unit_test_setup_teardown(test_edited_record, start, stop),
        cmocka_unit_test_setup_teardown(test_arguments, start, stop),
    };
    fixture_kind(argc, argv);
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
