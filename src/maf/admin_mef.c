/* See admin_mef.h. */
#include "maf/admin_mef.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include "maf/admin_certificate.h"
#include "maf/id_pattern.h"
#include "util/log.h"
#include "util/text.h"

#define KPM_MIN 16
#define KPM_MAX 64

/* Numeric: a worker looks up no names. */
static om_rc check_address(const char *address, struct om_error *err)
{
    char host[STORE_ADDRESS_SIZE];
    uint8_t octets[16];
    uint64_t port = 0;
    bool v6 = address[0] == '[';
    const char *start = v6 ? address + 1 : address;
    size_t n = strcspn(start, v6 ? "]" : ":");
    const char *end = start + n + (v6 && start[n] == ']' ? 1 : 0);
    if (strlen(address) >= STORE_ADDRESS_SIZE || *end != ':' ||
        om_parse_uint(end + 1, 65535, &port, NULL) != OM_OK || port == 0)
        return om_fail(err, OM_EINPUT, "'%.80s' is not address:port, such as 192.0.2.7:8443 or [::1]:8443",
                       address);
    memcpy(host, start, n);
    host[n] = '\0';
    if (inet_pton(v6 ? AF_INET6 : AF_INET, host, octets) != 1)
        return om_fail(err, OM_EINPUT, "'%.80s' is not a numeric address; names are not looked up", host);
    return OM_OK;
}

static om_rc full_kpmid(const char *given, const char *fqdn, char out[M2M_KEY_ID_SIZE], struct om_error *err)
{
    char relative[M2M_RELATIVE_SIZE];
    char issuer[M2M_FQDN_SIZE];
    if (strchr(given, '@') == NULL)
        return m2m_is_relative_key_id(given) ? m2m_key_id_join(out, given, fqdn, err)
                                             : om_fail(err, OM_EINPUT, "'%.80s' is not a KpmID", given);
    OM_TRY(m2m_key_id_split(given, relative, issuer, err));
    if (strcmp(issuer, fqdn) != 0)
        return om_fail(err, OM_EINPUT, "KpmID %s is not of %s", given, fqdn);
    return m2m_key_id_join(out, relative, fqdn, err);
}

static om_rc take_vouches(const struct m2m_list *vouches, struct store_mef *r, struct om_error *err)
{
    if (vouches == NULL || vouches->n == 0)
        return om_fail(err, OM_EINPUT, "say which clients the MEF may vouch for");
    if (vouches->n > M2M_TARGETS_MAX)
        return om_fail(err, OM_EINPUT, "more than %d patterns", M2M_TARGETS_MAX);
    for (size_t i = 0; i < vouches->n; i++)
        if (!maf_is_id_pattern(vouches->items[i]))
            return om_fail(err, OM_EINPUT, "'%.80s' is neither an Absolute AE-ID or CSE-ID nor //.../...",
                           vouches->items[i]);
    return m2m_list_copy(&r->vouches, vouches, err);
}

static om_rc fill(const char *maf_fqdn, const struct maf_admin_mef *mef, struct store_mef *r,
                  struct om_error *err)
{
    if (m2m_fold(r->fqdn, sizeof r->fqdn, mef->fqdn, NULL) != OM_OK || !m2m_is_fqdn(r->fqdn))
        return om_fail(err, OM_EINPUT, "'%.80s' is not an FQDN", mef->fqdn);
    if (strcmp(r->fqdn, maf_fqdn) == 0)
        return om_fail(err, OM_EINPUT, "%s is this MAF itself", r->fqdn);
    OM_TRY(check_address(mef->address, err));
    OM_TRY(om_copy_text(r->address, sizeof r->address, mef->address, err));
    if (mef->kpmid != NULL)
        OM_TRY(full_kpmid(mef->kpmid, r->fqdn, r->kpmid, err));
    return take_vouches(mef->vouches, r, err);
}

static om_rc import_kpm(struct se *se, const struct om_secret *kpm, struct store_mef *r, struct om_error *err)
{
    if (kpm->len < KPM_MIN || kpm->len > KPM_MAX)
        return om_fail(err, OM_EINPUT, "Kpm has %zu octets: must be %d to %d", kpm->len, KPM_MIN, KPM_MAX);
    return se_import_psk(se, kpm->octets, kpm->len, &r->kpm, err);
}

static om_rc put(struct store *store, const struct maf_admin_mef *mef, struct store_mef *r,
                 struct om_error *err)
{
    if (mef->kpmid == NULL)
        OM_TRY(maf_admin_anchors(store, mef->anchors, &r->anchors, err));
    return store_mef_put(store, r, err);
}

static om_rc put_in_transaction(struct store *store, const struct maf_admin_mef *mef, struct store_mef *r,
                                struct om_error *err)
{
    OM_TRY(store_begin(store, err));
    return store_end(store, put(store, mef, r, err), err);
}

om_rc maf_admin_mef_add(struct store *store, struct se *se, const char *maf_fqdn,
                        const struct maf_admin_mef *mef, const struct om_secret *kpm, struct om_error *err)
{
    struct store_mef r = {.created = (int64_t)time(NULL)};
    if ((mef->kpmid != NULL) == (mef->anchors != NULL) || (mef->kpmid != NULL) != (kpm != NULL))
        return om_fail(err, OM_EINPUT, "a MEF has either a KpmID with Kpm, or trust anchors");
    om_rc rc = fill(maf_fqdn, mef, &r, err);
    if (rc == OM_OK && kpm != NULL)
        rc = import_kpm(se, kpm, &r, err);
    if (rc == OM_OK)
        rc = put_in_transaction(store, mef, &r, err);
    if (rc == OM_OK)
        om_audit("mef-added", "mef=%s address=%s by=%s", r.fqdn, r.address,
                 mef->kpmid != NULL ? r.kpmid : "certificate");
    store_mef_free(&r);
    return rc;
}

om_rc maf_admin_mef_remove(struct store *store, const char *fqdn, struct om_error *err)
{
    om_rc rc = store_mef_delete(store, fqdn, err);
    if (rc == OM_ENOTFOUND)
        return om_fail(err, rc, "there is no MEF %.80s", fqdn);
    if (rc == OM_OK)
        om_audit("mef-removed", "mef=%s", fqdn);
    return rc;
}
