/* Registration configurations: see configuration.h. */
#include "client/configuration.h"
#include "onem2m/resource.h"
#include "onem2m/types.h"
#include "onem2m/wire_names.h"
#include "pki/anchors.h"
#include "pki/name.h"
#include "util/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PSK_TYPE CONFIGURATION_PSK_TYPE
#define SUID_KM  21 /* MEF-RP-1 */

void configuration_free(struct configuration *c)
{
    json_decref(c->json);
    memset(c, 0, sizeof *c);
}

/* A member of an object that must be a text; the object has no others than those named. */
static om_rc only_members(const json_t *object, const char *a, const char *b, struct om_error *err)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return om_fail(err, OM_EINPUT, "an object is expected");
    json_object_foreach((json_t *)object, name, value)
    {
        if (strcmp(name, a) != 0 && strcmp(name, b) != 0)
            return om_fail(err, OM_EINPUT, "%.40s: unknown element", name);
        if (!json_is_string(value))
            return om_fail(err, OM_EINPUT, "%.40s: a text is expected", name);
    }
    return OM_OK;
}

static om_rc parse_ppsk(const json_t *ppsk, const char *fqdn, struct configuration *c, struct om_error *err)
{
    char relative[M2M_RELATIVE_SIZE];
    char of[M2M_FQDN_SIZE];
    OM_TRY(only_members(ppsk, "credID", "fqdn", err));
    const char *id = json_string_value(json_object_get(ppsk, "credID"));
    const char *any = json_string_value(json_object_get(ppsk, "fqdn"));
    c->choice = CONFIGURATION_USE_PSK;
    if ((id != NULL) == (any != NULL))
        return om_fail(err, OM_EINPUT, "one of credID and fqdn is expected");
    if (any != NULL)
        return strcmp(any, fqdn) == 0 ? OM_OK : om_fail(err, OM_EINPUT, "fqdn is not %.120s", fqdn);
    if (strncmp(id, PSK_TYPE, sizeof PSK_TYPE - 1) != 0)
        return om_fail(err, OM_EINPUT, "credID '%.80s' is not that of a key shared with a MAF: 11-KmID", id);
    OM_TRY(m2m_key_id_split(id + sizeof PSK_TYPE - 1, relative, of, err));
    if (strcmp(of, fqdn) != 0)
        return om_fail(err, OM_EINPUT, "credID '%.120s' is of another MAF than %.120s", id, fqdn);
    return om_copy_text(c->credential, sizeof c->credential, id + sizeof PSK_TYPE - 1, err);
}

static om_rc parse_cert_auth(const json_t *auth, struct configuration *c, struct om_error *err)
{
    struct pki_name name;
    STACK_OF(X509) *anchors = NULL;
    OM_TRY(only_members(auth, "credID", "caCerts", err));
    const char *id = json_string_value(json_object_get(auth, "credID"));
    c->choice = CONFIGURATION_USE_CERTIFICATE;
    c->ca_certs = json_string_value(json_object_get(auth, "caCerts"));
    if (id == NULL || c->ca_certs == NULL)
        return om_fail(err, OM_EINPUT, "credID and caCerts are expected");
    OM_TRY(pki_name_from_credential_id(&name, id, err));
    OM_TRY(pki_anchors_decode(c->ca_certs, &anchors, err));
    sk_X509_pop_free(anchors, X509_free);
    return om_copy_text(c->credential, sizeof c->credential, id, err);
}

/* A mefKeyRegCfg (TS-0003 8.3.7), perhaps with the MEF-FQDN, that says no more than what openmaf_enrol does.
 * Its walk makes no key registration at the MEF (MEF-RP-8 is another way), so an end and labels for one would
 * be without effect. */
