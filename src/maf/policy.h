/* A stakeholder's policy: who may register, for how long, and what keys it lets clients distribute to whom.
 * A JSON document in the store (mafadm(8)). Unknown members are errors; absent ones have their defaults:
 *
 *   {"register": "permitted",                 or "any": whom this MAF authenticates (default: "permitted",
 *                                             those added by `mafadm client add` or given a permit)
 *    "maxRegistrationLifetime": seconds,      later expirationTimes are cut to it (default: no limit)
 *    "maxKeyLifetime": seconds,               the same for keys (default: no limit)
 *    "suids": [32, 33, 34, 35],               permitted SUIDs (default: all four)
 *    "targets": ["//sp/cse1", "//sp/..."],    permitted Targets, "/..." stands for all below (default: any)
 *    "defaultTargets": {"32": ["//sp/cse1"]}} for requests without targetIDs, MAF-KR-7 (default: none) */
#ifndef OPENMAF_MAF_POLICY_H
#define OPENMAF_MAF_POLICY_H

#include "onem2m/types.h"

struct maf_policy {
    bool any_may_register;
    int64_t max_registration_lifetime;
    int64_t max_key_lifetime;
    bool suid_allowed[36]; /* index is the SUID; 32..35 used */
    bool any_target;
    struct m2m_list targets;
    struct m2m_list default_targets[4]; /* SUID 32..35 */
};

/* Strict. OM_EINPUT names the member. Frees nothing of out's former content: pass a zeroed one. */
OM_MUST_USE om_rc maf_policy_parse(const char *json, struct maf_policy *out, struct om_error *err);
void maf_policy_free(struct maf_policy *p);

bool maf_policy_target_allowed(const struct maf_policy *p, const char *target);

#endif
