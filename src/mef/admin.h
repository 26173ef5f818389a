/* What an operator does to a MEF's own records, beside what maf/admin.h has in common: used by mefadm. Every
 * call is durable when it returns. */
#ifndef OPENMAF_MEF_ADMIN_H
#define OPENMAF_MEF_ADMIN_H

#include "maf/admin.h"
#include "mef/mef.h"
#include "pki/name.h"
#include "store/mef.h"
#include "store/subject.h"

/* Lets `target` fetch the keys that follow from the Enrolee's enrolments for one SUID (MEF-EK-3); `lifetime`
 * is the Enrolment Expiry in seconds of enrolments to come, 0 leaves it as it is (new: 30 days). Repeatable.
 * OM_EINPUT: identity, or a target that does not fit the SUID. */
OM_MUST_USE om_rc mef_admin_allow(struct store *store, const char *enrolee, unsigned suid, const char *target,
                                  int64_t lifetime, struct om_error *err);
/* Takes it back, for enrolments of before too. OM_ENOTFOUND. */
OM_MUST_USE om_rc mef_admin_forbid(struct store *store, const char *enrolee, unsigned suid,
                                   const char *target, struct om_error *err);
/* Takes all back. OM_ENOTFOUND. */
OM_MUST_USE om_rc mef_admin_enrolee_remove(struct store *store, const char *enrolee, struct om_error *err);

/* Lets an Enrolee get certificates with this name by EST, for `lifetime` seconds each; 0 leaves it as it is
 * (new: 90 days). Repeatable. OM_EINPUT: the name is not one that this identity may have: an AE-ID
 * certificate is for that AE, a CSE-ID certificate for the CSE of that domain name, and FQDN certificates are
 * not for Enrolees. */
OM_MUST_USE om_rc mef_admin_certify(struct store *store, const char *enrolee, const struct pki_name *name,
                                    int64_t lifetime, struct om_error *err);
/* The part of it that needs no database: whether this name and lifetime can be for the Enrolee at all. */
OM_MUST_USE om_rc mef_admin_certify_check(const char *enrolee, const struct pki_name *name, int64_t lifetime,
                                          struct om_error *err);
/* Takes it back; certificates that it has stay good. name NULL: for all names. OM_ENOTFOUND. */
OM_MUST_USE om_rc mef_admin_uncertify(struct store *store, const char *enrolee, const struct pki_name *name,
                                      struct om_error *err);

/* Ends an enrolment: RelativeKeID or KeID. OM_ENOTFOUND. */
OM_MUST_USE om_rc mef_admin_enrolment_revoke(struct store *store, const char *keid, struct om_error *err);

/* Queues a command for a client: cmdDescription as JSON text, checked by m2m_command_parse; the FQDN of a
 * CERT_PROV URI must be mef_fqdn. NO_MORE_COMMANDS is not for queueing. id_out gets the cmdID. OM_EINPUT,
 * OM_ENOTFOUND (stakeholder). */
OM_MUST_USE om_rc mef_admin_command_add(struct store *store, struct se *se, const char *mef_fqdn,
                                        const char *identity, const char *admin_fqdn, const char *json,
                                        char id_out[M2M_RELATIVE_SIZE], struct om_error *err);
/* Takes a command out of the queue, or a report out of the records. OM_ENOTFOUND. */
OM_MUST_USE om_rc mef_admin_command_remove(struct store *store, const char *id, struct om_error *err);

#endif
