/* Keys of the home in use: HMAC with the whole and with halves, and ESPrim's session keys. */
#include "client/key_record.h"
#include "fixture.h"

#include <jansson.h>
#include <openssl/hmac.h>

#define ESPRIM "AAAA@" FQDN
#define ESDATA "BBBB@" FQDN
#define SIGNED "CCCC@" FQDN
#define OLD    "DDDD@" FQDN

static const uint8_t kc[32] = "a distributed key of 32 octets..";
static struct openmaf *maf;

static int setup(void **state)
{
    (void)fixture_setup(state);
    maf = fixture_client(1, NULL);
    fixture_put_key(maf, ESDATA, 34, LATER, kc, sizeof kc);
    fixture_put_key(maf, SIGNED, 35, LATER, kc, sizeof kc);
    fixture_put_key(maf, OLD, 35, 1000, kc, sizeof kc);
    return 0;
}

static int teardown(void **state)
{
    openmaf_close(maf);
    return fixture_teardown(state);
}

static void is_hmac(const uint8_t mac[32], const uint8_t *key, size_t n, const char *text)
{
    uint8_t want[32];
    unsigned len = 0;
    (void)HMAC(EVP_sha256(), key, (int)n, (const uint8_t *)text, strlen(text), want, &len);
    assert_memory_equal(mac, want, 32);
}

static void test_MAF_GEN_8_halves_in_the_token(void **state)
{
    (void)state;
    uint8_t mac[32];
    for (int half = 0; half < 2; half++) {
        SUCCEEDS(openmaf_key_hmac_half(maf, ESDATA, 34, half, "data", 4, mac, ERROR));
        is_hmac(mac, kc + 16 * half, 16, "data");
        SUCCEEDS(openmaf_key_hmac_half(maf, SIGNED, 35, half, "", 0, mac, ERROR));
        is_hmac(mac, kc + 16 * half, 16, "");
    }
    SUCCEEDS(openmaf_key_hmac(maf, SIGNED, 35, "data", 4, mac, ERROR));
    is_hmac(mac, kc, 32, "data");
}

static void test_MAF_KT_9_halves_of_what(void **state)
{
    (void)state;
    uint8_t mac[32];
    FAILS(OPENMAF_EINPUT, openmaf_key_hmac_half(maf, SIGNED, 35, 2, "data", 4, mac, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_key_hmac_half(maf, SIGNED, 35, 0, NULL, 4, mac, ERROR));
    FAILS(OPENMAF_EDENIED, openmaf_key_hmac_half(maf, SIGNED, 34, 0, "data", 4, mac, ERROR));
    FAILS(OPENMAF_EDENIED, openmaf_key_hmac_half(maf, SIGNED, 32, 0, "data", 4, mac, ERROR));
    SAYS("are used whole");
    FAILS(OPENMAF_EDENIED, openmaf_key_hmac_half(maf, OLD, 35, 0, "data", 4, mac, ERROR));
    SAYS("expired at");
    FAILS(OPENMAF_ENOTFOUND, openmaf_key_hmac_half(maf, "EEEE@" FQDN, 35, 0, "data", 4, mac, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_key_hmac_half(NULL, SIGNED, 35, 0, "data", 4, mac, ERROR));
}

/* A record of an older version. */
static void no_halves(void **state)
{
    (void)state;
    uint8_t mac[32];
    struct om_error err = {0};
    struct key_record *k = key_record_new();
    assert_int_equal(key_record_name(maf, SIGNED, k, &err), OM_OK);
    assert_int_equal(key_record_read(maf, k, &err), OM_OK);
    k->made = SE_FORM_KEY;
    assert_int_equal(key_record_write(maf, k, &err), OM_OK);
    openmaf_key_free(&k->pub);
    FAILS(OPENMAF_EUNSUPPORTED, openmaf_key_hmac_half(maf, SIGNED, 35, 0, "data", 4, mac, ERROR));
    SAYS("without its halves");
    SUCCEEDS(openmaf_key_hmac(maf, SIGNED, 35, "data", 4, mac, ERROR));
}

static void octets_of(const json_t *vector, const char *name, uint8_t *out, size_t n)
{
    const char *hex = json_string_value(json_object_get(vector, name));
    assert_non_null(hex);
    assert_int_equal(strlen(hex), 2 * n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(sscanf(hex + 2 * i, "%2hhx", &out[i]), 1);
}

/* 10.3.8.2, known answer. */
static void session_esprim_key(void **state)
{
    (void)state;
    uint8_t pairwise[32], receiver[16], originator[16], want[32];
    struct openmaf_secret *key = NULL;
    json_t *all = json_load_file(OPENMAF_TEST_VECTORS, 0, NULL);
    const json_t *vector = json_object_get(all, "session_esprim_10_3_8");
    octets_of(vector, "pairwiseESPrimKey", pairwise, sizeof pairwise);
    octets_of(vector, "receiverRand", receiver, sizeof receiver);
    octets_of(vector, "originatorRand", originator, sizeof originator);
    octets_of(vector, "sessionESPrimKey", want, sizeof want);
    json_decref(all);
    fixture_put_key(maf, ESPRIM, 33, LATER, pairwise, sizeof pairwise);
    SUCCEEDS(openmaf_esprim_session_key(maf, ESPRIM, receiver, originator, &key, ERROR));
    assert_int_equal(key->len, 32);
    assert_memory_equal(key->octets, want, 32);
    openmaf_secret_free(key);
    SUCCEEDS(openmaf_esprim_session_key(maf, ESPRIM, originator, receiver, &key, ERROR));
    assert_memory_not_equal(key->octets, want, 32);
    openmaf_secret_free(key);

    FAILS(OPENMAF_EDENIED, openmaf_esprim_session_key(maf, ESDATA, receiver, originator, &key, ERROR));
    SAYS("is for SUID 34, not 33");
    FAILS(OPENMAF_EINPUT, openmaf_esprim_session_key(maf, ESPRIM, NULL, originator, &key, ERROR));
    FAILS(OPENMAF_EINPUT, openmaf_esprim_session_key(maf, ESPRIM, receiver, originator, NULL, ERROR));
    fixture_put_key(maf, ESPRIM, 33, 1000, pairwise, sizeof pairwise);
    FAILS(OPENMAF_EDENIED, openmaf_esprim_session_key(maf, ESPRIM, receiver, originator, &key, ERROR));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_MAF_GEN_8_halves_in_the_token),
        cmocka_unit_test(test_MAF_KT_9_halves_of_what),
        cmocka_unit_test(no_halves),
        cmocka_unit_test(session_esprim_key),
    };
    fixture_kind(argc, argv);
    return cmocka_run_group_tests(tests, setup, teardown);
}
