/* Executing an authenticationProfile: by its SUID it must stand below the right object, hold what that use
 * needs, and have the right object below it (304 otherwise). Then the key or certificate is found here, or a
 * key is registered at the MEF or the MAF (spec/mef §7). */
#include "client/certificate.h"
#include "client/command.h"
#include "client/key_record.h"
#include "onem2m/types.h"
#include "util/text.h"

#include <string.h>

enum { USE_MAF = 1, USE_SAEF = 2, USE_ESPRIM = 3 };                /* units of a SUID */
enum { KEY_LOCAL = 1, KEY_MEF = 2, KEY_MAF = 3, CERTIFICATE = 4 }; /* tens of it */

struct plan {
    char target[M2M_ID_SIZE];        /* of the key to register */
    char stakeholder[M2M_FQDN_SIZE]; /* under whom */
};

static om_rc inconsistent(struct om_error *err, const char *what)
{
    return om_fail(err, OM_ECONFLICT, "%s", what);
}

/* The object above says what the key or certificate is for, and so who its target is. */
static om_rc check_parent(struct openmaf *maf, const struct object *o, unsigned use, struct plan *plan,
                          struct om_error *err)
{
    static const int types[] = {[USE_MAF] = M2M_MO_MAF_CLIENT_REG_CFG,
                                [USE_SAEF] = M2M_MO_REGISTRATION,
                                [USE_ESPRIM] = M2M_MO_DATA_COLLECTION};
    struct object parent;
    OM_TRY(object_parent(maf, o->path, &parent, err));
    om_rc rc = OM_OK;
    if (parent.mo.type != types[use])
        rc = om_fail(err, OM_ECONFLICT, "above it a %s is needed", m2m_object_type_name(types[use]));
    else if (use == USE_MAF)
        rc = om_copy_text(plan->target, sizeof plan->target, parent.mo.fqdn, err);
    else
        rc = m2m_cse_of_path(parent.mo.path, maf->home.id, plan->target, err);
    object_free(&parent);
    return rc;
}

/* The object below says where a key is registered. */
static om_rc check_child(struct openmaf *maf, const struct object *o, unsigned kind, struct plan *plan,
                         struct om_error *err)
{
    struct object child;
    if (kind == CERTIFICATE) {
        om_rc rc = object_child(maf, o->path, M2M_MO_TRUST_ANCHOR_CRED, &child, err);
        object_free(&child);
        if (rc == OM_ENOTFOUND)
            return OM_OK;
        return rc == OM_OK ? inconsistent(err, "below it no trustAnchorCred may stand") : rc;
    }
    if (kind == KEY_LOCAL)
        return OM_OK;
    OM_TRY(object_child(maf, o->path, kind == KEY_MEF ? M2M_MO_MEF_CLIENT_REG_CFG : M2M_MO_MAF_CLIENT_REG_CFG,
                        &child, err));
    om_rc rc = om_copy_text(plan->stakeholder, sizeof plan->stakeholder, child.mo.admin_fqdn, err);
    object_free(&child);
    return rc;
}

static om_rc check_members(const struct m2m_object *mo, unsigned kind, unsigned use, struct om_error *err)
{
    unsigned needed = kind == CERTIFICATE ? M2M_SUITES_CERTIFICATE : use == USE_ESPRIM ? 0U : M2M_SUITES_PSK;
    if ((mo->suites & needed) != needed)
        return inconsistent(err, "TLSCiphersuites lacks suites that are mandatory");
    if (kind == KEY_LOCAL && mo->key_id[0] == '\0')
        return inconsistent(err, "symmKeyID is missing");
    if ((kind == KEY_MEF || kind == KEY_MAF) && mo->duration == 0)
        return inconsistent(err, "keyRegDuration is missing");
    if (kind == CERTIFICATE && mo->fingerprint[0] == '\0')
        return inconsistent(err, "myCertFingerprint is missing");
    if (mo->et != 0 && mo->et <= client_now())
        return inconsistent(err, "its expirationTime is past");
    return OM_OK;
}

