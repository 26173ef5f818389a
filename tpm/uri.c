/* tpm2: URIs: see uri.h. */
#include "tpm/uri.h"
#include "util/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME          "tpm2:"
#define URI_MAX         4096
#define SWTPM_ADDRESS   "127.0.0.1"
#define SWTPM_PORT      2321
#define TIMEOUT_DEFAULT 5
#define TIMEOUT_MAX     20 /* well below what the supervisor of mafd takes for a hang */

/* Persistent objects of the owner (TPM 2.0 Part 2, table of handle ranges). Two are the root keys, 16 after
 * them may be signing keys. */
#define HANDLE_FIRST UINT32_C(0x81000000)
#define HANDLE_LAST  UINT32_C(0x817fffee)

/* n octets of text, percent-decoded, into out. */
static om_rc decode(const char *text, size_t n, char *out, size_t cap, struct om_error *err)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)text[i];
        if (c == '%') {
            size_t decoded = 0;
            if (n - i < 3 || om_hex_decode(text + i + 1, 2, &c, 1, &decoded, NULL) != OM_OK)
                return om_fail(err, OM_ECONFIG, "malformed percent-encoding in the tpm2 URI");
            i += 2;
        }
        if (c < 0x20 || c == 0x7f || len + 1 >= cap)
            return om_fail(err, OM_ECONFIG,
                           "a value of the tpm2 URI is too long or holds a control character");
        out[len++] = (char)c;
    }
    out[len] = '\0';
    return OM_OK;
}

/* --- tcti --- */

static om_rc parse_port(const char *text, uint16_t *port, struct om_error *err)
{
    uint64_t v = 0;
    if (om_parse_uint(text, UINT16_MAX, &v, NULL) != OM_OK || v == 0)
        return om_fail(err, OM_ECONFIG, "tcti=swtpm: '%s' is no port", text);
    *port = (uint16_t)v;
    return OM_OK;
}

static om_rc parse_swtpm_setting(char *setting, struct tpm_uri *out, struct om_error *err)
{
    char *value = strchr(setting, '=');
    if (value == NULL || value[1] == '\0')
        return om_fail(err, OM_ECONFIG, "tcti=swtpm takes host=ADDRESS,port=NUMBER or path=SOCKET, not '%s'",
                       setting);
    *value++ = '\0';
    if (strcmp(setting, "host") == 0)
        return om_copy_text(out->address, sizeof out->address,
                            strcmp(value, "localhost") == 0 ? SWTPM_ADDRESS : value, err);
    if (strcmp(setting, "port") == 0)
        return parse_port(value, &out->port, err);
    if (strcmp(setting, "path") == 0)
        return om_copy_text(out->path, sizeof out->path, value, err);
    return om_fail(err, OM_ECONFIG, "tcti=swtpm has no setting '%s'; it has host, port and path", setting);
}

static om_rc parse_swtpm(const char *conf, struct tpm_uri *out, struct om_error *err)
{
    char copy[sizeof out->tcti];
    char *rest = copy;
    out->via = TPM_VIA_SWTPM;
    OM_TRY(om_copy_text(copy, sizeof copy, conf, err));
    for (char *setting = strsep(&rest, ","); setting != NULL && conf[0] != '\0'; setting = strsep(&rest, ","))
        OM_TRY(parse_swtpm_setting(setting, out, err));
    if (out->path[0] != '\0' && (out->address[0] != '\0' || out->port != 0))
        return om_fail(err, OM_ECONFIG, "tcti=swtpm: a path needs no host or port");
    if (out->path[0] != '\0')
        return OM_OK;
    if (out->address[0] == '\0')
        OM_TRY(om_copy_text(out->address, sizeof out->address, SWTPM_ADDRESS, err));
    out->port = out->port != 0 ? out->port : SWTPM_PORT;
    return OM_OK;
}

static om_rc parse_device(const char *path, struct tpm_uri *out, struct om_error *err)
{
    const char *name = strrchr(path, '/');
    if (path[0] != '/')
        return om_fail(err, OM_ECONFIG, "tcti=device needs the path of the device: device:/dev/tpmrm0");
    out->via = TPM_VIA_DEVICE;
    out->managed = strncmp(name, "/tpmrm", 6) == 0; /* the kernel's resource manager */
    return OM_OK;
}

static om_rc parse_tcti(const char *tcti, struct tpm_uri *out, struct om_error *err)
{
    size_t n = strcspn(tcti, ":");
    const char *conf = tcti[n] == ':' ? tcti + n + 1 : "";
    if (n == 5 && memcmp(tcti, "swtpm", n) == 0)
        return parse_swtpm(conf, out, err);
    if (n == 6 && memcmp(tcti, "device", n) == 0)
        return parse_device(conf, out, err);
    if (n == 6 && memcmp(tcti, "tabrmd", n) == 0) {
        out->via = TPM_VIA_TABRMD;
        out->managed = true;
        return OM_OK;
    }
    return om_fail(err, OM_ECONFIG, "the tpm2 URI has tcti=%s; known are swtpm, device:PATH and tabrmd",
                   tcti);
}

/* --- attributes --- */

static om_rc parse_handle(const char *text, uint32_t *handle, struct om_error *err)
{
    char *end = NULL;
    errno = 0;
    unsigned long long v = strncmp(text, "0x", 2) == 0 ? strtoull(text, &end, 16) : 0;
    if (end == NULL || *end != '\0' || errno != 0 || v < HANDLE_FIRST || v > HANDLE_LAST)
        return om_fail(err, OM_ECONFIG, "handle=%s of the tpm2 URI is not within 0x%08x..0x%08x", text,
                       HANDLE_FIRST, HANDLE_LAST);
    *handle = (uint32_t)v;
    return OM_OK;
}

