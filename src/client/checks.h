/* What a client checks in the answers of its servers before they count (MAF-CR-9, MAF-KR-15, MAF-KR-16,
 * MAF-KT-9): each a function of the answer and of what was sent, so that each can be tested alone. All fail
 * with OM_EINTEGRITY. */
#ifndef OPENMAF_CLIENT_CHECKS_H
#define OPENMAF_CLIENT_CHECKS_H

#include "client/server.h"
#include "onem2m/resource.h"

OM_MUST_USE om_rc check_not_past(int64_t et, int64_t now, struct om_error *err);
OM_MUST_USE om_rc check_own_id(const char *answered, const char *own, struct om_error *err);
OM_MUST_USE om_rc check_admin_fqdn(const char *answered, const char *sent, struct om_error *err);
OM_MUST_USE om_rc check_suid(unsigned answered, unsigned sent, struct om_error *err);
/* Letter case does not count (spec decision 7). */
OM_MUST_USE om_rc check_relative_key_id(const char *answered, const char *own, struct om_error *err);

/* No KmID may be assigned in a session that used a pre-provisioned one (MAF-CR-7): this client has no Km for
 * it. */
OM_MUST_USE om_rc check_no_assigned_kmid(const struct m2m_resource *answer, struct om_error *err);

/* assignedSymmKeyID in a session with a KeID, and only there (MAF-CR-7, MAF-CU-7): relative@MAF-FQDN. */
OM_MUST_USE om_rc check_assigned_kmid(const struct m2m_resource *answer, const char *maf_fqdn,
                                      char kmid[M2M_KEY_ID_SIZE], struct om_error *err);

/* A whole answer to MAF Client Registration (MAF-CR-9), but for assignedSymmKeyID. */
OM_MUST_USE om_rc check_registration(const struct m2m_resource *answer, const char *own_id,
                                     const char *admin_fqdn, int64_t now, struct om_error *err);

/* A whole answer to MAF Key Registration (MAF-KR-15, MAF-KR-16). `sent` is the request; own_relative is NULL
 * when this end derived none. *changed tells whether targetIDs differ from those sent, which is a failure
 * only if strict. */
OM_MUST_USE om_rc check_key_registration(const struct m2m_resource *answer, const struct m2m_resource *sent,
                                         const char *own_id, const char *own_relative, bool strict,
                                         int64_t now, bool *changed, struct om_error *err);

/* A whole answer to MAF Key Retrieval (MAF-KT-7, MAF-KT-9, MAF-KR-9). */
OM_MUST_USE om_rc check_key_retrieval(const struct m2m_resource *answer, const struct server_role *role,
                                      const char *relative, int64_t now, struct om_error *err);

/* Whether two lists hold the same texts, in any order. */
bool check_same_members(const struct m2m_list *a, const struct m2m_list *b);

#endif
