/* Derivations from Ke against the specification's known answers, in every kind of token. */
#include "../se/vectors.h"
#include "derive/derive.h"

static struct se_key *ke;

static int setup(void **state)
{
    struct se_blob blob;
    int failed = vectors_setup(state);
    if (failed != 0)
        return failed;
    struct octets o = hex_at(section("inputs"), "Ke");
    SUCCEEDS(se_import(fixture_se, SE_USE_HMAC, o.p, o.n, &blob, ERR));
    SUCCEEDS(se_load(fixture_se, &blob, SE_USE_HMAC, &ke, ERR));
    return 0;
}

static int teardown(void **state)
{
    se_key_unref(ke);
    return vectors_teardown(state);
}

static void expect(const uint8_t got[SE_MAC_SIZE], const json_t *object, const char *name)
{
    struct octets want = hex_at(object, name);
    assert_int_equal(want.n, SE_MAC_SIZE);
    assert_memory_equal(got, want.p, SE_MAC_SIZE);
}

static void usage_constrained_10_3_7(void **state)
{
    (void)state;
    uint8_t out[SE_MAC_SIZE];
    const json_t *cases = json_object_get(section("usage_constrained_10_3_7"), "cases");
    assert_int_equal(json_array_size(cases), 5);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *c = json_array_get(cases, i);
        unsigned suid = (unsigned)json_integer_value(json_object_get(c, "SUID"));
        SUCCEEDS(om_derive_usage_key(ke, suid, text_at(c, "target"), out, ERR));
        expect(out, c, "key");
    }
}

static void km_from_ke_10_3_2(void **state)
{
    (void)state;
    uint8_t out[SE_MAC_SIZE];
    const json_t *s = section("km_from_ke_10_3_2");
    SUCCEEDS(om_derive_km_10_3_2(ke, text_at(s, "MAF-ID"), out, ERR));
    expect(out, s, "Km");
    s = section("km_from_ke_10_3_2_nfkc"); /* full-width letters fold to the plain name */
    SUCCEEDS(om_derive_km_10_3_2(ke, text_at(s, "MAF-ID"), out, ERR));
    expect(out, s, "Km");
}

static void kpsa_from_ke_10_3_3(void **state)
{
    (void)state;
    uint8_t out[SE_MAC_SIZE];
    const json_t *s = section("kpsa_from_ke_10_3_3");
    SUCCEEDS(om_derive_kpsa(ke, text_at(s, "Enrolee-B-ID"), out, ERR));
    expect(out, s, "Kpsa");
}

static void texts_must_be_utf_8(void **state)
{
    (void)state;
    uint8_t out[SE_MAC_SIZE];
    FAILS(OM_EINPUT, om_derive_usage_key(ke, 21, "maf\xff.example.com", out, ERR));
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usage_constrained_10_3_7),
        cmocka_unit_test(km_from_ke_10_3_2),
        cmocka_unit_test(kpsa_from_ke_10_3_3),
        cmocka_unit_test(texts_must_be_utf_8),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
