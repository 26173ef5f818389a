/* The SQL of the store: see statements.h. Columns stand in schema order and parameters are numbered as the
 * columns are, so that every write of a table binds the same way; an UPDATE names only the columns that may
 * change. */
#include "store/statements.h"

#define STAKEHOLDER      "admin_fqdn, policy, created, mac"
#define PERMIT           "identity, admin_fqdn, mac"
#define CLIENT_CFG       "identity, admin_fqdn, cfg, mac"
#define CREDENTIAL       "kmid_key, kmid, identity, admin_fqdn, state, assigned, created, expires, km, mac"
#define CREDENTIAL_TLS13 "kmid_key, derived, finished, handshake, master, mac"
#define REGISTRATION     "id, identity, admin_fqdn, assigned_kmid, labels, created, modified, expires, mac"
#define KEY              "id_key, " KEY_REST
#define KEY_REST                                                                                             \
    "id, source, admin_fqdn, suid, exporter, labels, targets, created, modified, expires, value, mac"
#define AUTHORITY "name, cert, crl_uri, crl_number, revoked, created, mac"
#define ISSUED    "serial, authority, flavour, name, key, created, expires, revoked, reason, cert, mac"

#define ENROLEE    "identity, lifetime, rights, created, mac"
#define MEF        "fqdn, address, kpmid, vouches, created, kpm, mac"
#define MEF_TRUST  "fqdn, created, anchors, mac"
#define ASSIGNMENT "kmid_key, kmid, keid_key, registration, used, mac"
#define ENROLMENT  "id_key, id, enrolee, credential, fetched, created, expires, ke, mac"
#define COMMAND                                                                                              \
    "id, identity, admin_fqdn, position, description, state, status, created, issued, reported, mac"
#define CERTIFICATE "id, admin_fqdn, state, created, expires, key, identities, anchors, mac"
#define ANCHOR      "id, cert, mac"
#define SUBJECT     "identity, lifetime, names, created, mac"
#define LATEST      "id, serial, created, mac"

/* The oldest expired identifiers of a table; the same in every statement of one transaction. */
#define EXPIRED(id, table)                                                                                   \
    "(SELECT " id " FROM " table " WHERE expires > 0 AND expires <= ?1 ORDER BY expires, " id " LIMIT ?2)"