static om_rc check(struct openmaf *maf, const struct object *o, unsigned kind, unsigned use,
                   struct plan *plan, struct om_error *err)
{
    OM_TRY(check_members(&o->mo, kind, use, err));
    OM_TRY(check_parent(maf, o, use, plan, err));
    return check_child(maf, o, kind, plan, err);
}

/* --- keys --- */

/* The key belongs to the profile from now on, if that is still there and says the same. */
static om_rc remember(struct openmaf *maf, const struct object *o, const char *key_id, struct om_error *err)
{
    struct object now;
    OM_TRY(home_lock(&maf->home, maf->home.timeout, &maf->lock, err));
    om_rc rc = object_read(maf, o->path, &now, err);
    if (rc == OM_OK && now.mo.type == o->mo.type && now.mo.suid == o->mo.suid)
        rc = om_copy_text(now.key_id, sizeof now.key_id, key_id, err);
    if (rc == OM_OK)
        rc = object_write(maf, &now, err);
    object_free(&now);
    home_unlock(maf->lock);
    maf->lock = -1;
    return rc;
}

/* MEF-KR-7, and the same at a MAF: what is sent follows from the objects, never a Key Value;
 * openmaf_key_register fails when expirationTime in the answer is past, or Source ID, adminFQDN, SUID or
 * (strict) targetIDs are others. */
static om_rc register_key(struct openmaf *maf, const struct object *o, unsigned kind, const struct plan *plan,
                          struct om_error *err)
{
    const char *const targets[] = {plan->target};
    const struct openmaf_key_request rq = {
        .size = sizeof rq,
        .server = kind == KEY_MEF ? OPENMAF_MEF : OPENMAF_MAF,
        .stakeholder = plan->stakeholder,
        .suid = o->mo.suid,
        .expires = client_now() + o->mo.duration,
        .labels = (const char *const *)o->mo.labels.items,
        .n_labels = o->mo.labels.n,
        .targets = targets,
        .n_targets = 1,
        .strict = 1,
    };
    struct openmaf_error error = {0};
    struct openmaf_key *key = NULL;
    OM_TRY(command_result(openmaf_key_register(maf, &rq, &key, &error), &error, err));
    om_rc rc = remember(maf, o, key->key_id, err);
    openmaf_key_free(key);
    return rc;
}

static om_rc perform(struct openmaf *maf, const struct object *o, unsigned kind, const struct plan *plan,
                     struct om_error *err)
{
    struct certificate c;
    if (kind == KEY_LOCAL)
        return command_find_key(maf, o->mo.suid, o->mo.key_id, err);
    if (kind != CERTIFICATE)
        return register_key(maf, o, kind, plan, err);
    OM_TRY(command_find_certificate(maf, o->mo.fingerprint, &c, err));
    certificate_free(&c);
    return OM_OK;
}

int command_profile(struct openmaf *maf, const struct object *o, unsigned suid, struct om_error *why)
{
    struct plan plan = {.target = ""};
    unsigned kind = suid / 10;
    unsigned use = suid % 10;
    if (!m2m_suid_defined(suid) || use < USE_MAF || use > USE_ESPRIM) {
        (void)om_fail(why, OM_EINPUT, "SUID %u is not one that a profile of this client can be for", suid);
        return M2M_CMD_MO_NODE_UNACCEPTABLE_ARGS;
    }
    if (o->mo.suid != suid) {
        (void)om_fail(why, OM_ECONFLICT, "the profile is for SUID %u, the command for %u", o->mo.suid, suid);
        return M2M_CMD_MO_NODE_INCONSISTENT_CONFIG;
    }
    if (check(maf, o, kind, use, &plan, why) != OM_OK)
        return M2M_CMD_MO_NODE_INCONSISTENT_CONFIG;
    return perform(maf, o, kind, &plan, why) == OM_OK ? M2M_CMD_OK : M2M_CMD_MO_NODE_EXECUTION_ERROR;
}

