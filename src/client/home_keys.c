/* The keys of maf.conf and what their values may be: see home_keys.h; documented for users in maf(1). */
#include "client/home_keys.h"
#include "client/transport.h"
#include "pki/name.h"
#include "util/text.h"

#include <string.h>

static om_rc set_id(struct home *h, const char *v, struct om_error *err)
{
    if (strlen(v) > M2M_ID_MAX || !m2m_is_absolute_id(v))
        return om_fail(err, OM_EINPUT,
                       "'%.80s' is not an Absolute AE-ID or CSE-ID such as //sp.example/cse1/Cae7", v);
    return om_copy_text(h->id, sizeof h->id, v, err);
}

static om_rc set_kmid(struct home *h, const char *v, struct om_error *err)
{
    char relative[M2M_RELATIVE_SIZE];
    char fqdn[M2M_FQDN_SIZE];
    OM_TRY(m2m_key_id_split(v, relative, fqdn, err));
    if (h->certificate[0] != '\0')
        return om_fail(err, OM_EINPUT, "certificate names another credential already");
    return om_copy_text(h->kmid, sizeof h->kmid, v, err);
}

static om_rc set_certificate(struct home *h, const char *v, struct om_error *err)
{
    struct pki_name name;
    OM_TRY(pki_name_from_credential_id(&name, v, err));
    if (h->kmid[0] != '\0')
        return om_fail(err, OM_EINPUT, "kmid names another credential already");
    return om_copy_text(h->certificate, sizeof h->certificate, v, err);
}

static om_rc set_fqdn(struct home *h, const char *v, struct om_error *err)
{
    if (strlen(v) > M2M_FQDN_MAX || !m2m_is_fqdn(v))
        return om_fail(err, OM_EINPUT, "'%.80s' is not a lower-case FQDN such as maf.example.com", v);
    return om_copy_text(h->fqdn, sizeof h->fqdn, v, err);
}

/* HOST, HOST:PORT or [IPv6]:PORT. */
static om_rc set_host_port(struct home *h, const char *v, struct om_error *err)
{
    const char *host = v;
    size_t n = strcspn(v, ":");
    const char *rest = v + n;
    if (v[0] == '[') {
        host = v + 1;
        n = strcspn(host, "]");
        if (host[n] != ']')
            return om_fail(err, OM_EINPUT, "'%.80s' lacks a ']'", v);
        rest = host + n + 1;
    }
    if (n == 0 || n >= sizeof h->host || strchr(v, '/') != NULL || (rest[0] != '\0' && rest[0] != ':'))
        return om_fail(err, OM_EINPUT, "'%.80s' is not HOST:PORT", v);
    uint64_t port = h->transport->default_port;
    if (rest[0] == ':')
        OM_TRY(om_parse_uint(rest + 1, 65535, &port, err));
    if (port == 0)
        return om_fail(err, OM_EINPUT, "port 0 cannot be connected to");
    memcpy(h->host, host, n);
    h->host[n] = '\0';
    h->port = (uint16_t)port;
    return OM_OK;
}

/* The same, or a URI SCHEME://HOST:PORT of this binding. */
static om_rc set_address(struct home *h, const struct transport *transport, const char *v,
                         struct om_error *err)
{
    if (h->transport != NULL)
        return om_fail(err, OM_EINPUT, "the MAF has an address already, under %s",
                       home_keys[home_binding_key(h->transport)].name);
    h->transport = transport;
    const char *colon = strstr(v, "://");
    if (colon == NULL)
        return set_host_port(h, v, err);
    char text[M2M_FQDN_SIZE + 16];
    size_t scheme = (size_t)(colon - v);
    if (scheme != strlen(transport->name) || strncmp(v, transport->name, scheme) != 0)
        return om_fail(err, OM_EINPUT, "'%.80s' is not a URI of scheme %s", v, transport->name);
    OM_TRY(om_copy_text(text, sizeof text, colon + 3, err));
    size_t n = strlen(text);
    if (n > 0 && text[n - 1] == '/')
        text[n - 1] = '\0';
    return set_host_port(h, text, err);
}

static om_rc set_https(struct home *h, const char *v, struct om_error *err)
{
    return set_address(h, &transport_https, v, err);
}

static om_rc set_wss(struct home *h, const char *v, struct om_error *err)
{
    return set_address(h, &transport_wss, v, err);
}

static om_rc set_coaps(struct home *h, const char *v, struct om_error *err)
{
    return set_address(h, &transport_coaps, v, err);
}

static om_rc set_coaps_tcp(struct home *h, const char *v, struct om_error *err)
{
    return set_address(h, &transport_coaps_tcp, v, err);
}

enum home_key home_binding_key(const struct transport *transport)
{
    return transport == &transport_wss         ? K_WSS
           : transport == &transport_coaps     ? K_COAPS
           : transport == &transport_coaps_tcp ? K_COAPS_TCP
                                               : K_HTTPS;
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

const struct home_key_entry home_keys[K_COUNT] = {
    [K_ID] = {"client", "id", true, set_id},
    [K_KMID] = {"client", "kmid", false, set_kmid},
    [K_CERTIFICATE] = {"client", "certificate", false, set_certificate},
    [K_FQDN] = {"maf", "fqdn", true, set_fqdn},
    [K_HTTPS] = {"maf", "https", false, set_https},
    [K_WSS] = {"maf", "wss", false, set_wss},
    [K_COAPS] = {"maf", "coaps", false, set_coaps},
    [K_COAPS_TCP] = {"maf", "coaps-tcp", false, set_coaps_tcp},
    [K_FORMAT] = {"maf", "format", false, set_format},
    [K_CONNECT] = {"maf", "connect-timeout", false, set_connect_timeout},
    [K_TIMEOUT] = {"maf", "timeout", false, set_timeout},
    [K_EMS] = {"maf", "require-extended-master-secret", false, set_ems},
    [K_TLS_MAX] = {"maf", "tls-max", false, set_tls_max},
    [K_URI] = {"token", "uri", true, set_uri},
    [K_PIN] = {"token", "pin-source", false, set_pin_source},
    [K_PLUGINS] = {"token", "plugin-dir", false, set_plugin_dir},
    [K_CUSTODY] = {"token", "custody", false, set_custody},
    [K_SAEF_PSK] = {"saef", "psk", false, set_saef_psk},
    [K_SAEF_EMS] = {"saef", "require-extended-master-secret", false, set_saef_ems},
    [K_SAEF_TLS_MAX] = {"saef", "tls-max", false, set_saef_tls_max},
};

/* Values go to the file as they are: refuse what it could not give back. */
om_rc home_key_set(struct home *h, size_t key, const char *value, struct om_error *err)
{
    size_t n = strlen(value);
    bool bad =
        n == 0 || n >= HOME_URI_MAX || value[0] == ' ' || value[n - 1] == ' ' || strstr(value, " ;") != NULL;
    for (size_t i = 0; i < n && !bad; i++)
        bad = (unsigned char)value[i] < 0x20 || value[i] == 0x7f;
    om_rc rc =
        bad ? om_fail(err, OM_EINPUT, "value is empty, too long, or has characters that %s cannot hold",
                      HOME_CONFIG_FILE)
            : home_keys[key].set(h, value, err);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "%s", home_keys[key].name);
}
