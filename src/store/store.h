/* The MAF's durable records, over SQLite (WAL, synchronous FULL). Knows SQL and records, no protocol and no
 * policy.
 *
 * Every row that matters carries an HMAC by a token key over all its columns (the `mac` callback), checked
 * whenever the row is loaded: a row that does not verify is OM_EINTEGRITY, never data. Column order, lengths
 * and the table's name are part of the message, so nothing can be moved between rows, columns or tables.
 *
 * One struct store per process and thread; several processes may have the same database open. Each call is
 * its own durable transaction unless between store_begin and store_commit. OM_ETRANSIENT: busy beyond the
 * bound, or I/O. Times are seconds since 1970 UTC; 0 as expiry means none. Identifiers are passed in the form
 * to be displayed; lookups of KmIDs and RelativeKeyIDs fold ASCII case. A permit, client configuration,
 * registration or key whose stakeholder does not exist is refused with OM_ENOTFOUND. An update takes from its
 * record only what may change; the rest stays as it is in the (verified) row. */
#ifndef OPENMAF_STORE_STORE_H
#define OPENMAF_STORE_STORE_H

#include "onem2m/types.h"
#include "se/se.h"

struct store;

struct store_auth {
    om_rc (*mac)(void *arg, const struct se_part *parts, size_t n_parts, uint8_t out[SE_MAC_SIZE],
                 struct om_error *err);
    void *arg;
    uint8_t root_id[8]; /* se_root_id of the token that the database belongs to */
};

/* Rows authenticated by the row root of this token, which must outlive the store. */
OM_MUST_USE om_rc store_auth_token(struct se *se, struct store_auth *out, struct om_error *err);

/* Creates the database file (must not exist, mode 0600) with the current schema, bound to auth->root_id. */
OM_MUST_USE om_rc store_create(const char *path, const struct store_auth *auth, struct om_error *err);

/* Opens it; migrates an older schema inside one transaction; refuses a newer one, another token's
 * (OM_ECONFIG), and a file reachable by others. auth is copied, its arg must outlive the store. */
OM_MUST_USE om_rc store_open(const char *path, const struct store_auth *auth, struct store **out,
                             struct om_error *err);
void store_close(struct store *s);

/* MAF-GEN-7: at its expiry a record has expired; 0 is none. */
static inline bool store_expired(int64_t expires, int64_t now)
{
    return expires != 0 && now >= expires;
}

/* BEGIN IMMEDIATE ... COMMIT. rollback is safe at any time and never fails visibly. No nesting. */
OM_MUST_USE om_rc store_begin(struct store *s, struct om_error *err);
OM_MUST_USE om_rc store_commit(struct store *s, struct om_error *err); /* on failure it has rolled back */
void store_rollback(struct store *s);
/* The one or the other, by what became of the work in between; returns rc, or why it is not on disk. */
OM_MUST_USE om_rc store_end(struct store *s, om_rc rc, struct om_error *err);

/* One trivial read and an integrity check of the meta row. */
OM_MUST_USE om_rc store_health(struct store *s, struct om_error *err);

/* ---- administrating stakeholders ---- */
#define STORE_POLICY_MAX 65536
struct store_stakeholder {
    char admin_fqdn[M2M_FQDN_SIZE];
    char *policy; /* owned: JSON text, what src/maf/policy.c understands; "{}" for defaults */
    int64_t created;
};
void store_stakeholder_free(struct store_stakeholder *r);
OM_MUST_USE om_rc store_stakeholder_put(struct store *s, const struct store_stakeholder *r,
                                        struct om_error *err);
OM_MUST_USE om_rc store_stakeholder_get(struct store *s, const char *admin_fqdn,
                                        struct store_stakeholder *out, struct om_error *err);
/* Refuses (OM_ECONFLICT) while registrations, keys or permits name it; client configurations go with it. */
OM_MUST_USE om_rc store_stakeholder_delete(struct store *s, const char *admin_fqdn, struct om_error *err);

/* ---- which identity may register under which administrator ---- */
OM_MUST_USE om_rc store_permit_put(struct store *s, const char *identity, const char *admin_fqdn,
                                   struct om_error *err);
OM_MUST_USE om_rc store_permit_delete(struct store *s, const char *identity, const char *admin_fqdn,
                                      struct om_error *err);
/* OM_OK when there is one, OM_ENOTFOUND when not. */
OM_MUST_USE om_rc store_permit_check(struct store *s, const char *identity, const char *admin_fqdn,
                                     struct om_error *err);

/* Configuration that an administrator left for a client (mafClientCfg as JSON text); NULL cfg removes it. */
OM_MUST_USE om_rc store_client_cfg_put(struct store *s, const char *identity, const char *admin_fqdn,
                                       const char *cfg, struct om_error *err);
