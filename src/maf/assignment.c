/* KmIDs for remotely provisioned clients (TS-0003 8.8.2.3, 8.8.2.5; spec/mef §6): given at a registration or
 * an update over a session with a KeID, whose Km they share; the one before ends when the new one is first
 * used. */
#include "maf/maf_internal.h"

#include <stdio.h>
#include <string.h>

#include "store/provisioned.h"
#include "util/log.h"
#include "util/text.h"

static om_rc make_kmid(struct maf_call *c, char out[M2M_KEY_ID_SIZE])
{
    uint8_t octets[8];
    char hex[2 * sizeof octets + 1];
    char relative[M2M_RELATIVE_SIZE];
    OM_TRY(se_random(c->maf->se, octets, sizeof octets, &c->err));
    om_hex_lower(hex, octets, sizeof octets);
    (void)snprintf(relative, sizeof relative, "%s%s", c->maf->role->made_up, hex);
    return m2m_key_id_join(out, relative, c->maf->names[0], &c->err);
}

om_rc maf_assignment_begin(struct maf_call *c, const char *admin, const struct maf_policy *policy,
                           struct maf_assignment *a)
{
    memset(a, 0, sizeof *a);
    const struct maf_peer *peer = c->session->peer;
    if (peer->kind != MAF_CREDENTIAL_KEID)
        return OM_OK;
    a->wanted = true;
    memcpy(a->keid, peer->kmid, sizeof a->keid);
    OM_TRY(store_credential_get(c->maf->store, peer->kmid, &a->credential, &c->err));
    om_rc rc = store_credential_tls13_get(c->maf->store, peer->kmid, &a->forms, &c->err);
    if (rc != OM_OK && rc != OM_ENOTFOUND)
        return rc;
    a->has_forms = rc == OM_OK;
    a->credential.assigned = true;
    a->credential.created = c->now;
    if (a->credential.expires > c->now + policy->max_provisioned_lifetime)
        a->credential.expires = c->now + policy->max_provisioned_lifetime;
    OM_TRY(om_copy_text(a->credential.admin_fqdn, sizeof a->credential.admin_fqdn, admin, &c->err));
    return make_kmid(c, a->credential.kmid);
}

void maf_assignment_cap(const struct maf_assignment *a, int64_t *expires)
{
    if (a->wanted && *expires > a->credential.expires)
        *expires = a->credential.expires;
}

/* One Km, one end (MEF-RP-7): else the KeID would give it another KmID when this one has expired. */
static om_rc shorten_keid(struct maf_call *c, const struct maf_assignment *a)
{
    struct store_credential keid;
    OM_TRY(store_credential_get(c->maf->store, a->keid, &keid, &c->err));
    if (keid.expires <= a->credential.expires)
        return OM_OK;
    keid.expires = a->credential.expires;
    return store_credential_update(c->maf->store, &keid, &c->err);
}

om_rc maf_assignment_store(struct maf_call *c, const struct maf_assignment *a, const char *registration)
{
    struct store *store = c->maf->store;
    struct store_assignment r = {.used = false};
    if (!a->wanted)
        return OM_OK;
    OM_TRY(maf_check_credential(c)); /* once more: a KmID must not outlive the revocation of its KeID */
    OM_TRY(store_credential_create(store, &a->credential, &c->err));
    if (a->has_forms)
        OM_TRY(store_credential_tls13_create(store, a->credential.kmid, &a->forms, &c->err));
    memcpy(r.kmid, a->credential.kmid, sizeof r.kmid);
    memcpy(r.keid, a->keid, sizeof r.keid);
    OM_TRY(om_copy_text(r.registration, sizeof r.registration, registration, &c->err));
    OM_TRY(store_assignment_create(store, &r, &c->err));
    OM_TRY(shorten_keid(c, a));
    om_audit("kmid-assigned", "kmid=%s keid=%s client=%s", r.kmid, r.keid, c->from);
    return OM_OK;
}

