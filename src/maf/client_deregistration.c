/* MAF Client De-Registration (TS-0003 8.8.2.6): DELETE of mafClientReg by its owner, with what is tied to it.
 */
#include "maf/maf_internal.h"

#include <string.h>

#include "util/log.h"

struct search {
    const char *except;
    int64_t now;
    bool found;
};

static bool look_for_another(void *arg, const struct store_registration *r, const struct om_error *bad)
{
    struct search *s = arg;
    s->found = bad == NULL && strcmp(r->id, s->except) != 0 && !maf_expired(r->expires, s->now);
    return !s->found;
}

/* MAF-CD-3: KmIDs that the MAF assigned go with the last live registration of their identity. */
static om_rc remove_assigned(struct store *store, const struct store_registration *r, int64_t now,
                             struct om_error *err)
{
    if (r->assigned_kmid[0] == '\0')
        return OM_OK;
    struct search s = {.except = r->id, .now = now};
    OM_TRY(store_registration_list(store, r->identity, look_for_another, &s, err));
    if (s.found)
        return OM_OK;
    OM_TRY(maf_assignments_remove(store, r->id, err));
    om_rc rc = store_credential_delete(store, r->assigned_kmid, err);
    return rc == OM_ENOTFOUND ? OM_OK : rc;
}

om_rc maf_registration_remove(struct store *store, const struct store_registration *r, bool keep_keys,
                              int64_t now, size_t *keys, struct om_error *err)
{
    *keys = 0;
    if (!keep_keys) /* MAF-CD-3 */
        OM_TRY(store_key_delete_of(store, r->identity, r->admin_fqdn, keys, err));
    OM_TRY(remove_assigned(store, r, now, err));
    return store_registration_delete(store, r->id, err); /* MAF-CD-2 */
}

struct work {
    struct store_registration record;
    enum maf_result result;
    size_t keys;
};

static om_rc apply(struct maf_call *c, void *arg)
{
    struct work *w = arg;
    store_registration_free(&w->record);
    OM_TRY(maf_load_own_registration(c, &w->record));
    if (w->result != MAF_RESULT_NOTHING) { /* MAF-CD-4: nothing unless asked */
        struct m2m_resource view = maf_registration_view(c, &w->record);
        OM_TRY(maf_prepare(c, &view, ~0U));
    }
    return maf_registration_remove(c->maf->store, &w->record, c->maf->keep_keys_on_deregistration, c->now,
                                   &w->keys, &c->err);
}

static om_rc delete_registration(struct maf_call *c, struct work *w)
{
    OM_TRY(maf_load_own_registration(c, &w->record)); /* MAF-CD-1 */
    OM_TRY(maf_no_content(c));
    OM_TRY(maf_result_content(c, &w->result));
    OM_TRY(maf_transaction(c, apply, w));
    om_audit("client-deregistered", "id=%s client=%s keys=%zu", w->record.id, c->from, w->keys);
    maf_done(c, M2M_DELETED);
    return OM_OK;
}

om_rc maf_client_deregistration(struct maf_call *c)
{
    struct work w = {0};
    om_rc rc = delete_registration(c, &w);
    store_registration_free(&w.record);
    return rc;
}