OM_MUST_USE om_rc store_client_cfg_get(struct store *s, const char *identity, const char *admin_fqdn,
                                       char **cfg, struct om_error *err); /* *cfg owned by the caller */

/* ---- credentials: KmID -> identity and wrapped Km ---- */
enum store_credential_state { STORE_CREDENTIAL_ACTIVE = 1, STORE_CREDENTIAL_REVOKED = 2 };
struct store_credential {
    char kmid[M2M_KEY_ID_SIZE];
    char identity[M2M_ID_SIZE]; /* Absolute AE-ID or CSE-ID, or "" when none is known (Credential-ID is used)
                                 */
    char admin_fqdn[M2M_FQDN_SIZE]; /* the stakeholder for whom it was added */
    enum store_credential_state state;
    bool assigned; /* by the MAF at a registration (remote provisioning), not by hand */
    int64_t created, expires;
    struct se_blob km; /* SE_USE_TLS12_PSK */
};
/* New KmID: burns it for ever; OM_ECONFLICT when it was ever used. */
OM_MUST_USE om_rc store_credential_create(struct store *s, const struct store_credential *r,
                                          struct om_error *err);
OM_MUST_USE om_rc store_credential_get(struct store *s, const char *kmid, struct store_credential *out,
                                       struct om_error *err);
/* State and expiry only. */
OM_MUST_USE om_rc store_credential_update(struct store *s, const struct store_credential *r,
                                          struct om_error *err);
OM_MUST_USE om_rc store_credential_delete(struct store *s, const char *kmid, struct om_error *err);

/* The forms of a credential's key for TLS 1.3; they go with the credential. Those of before schema 2 have
 * none (OM_ENOTFOUND), and cannot get any: they follow from Km alone. */
OM_MUST_USE om_rc store_credential_tls13_create(struct store *s, const char *kmid,
                                                const struct se_psk13 *forms, struct om_error *err);
OM_MUST_USE om_rc store_credential_tls13_get(struct store *s, const char *kmid, struct se_psk13 *out,
                                             struct om_error *err);

/* ---- MAF Client Registrations ---- */
struct store_registration {
    char id[M2M_RELATIVE_SIZE]; /* mafClientRegID */
    char identity[M2M_ID_SIZE];
    char admin_fqdn[M2M_FQDN_SIZE];
    char assigned_kmid[M2M_KEY_ID_SIZE]; /* "" when none */
    struct m2m_list labels;
    int64_t created, modified, expires;
};
void store_registration_free(struct store_registration *r);
/* Burns the id. OM_ECONFLICT: (identity, admin_fqdn) has a row already, or the id was ever used. */
OM_MUST_USE om_rc store_registration_create(struct store *s, const struct store_registration *r,
                                            struct om_error *err);
OM_MUST_USE om_rc store_registration_get(struct store *s, const char *id, struct store_registration *out,
                                         struct om_error *err);
OM_MUST_USE om_rc store_registration_find(struct store *s, const char *identity, const char *admin_fqdn,
                                          struct store_registration *out, struct om_error *err);
/* labels, modified, expires, assigned_kmid. */
OM_MUST_USE om_rc store_registration_update(struct store *s, const struct store_registration *r,
                                            struct om_error *err);
OM_MUST_USE om_rc store_registration_delete(struct store *s, const char *id, struct om_error *err);
/* Deletes it if it has expired by now; one that was prolonged since the caller looked at it stays. */
OM_MUST_USE om_rc store_registration_expire(struct store *s, const char *id, int64_t now,
                                            struct om_error *err);

/* ---- key registrations ---- */
struct store_key {
    char id[M2M_RELATIVE_SIZE]; /* RelativeKeyID */
    char source[M2M_ID_SIZE];   /* Source MAF Client ID = creator */
    char admin_fqdn[M2M_FQDN_SIZE];
    unsigned suid;
    bool exporter; /* made by the TLS exporter */
    struct m2m_list labels, targets;
    int64_t created, modified, expires;
    struct se_blob value; /* sealed Kc */
};
void store_key_free(struct store_key *r);
/* Burns the id. OM_ECONFLICT when it was ever used. */
OM_MUST_USE om_rc store_key_create(struct store *s, const struct store_key *r, struct om_error *err);
OM_MUST_USE om_rc store_key_get(struct store *s, const char *id, struct store_key *out, struct om_error *err);
/* labels, targets, modified, expires. */
OM_MUST_USE om_rc store_key_update(struct store *s, const struct store_key *r, struct om_error *err);
OM_MUST_USE om_rc store_key_delete(struct store *s, const char *id, struct om_error *err);
/* As store_registration_expire. */
OM_MUST_USE om_rc store_key_expire(struct store *s, const char *id, int64_t now, struct om_error *err);
/* All of one Source under one administrator; *deleted gets the count (MAF-CD-3). */
OM_MUST_USE om_rc store_key_delete_of(struct store *s, const char *source, const char *admin_fqdn,
                                      size_t *deleted, struct om_error *err);

