/* The form of an object under the storage key outside the TPM; the plug-in's part of a wrapped key:
 *
 *   octet  0       version, 1
 *   octet  1       1: the TPM generated the key, 0: it was given
 *   u16            octets of the private part
 *   ...            private part: TPM2B_PRIVATE without its length, encrypted and authenticated by the TPM
 *   32 octets      `unique` of the public part; the rest of that follows from kind and octet 1
 *   32 octets      check value: HMAC-SHA-256 over kind, length of the key and all of the above
 *
 * The TPM checks a blob when it loads it, which is when it is used. The check value tells a wrong blob before
 * that, without a command. */
#ifndef OPENMAF_TPM_BLOB_H
#define OPENMAF_TPM_BLOB_H

#include "util/error.h"

#include <stdbool.h>
#include <tss2/tss2_tpm2_types.h>

#define TPM_PRIVATE_MAX 256 /* for a key of 64 octets a TPM makes about 190 */
#define TPM_BLOB_MAX    (4 + TPM_PRIVATE_MAX + 32 + 32)

enum tpm_kind {
    TPM_KIND_KEY = 1,   /* HMAC key */
    TPM_KIND_VALUE = 2, /* sealed value: can be read, not used */
};

struct tpm_blob {
    size_t len;
    uint8_t octets[TPM_BLOB_MAX];
};

struct tpm_parts {
    bool generated;
    TPM2B_PRIVATE private_part;
    TPM2B_DIGEST unique;
};

/* For an object of n octets; blob_key is struct se_token's. OM_EUNSUPPORTED: the private part is too long. */
OM_MUST_USE om_rc tpm_blob_write(const uint8_t blob_key[32], enum tpm_kind kind, size_t n,
                                 const struct tpm_parts *parts, struct tpm_blob *out, struct om_error *err);

/* OM_EINTEGRITY for anything but what tpm_blob_write made with these arguments. */
OM_MUST_USE om_rc tpm_blob_read(const uint8_t blob_key[32], enum tpm_kind kind, size_t n,
                                const uint8_t *octets, size_t len, struct tpm_parts *out,
                                struct om_error *err);

#endif