om_rc maf_assignment_is_open(struct maf_call *c, const char *kmid, bool *open)
{
    struct store_assignment r;
    char keid[M2M_KEY_ID_SIZE];
    *open = false;
    if (kmid[0] == '\0')
        return OM_OK;
    om_rc rc = store_assignment_get(c->maf->store, kmid, &r, &c->err);
    if (rc == OM_ENOTFOUND)
        return OM_OK;
    if (rc != OM_OK)
        return rc;
    OM_TRY(m2m_fold(keid, sizeof keid, c->session->peer->kmid, &c->err));
    *open = !r.used && strcmp(r.keid, keid) == 0;
    return OM_OK;
}

/* ---- several at once: a list must be over before what it lists is changed ---- */

struct kin {
    struct store *store;
    struct m2m_list kmids, keids;
    const struct store_assignment *except; /* neither its KmID nor its KeID; or NULL */
    om_rc rc;
    struct om_error *err;
};

static bool note(void *arg, const struct store_assignment *r, const struct om_error *bad)
{
    struct kin *k = arg;
    if (bad != NULL) /* its credential is judged by its own row */
        return true;
    if (k->except == NULL || strcmp(k->except->kmid, r->kmid) != 0)
        k->rc = m2m_list_add(&k->kmids, r->kmid, k->err);
    bool kept = k->except != NULL && strcmp(k->except->keid, r->keid) == 0;
    if (k->rc == OM_OK && !kept && !m2m_list_has(&k->keids, r->keid))
        k->rc = m2m_list_add(&k->keids, r->keid, k->err);
    return k->rc == OM_OK;
}

static void kin_free(struct kin *k)
{
    m2m_list_free(&k->kmids);
    m2m_list_free(&k->keids);
}

static om_rc revoke(struct store *store, const char *kmid, struct om_error *err)
{
    struct store_credential r;
    om_rc rc = store_credential_get(store, kmid, &r, err);
    if (rc == OM_ENOTFOUND || rc == OM_EINTEGRITY) /* gone, or refused anyway */
        return OM_OK;
    if (rc != OM_OK)
        return rc;
    r.state = STORE_CREDENTIAL_REVOKED;
    return store_credential_update(store, &r, err);
}

static om_rc revoke_all(struct store *store, const struct m2m_list *kmids, struct om_error *err)
{
    for (size_t i = 0; i < kmids->n; i++)
        OM_TRY(revoke(store, kmids->items[i], err));
    return OM_OK;
}

om_rc maf_assignment_revoke_kin(struct store *store, const char *kmid, struct om_error *err)
{
    struct store_assignment own;
    struct kin k = {.store = store, .rc = OM_OK, .err = err};
    om_rc rc = store_assignment_get(store, kmid, &own, err);
    if (rc != OM_OK && rc != OM_ENOTFOUND)
        return rc;
    const char *keid = rc == OM_OK ? own.keid : kmid;
    rc = store_assignment_list_from(store, keid, note, &k, err);
    if (rc == OM_OK)
        rc = k.rc;
    if (rc == OM_OK)
        rc = revoke_all(store, &k.kmids, err);
    if (rc == OM_OK)
        rc = revoke(store, keid, err);
    kin_free(&k);
    return rc;
}

om_rc maf_assignments_remove(struct store *store, const char *registration, struct om_error *err)
{
    struct kin k = {.store = store, .rc = OM_OK, .err = err};
    om_rc rc = store_assignment_list_of(store, registration, note, &k, err);
    if (rc == OM_OK)
        rc = k.rc;
    for (size_t i = 0; i < k.kmids.n && rc == OM_OK; i++) {
        rc = store_credential_delete(store, k.kmids.items[i], err);
        rc = rc == OM_ENOTFOUND ? OM_OK : rc;
    }
    for (size_t i = 0; i < k.keids.n && rc == OM_OK; i++)
        rc = maf_assignment_revoke_kin(store, k.keids.items[i], err);
    kin_free(&k);
    return rc;
}

