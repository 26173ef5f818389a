/* The keys of maf.conf and what their values may be: see home_keys.h; documented for users in maf(1). */
#include "client/home_keys.h"
#include "client/client.h"
#include "util/text.h"

#include <string.h>

static om_rc set_id(struct home *h, const char *v, struct om_error *err)
{
    if (strlen(v) > M2M_ID_MAX || !m2m_is_absolute_id(v))
        return om_fail(err, OM_EINPUT,
                       "'%.80s' is not an Absolute AE-ID or CSE-ID such as //sp.example/cse1/Cae7", v);
    return om_copy_text(h->id, sizeof h->id, v, err);
}

static om_rc set_format(struct home *h, const char *v, struct om_error *err)
{
    h->format = format_named(v);
    return h->format != NULL ? OM_OK : om_fail(err, OM_EINPUT, "'%.80s' is neither json nor cbor", v);
}

static om_rc seconds(const char *v, unsigned *out, struct om_error *err)
{
    uint64_t n;
    OM_TRY(om_parse_uint(v, 3600, &n, err));
    if (n == 0)
        return om_fail(err, OM_EINPUT, "0 seconds leave no time for an answer");
    *out = (unsigned)n;
    return OM_OK;
}

static om_rc set_connect_timeout(struct home *h, const char *v, struct om_error *err)
{
    return seconds(v, &h->connect_timeout, err);
}

static om_rc set_timeout(struct home *h, const char *v, struct om_error *err)
{
    return seconds(v, &h->timeout, err);
}

/* One of two words; *out tells whether it is the second. */
static om_rc either(const char *v, const char *first, const char *second, bool *out, struct om_error *err)
{
    *out = strcmp(v, second) == 0;
    return *out || strcmp(v, first) == 0
               ? OM_OK
               : om_fail(err, OM_EINPUT, "'%.80s' is neither %s nor %s", v, first, second);
}

static om_rc yes_or_no(const char *v, bool *yes, struct om_error *err)
{
    bool no = false;
    OM_TRY(either(v, "yes", "no", &no, err));
    *yes = !no;
    return OM_OK;
}

static om_rc set_ems(struct home *h, const char *v, struct om_error *err)
{
    return yes_or_no(v, &h->require_extended_master_secret, err);
}

static om_rc set_tls_max(struct home *h, const char *v, struct om_error *err)
{
    return either(v, "1.2", "1.3", &h->tls13, err);
}

static om_rc set_saef_psk(struct home *h, const char *v, struct om_error *err)
{
    return either(v, "whole", "first-half", &h->saef_first_half, err);
}

static om_rc set_saef_ems(struct home *h, const char *v, struct om_error *err)
{
    return yes_or_no(v, &h->saef_require_ems, err);
}

static om_rc set_saef_tls_max(struct home *h, const char *v, struct om_error *err)
{
    return either(v, "1.2", "1.3", &h->saef_tls13, err);
}

static om_rc set_uri(struct home *h, const char *v, struct om_error *err)
{
    return om_copy_text(h->token_uri, sizeof h->token_uri, v, err);
}

static om_rc set_pin_source(struct home *h, const char *v, struct om_error *err)
{
    if (strncmp(v, "file:", 5) != 0 && strncmp(v, "credential:", 11) != 0)
        return om_fail(err, OM_EINPUT, "a PIN source is file:PATH or credential:NAME, never the PIN itself");
    return om_copy_text(h->pin_source, sizeof h->pin_source, v, err);
}

static om_rc set_plugin_dir(struct home *h, const char *v, struct om_error *err)
{
    return om_copy_text(h->plugin_dir, sizeof h->plugin_dir, v, err);
}

static om_rc set_custody(struct home *h, const char *v, struct om_error *err)
{
    bool psk = false;
    OM_TRY(either(v, "session", "psk", &psk, err));
    h->custody = psk ? OMTLS_CUSTODY_PSK : OMTLS_CUSTODY_SESSION;
    return OM_OK;
}

static om_rc set_enrolment_expiry(struct home *h, const char *v, struct om_error *err)
{
    return client_duration(v, &h->enrolment_expiry, err);
}

