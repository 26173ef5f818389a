/* The schema: its steps, migration, and the meta row that binds a database to a token.
 *
 * A new schema is one more step at the end of the table. A step may add tables, indexes and hints; it must
 * not alter the columns of an authenticated table, because the HMACs of its rows cover the columns they were
 * written with. New columns come as a table beside the old one, keyed alike. */
#include "store/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define APPLICATION_ID 0x6f4d4146 /* "oMAF", so that file(1) and we tell the file from any other */

const char *const store_schema_steps[] = {
    "CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), schema INTEGER NOT NULL, root_id BLOB NOT "
    "NULL,"
    " created INTEGER NOT NULL, mac BLOB NOT NULL) STRICT;"

    "CREATE TABLE stakeholder (admin_fqdn TEXT PRIMARY KEY, policy TEXT NOT NULL, created INTEGER NOT NULL,"
    " mac BLOB NOT NULL) STRICT, WITHOUT ROWID;"

    "CREATE TABLE permit (identity TEXT, admin_fqdn TEXT REFERENCES stakeholder, mac BLOB NOT NULL,"
    " PRIMARY KEY (identity, admin_fqdn)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX permit_admin ON permit (admin_fqdn);"

    "CREATE TABLE client_cfg (identity TEXT, admin_fqdn TEXT REFERENCES stakeholder, cfg TEXT NOT NULL,"
    " mac BLOB NOT NULL, PRIMARY KEY (identity, admin_fqdn)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX client_cfg_admin ON client_cfg (admin_fqdn);"

    "CREATE TABLE credential (kmid_key TEXT PRIMARY KEY, kmid TEXT NOT NULL, identity TEXT NOT NULL,"
    " admin_fqdn TEXT NOT NULL, state INTEGER NOT NULL, assigned INTEGER NOT NULL, created INTEGER NOT NULL,"
    " expires INTEGER NOT NULL, km BLOB NOT NULL, mac BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX credential_expires ON credential (expires) WHERE expires > 0;"

    "CREATE TABLE registration (id TEXT PRIMARY KEY, identity TEXT NOT NULL,"
    " admin_fqdn TEXT NOT NULL REFERENCES stakeholder, assigned_kmid TEXT NOT NULL, labels BLOB NOT NULL,"
    " created INTEGER NOT NULL, modified INTEGER NOT NULL, expires INTEGER NOT NULL, mac BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE UNIQUE INDEX registration_owner ON registration (identity, admin_fqdn);"
    "CREATE INDEX registration_admin ON registration (admin_fqdn);"
    "CREATE INDEX registration_identity ON registration (identity);"
    "CREATE INDEX registration_expires ON registration (expires) WHERE expires > 0;"

    "CREATE TABLE key_registration (id_key TEXT PRIMARY KEY, id TEXT NOT NULL, source TEXT NOT NULL,"
    " admin_fqdn TEXT NOT NULL REFERENCES stakeholder, suid INTEGER NOT NULL, exporter INTEGER NOT NULL,"
    " labels BLOB NOT NULL, targets BLOB NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL,"
    " expires INTEGER NOT NULL, value BLOB NOT NULL, mac BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX key_source ON key_registration (source);"
    "CREATE INDEX key_admin ON key_registration (admin_fqdn);"
    "CREATE INDEX key_expires ON key_registration (expires) WHERE expires > 0;"

    /* A hint for discovery, not authenticated: the key's own row decides what an identity may see. */
    "CREATE TABLE key_target (identity TEXT, key TEXT REFERENCES key_registration,"
    " PRIMARY KEY (identity, key)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX key_target_key ON key_target (key);"

    /* Identifiers that were ever given, as SHA-256 of the folded text. */
    "CREATE TABLE burnt (kind INTEGER, hash BLOB, PRIMARY KEY (kind, hash)) STRICT, WITHOUT ROWID;",

    /* Forms of a credential's key for TLS 1.3, where they were made. */
    "CREATE TABLE credential_tls13 (kmid_key TEXT PRIMARY KEY REFERENCES credential ON DELETE CASCADE,"
    " derived BLOB NOT NULL, finished BLOB NOT NULL, handshake BLOB NOT NULL, master BLOB NOT NULL,"
    " mac BLOB NOT NULL) STRICT, WITHOUT ROWID;",

    /* Certification authorities of our own, and what they issued. */
    "CREATE TABLE authority (name TEXT PRIMARY KEY, cert BLOB NOT NULL, crl_uri TEXT NOT NULL,"
    " crl_number INTEGER NOT NULL, revoked INTEGER NOT NULL, created INTEGER NOT NULL, mac BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE issued (serial TEXT PRIMARY KEY, authority TEXT NOT NULL, flavour INTEGER NOT NULL,"
    " name TEXT NOT NULL, key TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL,"
    " revoked INTEGER NOT NULL, reason INTEGER NOT NULL, cert BLOB NOT NULL, mac BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX issued_name ON issued (name);"
    "CREATE INDEX issued_key ON issued (key);"
    "CREATE INDEX issued_revoked ON issued (authority) WHERE revoked > 0;",

    /* What a MEF keeps beside what a MAF does. */
    "CREATE TABLE enrolee (identity TEXT PRIMARY KEY, lifetime INTEGER NOT NULL, rights BLOB NOT NULL,"
    " created INTEGER NOT NULL, mac BLOB NOT NULL) STRICT, WITHOUT ROWID;"

    "CREATE TABLE enrolment (id_key TEXT PRIMARY KEY, id TEXT NOT NULL, enrolee TEXT NOT NULL,"
    " credential TEXT NOT NULL, fetched INTEGER NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL,"
    " ke BLOB NOT NULL, mac BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX enrolment_enrolee ON enrolment (enrolee, created DESC, id_key);"
    "CREATE INDEX enrolment_credential ON enrolment (credential);"
    "CREATE INDEX enrolment_expires ON enrolment (expires) WHERE expires > 0;"

    "CREATE TABLE command (id TEXT PRIMARY KEY, identity TEXT NOT NULL,"
    " admin_fqdn TEXT NOT NULL REFERENCES stakeholder, position INTEGER NOT NULL, description TEXT NOT NULL,"
    " state INTEGER NOT NULL, status INTEGER NOT NULL, created INTEGER NOT NULL, issued INTEGER NOT NULL,"
    " reported INTEGER NOT NULL, mac BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE UNIQUE INDEX command_position ON command (position);"
    "CREATE INDEX command_admin ON command (admin_fqdn);"
    "CREATE INDEX command_pending ON command (identity, admin_fqdn, position) WHERE state < 3;",

    /* Clients by certificate, and the trust anchors that their rows name. */
    "CREATE TABLE certificate (id TEXT PRIMARY KEY, admin_fqdn TEXT NOT NULL, state INTEGER NOT NULL,"
    " created INTEGER NOT NULL, expires INTEGER NOT NULL, key TEXT NOT NULL, identities BLOB NOT NULL,"
    " anchors BLOB NOT NULL, mac BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX certificate_expires ON certificate (expires) WHERE expires > 0;"
    "CREATE TABLE anchor (id TEXT PRIMARY KEY, cert BLOB NOT NULL, mac BLOB NOT NULL) STRICT, WITHOUT ROWID;",

    /* What a MAF keeps of remote provisioning. */
    "CREATE TABLE mef (fqdn TEXT PRIMARY KEY, address TEXT NOT NULL, kpmid TEXT NOT NULL,"
    " vouches BLOB NOT NULL, created INTEGER NOT NULL, kpm BLOB NOT NULL, mac BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE assignment (kmid_key TEXT PRIMARY KEY REFERENCES credential ON DELETE CASCADE,"
    " kmid TEXT NOT NULL, keid_key TEXT NOT NULL, registration TEXT NOT NULL, used INTEGER NOT NULL,"
    " mac BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX assignment_registration ON assignment (registration, kmid_key);"
    "CREATE INDEX assignment_keid ON assignment (keid_key, kmid_key);",

    /* Certificates that a MEF gives its Enrolees. */
    "CREATE TABLE subject (identity TEXT PRIMARY KEY, lifetime INTEGER NOT NULL, names BLOB NOT NULL,"
    " created INTEGER NOT NULL, mac BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE latest (id TEXT PRIMARY KEY, serial TEXT NOT NULL, created INTEGER NOT NULL,"
    " mac BLOB NOT NULL) STRICT, WITHOUT ROWID;",

    /* MEFs at which the MAF uses its certificate: the trust anchors for theirs. */
    "CREATE TABLE mef_trust (fqdn TEXT PRIMARY KEY REFERENCES mef ON DELETE CASCADE, created INTEGER NOT "
    "NULL,"
    " anchors BLOB NOT NULL, mac BLOB NOT NULL) STRICT, WITHOUT ROWID;",

    /* A hint, not authenticated: the KeIDs of a client, the newest first, to find the oldest of too many. Who
     * could write it could delete credentials as well. */
    "CREATE TABLE provided (identity TEXT, mef TEXT, created INTEGER, kmid_key TEXT REFERENCES credential ON"
    " DELETE CASCADE, PRIMARY KEY (identity, mef, created DESC, kmid_key)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX provided_kmid ON provided (kmid_key);",
};
const size_t store_schema_n = sizeof store_schema_steps / sizeof store_schema_steps[0];

