/* Names in certificates: see name.h. */
#include "pki/name.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define AE_SCHEME "m2m:"

static const struct {
    enum pki_flavour flavour;
    const char *text;
} flavours[] = {
    {PKI_FQDN, "fqdn"}, {PKI_DEVICE, "device"}, {PKI_CSE, "cse"}, {PKI_AE, "ae"}, {PKI_NODE, "node"},
};
#define N_FLAVOURS (sizeof flavours / sizeof flavours[0])

const char *pki_flavour_text(enum pki_flavour flavour)
{
    for (size_t i = 0; i < N_FLAVOURS; i++)
        if (flavours[i].flavour == flavour)
            return flavours[i].text;
    return NULL;
}

om_rc pki_flavour_parse(const char *text, enum pki_flavour *out, struct om_error *err)
{
    for (size_t i = 0; i < N_FLAVOURS; i++) {
        if (strcmp(flavours[i].text, text) == 0) {
            *out = flavours[i].flavour;
            return OM_OK;
        }
    }
    return om_fail(err, OM_EINPUT, "'%.40s' is no flavour of certificate: fqdn, ae, cse, node or device",
                   text);
}

/* --- grammar --- */

/* urn:NID:NSS, of the characters that a Credential-ID may have. */
static bool is_urn(const char *s)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@/:";
    if (strncasecmp(s, "urn:", 4) != 0 || s[strspn(s, alphabet)] != '\0')
        return false;
    size_t nid = strcspn(s + 4, ":");
    return nid > 0 && s[4 + nid] == ':' && s[4 + nid + 1] != '\0';
}

/* Decimal arcs between dots, without leading zeros. Returns the octets read. */
static size_t arcs(const char *s)
{
    size_t at = 0;
    for (;;) {
        size_t digits = strspn(s + at, "0123456789");
        if (digits == 0 || (digits > 1 && s[at] == '0'))
            return 0;
        at += digits;
        if (s[at] != '.')
            return at;
        at++;
    }
}

/* TYPE-ID:ARCS, such as 0.2.481.1:100.3030.10011: the arc of the M2M device indication, and the rest. */
static bool is_device_oid(const char *s)
{
    size_t type = arcs(s);
    if (type == 0 || s[type] != ':')
        return false;
    size_t rest = arcs(s + type + 1);
    if (rest == 0 || s[type + 1 + rest] != '\0')
        return false;
    char text[M2M_ID_SIZE];
    memcpy(text, s, type);
    text[type] = '\0';
    ASN1_OBJECT *object = OBJ_txt2obj(text, 1);
    ASN1_OBJECT_free(object);
    return object != NULL;
}

om_rc pki_name_set(struct pki_name *out, enum pki_flavour flavour, const char *text, struct om_error *err)
{
    *out = (struct pki_name){.flavour = flavour};
    bool is_fqdn = flavour == PKI_FQDN || flavour == PKI_CSE;
    om_rc rc = is_fqdn ? m2m_fold(out->text, sizeof out->text, text, err)
                       : om_copy_text(out->text, sizeof out->text, text, err);
    if (rc != OM_OK)
        return rc;
    if (is_fqdn)
        return m2m_is_fqdn(out->text) ? OM_OK : om_fail(err, OM_EINPUT, "'%.80s' is not an FQDN", text);
    if (flavour == PKI_AE)
        return m2m_is_absolute_id(text)
                   ? OM_OK
                   : om_fail(err, OM_EINPUT,
                             "'%.80s' is not an Absolute AE-ID such as //sp.example/cse1/Cae7", text);
    if (flavour == PKI_NODE)
        return is_urn(text)
                   ? OM_OK
                   : om_fail(err, OM_EINPUT,
                             "'%.80s' is not a Node-ID: a URN such as urn:gsma:imei:90420156-025763-0", text);
    if (flavour == PKI_DEVICE)
        return is_urn(text) || is_device_oid(text)
                   ? OM_OK
                   : om_fail(err, OM_EINPUT,
                             "'%.80s' is not a hardware ID: a URN, or TYPE-ID:ARCS such as "
                             "0.2.481.1:100.3030.10011",
                             text);
    return om_fail(err, OM_EINPUT, "there is no flavour %d of certificates", (int)flavour);
}

