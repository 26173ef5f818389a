/* Which credential a handshake uses (TS-0003 8.8.3): what the stakeholder's registration configuration says,
 * else maf.conf, else the newest for the server. */
#include "client/configuration.h"
#include "client/enrolment.h"
#include "util/text.h"

#include <string.h>

static om_rc choose_psk(struct openmaf *maf, const char *kmid, struct credential_choice *out,
                        struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    OM_TRY(record_name(name, RECORD_CREDENTIAL, kmid, err));
    return credential_read(maf, name, &out->psk, err);
}

/* MEF-HS-2: who got a certificate from this MEF uses the latest, until it has expired. */
static om_rc choose_provisioned(struct openmaf *maf, struct credential_choice *out, struct om_error *err)
{
    OM_TRY(certificate_newest_of(maf, maf->home.mef.fqdn, NULL, &out->certificate, err));
    out->is_certificate = out->certificate.until > client_now();
    if (out->is_certificate)
        return OM_OK;
    certificate_free(&out->certificate);
    return OM_ENOTFOUND;
}

/* Newest of both kinds; any record that is refused ends the search: it may have been the newest. With the MEF
 * its own certificates go first, then a Kpm, then certificates that came in bundles. With the MAF those of
 * the MEF are left out: their trust anchors are the MEF's. */
static om_rc choose_newest(struct openmaf *maf, const struct home_server *server,
                           struct credential_choice *out, struct om_error *err)
{
    om_rc rc = server == &maf->home.mef ? choose_provisioned(maf, out, err) : OM_ENOTFOUND;
    if (rc != OM_ENOTFOUND)
        return rc;
    OM_TRY(credential_newest(maf, server, &out->psk, err));
    if (server == &maf->home.mef && out->psk.order > 0)
        return OM_OK;
    rc = certificate_newest_of(maf, "", NULL, &out->certificate, err);
    if (rc != OM_OK && rc != OM_ENOTFOUND)
        return rc;
    if (out->psk.order == 0 && rc == OM_ENOTFOUND)
        return om_fail(err, OM_ENOTFOUND,
                       "%s has no credential for %s; 'maf credential import' brings one in", maf->home.dir,
                       server->fqdn);
    out->is_certificate = rc == OM_OK && out->certificate.order > out->psk.order;
    return OM_OK;
}

/* The KmID that the walk of openmaf_enrol brought for this administrator. */
static om_rc choose_enrolled(struct openmaf *maf, const char *stakeholder, struct credential_choice *out,
                             struct om_error *err)
{
    struct enrolment e;
    om_rc rc = enrolment_read(maf, stakeholder, &e, err);
    if (rc == OM_OK && e.kmid[0] != '\0')
        rc = choose_psk(maf, e.kmid, out, err);
    else if (rc == OM_OK)
        rc = OM_ENOTFOUND;
    return rc == OM_ENOTFOUND
               ? om_fail(err, rc, "no key was provisioned yet; 'maf enrol --stakeholder %s' gets one",
                         stakeholder)
               : rc;
}

/* By Credential-ID: one that came for this server, else one that came for the other. The same name may be in
 * certificates of both, and each comes with trust anchors for its own. */
static om_rc choose_certificate(struct openmaf *maf, const struct home_server *server, const char *id,
                                struct credential_choice *out, struct om_error *err)
{
    const char *mef = server == &maf->home.mef ? server->fqdn : "";
    out->is_certificate = true;
    om_rc rc = certificate_newest_of(maf, mef, id, &out->certificate, err);
    return rc == OM_ENOTFOUND ? certificate_newest(maf, id, &out->certificate, err) : rc;
}

static om_rc choose_by_home(struct openmaf *maf, const struct home_server *server, const char *stakeholder,
                            struct credential_choice *out, struct om_error *err)
{
    om_rc rc = OM_ENOTFOUND;
    if (server->kmid[0] != '\0') {
        rc = choose_psk(maf, server->kmid, out, err);
        return rc == OM_ENOTFOUND ? om_context(err, rc, "credential %s that maf.conf names", server->kmid)
                                  : rc;
    }
    if (server->certificate[0] != '\0') {
        rc = choose_certificate(maf, server, server->certificate, out, err);
        return rc == OM_ENOTFOUND ? om_context(err, rc, "the certificate that maf.conf names") : rc;
    }
    if (stakeholder != NULL && server == &maf->home.maf)
        rc = choose_enrolled(maf, stakeholder, out, err);
    return rc == OM_ENOTFOUND ? choose_newest(maf, server, out, err) : rc;
}

