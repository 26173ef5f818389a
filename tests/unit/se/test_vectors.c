/* Known answers of the specification (tests/vectors/vectors.json), computed through the token: every HMAC
 * derivation of TS-0003 clause 10.3, the TLS 1.2 PSK secrets and the exporters. */
#include "fixture.h"
#include "util/text.h"

#include <jansson.h>

static json_t *vectors;

struct octets {
    uint8_t p[512];
    size_t n;
};

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    if (text == NULL)
        fail_msg("vectors.json has no text \"%s\" where it is looked for", name);
    return text;
}

static struct octets hex_at(const json_t *object, const char *name)
{
    struct octets o;
    const char *hex = text_at(object, name);
    SUCCEEDS(om_hex_decode(hex, strlen(hex), o.p, sizeof o.p, &o.n, ERR));
    return o;
}

static const json_t *section(const char *name)
{
    const json_t *s = json_object_get(vectors, name);
    if (s == NULL)
        fail_msg("vectors.json has no section \"%s\"", name);
    return s;
}

static struct se_part text_part(const char *text)
{
    return (struct se_part){text, strlen(text)};
}

static struct se_part octets_part(const struct octets *o)
{
    return (struct se_part){o->p, o->n};
}

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

static int setup(void **state)
{
    json_error_t e;
    vectors = json_load_file(OPENMAF_TEST_VECTORS, JSON_REJECT_DUPLICATES, &e);
    if (vectors == NULL) {
        print_error("%s:%d: %s\n", OPENMAF_TEST_VECTORS, e.line, e.text);
        return -1;
    }
    return fixture_setup(state);
}

