/* Rows that verified before: spares the token an HMAC for each handshake.
 *
 * An entry is the whole message that a row's HMAC covers (table, types, lengths and octets of every column,
 * the row's key among them) followed by the HMAC that stood beside it. A hit demands that all these octets
 * are equal. That is as good as asking the token again: HMAC is a function, its key does not change while a
 * store is open, so the same message with the same code verifies now as it did then. One changed bit anywhere
 * in the row is another message, and a miss. Nothing is ever taken from the cache; it only answers yes or no
 * about octets that were just read from the database, so it needs no invalidation and cannot hide an edit.
 *
 * It holds no secrets: wrapped blobs and public data. 8192 entries of at most 2 KiB, two ways per slot. */
#ifndef OPENMAF_STORE_VERIFIED_H
#define OPENMAF_STORE_VERIFIED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_VERIFIED_SLOTS 4096
#define STORE_VERIFIED_WAYS  2
#define STORE_VERIFIED_MAX   2048

struct store_verified;

struct store_verified *store_verified_new(void); /* NULL: out of memory */
void store_verified_free(struct store_verified *c);

uint64_t store_verified_hash(const void *key, size_t n);
bool store_verified_has(struct store_verified *c, uint64_t hash, const void *octets, size_t n);
/* Longer rows, and rows for which there is no memory, are not kept. */
void store_verified_keep(struct store_verified *c, uint64_t hash, const void *octets, size_t n);

#endif