static om_rc choose_by_configuration(struct openmaf *maf, const struct configuration *cfg,
                                     struct credential_choice *out, struct om_error *err)
{
    switch (cfg->choice) {
    case CONFIGURATION_USE_CERTIFICATE:
        OM_TRY(choose_certificate(maf, &maf->home.maf, cfg->credential, out, err));
        out->ca_certs = strdup(cfg->ca_certs);
        return out->ca_certs != NULL ? OM_OK : om_fail(err, OM_ENOMEM, "no memory for trust anchors");
    case CONFIGURATION_USE_PSK:
        if (cfg->credential[0] != '\0')
            return choose_psk(maf, cfg->credential, out, err);
        OM_TRY(credential_newest(maf, &maf->home.maf, &out->psk, err));
        return out->psk.order > 0
                   ? OM_OK
                   : om_fail(err, OM_ENOTFOUND, "%s has no Km for %s", maf->home.dir, maf->home.maf.fqdn);
    case CONFIGURATION_USE_REMOTE:
        return choose_enrolled(maf, cfg->stakeholder, out, err);
    case CONFIGURATION_UNSAID:
        break;
    }
    return choose_by_home(maf, &maf->home.maf, cfg->stakeholder, out, err);
}

om_rc credential_choose(struct openmaf *maf, const struct home_server *server, const char *stakeholder,
                        struct credential_choice *out, struct om_error *err)
{
    struct configuration cfg;
    memset(out, 0, sizeof *out);
    om_rc rc = OM_ENOTFOUND;
    if (stakeholder != NULL && server == &maf->home.maf)
        rc = configuration_read(maf, stakeholder, &cfg, err);
    if (rc == OM_ENOTFOUND)
        return choose_by_home(maf, server, stakeholder, out, err);
    if (rc != OM_OK)
        return rc;
    rc = choose_by_configuration(maf, &cfg, out, err);
    configuration_free(&cfg);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "registration configuration of %s", stakeholder);
}

void credential_choice_free(struct credential_choice *choice)
{
    certificate_free(&choice->certificate);
    free(choice->ca_certs);
    choice->ca_certs = NULL;
}

/* Counts imports of either kind. */
om_rc credential_next_order(struct openmaf *maf, int64_t *order, struct om_error *err)
{
    struct credential psk = {.order = 0};
    struct certificate c;
    OM_TRY(credential_newest(maf, NULL, &psk, err));
    om_rc rc = certificate_newest(maf, NULL, &c, err);
    if (rc != OM_OK && rc != OM_ENOTFOUND)
        return rc;
    *order = (rc == OM_OK && c.order > psk.order ? c.order : psk.order) + 1;
    certificate_free(&c);
    return OM_OK;
}

om_rc credential_load_psk(struct openmaf *maf, const struct credential *c, struct credential_key *key,
                          struct om_error *err)
{
    *key = (struct credential_key){.km = NULL};
    OM_TRY(om_copy_text(key->stakeholder, sizeof key->stakeholder, c->stakeholder, err));
    OM_TRY(om_copy_text(key->kmid, sizeof key->kmid, c->kmid, err));
    om_rc rc = se_load(maf->se, &c->psk, SE_USE_TLS12_PSK, &key->km, err);
    key->tls13 = maf->home.tls13 && c->tls13;
    if (rc == OM_OK && key->tls13)
        rc = se_load(maf->se, &c->forms.derived, SE_USE_TLS13_DERIVED, &key->km13.derived, err);
    if (rc == OM_OK && key->tls13)
        rc = se_load(maf->se, &c->forms.finished, SE_USE_TLS13_FINISHED, &key->km13.finished, err);
    key->km13.handshake = c->forms.handshake;
    key->km13.master = c->forms.master;
    return rc == OM_OK ? OM_OK : om_context(err, rc, "credential %s", key->kmid);
}

om_rc credential_load(struct openmaf *maf, const struct home_server *server, const char *stakeholder,
                      struct credential_key *key, struct om_error *err)
{
    struct credential_choice choice;
    *key = (struct credential_key){.km = NULL};
    om_rc rc = credential_choose(maf, server, stakeholder, &choice, err);
    if (rc == OM_OK && choice.is_certificate) {
        key->is_certificate = true;
        rc = certificate_load(maf, &choice.certificate, choice.ca_certs, &key->certificate, err);
    } else if (rc == OM_OK) {
        rc = credential_load_psk(maf, &choice.psk, key, err);
    }
    credential_choice_free(&choice);
    return rc;
}

void credential_unload(struct credential_key *key)
{
    se_key_unref(key->km);
    se_key_unref(key->km13.derived);
    se_key_unref(key->km13.finished);
    certificate_unload(&key->certificate);
}
