/* Whom the operator lets have certificates by EST: see admin.h. Nobody, unless it is written down here. */
#include "mef/admin.h"

#include "mef/mef_internal.h"
#include "util/log.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define LIFETIME     (INT64_C(90) * 86400)
#define LIFETIME_MAX INT64_C(3153600000) /* a hundred years: nothing added to it runs over */
#define NAMES_MAX    16

/* Public domain name of a CSE (TS-0001 6.5.1.1): //sp.example/cse1 is cse1.sp.example. */
static bool is_cse_name(const char *name, const char *enrolee)
{
    char own[M2M_ID_SIZE];
    const char *slash = m2m_is_absolute_id(enrolee) ? strchr(enrolee + 2, '/') : NULL;
    if (slash == NULL || strchr(slash + 1, '/') != NULL)
        return false;
    int n = snprintf(own, sizeof own, "%s.%.*s", slash + 1, (int)(slash - enrolee - 2), enrolee + 2);
    return n > 0 && (size_t)n < sizeof own && strcmp(name, own) == 0;
}

om_rc mef_admin_certify_check(const char *enrolee, const struct pki_name *name, int64_t lifetime,
                              struct om_error *err)
{
    if (!m2m_is_absolute_id(enrolee))
        return om_fail(err, OM_EINPUT, "'%.80s' is not an Absolute AE-ID or CSE-ID", enrolee);
    if (name->flavour == PKI_FQDN)
        return om_fail(err, OM_EINPUT, "FQDN certificates are for MAFs and MEFs, not for Enrolees");
    if (name->flavour == PKI_AE && strcmp(name->text, enrolee) != 0)
        return om_fail(err, OM_EINPUT, "an AE-ID certificate for %.80s is not for %.80s", name->text,
                       enrolee);
    if (name->flavour == PKI_CSE && !is_cse_name(name->text, enrolee))
        return om_fail(err, OM_EINPUT, "%.80s is not the domain name of the CSE %.80s", name->text, enrolee);
    if (lifetime < 0 || lifetime > LIFETIME_MAX)
        return om_fail(err, OM_EINPUT, "the certificates' lifetime is out of bounds");
    return OM_OK;
}

static om_rc certify(struct store *store, struct store_subject *r, const char *enrolee, const char *id,
                     int64_t lifetime, struct om_error *err)
{
    om_rc rc = store_subject_get(store, enrolee, r, err);
    if (rc == OM_ENOTFOUND) {
        r->lifetime = LIFETIME;
        r->created = (int64_t)time(NULL);
        rc = om_copy_text(r->identity, sizeof r->identity, enrolee, err);
    }
    if (rc != OM_OK)
        return rc;
    if (lifetime != 0)
        r->lifetime = lifetime;
    if (!m2m_list_has(&r->names, id)) {
        if (r->names.n == NAMES_MAX)
            return om_fail(err, OM_EINPUT, "%s has %d names already", enrolee, NAMES_MAX);
        OM_TRY(m2m_list_add(&r->names, id, err));
    }
    return store_subject_put(store, r, err);
}

om_rc mef_admin_certify(struct store *store, const char *enrolee, const struct pki_name *name,
                        int64_t lifetime, struct om_error *err)
{
    char id[M2M_ID_SIZE];
    struct store_subject r = {.lifetime = 0};
    OM_TRY(mef_admin_certify_check(enrolee, name, lifetime, err));
    OM_TRY(pki_name_credential_id(name, id, err));
    OM_TRY(store_begin(store, err));
    om_rc rc = store_end(store, certify(store, &r, enrolee, id, lifetime, err), err);
    store_subject_free(&r);
    if (rc == OM_OK)
        om_audit("certificates-allowed", "enrolee=%s certificate=%s", enrolee, id);
    return rc;
}

static om_rc uncertify(struct store *store, struct store_subject *r, const char *enrolee, const char *id,
                       struct om_error *err)
{
    struct m2m_list kept = M2M_LIST_INIT;
    /* For all names it need not be read: so an altered row can be removed too. */
    om_rc rc =
        id != NULL ? store_subject_get(store, enrolee, r, err) : store_subject_delete(store, enrolee, err);
    if (rc == OM_ENOTFOUND || (rc == OM_OK && id != NULL && !m2m_list_has(&r->names, id)))
        return om_fail(err, OM_ENOTFOUND, "%s may have no such certificate", enrolee);
    if (id == NULL)
        return rc;
    for (size_t i = 0; rc == OM_OK && i < r->names.n; i++)
        if (strcmp(r->names.items[i], id) != 0)
            rc = m2m_list_add(&kept, r->names.items[i], err);
    m2m_list_free(&r->names);
    r->names = kept;
    if (rc != OM_OK)
        return rc;
    return kept.n > 0 ? store_subject_put(store, r, err) : store_subject_delete(store, enrolee, err);
}

om_rc mef_admin_uncertify(struct store *store, const char *enrolee, const struct pki_name *name,
                          struct om_error *err)
{
    char id[M2M_ID_SIZE];
    struct store_subject r = {.lifetime = 0};
    if (name != NULL)
        OM_TRY(pki_name_credential_id(name, id, err));
    OM_TRY(store_begin(store, err));
    om_rc rc = store_end(store, uncertify(store, &r, enrolee, name != NULL ? id : NULL, err), err);
    store_subject_free(&r);
    if (rc == OM_OK)
        om_audit("certificates-forbidden", "enrolee=%s certificate=%s", enrolee, name != NULL ? id : "all");
    return rc;
}
