/* Bounded cache of loaded keys, least recently used first out. One per token and thread.
 *
 * Keys are found by the caller's name for them and checked against the blob they came from: the same name
 * with another blob reloads. An entry that is in use when it is pushed out lives on until its last reference
 * goes. A token that has no room (OM_ENOMEM) for one more makes the cache halve what it keeps, for good. */
#ifndef OPENMAF_SE_CACHE_H
#define OPENMAF_SE_CACHE_H

#include "se/se.h"

struct se_cache;

struct se_cache_stats {
    uint64_t hits;
    uint64_t misses;
    size_t loaded; /* entries now */
};

/* max is 1..1 000 000 entries. The token outlives the cache. */
OM_MUST_USE om_rc se_cache_new(struct se *se, size_t max, struct se_cache **out, struct om_error *err);
void se_cache_free(struct se_cache *cache);

/* The key named `name` (1..255 octets), loaded from blob if it is not there. *out is a new reference. */
OM_MUST_USE om_rc se_cache_load(struct se_cache *cache, const char *name, const struct se_blob *blob,
                                enum se_use use, struct se_key **out, struct om_error *err);

/* Forgets one entry, or all. */
void se_cache_drop(struct se_cache *cache, const char *name);
void se_cache_clear(struct se_cache *cache);

void se_cache_stats(const struct se_cache *cache, struct se_cache_stats *out);

#endif
