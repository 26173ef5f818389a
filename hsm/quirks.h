/* Where tokens differ from the standard. All that is known about particular products stands in one table,
 * quirks.c; the rest of the plug-in asks for a quirk, never for a product. */
#ifndef OPENMAF_HSM_QUIRKS_H
#define OPENMAF_HSM_QUIRKS_H

#include "hsm/cryptoki.h"

#include <stdbool.h>
#include <stddef.h>

enum hsm_quirk {
    /* Leaves errors in OpenSSL's queue, because it uses the same libcrypto. */
    HSM_QUIRK_OPENSSL_ERRORS = 1u << 0,
    /* C_UnwrapKey answers CKR_GENERAL_ERROR for a blob that does not verify. */
    HSM_QUIRK_UNWRAP_GENERAL_ERROR = 1u << 1,
    /* C_UnwrapKey ignores CKA_UNWRAP_TEMPLATE: whoever has the PIN gets the keys out. A token for tests. */
    HSM_QUIRK_UNWRAP_TEMPLATE_IGNORED = 1u << 2,
    /* C_WrapKey ignores CKA_EXTRACTABLE. A token for tests. */
    HSM_QUIRK_WRAP_IGNORES_EXTRACTABLE = 1u << 3,
    /* A key derived from one that is not extractable has to be not extractable too. */
    HSM_QUIRK_DERIVED_NOT_EXTRACTABLE = 1u << 4,
    /* The TLS 1.2 PRF is CKM_NSS_TLS_PRF_GENERAL_SHA256, whether or not the mechanism list has it. */
    HSM_QUIRK_NSS_TLS_PRF = 1u << 5,
    /* C_Login writes the token's file, which another process may read half-written: the token then looks
     * absent, blank or without a PIN until it looks again. */
    HSM_QUIRK_LOGIN_REWRITES_TOKEN = 1u << 6,
};

/* The quirks of the module that describes itself so (OR of enum hsm_quirk). */
unsigned hsm_quirks_of(const CK_INFO *info);

/* What to do where this module's tokens lack what is needed: static text, or NULL where nothing is known. It
 * explains a refusal and never causes one: a later version that can do more is taken. */
const char *hsm_quirks_way_out(const CK_INFO *info);

/* Their names, comma-separated, in the table's order; "" for none. */
void hsm_quirks_text(unsigned quirks, char *out, size_t cap);

#endif
