/* What the files of src/mef share. */
#ifndef OPENMAF_MEF_INTERNAL_H
#define OPENMAF_MEF_INTERNAL_H

#include "maf/maf_internal.h"
#include "mef/mef.h"
#include "store/mef.h"

/* Of one Enrolee, beside the one that its latest handshake made; the oldest go (docs/adr/0081). */
#define MEF_ENROLMENTS_KEPT 255

/* enrolment.c: after each handshake, and when a session's export becomes a key registration. */
void mef_authenticated(void *maf, SSL *ssl, void *peer);
om_rc mef_registers_exported(struct maf_call *c, const char *id);

/* latest.c: certificates of our own authorities. */
om_rc mef_certificate(struct maf *maf, const struct maf_certificate *c, struct om_error *err);
void mef_certificate_used(struct maf *maf, const struct maf_certificate *c);

/* credential_fetch.c */
maf_procedure *mef_outside(const struct m2m_request *rq);
void mef_finish(struct maf_call *c);

/* client_command.c */
maf_procedure mef_client_command;

/* rights.c: one "<SUID> <Enrolment Target ID>" of an Enrolee. */
#define MEF_RIGHT_SIZE (M2M_ID_SIZE + 4)
void mef_right(char out[MEF_RIGHT_SIZE], unsigned suid, const char *target);

#endif