const char *const store_sql_text[STORE_SQL_N] = {
    [STORE_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [STORE_SQL_COMMIT] = "COMMIT",
    [STORE_SQL_ROLLBACK] = "ROLLBACK",
    [STORE_SQL_SAVEPOINT] = "SAVEPOINT call",
    [STORE_SQL_SAVEPOINT_KEEP] = "RELEASE call",
    [STORE_SQL_SAVEPOINT_UNDO] = "ROLLBACK TO call",

    [STORE_SQL_META_GET] = "SELECT id, schema, root_id, created, mac FROM meta WHERE id = 1",
    [STORE_SQL_META_PUT] = "INSERT OR REPLACE INTO meta (id, schema, root_id, created, mac)"
                           " VALUES (?1, ?2, ?3, ?4, ?5)",
    [STORE_SQL_COUNT] = "SELECT (SELECT count(*) FROM stakeholder), (SELECT count(*) FROM credential),"
                        " (SELECT count(*) FROM registration), (SELECT count(*) FROM key_registration),"
                        " (SELECT count(*) FROM certificate)",

    [STORE_SQL_BURN] = "INSERT INTO burnt (kind, hash) VALUES (?1, ?2)",
    [STORE_SQL_BURNT] = "SELECT 1 FROM burnt WHERE kind = ?1 AND hash = ?2",

    [STORE_SQL_STAKEHOLDER_GET] = "SELECT " STAKEHOLDER " FROM stakeholder WHERE admin_fqdn = ?1",
    [STORE_SQL_STAKEHOLDER_PUT] =
        "INSERT INTO stakeholder (" STAKEHOLDER ") VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET"
        " policy = excluded.policy, created = excluded.created, mac = excluded.mac",
    [STORE_SQL_STAKEHOLDER_DELETE] = "DELETE FROM stakeholder WHERE admin_fqdn = ?1",
    [STORE_SQL_STAKEHOLDER_LIST] = "SELECT " STAKEHOLDER " FROM stakeholder ORDER BY admin_fqdn",

    [STORE_SQL_PERMIT_GET] = "SELECT " PERMIT " FROM permit WHERE identity = ?1 AND admin_fqdn = ?2",
    [STORE_SQL_PERMIT_PUT] = "INSERT INTO permit (" PERMIT ") VALUES (?1, ?2, ?3)"
                             " ON CONFLICT DO UPDATE SET mac = excluded.mac",
    [STORE_SQL_PERMIT_DELETE] = "DELETE FROM permit WHERE identity = ?1 AND admin_fqdn = ?2",
    [STORE_SQL_PERMIT_LIST] = "SELECT " PERMIT " FROM permit ORDER BY identity, admin_fqdn",
    [STORE_SQL_PERMIT_LIST_OF] = "SELECT " PERMIT " FROM permit WHERE admin_fqdn = ?1 ORDER BY identity",

    [STORE_SQL_CLIENT_CFG_GET] =
        "SELECT " CLIENT_CFG " FROM client_cfg WHERE identity = ?1 AND admin_fqdn = ?2",
    [STORE_SQL_CLIENT_CFG_PUT] = "INSERT INTO client_cfg (" CLIENT_CFG ") VALUES (?1, ?2, ?3, ?4)"
                                 " ON CONFLICT DO UPDATE SET cfg = excluded.cfg, mac = excluded.mac",
    [STORE_SQL_CLIENT_CFG_DELETE] = "DELETE FROM client_cfg WHERE identity = ?1 AND admin_fqdn = ?2",
    [STORE_SQL_CLIENT_CFG_DELETE_OF] = "DELETE FROM client_cfg WHERE admin_fqdn = ?1",
    [STORE_SQL_CLIENT_CFG_LIST] = "SELECT " CLIENT_CFG " FROM client_cfg ORDER BY identity, admin_fqdn",

    [STORE_SQL_CREDENTIAL_GET] = "SELECT " CREDENTIAL " FROM credential WHERE kmid_key = ?1",
    [STORE_SQL_CREDENTIAL_CREATE] =
        "INSERT INTO credential (" CREDENTIAL ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [STORE_SQL_CREDENTIAL_UPDATE] =
        "UPDATE credential SET state = ?5, expires = ?8, mac = ?10 WHERE kmid_key = ?1",
    [STORE_SQL_CREDENTIAL_DELETE] = "DELETE FROM credential WHERE kmid_key = ?1",
    [STORE_SQL_CREDENTIAL_LIST] = "SELECT " CREDENTIAL " FROM credential ORDER BY kmid_key",
    [STORE_SQL_CREDENTIAL_PURGE] =
        "DELETE FROM credential WHERE kmid_key IN " EXPIRED("kmid_key", "credential"),

    [STORE_SQL_CREDENTIAL_TLS13_GET] =
        "SELECT " CREDENTIAL_TLS13 " FROM credential_tls13 WHERE kmid_key = ?1",
    [STORE_SQL_CREDENTIAL_TLS13_CREATE] =
        "INSERT INTO credential_tls13 (" CREDENTIAL_TLS13 ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [STORE_SQL_CREDENTIAL_TLS13_LIST] = "SELECT " CREDENTIAL_TLS13 " FROM credential_tls13 ORDER BY kmid_key",

    [STORE_SQL_REGISTRATION_GET] = "SELECT " REGISTRATION " FROM registration WHERE id = ?1",
    [STORE_SQL_REGISTRATION_FIND] =
        "SELECT " REGISTRATION " FROM registration WHERE identity = ?1 AND admin_fqdn = ?2",
    [STORE_SQL_REGISTRATION_CREATE] =
        "INSERT INTO registration (" REGISTRATION ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [STORE_SQL_REGISTRATION_UPDATE] =
        "UPDATE registration SET assigned_kmid = ?4, labels = ?5, modified = ?7, expires = ?8, mac = ?9"
        " WHERE id = ?1",
    [STORE_SQL_REGISTRATION_DELETE] = "DELETE FROM registration WHERE id = ?1",
    [STORE_SQL_REGISTRATION_LIST] = "SELECT " REGISTRATION " FROM registration ORDER BY id",
    [STORE_SQL_REGISTRATION_LIST_OF] =
        "SELECT " REGISTRATION " FROM registration WHERE identity = ?1 ORDER BY id",
    [STORE_SQL_REGISTRATION_PURGE] = "DELETE FROM registration WHERE id IN " EXPIRED("id", "registration"),

    [STORE_SQL_KEY_GET] = "SELECT " KEY " FROM key_registration WHERE id_key = ?1",
    [STORE_SQL_KEY_CREATE] = "INSERT INTO key_registration (" KEY
                             ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    [STORE_SQL_KEY_UPDATE] = "UPDATE key_registration SET labels = ?7, targets = ?8, modified = ?10,"
                             " expires = ?11, mac = ?13 WHERE id_key = ?1",
    [STORE_SQL_KEY_DELETE] = "DELETE FROM key_registration WHERE id_key = ?1",
    [STORE_SQL_KEY_DELETE_OF] = "DELETE FROM key_registration WHERE source = ?1 AND admin_fqdn = ?2",
    [STORE_SQL_KEY_COUNT_OF] = "SELECT count(*) FROM key_registration WHERE source = ?1 AND admin_fqdn = ?2"
                               " AND (expires = 0 OR expires > ?3)",
    [STORE_SQL_KEY_LIST] = "SELECT " KEY " FROM key_registration ORDER BY id_key",
    /* Two ordered index scans that SQLite merges: no temporary table however many keys there are. The second
     * begins with `key`, which equals id_key, because it sees the order of the column that it walks. */
    [STORE_SQL_KEY_LIST_OF] =
        "SELECT " KEY " FROM key_registration WHERE source = ?1 UNION ALL SELECT key, " KEY_REST
        " FROM key_target CROSS JOIN key_registration ON id_key = key"
        " WHERE key_target.identity = ?1 AND source <> ?1 ORDER BY id_key",
    [STORE_SQL_KEY_PURGE] =
        "DELETE FROM key_registration WHERE id_key IN " EXPIRED("id_key", "key_registration"),

    [STORE_SQL_TARGET_ADD] = "INSERT OR IGNORE INTO key_target (identity, key) VALUES (?1, ?2)",
    [STORE_SQL_TARGET_DELETE] = "DELETE FROM key_target WHERE key = ?1",
    [STORE_SQL_TARGET_DELETE_OF] =
        "DELETE FROM key_target WHERE key IN"
        " (SELECT id_key FROM key_registration WHERE source = ?1 AND admin_fqdn = ?2)",
    [STORE_SQL_TARGET_PURGE] = "DELETE FROM key_target WHERE key IN " EXPIRED("id_key", "key_registration"),

    [STORE_SQL_AUTHORITY_GET] = "SELECT " AUTHORITY " FROM authority WHERE name = ?1",
    [STORE_SQL_AUTHORITY_CREATE] =
        "INSERT INTO authority (" AUTHORITY ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [STORE_SQL_AUTHORITY_UPDATE] =
        "UPDATE authority SET crl_number = ?4, revoked = ?5, mac = ?7 WHERE name = ?1",

    [STORE_SQL_ISSUED_GET] = "SELECT " ISSUED " FROM issued WHERE serial = ?1",
    [STORE_SQL_ISSUED_CREATE] =
        "INSERT INTO issued (" ISSUED ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [STORE_SQL_ISSUED_REVOKE] = "UPDATE issued SET revoked = ?8, reason = ?9, mac = ?11 WHERE serial = ?1",
    [STORE_SQL_ISSUED_LIST] = "SELECT " ISSUED " FROM issued ORDER BY serial",
    [STORE_SQL_ISSUED_LIST_BY_NAME] = "SELECT " ISSUED " FROM issued WHERE name = ?1 ORDER BY serial",
    [STORE_SQL_ISSUED_LIST_BY_KEY] = "SELECT " ISSUED " FROM issued WHERE key = ?1 ORDER BY serial",
    [STORE_SQL_ISSUED_LIST_REVOKED] =
        "SELECT " ISSUED " FROM issued WHERE authority = ?1 AND revoked > 0 ORDER BY serial",

    [STORE_SQL_ENROLEE_GET] = "SELECT " ENROLEE " FROM enrolee WHERE identity = ?1",
    [STORE_SQL_ENROLEE_PUT] =
        "INSERT INTO enrolee (" ENROLEE ") VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET"
        " lifetime = excluded.lifetime, rights = excluded.rights, created = excluded.created,"
        " mac = excluded.mac",
    [STORE_SQL_ENROLEE_DELETE] = "DELETE FROM enrolee WHERE identity = ?1",
    [STORE_SQL_ENROLEE_LIST] = "SELECT " ENROLEE " FROM enrolee ORDER BY identity",

    [STORE_SQL_ENROLMENT_GET] = "SELECT " ENROLMENT " FROM enrolment WHERE id_key = ?1",
    [STORE_SQL_ENROLMENT_CREATE] =
        "INSERT INTO enrolment (" ENROLMENT ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [STORE_SQL_ENROLMENT_TRIM] =
        "DELETE FROM enrolment WHERE id_key IN (SELECT id_key FROM enrolment WHERE enrolee = ?1"
        " AND id_key <> ?3 ORDER BY created DESC, id_key LIMIT -1 OFFSET ?2)",
    [STORE_SQL_ENROLMENT_UPDATE] = "UPDATE enrolment SET fetched = ?5, mac = ?9 WHERE id_key = ?1",
    [STORE_SQL_ENROLMENT_DELETE] = "DELETE FROM enrolment WHERE id_key = ?1",
    [STORE_SQL_ENROLMENT_DELETE_OF] = "DELETE FROM enrolment WHERE credential = ?1",
    [STORE_SQL_ENROLMENT_LIST] = "SELECT " ENROLMENT " FROM enrolment ORDER BY id_key",
    [STORE_SQL_ENROLMENT_PURGE] = "DELETE FROM enrolment WHERE id_key IN " EXPIRED("id_key", "enrolment"),

    [STORE_SQL_COMMAND_GET] = "SELECT " COMMAND " FROM command WHERE id = ?1",
    [STORE_SQL_COMMAND_NEXT] =
        "SELECT " COMMAND " FROM command WHERE identity = ?1 AND admin_fqdn = ?2 AND state < 3"
        " ORDER BY position LIMIT 1",
    [STORE_SQL_COMMAND_CREATE] =
        "INSERT INTO command (" COMMAND ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [STORE_SQL_COMMAND_UPDATE] = "UPDATE command SET state = ?6, status = ?7, issued = ?9, reported = ?10,"
                                 " mac = ?11 WHERE id = ?1",
    [STORE_SQL_COMMAND_DELETE] = "DELETE FROM command WHERE id = ?1",
    [STORE_SQL_COMMAND_LIST] = "SELECT " COMMAND " FROM command ORDER BY position",

    [STORE_SQL_CERTIFICATE_GET] = "SELECT " CERTIFICATE " FROM certificate WHERE id = ?1",
    [STORE_SQL_CERTIFICATE_PUT] =
        "INSERT OR REPLACE INTO certificate (" CERTIFICATE ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [STORE_SQL_CERTIFICATE_LIST] = "SELECT " CERTIFICATE " FROM certificate ORDER BY id",
    [STORE_SQL_CERTIFICATE_PURGE] = "DELETE FROM certificate WHERE id IN " EXPIRED("id", "certificate"),
    [STORE_SQL_ANCHOR_GET] = "SELECT " ANCHOR " FROM anchor WHERE id = ?1",
    [STORE_SQL_ANCHOR_PUT] = "INSERT OR REPLACE INTO anchor (" ANCHOR ") VALUES (?1, ?2, ?3)",

    [STORE_SQL_MEF_GET] = "SELECT " MEF " FROM mef WHERE fqdn = ?1",
    [STORE_SQL_MEF_PUT] =
        "INSERT INTO mef (" MEF ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET"
        " address = excluded.address, kpmid = excluded.kpmid, vouches = excluded.vouches,"
        " created = excluded.created, kpm = excluded.kpm, mac = excluded.mac",
    [STORE_SQL_MEF_DELETE] = "DELETE FROM mef WHERE fqdn = ?1",
    [STORE_SQL_MEF_LIST] = "SELECT " MEF " FROM mef ORDER BY fqdn",
    [STORE_SQL_MEF_TRUST_GET] = "SELECT " MEF_TRUST " FROM mef_trust WHERE fqdn = ?1",
    [STORE_SQL_MEF_TRUST_PUT] =
        "INSERT INTO mef_trust (" MEF_TRUST ") VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET"
        " created = excluded.created, anchors = excluded.anchors, mac = excluded.mac",
    [STORE_SQL_MEF_TRUST_DELETE] = "DELETE FROM mef_trust WHERE fqdn = ?1",

    [STORE_SQL_PROVIDED_ADD] =
        "INSERT INTO provided (identity, mef, created, kmid_key) VALUES (?1, ?2, ?3, ?4)",
    [STORE_SQL_PROVIDED_TRIM] =
        "DELETE FROM credential WHERE kmid_key IN (SELECT kmid_key FROM provided WHERE identity = ?1"
        " AND mef = ?2 AND kmid_key <> ?4 ORDER BY created DESC, kmid_key LIMIT -1 OFFSET ?3)",

    [STORE_SQL_ASSIGNMENT_GET] = "SELECT " ASSIGNMENT " FROM assignment WHERE kmid_key = ?1",
    [STORE_SQL_ASSIGNMENT_CREATE] = "INSERT INTO assignment (" ASSIGNMENT ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [STORE_SQL_ASSIGNMENT_UPDATE] = "UPDATE assignment SET used = ?5, mac = ?6 WHERE kmid_key = ?1",
    [STORE_SQL_ASSIGNMENT_LIST] = "SELECT " ASSIGNMENT " FROM assignment ORDER BY kmid_key",
    [STORE_SQL_ASSIGNMENT_LIST_OF] =
        "SELECT " ASSIGNMENT " FROM assignment WHERE registration = ?1 ORDER BY kmid_key",
    [STORE_SQL_ASSIGNMENT_LIST_FROM] =
        "SELECT " ASSIGNMENT " FROM assignment WHERE keid_key = ?1 ORDER BY kmid_key",

    [STORE_SQL_SUBJECT_GET] = "SELECT " SUBJECT " FROM subject WHERE identity = ?1",
    [STORE_SQL_SUBJECT_PUT] =
        "INSERT INTO subject (" SUBJECT ") VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET"
        " lifetime = excluded.lifetime, names = excluded.names, created = excluded.created,"
        " mac = excluded.mac",
    [STORE_SQL_SUBJECT_DELETE] = "DELETE FROM subject WHERE identity = ?1",
    [STORE_SQL_SUBJECT_LIST] = "SELECT " SUBJECT " FROM subject ORDER BY identity",
    [STORE_SQL_LATEST_GET] = "SELECT " LATEST " FROM latest WHERE id = ?1",
    [STORE_SQL_LATEST_PUT] =
        "INSERT INTO latest (" LATEST ") VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET"
        " serial = excluded.serial, created = excluded.created, mac = excluded.mac",
    [STORE_SQL_LATEST_LIST] = "SELECT " LATEST " FROM latest ORDER BY id",
};
