/* Identifiers: see ids.h. Character classes are spelled out because <ctype.h> depends on the locale. */
#include "onem2m/ids.h"

#include "util/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>
#include <unistr.h>

#define LABEL_MAX 63 /* octets of one label of an FQDN (RFC 1035) */

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
}

/* Octets of the FQDN label at the start of s, 0 when there is none. */
static size_t fqdn_label(const char *s)
{
    size_t n = 0;
    if (!is_lower(s[0]))
        return 0;
    while (is_lower(s[n]) || is_digit(s[n]) || s[n] == '-')
        n++;
    return n <= LABEL_MAX && s[n - 1] != '-' ? n : 0;
}

bool m2m_is_fqdn(const char *s)
{
    if (strnlen(s, M2M_FQDN_SIZE) > M2M_FQDN_MAX)
        return false;
    for (;;) {
        size_t n = fqdn_label(s);
        if (n == 0)
            return false;
        s += n;
        if (*s == '\0')
            return true;
        if (*s++ != '.')
            return false;
    }
}

/* Octets of the path segment at the start of s, 0 when there is none. */
static size_t segment(const char *s)
{
    size_t n = 0;
    if (!is_alnum(s[0]))
        return 0;
    while (is_alnum(s[n]) || s[n] == '-' || s[n] == '.' || s[n] == '_')
        n++;
    return n;
}

bool m2m_is_absolute_id(const char *s)
{
    if (strnlen(s, M2M_ID_SIZE) > M2M_ID_MAX || strncmp(s, "//", 2) != 0)
        return false;
    s += 2;
    size_t n = strcspn(s, "/");
    char fqdn[M2M_FQDN_SIZE];
    if (n >= sizeof fqdn || s[n] == '\0')
        return false;
    memcpy(fqdn, s, n);
    fqdn[n] = '\0';
    if (!m2m_is_fqdn(fqdn))
        return false;
    s += n + 1;
    n = segment(s);
    if (n == 0 || s[n] == '\0')
        return n != 0;
    if (s[n] != '/')
        return false;
    s += n + 1; /* only AE-IDs given by the registrar CSE have a second segment */
    n = segment(s);
    return s[0] == 'C' && n > 1 && s[n] == '\0';
}

bool m2m_is_relative_key_id(const char *s)
{
    size_t n = segment(s);
    return n > 0 && n <= M2M_RELATIVE_MAX && s[n] == '\0';
}

om_rc m2m_fold(char *out, size_t cap, const char *s, struct om_error *err)
{
    OM_TRY(om_copy_text(out, cap, s, err));
    for (char *c = out; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return OM_OK;
}

om_rc m2m_key_id_split(const char *id, char relative[M2M_RELATIVE_SIZE], char fqdn[M2M_FQDN_SIZE],
                       struct om_error *err)
{
    relative[0] = fqdn[0] = '\0';
    if (strnlen(id, M2M_KEY_ID_SIZE) > M2M_KEY_ID_MAX)
        return om_fail(err, OM_EINPUT, "a key identifier has at most %d octets", M2M_KEY_ID_MAX);
    const char *at = strchr(id, '@');
    if (at == NULL || strchr(at + 1, '@') != NULL)
        return om_fail(err, OM_EINPUT, "a key identifier is <relative>@<FQDN> with exactly one '@'");
    char head[M2M_KEY_ID_SIZE];
    char tail[M2M_KEY_ID_SIZE];
    size_t n = (size_t)(at - id);
    memcpy(head, id, n);
    head[n] = '\0';
    if (!m2m_is_relative_key_id(head))
        return om_fail(err, OM_EINPUT,
                       "the part before '@' is 1 to %d of A-Z a-z 0-9 . _ -, the first a letter or digit",
                       M2M_RELATIVE_MAX);
    OM_TRY(m2m_fold(tail, sizeof tail, at + 1, err));
    if (!m2m_is_fqdn(tail))
        return om_fail(err, OM_EINPUT, "the part after '@' is not an FQDN");
    OM_TRY(om_copy_text(relative, M2M_RELATIVE_SIZE, head, err));
    return om_copy_text(fqdn, M2M_FQDN_SIZE, tail, err);
}

om_rc m2m_key_id_join(char out[M2M_KEY_ID_SIZE], const char *relative, const char *fqdn, struct om_error *err)
{
    int n = snprintf(out, M2M_KEY_ID_SIZE, "%s@%s", relative, fqdn);
    if (n < 0 || n > M2M_KEY_ID_MAX) {
        out[0] = '\0';
        return om_fail(err, OM_EINPUT, "a key identifier has at most %d octets", M2M_KEY_ID_MAX);
    }
    return OM_OK;
}

void m2m_relative_key_id(char out[33], const uint8_t octets[16])
{
    om_hex_upper(out, octets, 16);
}

/* Types of TS-0003 10.4: symmetric keys, keys and certificates in TLS, certificates for ESData. */
static bool is_credential_type(unsigned type)
{
    return (type >= 10 && type <= 16) || (type >= 30 && type <= 34) || (type >= 41 && type <= 45) ||
           (type >= 51 && type <= 55);
}

/* The standard's alphabet, with '/' and ':' because CSE-IDs, AE-IDs and URNs are values too. */
static bool is_credential_value(const char *s)
{
    size_t n = 0;
    while (is_alnum(s[n]) || (s[n] != '\0' && strchr("._-@/:", s[n]) != NULL))
        n++;
    return n > 0 && s[n] == '\0';
}

om_rc m2m_credential_id(char out[M2M_ID_SIZE], unsigned type, const char *value, struct om_error *err)
{
    out[0] = '\0';
    if (!is_credential_type(type))
        return om_fail(err, OM_EINPUT, "%u is not a type of Credential-ID", type);
    if (!is_credential_value(value))
        return om_fail(err, OM_EINPUT, "a Credential-ID holds only A-Z a-z 0-9 . _ - @ / :");
    int n = snprintf(out, M2M_ID_SIZE, "%u-%s", type, value);
    if (n < 0 || n > M2M_ID_MAX) {
        out[0] = '\0';
        return om_fail(err, OM_EINPUT, "a Credential-ID has at most %d octets", M2M_ID_MAX);
    }
    return OM_OK;
}

bool m2m_is_credential_id(const char *s)
{
    if (strnlen(s, M2M_ID_SIZE) > M2M_ID_MAX || !is_digit(s[0]) || !is_digit(s[1]) || s[2] != '-')
        return false;
    unsigned type = (unsigned)(s[0] - '0') * 10 + (unsigned)(s[1] - '0');
    return is_credential_type(type) && is_credential_value(s + 3);
}

om_rc m2m_nfkc(char *out, size_t cap, const char *in, struct om_error *err)
{
    size_t n = 0;
    out[0] = '\0';
    /* u8_normalize would turn what is not UTF-8 into replacement characters. */
    if (u8_check((const uint8_t *)in, strlen(in)) != NULL)
        return om_fail(err, OM_EINPUT, "a text is not UTF-8");
    uint8_t *result = u8_normalize(UNINORM_NFKC, (const uint8_t *)in, strlen(in), NULL, &n);
    if (result == NULL)
        return om_fail(err, OM_ENOMEM, "no memory to normalise a text");
    om_rc rc = OM_OK;
    if (n < cap) {
        memcpy(out, result, n);
        out[n] = '\0';
    } else {
        rc = om_fail(err, OM_EINPUT, "a normalised text is longer than %zu octets", cap - 1);
    }
    free(result);
    return rc;
}
