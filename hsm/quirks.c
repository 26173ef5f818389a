/* The table of token quirks: see quirks.h and README.md. */
#include "hsm/quirks.h"

#include <stdio.h>
#include <string.h>

/* Texts are compared with the beginning of CK_INFO's blank-padded fields; NULL matches anything. */
struct product {
    const char *manufacturer;
    const char *library;
    unsigned quirks;
};

static const struct product products[] = {
    /* SoftHSM 2.6.1 */
    {"SoftHSM", NULL,
     HSM_QUIRK_OPENSSL_ERRORS | HSM_QUIRK_UNWRAP_GENERAL_ERROR | HSM_QUIRK_LOGIN_REWRITES_TOKEN},
    /* NSS softokn 3.87 */
    {"Mozilla Foundation", "NSS Internal Crypto Services",
     HSM_QUIRK_UNWRAP_TEMPLATE_IGNORED | HSM_QUIRK_WRAP_IGNORES_EXTRACTABLE |
         HSM_QUIRK_DERIVED_NOT_EXTRACTABLE | HSM_QUIRK_NSS_TLS_PRF},
};

static const struct {
    unsigned quirk;
    const char *name;
} names[] = {
    {HSM_QUIRK_OPENSSL_ERRORS, "openssl-errors"},
    {HSM_QUIRK_UNWRAP_GENERAL_ERROR, "unwrap-general-error"},
    {HSM_QUIRK_UNWRAP_TEMPLATE_IGNORED, "unwrap-template-ignored"},
    {HSM_QUIRK_WRAP_IGNORES_EXTRACTABLE, "wrap-ignores-extractable"},
    {HSM_QUIRK_DERIVED_NOT_EXTRACTABLE, "derived-not-extractable"},
    {HSM_QUIRK_NSS_TLS_PRF, "nss-tls-prf"},
    {HSM_QUIRK_LOGIN_REWRITES_TOKEN, "login-rewrites-token"},
};

static bool begins(const unsigned char *field, size_t size, const char *text)
{
    if (text == NULL)
        return true;
    size_t n = strlen(text);
    return n <= size && memcmp(field, text, n) == 0;
}

unsigned hsm_quirks_of(const CK_INFO *info)
{
    unsigned quirks = 0;
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++)
        if (begins(info->manufacturerID, sizeof info->manufacturerID, products[i].manufacturer) &&
            begins(info->libraryDescription, sizeof info->libraryDescription, products[i].library))
            quirks |= products[i].quirks;
    return quirks;
}

void hsm_quirks_text(unsigned quirks, char *out, size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((quirks & names[i].quirk) == 0)
            continue;
        int n = snprintf(out + len, cap - len, "%s%s", len > 0 ? "," : "", names[i].name);
        if (n < 0 || (size_t)n >= cap - len)
            return;
        len += (size_t)n;
    }
}
