/* One request of a procedure and its response: what all procedures have in common. */
#ifndef OPENMAF_CLIENT_EXCHANGE_H
#define OPENMAF_CLIENT_EXCHANGE_H

#include "client/client.h"
#include "onem2m/primitive.h"

struct credential;
struct exchange {
    struct openmaf *maf;
    const struct home_server *server;
    const char *stakeholder; /* whose registration configuration chooses the credential; NULL: no one's */
    const struct credential *psk; /* use this one; NULL: as chosen */
    struct m2m_request rq;
    struct m2m_response rs;
};

/* Addresses //FQDN/- (name NULL) or //FQDN/-/name at that server of the home, as this client, under no
 * stakeholder. Free with exchange_free. OM_EINPUT. */
OM_MUST_USE om_rc exchange_init(struct exchange *x, struct openmaf *maf, const struct home_server *server,
                                enum m2m_operation op, const char *name, struct om_error *err);
void exchange_free(struct exchange *x); /* wipes a Key Value in either content */

/* Gives the request the attributes `r->present` as content, those in `r->nulls` as null, and its type in a
 * CREATE. */
OM_MUST_USE om_rc exchange_content(struct exchange *x, const struct m2m_resource *r, struct om_error *err);

/* Performs it with x->psk, or the credential that credential_choose finds, and demands status `expected`.
 * Another one is an error that carries the server's text: 4004 OM_ENOTFOUND; 4103, 4106, 4107 OM_EDENIED;
 * 4105, 4117 OM_ECONFLICT; other 4xxx OM_EINPUT; 5001, 5206 OM_EUNSUPPORTED; other 5xxx OM_ETRANSIENT;
 * anything else OM_EINTEGRITY. */
OM_MUST_USE om_rc exchange_run(struct exchange *x, int expected, transport_session *session, void *arg,
                               struct om_error *err);

/* Decodes the resource in the response and demands the attributes `needed`. OM_EINTEGRITY. */
OM_MUST_USE om_rc exchange_result(struct exchange *x, int type, unsigned needed, struct m2m_resource *out,
                                  struct om_error *err);

/* Adds the identifiers in the response to a discovery. OM_EINTEGRITY. */
OM_MUST_USE om_rc exchange_ids(const struct exchange *x, struct m2m_list *ids, struct om_error *err);

/* The resource name in a response to CREATE, whatever else is wrong with it; NULL when there is none. */
const char *exchange_created(const struct exchange *x);

/* Ends at the server what was just made there and failed a check; appends to err what became of it. Keeps rc
 * and maf->rsc. */
om_rc exchange_undo(const struct exchange *x, const char *name, om_rc rc, struct om_error *err);

#endif
