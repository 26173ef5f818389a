/* The home's record of an enrolment (TS-0003 8.3.2; spec/mef §6): the enrolment key of a handshake with the
 * MEF, the Km that follows from it for this MAF, and how far the way to a KmID has come. One for each
 * administrator under whom the client registers with it. */
#ifndef OPENMAF_CLIENT_ENROLMENT_H
#define OPENMAF_CLIENT_ENROLMENT_H

#include "client/credential.h"

/* Each is on disk before the step that follows it is tried, so a walk goes on from there. */
enum enrolment_phase {
    ENROLMENT_ENROLLED = 1, /* the MEF has Ke, and so have we; the MAF may not know of it */
    ENROLMENT_ASSIGNED = 2, /* the MAF gave a KmID for it; whether it was ever used is not certain */
    ENROLMENT_READY = 3     /* it was used: what was before it is over */
};

struct enrolment {
    char stakeholder[M2M_FQDN_SIZE];
    enum enrolment_phase phase;
    struct credential km; /* its kmid is the KeID; for handshakes until there is a KmID */
    struct se_blob ke;    /* SE_USE_HMAC */
    int64_t made, expires;
    char kmid[M2M_KEY_ID_SIZE]; /* to use under this administrator; "": none yet. Beside ENROLLED it is that
                                   of the enrolment before */
};

/* OM_ENOTFOUND: none under this administrator; then *e is an empty one for it. */
OM_MUST_USE om_rc enrolment_read(struct openmaf *maf, const char *stakeholder, struct enrolment *e,
                                 struct om_error *err);
OM_MUST_USE om_rc enrolment_write(struct openmaf *maf, const struct enrolment *e, struct om_error *err);

/* Removes the credentials of this administrator's enrolments, but for the KmID `except` ("": all of them). */
OM_MUST_USE om_rc enrolment_remove_kmids(struct openmaf *maf, const char *stakeholder, const char *except,
                                         struct om_error *err);

/* Removes it and its credentials: they are of no use, since their registration is over. Nothing
 * there is no error. */
OM_MUST_USE om_rc enrolment_discard(struct openmaf *maf, const char *stakeholder, struct om_error *err);

/* The same for the one that has `id` as KeID or KmID, if there is one (*found). */
OM_MUST_USE om_rc enrolment_discard_named(struct openmaf *maf, const char *id, bool *found,
                                          struct om_error *err);

/* MEF-EK-4: OM_EINTEGRITY when an enrolment of this home has that KeID. */
OM_MUST_USE om_rc enrolment_check_new(struct openmaf *maf, const char *keid, struct om_error *err);

/* From when on it is to be renewed: in the last tenth of its life, and at least a day before its end where it
 * lives two. */
int64_t enrolment_renewal(const struct enrolment *e);

#endif
