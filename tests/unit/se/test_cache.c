/* The cache of loaded keys: what is kept, what goes first, and that a key in use outlives its entry. */
#include "counting.h"
#include "fixture.h"
#include "se/cache.h"

#define KEYS 6

static struct se_blob blobs[KEYS];
static uint8_t octets[KEYS][32];

static int setup(void **state)
{
    (void)fixture_setup(state);
    for (unsigned i = 0; i < KEYS; i++) {
        fill(octets[i], 32, 16 * i);
        SUCCEEDS(se_import(fixture_se, SE_USE_HMAC, octets[i], 32, &blobs[i], ERR));
    }
    return 0;
}

static struct se_cache *new_cache(size_t max)
{
    struct se_cache *cache = NULL;
    SUCCEEDS(se_cache_new(fixture_se, max, &cache, ERR));
    return cache;
}

static struct se_key *load(struct se_cache *cache, const char *name, size_t blob)
{
    struct se_key *key = NULL;
    SUCCEEDS(se_cache_load(cache, name, &blobs[blob], SE_USE_HMAC, &key, ERR));
    KEY_IS(key, octets[blob], 32);
    return key;
}

static void touch(struct se_cache *cache, const char *name, size_t blob)
{
    se_key_unref(load(cache, name, blob));
}

static void expect_stats(const struct se_cache *cache, uint64_t hits, uint64_t misses, size_t loaded)
{
    struct se_cache_stats s;
    se_cache_stats(cache, &s);
    assert_int_equal(s.hits, hits);
    assert_int_equal(s.misses, misses);
    assert_int_equal(s.loaded, loaded);
}

static void least_recently_used_goes_first(void **state)
{
    (void)state;
    struct se_cache *cache = new_cache(3);
    touch(cache, "a", 0);
    touch(cache, "b", 1);
    touch(cache, "c", 2);
    touch(cache, "a", 0); /* now b is the oldest */
    expect_stats(cache, 1, 3, 3);
    touch(cache, "d", 3); /* b goes */
    expect_stats(cache, 1, 4, 3);
    touch(cache, "a", 0);
    touch(cache, "c", 2);
    touch(cache, "d", 3);
    expect_stats(cache, 4, 4, 3);
    touch(cache, "b", 1); /* a goes */
    touch(cache, "a", 0);
    expect_stats(cache, 4, 6, 3);
    se_cache_free(cache);
}

static void same_name_with_another_blob_reloads(void **state)
{
    (void)state;
    struct se_cache *cache = new_cache(2);
    touch(cache, "a", 0);
    touch(cache, "a", 1);
    expect_stats(cache, 0, 2, 1);
    touch(cache, "a", 1);
    expect_stats(cache, 1, 2, 1);
    se_cache_free(cache);
}

static void refused_blob_is_not_cached(void **state)
{
    (void)state;
    struct se_cache *cache = new_cache(2);
    struct se_key *key = NULL;
    struct se_blob bad = blobs[0];
    bad.octets[bad.len - 1] ^= 1;
    touch(cache, "a", 0);
    FAILS(OM_EINTEGRITY, se_cache_load(cache, "b", &bad, SE_USE_HMAC, &key, ERR));
    FAILS(OM_EINTEGRITY, se_cache_load(cache, "a", &blobs[0], SE_USE_TLS12_PSK, &key, ERR));
    assert_null(key);
    FAILS(OM_EINTEGRITY, se_cache_load(cache, "a", &bad, SE_USE_HMAC, &key, ERR));
    bad.len = SE_BLOB_MAX + 1;
    FAILS(OM_EINTEGRITY, se_cache_load(cache, "a", &bad, SE_USE_HMAC, &key, ERR));
    touch(cache, "a", 0);
    se_cache_free(cache);
}

