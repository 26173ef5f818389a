/* The recogniser of key references: only what was minted, in the only two forms, and no reading astray. */
#include "fixture.h"
#include "tls/reference.h"

#define SECRET_MAX 300

static struct omtls_reference sample(enum omtls_reference_type type)
{
    struct omtls_reference ref = {.type = type, .slot = 0x01020304};
    fill(ref.check, sizeof ref.check, 0x40);
    return ref;
}

/* A copy of exactly n octets, so that a sanitizer sees any step beyond. */
static enum omtls_secret recognise(const uint8_t *secret, size_t n, struct omtls_reference *out)
{
    uint8_t *exact = malloc(n > 0 ? n : 1);
    assert_non_null(exact);
    memcpy(exact, secret, n);
    enum omtls_secret kind = omtls_recognise(exact, n, out);
    free(exact);
    return kind;
}

static void premaster_of(const struct omtls_reference *ref, uint8_t secret[68])
{
    memset(secret, 0, 68);
    secret[1] = secret[35] = 32;
    omtls_reference_encode(ref, secret + 36);
}

static void test_round_trip(void **state)
{
    (void)state;
    static const enum omtls_reference_type types[] = {
        OMTLS_REFERENCE_PSK,      OMTLS_REFERENCE_MASTER,       OMTLS_REFERENCE_EXPORT,
        OMTLS_REFERENCE_PSK13,    OMTLS_REFERENCE_EARLY,        OMTLS_REFERENCE_BINDER,
        OMTLS_REFERENCE_FINISHED, OMTLS_REFERENCE_HANDSHAKE,    OMTLS_REFERENCE_MASTER13,
        OMTLS_REFERENCE_EXPORTER, OMTLS_REFERENCE_EXPORT_SECRET};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct omtls_reference ref = sample(types[i]);
        struct omtls_reference back = {.slot = 0};
        uint8_t octets[OMTLS_REFERENCE_SIZE];
        omtls_reference_encode(&ref, octets);
        assert_true(omtls_reference_decode(octets, &back));
        assert_int_equal(back.type, ref.type);
        assert_int_equal(back.slot, ref.slot);
        assert_memory_equal(back.check, ref.check, sizeof ref.check);
        octets[9] = 1;
        assert_false(omtls_reference_decode(octets, &back));
        octets[9] = 0;
        octets[8] = OMTLS_REFERENCE_EXPORT_SECRET + 1; /* no such type */
        assert_false(omtls_reference_decode(octets, &back));
        octets[8] = 0;
        assert_false(omtls_reference_decode(octets, &back));
    }
}

static void test_forms(void **state)
{
    (void)state;
    struct omtls_reference ref = sample(OMTLS_REFERENCE_PSK);
    struct omtls_reference out;
    uint8_t secret[SECRET_MAX] = {0};
    premaster_of(&ref, secret);
    assert_int_equal(recognise(secret, 68, &out), OMTLS_SECRET_PSK);
    assert_int_equal(out.slot, ref.slot);
    for (size_t n = 0; n < SECRET_MAX; n++)
        if (n != 68)
            assert_int_equal(recognise(secret, n, &out),
                             n < 36 + 8 ? OMTLS_SECRET_FOREIGN : OMTLS_SECRET_REFUSED);
    for (size_t i = 0; i < 36; i++) { /* another head is another key exchange */
        secret[i] ^= 1;
        assert_int_equal(recognise(secret, 68, &out), OMTLS_SECRET_REFUSED);
        secret[i] ^= 1;
    }
    ref.type = OMTLS_REFERENCE_EXPORT;
    premaster_of(&ref, secret);
    assert_int_equal(recognise(secret, 68, &out), OMTLS_SECRET_REFUSED);
    ref.type = OMTLS_REFERENCE_MASTER;
    premaster_of(&ref, secret);
    assert_int_equal(recognise(secret, 68, &out), OMTLS_SECRET_REFUSED);
    omtls_reference_encode_master(&ref, secret);
    assert_int_equal(recognise(secret, 48, &out), OMTLS_SECRET_MASTER);
    assert_int_equal(recognise(secret, 47, &out), OMTLS_SECRET_REFUSED);
    assert_int_equal(recognise(secret, 49, &out), OMTLS_SECRET_REFUSED);
    for (size_t i = 32; i < 48; i++) {
        secret[i] = 1;
        assert_int_equal(recognise(secret, 48, &out), OMTLS_SECRET_REFUSED);
        secret[i] = 0;
    }
}

