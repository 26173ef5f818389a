/* The operator's side, stakeholders and clients: see admin.h. */
#include "maf/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "maf/maf_internal.h"
#include "store/mef.h"
#include "util/log.h"
#include "util/text.h"

#define GENERATED_KM 32 /* octets */
#define KM_MIN       16
#define KM_MAX       64

static const struct maf_role *role_of(const struct maf_role *given)
{
    return given != NULL ? given : &maf_role_maf;
}

static om_rc fold_fqdn(const char *fqdn, char out[M2M_FQDN_SIZE], struct om_error *err)
{
    if (m2m_fold(out, M2M_FQDN_SIZE, fqdn, NULL) != OM_OK || !m2m_is_fqdn(out))
        return om_fail(err, OM_EINPUT, "%s is not an FQDN", fqdn);
    return OM_OK;
}

/* Ends the transaction of the caller as rc demands. */
static om_rc find_stakeholder(struct store *store, const char *admin, struct store_stakeholder *out,
                              struct om_error *err)
{
    om_rc rc = store_stakeholder_get(store, admin, out, err);
    return rc == OM_ENOTFOUND ? om_fail(err, rc, "there is no stakeholder %s", admin) : rc;
}

static om_rc require_stakeholder(struct store *store, const char *admin, struct om_error *err)
{
    struct store_stakeholder r = {0};
    om_rc rc = find_stakeholder(store, admin, &r, err);
    store_stakeholder_free(&r);
    return rc;
}

/* ---- stakeholders ---- */

static om_rc add_stakeholder(struct store *store, const char *admin, struct om_error *err)
{
    char policy[] = "{}";
    struct store_stakeholder r = {.policy = policy, .created = (int64_t)time(NULL)};
    struct store_stakeholder old = {0};
    om_rc rc = store_stakeholder_get(store, admin, &old, err);
    if (rc == OM_OK) {
        store_stakeholder_free(&old);
        return om_fail(err, OM_ECONFLICT, "stakeholder %s exists already", admin);
    }
    if (rc != OM_ENOTFOUND)
        return rc;
    OM_TRY(om_copy_text(r.admin_fqdn, sizeof r.admin_fqdn, admin, err));
    return store_stakeholder_put(store, &r, err);
}

om_rc maf_admin_stakeholder_add(struct store *store, const char *admin_fqdn, struct om_error *err)
{
    char admin[M2M_FQDN_SIZE];
    OM_TRY(fold_fqdn(admin_fqdn, admin, err));
    OM_TRY(store_begin(store, err));
    OM_TRY(store_end(store, add_stakeholder(store, admin, err), err));
    om_audit("stakeholder-added", "admin=%s", admin);
    return OM_OK;
}

om_rc maf_admin_stakeholder_remove(struct store *store, const char *admin_fqdn, struct om_error *err)
{
    char admin[M2M_FQDN_SIZE];
    OM_TRY(fold_fqdn(admin_fqdn, admin, err));
    OM_TRY(store_stakeholder_delete(store, admin, err));
    om_audit("stakeholder-removed", "admin=%s", admin);
    return OM_OK;
}

static om_rc set_policy(struct store *store, const char *admin, const char *json, struct om_error *err)
{
    struct store_stakeholder r = {0};
    OM_TRY(find_stakeholder(store, admin, &r, err));
    free(r.policy);
    r.policy = strdup(json);
    om_rc rc = r.policy != NULL ? store_stakeholder_put(store, &r, err)
                                : om_fail(err, OM_ENOMEM, "no memory for a policy");
    store_stakeholder_free(&r);
    return rc;
}

static om_rc check_policy(const char *json, const struct maf_suids *suids, struct om_error *err)
{
    struct maf_policy policy = {0};
    if (strlen(json) >= STORE_POLICY_MAX)
        return om_fail(err, OM_EINPUT, "the policy is longer than %d octets", STORE_POLICY_MAX);
    OM_TRY(maf_policy_parse(json, suids, &policy, err));
    maf_policy_free(&policy);
    return OM_OK;
}

static om_rc edit_permits(struct store *store, const char *admin, const struct maf_admin_edit *edit,
                          struct om_error *err)
{
    for (size_t i = 0; edit->permit != NULL && i < edit->permit->n; i++) {
        const char *id = edit->permit->items[i];
        if (!role_of(edit->role)->is_client_id(id))
            return om_fail(err, OM_EINPUT, "'%.80s' is not an Absolute AE-ID or CSE-ID", id);
        OM_TRY(store_permit_put(store, id, admin, err));
    }
    for (size_t i = 0; edit->forbid != NULL && i < edit->forbid->n; i++)
        OM_TRY(store_permit_delete(store, edit->forbid->items[i], admin, err));
    return OM_OK;
}