/* ---- first use ---- */

/* Whether the registration has got another KmID since: then that one is the new one. */
static om_rc is_overtaken(struct store *store, const struct store_assignment *own, bool *overtaken,
                          struct om_error *err)
{
    struct store_registration r = {0};
    om_rc rc = store_registration_get(store, own->registration, &r, err);
    *overtaken = rc == OM_OK && strcmp(r.assigned_kmid, own->kmid) != 0;
    store_registration_free(&r);
    return rc == OM_ENOTFOUND || rc == OM_EINTEGRITY ? OM_OK : rc;
}

/* One of a registration that is no more: nothing else would ever end it. */
static bool note_orphan(void *arg, const struct store_assignment *r, const struct om_error *bad)
{
    struct kin *k = arg;
    struct store_registration registration = {0};
    if (bad != NULL || strcmp(k->except->kmid, r->kmid) == 0 || m2m_list_has(&k->kmids, r->kmid))
        return true;
    om_rc rc = store_registration_get(k->store, r->registration, &registration, k->err);
    store_registration_free(&registration);
    if (rc == OM_ENOTFOUND)
        k->rc = m2m_list_add(&k->kmids, r->kmid, k->err);
    else if (rc != OM_EINTEGRITY)
        k->rc = rc;
    return k->rc == OM_OK;
}

/* KmIDs with the same keys that a registration which has expired left behind. */
static om_rc note_orphans(struct kin *k, struct om_error *err)
{
    OM_TRY(store_assignment_list_from(k->store, k->except->keid, note_orphan, k, err));
    for (size_t i = 0; i < k->keids.n && k->rc == OM_OK; i++)
        OM_TRY(store_assignment_list_from(k->store, k->keids.items[i], note_orphan, k, err));
    return k->rc;
}

/* The KmIDs before it, and the KeIDs that these come from: who has an old Km must not get a KmID for it. */
static om_rc confirm(struct store *store, const struct store_assignment *own, struct kin *k,
                     struct om_error *err)
{
    bool overtaken = false;
    OM_TRY(store_assignment_used(store, own->kmid, err));
    OM_TRY(is_overtaken(store, own, &overtaken, err));
    if (overtaken)
        return OM_OK;
    OM_TRY(store_assignment_list_of(store, own->registration, note, k, err));
    OM_TRY(k->rc);
    OM_TRY(note_orphans(k, err));
    OM_TRY(revoke_all(store, &k->kmids, err));
    return revoke_all(store, &k->keids, err);
}

/* MAF-CU-7 */
static om_rc first_use(struct maf *maf, const char *kmid, struct om_error *err)
{
    struct store_assignment own;
    om_rc rc = store_assignment_get(maf->store, kmid, &own, err);
    if (rc != OM_OK || own.used)
        return rc == OM_ENOTFOUND ? OM_OK : rc;
    struct kin k = {.store = maf->store, .except = &own, .rc = OM_OK, .err = err};
    OM_TRY(store_begin(maf->store, err));
    rc = store_end(maf->store, confirm(maf->store, &own, &k, err), err);
    if (rc == OM_OK)
        om_audit("kmid-used", "kmid=%s revoked=%zu", own.kmid, k.kmids.n);
    kin_free(&k);
    return rc;
}

/* That the old KmID stays valid a little longer is no reason to refuse the new one: the next handshake tries
 * again. */
void maf_authenticated(void *arg, SSL *ssl, void *peer)
{
    (void)ssl;
    struct maf *maf = arg;
    const struct maf_peer *p = peer;
    struct om_error err = {0};
    if (p == NULL || p->decoy || !p->assigned)
        return;
    om_rc rc = first_use(maf, p->kmid, &err);
    if (rc != OM_OK)
        om_log(OM_LOG_WARNING, "the KmID before %s is not revoked yet: %s", p->kmid, om_error_text(&err, rc));
}
