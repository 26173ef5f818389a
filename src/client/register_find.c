/* A registration that the server has and this home has not: the answer that told of it was lost, or the
 * process ended before it was kept. See register.h. */
#include "client/exchange.h"
#include "client/register.h"
#include "onem2m/types.h"
#include "util/text.h"

#include <string.h>

#define LOOKS_MAX 64 /* registrations that are looked at for one of ours: administrators are few */

struct work {
    struct openmaf *maf;
    const struct home_server *server;
    struct m2m_resource sent; /* its adminFQDN */
    const struct credential *psk;
    struct registration *r;
};

/* Reads one of ours; *found tells whether it is under this administrator. */
static om_rc retrieve(struct work *w, const char *id, bool *found, struct om_error *err)
{
    struct exchange x;
    struct m2m_resource got = {0};
    om_rc rc = exchange_init(&x, w->maf, w->server, M2M_OP_RETRIEVE, id, err);
    x.stakeholder = w->sent.adfq;
    x.psk = w->psk;
    if (rc == OM_OK)
        rc = exchange_run(&x, M2M_OK, NULL, NULL, err);
    if (rc == OM_OK)
        rc = exchange_result(&x, w->server->role->ty_client_reg, REGISTER_NEEDED, &got, err);
    *found = rc == OM_OK && strcmp(got.adfq, w->sent.adfq) == 0;
    if (*found)
        rc = register_accept(w->maf, w->server, &w->sent, &got, w->r, err);
    m2m_resource_free(&got);
    exchange_free(&x);
    return rc == OM_ENOTFOUND ? OM_OK : rc;
}

static om_rc discover(struct work *w, struct m2m_list *ids, struct om_error *err)
{
    struct exchange x;
    om_rc rc = exchange_init(&x, w->maf, w->server, M2M_OP_RETRIEVE, NULL, err);
    x.stakeholder = w->sent.adfq;
    x.psk = w->psk;
    x.rq.fc.present = x.rq.fc.discovery = true;
    x.rq.fc.ty = w->server->role->ty_client_reg;
    if (rc == OM_OK)
        rc = exchange_run(&x, M2M_OK, NULL, NULL, err);
    if (rc == OM_OK)
        rc = exchange_ids(&x, ids, err);
    exchange_free(&x);
    return rc;
}

om_rc register_find(struct openmaf *maf, const struct home_server *server, const char *stakeholder,
                    const struct credential *psk, struct registration *r, struct om_error *err)
{
    struct work w = {.maf = maf, .server = server, .psk = psk, .r = r};
    struct m2m_list ids = M2M_LIST_INIT;
    bool found = false;
    OM_TRY(om_copy_text(w.sent.adfq, sizeof w.sent.adfq, stakeholder, err));
    om_rc rc = discover(&w, &ids, err);
    for (size_t i = 0; rc == OM_OK && !found && i < ids.n && i < LOOKS_MAX; i++)
        rc = retrieve(&w, ids.items[i], &found, err);
    m2m_list_free(&ids);
    if (rc == OM_OK && !found)
        rc = om_fail(err, OM_EINTEGRITY,
                     "%s says that this client is registered under %s, and shows no such registration",
                     server->fqdn, stakeholder);
    return rc;
}
