/* Finding, judging and showing the MAF's records: existence and ownership, the first two questions about
 * any of them (MAF-GEN-12). */
#include "maf/maf_internal.h"

#include <stdio.h>
#include <string.h>

#include "util/log.h"
#include "util/text.h"

/* mafClientRegIDs have a prefix that no RelativeKeyID (hex digits only) can have, so the two share one level
 * of names. */
#define REGISTRATION_PREFIX "cr-"

bool maf_expired(int64_t expires, int64_t now)
{
    return store_expired(expires, now); /* 0: never, for credentials */
}

bool maf_is_registration_id(const char *name)
{
    return strncmp(name, REGISTRATION_PREFIX, strlen(REGISTRATION_PREFIX)) == 0;
}

void maf_make_registration_id(char out[M2M_RELATIVE_SIZE], const uint8_t octets[16])
{
    memcpy(out, REGISTRATION_PREFIX, sizeof REGISTRATION_PREFIX);
    om_hex_lower(out + strlen(REGISTRATION_PREFIX), octets, 16);
}

static om_rc refuse_absent(struct maf_call *c)
{
    return maf_refuse(c, M2M_NOT_FOUND, "no such record: %s", c->to.name);
}

/* MAF-GEN-7: who asks for an expired record finds none, and it is one from now on. Failure to delete only
 * leaves it to maf_purge. */
static om_rc refuse_expired(struct maf_call *c,
                            om_rc (*expire)(struct store *, const char *, int64_t, struct om_error *))
{
    struct om_error err = {0};
    om_rc rc = expire(c->maf->store, c->to.name, c->now, &err); /* another worker may have prolonged it */
    if (rc != OM_OK && rc != OM_ENOTFOUND)
        om_log(OM_LOG_WARNING, "expired record %s not deleted yet: %s", c->to.name, om_error_text(&err, rc));
    return refuse_absent(c);
}

om_rc maf_load_registration(struct maf_call *c, struct store_registration *out)
{
    om_rc rc = store_registration_get(c->maf->store, c->to.name, out, &c->err);
    if (rc == OM_ENOTFOUND)
        return refuse_absent(c);
    if (rc == OM_OK && maf_expired(out->expires, c->now))
        return refuse_expired(c, store_registration_expire);
    return rc;
}

om_rc maf_load_key(struct maf_call *c, struct store_key *out)
{
    om_rc rc = store_key_get(c->maf->store, c->to.name, out, &c->err);
    if (rc == OM_ENOTFOUND)
        return refuse_absent(c);
    if (rc == OM_OK && maf_expired(out->expires, c->now))
        return refuse_expired(c, store_key_expire);
    return rc;
}

om_rc maf_load_own_registration(struct maf_call *c, struct store_registration *out)
{
    OM_TRY(maf_load_registration(c, out));
    if (strcmp(out->identity, c->from) != 0)
        return maf_refuse(c, M2M_ORIGINATOR_HAS_NO_PRIVILEGE, "this registration is another client's");
    return OM_OK;
}

om_rc maf_load_own_key(struct maf_call *c, struct store_key *out)
{
    OM_TRY(maf_load_key(c, out));
    if (strcmp(out->source, c->from) != 0)
        return maf_refuse(c, M2M_ORIGINATOR_HAS_NO_PRIVILEGE, "only the Source of this key may do that");
    return OM_OK;
}

om_rc maf_registered(struct maf_call *c, const char *admin)
{
    struct store_registration r = {0};
    OM_TRY(store_registration_find(c->maf->store, c->from, admin, &r, &c->err));
    bool expired = maf_expired(r.expires, c->now);
    store_registration_free(&r);
    return expired ? om_fail(&c->err, OM_ENOTFOUND, "the registration under %s has expired", admin) : OM_OK;
}