struct meta {
    int64_t schema;
    int64_t created;
    uint8_t root_id[8];
};

static om_rc decode_meta(const struct store_value *v, void *record, struct om_error *err)
{
    struct meta *m = record;
    m->schema = v[1].i;
    m->created = v[3].i;
    if (v[2].n != sizeof m->root_id)
        return om_fail(err, OM_EINTEGRITY, "the token's identifier is malformed");
    memcpy(m->root_id, v[2].p, sizeof m->root_id);
    return OM_OK;
}

static const struct store_table meta_table = {
    .name = "meta",
    .types = "iibi",
    .record = "meta row",
    .record_size = sizeof(struct meta),
    .ask_always = true, /* so that store_health asks the token */
    .decode = decode_meta,
};

/* Whether the database names our token; says nothing yet about who wrote that. */
static om_rc names_our_token(struct store *s, bool *ours, struct om_error *err)
{
    sqlite3_stmt *stmt = NULL;
    OM_TRY(store_sql(s, STORE_SQL_META_GET, &stmt, err));
    int code = sqlite3_step(stmt);
    om_rc rc = OM_OK;
    if (code == SQLITE_ROW)
        *ours = sqlite3_column_bytes(stmt, 2) == (int)sizeof s->auth.root_id &&
                memcmp(sqlite3_column_blob(stmt, 2), s->auth.root_id, sizeof s->auth.root_id) == 0;
    else if (code == SQLITE_DONE)
        rc = om_fail(err, OM_EINTEGRITY, "database: the meta row is missing");
    else
        rc = store_sql_fail(s, code, "read the meta row", err);
    (void)sqlite3_reset(stmt);
    return rc;
}