om_rc pki_name_credential_id(const struct pki_name *name, char out[M2M_ID_SIZE], struct om_error *err)
{
    if (name->flavour == PKI_FQDN)
        return om_fail(err, OM_EINPUT, "a FQDN certificate has no Credential-ID");
    return m2m_credential_id(out, (unsigned)name->flavour, name->text, err);
}

om_rc pki_name_from_credential_id(struct pki_name *out, const char *id, struct om_error *err)
{
    const char *dash = strchr(id, '-');
    for (size_t i = 0; dash != NULL && i < N_FLAVOURS; i++) {
        char type[8];
        (void)snprintf(type, sizeof type, "%d", (int)flavours[i].flavour);
        if (flavours[i].flavour != PKI_FQDN && strlen(type) == (size_t)(dash - id) &&
            memcmp(type, id, (size_t)(dash - id)) == 0)
            return pki_name_set(out, flavours[i].flavour, dash + 1, err);
    }
    return om_fail(err, OM_EINPUT,
                   "'%.80s' is not the Credential-ID of a certificate: 31-, 32-, 33- or 34- and a name", id);
}

/* --- subjectAltName --- */

static om_rc no_memory(struct om_error *err)
{
    return om_fail(err, OM_ENOMEM, "no memory for a name");
}

static om_rc set_ia5(GENERAL_NAME *gen, int type, const char *prefix, const char *text, struct om_error *err)
{
    char whole[sizeof AE_SCHEME + M2M_ID_SIZE];
    int n = snprintf(whole, sizeof whole, "%s%s", prefix, text);
    ASN1_IA5STRING *string = ASN1_IA5STRING_new();
    if (string == NULL || n < 0 || ASN1_STRING_set(string, whole, n) != 1) {
        ASN1_IA5STRING_free(string);
        return no_memory(err);
    }
    GENERAL_NAME_set0_value(gen, type, string);
    return OM_OK;
}

/* TS-0003 10.1.1: otherName, its type the device indication arc, its value the remaining arcs as text. */
static om_rc set_device_oid(GENERAL_NAME *gen, const char *text, struct om_error *err)
{
    char type[M2M_ID_SIZE];
    size_t n = strcspn(text, ":");
    memcpy(type, text, n);
    type[n] = '\0';
    ASN1_OBJECT *object = OBJ_txt2obj(type, 1);
    ASN1_TYPE *value = ASN1_TYPE_new();
    ASN1_UTF8STRING *rest = ASN1_UTF8STRING_new();
    if (object == NULL || value == NULL || rest == NULL || ASN1_STRING_set(rest, text + n + 1, -1) != 1) {
        ASN1_OBJECT_free(object);
        ASN1_TYPE_free(value);
        ASN1_UTF8STRING_free(rest);
        return no_memory(err);
    }
    ASN1_TYPE_set(value, V_ASN1_UTF8STRING, rest);
    if (GENERAL_NAME_set0_othername(gen, object, value) == 1)
        return OM_OK;
    ASN1_OBJECT_free(object);
    ASN1_TYPE_free(value);
    return no_memory(err);
}

static om_rc fill(GENERAL_NAME *gen, const struct pki_name *name, struct om_error *err)
{
    switch (name->flavour) {
    case PKI_FQDN:
    case PKI_CSE:
        return set_ia5(gen, GEN_DNS, "", name->text, err);
    case PKI_AE:
        return set_ia5(gen, GEN_URI, AE_SCHEME, name->text, err);
    case PKI_NODE:
        return set_ia5(gen, GEN_URI, "", name->text, err);
    case PKI_DEVICE:
        return is_urn(name->text) ? set_ia5(gen, GEN_URI, "", name->text, err)
                                  : set_device_oid(gen, name->text, err);
    }
    return om_fail(err, OM_EINTERNAL, "a name without a flavour");
}