static om_rc set_device_config(struct home *h, const char *v, struct om_error *err)
{
    if (v[0] != '/')
        return om_fail(err, OM_EINPUT, "'%.80s' is not the absolute path of a program", v);
    return om_copy_text(h->device_config, sizeof h->device_config, v, err);
}

const struct home_key_entry home_keys[K_COUNT] = {
    [K_ID] = {"client", "id", true, set_id, NULL},
    [K_KMID] = {"client", "kmid", false, NULL, home_set_kmid},
    [K_CERTIFICATE] = {"client", "certificate", false, NULL, home_set_certificate},
    [K_FQDN] = {"maf", "fqdn", true, NULL, home_set_fqdn},
    [K_HTTPS] = {"maf", "https", false, NULL, home_set_https},
    [K_WSS] = {"maf", "wss", false, NULL, home_set_wss},
    [K_COAPS] = {"maf", "coaps", false, NULL, home_set_coaps},
    [K_COAPS_TCP] = {"maf", "coaps-tcp", false, NULL, home_set_coaps_tcp},
    [K_FORMAT] = {"maf", "format", false, set_format, NULL},
    [K_CONNECT] = {"maf", "connect-timeout", false, set_connect_timeout, NULL},
    [K_TIMEOUT] = {"maf", "timeout", false, set_timeout, NULL},
    [K_EMS] = {"maf", "require-extended-master-secret", false, set_ems, NULL},
    [K_TLS_MAX] = {"maf", "tls-max", false, set_tls_max, NULL},
    [K_URI] = {"token", "uri", true, set_uri, NULL},
    [K_PIN] = {"token", "pin-source", false, set_pin_source, NULL},
    [K_PLUGINS] = {"token", "plugin-dir", false, set_plugin_dir, NULL},
    [K_CUSTODY] = {"token", "custody", false, set_custody, NULL},
    [K_MEF_FQDN] = {"mef", "fqdn", false, NULL, home_set_fqdn},
    [K_MEF_HTTPS] = {"mef", "https", false, NULL, home_set_https},
    [K_MEF_WSS] = {"mef", "wss", false, NULL, home_set_wss},
    [K_MEF_COAPS] = {"mef", "coaps", false, NULL, home_set_coaps},
    [K_MEF_COAPS_TCP] = {"mef", "coaps-tcp", false, NULL, home_set_coaps_tcp},
    [K_MEF_KMID] = {"mef", "kmid", false, NULL, home_set_kmid},
    [K_MEF_CERTIFICATE] = {"mef", "certificate", false, NULL, home_set_certificate},
    [K_MEF_EXPIRY] = {"mef", "enrolment-expiry", false, set_enrolment_expiry, NULL},
    [K_MEF_DEVICE] = {"mef", "device-config", false, set_device_config, NULL},
    [K_SAEF_PSK] = {"saef", "psk", false, set_saef_psk, NULL},
    [K_SAEF_EMS] = {"saef", "require-extended-master-secret", false, set_saef_ems, NULL},
    [K_SAEF_TLS_MAX] = {"saef", "tls-max", false, set_saef_tls_max, NULL},
};

/* Values go to the file as they are: refuse what it could not give back. */
om_rc home_key_set(struct home *h, size_t key, const char *value, struct om_error *err)
{
    size_t n = strlen(value);
    bool bad =
        n == 0 || n >= HOME_URI_MAX || value[0] == ' ' || value[n - 1] == ' ' || strstr(value, " ;") != NULL;
    for (size_t i = 0; i < n && !bad; i++)
        bad = (unsigned char)value[i] < 0x20 || value[i] == 0x7f;
    const struct home_key_entry *k = &home_keys[key];
    om_rc rc;
    if (bad)
        rc = om_fail(err, OM_EINPUT, "value is empty, too long, or has characters that %s cannot hold",
                     HOME_CONFIG_FILE);
    else if (k->set != NULL)
        rc = k->set(h, value, err);
    else
        rc = k->set_of(strcmp(k->section, server_role_mef.section) == 0 ? &h->mef : &h->maf, value, err);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "%s", k->name);
}