static om_rc parse_rpsk(const json_t *rpsk, const char *fqdn, struct configuration *c, struct om_error *err)
{
    const char *name;
    json_t *value;
    c->choice = CONFIGURATION_USE_REMOTE;
    if (!json_is_object(rpsk))
        return om_fail(err, OM_EINPUT, "an object is expected");
    json_object_foreach((json_t *)rpsk, name, value)
    {
        if (strcmp(name, WIRE_FQDN) != 0 && strcmp(name, WIRE_ADFQ) != 0 && strcmp(name, WIRE_SUID) != 0 &&
            strcmp(name, WIRE_TGIS) != 0)
            return om_fail(err, OM_EINPUT, "%.40s: unknown element", name);
    }
    const json_t *mef = json_object_get(rpsk, WIRE_FQDN);
    const char *admin = json_string_value(json_object_get(rpsk, WIRE_ADFQ));
    const json_t *suid = json_object_get(rpsk, WIRE_SUID);
    const json_t *targets = json_object_get(rpsk, WIRE_TGIS);
    const char *target = json_string_value(json_array_get(targets, 0));
    if (mef != NULL && (!json_is_string(mef) || !m2m_is_fqdn(json_string_value(mef))))
        return om_fail(err, OM_EINPUT, WIRE_FQDN ": a lower-case FQDN is expected");
    c->mef = json_string_value(mef);
    if (admin == NULL || strcmp(admin, c->stakeholder) != 0)
        return om_fail(err, OM_EINPUT, WIRE_ADFQ ": %.120s is expected", c->stakeholder);
    if (!json_is_integer(suid) || json_integer_value(suid) != SUID_KM)
        return om_fail(err, OM_EINPUT, WIRE_SUID ": %d is expected", SUID_KM);
    if (targets != NULL && (json_array_size(targets) != 1 || target == NULL || strcmp(target, fqdn) != 0))
        return om_fail(err, OM_EINPUT, WIRE_TGIS ": %.120s and no other is expected", fqdn);
    return OM_OK;
}

static om_rc parse_choice(const json_t *json, const char *fqdn, struct configuration *c, struct om_error *err)
{
    const json_t *ppsk = json_object_get(json, CONFIGURATION_PPSK);
    const json_t *rpsk = json_object_get(json, CONFIGURATION_RPSK);
    const json_t *auth = json_object_get(json, CONFIGURATION_CERT_AUTH);
    if ((ppsk != NULL) + (rpsk != NULL) + (auth != NULL) > 1)
        return om_fail(err, OM_EINPUT, "at most one of ppsk, rpsk and certAuth is expected");
    om_rc rc = OM_OK;
    if (ppsk != NULL && (rc = parse_ppsk(ppsk, fqdn, c, err)) != OM_OK)
        return om_context(err, rc, CONFIGURATION_PPSK);
    if (auth != NULL && (rc = parse_cert_auth(auth, c, err)) != OM_OK)
        return om_context(err, rc, CONFIGURATION_CERT_AUTH);
    if (rpsk != NULL && (rc = parse_rpsk(rpsk, fqdn, c, err)) != OM_OK)
        return om_context(err, rc, CONFIGURATION_RPSK);
    return OM_OK;
}

/* What v3.18 has, by the checks that a mafClientCfg passes. */
static om_rc check_rest(const json_t *json, struct om_error *err)
{
    json_t *rest = json_copy((json_t *)json);
    json_t *cfg = json_pack("{s:O?}", WIRE_CRGC, rest);
    om_rc rc = OM_OK;
    if (rest == NULL || cfg == NULL)
        rc = om_fail(err, OM_ENOMEM, "no memory for a configuration");
    (void)json_object_del(rest, CONFIGURATION_PPSK);
    (void)json_object_del(rest, CONFIGURATION_RPSK);
    (void)json_object_del(rest, CONFIGURATION_CERT_AUTH);
    if (rc == OM_OK)
        rc = m2m_client_cfg_check(cfg, err);
    json_decref(cfg);
    json_decref(rest);
    return rc;
}

static uint16_t port_of(const json_t *json, const char *name)
{
    return (uint16_t)json_integer_value(json_object_get(json, name)); /* check_rest bounded it */
}