/* Wherever the tag stands. */
static void test_tag_anywhere(void **state)
{
    (void)state;
    struct omtls_reference ref = sample(OMTLS_REFERENCE_PSK);
    struct omtls_reference out;
    uint8_t octets[OMTLS_REFERENCE_SIZE];
    omtls_reference_encode(&ref, octets);
    for (size_t at = 0; at + 8 <= SECRET_MAX; at++) {
        uint8_t secret[SECRET_MAX];
        memset(secret, 0xee, sizeof secret);
        memcpy(secret + at, octets, 8);
        assert_int_equal(recognise(secret, sizeof secret, &out), OMTLS_SECRET_REFUSED);
        assert_int_equal(recognise(secret, at + 8, &out), OMTLS_SECRET_REFUSED);
        assert_int_equal(recognise(secret, at + 7, &out), OMTLS_SECRET_FOREIGN);
    }
}

/* What the key schedule of TLS 1.3 and HMAC take for a reference. */
static void test_forms13(void **state)
{
    (void)state;
    uint8_t octets[OMTLS_REFERENCE_SIZE + 1] = {0};
    struct omtls_reference out;
    for (int type = OMTLS_REFERENCE_PSK; type <= OMTLS_REFERENCE_EXPORT_SECRET; type++) {
        struct omtls_reference ref = sample((enum omtls_reference_type)type);
        omtls_reference_encode(&ref, octets);
        bool tls13 = type >= OMTLS_REFERENCE_PSK13;
        assert_int_equal(omtls_recognise13(octets, OMTLS_REFERENCE_SIZE, &out),
                         tls13 ? OMTLS_SECRET_TLS13 : OMTLS_SECRET_REFUSED);
        assert_int_equal(omtls_recognise13(octets, OMTLS_REFERENCE_SIZE + 1, &out), OMTLS_SECRET_REFUSED);
        assert_int_equal(omtls_recognise13(octets, OMTLS_REFERENCE_SIZE - 1, &out), OMTLS_SECRET_REFUSED);
        assert_int_equal(omtls_recognise13(octets + 1, OMTLS_REFERENCE_SIZE, &out), OMTLS_SECRET_FOREIGN);
    }
}

/* Ordinary secrets of any form are not taken for references. */
static void test_foreign(void **state)
{
    (void)state;
    uint8_t secret[SECRET_MAX];
    struct omtls_reference out;
    uint64_t x = 88172645463325252u; /* xorshift64 */
    for (int i = 0; i < 20000; i++) {
        for (size_t j = 0; j < sizeof secret; j++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            secret[j] = (uint8_t)x;
        }
        assert_int_equal(recognise(secret, (size_t)(x % (sizeof secret + 1)), &out), OMTLS_SECRET_FOREIGN);
    }
    assert_int_equal(omtls_recognise(NULL, 0, &out), OMTLS_SECRET_FOREIGN);
}

static int setup(void **state)
{
    (void)state;
    struct omtls_reference out;
    static const uint8_t zeros[48];
    /* Before the tag is drawn there are no references, and zeros are not one. */
    if (omtls_recognise(zeros, sizeof zeros, &out) != OMTLS_SECRET_FOREIGN)
        return -1;
    for (int i = 0; i < 2; i++) /* the second changes nothing */
        if (omtls_reference_prepare(NULL) != OM_OK)
            return -1;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_forms),
        cmocka_unit_test(test_tag_anywhere), cmocka_unit_test(test_forms13),
        cmocka_unit_test(test_foreign),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