/* --- renewal (MEF-KR-8) --- */

int64_t command_renewal(int64_t end, int64_t duration)
{
    int64_t before = duration / 10;
    return end - (before > 86400 ? 86400 : before);
}

struct renewal {
    struct openmaf *maf;
    const char *stakeholder;
    int64_t *due;
    om_rc rc; /* of the first that failed */
    struct om_error *err;
};

static om_rc extend(struct openmaf *maf, const struct object *o, struct om_error *err)
{
    const struct openmaf_key_request rq = {
        .size = sizeof rq, .key_id = o->key_id, .expires = client_now() + o->mo.duration};
    struct openmaf_error error = {0};
    return command_result(openmaf_key_update(maf, &rq, NULL, &error), &error, err);
}

static om_rc end_of(struct openmaf *maf, const char *key_id, int64_t *end, struct om_error *err)
{
    struct key_record *k = key_record_new();
    if (k == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a key");
    om_rc rc = key_record_name(maf, key_id, k, err);
    if (rc == OM_OK)
        rc = key_record_read(maf, k, err);
    *end = rc == OM_OK ? k->pub.expires : 0; /* a key that is gone is past */
    openmaf_key_free(&k->pub);
    return rc == OM_ENOTFOUND ? OM_OK : rc;
}

/* The same key for longer while it lives; another one after that, or where the server has it no more. */
static om_rc renew(struct openmaf *maf, const struct object *o, unsigned kind, const struct plan *plan,
                   int64_t end, struct om_error *err)
{
    om_rc rc = end > client_now() ? extend(maf, o, err) : OM_ENOTFOUND;
    return rc == OM_ENOTFOUND ? register_key(maf, o, kind, plan, err) : rc;
}

static om_rc renew_one(struct renewal *r, const struct object *o, struct om_error *err)
{
    struct plan plan = {.target = ""};
    unsigned kind = o->mo.suid / 10;
    int64_t end = 0;
    if (check(r->maf, o, kind, o->mo.suid % 10, &plan, err) != OM_OK ||
        (kind == KEY_MEF && strcmp(plan.stakeholder, r->stakeholder) != 0))
        return OM_OK; /* not valid any more, or renewed with what else that administrator has at the MEF */
    OM_TRY(end_of(r->maf, o->key_id, &end, err));
    if (command_renewal(end, o->mo.duration) <= client_now()) {
        struct object renewed;
        OM_TRY(renew(r->maf, o, kind, &plan, end, err));
        OM_TRY(object_read(r->maf, o->path, &renewed, err));
        om_rc rc = end_of(r->maf, renewed.key_id, &end, err);
        object_free(&renewed);
        if (rc != OM_OK)
            return rc;
    }
    int64_t at = command_renewal(end, o->mo.duration);
    int64_t now = client_now();
    if (at <= now) /* the server gave less than was asked for */
        at = now + (end - now) / 2;
    if (*r->due == 0 || at < *r->due)
        *r->due = at;
    return OM_OK;
}

static om_rc visit(void *arg, struct object *o, struct om_error *err)
{
    struct renewal *r = arg;
    struct om_error own = {0};
    (void)err;
    if (o->mo.type != M2M_MO_AUTHENTICATION_PROFILE || o->key_id[0] == '\0')
        return OM_OK;
    om_rc rc = renew_one(r, o, &own);
    if (rc != OM_OK && r->rc == OM_OK) {
        r->rc = om_fail(r->err, rc, "renewing the key of %s: %s", o->path, om_error_text(&own, rc));
    }
    return OM_OK;
}

om_rc command_renew(struct openmaf *maf, const char *stakeholder, int64_t *due, struct om_error *err)
{
    struct renewal r = {.maf = maf, .stakeholder = stakeholder, .due = due, .rc = OM_OK, .err = err};
    OM_TRY(object_each(maf, NULL, visit, &r, err));
    return r.rc;
}