om_rc maf_load_policy(struct maf_call *c, const char *admin, const char *why, struct maf_policy *out)
{
    struct store_stakeholder r = {0};
    om_rc rc = store_stakeholder_get(c->maf->store, admin, &r, &c->err);
    if (rc == OM_ENOTFOUND)
        return maf_refuse(c, M2M_ORIGINATOR_HAS_NO_PRIVILEGE, "%s", why);
    if (rc != OM_OK)
        return rc;
    rc = maf_policy_parse(r.policy, &c->maf->role->suids, out, &c->err);
    store_stakeholder_free(&r);
    return rc == OM_OK ? OM_OK : om_context(&c->err, rc, "stakeholder %s", admin);
}

om_rc maf_load_permission(struct maf_call *c, const char *admin, struct maf_policy *out)
{
    /* One text for an unknown administrator and for one that does not know the client. */
    const char *why = "this administrator does not permit the client to register";
    OM_TRY(maf_load_policy(c, admin, why, out));
    if (out->any_may_register)
        return OM_OK;
    om_rc rc = store_permit_check(c->maf->store, c->from, admin, &c->err);
    return rc == OM_ENOTFOUND ? maf_refuse(c, M2M_ORIGINATOR_HAS_NO_PRIVILEGE, "%s", why) : rc;
}

om_rc maf_check_permission(struct maf_call *c, const char *admin)
{
    struct maf_policy policy = {0};
    om_rc rc = maf_load_permission(c, admin, &policy);
    maf_policy_free(&policy);
    return rc;
}

om_rc maf_transaction(struct maf_call *c, om_rc (*step)(struct maf_call *c, void *arg), void *arg)
{
    OM_TRY(store_begin(c->maf->store, &c->err));
    return store_end(c->maf->store, step(c, arg), &c->err);
}

struct m2m_resource maf_registration_view(const struct maf_call *c, const struct store_registration *r)
{
    struct m2m_resource v = {.type = c->maf->role->ty_client_reg,
                             .present = M2M_A_TY | M2M_A_RI | M2M_A_RN | M2M_A_PI | M2M_A_CT | M2M_A_LT |
                                        M2M_A_ET | M2M_A_CR | M2M_A_ADFQ,
                             .ct = r->created,
                             .lt = r->modified,
                             .et = r->expires,
                             .lbl = r->labels};
    memcpy(v.ri, r->id, sizeof v.ri);
    memcpy(v.rn, r->id, sizeof v.rn);
    (void)stpcpy(v.pi, c->maf->role->base_name);
    memcpy(v.cr, r->identity, sizeof v.cr);
    memcpy(v.adfq, r->admin_fqdn, sizeof v.adfq);
    memcpy(v.aski, r->assigned_kmid, sizeof v.aski);
    if (c->maf->role->child != NULL) { /* MEF-CR-2 */
        (void)snprintf(v.ch, sizeof v.ch, WIRE_BASE_ALIAS "/%s/%s", r->id, c->maf->role->child);
        v.present |= M2M_A_CH;
    }
    if (r->labels.n != 0)
        v.present |= M2M_A_LBL;
    if (r->assigned_kmid[0] != '\0')
        v.present |= M2M_A_ASKI;
    return v;
}

struct m2m_resource maf_key_view(const struct maf_call *c, const struct store_key *r)
{
    struct m2m_resource v = {.type = WIRE_TY_SYMM_KEY_REG,
                             .present = M2M_A_TY | M2M_A_RI | M2M_A_RN | M2M_A_PI | M2M_A_CT | M2M_A_LT |
                                        M2M_A_ET | M2M_A_CR | M2M_A_ADFQ | M2M_A_SUID | M2M_A_TGIS,
                             .ct = r->created,
                             .lt = r->modified,
                             .et = r->expires,
                             .lbl = r->labels,
                             .suid = r->suid,
                             .tgis = r->targets};
    memcpy(v.ri, r->id, sizeof v.ri);
    memcpy(v.rn, r->id, sizeof v.rn);
    (void)stpcpy(v.pi, c->maf->role->base_name);
    memcpy(v.cr, r->source, sizeof v.cr);
    memcpy(v.adfq, r->admin_fqdn, sizeof v.adfq);
    if (r->labels.n != 0)
        v.present |= M2M_A_LBL;
    return v;
}