static om_rc apply_edit(struct store *store, const char *admin, const struct maf_admin_edit *edit,
                        struct om_error *err)
{
    OM_TRY(require_stakeholder(store, admin, err));
    if (edit->policy != NULL)
        OM_TRY(set_policy(store, admin, edit->policy, err));
    return edit_permits(store, admin, edit, err);
}

om_rc maf_admin_stakeholder_edit(struct store *store, const char *admin_fqdn,
                                 const struct maf_admin_edit *edit, struct om_error *err)
{
    char admin[M2M_FQDN_SIZE];
    OM_TRY(fold_fqdn(admin_fqdn, admin, err));
    if (edit->policy != NULL)
        OM_TRY(check_policy(edit->policy, &role_of(edit->role)->suids, err));
    OM_TRY(store_begin(store, err));
    OM_TRY(store_end(store, apply_edit(store, admin, edit, err), err));
    if (edit->policy != NULL)
        om_audit("policy-set", "admin=%s", admin);
    for (size_t i = 0; edit->permit != NULL && i < edit->permit->n; i++)
        om_audit("client-permitted", "client=%s admin=%s", edit->permit->items[i], admin);
    for (size_t i = 0; edit->forbid != NULL && i < edit->forbid->n; i++)
        om_audit("client-forbidden", "client=%s admin=%s", edit->forbid->items[i], admin);
    return OM_OK;
}

om_rc maf_admin_policy_set(struct store *store, const char *admin_fqdn, const char *json,
                           struct om_error *err)
{
    struct maf_admin_edit edit = {.policy = json};
    return maf_admin_stakeholder_edit(store, admin_fqdn, &edit, err);
}

/* ---- clients ---- */

/* "rel" or "rel@FQDN" of this MAF, or one that is made up. */
static om_rc choose_kmid(struct se *se, const struct maf_role *role, const char *maf_fqdn, const char *wanted,
                         char out[M2M_KEY_ID_SIZE], struct om_error *err)
{
    char relative[M2M_RELATIVE_SIZE];
    char fqdn[M2M_FQDN_SIZE];
    if (wanted == NULL) {
        uint8_t octets[8];
        char hex[2 * sizeof octets + 1];
        OM_TRY(se_random(se, octets, sizeof octets, err));
        om_hex_lower(hex, octets, sizeof octets);
        (void)snprintf(relative, sizeof relative, "%s%s", role->made_up, hex);
    } else if (strchr(wanted, '@') != NULL) {
        OM_TRY(m2m_key_id_split(wanted, relative, fqdn, err));
        if (strcmp(fqdn, maf_fqdn) != 0)
            return om_fail(err, OM_EINPUT, "KmID %s is not of this %s, %s", wanted, role->what, maf_fqdn);
    } else if (!m2m_is_relative_key_id(wanted)) {
        return om_fail(err, OM_EINPUT, "%s is not a KmID: letters, digits and . _ -, at most %d", wanted,
                       M2M_RELATIVE_MAX);
    } else {
        OM_TRY(om_copy_text(relative, sizeof relative, wanted, err));
    }
    return m2m_key_id_join(out, relative, maf_fqdn, err);
}

/* One transaction: a client without its permit, or the reverse, never exists. */
static om_rc store_client(struct store *store, const struct store_credential *r, const struct se_psk13 *forms,
                          struct om_error *err)
{
    OM_TRY(require_stakeholder(store, r->admin_fqdn, err));
    om_rc rc = store_credential_create(store, r, err);
    if (rc == OM_ECONFLICT) /* MAF-GEN-10 */
        return om_fail(err, rc, "KmID %s was used before; a KmID is never given twice", r->kmid);
    if (rc != OM_OK)
        return rc;
    OM_TRY(store_credential_tls13_create(store, r->kmid, forms, err));
    rc = store_permit_check(store, r->identity, r->admin_fqdn, err);
    return rc == OM_ENOTFOUND ? store_permit_put(store, r->identity, r->admin_fqdn, err) : rc;
}

static om_rc check_client(const struct maf_admin_client *client, const struct om_secret *km,
                          struct store_credential *r, struct om_error *err)
{
    if (!role_of(client->role)->is_client_id(client->id))
        return om_fail(err, OM_EINPUT, "%s is not an Absolute AE-ID or CSE-ID (//sp.example.com/cse1/Cae1)",
                       client->id);
    OM_TRY(om_copy_text(r->identity, sizeof r->identity, client->id, err));
    OM_TRY(fold_fqdn(client->admin_fqdn, r->admin_fqdn, err));
    if (client->expires != 0 && client->expires <= r->created)
        return om_fail(err, OM_EINPUT, "the expiry is in the past");
    r->expires = client->expires;
    if (km != NULL && (km->len < KM_MIN || km->len > KM_MAX))
        return om_fail(err, OM_EINPUT, "Km has %zu octets: must be %d to %d", km->len, KM_MIN, KM_MAX);
    return OM_OK;
}

