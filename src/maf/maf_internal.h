/* What the files of src/maf share: the MAF itself, one request under way, and the checks that several
 * procedures make alike. Each procedure has its own file and is a maf_procedure.
 *
 * A procedure checks in the order of MAF-GEN-12, prepares its response, then commits; nothing that can fail
 * stands behind the commit. It may be run again from the start after OM_ETRANSIENT, since until its commit
 * nothing has changed (MAF-GEN-6). */
#ifndef OPENMAF_MAF_INTERNAL_H
#define OPENMAF_MAF_INTERNAL_H

#include "maf/maf.h"
#include "maf/policy.h"
#include "maf/role.h"

#define MAF_ATTEMPTS      3  /* tries of anything that ended with OM_ETRANSIENT... */
#define MAF_RETRY_SECONDS 1  /* ... begun within this time: what was slow to fail is not tried again */
#define MAF_ID_ATTEMPTS   4  /* tries to find an identifier never used before */
#define MAF_REFUSAL_LINES 10 /* audit lines of one kind per second; the rest is counted */

/* Peers can cause refusals at will: this keeps them from filling the log. */
struct maf_lines {
    int64_t second;
    unsigned lines;
    uint64_t suppressed;
};

struct maf {
    const struct maf_role *role;
    struct se *se;
    struct store *store;
    struct se_cache *cache;
    char **names; /* MAF-FQDN first; NULL-terminated */
    bool require_target_registration;
    bool keep_keys_on_deregistration;
    int64_t max_provisioned_lifetime;
    int64_t command_retry;
    char *device_config_uri; /* or NULL */
    int64_t (*now)(void);
    int64_t started;
    struct se_blob decoy;    /* a random PSK that nobody knows, MAF-HS-6 */
    struct se_psk13 decoy13; /* the same for TLS 1.3 */
    struct maf_certificates *certificates;
    struct maf_stats stats;
    struct maf_lines refusals, bad_rows;
};

/* Bounded retry. Zero-initialised; true the first time, then for as long as one more attempt is allowed. */
struct maf_retry {
    unsigned attempts;
    time_t started; /* monotonic */
};
bool maf_again(struct maf_retry *r);

/* handshake.c: from a psk_identity to its credential, alike for all versions of TLS. */
enum maf_verdict {
    MAF_PSK_FOUND,
    MAF_PSK_UNKNOWN,
    MAF_PSK_EXPIRED,
    MAF_PSK_REVOKED,
    MAF_PSK_BAD_ROW,
    MAF_PSK_MALFORMED,
    MAF_PSK_NO_TLS13, /* imported before there were forms for TLS 1.3 */
};
struct maf_lookup {
    const char *identity;
    char
        name[M2M_KEY_ID_SIZE]; /* under which it is looked up and cached: folded, or a text that is no KmID */
    struct store_credential row;
    enum maf_verdict verdict;
    bool has_row;
};
OM_MUST_USE om_rc maf_lookup(struct maf *maf, const char *identity, struct maf_lookup *look,
                             struct om_error *err);
/* Asks the token for a row MAC as a row that is not there would have. */
OM_MUST_USE om_rc maf_imitate_row(struct maf *maf, const struct maf_lookup *look, struct om_error *err);
/* The peer, and a line in the audit trail. */
OM_MUST_USE om_rc maf_lookup_end(struct maf *maf, const struct maf_lookup *look, void **peer,
                                 struct om_error *err);

bool maf_is_name(const struct maf *maf, const char *fqdn);

/* One audit line about a refusal, or one more suppressed. */
void maf_audit_refusal(struct maf *maf, const char *event, const char *fmt, ...) OM_PRINTF(3, 4);
/* The same about a row that did not verify. These are counted apart, so that nobody can drown them in
 * refusals of his own. */
void maf_audit_bad_row(struct maf *maf, const char *event, const char *fmt, ...) OM_PRINTF(3, 4);

/* What a peer chose, as one word: in a log line it must not pass for another field. Returns out. */
const char *maf_shown(char *out, size_t cap, const char *text);

