/* Peers' addresses, as far as they count: see peer_address.h. */
#include "bind/peer_address.h"

#include <string.h>

#define PREFIX 8 /* octets of a /64 */

/* What of an address counts, as two words. */
static void place_of(const struct sockaddr *a, uint64_t words[2])
{
    words[0] = words[1] = 0;
    if (a->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, a, sizeof v4);
        words[0] = v4.sin_addr.s_addr;
    } else if (a->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, a, sizeof v6);
        bool whole = IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr) || IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
        memcpy(words, &v6.sin6_addr, whole ? sizeof v6.sin6_addr : PREFIX);
    }
}

bool peer_address_same(const struct sockaddr *a, const struct sockaddr *b)
{
    uint64_t x[2], y[2];
    place_of(a, x);
    place_of(b, y);
    return a->sa_family == b->sa_family && x[0] == y[0] && x[1] == y[1];
}

uint32_t peer_address_hash(const uint8_t key[PEER_ADDRESS_KEY], const struct sockaddr *a)
{
    uint64_t words[2], keys[2];
    place_of(a, words);
    memcpy(keys, key, sizeof keys);
    uint64_t h = keys[0];
    for (size_t i = 0; i < 2; i++) {
        h = (h ^ words[i]) * (keys[1] | 1);
        h ^= h >> 29;
    }
    return (uint32_t)(h >> 32);
}
