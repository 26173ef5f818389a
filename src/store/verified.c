/* The cache of verified rows: see verified.h. */
#include "store/verified.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    size_t n;
    uint8_t *octets; /* NULL: empty */
};

struct store_verified {
    struct entry slots[STORE_VERIFIED_SLOTS][STORE_VERIFIED_WAYS]; /* most recently used first */
};

struct store_verified *store_verified_new(void)
{
    return calloc(1, sizeof(struct store_verified));
}

void store_verified_free(struct store_verified *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < STORE_VERIFIED_SLOTS; i++)
        for (size_t k = 0; k < STORE_VERIFIED_WAYS; k++)
            free(c->slots[i][k].octets);
    free(c);
}

/* FNV-1a. Whoever makes keys collide costs the token some HMACs, no more. */
uint64_t store_verified_hash(const void *key, size_t n)
{
    const uint8_t *p = key;
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return h ^ h >> 32;
}

static void to_front(struct entry *ways, size_t k)
{
    struct entry hit = ways[k];
    memmove(&ways[1], &ways[0], k * sizeof ways[0]);
    ways[0] = hit;
}

bool store_verified_has(struct store_verified *c, uint64_t hash, const void *octets, size_t n)
{
    struct entry *ways = c->slots[hash % STORE_VERIFIED_SLOTS];
    for (size_t k = 0; k < STORE_VERIFIED_WAYS; k++) {
        if (ways[k].octets == NULL || ways[k].n != n || memcmp(ways[k].octets, octets, n) != 0)
            continue;
        to_front(ways, k);
        return true;
    }
    return false;
}

void store_verified_keep(struct store_verified *c, uint64_t hash, const void *octets, size_t n)
{
    if (n == 0 || n > STORE_VERIFIED_MAX)
        return;
    uint8_t *copy = malloc(n);
    if (copy == NULL)
        return;
    memcpy(copy, octets, n);
    struct entry *ways = c->slots[hash % STORE_VERIFIED_SLOTS];
    free(ways[STORE_VERIFIED_WAYS - 1].octets);
    ways[STORE_VERIFIED_WAYS - 1] = (struct entry){n, copy};
    to_front(ways, STORE_VERIFIED_WAYS - 1);
}