/* Every form that a handshake may want: none can be made later, when Km itself is gone. */
static om_rc make_km(struct se *se, const struct om_secret *given, struct om_secret *generated,
                     struct se_blob *blob, struct se_psk13 *forms, struct om_error *err)
{
    const struct om_secret *km = given != NULL ? given : generated;
    if (given == NULL) {
        OM_TRY(om_secret_alloc(generated, GENERATED_KM, err));
        OM_TRY(se_random(se, generated->octets, generated->len, err));
    }
    OM_TRY(se_import_psk(se, km->octets, km->len, blob, err));
    return se_import_psk13(se, km->octets, km->len, forms, err);
}

om_rc maf_admin_client_add(struct store *store, struct se *se, const char *maf_fqdn,
                           const struct maf_admin_client *client, const struct om_secret *km,
                           struct om_secret *generated, char kmid_out[M2M_KEY_ID_SIZE], struct om_error *err)
{
    struct store_credential r = {.state = STORE_CREDENTIAL_ACTIVE, .created = (int64_t)time(NULL)};
    OM_TRY(check_client(client, km, &r, err));
    OM_TRY(choose_kmid(se, role_of(client->role), maf_fqdn, client->kmid, r.kmid, err));
    struct se_psk13 forms;
    om_rc rc = make_km(se, km, generated, &r.km, &forms, err);
    if (rc == OM_OK)
        rc = store_begin(store, err);
    if (rc == OM_OK)
        rc = store_end(store, store_client(store, &r, &forms, err), err);
    if (rc != OM_OK) {
        if (generated != NULL)
            om_secret_free(generated);
        return rc;
    }
    memcpy(kmid_out, r.kmid, sizeof r.kmid);
    om_audit("client-added", "kmid=%s client=%s admin=%s", r.kmid, r.identity, r.admin_fqdn);
    return OM_OK;
}

static om_rc revoke_credential(struct store *store, const char *kmid, struct om_error *err)
{
    struct store_credential r = {0};
    size_t enrolments = 0;
    om_rc rc = store_credential_get(store, kmid, &r, err);
    if (rc == OM_ENOTFOUND)
        return om_fail(err, rc, "there is no KmID %s", kmid);
    if (rc == OM_EINTEGRITY) { /* useless already, and now gone; its KmID stays burnt */
        OM_TRY(store_enrolment_delete_of(store, kmid, &enrolments, err));
        return store_credential_delete(store, kmid, err);
    }
    if (rc != OM_OK)
        return rc;
    r.state = STORE_CREDENTIAL_REVOKED;
    OM_TRY(store_enrolment_delete_of(store, r.kmid, &enrolments, err)); /* keys that follow from it go too */
    OM_TRY(maf_assignment_revoke_kin(store, r.kmid, err));
    return store_credential_update(store, &r, err);
}

om_rc maf_admin_client_revoke(struct store *store, const char *kmid, struct om_error *err)
{
    OM_TRY(store_begin(store, err));
    OM_TRY(store_end(store, revoke_credential(store, kmid, err), err));
    om_audit("client-revoked", "kmid=%s", kmid);
    return OM_OK;
}

/* ---- client configuration ---- */

static om_rc check_cfg(const char *text, struct om_error *err)
{
    json_t *cfg = NULL;
    OM_TRY(m2m_json_parse(text, strlen(text), &cfg, err));
    om_rc rc = m2m_client_cfg_check(cfg, err);
    json_decref(cfg);
    return rc;
}

static om_rc put_cfg(struct store *store, const char *identity, const char *admin, const char *json,
                     struct om_error *err)
{
    OM_TRY(require_stakeholder(store, admin, err));
    return store_client_cfg_put(store, identity, admin, json, err);
}

om_rc maf_admin_client_cfg(struct store *store, const struct maf_role *role, const char *identity,
                           const char *admin_fqdn, const char *json, struct om_error *err)
{
    char admin[M2M_FQDN_SIZE];
    if (!role_of(role)->is_client_id(identity) && !m2m_is_credential_id(identity))
        return om_fail(err, OM_EINPUT, "%s is neither an Absolute AE-ID or CSE-ID nor a Credential-ID",
                       identity);
    OM_TRY(fold_fqdn(admin_fqdn, admin, err));
    if (json != NULL)
        OM_TRY(check_cfg(json, err));
    OM_TRY(store_begin(store, err));
    OM_TRY(store_end(store, put_cfg(store, identity, admin, json, err), err));
    om_audit(json != NULL ? "configuration-attached" : "configuration-removed", "client=%s admin=%s",
             identity, admin);
    return OM_OK;
}
