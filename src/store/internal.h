/* What the files of the store share: the open store, its statements, and the one way in which an
 * authenticated row is read and written. Everything here is private to src/store and its tests.
 *
 * A table is described once (struct store_table); row.c then does for every table alike: bind, authenticate,
 * step, check types, verify, decode. The files named after records only map a record to values and back. */
#ifndef OPENMAF_STORE_INTERNAL_H
#define OPENMAF_STORE_INTERNAL_H

#include "store/recent.h"
#include "store/statements.h"
#include "store/store.h"
#include "store/verified.h"
#include "util/buf.h"

#include <sqlite3.h>

/* Octets of the longest row: a key with 256 targets and 32 labels, all of the greatest length, or a policy.
 */
#define STORE_ROW_MAX     81920
#define STORE_COLUMNS_MAX 12
#define STORE_BUSY_MS     5000 /* the longest that a call waits for another process's transaction */

struct store {
    sqlite3 *db;
    struct store_auth auth;
    sqlite3_stmt *prepared[STORE_SQL_N]; /* made at first use, kept */
    struct store_verified *verified;
    struct store_recent *recent;
    bool in_transaction; /* between store_begin and store_commit */
    uint8_t *message;    /* STORE_ROW_MAX octets: the row that is being authenticated */
    uint8_t *lists;      /* STORE_ROW_MAX octets: list columns of the row that is being written */
};

/* One column's value: an integer, or n octets of text or blob that belong to someone else. */
struct store_value {
    int64_t i;
    const void *p;
    size_t n;
};

/* An authenticated table. */
struct store_table {
    const char *name;   /* part of the message under the HMAC */
    const char *types;  /* of its columns in schema order: t text, i integer, b blob; `mac` follows them */
    const char *record; /* what a row is called in error texts */
    size_t shown;       /* the column with the identifier to be displayed */
    size_t id_size;     /* the record begins with that identifier, in an array of this size */
    size_t record_size;
    bool ask_always; /* never answered from the cache of verified rows */
    /* Fills a zeroed record from verified values. OM_EINTEGRITY, OM_ENOMEM. */
    om_rc (*decode)(const struct store_value *v, void *record, struct om_error *err);
    void (*release)(void *record); /* frees what decode allocated; NULL: nothing */
};

/* ---- sql.c: statements and transactions ---- */

/* Turns a SQLite result code into ours; `doing` names the operation. */
om_rc store_sql_fail(struct store *s, int code, const char *doing, struct om_error *err);

/* The prepared statement, reset and without bindings. Reset it before returning to the caller. */
OM_MUST_USE om_rc store_sql(struct store *s, enum store_statement id, sqlite3_stmt **out,
                            struct om_error *err);
/* Binds values, typed as in store_table.types, to parameters 1.. */
OM_MUST_USE om_rc store_sql_bind(struct store *s, sqlite3_stmt *stmt, const char *types,
                                 const struct store_value *v, struct om_error *err);
/* Runs a statement to its end; rows that it returns are dropped. *changed (may be NULL): rows changed. */
OM_MUST_USE om_rc store_sql_run(struct store *s, enum store_statement id, const char *types,
                                const struct store_value *v, size_t *changed, struct om_error *err);
/* Runs constant SQL text; for pragmas and schema steps. */
OM_MUST_USE om_rc store_sql_exec(struct store *s, const char *sql, struct om_error *err);
/* First column of the first row of constant SQL text. */
OM_MUST_USE om_rc store_sql_integer(struct store *s, const char *sql, int64_t *out, struct om_error *err);
void store_sql_finalize_all(struct store *s);

/* Every mutating call is all or nothing: its own IMMEDIATE transaction, or a savepoint inside store_begin ...
 * store_commit, so that a call that fails half-way leaves nothing behind in the caller's transaction. */
OM_MUST_USE om_rc store_scope_open(struct store *s, struct om_error *err);
/* Keeps what was done when rc is OM_OK, else undoes it. Returns rc, or why it could not be kept. */
OM_MUST_USE om_rc store_scope_close(struct store *s, om_rc rc, struct om_error *err);

/* ---- rowmac.c ---- */

OM_MUST_USE om_rc store_row_mac(struct store *s, const struct store_table *t, const struct store_value *v,
                                uint8_t mac[SE_MAC_SIZE], struct om_error *err);
/* keep: remember a row that verified, so that its next load costs no token operation. */
OM_MUST_USE om_rc store_row_verify(struct store *s, const struct store_table *t, const struct store_value *v,
                                   const struct store_value *mac, bool keep, struct om_error *err);

