/* Management objects: see object.h. One table for each type, one line for each member. */
#include "onem2m/object.h"

#include "onem2m/value.h"
#include "onem2m/wire_names.h"
#include "util/text.h"

#include <ctype.h>
#include <string.h>

#define MEMBER(m)  offsetof(struct m2m_object, m), sizeof(((struct m2m_object *)0)->m)
#define SUITES_MAX 32

struct element {
    const char *name;
    const struct m2m_kind *kind;
    size_t offset, size;
    bool mandatory;
};

static om_rc decode_suites(const json_t *v, void *member, size_t size, struct om_error *err)
{
    static const char *const names[] = {"TLS_PSK_WITH_AES_128_CBC_SHA256", "TLS_PSK_WITH_AES_128_CCM_8",
                                        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
                                        "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"};
    unsigned *suites = member;
    (void)size;
    if (!json_is_array(v) || json_array_size(v) == 0 || json_array_size(v) > SUITES_MAX)
        return om_fail(err, OM_EINPUT, "an array of 1 to %d suites is expected", SUITES_MAX);
    for (size_t i = 0; i < json_array_size(v); i++) {
        const char *name = NULL;
        OM_TRY(m2m_value_text(json_array_get(v, i), &name, err));
        if (strncmp(name, "TLS_", 4) != 0 || strlen(name) > 80)
            return om_fail(err, OM_EINPUT, "[%zu]: the name of a suite is expected (TLS_...)", i);
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++)
            if (strcmp(name, names[j]) == 0)
                *suites |= 1U << j;
    }
    return OM_OK;
}

static om_rc decode_duration(const json_t *v, void *member, size_t size, struct om_error *err)
{
    const char *text = NULL;
    (void)size;
    OM_TRY(m2m_value_text(v, &text, err));
    return m2m_duration_parse(text, member, err);
}

/* Hex digits, in pairs with or without colons between them. */
static om_rc decode_fingerprint(const json_t *v, void *member, size_t size, struct om_error *err)
{
    const char *text = NULL;
    char *out = member;
    size_t n = 0;
    OM_TRY(m2m_value_text(v, &text, err));
    for (; *text != '\0'; text++) {
        if (*text == ':' && n > 0 && n % 2 == 0 && text[1] != '\0' && text[-1] != ':')
            continue;
        if (!isxdigit((unsigned char)*text) || n + 1 == size)
            return om_fail(err, OM_EINPUT, "the SHA-256 of a certificate, 64 hex digits, is expected");
        out[n++] = (char)tolower((unsigned char)*text);
    }
    out[n] = '\0';
    return n + 1 == size
               ? OM_OK
               : om_fail(err, OM_EINPUT, "the SHA-256 of a certificate, 64 hex digits, is expected");
}

static om_rc decode_word(const json_t *v, void *member, size_t size, struct om_error *err)
{
    const char *text = NULL;
    OM_TRY(m2m_value_text(v, &text, err));
    if (!m2m_is_plain_text(text, size - 1) || strchr(text, ' ') != NULL)
        return om_fail(err, OM_EINPUT, "1 to %zu octets without blanks are expected", size - 1);
    return om_copy_text(member, size, text, err);
}

static om_rc decode_https(const json_t *v, void *member, size_t size, struct om_error *err)
{
    char host[M2M_FQDN_SIZE];
    OM_TRY(decode_word(v, member, size, err));
    if (strncmp(member, "https://", 8) != 0)
        return om_fail(err, OM_EINPUT, "an https URI is expected");
    return m2m_uri_host(member, host, err);
}

static const struct m2m_kind suites = {decode_suites, NULL}, duration = {decode_duration, NULL},
                             fingerprint = {decode_fingerprint, NULL}, word = {decode_word, NULL},
                             https = {decode_https, NULL};

static const struct element profile[] = {
    {WIRE_SUID, &m2m_kind_suid, MEMBER(suid), true},
    {"TLSCiphersuites", &suites, MEMBER(suites), false},
    {"symmKeyID", &word, MEMBER(key_id), false},
    {"keyRegDuration", &duration, MEMBER(duration), false},
    {"keyRegLabels", &m2m_kind_labels, MEMBER(labels), false},
    {WIRE_ET, &m2m_kind_timestamp, MEMBER(et), false},
    {"myCertFingerprint", &fingerprint, MEMBER(fingerprint), false},
    {NULL, NULL, 0, 0, false},
};

