/* Keys: import, HMAC, generation, wrapping, and what a loaded key must not do. */
#include "fixture.h"

#include <openssl/evp.h>

static struct se_key *import_and_load(const void *octets, size_t n)
{
    struct se_blob blob;
    struct se_key *key = NULL;
    SUCCEEDS(se_import(fixture_se, SE_USE_HMAC, octets, n, &blob, ERR));
    SUCCEEDS(se_load(fixture_se, &blob, SE_USE_HMAC, &key, ERR));
    assert_int_equal(se_key_len(key), n);
    return key;
}

struct rfc4231 {
    const char *key;  /* NULL: key_len octets of `repeated` */
    const char *data; /* NULL: 50 octets of `data_repeated` */
    const char *mac;  /* hex; a shorter one is truncated */
    size_t key_len;
    uint8_t repeated;
    uint8_t data_repeated;
};

static const struct rfc4231 rfc4231[] = {
    {NULL, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", 20, 0x0b, 0},
    {"Jefe", "what do ya want for nothing?",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", 4, 0, 0},
    {NULL, NULL, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe", 20, 0xaa, 0xdd},
    {"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19",
     NULL, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b", 25, 0, 0xcd},
    {NULL, "Test With Truncation", "a3b6167473100ee06e0c796c2955552b", 20, 0x0c, 0},
    {NULL, "Test Using Larger Than Block-Size Key - Hash Key First",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", 131, 0xaa, 0},
    {NULL,
     "This is a test using a larger than block-size key and a larger than block-size data. "
     "The key needs to be hashed before being used by the HMAC algorithm.",
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2", 131, 0xaa, 0},
};

/* Octets of the key; one longer than the block is replaced by its hash, as RFC 2104 says. */
static size_t rfc4231_key(const struct rfc4231 *v, uint8_t out[SE_KEY_MAX])
{
    uint8_t octets[131];
    if (v->key != NULL)
        memcpy(octets, v->key, v->key_len);
    else
        memset(octets, v->repeated, v->key_len);
    if (v->key_len <= SE_KEY_MAX) {
        memcpy(out, octets, v->key_len);
        return v->key_len;
    }
    unsigned n = 0;
    assert_int_equal(EVP_Digest(octets, v->key_len, out, &n, EVP_sha256(), NULL), 1);
    return n;
}

static void hmac_agrees_with_rfc4231(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rfc4231 / sizeof rfc4231[0]; i++) {
        const struct rfc4231 *v = &rfc4231[i];
        uint8_t octets[SE_KEY_MAX];
        uint8_t data[50];
        uint8_t mac[SE_MAC_SIZE];
        char hex[2 * SE_MAC_SIZE + 1];
        memset(data, v->data_repeated, sizeof data);
        const void *message = v->data != NULL ? (const void *)v->data : data;
        size_t n = v->data != NULL ? strlen(v->data) : sizeof data;
        const struct se_part parts[] = {{message, 3}, {(const uint8_t *)message + 3, n - 3}};

        struct se_key *key = import_and_load(octets, rfc4231_key(v, octets));
        SUCCEEDS(se_hmac(key, parts, 2, mac, ERR));
        for (size_t j = 0; j < sizeof mac; j++)
            (void)snprintf(hex + 2 * j, 3, "%02x", mac[j]);
        assert_memory_equal(hex, v->mac, strlen(v->mac));
        se_key_unref(key);
    }
}

static void every_length_works(void **state)
{
    (void)state;
    uint8_t octets[SE_KEY_MAX];
    fill(octets, sizeof octets, 0x80);
    for (size_t n = 1; n <= SE_KEY_MAX; n++) {
        struct se_key *loaded = import_and_load(octets, n);
        KEY_IS(loaded, octets, n);
        se_key_unref(loaded);
        struct se_key *minted = NULL;
        SUCCEEDS(se_mint(fixture_se, octets, n, &minted, ERR));
        assert_int_equal(se_key_len(minted), n);
        KEY_IS(minted, octets, n);
        se_key_unref(minted);
    }
}

static void messages_of_any_shape(void **state)
{
    (void)state;
    static uint8_t message[9000];
    uint8_t octets[32] = {9};
    uint8_t got[SE_MAC_SIZE];
    uint8_t want[SE_MAC_SIZE];
    fill(message, sizeof message, 3);
    struct se_key *key = import_and_load(octets, sizeof octets);
    const size_t lengths[] = {0, 1, 63, 64, 65, 1000, sizeof message};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        const struct se_part parts[SE_PARTS_MAX] = {
            {NULL, 0}, {message, lengths[i] / 2}, {message + lengths[i] / 2, lengths[i] - lengths[i] / 2}};
        SUCCEEDS(se_hmac(key, parts, SE_PARTS_MAX, got, ERR));
        reference_hmac(octets, sizeof octets, message, lengths[i], want);
        assert_memory_equal(got, want, sizeof want);
    }
    SUCCEEDS(se_hmac(key, NULL, 0, got, ERR));
    reference_hmac(octets, sizeof octets, message, 0, want);
    assert_memory_equal(got, want, sizeof want);

    const struct se_part hole = {NULL, 5};
    FAILS(OM_EINTERNAL, se_hmac(key, &hole, 1, got, ERR));
    FAILS(OM_EINTERNAL, se_hmac(key, &hole, SE_PARTS_MAX + 1, got, ERR));
    se_key_unref(key);
}

static void lengths_and_uses_are_checked(void **state)
{
    (void)state;
    uint8_t octets[SE_KEY_MAX + 1] = {0};
    struct se_blob blob;
    struct se_key *key = NULL;
    FAILS(OM_EINPUT, se_import(fixture_se, SE_USE_HMAC, octets, 0, &blob, ERR));
    FAILS(OM_EINPUT, se_import(fixture_se, SE_USE_HMAC, octets, sizeof octets, &blob, ERR));
    FAILS(OM_EINPUT, se_import(fixture_se, (enum se_use)7, octets, 32, &blob, ERR));
    FAILS(OM_EINPUT, se_import_psk(fixture_se, octets, 0, &blob, ERR));
    FAILS(OM_EINPUT, se_import_psk(fixture_se, octets, sizeof octets, &blob, ERR));
    FAILS(OM_EINPUT, se_mint(fixture_se, octets, 0, &key, ERR));
    FAILS(OM_EINPUT, se_mint(fixture_se, octets, sizeof octets, &key, ERR));
    FAILS(OM_EINPUT, se_generate(fixture_se, SE_USE_HMAC, 15, &blob, ERR));
    FAILS(OM_EINPUT, se_generate(fixture_se, SE_USE_HMAC, SE_KEY_MAX + 1, &blob, ERR));
    FAILS(OM_EINPUT, se_generate(fixture_se, (enum se_use)0, 32, &blob, ERR));
    assert_null(key);
}

static void generated_keys_differ(void **state)
{
    (void)state;
    const struct se_part part = {"which key is this?", 18};
    const size_t lengths[] = {16, 17, 31, 32, 32, 48, 64};
    uint8_t macs[sizeof lengths / sizeof lengths[0]][SE_MAC_SIZE];
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct se_blob blob;
        struct se_key *key = NULL;
        uint8_t again[SE_MAC_SIZE];
        SUCCEEDS(se_generate(fixture_se, SE_USE_HMAC, lengths[i], &blob, ERR));
        for (int round = 0; round < 2; round++) { /* the blob gives the same key each time */
            SUCCEEDS(se_load(fixture_se, &blob, SE_USE_HMAC, &key, ERR));
            assert_int_equal(se_key_len(key), lengths[i]);
            SUCCEEDS(se_hmac(key, &part, 1, round == 0 ? macs[i] : again, ERR));
            se_key_unref(key);
        }
        assert_memory_equal(macs[i], again, sizeof again);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(macs[i], macs[j], sizeof macs[i]);
    }
}

static void minted_key_wraps_as_imported(void **state)
{
    (void)state;
    uint8_t octets[48];
    struct se_key *minted = NULL;
    struct se_key *loaded = NULL;
    struct se_blob blob;
    fill(octets, sizeof octets, 1);
    SUCCEEDS(se_mint(fixture_se, octets, sizeof octets, &minted, ERR));
    for (int i = 0; i < 2; i++) { /* once or more */
        SUCCEEDS(se_wrap(minted, SE_USE_HMAC, &blob, ERR));
        SUCCEEDS(se_load(fixture_se, &blob, SE_USE_HMAC, &loaded, ERR));
        KEY_IS(loaded, octets, sizeof octets);
        se_key_unref(loaded);
    }
    KEY_IS(minted, octets, sizeof octets);
    se_key_unref(minted);
}

static void loaded_key_stays_inside(void **state)
{
    (void)state;
    uint8_t octets[32] = {5};
    struct se_blob blob;
    struct se_key *key = import_and_load(octets, sizeof octets);
    FAILS(OM_EDENIED, se_wrap(key, SE_USE_HMAC, &blob, ERR));
    assert_int_equal(blob.len, 0);
    FAILS(OM_EDENIED, se_seal_key(key, &blob, ERR));
    KEY_IS(key, octets, sizeof octets);
    se_key_unref(key);
}

/* RFC 4279: the prepared key gives the PRF of the premaster. Lengths on both sides of the 64-octet block. */
static void psk_is_prepared_as_premaster(void **state)
{
    (void)state;
    for (size_t n = 1; n <= SE_KEY_MAX; n += n < 29 || n > 32 ? 7 : 1) {
        uint8_t psk[SE_KEY_MAX];
        uint8_t premaster[2 * (2 + SE_KEY_MAX)] = {0};
        struct se_blob blob;
        struct se_key *key = NULL;
        fill(psk, n, 0x11);
        premaster[1] = premaster[3 + n] = (uint8_t)n;
        memcpy(premaster + 4 + n, psk, n);
        SUCCEEDS(se_import_psk(fixture_se, psk, n, &blob, ERR));
        FAILS(OM_EINTEGRITY, se_load(fixture_se, &blob, SE_USE_HMAC, &key, ERR));
        SUCCEEDS(se_load(fixture_se, &blob, SE_USE_TLS12_PSK, &key, ERR));
        KEY_IS(key, premaster, 4 + 2 * n);
        se_key_unref(key);
    }
}

static void many_keys_at_once(void **state)
{
    (void)state;
    static struct se_key *keys[200];
    for (size_t i = 0; i < 200; i++) {
        uint8_t octets[32];
        fill(octets, sizeof octets, (unsigned)i);
        keys[i] = import_and_load(octets, sizeof octets);
    }
    for (size_t i = 0; i < 200; i += 2) /* out of order, leaving holes */
        se_key_unref(keys[i]);
    for (size_t i = 199; i < 200; i -= 2) {
        uint8_t octets[32];
        fill(octets, sizeof octets, (unsigned)i);
        KEY_IS(keys[i], octets, sizeof octets);
        se_key_unref(keys[i]);
    }
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac_agrees_with_rfc4231), cmocka_unit_test(every_length_works),
        cmocka_unit_test(messages_of_any_shape),    cmocka_unit_test(lengths_and_uses_are_checked),
        cmocka_unit_test(generated_keys_differ),    cmocka_unit_test(minted_key_wraps_as_imported),
        cmocka_unit_test(loaded_key_stays_inside),  cmocka_unit_test(psk_is_prepared_as_premaster),
        cmocka_unit_test(many_keys_at_once),
    };
    return cmocka_run_group_tests_name("se key", tests, fixture_setup, fixture_teardown);
}
