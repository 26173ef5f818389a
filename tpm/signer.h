/* The plug-in's operations on signing keys and certificates, as src/se/plugin.h describes them. */
#ifndef OPENMAF_TPM_SIGNER_H
#define OPENMAF_TPM_SIGNER_H

#include "se/plugin.h"

om_rc tpm_plugin_signer_find(struct se_token *tok, const char *name, se_handle *out,
                             uint8_t point[SE_POINT_SIZE], struct om_error *err);
om_rc tpm_plugin_signer_make(struct se_token *tok, const char *name, se_handle *out,
                             uint8_t point[SE_POINT_SIZE], struct om_error *err);
void tpm_plugin_signer_free(struct se_token *tok, se_handle signer);
om_rc tpm_plugin_signer_remove(struct se_token *tok, const char *name, struct om_error *err);
om_rc tpm_plugin_signer_sign(struct se_token *tok, se_handle signer, const uint8_t digest[SE_DIGEST_SIZE],
                             uint8_t signature[SE_SIGNATURE_SIZE], struct om_error *err);

om_rc tpm_plugin_certificate_read(struct se_token *tok, const char *name, uint8_t *der, size_t *n,
                                  struct om_error *err);
om_rc tpm_plugin_certificate_write(struct se_token *tok, const char *name, const uint8_t *der, size_t n,
                                   struct om_error *err);

/* Forgets all that are in use. */
void tpm_signers_free(struct se_token *tok);

#endif
