/* A token that fails now and then: every answer is right or 5000, an error changes nothing, and a handshake
 * with the right key succeeds or fails cleanly. Faults are drawn from a seeded generator. */
#include "world.h"

#define ROUNDS 60

static struct se *faulty_se;
static struct store *faulty_store;
static struct maf *faulty_maf, *sound_maf;

static om_rc row_mac(void *arg, const struct se_part *parts, size_t n_parts, uint8_t out[SE_MAC_SIZE],
                     struct om_error *err)
{
    return se_row_mac(arg, parts, n_parts, out, err);
}

/* Opening needs the token too, so it may take a few attempts. */
static bool try_to_open(const char *uri)
{
    static const char *const names[] = {FQDN, NULL};
    struct store_auth auth = {.mac = row_mac};
    struct maf_options opt = {.names = names, .now = world_now};
    if (se_open(uri, NULL, test_plugin_dir(), &faulty_se, ERR) != OM_OK)
        return false;
    auth.arg = faulty_se;
    if (se_root_id(faulty_se, auth.root_id, ERR) == OM_OK &&
        store_open(world_database(), &auth, &faulty_store, ERR) == OM_OK) {
        if (maf_new(faulty_se, faulty_store, &opt, &faulty_maf, ERR) == OM_OK)
            return true;
        store_close(faulty_store);
    }
    se_close(faulty_se);
    return false;
}

static void open_faulty(unsigned one_in, unsigned seed)
{
    char uri[2200];
    for (unsigned i = 0; i < 200; i++) {
        const char *base = world_token_uri();
        (void)snprintf(uri, sizeof uri, "%s%sfail-every=%u&seed=%u", base,
                       base[strlen(base) - 1] == ':' ? "" : "&", one_in, seed + 1000 * i);
        if (try_to_open(uri)) {
            sound_maf = world_maf;
            return;
        }
    }
    fail_msg("the faulty token never opened: %s", ERR->text);
}

static void close_faulty(void)
{
    world_maf = sound_maf;
    maf_free(faulty_maf);
    store_close(faulty_store);
    se_close(faulty_se);
}

static void test_MAF_GEN_6_token_faults_change_nothing(void **state)
{
    (void)state;
    struct device *d = device_new(), *t = device_new();
    registered(d);
    device_connect(t);
    open_faulty(5, 1);
    size_t faults = 0, stored = 0;
    for (int i = 0; i < ROUNDS; i++) {
        long long before = world_sql_integer("SELECT count(*) FROM key_registration");
        world_maf = faulty_maf;
        int rsc = ask(d,
                      "{'op':1,'to':'-','ty':20003,'pc':{'sec:skr':{'et':'" LATER "','adfq':'" ADMIN
                      "','suid':32,'tgis':['%s'],'kyv':'AAECAwQFBgcICQoLDA0ODw=='}}}",
                      t->id);
        long long after = world_sql_integer("SELECT count(*) FROM key_registration");
        if (rsc == 5000) {
            faults++;
            assert_string_equal(answer_reason(d), "temporarily unavailable");
            assert_int_equal(after, before);
            continue;
        }
        assert_int_equal(rsc, 2001);
        assert_int_equal(after, before + 1);
        stored++;
        char id[M2M_RELATIVE_SIZE];
        (void)snprintf(id, sizeof id, "%s", answer_text(d, "rn"));
        rsc = ask(t, "{'op':2,'to':'-/%s'}", id);
        assert_true(rsc == 2000 || rsc == 5000);
        world_maf = sound_maf;
        RSC(2000, t, "{'op':2,'to':'-/%s'}", id);
        assert_string_equal(answer_text(t, "kyv"), "AAECAwQFBgcICQoLDA0ODw==");
    }
    close_faulty();
    assert_true(stored > 0);
    assert_true(faults > 0);
}

static void test_MAF_KR_12_a_fault_does_not_use_the_exporter_up(void **state)
{
    (void)state;
    struct device *d = device_new();
    registered(d);
    open_faulty(3, 7);
    size_t faults = 0, stored = 0;
    for (int i = 0; i < ROUNDS; i++) {
        device_connect(d);
        world_maf = faulty_maf;
        int rsc = 5000;
        for (int k = 0; k < 200 && rsc == 5000; k++) {
            rsc = ask(d,
                      "{'op':1,'to':'-','ty':20003,'pc':{'sec:skr':{'et':'" LATER "','adfq':'" ADMIN
                      "','suid':32,'tgis':['%s']}}}",
                      d->id);
            assert_int_equal(d->session.exporter_used, rsc == 2001);
            faults += rsc == 5000;
        }
        assert_int_equal(rsc, 2001);
        stored++;
        world_maf = sound_maf;
    }
    close_faulty();
    assert_int_equal(stored, ROUNDS);
    assert_true(faults > 0);
}

static void test_MAF_HS_6_token_faults_are_errors_not_decoys(void **state)
{
    (void)state;
    struct device *d = device_new();
    open_faulty(2, 3);
    size_t errors = 0, found = 0;
    for (int i = 0; i < 4 * ROUNDS; i++) {
        struct omtls_hello hello = {.identity = d->kmid, .sni = FQDN};
        struct se_key *key = NULL;
        void *peer = NULL;
        om_rc rc = maf_find_psk(faulty_maf, &hello, &key, &peer, ERR);
        if (rc == OM_OK) {
            assert_false(((struct maf_peer *)peer)->decoy);
            found++;
        } else {
            assert_int_equal(rc, OM_ETRANSIENT);
            assert_null(key);
            assert_null(peer);
            errors++;
        }
        maf_peer_free(peer);
        se_key_unref(key);
        if (i < 2 * ROUNDS) { /* without the help of caches */
            maf_free(faulty_maf);
            store_close(faulty_store);
            se_close(faulty_se);
            open_faulty(2, 11 + 3 * (unsigned)i);
        }
    }
    close_faulty();
    assert_true(found > 0);
    assert_true(errors > 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_MAF_GEN_6_token_faults_change_nothing),
        WORLD_TEST(test_MAF_KR_12_a_fault_does_not_use_the_exporter_up),
        WORLD_TEST(test_MAF_HS_6_token_faults_are_errors_not_decoys),
    };
    return WORLD_RUN(argc, argv, tests);
}
