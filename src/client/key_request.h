/* What a caller asks of a key registration or its update, checked and turned into a resource. */
#ifndef OPENMAF_CLIENT_KEY_REQUEST_H
#define OPENMAF_CLIENT_KEY_REQUEST_H

#include "client/client.h"
#include "onem2m/resource.h"

/* Everything but the Key Value, and the server it is for. What the caller leaves open is taken from the
 * keyRegCfg that the stakeholder left for this SUID, if the home has one (MAF-CC-6). OM_EINPUT. */
OM_MUST_USE om_rc key_request_create(struct openmaf *maf, const struct openmaf_key_request *rq,
                                     const struct home_server **server, struct m2m_resource *out,
                                     struct om_error *err);

/* For a key of that SUID. */
OM_MUST_USE om_rc key_request_update(const struct openmaf_key_request *rq, unsigned suid,
                                     struct m2m_resource *out, struct om_error *err);

#endif