/* Keys of one Source under one administrator that live at `now`, by what their rows say: these are counted,
 * not verified. */
OM_MUST_USE om_rc store_key_count(struct store *s, const char *source, const char *admin_fqdn, int64_t now,
                                  uint64_t *n, struct om_error *err);

/* True in *used when this KmID, mafClientRegID or RelativeKeyID was ever given (MAF-GEN-10). */
enum store_id_kind { STORE_ID_KMID = 1, STORE_ID_REGISTRATION = 2, STORE_ID_KEY = 3 };
OM_MUST_USE om_rc store_id_used(struct store *s, enum store_id_kind kind, const char *id, bool *used,
                                struct om_error *err);

/* ---- lists, in order of identifier, streamed; memory does not grow with the table ---- */

/* Called for each row; return false to stop. `bad` is NULL for a verified row; else the row did not verify,
 * only its identifier is set, and bad->text says what is wrong. The record is the store's; copy what you
 * keep. A callback may read from the store; it should not write (another process's commit since the list
 * began makes that OM_ETRANSIENT): note what to change, and change it afterwards. */
typedef bool store_stakeholder_fn(void *arg, const struct store_stakeholder *r, const struct om_error *bad);
typedef bool store_permit_fn(void *arg, const char *identity, const char *admin_fqdn,
                             const struct om_error *bad);
typedef bool store_credential_fn(void *arg, const struct store_credential *r, const struct om_error *bad);
typedef bool store_kmid_fn(void *arg, const char *kmid, const struct om_error *bad);
typedef bool store_registration_fn(void *arg, const struct store_registration *r, const struct om_error *bad);
typedef bool store_key_fn(void *arg, const struct store_key *r, const struct om_error *bad);

OM_MUST_USE om_rc store_stakeholder_list(struct store *s, store_stakeholder_fn *fn, void *arg,
                                         struct om_error *err);
OM_MUST_USE om_rc store_permit_list(struct store *s, const char *admin_fqdn /* NULL: all */,
                                    store_permit_fn *fn, void *arg, struct om_error *err);
/* For which identities configurations are left; called as for permits. */
OM_MUST_USE om_rc store_client_cfg_list(struct store *s, store_permit_fn *fn, void *arg,
                                        struct om_error *err);
OM_MUST_USE om_rc store_credential_list(struct store *s, store_credential_fn *fn, void *arg,
                                        struct om_error *err);
/* Folded KmIDs that have forms for TLS 1.3. */
OM_MUST_USE om_rc store_credential_tls13_list(struct store *s, store_kmid_fn *fn, void *arg,
                                              struct om_error *err);
OM_MUST_USE om_rc store_registration_list(struct store *s, const char *identity /* NULL: all */,
                                          store_registration_fn *fn, void *arg, struct om_error *err);
/* Keys whose source is `identity` or whose targets contain it (through an index); NULL: all. */
OM_MUST_USE om_rc store_key_list(struct store *s, const char *identity, store_key_fn *fn, void *arg,
                                 struct om_error *err);

/* What the row of a key says of itself before it is verified: good for passing over rows that nobody wants,
 * which spares the token an HMAC for each, and for nothing else. */
struct store_glance {
    int64_t created, modified, expires;
    const void *labels; /* encoded: */
    size_t labels_len;
};
bool store_glance_has_label(const struct store_glance *g, const char *label);
typedef bool store_key_glance_fn(void *arg, const struct store_glance *g);

/* As store_key_list, of the rows that `glance` says yes to. Rows that do not verify are told of when they are
 * among them. */
OM_MUST_USE om_rc store_key_find(struct store *s, const char *identity, store_key_glance_fn *glance,
                                 store_key_fn *fn, void *arg, struct om_error *err);

/* Deletes, with wiped pages (secure_delete), at most `max` rows whose expiry is <= now: registrations, keys,
 * credentials, clients by certificate. *deleted gets the count. */
OM_MUST_USE om_rc store_purge(struct store *s, int64_t now, size_t max, size_t *deleted,
                              struct om_error *err);

struct store_counts {
    uint64_t stakeholders, credentials, registrations, keys, certificates;
};
OM_MUST_USE om_rc store_count(struct store *s, struct store_counts *out, struct om_error *err);

#endif
