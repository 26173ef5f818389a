/* The operator's side of enrolments: see admin.h. */
#include "mef/admin.h"

#include <string.h>
#include <time.h>

#include "mef/mef_internal.h"
#include "onem2m/fetch.h"
#include "util/log.h"
#include "util/text.h"

#define LIFETIME     (30 * 86400)
#define LIFETIME_MAX INT64_C(3153600000) /* a hundred years: nothing added to it runs over */

static om_rc check_right(const char *enrolee, unsigned suid, const char *target, struct om_error *err)
{
    char fqdn[M2M_ID_SIZE];
    if (!maf_role_mef.is_client_id(enrolee))
        return om_fail(err, OM_EINPUT, "'%.80s' is not an Absolute AE-ID or CSE-ID", enrolee);
    if (!m2m_suid_for_mef_key(suid))
        return om_fail(err, OM_EINPUT, "SUID %u is not one of a remotely provisioned key: 21 to 25", suid);
    if (!m2m_suid_takes_target(suid, target))
        return om_fail(err, OM_EINPUT, "'%.80s' is not %s, which SUID %u is for", target,
                       suid == 21 ? "a MAF-FQDN" : "an Absolute AE-ID or CSE-ID", suid);
    return m2m_target_fqdn(fqdn, target, err);
}

static om_rc load(struct store *store, const char *enrolee, struct store_enrolee *out, struct om_error *err)
{
    om_rc rc = store_enrolee_get(store, enrolee, out, err);
    return rc == OM_ENOTFOUND ? om_fail(err, rc, "there is no Enrolee %s", enrolee) : rc;
}

static om_rc allow(struct store *store, struct store_enrolee *r, const char *enrolee, const char *right,
                   int64_t lifetime, struct om_error *err)
{
    om_rc rc = store_enrolee_get(store, enrolee, r, err);
    if (rc == OM_ENOTFOUND) {
        r->lifetime = LIFETIME;
        r->created = (int64_t)time(NULL);
        rc = om_copy_text(r->identity, sizeof r->identity, enrolee, err);
    }
    if (rc != OM_OK)
        return rc;
    if (lifetime != 0)
        r->lifetime = lifetime;
    if (!m2m_list_has(&r->rights, right)) {
        if (r->rights.n == M2M_TARGETS_MAX)
            return om_fail(err, OM_EINPUT, "%s has %d rights already", enrolee, M2M_TARGETS_MAX);
        OM_TRY(m2m_list_add(&r->rights, right, err));
    }
    return store_enrolee_put(store, r, err);
}

om_rc mef_admin_allow(struct store *store, const char *enrolee, unsigned suid, const char *target,
                      int64_t lifetime, struct om_error *err)
{
    char right[MEF_RIGHT_SIZE];
    struct store_enrolee r = {0};
    OM_TRY(check_right(enrolee, suid, target, err));
    if (lifetime < 0 || lifetime > LIFETIME_MAX)
        return om_fail(err, OM_EINPUT, "the Enrolment Expiry is out of bounds");
    mef_right(right, suid, target);
    OM_TRY(store_begin(store, err));
    om_rc rc = store_end(store, allow(store, &r, enrolee, right, lifetime, err), err);
    store_enrolee_free(&r);
    if (rc == OM_OK)
        om_audit("enrolee-allowed", "enrolee=%s suid=%u target=%s", enrolee, suid, target);
    return rc;
}

static om_rc forbid(struct store *store, struct store_enrolee *r, const char *enrolee, const char *right,
                    struct om_error *err)
{
    struct m2m_list kept = M2M_LIST_INIT;
    OM_TRY(load(store, enrolee, r, err));
    if (!m2m_list_has(&r->rights, right))
        return om_fail(err, OM_ENOTFOUND, "%s has no such right", enrolee);
    om_rc rc = OM_OK;
    for (size_t i = 0; i < r->rights.n && rc == OM_OK; i++)
        if (strcmp(r->rights.items[i], right) != 0)
            rc = m2m_list_add(&kept, r->rights.items[i], err);
    m2m_list_free(&r->rights);
    r->rights = kept;
    return rc == OM_OK ? store_enrolee_put(store, r, err) : rc;
}

om_rc mef_admin_forbid(struct store *store, const char *enrolee, unsigned suid, const char *target,
                       struct om_error *err)
{
    char right[MEF_RIGHT_SIZE];
    struct store_enrolee r = {0};
    OM_TRY(check_right(enrolee, suid, target, err));
    mef_right(right, suid, target);
    OM_TRY(store_begin(store, err));
    om_rc rc = store_end(store, forbid(store, &r, enrolee, right, err), err);
    store_enrolee_free(&r);
    if (rc == OM_OK)
        om_audit("enrolee-forbidden", "enrolee=%s suid=%u target=%s", enrolee, suid, target);
    return rc;
}

om_rc mef_admin_enrolee_remove(struct store *store, const char *enrolee, struct om_error *err)
{
    om_rc rc = store_enrolee_delete(store, enrolee, err);
    if (rc == OM_ENOTFOUND)
        return om_fail(err, rc, "there is no Enrolee %s", enrolee);
    if (rc == OM_OK)
        om_audit("enrolee-removed", "enrolee=%s", enrolee);
    return rc;
}

om_rc mef_admin_enrolment_revoke(struct store *store, const char *keid, struct om_error *err)
{
    char id[M2M_RELATIVE_SIZE];
    char fqdn[M2M_FQDN_SIZE];
    if (strchr(keid, '@') != NULL)
        OM_TRY(m2m_key_id_split(keid, id, fqdn, err));
    else if (m2m_is_relative_key_id(keid))
        OM_TRY(om_copy_text(id, sizeof id, keid, err));
    else
        return om_fail(err, OM_EINPUT, "'%.80s' is not a KeID", keid);
    om_rc rc = store_enrolment_delete(store, id, err);
    if (rc == OM_ENOTFOUND)
        return om_fail(err, rc, "there is no enrolment %s", id);
    if (rc == OM_OK)
        om_audit("enrolment-revoked", "keid=%s", id);
    return rc;
}
