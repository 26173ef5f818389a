/* What was read last: see recent.h. */
#include "store/recent.h"
#include "store/verified.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS      1024        /* direct-mapped; about 1.5 MB, made when first used */
#define SHM_REGION (32 * 1024) /* the only size that SQLite's wal-index regions have */

struct slot {
    char key[M2M_KEY_ID_SIZE];
    uint8_t header[STORE_WAL_HEADER];
    bool present;
    struct store_credential credential;
};

struct store_recent {
    struct slot slots[SLOTS];
};

struct store_recent *store_recent_new(void)
{
    return calloc(1, sizeof(struct store_recent));
}

void store_recent_free(struct store_recent *recent)
{
    free(recent);
}

bool store_recent_header(struct store_recent *recent, sqlite3 *db, uint8_t header[STORE_WAL_HEADER])
{
    (void)recent;
    sqlite3_file *file = NULL;
    void volatile *region = NULL;
    if (sqlite3_get_autocommit(db) == 0 ||
        sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || file == NULL ||
        file->pMethods == NULL || file->pMethods->iVersion < 2 || file->pMethods->xShmMap == NULL)
        return false;
    /* SQLite's own mapping: nothing is opened or locked, and nothing has to be closed. */
    if (file->pMethods->xShmMap(file, 0, SHM_REGION, 0, &region) != SQLITE_OK || region == NULL)
        return false;
    atomic_thread_fence(memory_order_acquire);
    memcpy(header, (const void *)(uintptr_t)region, STORE_WAL_HEADER);
    atomic_thread_fence(memory_order_acquire);
    /* A commit that is being written has changed one of the two copies only. */
    return memcmp(header, header + STORE_WAL_HEADER / 2, STORE_WAL_HEADER / 2) == 0;
}

static size_t slot_of(const char *key)
{
    return (size_t)(store_verified_hash(key, strlen(key)) % SLOTS);
}

enum store_recent_answer store_recent_get(const struct store_recent *recent, const char *key,
                                          const uint8_t header[STORE_WAL_HEADER],
                                          struct store_credential *out)
{
    const struct slot *slot = &recent->slots[slot_of(key)];
    if (strcmp(slot->key, key) != 0 || memcmp(slot->header, header, STORE_WAL_HEADER) != 0)
        return STORE_RECENT_UNKNOWN;
    if (!slot->present)
        return STORE_RECENT_ABSENT;
    *out = slot->credential;
    return STORE_RECENT_PRESENT;
}

void store_recent_put(struct store_recent *recent, const char *key, const uint8_t header[STORE_WAL_HEADER],
                      const struct store_credential *r)
{
    struct slot *slot = &recent->slots[slot_of(key)];
    (void)stpcpy(slot->key, key);
    memcpy(slot->header, header, STORE_WAL_HEADER);
    slot->present = r != NULL;
    if (r != NULL)
        slot->credential = *r;
}
