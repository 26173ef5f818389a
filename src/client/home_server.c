/* The servers in maf.conf: names, addresses, and the credential to use with each (home_keys.h, maf(1)). */
#include "client/home_keys.h"
#include "client/transport.h"
#include "pki/name.h"
#include "util/text.h"

#include <string.h>

om_rc home_set_kmid(struct home_server *s, const char *v, struct om_error *err)
{
    char relative[M2M_RELATIVE_SIZE];
    char fqdn[M2M_FQDN_SIZE];
    OM_TRY(m2m_key_id_split(v, relative, fqdn, err));
    if (s->certificate[0] != '\0')
        return om_fail(err, OM_EINPUT, "certificate names another credential already");
    return om_copy_text(s->kmid, sizeof s->kmid, v, err);
}

om_rc home_set_certificate(struct home_server *s, const char *v, struct om_error *err)
{
    struct pki_name name;
    OM_TRY(pki_name_from_credential_id(&name, v, err));
    if (s->kmid[0] != '\0')
        return om_fail(err, OM_EINPUT, "kmid names another credential already");
    return om_copy_text(s->certificate, sizeof s->certificate, v, err);
}

om_rc home_set_fqdn(struct home_server *s, const char *v, struct om_error *err)
{
    if (strlen(v) > M2M_FQDN_MAX || !m2m_is_fqdn(v))
        return om_fail(err, OM_EINPUT, "'%.80s' is not a lower-case FQDN such as maf.example.com", v);
    return om_copy_text(s->fqdn, sizeof s->fqdn, v, err);
}

/* HOST, HOST:PORT or [IPv6]:PORT. */
static om_rc set_host_port(struct home_server *s, const char *v, struct om_error *err)
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
    if (n == 0 || n >= sizeof s->host || strchr(v, '/') != NULL || (rest[0] != '\0' && rest[0] != ':'))
        return om_fail(err, OM_EINPUT, "'%.80s' is not HOST:PORT", v);
    uint64_t port = s->transport->default_port;
    if (rest[0] == ':')
        OM_TRY(om_parse_uint(rest + 1, 65535, &port, err));
    if (port == 0)
        return om_fail(err, OM_EINPUT, "port 0 cannot be connected to");
    memcpy(s->host, host, n);
    s->host[n] = '\0';
    s->port = (uint16_t)port;
    return OM_OK;
}

/* The same, or a URI SCHEME://HOST:PORT of this binding. */
static om_rc set_address(struct home_server *s, const struct transport *transport, const char *v,
                         struct om_error *err)
{
    if (s->transport != NULL)
        return om_fail(err, OM_EINPUT, "the %s has an address already, under %s", s->role->what,
                       home_keys[home_binding_key(s)].name);
    s->transport = transport;
    const char *colon = strstr(v, "://");
    if (colon == NULL)
        return set_host_port(s, v, err);
    char text[M2M_FQDN_SIZE + 16];
    size_t scheme = (size_t)(colon - v);
    if (scheme != strlen(transport->name) || strncmp(v, transport->name, scheme) != 0)
        return om_fail(err, OM_EINPUT, "'%.80s' is not a URI of scheme %s", v, transport->name);
    OM_TRY(om_copy_text(text, sizeof text, colon + 3, err));
    size_t n = strlen(text);
    if (n > 0 && text[n - 1] == '/')
        text[n - 1] = '\0';
    return set_host_port(s, text, err);
}

om_rc home_set_https(struct home_server *s, const char *v, struct om_error *err)
{
    return set_address(s, &transport_https, v, err);
}

om_rc home_set_wss(struct home_server *s, const char *v, struct om_error *err)
{
    return set_address(s, &transport_wss, v, err);
}

om_rc home_set_coaps(struct home_server *s, const char *v, struct om_error *err)
{
    return set_address(s, &transport_coaps, v, err);
}

om_rc home_set_coaps_tcp(struct home_server *s, const char *v, struct om_error *err)
{
    return set_address(s, &transport_coaps_tcp, v, err);
}

enum home_key home_binding_key(const struct home_server *server)
{
    static const struct transport *const transports[] = {&transport_https, &transport_wss, &transport_coaps,
                                                         &transport_coaps_tcp};
    size_t i = 0;
    while (transports[i] != server->transport)
        i++;
    return (enum home_key)((server->role == &server_role_mef ? K_MEF_HTTPS : K_HTTPS) + i);
}

const struct home_server *home_server_named(const struct home *home, const char *fqdn)
{
    if (strcmp(fqdn, home->maf.fqdn) == 0)
        return &home->maf;
    return home->mef.fqdn[0] != '\0' && strcmp(fqdn, home->mef.fqdn) == 0 ? &home->mef : NULL;
}

static om_rc finish(struct home_server *s, struct om_error *err)
{
    char relative[M2M_RELATIVE_SIZE];
    char fqdn[M2M_FQDN_SIZE];
    s->addressed = s->transport != NULL;
    if (s->kmid[0] != '\0') {
        OM_TRY(m2m_key_id_split(s->kmid, relative, fqdn, err));
        if (strcmp(fqdn, s->fqdn) != 0)
            return om_fail(err, OM_EINPUT, "kmid %.120s is not of the %s of this home, %.120s", s->kmid,
                           s->role->what, s->fqdn);
    }
    if (s->addressed)
        return OM_OK;
    s->transport = &transport_https;
    s->port = transport_https.default_port;
    return om_copy_text(s->host, sizeof s->host, s->fqdn, err);
}

om_rc home_servers_finish(struct home *h, struct om_error *err)
{
    const struct home_server *mef = &h->mef;
    if (mef->fqdn[0] == '\0' &&
        (mef->transport != NULL || mef->kmid[0] != '\0' || mef->certificate[0] != '\0'))
        return om_fail(err, OM_EINPUT, "section [mef] lacks 'fqdn'");
    if (strcmp(mef->fqdn, h->maf.fqdn) == 0) /* identifiers tell by it whose they are */
        return om_fail(err, OM_EINPUT, "MAF and MEF cannot have the same name");
    OM_TRY(finish(&h->maf, err));
    return finish(&h->mef, err);
}