/* One request under way. */
struct maf_call {
    struct maf *maf;
    struct maf_session *session;
    const struct m2m_request *rq;
    struct m2m_response *rs;
    char from[M2M_ID_SIZE]; /* the authenticated identity that asks */
    struct m2m_address to;
    int64_t now;
    json_t *content; /* prepared by maf_prepare, put into rs by maf_done */
    bool answered;   /* rs is complete */
    struct om_error err;
};

/* ---- the procedures, in the order of clause 8.8.2 ---- */
maf_procedure maf_client_registration;   /* 8.8.2.3 */
maf_procedure maf_client_configuration;  /* 8.8.2.4 */
maf_procedure maf_client_update;         /* 8.8.2.5 */
maf_procedure maf_client_deregistration; /* 8.8.2.6 */
maf_procedure maf_key_registration;      /* 8.8.2.7 */
maf_procedure maf_key_retrieval;         /* 8.8.2.8 */
maf_procedure maf_key_update;            /* 8.8.2.9 */
maf_procedure maf_key_deregistration;    /* 8.8.2.10 */
maf_procedure maf_base_retrieve;         /* MAFBase, and discovery below it */
maf_procedure maf_discovery;
maf_procedure maf_base_create;   /* chooses between the two registrations */
maf_procedure maf_base_refuse;   /* UPDATE, DELETE */
maf_procedure maf_record_create; /* CREATE below a record */

/* ---- answers (answer.c) ---- */

/* Makes the response an error and returns OM_EDENIED. Privilege and conflict refusals are audited. */
om_rc maf_refuse(struct maf_call *c, int rsc, const char *fmt, ...) OM_PRINTF(3, 4);
/* Encodes the attributes of r that are in mask as the content to come; mask 0 gives an empty resource. */
OM_MUST_USE om_rc maf_prepare(struct maf_call *c, const struct m2m_resource *r, unsigned mask);
void maf_done(struct maf_call *c, int rsc);
/* Location of a created or changed resource (absolute form). */
void maf_set_location(struct maf_call *c, const char *id);
/* Response for a failure that is not the peer's. */
void maf_fault(struct maf_call *c, om_rc rc);

/* ---- session (dispatch.c) ---- */

/* The session's credential is neither revoked nor expired; refuses, and ends the session, when it is. */
OM_MUST_USE om_rc maf_check_credential(struct maf_call *c);

/* ---- content stage (content.c) ---- */

/* The adminFQDN of a CREATE when it is legible at all: privilege comes before content (MAF-GEN-12). */
bool maf_peek_admin(const struct m2m_request *rq, const char *member, char admin[M2M_FQDN_SIZE]);

/* Decodes the content, or refuses. */
OM_MUST_USE om_rc maf_content(struct maf_call *c, int type, enum m2m_direction direction,
                              struct m2m_resource *out);
/* RETRIEVE and DELETE carry none. */
OM_MUST_USE om_rc maf_no_content(struct maf_call *c);

enum maf_result { MAF_RESULT_NOTHING, MAF_RESULT_ATTRIBUTES, MAF_RESULT_MODIFIED };
/* Result Content of the request, with the default of its operation; refuses what is not allowed there. */
OM_MUST_USE om_rc maf_result_content(struct maf_call *c, enum maf_result *out);

/* The attributes that a RETRIEVE asks for: the attribute list, else all of `readable` but not `on_demand`. */
OM_MUST_USE om_rc maf_attribute_list(struct maf_call *c, int type, unsigned readable, unsigned on_demand,
                                     unsigned *mask);

/* A proposed expirationTime: refuses the past (MAF-GEN-9), cuts to max_lifetime (MAF-GEN-5). */
OM_MUST_USE om_rc maf_expiration(struct maf_call *c, int64_t proposed, int64_t max_lifetime, int64_t *out);

/* targetIDs for a SUID: MAF-KR-6, then the administrator's word. */
OM_MUST_USE om_rc maf_check_targets(struct maf_call *c, const struct m2m_list *targets, unsigned suid,
                                    const struct maf_policy *policy);

/* ---- records (records.c) ---- */

bool maf_expired(int64_t expires, int64_t now); /* MAF-GEN-7 */

/* A name below the base that has the form of a mafClientRegID; all others are RelativeKeyIDs. */
bool maf_is_registration_id(const char *name);
void maf_make_registration_id(char out[M2M_RELATIVE_SIZE], const uint8_t octets[16]);