static om_rc parse_timeout(const char *text, unsigned *ms, struct om_error *err)
{
    uint64_t v = 0;
    if (om_parse_uint(text, TIMEOUT_MAX, &v, NULL) != OM_OK || v == 0)
        return om_fail(err, OM_ECONFIG, "timeout=%s of the tpm2 URI is not within 1..%d seconds", text,
                       TIMEOUT_MAX);
    *ms = (unsigned)v * 1000;
    return OM_OK;
}

static om_rc parse_yes_no(const char *text, bool *yes, struct om_error *err)
{
    *yes = strcmp(text, "yes") == 0;
    return *yes || strcmp(text, "no") == 0
               ? OM_OK
               : om_fail(err, OM_ECONFIG, "encrypt=%s of the tpm2 URI is neither yes nor no", text);
}

enum attribute { TCTI, HANDLE, ENCRYPT, TIMEOUT, PIN_SOURCE, OWNER_PIN_SOURCE, N_ATTRIBUTES };

static const struct {
    const char *name;
    bool query; /* stands after the '?' */
} attributes[N_ATTRIBUTES] = {
    [TCTI] = {"tcti", false},
    [HANDLE] = {"handle", false},
    [ENCRYPT] = {"encrypt", false},
    [TIMEOUT] = {"timeout", false},
    [PIN_SOURCE] = {"pin-source", true},
    [OWNER_PIN_SOURCE] = {"owner-pin-source", true},
};

static om_rc find_attribute(const char *name, size_t n, bool query, enum attribute *out, struct om_error *err)
{
    for (unsigned i = 0; i < N_ATTRIBUTES; i++)
        if (strlen(attributes[i].name) == n && memcmp(attributes[i].name, name, n) == 0) {
            *out = (enum attribute)i;
            return query == attributes[i].query
                       ? OM_OK
                       : om_fail(err, OM_ECONFIG, "%s stands %s the '?' of a tpm2 URI", attributes[i].name,
                                 attributes[i].query ? "after" : "before");
        }
    return om_fail(err, OM_ECONFIG, "unknown attribute '%.*s' in the tpm2 URI", (int)n, name);
}

static om_rc take(enum attribute a, const char *text, size_t n, struct tpm_uri *out, struct om_error *err)
{
    char value[sizeof out->pin_source];
    OM_TRY(decode(text, n, value, sizeof value, err));
    switch (a) {
    case TCTI:
        OM_TRY(om_copy_text(out->tcti, sizeof out->tcti, value, err));
        return parse_tcti(out->tcti, out, err);
    case HANDLE:
        return parse_handle(value, &out->handle, err);
    case ENCRYPT:
        return parse_yes_no(value, &out->encrypt, err);
    case TIMEOUT:
        return parse_timeout(value, &out->timeout_ms, err);
    case PIN_SOURCE:
        return om_copy_text(out->pin_source, sizeof out->pin_source, value, err);
    default:
        return om_copy_text(out->owner_pin_source, sizeof out->owner_pin_source, value, err);
    }
}

/* NAME=VALUE, separated by ';' before the '?', by '&' behind it. */
static om_rc parse_attributes(const char *text, struct tpm_uri *out, struct om_error *err)
{
    unsigned seen = 0;
    bool query = false;
    for (const char *p = text; *p != '\0';) {
        size_t whole = strcspn(p, query ? "&" : ";?");
        size_t name = strcspn(p, "=");
        enum attribute a = TCTI;
        if (name == 0 || name >= whole)
            return om_fail(err, OM_ECONFIG, "the tpm2 URI is not a list of NAME=VALUE");
        OM_TRY(find_attribute(p, name, query, &a, err));
        if ((seen & 1u << a) != 0)
            return om_fail(err, OM_ECONFIG, "%s stands twice in the tpm2 URI", attributes[a].name);
        seen |= 1u << a;
        OM_TRY(take(a, p + name + 1, whole - name - 1, out, err));
        p += whole;
        query = query || *p == '?';
        if (*p != '\0' && *++p == '\0')
            return om_fail(err, OM_ECONFIG, "the tpm2 URI ends where an attribute is expected");
    }
    return (seen & 1u << TCTI) != 0
               ? OM_OK
               : om_fail(err, OM_ECONFIG,
                         "the tpm2 URI has no tcti; for example tpm2:tcti=device:/dev/tpmrm0");
}

static bool on_this_machine(const struct tpm_uri *uri)
{
    return uri->via == TPM_VIA_SWTPM && (uri->path[0] != '\0' || strncmp(uri->address, "127.", 4) == 0 ||
                                         strcmp(uri->address, "::1") == 0);
}

om_rc tpm_uri_parse(const char *text, struct tpm_uri *out, struct om_error *err)
{
    memset(out, 0, sizeof *out);
    if (strlen(text) > URI_MAX || strncmp(text, SCHEME, strlen(SCHEME)) != 0)
        return om_fail(err, OM_ECONFIG, "not a tpm2 URI of at most %d octets", URI_MAX);
    struct tpm_uri uri = {
        .encrypt = true, .handle = TPM_HANDLE_DEFAULT, .timeout_ms = TIMEOUT_DEFAULT * 1000};
    om_rc rc = parse_attributes(text + strlen(SCHEME), &uri, err);
    if (rc != OM_OK) /* a text that does not fit is the operator's, too */
        return rc == OM_EINPUT ? om_context(err, OM_ECONFIG, "tpm2 URI") : rc;
    if (!uri.encrypt && !on_this_machine(&uri))
        return om_fail(err, OM_ECONFIG,
                       "encrypt=no would send keys in clear to the TPM; only a swtpm on this machine may");
    *out = uri;
    return OM_OK;
}
