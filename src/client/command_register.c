/* MAFClientRegCfg (TS-0003 8.3.9.8): MAF Client Registration with its attributes. They become the
 * registration configuration of its administrator, as one that a bundle brought, with the credential that an
 * authenticationProfile below the object names; from then on the usual procedures do the rest. */
#include "client/certificate.h"
#include "client/command.h"
#include "client/configuration.h"
#include "client/register.h"
#include "onem2m/types.h"
#include "onem2m/wire_names.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>

static om_rc add(json_t *cfg, const char *member, json_t *value, struct om_error *err)
{
    return json_object_set_new(cfg, member, value) == 0
               ? OM_OK
               : om_fail(err, OM_ENOMEM, "no memory for a configuration");
}

static om_rc add_psk(struct openmaf *maf, const char *kmid, json_t *cfg, struct om_error *err)
{
    char id[M2M_ID_SIZE];
    OM_TRY(command_find_key(maf, 11, kmid, err));
    OM_TRY(m2m_credential_id(id, maf->home.maf.role->credential_type, kmid, err));
    return add(cfg, CONFIGURATION_PPSK, json_pack("{s:s}", "credID", id), err);
}

/* The anchors that came with it, and those of trustAnchorCred objects beside the profile. With a certificate
 * of the MEF came the MEF's, who is not to say which server is the MAF. */
static om_rc add_certificate(struct openmaf *maf, const struct object *o, const char *fingerprint,
                             json_t *cfg, struct om_error *err)
{
    struct certificate c;
    OM_TRY(command_find_certificate(maf, fingerprint, &c, err));
    if (c.mef[0] != '\0') {
        free(c.anchors);
        c.anchors = NULL;
    }
    om_rc rc = command_add_anchors(maf, o->path, &c.anchors, err);
    if (rc == OM_OK)
        rc = add(cfg, CONFIGURATION_CERT_AUTH, json_pack("{s:s, s:s}", "credID", c.id, "caCerts", c.anchors),
                 err);
    certificate_free(&c);
    return rc;
}

static om_rc add_credential(struct openmaf *maf, const struct object *o, const struct object *profile,
                            json_t *cfg, struct om_error *err)
{
    switch (profile->mo.suid) {
    case 11:
        return add_psk(maf, profile->mo.key_id, cfg, err);
    case M2M_SUID_REMOTE_MAF:
        return add(cfg, CONFIGURATION_RPSK,
                   json_pack("{s:s, s:i}", WIRE_ADFQ, o->mo.admin_fqdn, WIRE_SUID, M2M_SUID_REMOTE_MAF), err);
    case 41:
        return add_certificate(maf, o, profile->mo.fingerprint, cfg, err);
    default:
        return om_fail(err, OM_ECONFLICT, "%s is for SUID %u, which is not for a MAF", profile->path,
                       profile->mo.suid);
    }
}

/* Without a profile the choice that a bundle made stays. */
static om_rc keep_choice(struct openmaf *maf, const char *stakeholder, json_t *cfg, struct om_error *err)
{
    static const char *const members[] = {CONFIGURATION_PPSK, CONFIGURATION_RPSK, CONFIGURATION_CERT_AUTH};
    struct configuration old;
    om_rc rc = configuration_read(maf, stakeholder, &old, err);
    if (rc != OM_OK)
        return rc == OM_ENOTFOUND ? OM_OK : rc;
    for (size_t i = 0; rc == OM_OK && i < sizeof members / sizeof members[0]; i++) {
        json_t *member = json_object_get(old.json, members[i]);
        if (member != NULL)
            rc = add(cfg, members[i], json_incref(member), err);
    }
    configuration_free(&old);
    return rc;
}

static om_rc fill(struct openmaf *maf, const struct object *o, json_t *cfg, struct om_error *err)
{
    struct object profile;
    (void)json_object_del(cfg, "type");
    om_rc rc = object_child(maf, o->path, M2M_MO_AUTHENTICATION_PROFILE, &profile, err);
    if (rc == OM_ENOTFOUND)
        return keep_choice(maf, o->mo.admin_fqdn, cfg, err);
    if (rc == OM_OK)
        rc = add_credential(maf, o, &profile, cfg, err);
    object_free(&profile);
    return rc;
}

static om_rc configure(struct openmaf *maf, const struct object *o, struct om_error *err)
{
    struct configuration c;
    json_t *cfg = json_copy(o->json);
    om_rc rc =
        cfg != NULL ? fill(maf, o, cfg, err) : om_fail(err, OM_ENOMEM, "no memory for a configuration");
    if (rc == OM_OK)
        rc = configuration_parse(cfg, maf->home.maf.fqdn, &c, err);
    if (rc == OM_OK) {
        rc = configuration_write(maf, &c, err);
        configuration_free(&c);
    }
    json_decref(cfg);
    return rc;
}

static om_rc configure_locked(struct openmaf *maf, const struct object *o, struct om_error *err)
{
    OM_TRY(home_lock(&maf->home, maf->home.timeout, &maf->lock, err));
    om_rc rc = configure(maf, o, err);
    home_unlock(maf->lock);
    maf->lock = -1;
    return rc;
}

static om_rc is_registered(struct openmaf *maf, const char *stakeholder, bool *yes, struct om_error *err)
{
    struct registration *r = registration_new();
    if (r == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a registration");
    om_rc rc = registration_read(maf, &maf->home.maf, stakeholder, r, err);
    *yes = rc == OM_OK && r->pub.expires > client_now();
    openmaf_registration_free(&r->pub);
    return rc == OM_ENOTFOUND ? OM_OK : rc;
}

om_rc command_register(struct openmaf *maf, const struct object *o, struct om_error *err)
{
    const struct openmaf_registration_request rq = {.size = sizeof rq,
                                                    .stakeholder = o->mo.admin_fqdn,
                                                    .expires = o->mo.et,
                                                    .labels = (const char *const *)o->mo.labels.items,
                                                    .n_labels = o->mo.labels.n};
    struct openmaf_error error = {0};
    bool registered = false;
    OM_TRY(configure_locked(maf, o, err));
    OM_TRY(is_registered(maf, o->mo.admin_fqdn, &registered, err));
    if (registered && rq.expires == 0 && rq.n_labels == 0)
        return OM_OK; /* as the object wants it */
    if (!registered)
        return command_make_registration(maf, &rq, err);
    return command_result(openmaf_update(maf, &rq, NULL, &error), &error, err);
}

static om_rc adopt(struct openmaf *maf, const struct openmaf_registration_request *rq, struct om_error *err)
{
    const struct home_server *server = NULL;
    struct registration *r = registration_new();
    om_rc rc = r != NULL ? client_server(maf, rq->server, &server, err)
                         : om_fail(err, OM_ENOMEM, "no memory for a registration");
    if (rc == OM_OK)
        rc = home_lock(&maf->home, maf->home.timeout, &maf->lock, err);
    if (rc == OM_OK)
        rc = register_find(maf, server, rq->stakeholder, NULL, r, err);
    home_unlock(maf->lock);
    maf->lock = -1;
    if (r != NULL)
        openmaf_registration_free(&r->pub);
    return rc;
}

om_rc command_make_registration(struct openmaf *maf, const struct openmaf_registration_request *rq,
                                struct om_error *err)
{
    struct openmaf_error error = {0};
    om_rc rc = command_result(openmaf_register(maf, rq, NULL, &error), &error, err);
    return rc == OM_ECONFLICT && error.rsc == M2M_ORIGINATOR_HAS_ALREADY_REGISTERED ? adopt(maf, rq, err)
                                                                                    : rc;
}
