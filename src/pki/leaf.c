/* A peer's own certificate: see leaf.h. */
#include "pki/leaf.h"
#include "pki/profile.h"

#include <openssl/err.h>
#include <string.h>

/* --- the profile --- */

static bool has_wildcard(const GENERAL_NAMES *san)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(san); i++) {
        int type = 0;
        const ASN1_STRING *text = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(san, i), &type);
        if ((type == GEN_DNS || type == GEN_URI) &&
            memchr(ASN1_STRING_get0_data(text), '*', (size_t)ASN1_STRING_length(text)) != NULL)
            return true;
    }
    return false;
}

static om_rc check_san(X509 *leaf, enum pki_fault *fault, struct om_error *err)
{
    int critical = 0;
    GENERAL_NAMES *san = X509_get_ext_d2i(leaf, NID_subject_alt_name, &critical, NULL);
    bool wildcard = has_wildcard(san);
    GENERAL_NAMES_free(san);
    ERR_clear_error();
    if (san == NULL && critical != -1)
        return pki_fault_set(fault, PKI_FAULT_FORM, err, "its subjectAltName is malformed or there twice");
    if (wildcard)
        return pki_fault_set(fault, PKI_FAULT_WILDCARD, err, "a name in it has a wildcard");
    return OM_OK;
}

om_rc pki_leaf_check(X509 *leaf, enum pki_fault *fault, struct om_error *err)
{
    const X509_ALGOR *algorithm = NULL;
    uint32_t flags = X509_get_extension_flags(leaf);
    *fault = PKI_GOOD;
    if (X509_get_version(leaf) != X509_VERSION_3 || (flags & EXFLAG_INVALID) != 0)
        return pki_fault_set(fault, PKI_FAULT_FORM, err,
                             "it is not X.509 version 3, or has malformed extensions");
    *fault = PKI_FAULT_KEY;
    OM_TRY(pki_profile_key(X509_get_X509_PUBKEY(leaf), err));
    *fault = PKI_FAULT_HASH;
    X509_get0_signature(NULL, &algorithm, leaf);
    OM_TRY(pki_profile_signature(algorithm, err));
    *fault = PKI_GOOD;
    if ((flags & EXFLAG_KUSAGE) == 0 || (X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) == 0)
        return pki_fault_set(fault, PKI_FAULT_KEY_USAGE, err, "its keyUsage lacks digitalSignature");
    if ((flags & EXFLAG_CA) != 0)
        return pki_fault_set(fault, PKI_FAULT_KEY_USAGE, err, "it is a CA's certificate");
    return check_san(leaf, fault, err);
}

/* --- names --- */

/* False for what is no C string. */
static bool text_of(const ASN1_STRING *string, char out[M2M_ID_SIZE + 64])
{
    size_t n = (size_t)ASN1_STRING_length(string);
    if (n == 0 || n >= M2M_ID_SIZE + 64 || memchr(ASN1_STRING_get0_data(string), '\0', n) != NULL)
        return false;
    memcpy(out, ASN1_STRING_get0_data(string), n);
    out[n] = '\0';
    return true;
}

static void offer(struct pki_names *out, enum pki_flavour flavour, const char *text)
{
    struct pki_name name;
    if (out->n < sizeof out->each / sizeof out->each[0] && pki_name_set(&name, flavour, text, NULL) == OM_OK)
        out->each[out->n++] = name;
}

