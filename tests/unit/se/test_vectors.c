/* Known answers of the HMAC derivations of TS-0003 clause 10.3, computed in the token. The one with
 * full-width letters (km_from_ke_10_3_2_nfkc) differs in the normalisation of text, which happens before this
 * layer. */
#include "vectors.h"

static struct se_key *import(const void *octets, size_t n)
{
    struct se_blob blob;
    struct se_key *key = NULL;
    SUCCEEDS(se_import(fixture_se, SE_USE_HMAC, octets, n, &blob, ERR));
    SUCCEEDS(se_load(fixture_se, &blob, SE_USE_HMAC, &key, ERR));
    return key;
}

static struct se_key *import_at(const json_t *object, const char *name)
{
    struct octets o = hex_at(object, name);
    return import(o.p, o.n);
}

static void expect_hmac(struct se_key *key, const struct se_part *parts, size_t n, const json_t *object,
                        const char *name, bool equal)
{
    uint8_t mac[SE_MAC_SIZE];
    struct octets want = hex_at(object, name);
    assert_int_equal(want.n, sizeof mac);
    SUCCEEDS(se_hmac(key, parts, n, mac, ERR));
    if ((memcmp(mac, want.p, sizeof mac) == 0) != equal)
        fail_msg("%s: the token's HMAC is %s", name, equal ? "another" : "that of the wrong encoding");
}

/* Label || identifier, under Ke: clauses 10.3.2 and 10.3.3. */
static void label_and_identifier(const char *name, const char *identifier, const char *result)
{
    const json_t *s = section(name);
    struct se_key *ke = import_at(section("inputs"), "Ke");
    const struct se_part parts[] = {text_part(text_at(s, "label_ascii")), text_part(text_at(s, identifier))};
    assert_int_equal(parts[0].len, json_integer_value(json_object_get(s, "label_len")));
    expect_hmac(ke, parts, 2, s, result, true);
    se_key_unref(ke);
}

static void km_from_ke_10_3_2(void **state)
{
    (void)state;
    label_and_identifier("km_from_ke_10_3_2", "MAF-ID", "Km");
}

static void kpsa_from_ke_10_3_3(void **state)
{
    (void)state;
    label_and_identifier("kpsa_from_ke_10_3_3", "Enrolee-B-ID", "Kpsa");
}

static void expect_usage_constrained(struct se_key *ke, const char *suid, size_t suid_len, const json_t *c,
                                     const json_t *answers, const char *name, bool equal)
{
    const struct se_part parts[] = {text_part(text_at(section("usage_constrained_10_3_7"), "label_ascii")),
                                    {suid, suid_len},
                                    text_part(text_at(c, "target"))};
    expect_hmac(ke, parts, 3, answers, name, equal);
}

static void usage_constrained_10_3_7(void **state)
{
    (void)state;
    const json_t *s = section("usage_constrained_10_3_7");
    const json_t *cases = json_object_get(s, "cases");
    struct se_key *ke = import_at(section("inputs"), "Ke");
    assert_true(json_array_size(cases) > 0);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *c = json_array_get(cases, i);
        char suid[24];
        (void)snprintf(suid, sizeof suid, "%lld", (long long)json_integer_value(json_object_get(c, "SUID")));
        expect_usage_constrained(ke, suid, strlen(suid), c, c, "key", true);
    }
    /* What a wrong reading of the clause would compute: reproduced, and different from the right answer. */
    const json_t *c = json_array_get(cases, 0);
    const json_t *wrong = json_object_get(s, "wrong_encodings_for_case_0");
    expect_usage_constrained(ke, "\x15", 1, c, wrong, "one_octet_0x15", true);
    expect_usage_constrained(ke, "\0\0\0\x15", 4, c, wrong, "uint32_be", true);
    expect_usage_constrained(ke,
                             "\0"
                             "21",
                             3, c, wrong, "label_with_trailing_nul", true);
    const char *name;
    json_t *ignored;
    json_object_foreach((json_t *)wrong, name, ignored)
        expect_usage_constrained(ke, "21", 2, c, wrong, name, false);
    se_key_unref(ke);
}

static void e2e_master_10_3_6(void **state)
{
    (void)state;
    static const char *const steps[][2] = {{"Ke2e_msg_auth", "E2E Message Authentication Key"},
                                           {"Ke2e_msg_conf", "E2E Message Confidentiality Key"},
                                           {"Ke2e_att_auth", "E2E Attribute Authenticity Key"},
                                           {"Ke2e_att_conf", "E2E Attribute Confidentiality Key"}};
    const json_t *s = section("e2e_master_10_3_6");
    const char *salt = text_at(s, "salt_text");
    struct octets kpsa = hex_at(s, "Kpsa");
    struct octets previous = {.n = 0};
    struct se_key *key = import(salt, strlen(salt));
    const struct se_part part = octets_part(&kpsa);
    expect_hmac(key, &part, 1, s, "Ke2e_master", true);
    se_key_unref(key);

    key = import_at(s, "Ke2e_master");
    for (uint8_t i = 0; i < 4; i++) {
        const uint8_t counter = (uint8_t)(i + 1);
        const struct se_part parts[] = {octets_part(&previous), text_part(steps[i][1]), {&counter, 1}};
        expect_hmac(key, parts, 3, s, steps[i][0], true);
        previous = hex_at(s, steps[i][0]);
    }
    se_key_unref(key);
}

static void session_esprim_10_3_8(void **state)
{
    (void)state;
    const json_t *s = section("session_esprim_10_3_8");
    struct octets receiver = hex_at(s, "receiverRand");
    struct octets originator = hex_at(s, "originatorRand");
    struct se_key *key = import_at(s, "pairwiseESPrimKey");
    const struct se_part parts[] = {octets_part(&receiver), octets_part(&originator),
                                    text_part(text_at(s, "label_ascii"))};
    const struct se_part swapped[] = {parts[1], parts[0], parts[2]};
    expect_hmac(key, parts, 3, s, "sessionESPrimKey", true);
    expect_hmac(key, swapped, 3, s, "sessionESPrimKey", false);
    se_key_unref(key);
}

/* Ke from an MEF session's exporter, and the Km that both ends make of it for SUID 21. */
static void rpsk_chain(void **state)
{
    (void)state;
    const json_t *s = section("rpsk_chain");
    struct se_key *ke = import_at(s, "Ke");
    assert_int_equal(json_integer_value(json_object_get(s, "SUID")), 21);
    expect_usage_constrained(ke, "21", 2, s, s, "Km (psk towards the MAF)", true);
    se_key_unref(ke);
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(km_from_ke_10_3_2),        cmocka_unit_test(kpsa_from_ke_10_3_3),
        cmocka_unit_test(usage_constrained_10_3_7), cmocka_unit_test(e2e_master_10_3_6),
        cmocka_unit_test(session_esprim_10_3_8),    cmocka_unit_test(rpsk_chain),
    };
    return cmocka_run_group_tests_name("se vectors", tests, vectors_setup, vectors_teardown);
}
