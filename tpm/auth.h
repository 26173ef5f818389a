/* The authorisation values of our objects in the TPM, derived from the PIN.
 *
 * All our objects are exempt from the TPM's dictionary-attack protection: a wrong PIN is answered with
 * TPM_RC_BAD_AUTH and counts nothing, so that nobody can lock the TPM by it, nor is locked out by others
 * (docs/adr/0052). */
#ifndef OPENMAF_TPM_AUTH_H
#define OPENMAF_TPM_AUTH_H

#include "util/secret.h"

#include <tss2/tss2_tpm2_types.h>

#define TPM_AUTH_LEN 32
#define TPM_SALT_LEN 16

struct tpm_auth {
    TPM2B_AUTH storage; /* of the storage key: to make and load what is under it */
    TPM2B_AUTH row;     /* of the row key */
    TPM2B_AUTH object;  /* of all keys and sealed values under the storage key */
};

/* PBKDF2-HMAC-SHA-256 of the PIN and the token's salt, and from that one value for each role. The caller
 * wipes *out. OM_EINTERNAL. */
OM_MUST_USE om_rc tpm_auth_derive(const struct om_secret *pin, const uint8_t salt[TPM_SALT_LEN],
                                  struct tpm_auth *out, struct om_error *err);

/* HMAC-SHA-256 in this process, for what is not a key of anybody: roles above, check values of blobs. */
OM_MUST_USE om_rc tpm_host_hmac(const uint8_t key[32], const void *message, size_t n, uint8_t out[32],
                                struct om_error *err);

#endif