/* The rest of a URI behind `scheme:` (RFC 3986 section 3.1); the URI itself when it has none. */
static const char *behind_scheme(const char *uri)
{
    size_t n = strspn(uri, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.");
    bool letter = (uri[0] >= 'a' && uri[0] <= 'z') || (uri[0] >= 'A' && uri[0] <= 'Z');
    return n > 0 && letter && uri[n] == ':' ? uri + n + 1 : uri;
}

/* scheme://host, a port or a final '/' apart. */
static bool uri_is_for(const char *uri, const char *fqdn)
{
    const char *rest = behind_scheme(uri);
    size_t n = strlen(fqdn);
    if (rest == uri || strncmp(rest, "//", 2) != 0 || OPENSSL_strncasecmp(rest + 2, fqdn, n) != 0)
        return false;
    rest += 2 + n;
    if (*rest == ':')
        rest += 1 + strspn(rest + 1, "0123456789");
    return strcmp(rest, "") == 0 || strcmp(rest, "/") == 0;
}

/* The host of scheme://host, a port or a final '/' apart: the names that uri_is_for would take. */
static void offer_host(struct pki_names *out, const char *uri)
{
    char host[M2M_FQDN_SIZE];
    const char *rest = behind_scheme(uri);
    if (rest == uri || strncmp(rest, "//", 2) != 0)
        return;
    size_t n = strcspn(rest + 2, ":/");
    if (n == 0 || n >= sizeof host)
        return;
    memcpy(host, rest + 2, n);
    host[n] = '\0';
    if (uri_is_for(uri, host))
        offer(out, PKI_FQDN, host);
}

static void offer_other_name(struct pki_names *out, const GENERAL_NAME *gen)
{
    ASN1_OBJECT *type = NULL;
    ASN1_TYPE *value = NULL;
    char text[M2M_ID_SIZE + 64], whole[2 * (M2M_ID_SIZE + 64)];
    if (GENERAL_NAME_get0_otherName(gen, &type, &value) != 1 || ASN1_TYPE_get(value) != V_ASN1_UTF8STRING ||
        !text_of(value->value.utf8string, text))
        return;
    int n = OBJ_obj2txt(whole, M2M_ID_SIZE, type, 1);
    if (n <= 0 || n >= M2M_ID_SIZE)
        return;
    whole[n] = ':';
    (void)stpcpy(whole + n + 1, text);
    offer(out, PKI_DEVICE, whole);
}

static void offer_name(struct pki_names *out, const GENERAL_NAME *gen)
{
    int type = 0;
    char text[M2M_ID_SIZE + 64];
    const void *value = GENERAL_NAME_get0_value(gen, &type);
    if (type == GEN_OTHERNAME)
        offer_other_name(out, gen);
    if ((type != GEN_DNS && type != GEN_URI) || !text_of(value, text))
        return;
    if (type == GEN_DNS) {
        offer(out, PKI_CSE, text);
        offer(out, PKI_FQDN, text);
        return;
    }
    offer(out, PKI_AE, behind_scheme(text));
    offer(out, PKI_NODE, text);
    offer(out, PKI_DEVICE, text);
    offer_host(out, text);
}

om_rc pki_leaf_names(X509 *leaf, struct pki_names *out, enum pki_fault *fault, struct om_error *err)
{
    GENERAL_NAMES *san = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    int n = san != NULL ? sk_GENERAL_NAME_num(san) : 0;
    out->n = 0;
    *fault = PKI_GOOD;
    ERR_clear_error();
    for (int i = 0; i < n && n <= PKI_NAMES_MAX; i++)
        offer_name(out, sk_GENERAL_NAME_value(san, i));
    GENERAL_NAMES_free(san);
    if (n > PKI_NAMES_MAX)
        return pki_fault_set(fault, PKI_FAULT_NAME, err, "it has %d names", n);
    if (out->n == 0)
        return pki_fault_set(fault, PKI_FAULT_NAME, err, "it has no name that a flavour of certificates has");
    return OM_OK;
}

int pki_leaf_fqdn_kind(X509 *leaf, const char *fqdn)
{
    GENERAL_NAMES *san = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    int kind = -1;
    ERR_clear_error();
    for (int i = 0; i < sk_GENERAL_NAME_num(san) && kind != GEN_DNS; i++) {
        int type = 0;
        char text[M2M_ID_SIZE + 64];
        const void *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(san, i), &type);
        if ((type == GEN_DNS || type == GEN_URI) && text_of(value, text) &&
            (type == GEN_DNS ? OPENSSL_strcasecmp(text, fqdn) == 0 : uri_is_for(text, fqdn)))
            kind = type;
    }
    GENERAL_NAMES_free(san);
    return kind;
}

bool pki_leaf_is_for(X509 *leaf, const char *fqdn)
{
    return pki_leaf_fqdn_kind(leaf, fqdn) != -1;
}
