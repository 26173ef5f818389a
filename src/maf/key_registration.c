/* MAF Key Registration (TS-0003 8.8.2.7): CREATE of symmKeyReg. The Source and the MAF agree on a key that
 * the named Targets can fetch: the output of this session's TLS exporter, or a value that the Source made. */
#include "maf/maf_internal.h"

#include <string.h>

#include "util/log.h"
#include "util/text.h"

/* What the MAF adds of its own, for Result Content 9. */
#define ADDED (M2M_A_TY | M2M_A_RI | M2M_A_RN | M2M_A_PI | M2M_A_CT | M2M_A_LT | M2M_A_CR)

struct work {
    char admin[M2M_FQDN_SIZE];
    struct maf_policy policy;
    struct m2m_resource in;
    enum maf_result result;
    struct store_key record; /* borrows its lists from in or policy */
};

/* MAF-KR-4: a live registration of the Source under the same administrator. */
static om_rc check_registered(struct maf_call *c, const char *admin)
{
    om_rc rc = maf_registered(c, admin);
    if (rc == OM_ENOTFOUND)
        return maf_refuse(c, M2M_ORIGINATOR_HAS_NO_PRIVILEGE, "the client is not registered under %s", admin);
    return rc;
}

/* The administrator's bound on the keys of one Source. */
static om_rc check_room(struct maf_call *c, const struct work *w)
{
    uint64_t n = 0;
    OM_TRY(store_key_count(c->maf->store, c->from, w->admin, c->now, &n, &c->err));
    if (n >= (uint64_t)w->policy.max_keys)
        return maf_refuse(c, M2M_ORIGINATOR_HAS_NO_PRIVILEGE,
                          "the client has %llu keys, and the administrator permits %lld",
                          (unsigned long long)n, (long long)w->policy.max_keys);
    return OM_OK;
}

/* MAF-KR-9 */
static om_rc check_key_value(struct maf_call *c, const struct m2m_resource *in)
{
    size_t n = in->kyv.len;
    if ((in->present & M2M_A_KYV) == 0)
        return OM_OK;
    if (n < WIRE_KEY_VALUE_MIN || n > WIRE_KEY_VALUE_MAX || n % 2 != 0)
        return maf_refuse(c, M2M_BAD_REQUEST,
                          "kyv: a Key Value has an even number of octets, %d to %d, not %zu",
                          WIRE_KEY_VALUE_MIN, WIRE_KEY_VALUE_MAX, n);
    return OM_OK;
}

static om_rc check_targets(struct maf_call *c, struct work *w)
{
    unsigned suid = w->in.suid;
    w->record.targets = w->in.tgis; /* MAF-KR-13 */
    if ((w->in.present & M2M_A_TGIS) == 0) {
        w->record.targets = *maf_policy_default_targets(&w->policy, suid); /* MAF-KR-7 */
        if (w->record.targets.n == 0)
            return maf_refuse(c, M2M_BAD_REQUEST,
                              "tgis: missing, and the administrator has no default for SUID %u", suid);
    }
    return maf_check_targets(c, &w->record.targets, suid, &w->policy); /* MAF-KR-6, -8 */
}

static om_rc check_content(struct maf_call *c, struct work *w)
{
    OM_TRY(maf_content(c, WIRE_TY_SYMM_KEY_REG, M2M_CREATE_REQUEST, &w->in)); /* MAF-KR-3 */
    if (w->admin[0] == '\0')
        return maf_refuse(c, M2M_BAD_REQUEST, "adfq: adminFQDN is missing or not an FQDN");
    unsigned suid = w->in.suid;
    const struct maf_role *role = c->maf->role;
    if (suid < role->suids.first || suid > role->suids.last) /* MAF-KR-5 */
        return maf_refuse(c, M2M_BAD_REQUEST, "suid: %u cannot be registered at a %s (%u to %u can)", suid,
                          role->what, role->suids.first, role->suids.last);
    OM_TRY(maf_expiration(c, w->in.et, w->policy.max_key_lifetime, &w->record.expires));
    OM_TRY(check_key_value(c, &w->in));
    OM_TRY(maf_result_content(c, &w->result));
    if (!maf_policy_suid_allowed(&w->policy, suid)) /* MAF-KR-8 */
        return maf_refuse(c, M2M_ORIGINATOR_HAS_NO_PRIVILEGE, "suid: the administrator does not permit %u",
                          suid);
    return check_targets(c, w);
}

static om_rc make_record(struct maf_call *c, struct work *w)
{
    struct store_key *r = &w->record;
    OM_TRY(om_copy_text(r->source, sizeof r->source, c->from, &c->err));
    OM_TRY(om_copy_text(r->admin_fqdn, sizeof r->admin_fqdn, w->admin, &c->err));
    r->suid = w->in.suid;
    r->labels = w->in.lbl;
    r->created = c->now;
    r->modified = c->now;
    return OM_OK;
}

