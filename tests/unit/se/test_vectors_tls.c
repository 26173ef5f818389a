/* Known answers of the TLS 1.2 PSK secrets (RFC 4279, RFC 7627) and of the exporters of TS-0003
 * clause 10.3.1, computed in the token. */
#include "util/text.h"
#include "vectors.h"

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

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls12_psk),
        cmocka_unit_test(exporter_10_3_1),
        cmocka_unit_test(key_halves),
    };
    return cmocka_run_group_tests_name("se vectors of TLS", tests, vectors_setup, vectors_teardown);
}
