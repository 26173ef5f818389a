/* Bounded cache of loaded keys: a hash table of names and a list in order of use. */
#include "se/cache.h"
#include "util/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define CACHE_MAX       1000000
#define CACHED_NAME_MAX 255

struct entry {
    struct entry *next_in_bucket;
    struct entry *older, *newer;
    struct se_key *key;
    uint64_t hash;
    enum se_use use;
    size_t blob_len;
    size_t name_len;
    uint8_t octets[]; /* the name, then the blob it was loaded from */
};

struct se_cache {
    struct se *se;
    size_t max;
    size_t loaded;
    size_t mask; /* buckets - 1 */
    struct entry **buckets;
    struct entry *oldest, *newest;
    uint64_t seed;
    uint64_t hits;
    uint64_t misses;
};

/* FNV-1a from a random start: names come from peers, who shall not choose their bucket. */
static uint64_t hash_name(const struct se_cache *cache, const char *name, size_t n)
{
    uint64_t h = cache->seed;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (uint8_t)name[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 32; /* the mask takes the low bits */
}

om_rc se_cache_new(struct se *se, size_t max, struct se_cache **out, struct om_error *err)
{
    *out = NULL;
    if (max < 1 || max > CACHE_MAX)
        return om_fail(err, OM_ECONFIG, "a cache of %zu keys is not within 1..%d", max, CACHE_MAX);
    size_t buckets = 1;
    while (buckets < max)
        buckets *= 2;
    struct se_cache *cache = calloc(1, sizeof *cache);
    if (cache != NULL)
        cache->buckets = calloc(buckets, sizeof(struct entry *));
    if (cache == NULL || cache->buckets == NULL) {
        free(cache);
        return om_fail(err, OM_ENOMEM, "no memory for a cache of %zu keys", max);
    }
    cache->se = se;
    cache->max = max;
    cache->mask = buckets - 1;
    if (getrandom(&cache->seed, sizeof cache->seed, 0) != (ssize_t)sizeof cache->seed) {
        se_cache_free(cache);
        return om_fail(err, OM_EINTERNAL, "no random octets from the kernel");
    }
    *out = cache;
    return OM_OK;
}

/* Where the pointer to the entry of that name is, or the NULL at the end of its bucket. */
static struct entry **find(struct se_cache *cache, uint64_t hash, const char *name, size_t n)
{
    struct entry **at = &cache->buckets[hash & cache->mask];
    while (*at != NULL &&
           ((*at)->hash != hash || (*at)->name_len != n || memcmp((*at)->octets, name, n) != 0))
        at = &(*at)->next_in_bucket;
    return at;
}

static void list_remove(struct se_cache *cache, struct entry *e)
{
    *(e->older != NULL ? &e->older->newer : &cache->oldest) = e->newer;
    *(e->newer != NULL ? &e->newer->older : &cache->newest) = e->older;
}

static void list_append(struct se_cache *cache, struct entry *e)
{
    e->older = cache->newest;
    e->newer = NULL;
    *(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = e;
    cache->newest = e;
}

static void remove_at(struct se_cache *cache, struct entry **at)
{
    struct entry *e = *at;
    *at = e->next_in_bucket;
    list_remove(cache, e);
    cache->loaded--;
    se_key_unref(e->key);
    free(e);
}

static void evict_oldest(struct se_cache *cache)
{
    struct entry *e = cache->oldest;
    remove_at(cache, find(cache, e->hash, (const char *)e->octets, e->name_len));
}

static bool same_blob(const struct entry *e, const struct se_blob *blob, enum se_use use)
{
    return e->use == use && e->blob_len == blob->len &&
           memcmp(e->octets + e->name_len, blob->octets, blob->len) == 0;
}

static om_rc insert(struct se_cache *cache, uint64_t hash, const char *name, size_t n,
                    const struct se_blob *blob, enum se_use use, struct om_error *err)
{
    struct entry *e = malloc(sizeof *e + n + blob->len);
    if (e == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a cached key");
    *e = (struct entry){.hash = hash, .use = use, .blob_len = blob->len, .name_len = n};
    memcpy(e->octets, name, n);
    om_rc rc = se_load(cache->se, blob, use, &e->key, err);
    if (rc != OM_OK) {
        free(e);
        return rc;
    }
    memcpy(e->octets + n, blob->octets, blob->len);
    struct entry **bucket = &cache->buckets[hash & cache->mask];
    e->next_in_bucket = *bucket;
    *bucket = e;
    list_append(cache, e);
    cache->loaded++;
    return OM_OK;
}

/* A token that is full keeps half as many from now on, so that there is room for the keys of sessions too. */
static om_rc insert_with_room(struct se_cache *cache, uint64_t hash, const char *name, size_t n,
                              const struct se_blob *blob, enum se_use use, struct om_error *err)
{
    om_rc rc = insert(cache, hash, name, n, blob, use, err);
    if (rc != OM_ENOMEM || cache->loaded == 0)
        return rc;
    size_t keep = cache->loaded / 2;
    om_log(OM_LOG_WARNING, "the token has no room beyond %zu loaded keys; %zu are kept from now on: %s",
           cache->loaded, keep + 1, om_error_text(err, rc));
    while (cache->loaded > keep)
        evict_oldest(cache);
    cache->max = keep + 1;
    return insert(cache, hash, name, n, blob, use, err);
}

om_rc se_cache_load(struct se_cache *cache, const char *name, const struct se_blob *blob, enum se_use use,
                    struct se_key **out, struct om_error *err)
{
    *out = NULL;
    size_t n = strnlen(name, CACHED_NAME_MAX + 1);
    if (n < 1 || n > CACHED_NAME_MAX)
        return om_fail(err, OM_EINPUT, "the name of a cached key has 1..%d octets", CACHED_NAME_MAX);
    if (blob->len > sizeof blob->octets)
        return om_fail(err, OM_EINTEGRITY, "%zu octets are no wrapped key", blob->len);
    uint64_t hash = hash_name(cache, name, n);
    struct entry **at = find(cache, hash, name, n);
    if (*at != NULL && same_blob(*at, blob, use)) {
        cache->hits++;
        list_remove(cache, *at);
        list_append(cache, *at);
    } else {
        /* Room is made before the key is loaded: a small token never holds more than max. */
        cache->misses++;
        if (*at != NULL)
            remove_at(cache, at);
        else if (cache->loaded == cache->max)
            evict_oldest(cache);
        OM_TRY(insert_with_room(cache, hash, name, n, blob, use, err));
    }
    *out = se_key_ref(cache->newest->key);
    return OM_OK;
}

void se_cache_drop(struct se_cache *cache, const char *name)
{
    size_t n = strnlen(name, CACHED_NAME_MAX + 1);
    struct entry **at = find(cache, hash_name(cache, name, n), name, n);
    if (*at != NULL)
        remove_at(cache, at);
}

void se_cache_clear(struct se_cache *cache)
{
    while (cache->oldest != NULL)
        evict_oldest(cache);
}

void se_cache_stats(const struct se_cache *cache, struct se_cache_stats *out)
{
    *out = (struct se_cache_stats){.hits = cache->hits, .misses = cache->misses, .loaded = cache->loaded};
}

void se_cache_free(struct se_cache *cache)
{
    if (cache == NULL)
        return;
    se_cache_clear(cache);
    free(cache->buckets);
    free(cache);
}