om_rc pki_name_to_san(const struct pki_name *name, GENERAL_NAMES **out, struct om_error *err)
{
    *out = NULL;
    GENERAL_NAMES *san = GENERAL_NAMES_new();
    GENERAL_NAME *gen = GENERAL_NAME_new();
    om_rc rc = san != NULL && gen != NULL ? fill(gen, name, err) : no_memory(err);
    if (rc == OM_OK && sk_GENERAL_NAME_push(san, gen) > 0) {
        *out = san;
        return OM_OK;
    }
    GENERAL_NAME_free(gen);
    GENERAL_NAMES_free(san);
    return rc != OM_OK ? rc : no_memory(err);
}

/* --- comparing --- */

static bool is_text(const ASN1_STRING *s, const char *text, bool fold)
{
    size_t n = strlen(text);
    if ((size_t)ASN1_STRING_length(s) != n)
        return false;
    const char *p = (const char *)ASN1_STRING_get0_data(s);
    return fold ? OPENSSL_strncasecmp(p, text, n) == 0 : memcmp(p, text, n) == 0;
}

/* The Absolute AE-ID, bare or behind `scheme:`. */
static bool is_ae(const ASN1_STRING *s, const char *id)
{
    size_t n = strlen(id);
    size_t whole = (size_t)ASN1_STRING_length(s);
    const char *p = (const char *)ASN1_STRING_get0_data(s);
    if (whole < n || memcmp(p + whole - n, id, n) != 0)
        return false;
    size_t scheme = whole - n;
    for (size_t i = 0; i + 1 < scheme; i++) {
        char c = p[i] | 0x20;
        bool letter = c >= 'a' && c <= 'z';
        bool other = (p[i] >= '0' && p[i] <= '9') || p[i] == '+' || p[i] == '-' || p[i] == '.';
        if (!letter && (i == 0 || !other))
            return false;
    }
    return scheme == 0 || (scheme > 1 && p[scheme - 1] == ':');
}

static bool is_device(const GENERAL_NAME *gen, const char *text)
{
    ASN1_OBJECT *type = NULL;
    ASN1_TYPE *value = NULL;
    char oid[M2M_ID_SIZE];
    if (GENERAL_NAME_get0_otherName(gen, &type, &value) != 1 || ASN1_TYPE_get(value) != V_ASN1_UTF8STRING)
        return false;
    int n = OBJ_obj2txt(oid, sizeof oid, type, 1);
    return n > 0 && (size_t)n < sizeof oid && strncmp(text, oid, (size_t)n) == 0 && text[n] == ':' &&
           is_text(value->value.utf8string, text + n + 1, false);
}

static bool is_name(const struct pki_name *name, const GENERAL_NAME *gen)
{
    int type = 0;
    void *value = GENERAL_NAME_get0_value(gen, &type);
    switch (name->flavour) {
    case PKI_FQDN:
    case PKI_CSE:
        return type == GEN_DNS && is_text(value, name->text, true);
    case PKI_AE:
        return type == GEN_URI && is_ae(value, name->text);
    case PKI_NODE:
        return type == GEN_URI && is_text(value, name->text, false);
    case PKI_DEVICE:
        return is_urn(name->text) ? type == GEN_URI && is_text(value, name->text, false)
                                  : type == GEN_OTHERNAME && is_device(gen, name->text);
    }
    return false;
}

om_rc pki_name_check_san(const struct pki_name *name, const GENERAL_NAMES *san, struct om_error *err)
{
    int n = san != NULL ? sk_GENERAL_NAME_num(san) : 0;
    if (n == 1 && is_name(name, sk_GENERAL_NAME_value(san, 0)))
        return OM_OK;
    return om_fail(err, OM_EDENIED, "its subjectAltName is not the %s name %.200s alone (it has %d names)",
                   pki_flavour_text(name->flavour), name->text, n);
}
