/* The operator's side, registrations and keys: see admin.h. A record that does not verify can still be
 * removed here, and only here. */
#include "maf/admin.h"

#include <string.h>
#include <time.h>

#include "maf/maf_internal.h"
#include "util/log.h"
#include "util/text.h"

static om_rc revoke_registration(struct store *store, const char *id, bool keep_keys, size_t *keys,
                                 struct om_error *err)
{
    struct store_registration r = {0};
    om_rc rc = store_registration_get(store, id, &r, err);
    if (rc == OM_ENOTFOUND)
        return om_fail(err, rc, "there is no registration %s", id);
    if (rc == OM_EINTEGRITY) /* whose keys would go with it is not known: none do */
        return store_registration_delete(store, id, err);
    if (rc == OM_OK)
        rc = maf_registration_remove(store, &r, keep_keys, (int64_t)time(NULL), keys, err);
    store_registration_free(&r);
    return rc;
}

om_rc maf_admin_registration_revoke(struct store *store, const char *reg_id, bool keep_keys,
                                    struct om_error *err)
{
    size_t keys = 0;
    OM_TRY(store_begin(store, err));
    OM_TRY(store_end(store, revoke_registration(store, reg_id, keep_keys, &keys, err), err));
    om_audit("registration-revoked", "id=%s keys=%zu", reg_id, keys);
    return OM_OK;
}

/* Operators paste whole key identifiers, rel@MAF-FQDN, or RelativeKeyIDs. */
static om_rc relative_part(const char *key_id, char out[M2M_RELATIVE_SIZE], struct om_error *err)
{
    char fqdn[M2M_FQDN_SIZE];
    if (strchr(key_id, '@') != NULL)
        return m2m_key_id_split(key_id, out, fqdn, err);
    if (!m2m_is_relative_key_id(key_id))
        return om_fail(err, OM_EINPUT, "%s is not a key identifier", key_id);
    return om_copy_text(out, M2M_RELATIVE_SIZE, key_id, err);
}

om_rc maf_admin_key_revoke(struct store *store, const char *key_id, struct om_error *err)
{
    char id[M2M_RELATIVE_SIZE];
    OM_TRY(relative_part(key_id, id, err));
    om_rc rc = store_key_delete(store, id, err);
    if (rc == OM_ENOTFOUND)
        return om_fail(err, rc, "there is no key %s", id);
    if (rc == OM_OK)
        om_audit("key-revoked", "id=%s", id);
    return rc;
}

static om_rc remove_targets(struct m2m_list *targets, const struct m2m_list *remove, struct om_error *err)
{
    struct m2m_list kept = M2M_LIST_INIT;
    om_rc rc = OM_OK;
    for (size_t i = 0; i < remove->n && rc == OM_OK; i++)
        if (!m2m_list_has(targets, remove->items[i]))
            rc = om_fail(err, OM_ENOTFOUND, "%s is not a target of this key", remove->items[i]);
    for (size_t i = 0; i < targets->n && rc == OM_OK; i++)
        if (!m2m_list_has(remove, targets->items[i]))
            rc = m2m_list_add(&kept, targets->items[i], err);
    if (rc == OM_OK)
        rc = m2m_list_copy(targets, &kept, err);
    m2m_list_free(&kept);
    return rc;
}

static om_rc add_targets(struct m2m_list *targets, const struct m2m_list *add, struct om_error *err)
{
    for (size_t i = 0; i < add->n; i++) {
        if (!m2m_is_absolute_id(add->items[i]))
            return om_fail(err, OM_EINPUT, "%s is not an Absolute CSE-ID or AE-ID", add->items[i]);
        if (!m2m_list_has(targets, add->items[i]))
            OM_TRY(m2m_list_add(targets, add->items[i], err));
    }
    return OM_OK;
}

/* MAF-KR-13: ESData only; the others have exactly one Target, which the Source chose. */
static om_rc edit_targets(struct store *store, struct store_key *r, const struct m2m_list *add,
                          const struct m2m_list *remove, struct om_error *err)
{
    int64_t now = (int64_t)time(NULL);
    if (maf_expired(r->expires, now))
        return om_fail(err, OM_ENOTFOUND, "key %s has expired", r->id);
    if (m2m_suid_single_target(r->suid))
        return om_fail(err, OM_EDENIED,
                       "key %s has SUID %u; targets of ESData keys (34, 35) only can be edited", r->id,
                       r->suid);
    if (remove != NULL)
        OM_TRY(remove_targets(&r->targets, remove, err));
    if (add != NULL)
        OM_TRY(add_targets(&r->targets, add, err));
    if (r->targets.n == 0 || r->targets.n > M2M_TARGETS_MAX)
        return om_fail(err, OM_EINPUT, "a key needs 1 to %d targets, not %zu", M2M_TARGETS_MAX, r->targets.n);
    r->modified = now;
    return store_key_update(store, r, err);
}

static om_rc load_and_edit(struct store *store, const char *id, const struct m2m_list *add,
                           const struct m2m_list *remove, struct om_error *err)
{
    struct store_key r = {0};
    om_rc rc = store_key_get(store, id, &r, err);
    if (rc == OM_ENOTFOUND)
        return om_fail(err, rc, "there is no key %s", id);
    if (rc == OM_OK)
        rc = edit_targets(store, &r, add, remove, err);
    store_key_free(&r);
    return rc;
}

om_rc maf_admin_key_targets(struct store *store, const char *key_id, const struct m2m_list *add,
                            const struct m2m_list *remove, struct om_error *err)
{
    char id[M2M_RELATIVE_SIZE];
    OM_TRY(relative_part(key_id, id, err));
    OM_TRY(store_begin(store, err));
    OM_TRY(store_end(store, load_and_edit(store, id, add, remove, err), err));
    om_audit("key-targets-edited", "id=%s added=%zu removed=%zu", id, add != NULL ? add->n : 0,
             remove != NULL ? remove->n : 0);
    return OM_OK;
}
