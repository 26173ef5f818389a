/* The table of token quirks: see quirks.h and README.md. */
#include "hsm/quirks.h"

#include <stdio.h>
#include <string.h>

/* Texts are compared with the beginning of CK_INFO's blank-padded fields; NULL matches anything. */
struct product {
    const char *manufacturer;
    const char *library;
    unsigned quirks;
    const char *way_out; /* for an operator whose token lacks what is needed; NULL: none is known */
};

static const struct product products[] = {
    /* SoftHSM 2.6.1 */
    {"SoftHSM", NULL,
     HSM_QUIRK_OPENSSL_ERRORS | HSM_QUIRK_UNWRAP_GENERAL_ERROR | HSM_QUIRK_LOGIN_REWRITES_TOKEN, NULL},
    /* NSS softokn 3.87 */
    {"Mozilla Foundation", "NSS Internal Crypto Services",
     HSM_QUIRK_UNWRAP_TEMPLATE_IGNORED | HSM_QUIRK_WRAP_IGNORES_EXTRACTABLE |
         HSM_QUIRK_DERIVED_NOT_EXTRACTABLE | HSM_QUIRK_NSS_TLS_PRF,
     NULL},
    /* tpm2-pkcs11 1.9.0; its manufacturer is its web site, and was "Intel" before */
    {NULL, "TPM2.0 Cryptoki", 0,
     "tpm2-pkcs11 takes no secret key in: it has no C_UnwrapKey, and no C_CreateObject for one; use the TPM "
     "without it, by a URI such as tpm2:tcti=device:/dev/tpmrm0"},
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

static bool is_from(const CK_INFO *info, const struct product *p)
{
    return begins(info->manufacturerID, sizeof info->manufacturerID, p->manufacturer) &&
           begins(info->libraryDescription, sizeof info->libraryDescription, p->library);
}

unsigned hsm_quirks_of(const CK_INFO *info)
{
    unsigned quirks = 0;
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++)
        if (is_from(info, &products[i]))
            quirks |= products[i].quirks;
    return quirks;
}

const char *hsm_quirks_way_out(const CK_INFO *info)
{
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++)
        if (products[i].way_out != NULL && is_from(info, &products[i]))
            return products[i].way_out;
    return NULL;
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