/* The record that c->to names; refuses with 4004 when there is none or it has expired (then also deletes
 * it). *out must be free or zeroed. */
OM_MUST_USE om_rc maf_load_registration(struct maf_call *c, struct store_registration *out);
OM_MUST_USE om_rc maf_load_key(struct maf_call *c, struct store_key *out);
/* The same, and refuses with 4103 whoever did not make it (MAF-CC-3, -CU-3, -CD-1, -KU-1, -KD-1). */
OM_MUST_USE om_rc maf_load_own_registration(struct maf_call *c, struct store_registration *out);
OM_MUST_USE om_rc maf_load_own_key(struct maf_call *c, struct store_key *out);

/* OM_OK when `identity` has a live registration under admin; OM_ENOTFOUND when not. */
OM_MUST_USE om_rc maf_registered(struct maf_call *c, const char *admin);

/* Policy of a stakeholder; unknown stakeholder: refused with 4103, `why` is the text. */
OM_MUST_USE om_rc maf_load_policy(struct maf_call *c, const char *admin, const char *why,
                                  struct maf_policy *out);
/* ... and the stakeholder lets c->from be its client (MAF-CR-3). */
OM_MUST_USE om_rc maf_load_permission(struct maf_call *c, const char *admin, struct maf_policy *out);
/* The same once more, inside the transaction that builds on it: the stakeholder may have thought better of
 * it. */
OM_MUST_USE om_rc maf_check_permission(struct maf_call *c, const char *admin);

/* Runs step between BEGIN and COMMIT. */
OM_MUST_USE om_rc maf_transaction(struct maf_call *c, om_rc (*step)(struct maf_call *c, void *arg),
                                  void *arg);

/* Records as resources. They borrow lists of r: do not free them. */
struct m2m_resource maf_registration_view(const struct maf_call *c, const struct store_registration *r);
struct m2m_resource maf_key_view(const struct maf_call *c, const struct store_key *r);

/* ---- KmIDs assigned to remotely provisioned clients (assignment.c) ---- */

/* What a registration over a KeID session gives its client. Zero-initialise. */
struct maf_assignment {
    bool wanted;                        /* the session is one; otherwise the rest does not count */
    struct store_credential credential; /* of the new KmID: Km and expiry of the KeID's */
    bool has_forms;
    struct se_psk13 forms;
    char keid[M2M_KEY_ID_SIZE];
};
/* Before the transaction: makes up a KmID (MAF-CR-6), which lasts as long as the KeID and the policy of
 * admin, the registration's, let it. */
OM_MUST_USE om_rc maf_assignment_begin(struct maf_call *c, const char *admin, const struct maf_policy *policy,
                                       struct maf_assignment *a);
/* A registration ends with the KmID that it brings, if not before (TS-0003 10.7). */
void maf_assignment_cap(const struct maf_assignment *a, int64_t *expires);
/* In the transaction that makes or updates the registration, whose id is given. OM_ECONFLICT: KmID taken. */
OM_MUST_USE om_rc maf_assignment_store(struct maf_call *c, const struct maf_assignment *a,
                                       const char *registration);
/* The KmID that this very KeID gave the registration before and that was not used yet: given again. */
OM_MUST_USE om_rc maf_assignment_is_open(struct maf_call *c, const char *kmid, bool *open);
/* Ends all KmIDs of a registration, the KeIDs that they come from, and what else these gave (MAF-CD-3,
 * MEF-RP-7). */
OM_MUST_USE om_rc maf_assignments_remove(struct store *store, const char *registration, struct om_error *err);
/* The other credentials that share a key with this one end too (MEF-RP-7). */
OM_MUST_USE om_rc maf_assignment_revoke_kin(struct store *store, const char *kmid, struct om_error *err);
/* omtls_server.authenticated of a MAF: the first handshake with an assigned KmID (MAF-CU-7). */
void maf_authenticated(void *maf, SSL *ssl, void *peer);

/* Deletes a registration and what is tied to it (MAF-CD-2, -3), inside the caller's transaction. */
OM_MUST_USE om_rc maf_registration_remove(struct store *store, const struct store_registration *r,
                                          bool keep_keys, int64_t now, size_t *keys, struct om_error *err);

#endif
