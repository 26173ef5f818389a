/* What the procedures of client registration share with those that register on the way to something else. */
#ifndef OPENMAF_CLIENT_REGISTER_H
#define OPENMAF_CLIENT_REGISTER_H

#include "client/registration.h"

struct credential;

/* Checks what the caller gave. OM_EINPUT. */
OM_MUST_USE om_rc register_check(const struct openmaf_registration_request *rq, struct om_error *err);

/* The content of a registration at a server, of a request that was checked: what the caller asks for, and at
 * the MAF what the stakeholder's registration configuration says of the rest (8.8.3.2). OM_EINPUT;
 * OM_EDENIED: the configuration has lapsed. Free sent with m2m_resource_free, also when it failed. */
OM_MUST_USE om_rc register_content(struct openmaf *maf, const struct home_server *server,
                                   const struct openmaf_registration_request *rq, struct m2m_resource *sent,
                                   struct om_error *err);

/* Takes end and labels, as far as the answer has them, into the record. */
OM_MUST_USE om_rc register_take(struct registration *r, const struct m2m_resource *answer,
                                struct om_error *err);

/* Attributes that an answer to it must have. */
#define REGISTER_NEEDED (M2M_A_RN | M2M_A_ET | M2M_A_CR | M2M_A_ADFQ)

/* Checks such an answer, fills r from it and writes it: on disk, or not at all (MAF-CR-8, MAF-CR-9).
 * assignedSymmKeyID is the caller's to judge. OM_EINTEGRITY. */
OM_MUST_USE om_rc register_accept(struct openmaf *maf, const struct home_server *server,
                                  const struct m2m_resource *sent, const struct m2m_resource *answer,
                                  struct registration *r, struct om_error *err);

/* Finds by discovery the registration that a server answered 4117 for, and writes it to the home; with that
 * credential, or as chosen (NULL).
 * OM_EINTEGRITY: it shows none. */
OM_MUST_USE om_rc register_find(struct openmaf *maf, const struct home_server *server,
                                const char *stakeholder, const struct credential *psk, struct registration *r,
                                struct om_error *err);

#endif
