/* The plug-in's operations on keys, as src/se/plugin.h describes them: each is one group of TPM commands, or
 * none. */
#ifndef OPENMAF_TPM_KEYS_H
#define OPENMAF_TPM_KEYS_H

#include "se/plugin.h"

om_rc tpm_plugin_random(struct se_token *tok, uint8_t *out, size_t n, struct om_error *err);
om_rc tpm_plugin_key_mint(struct se_token *tok, const uint8_t *octets, size_t n, se_handle *out,
                          struct om_error *err);
om_rc tpm_plugin_key_generate(struct se_token *tok, size_t n, se_handle *out, struct om_error *err);
void tpm_plugin_key_free(struct se_token *tok, se_handle key);
om_rc tpm_plugin_key_wrap(struct se_token *tok, enum se_root root, se_handle key, uint8_t *out, size_t *n,
                          struct om_error *err);
om_rc tpm_plugin_wrap_octets(struct se_token *tok, enum se_root root, const uint8_t *octets, size_t len,
                             uint8_t *out, size_t *n, struct om_error *err);
om_rc tpm_plugin_key_load(struct se_token *tok, const uint8_t *blob, size_t blob_len, size_t key_len,
                          se_handle *out, struct om_error *err);
om_rc tpm_plugin_unseal(struct se_token *tok, const uint8_t *blob, size_t blob_len, uint8_t *out,
                        size_t key_len, struct om_error *err);
om_rc tpm_plugin_hmac(struct se_token *tok, se_handle key, const struct se_part *parts, size_t n_parts,
                      uint8_t out[SE_MAC_SIZE], struct om_error *err);
om_rc tpm_plugin_row_mac(struct se_token *tok, const struct se_part *parts, size_t n_parts,
                         uint8_t out[SE_MAC_SIZE], struct om_error *err);
om_rc tpm_plugin_prf(struct se_token *tok, se_handle key, const struct se_part *parts, size_t n_parts,
                     uint8_t *out, size_t n, struct om_error *err);

#endif
