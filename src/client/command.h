/* The execution of MEF Client Commands. Each function answers the cmdStatusCode to report; for one that is no
 * success, `why` says in a line what failed. None of them is called with the lock of the home held. */
#ifndef OPENMAF_CLIENT_COMMAND_H
#define OPENMAF_CLIENT_COMMAND_H

#include "client/client.h"
#include "client/object.h"
#include "onem2m/command.h"

/* What this home can execute, by cmdClassID. */
void command_supports(const struct openmaf *maf, bool supports[M2M_CMD_MO_NODE + 1]);

/* Any of a class that is supported, but NO_MORE_COMMANDS. */
int command_execute(struct openmaf *maf, const struct m2m_command *c, struct om_error *why);

/* command_run.c: all that an administrator has for this client, and the renewals that are due. *due: when
 * there is something to do again. The caller lets only one process of a home do this. */
OM_MUST_USE om_rc command_run(struct openmaf *maf, const struct openmaf_commands *rq, const char *stakeholder,
                              int64_t *due, struct om_error *err);

/* command_certificate.c, command_device.c, command_node.c: by class. */
int command_certificate(struct openmaf *maf, const struct m2m_command *c, struct om_error *why);
int command_node(struct openmaf *maf, const struct m2m_command *c, struct om_error *why);
int command_device(struct openmaf *maf, const struct m2m_command *c, struct om_error *why);

/* command_profile.c: an authenticationProfile for that SUID. */
int command_profile(struct openmaf *maf, const struct object *o, unsigned suid, struct om_error *why);

/* MEF-KR-8: renews the keys that profiles registered under the administrator at the MEF, and those at the MAF
 * too, where their end is near or past; *due gets the earliest time when there is something to renew again,
 * if that is before it. What fails is tried again the next time, and the first such failure is returned. */
OM_MUST_USE om_rc command_renew(struct openmaf *maf, const char *stakeholder, int64_t *due,
                                struct om_error *err);

/* From when on what ends at `end` and lives `duration` seconds is to be renewed: in its last tenth, or its
 * last day. */
int64_t command_renewal(int64_t end, int64_t duration);

/* command_anchor.c: makes sure that the certificate of a trustAnchorCred is in this home. */
OM_MUST_USE om_rc command_anchor(struct openmaf *maf, const struct m2m_object *mo, struct om_error *err);
/* The anchors of all trustAnchorCred objects directly below `parent` that are here, added to base64 CMS
 * `text` (NULL: to none; it may be replaced; free() it). OM_ENOTFOUND: there are none at all. */
OM_MUST_USE om_rc command_add_anchors(struct openmaf *maf, const char *parent, char **text,
                                      struct om_error *err);

/* command_register.c: MAF Client Registration with the attributes of a MAFClientRegCfg. */
OM_MUST_USE om_rc command_register(struct openmaf *maf, const struct object *o, struct om_error *err);

/* The same by a request; a registration that the server has already is taken for this home's. */
OM_MUST_USE om_rc command_make_registration(struct openmaf *maf,
                                            const struct openmaf_registration_request *rq,
                                            struct om_error *err);

/* command_find.c: what a home holds that a profile names. OM_ENOTFOUND, OM_EDENIED. */
struct certificate;
OM_MUST_USE om_rc command_find_key(struct openmaf *maf, unsigned suid, const char *id, struct om_error *err);
OM_MUST_USE om_rc command_find_certificate(struct openmaf *maf, const char *fingerprint,
                                           struct certificate *c, struct om_error *err);

/* The result of a public function of this library as that of an internal one. */
om_rc command_result(int code, const struct openmaf_error *error, struct om_error *err);

#endif
