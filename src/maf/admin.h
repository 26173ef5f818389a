/* What an operator does to a MAF's records (the standard leaves this to the implementer): used by mafadm, and
 * later by other front ends. Works on a store that daemons may have open at the same time; every call is
 * durable when it returns. */
#ifndef OPENMAF_MAF_ADMIN_H
#define OPENMAF_MAF_ADMIN_H

#include "maf/maf.h"
#include "maf/role.h"

/* New stakeholder with default policy. OM_ECONFLICT when it exists. */
OM_MUST_USE om_rc maf_admin_stakeholder_add(struct store *store, const char *admin_fqdn,
                                            struct om_error *err);

/* Removes it when nothing refers to it any more. OM_ENOTFOUND, OM_ECONFLICT. */
OM_MUST_USE om_rc maf_admin_stakeholder_remove(struct store *store, const char *admin_fqdn,
                                               struct om_error *err);

/* What to change of a stakeholder; NULL leaves as it is. */
struct maf_admin_edit {
    const struct maf_role *role;   /* NULL: a MAF */
    const char *policy;            /* JSON, checked by maf_policy_parse */
    const struct m2m_list *permit; /* identities that may register from now on */
    const struct m2m_list *forbid; /* ... and that no longer may */
};
/* All of it or nothing. OM_EINPUT, OM_ENOTFOUND. */
OM_MUST_USE om_rc maf_admin_stakeholder_edit(struct store *store, const char *admin_fqdn,
                                             const struct maf_admin_edit *edit, struct om_error *err);
/* Its policy alone, at a MAF. */
OM_MUST_USE om_rc maf_admin_policy_set(struct store *store, const char *admin_fqdn, const char *json,
                                       struct om_error *err);

struct maf_admin_client {
    const struct maf_role *role; /* NULL: a MAF */
    const char *id;              /* Absolute AE-ID or CSE-ID */
    const char *admin_fqdn;      /* existing stakeholder: the client is permitted to register under it */
    const char *kmid;            /* "rel" or "rel@MAF-FQDN"; NULL: one is made up */
    int64_t expires;             /* 0: never */
};
/* Imports km (16..64 octets) or, when km is NULL, makes 32 octets in the token's generator and returns them
 * in *generated (the only copy: the caller hands it to the client and wipes it). kmid_out gets the full KmID.
 */
OM_MUST_USE om_rc maf_admin_client_add(struct store *store, struct se *se, const char *maf_fqdn,
                                       const struct maf_admin_client *client, const struct om_secret *km,
                                       struct om_secret *generated, char kmid_out[M2M_KEY_ID_SIZE],
                                       struct om_error *err);
/* The KmID stops working at once and for ever; its row stays, marked. */
OM_MUST_USE om_rc maf_admin_client_revoke(struct store *store, const char *kmid, struct om_error *err);

/* Attaches mafClientCfg JSON to (identity, stakeholder); NULL detaches. MAF-CC-5. */
OM_MUST_USE om_rc maf_admin_client_cfg(struct store *store, const struct maf_role *role /* NULL: a MAF */,
                                       const char *identity, const char *admin_fqdn, const char *json,
                                       struct om_error *err);

/* Ends a registration (with its keys unless keep_keys) or a key registration on the operator's word. */
OM_MUST_USE om_rc maf_admin_registration_revoke(struct store *store, const char *reg_id, bool keep_keys,
                                                struct om_error *err);
OM_MUST_USE om_rc maf_admin_key_revoke(struct store *store, const char *key_id, struct om_error *err);

/* Edits the target list of an ESData key (SUID 34, 35 only; MAF-KR-13). */
OM_MUST_USE om_rc maf_admin_key_targets(struct store *store, const char *key_id, const struct m2m_list *add,
                                        const struct m2m_list *remove, struct om_error *err);

#endif
