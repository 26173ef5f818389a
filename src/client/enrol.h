/* The walk to a remotely provisioned key (TS-0003 8.3.2, 8.8.2.3; spec/mef §6): handshake with the MEF, first
 * contact with the MAF by KeID, first use of the KmID that it assigns. */
#ifndef OPENMAF_CLIENT_ENROL_H
#define OPENMAF_CLIENT_ENROL_H

#include "client/enrolment.h"
#include "client/registration.h"

/* Steps 1 to 4: a session with the MEF, and from its exporter Ke, KeID and Km (MEF-EK-1, MEF-EK-2). Then *e
 * is a new enrolment beside the KmID of the old one, on disk. OM_ECONFIG: the home has no MEF. */
OM_MUST_USE om_rc enrol_at_mef(struct openmaf *maf, struct enrolment *e, struct om_error *err);

/* Steps 5 to 10, and 12: registers at the MAF by KeID with the content `sent`, or updates the registration
 * that is there, and takes the KmID that comes with the answer (MEF-RP-2, -4, -5). OM_EDENIED with maf->rsc
 * 0: the MAF does not know the KeID. */
OM_MUST_USE om_rc enrol_at_maf(struct openmaf *maf, const struct m2m_resource *sent, struct enrolment *e,
                               struct om_error *err);

/* Step 11: uses the KmID, and with that ends the one before. OM_EDENIED with maf->rsc 0: the MAF does not
 * know the KmID; OM_ENOTFOUND: nor the registration. */
OM_MUST_USE om_rc enrol_first_use(struct openmaf *maf, struct enrolment *e, struct om_error *err);

/* All of it, from where it stands. Under an enrolment that is good it asks the MAF whether it is, and no
 * more, unless `renew` or its end is near. rq->stakeholder is whose; expires and labels are of the
 * registration. The lock is held. *changed: there is another KmID than before. */
OM_MUST_USE om_rc enrol_walk(struct openmaf *maf, const struct openmaf_registration_request *rq, bool renew,
                             struct enrolment *e, bool *changed, struct om_error *err);

/* `maf register` under a configuration that wants a remotely provisioned key (8.8.3.2, rpsk), while there is
 * none: the walk, which registers too. Then *walked, and r is the registration; else nothing was done. */
OM_MUST_USE om_rc enrol_for_registration(struct openmaf *maf, const struct openmaf_registration_request *rq,
                                         struct registration *r, bool *walked, struct om_error *err);

#endif