/* ---- row.c ---- */

/* Reads the one row whose columns from `first` on are `key` (n texts); OM_ENOTFOUND, OM_EINTEGRITY. */
struct store_lookup {
    enum store_statement sql;
    size_t first, n;
    struct store_value key[2];
};
OM_MUST_USE om_rc store_row_get(struct store *s, const struct store_table *t, const struct store_lookup *by,
                                void *record, struct om_error *err);
/* Authenticates and writes a row: parameters 1.. are its columns, the next one is the mac. */
OM_MUST_USE om_rc store_row_put(struct store *s, const struct store_table *t, enum store_statement sql,
                                const struct store_value *v, struct om_error *err);
/* Runs a statement with text parameters that must change at least one row; else OM_ENOTFOUND. */
OM_MUST_USE om_rc store_row_delete(struct store *s, const struct store_table *t, enum store_statement sql,
                                   const struct store_value *key, size_t n, struct om_error *err);

typedef bool store_row_fn(void *arg, const void *record, const struct om_error *bad);
/* Calls fn for each row of a statement, whose parameter 1 is `by` when that is not NULL. The statement is
 * prepared for this call, so fn may call any function of the store, this list included. */
OM_MUST_USE om_rc store_row_list(struct store *s, const struct store_table *t, enum store_statement sql,
                                 const char *by, store_row_fn *fn, void *arg, struct om_error *err);

/* The same; but rows whose unverified values `glance` (may be NULL) says no to are passed over. */
struct store_walk {
    bool (*glance)(void *arg, const struct store_value *v);
    store_row_fn *fn;
    void *arg;
};
OM_MUST_USE om_rc store_row_walk(struct store *s, const struct store_table *t, enum store_statement sql,
                                 const char *by, const struct store_walk *walk, struct om_error *err);

struct store_value store_text(const char *text);
struct store_value store_integer(int64_t i);
struct store_value store_blob(const void *p, size_t n);
/* A text column into an array of cap octets. OM_EINTEGRITY when it cannot be what we wrote. */
OM_MUST_USE om_rc store_take_text(const struct store_value *v, char *out, size_t cap, struct om_error *err);
OM_MUST_USE om_rc store_take_text_copy(const struct store_value *v, char **out, struct om_error *err);
OM_MUST_USE om_rc store_take_blob(const struct store_value *v, struct se_blob *out, struct om_error *err);
/* An integer column that must be one of low..high. */
OM_MUST_USE om_rc store_take_range(const struct store_value *v, int64_t low, int64_t high, int64_t *out,
                                   struct om_error *err);

/* ---- text_list.c: list columns, in one canonical form ---- */

OM_MUST_USE om_rc store_list_encode(struct om_writer *w, const struct m2m_list *list, struct store_value *out,
                                    struct om_error *err);
/* Whether an encoded list, verified or not, has this text. */
bool store_list_has(const void *octets, size_t n, const char *text);
OM_MUST_USE om_rc store_list_decode(const struct store_value *v, struct m2m_list *out, struct om_error *err);

/* ---- authority.c, issued.c ---- */

/* A column with a certificate, copied. OM_EINTEGRITY when its length is not 1..STORE_CERT_MAX. */
OM_MUST_USE om_rc store_take_cert(const struct store_value *v, uint8_t **cert, size_t *n,
                                  struct om_error *err);
/* Adds to an authority's counts of CRLs and of revoked certificates. Inside a scope. */
OM_MUST_USE om_rc store_authority_count(struct store *s, const char *name, int64_t crls, int64_t revoked,
                                        int64_t *number, struct om_error *err);

/* ---- burnt.c ---- */

/* Marks an identifier as given for ever. OM_ECONFLICT when it was before. Inside a scope. */
OM_MUST_USE om_rc store_burn(struct store *s, enum store_id_kind kind, const char *id, struct om_error *err);

/* ---- schema.c ---- */

/* Step i takes a database from schema i to i + 1. */
extern const char *const store_schema_steps[];
extern const size_t store_schema_n;
/* Brings the database to schema n, in one transaction. OM_ECONFIG: newer, or another token's. */
OM_MUST_USE om_rc store_schema_migrate(struct store *s, const char *const *steps, size_t n,
                                       struct om_error *err);
/* Refuses a file that is not ours (OM_ECONFIG). */
OM_MUST_USE om_rc store_schema_identify(struct store *s, struct om_error *err);
/* Verifies the meta row against schema n. foreign: what to answer when it names another token. */
OM_MUST_USE om_rc store_schema_check(struct store *s, size_t n, om_rc foreign, struct om_error *err);

#endif
