/* The public parts of what we make in the TPM. */
#ifndef OPENMAF_TPM_TEMPLATE_H
#define OPENMAF_TPM_TEMPLATE_H

#include "tpm/auth.h"
#include "tpm/blob.h"

/* The storage primary key under the owner hierarchy: TCG EK Credential Profile's SRK template, ECC P-256.
 * The same seed always makes the same key. */
void tpm_template_primary(TPM2B_PUBLIC *out);

/* Our storage key. Its authPolicy, which no policy reaches, holds a mark and the salt of the PIN. */
void tpm_template_storage(const uint8_t salt[TPM_SALT_LEN], TPM2B_PUBLIC *out);
/* True when pub is one; salt is then copied out. */
bool tpm_is_storage(const TPM2B_PUBLIC *pub, uint8_t salt[TPM_SALT_LEN]);

/* The row key. Its authPolicy names its role and, by a hash of it, the storage key it belongs to. */
OM_MUST_USE om_rc tpm_template_row(const TPM2B_NAME *storage, TPM2B_PUBLIC *out, struct om_error *err);
bool tpm_is_row(const TPM2B_PUBLIC *pub, const TPM2B_PUBLIC *wanted);

/* A signing key. Its authPolicy names its role and, by a hash, its name. */
OM_MUST_USE om_rc tpm_template_signer(const char *name, TPM2B_PUBLIC *out, struct om_error *err);
bool tpm_is_signer(const TPM2B_PUBLIC *pub, const TPM2B_PUBLIC *wanted);
/* One that somebody else made, and that is as strong: made in the TPM and fixed to it, P-256, for ECDSA only.
 */
bool tpm_is_foreign_signer(const TPM2B_PUBLIC *pub);

/* The NV index of a certificate that takes n octets there. */
OM_MUST_USE om_rc tpm_template_certificate(const char *name, size_t n, TPM2B_NV_PUBLIC *out,
                                           struct om_error *err);

/* A key or sealed value. unique is empty when it is made. */
void tpm_template_object(enum tpm_kind kind, bool generated, const TPM2B_DIGEST *unique, TPM2B_PUBLIC *out);

#endif