static om_rc read_meta(struct store *s, size_t n, om_rc foreign, struct meta *m, struct om_error *err)
{
    bool ours = false;
    OM_TRY(names_our_token(s, &ours, err));
    if (!ours)
        return om_fail(err, foreign, "the database belongs to another token");
    struct store_lookup by = {.sql = STORE_SQL_META_GET};
    OM_TRY(store_row_get(s, &meta_table, &by, m, err));
    if (m->schema != (int64_t)n)
        return om_fail(err, OM_EINTEGRITY, "the database's schema number was altered");
    return OM_OK;
}

om_rc store_schema_check(struct store *s, size_t n, om_rc foreign, struct om_error *err)
{
    struct meta m;
    return read_meta(s, n, foreign, &m, err);
}

om_rc store_schema_identify(struct store *s, struct om_error *err)
{
    int64_t id = 0;
    int64_t version = 0;
    OM_TRY(store_sql_integer(s, "PRAGMA application_id", &id, err));
    OM_TRY(store_sql_integer(s, "PRAGMA user_version", &version, err));
    if (id != APPLICATION_ID)
        return om_fail(err, OM_ECONFIG, "this is no MAF database, or its making was interrupted");
    if (version == 0) /* both numbers are written in the transaction that makes the tables */
        return om_fail(err, OM_EINTEGRITY, "the database's schema number was altered");
    return OM_OK;
}

static om_rc write_meta(struct store *s, size_t n, int64_t created, struct om_error *err)
{
    char pragmas[96];
    (void)snprintf(pragmas, sizeof pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %zu",
                   APPLICATION_ID, n);
    OM_TRY(store_sql_exec(s, pragmas, err));
    struct store_value v[] = {store_integer(1), store_integer((int64_t)n),
                              store_blob(s->auth.root_id, sizeof s->auth.root_id), store_integer(created)};
    return store_row_put(s, &meta_table, STORE_SQL_META_PUT, v, err);
}

/* Inside the transaction, so that of two processes that start at once one migrates and the other finds it
 * done. */
static om_rc migrate(struct store *s, const char *const *steps, size_t n, struct om_error *err)
{
    int64_t version = 0;
    OM_TRY(store_sql_integer(s, "PRAGMA user_version", &version, err));
    if (version < 0 || (uint64_t)version > n)
        return om_fail(err, OM_ECONFIG, "the database has schema %" PRId64 ", this program knows up to %zu",
                       version, n);
    size_t at = (size_t)version;
    struct meta m = {.created = (int64_t)time(NULL)};
    if (at > 0)
        OM_TRY(read_meta(s, at, OM_ECONFIG, &m, err));
    if (at == n)
        return OM_OK;
    for (; at < n; at++)
        OM_TRY(store_sql_exec(s, steps[at], err));
    return write_meta(s, n, m.created, err);
}

om_rc store_schema_migrate(struct store *s, const char *const *steps, size_t n, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, migrate(s, steps, n, err), err);
}
