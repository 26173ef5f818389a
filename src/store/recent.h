/* What was read last, for as long as nobody writes: spares a handshake the two system calls of a read
 * transaction.
 *
 * SQLite keeps the header of the write-ahead log in memory that all processes share (the wal-index, first 96
 * octets: the header and its copy; its format is documented). Each commit and each restart of the log changes
 * it. A record is kept with the header as it was before the record was read; while the header is the same, so
 * is the record. Nothing is answered from here inside a transaction, nor when SQLite does not let us see the
 * header. */
#ifndef OPENMAF_STORE_RECENT_H
#define OPENMAF_STORE_RECENT_H

#include "store/store.h"

#include <sqlite3.h>

#define STORE_WAL_HEADER 96

struct store_recent;

/* NULL: no memory. */
struct store_recent *store_recent_new(void);
void store_recent_free(struct store_recent *recent);

/* The header as it is now; false: it cannot be seen. */
bool store_recent_header(struct store_recent *recent, sqlite3 *db, uint8_t header[STORE_WAL_HEADER]);

/* What is kept under this folded KmID with this very header. Both kinds are kept, so that a KmID that is not
 * there costs what one that is costs (MAF-HS-6). */
enum store_recent_answer { STORE_RECENT_UNKNOWN, STORE_RECENT_PRESENT, STORE_RECENT_ABSENT };
enum store_recent_answer store_recent_get(const struct store_recent *recent, const char *key,
                                          const uint8_t header[STORE_WAL_HEADER],
                                          struct store_credential *out);

/* Keeps a verified credential that was read after `header` was taken; NULL: there was none. */
void store_recent_put(struct store_recent *recent, const char *key, const uint8_t header[STORE_WAL_HEADER],
                      const struct store_credential *r);

#endif
