/* Objects that stay in the TPM: listed, read, made, removed. All but the reading needs the owner hierarchy.
 */
#ifndef OPENMAF_TPM_PERSISTENT_H
#define OPENMAF_TPM_PERSISTENT_H

#include "tpm/token.h"

/* used[i]: the persistent handle first + i is in use. n is at most TPM_HANDLES_LIST. */
#define TPM_HANDLES_LIST 16
OM_MUST_USE om_rc tpm_persistent_list(struct se_token *tok, TPM2_HANDLE first, size_t n, bool *used,
                                      struct om_error *err);

/* *object is for Esys_TR_Close. */
OM_MUST_USE om_rc tpm_persistent_read(struct se_token *tok, TPM2_HANDLE handle, ESYS_TR *object,
                                      TPM2B_PUBLIC *out, struct om_error *err);

/* Keeps what ESYS knows of an object, its name above all, and gives it to another ESYS context. Objects of
 * ESYS that are made so need no command, and are refused by the TPM when its handle holds another one. */
OM_MUST_USE om_rc tpm_known_keep(struct se_token *tok, ESYS_TR object, TPM2_HANDLE handle,
                                 struct tpm_known *out, struct om_error *err);
OM_MUST_USE om_rc tpm_known_restore(struct se_token *tok, const struct tpm_known *known,
                                    const TPM2B_AUTH *auth, ESYS_TR *out, struct om_error *err);
void tpm_known_free(struct tpm_known *known);

/* A new object under a parent, with this authorisation value, loaded. */
OM_MUST_USE om_rc tpm_create_and_load(struct se_token *tok, ESYS_TR parent, ESYS_TR session,
                                      const TPM2B_AUTH *auth, const TPM2B_PUBLIC *template, ESYS_TR *out,
                                      struct om_error *err);

/* The owner's authorisation value, if there is one, is known to ESYS between the two. */
OM_MUST_USE om_rc tpm_owner_begin(struct se_token *tok, struct om_error *err);
void tpm_owner_end(struct se_token *tok);
/* As tpm_check, for a command that the owner authorises. */
OM_MUST_USE om_rc tpm_owner_check(struct se_token *tok, TSS2_RC r, const char *call, struct om_error *err);

/* Moves a loaded object to a persistent handle; *loaded is flushed in any case. */
OM_MUST_USE om_rc tpm_make_persistent(struct se_token *tok, ESYS_TR *loaded, ESYS_TR session,
                                      TPM2_HANDLE handle, struct om_error *err);
/* Removes a persistent object. */
OM_MUST_USE om_rc tpm_evict(struct se_token *tok, ESYS_TR object, ESYS_TR session, TPM2_HANDLE handle,
                            struct om_error *err);

#endif