static om_rc parse(const json_t *json, const char *fqdn, struct configuration *c, struct om_error *err)
{
    if (!json_is_object(json))
        return om_fail(err, OM_EINPUT, "an object is expected");
    OM_TRY(check_rest(json, err));
    if (strcmp(json_string_value(json_object_get(json, WIRE_FQDN)), fqdn) != 0)
        return om_fail(err, OM_EINPUT, "it is for MAF %.120s, this home for %.120s",
                       json_string_value(json_object_get(json, WIRE_FQDN)), fqdn);
    OM_TRY(om_copy_text(c->stakeholder, sizeof c->stakeholder,
                        json_string_value(json_object_get(json, WIRE_ADFQ)), err));
    const char *et = json_string_value(json_object_get(json, WIRE_ET));
    if (et != NULL)
        OM_TRY(m2m_timestamp_parse(et, &c->expires, err));
    c->labels = json_object_get(json, WIRE_LBL);
    c->http_port = port_of(json, WIRE_HTPT);
    c->websocket_port = port_of(json, WIRE_WSPT);
    c->coap_port = port_of(json, WIRE_COPT);
    return parse_choice(json, fqdn, c, err);
}

om_rc configuration_parse(json_t *json, const char *fqdn, struct configuration *c, struct om_error *err)
{
    memset(c, 0, sizeof *c);
    om_rc rc = parse(json, fqdn, c, err);
    if (rc == OM_OK)
        c->json = json_incref(json);
    else
        memset(c, 0, sizeof *c);
    return rc;
}

static om_rc read_named(struct openmaf *maf, const char *name, struct configuration *c, struct om_error *err)
{
    json_t *object = NULL;
    memset(c, 0, sizeof *c);
    OM_TRY(record_read(&maf->home, maf->se, name, &object, err));
    om_rc rc = configuration_parse(object, maf->home.maf.fqdn, c, err);
    json_decref(object);
    return rc == OM_EINPUT ? om_context(err, OM_EINTEGRITY, "registration configuration %.120s", name) : rc;
}

om_rc configuration_read(struct openmaf *maf, const char *stakeholder, struct configuration *c,
                         struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    memset(c, 0, sizeof *c);
    OM_TRY(record_name(name, RECORD_CONFIGURATION, stakeholder, err));
    return read_named(maf, name, c, err);
}

static bool take_binding(const struct configuration *c, const struct transport **transport, uint16_t *port)
{
    const struct {
        uint16_t port;
        const struct transport *transport;
    } offered[] = {{c->http_port, &transport_https},
                   {c->websocket_port, &transport_wss},
                   {c->coap_port, &transport_coaps}};
    for (size_t i = 0; i < sizeof offered / sizeof offered[0]; i++) {
        if (offered[i].port == 0)
            continue;
        *transport = offered[i].transport;
        *port = offered[i].port;
        return true;
    }
    return false;
}

om_rc configuration_binding(struct openmaf *maf, const char *stakeholder, const struct transport **transport,
                            uint16_t *port, struct om_error *err)
{
    struct m2m_list names = M2M_LIST_INIT;
    char name[RECORD_NAME_SIZE];
    if (stakeholder == NULL) {
        OM_TRY(record_names(&maf->home, RECORD_CONFIGURATION, &names, err));
    } else {
        OM_TRY(record_name(name, RECORD_CONFIGURATION, stakeholder, err));
        OM_TRY(m2m_list_add(&names, name, err));
    }
    bool found = false;
    om_rc rc = OM_OK;
    for (size_t i = 0; rc == OM_OK && !found && i < names.n; i++) {
        struct configuration c;
        rc = read_named(maf, names.items[i], &c, err);
        found = rc == OM_OK && take_binding(&c, transport, port);
        configuration_free(&c);
    }
    m2m_list_free(&names);
    return rc == OM_ENOTFOUND ? OM_OK : rc;
}

om_rc configuration_check_time(const struct configuration *c, struct om_error *err)
{
    char text[M2M_TIMESTAMP_SIZE];
    if (c->expires == 0 || client_now() < c->expires)
        return OM_OK;
    m2m_timestamp_format(text, c->expires);
    return om_fail(err, OM_EDENIED,
                   "the registration configuration of %.120s lapsed at %s; the administrator has to renew it",
                   c->stakeholder, text);
}

om_rc configuration_write(struct openmaf *maf, const struct configuration *c, struct om_error *err)
{
    char name[RECORD_NAME_SIZE];
    OM_TRY(record_name(name, RECORD_CONFIGURATION, c->stakeholder, err));
    return record_write(&maf->home, maf->se, name, c->json, err);
}