static int teardown(void **state)
{
    json_decref(vectors);
    return fixture_teardown(state);
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

static void expect_key(struct se_key *key, const struct octets *want)
{
    struct se_blob blob;
    struct om_secret value = OM_SECRET_INIT;
    KEY_IS(key, want->p, want->n);
    SUCCEEDS(se_seal_key(key, &blob, ERR));
    SUCCEEDS(se_unseal(fixture_se, &blob, &value, ERR));
    assert_int_equal(value.len, want->n);
    assert_memory_equal(value.octets, want->p, want->n);
    om_secret_free(&value);
}

/* The master secret both as octets and as a token key. */
static void expect_master(struct se_key *psk, const struct se_part *parts, size_t n, const json_t *s,
                          const char *name)
{
    struct octets want = hex_at(s, name);
    struct se_key *master = NULL;
    uint8_t got[48];
    SUCCEEDS(se_prf(psk, parts, n, got, sizeof got, ERR));
    assert_int_equal(want.n, sizeof got);
    assert_memory_equal(got, want.p, sizeof got);
    SUCCEEDS(se_prf_key(psk, parts, n, 0, sizeof got, &master, ERR));
    expect_key(master, &want);
    se_key_unref(master);
}

static void tls12_psk(void **state)
{
    (void)state;
    const json_t *s = section("tls12_psk");
    struct octets psk = hex_at(s, "psk");
    struct octets premaster = hex_at(s, "premaster");
    struct octets client = hex_at(s, "client_random");
    struct octets server = hex_at(s, "server_random");
    struct octets hash = hex_at(s, "session_hash_for_ems");
    struct se_blob blob;
    struct se_key *key = NULL;
    SUCCEEDS(se_import_psk(fixture_se, psk.p, psk.n, &blob, ERR));
    SUCCEEDS(se_load(fixture_se, &blob, SE_USE_TLS12_PSK, &key, ERR));
    KEY_IS(key, premaster.p, premaster.n);
    const struct se_part plain[] = {text_part("master secret"), octets_part(&client), octets_part(&server)};
    const struct se_part extended[] = {text_part("extended master secret"), octets_part(&hash)};
    expect_master(key, plain, 3, s, "master_secret");
    expect_master(key, extended, 2, s, "extended_master_secret");
    se_key_unref(key);
}

/* The master secret as a key derived in the token, so that the exporter runs on what a handshake leaves. */
static struct se_key *derive_master(bool extended)
{
    const json_t *s = section("tls12_psk");
    struct octets psk = hex_at(s, "psk");
    struct octets randoms[2] = {hex_at(s, "client_random"), hex_at(s, "server_random")};
    struct octets hash = hex_at(s, "session_hash_for_ems");
    const struct se_part parts[] = {text_part(extended ? "extended master secret" : "master secret"),
                                    octets_part(extended ? &hash : &randoms[0]), octets_part(&randoms[1])};
    struct se_blob blob;
    struct se_key *key = NULL;
    struct se_key *master = NULL;
    SUCCEEDS(se_import_psk(fixture_se, psk.p, psk.n, &blob, ERR));
    SUCCEEDS(se_load(fixture_se, &blob, SE_USE_TLS12_PSK, &key, ERR));
    SUCCEEDS(se_prf_key(key, parts, extended ? 2 : 3, 0, 48, &master, ERR));
    se_key_unref(key);
    return master;
}

/* Octets 0..15 come out, octets 16..47 stay a key. */
static void expect_export(struct se_key *master, const struct se_part *parts, size_t n,
                          const struct octets *want)
{
    uint8_t id[16];
    struct se_key *key = NULL;
    struct octets value = {.n = 32};
    assert_int_equal(want->n, 48);
    memcpy(value.p, want->p + 16, 32);
    SUCCEEDS(se_prf(master, parts, n, id, sizeof id, ERR));
    assert_memory_equal(id, want->p, sizeof id);
    SUCCEEDS(se_prf_key(master, parts, n, 16, 32, &key, ERR));
    expect_key(key, &value);
    se_key_unref(key);
}

static void check_exporter(const json_t *s, const json_t *c, struct se_key *masters[3])
{
    struct octets client = hex_at(s, "client_random");
    struct octets server = hex_at(s, "server_random");
    struct octets want = hex_at(c, "out");
    struct octets id = hex_at(c, "id_octets_0_15");
    struct octets key = hex_at(c, "key_octets_16_47");
    struct octets with_ems = hex_at(c, "out_when_extended_master_secret");
    struct octets empty_context = hex_at(c, "wrong_out_zero_length_context");
    const struct se_part parts[] = {
        text_part(text_at(c, "label")), octets_part(&client), octets_part(&server), {"\0\0", 2}};
    char relative[33];

    assert_memory_equal(want.p, id.p, 16);
    assert_memory_equal(want.p + 16, key.p, 32);
    om_hex_upper(relative, id.p, 16);
    assert_string_equal(relative, text_at(c, "relative_id_text"));
    expect_export(masters[0], parts, 3, &want);
    expect_export(masters[1], parts, 3, &want);
    expect_export(masters[2], parts, 3, &with_ems);
    /* An absent context is not an empty one. */
    expect_export(masters[0], parts, 4, &empty_context);
    assert_memory_not_equal(want.p, empty_context.p, want.n);
    assert_memory_not_equal(want.p, with_ems.p, want.n);
}

static void exporter_10_3_1(void **state)
{
    (void)state;
    const json_t *s = section("exporter_10_3_1");
    const json_t *cases = json_object_get(s, "cases");
    struct octets octets = hex_at(s, "master_secret");
    struct se_key *masters[3] = {NULL, derive_master(false), derive_master(true)};
    SUCCEEDS(se_mint(fixture_se, octets.p, octets.n, &masters[0], ERR));
    assert_true(json_array_size(cases) > 0);
    for (size_t i = 0; i < json_array_size(cases); i++)
        check_exporter(s, json_array_get(cases, i), masters);
    for (size_t i = 0; i < 3; i++)
        se_key_unref(masters[i]);
}

/* A key that went through the seal comes out whole and falls into its halves. */
static void key_halves(void **state)
{
    (void)state;
    const json_t *s = section("key_halves");
    struct octets key = hex_at(s, "key");
    struct octets first = hex_at(s, "first");
    struct octets second = hex_at(s, "second");
    struct se_blob blob;
    struct om_secret value = OM_SECRET_INIT;
    SUCCEEDS(se_seal(fixture_se, key.p, key.n, &blob, ERR));
    SUCCEEDS(se_unseal(fixture_se, &blob, &value, ERR));
    assert_int_equal(value.len, 2 * first.n);
    assert_int_equal(first.n, second.n);
    assert_memory_equal(value.octets, first.p, first.n);
    assert_memory_equal(value.octets + first.n, second.p, second.n);
    om_secret_free(&value);
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
        cmocka_unit_test(km_from_ke_10_3_2),
        cmocka_unit_test(kpsa_from_ke_10_3_3),
        cmocka_unit_test(usage_constrained_10_3_7),
        cmocka_unit_test(e2e_master_10_3_6),
        cmocka_unit_test(session_esprim_10_3_8),
        cmocka_unit_test(tls12_psk),
        cmocka_unit_test(exporter_10_3_1),
        cmocka_unit_test(key_halves),
        cmocka_unit_test(rpsk_chain),
    };
    return cmocka_run_group_tests_name("se vectors", tests, setup, teardown);
}