static void key_in_use_outlives_its_entry(void **state)
{
    (void)state;
    struct se_cache *cache = new_cache(1);
    struct se_key *evicted = load(cache, "a", 0);
    struct se_key *dropped = load(cache, "b", 1);
    KEY_IS(evicted, octets[0], 32);
    se_cache_drop(cache, "b");
    se_cache_drop(cache, "b");
    se_cache_drop(cache, "never there");
    expect_stats(cache, 0, 2, 0);
    KEY_IS(dropped, octets[1], 32);
    struct se_key *cleared = load(cache, "c", 2);
    struct se_key *again = load(cache, "c", 2);
    assert_ptr_equal(cleared, again);
    se_key_unref(again);
    se_cache_clear(cache);
    expect_stats(cache, 1, 3, 0);
    struct se_key *last = load(cache, "d", 3);
    se_cache_free(cache);
    KEY_IS(last, octets[3], 32);
    KEY_IS(cleared, octets[2], 32);
    se_key_unref(evicted);
    se_key_unref(dropped);
    se_key_unref(cleared);
    se_key_unref(last);
}

static void names_and_sizes_are_checked(void **state)
{
    (void)state;
    struct se_cache *cache = NULL;
    struct se_key *key = NULL;
    char name[257];
    FAILS(OM_ECONFIG, se_cache_new(fixture_se, 0, &cache, ERR));
    FAILS(OM_ECONFIG, se_cache_new(fixture_se, 1000001, &cache, ERR));
    assert_null(cache);
    cache = new_cache(1000000);
    memset(name, 'n', sizeof name);
    name[256] = '\0';
    FAILS(OM_EINPUT, se_cache_load(cache, name, &blobs[0], SE_USE_HMAC, &key, ERR));
    FAILS(OM_EINPUT, se_cache_load(cache, "", &blobs[0], SE_USE_HMAC, &key, ERR));
    se_cache_drop(cache, name);
    name[255] = '\0';
    touch(cache, name, 0);
    name[254] = '\0';
    touch(cache, name, 1);
    touch(cache, "N", 2);
    touch(cache, "n", 3);
    expect_stats(cache, 0, 4, 4);
    se_cache_free(cache);
    se_cache_free(NULL);
}

/* Many names in a small cache: chains of buckets are taken apart and put together in every order. */
static void many_names(void **state)
{
    (void)state;
    struct se_cache *cache = new_cache(50);
    unsigned at = 1;
    for (int i = 0; i < 3000; i++) {
        char name[16];
        at = at * 1103515245u + 12345u;
        unsigned n = (at >> 16) % 80;
        (void)snprintf(name, sizeof name, "key-%u", n);
        if (i % 17 == 0)
            se_cache_drop(cache, name);
        else
            touch(cache, name, n % KEYS);
    }
    struct se_cache_stats s;
    se_cache_stats(cache, &s);
    assert_true(s.loaded <= 50 && s.hits > 0 && s.misses > 50);
    se_cache_free(cache);
}

/* A token for four keys: the cache finds out, and leaves room for others. */
static void full_token_halves_the_cache(void **state)
{
    (void)state;
    struct se_cache *cache = new_cache(6);
    static const char *const names[KEYS] = {"a", "b", "c", "d", "e", "f"};
    struct se_cache_stats s;
    counting_install(fixture_se);
    counts.room = 4;
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < KEYS; i++)
            touch(cache, names[i], i);
    se_cache_stats(cache, &s);
    assert_int_equal(s.loaded, 3);
    assert_int_equal(counts.live, 3);
    se_cache_clear(cache);
    struct se_key *key = NULL, *others[4];
    counts.room = 0;
    for (size_t i = 0; i < 4; i++)
        SUCCEEDS(se_load(fixture_se, &blobs[i], SE_USE_HMAC, &others[i], ERR));
    counts.room = 4;
    FAILS(OM_ENOMEM, se_cache_load(cache, "a", &blobs[0], SE_USE_HMAC, &key, ERR));
    assert_null(key);
    for (size_t i = 0; i < 4; i++)
        se_key_unref(others[i]);
    touch(cache, "a", 0);
    se_cache_free(cache);
    counts.room = 0;
}

int main(int argc, char **argv)
{
    fixture_kind(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(least_recently_used_goes_first),
        cmocka_unit_test(same_name_with_another_blob_reloads),
        cmocka_unit_test(refused_blob_is_not_cached),
        cmocka_unit_test(key_in_use_outlives_its_entry),
        cmocka_unit_test(names_and_sizes_are_checked),
        cmocka_unit_test(many_names),
        cmocka_unit_test(full_token_halves_the_cache), /* last: it counts from here on */
    };
    return cmocka_run_group_tests_name("se cache", tests, setup, fixture_teardown);
}