static const struct element anchor[] = {
    {"certFingerprint", &fingerprint, MEMBER(fingerprint), true},
    {WIRE_URI, &https, MEMBER(uri), false},
    {NULL, NULL, 0, 0, false},
};

static const struct element client_reg_cfg[] = {
    {WIRE_FQDN, &m2m_kind_fqdn, MEMBER(fqdn), true},
    {WIRE_ADFQ, &m2m_kind_fqdn, MEMBER(admin_fqdn), true},
    {WIRE_ET, &m2m_kind_timestamp, MEMBER(et), false},
    {WIRE_LBL, &m2m_kind_labels, MEMBER(labels), false},
    {WIRE_HTPT, &m2m_kind_port, MEMBER(http_port), false},
    {WIRE_COPT, &m2m_kind_port, MEMBER(coap_port), false},
    {WIRE_WSPT, &m2m_kind_port, MEMBER(websocket_port), false},
    {NULL, NULL, 0, 0, false},
};

static const struct element registration[] = {
    {"CSEBase", &word, MEMBER(path), true},
    {NULL, NULL, 0, 0, false},
};

static const struct element data_collection[] = {
    {"containerPath", &word, MEMBER(path), true},
    {NULL, NULL, 0, 0, false},
};

static const struct {
    int type;
    const char *name;
    const struct element *elements;
} types[] = {
    {M2M_MO_AUTHENTICATION_PROFILE, "authenticationProfile", profile},
    {M2M_MO_TRUST_ANCHOR_CRED, "trustAnchorCred", anchor},
    {M2M_MO_MAF_CLIENT_REG_CFG, "MAFClientRegCfg", client_reg_cfg},
    {M2M_MO_MEF_CLIENT_REG_CFG, "MEFClientRegCfg", client_reg_cfg},
    {M2M_MO_REGISTRATION, "registration", registration},
    {M2M_MO_DATA_COLLECTION, "dataCollection", data_collection},
};
#define N_TYPES (sizeof types / sizeof types[0])

const char *m2m_object_type_name(int type)
{
    for (size_t i = 0; i < N_TYPES; i++)
        if (types[i].type == type)
            return types[i].name;
    return NULL;
}

void m2m_object_free(struct m2m_object *o)
{
    m2m_list_free(&o->labels);
    memset(o, 0, sizeof *o);
}

static om_rc parse_member(const struct element *e, const char *name, const json_t *v, struct m2m_object *o,
                          struct om_error *err)
{
    if (strcmp(name, "symmKeyValue") == 0)
        return om_fail(err, OM_EINPUT,
                       "symmKeyValue: the value of a key is never configured (TS-0003 8.3.8)");
    while (e->name != NULL && strcmp(e->name, name) != 0)
        e++;
    if (e->name == NULL)
        return om_fail(err, OM_EINPUT, "%.40s: unknown member", name);
    om_rc rc = e->kind->decode(v, (char *)o + e->offset, e->size, err);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "%s", e->name);
}

static om_rc parse_members(const struct element *elements, const json_t *json, struct m2m_object *o,
                           struct om_error *err)
{
    const char *name;
    json_t *v;
    json_object_foreach((json_t *)json, name, v)
    {
        if (strcmp(name, "type") != 0)
            OM_TRY(parse_member(elements, name, v, o, err));
    }
    for (const struct element *e = elements; e->name != NULL; e++)
        if (e->mandatory && json_object_get(json, e->name) == NULL)
            return om_fail(err, OM_EINPUT, "%s: missing", e->name);
    return OM_OK;
}

om_rc m2m_object_parse(const json_t *json, struct m2m_object *out, struct om_error *err)
{
    const char *type = json_string_value(json_object_get(json, "type"));
    memset(out, 0, sizeof *out);
    if (type == NULL)
        return om_fail(err, OM_EINPUT, "an object with the member type is expected");
    if (strcmp(type, "myCertFileCred") == 0)
        return om_fail(err, OM_EINPUT, "a client's own certificate is never configured (TS-0003 8.3.8)");
    size_t i = 0;
    while (i < N_TYPES && strcmp(types[i].name, type) != 0)
        i++;
    if (i == N_TYPES)
        return om_fail(err, OM_EINPUT, "type: there is no such type of objects");
    out->type = types[i].type;
    om_rc rc = parse_members(types[i].elements, json, out, err);
    if (rc == OM_OK)
        return OM_OK;
    m2m_object_free(out);
    if (err != NULL)
        om_printable(err->text);
    return om_context(err, rc, "%s", types[i].name);
}
