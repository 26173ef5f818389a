/* Discovery (TS-0004 7.3.3.14, spec/wire §3): which records of a server this client may see. */
#include "client/exchange.h"
#include "onem2m/types.h"

#include <stdlib.h>
#include <string.h>

static om_rc find_server(const struct openmaf *maf, const struct openmaf_discovery *filter,
                         const struct home_server **server, struct om_error *err)
{
    if (filter == NULL)
        return om_fail(err, OM_EINPUT, "no filter given");
    OM_TRY(client_check_size(filter->size, sizeof *filter, "openmaf_discovery", err));
    return client_server(maf, filter->server, server, err);
}

static om_rc set_filter(struct m2m_request *rq, const struct openmaf_discovery *filter,
                        const struct server_role *role, struct om_error *err)
{
    rq->fc.present = rq->fc.discovery = true;
    if (filter->type != OPENMAF_ANY)
        rq->fc.ty = filter->type == OPENMAF_KEYS ? WIRE_TY_SYMM_KEY_REG : role->ty_client_reg;
    if (filter->limit != 0)
        rq->fc.lim = filter->limit;
    if (filter->offset != 0)
        rq->fc.ofst = filter->offset;
    OM_TRY(client_list(&rq->fc.lbl, filter->labels, filter->n_labels, err));
    for (size_t i = 0; i < rq->fc.lbl.n; i++)
        if (!m2m_is_label(rq->fc.lbl.items[i]))
            return om_fail(err, OM_EINPUT, "'%.80s' is not a label", rq->fc.lbl.items[i]);
    return OM_OK;
}

static om_rc do_discover(struct openmaf *maf, const struct openmaf_discovery *filter, struct m2m_list *ids,
                         struct om_error *err)
{
    struct exchange x;
    const struct home_server *server = &maf->home.maf;
    om_rc rc;
    OM_TRY(find_server(maf, filter, &server, err));
    OM_TRY_GOTO(rc, out, exchange_init(&x, maf, server, M2M_OP_RETRIEVE, NULL, err));
    OM_TRY_GOTO(rc, out, set_filter(&x.rq, filter, server->role, err));
    OM_TRY_GOTO(rc, out, exchange_run(&x, M2M_OK, NULL, NULL, err));
    rc = exchange_ids(&x, ids, err);
out:
    exchange_free(&x);
    return rc;
}

int openmaf_discover(struct openmaf *maf, const struct openmaf_discovery *filter, char ***ids, size_t *n,
                     struct openmaf_error *error)
{
    struct om_error err = {0};
    struct m2m_list list = M2M_LIST_INIT;
    om_rc rc = client_begin(maf, &err);
    if (rc == OM_OK)
        rc = do_discover(maf, filter, &list, &err);
    if (rc == OM_OK) {
        *ids = list.items;
        *n = list.n;
    } else {
        m2m_list_free(&list);
    }
    return client_end(maf, rc, &err, error);
}

void openmaf_ids_free(char **ids, size_t n)
{
    struct m2m_list list = {.n = n, .items = ids};
    m2m_list_free(&list);
}
