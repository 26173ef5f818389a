/* A stakeholder's policy: who may register, for how long, and what keys it lets clients distribute to whom.
 * A JSON document in the store (mafadm(8)). Unknown members are errors; absent ones have their defaults:
 *
 *   {"register": "permitted",                 or "any": whom this MAF authenticates (default: "permitted",
 *                                             those added by `mafadm client add` or given a permit)
 *    "maxRegistrationLifetime": seconds,      later expirationTimes are cut to it (default: no limit)
 *    "maxKeyLifetime": seconds,               the same for keys (default: no limit)
 *    "maxProvisionedLifetime": seconds,       of a MAF: a KmID assigned for a Km from a MEF lasts so long,
 *                                             when the MEF says no less (default: as the MEF says)
 *    "maxKeys": n,                            live keys of one Source, 1 to 1 000 000 (default: 1000)
 *    "suids": [32, 33, 34, 35],               permitted SUIDs (default: all that the server may register)
 *    "targets": ["//sp/cse1", "//sp/..."],    permitted Targets, "/..." stands for all below (default: any)
 *    "defaultTargets": {"32": ["//sp/cse1"]}} for requests without targetIDs, MAF-KR-7 (default: none) */
#ifndef OPENMAF_MAF_POLICY_H
#define OPENMAF_MAF_POLICY_H

#include "onem2m/types.h"

/* SUIDs that keys may be registered for: first to last, at most MAF_SUIDS of them. */
#define MAF_SUIDS 5
struct maf_suids {
    unsigned first, last;
};

struct maf_policy {
    struct maf_suids suids;
    bool any_may_register;
    int64_t max_registration_lifetime;
    int64_t max_key_lifetime;
    int64_t max_provisioned_lifetime;
    int64_t max_keys;
    bool suid_allowed[MAF_SUIDS]; /* index: SUID - suids.first */
    bool any_target;
    struct m2m_list targets;
    struct m2m_list default_targets[MAF_SUIDS]; /* likewise */
};

/* Strict. OM_EINPUT names the member. Frees nothing of out's former content: pass a zeroed one. */
OM_MUST_USE om_rc maf_policy_parse(const char *json, const struct maf_suids *suids, struct maf_policy *out,
                                   struct om_error *err);
void maf_policy_free(struct maf_policy *p);

bool maf_policy_suid_allowed(const struct maf_policy *p, unsigned suid);
/* suid is one of p->suids. */
const struct m2m_list *maf_policy_default_targets(const struct maf_policy *p, unsigned suid);

bool maf_policy_target_allowed(const struct maf_policy *p, const char *target);

#endif