static om_rc store_record(struct maf_call *c, void *arg)
{
    struct work *w = arg;
    OM_TRY(check_registered(c, w->admin)); /* it may have ended since... */
    OM_TRY(check_room(c, w));              /* ... and another session may have taken what was left */
    OM_TRY(store_key_create(c->maf->store, &w->record, &c->err));
    const struct maf_role *role = c->maf->role;
    return w->record.exporter && role->registers_exported != NULL ? role->registers_exported(c, w->record.id)
                                                                  : OM_OK;
}

/* MAF-KR-14: everything but the Key Value. */
static om_rc prepare(struct maf_call *c, struct work *w)
{
    if (w->result == MAF_RESULT_NOTHING)
        return OM_OK;
    struct m2m_resource view = maf_key_view(c, &w->record);
    unsigned mask = ~0U;
    if (w->result == MAF_RESULT_MODIFIED) {
        mask = ADDED;
        mask |= w->record.expires != w->in.et ? M2M_A_ET : 0U;
        mask |= (w->in.present & M2M_A_TGIS) == 0 ? M2M_A_TGIS : 0U;
    }
    return maf_prepare(c, &view, mask);
}

static om_rc store_new(struct maf_call *c, struct work *w, const uint8_t octets[16])
{
    char id[33];
    m2m_relative_key_id(id, octets); /* MAF-KR-11 */
    OM_TRY(om_copy_text(w->record.id, sizeof w->record.id, id, &c->err));
    OM_TRY(prepare(c, w));
    return maf_transaction(c, store_record, w);
}

/* MAF-KR-2 (a), -10: octets 0..15 of the exporter name the key, the others are the key; they go from a token
 * object under the sealing root without passing through here. */
static om_rc export_and_seal(struct maf_call *c, uint8_t id[OMTLS_EXPORT_ID_SIZE], struct se_blob *value)
{
    struct se_key *key = NULL;
    om_rc rc = omtls_export(c->session->ssl, c->maf->role->label, id, &key, &c->err);
    if (rc == OM_EDENIED)
        return maf_refuse(c, M2M_ORIGINATOR_HAS_NO_PRIVILEGE, "this session cannot give an exporter key: %s",
                          om_error_text(&c->err, rc));
    if (rc == OM_OK)
        rc = se_seal_key(key, value, &c->err);
    se_key_unref(key);
    return rc;
}

static om_rc register_exporter_key(struct maf_call *c, struct work *w)
{
    uint8_t id[OMTLS_EXPORT_ID_SIZE];
    if (c->session->exporter_used) /* MAF-KR-12 */
        return maf_refuse(c, M2M_CONFLICT,
                          "this session has given its exporter key already: open a new one for the next");
    OM_TRY(export_and_seal(c, id, &w->record.value));
    w->record.exporter = true;
    om_rc rc = store_new(c, w, id);
    if (rc == OM_ECONFLICT) /* MAF-KR-11, MAF-GEN-10 */
        return maf_refuse(c, M2M_CONFLICT, "RelativeKeyID %s was used before", w->record.id);
    if (rc == OM_OK)
        c->session->exporter_used = true;
    return rc;
}

/* MAF-KR-2 (b), -9, -11 */
static om_rc register_own_key(struct maf_call *c, struct work *w)
{
    OM_TRY(se_seal(c->maf->se, w->in.kyv.octets, w->in.kyv.len, &w->record.value, &c->err));
    om_rc rc = OM_ECONFLICT;
    for (unsigned i = 0; i < MAF_ID_ATTEMPTS && rc == OM_ECONFLICT; i++) {
        uint8_t id[16];
        OM_TRY(se_random(c->maf->se, id, sizeof id, &c->err));
        rc = store_new(c, w, id);
    }
    return rc;
}

static om_rc create(struct maf_call *c, struct work *w)
{
    enum maf_credential_kind kind = c->session->peer->kind;
    if (kind != MAF_CREDENTIAL_KMID && kind != MAF_CREDENTIAL_CERTIFICATE) /* MAF-KR-1 */
        return maf_refuse(c, M2M_ORIGINATOR_HAS_NO_PRIVILEGE,
                          "keys are registered with a KmID or a certificate only");
    if (maf_peek_admin(c->rq, WIRE_SYMM_KEY_REG, w->admin)) {
        OM_TRY(check_registered(c, w->admin));
        OM_TRY(maf_load_policy(c, w->admin, "this administrator is not known", &w->policy));
    }
    OM_TRY(check_content(c, w));
    OM_TRY(check_room(c, w));
    OM_TRY(make_record(c, w));
    bool exporter = (w->in.present & M2M_A_KYV) == 0;
    OM_TRY(exporter ? register_exporter_key(c, w) : register_own_key(c, w));
    if (w->result != MAF_RESULT_NOTHING)
        maf_set_location(c, w->record.id);
    om_audit("key-registered", "id=%s source=%s admin=%s suid=%u targets=%zu kind=%s", w->record.id, c->from,
             w->admin, w->record.suid, w->record.targets.n, exporter ? "exporter" : "self-generated");
    maf_done(c, M2M_CREATED);
    return OM_OK;
}

om_rc maf_key_registration(struct maf_call *c)
{
    struct work w = {0};
    om_rc rc = create(c, &w);
    m2m_resource_free(&w.in);
    maf_policy_free(&w.policy);
    return rc;
}
