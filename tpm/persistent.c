/* Objects that stay in the TPM: see persistent.h. */
#include "tpm/persistent.h"
#include "se/pin.h"

#include <stdlib.h>
#include <string.h>

/* --- finding --- */

om_rc tpm_persistent_list(struct se_token *tok, TPM2_HANDLE first, size_t n, bool *used, struct om_error *err)
{
    TPMI_YES_NO more = 0;
    TPMS_CAPABILITY_DATA *found = NULL;
    memset(used, 0, n * sizeof *used);
    OM_TRY(tpm_check(tok,
                     Esys_GetCapability(tok->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES,
                                        first, (UINT32)n, &more, &found),
                     "TPM2_GetCapability", err));
    for (UINT32 i = 0; i < found->data.handles.count && i < n; i++) {
        TPM2_HANDLE at = found->data.handles.handle[i];
        if (at >= first && at - first < n)
            used[at - first] = true;
    }
    Esys_Free(found);
    return OM_OK;
}

om_rc tpm_persistent_read(struct se_token *tok, TPM2_HANDLE handle, ESYS_TR *object, TPM2B_PUBLIC *out,
                          struct om_error *err)
{
    TPM2B_PUBLIC *pub = NULL;
    *object = ESYS_TR_NONE;
    TSS2_RC r = Esys_TR_FromTPMPublic(tok->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, object);
    if (r != TSS2_RC_SUCCESS)
        *object = ESYS_TR_NONE;
    OM_TRY(tpm_check(tok, r, "TPM2_ReadPublic", err));
    OM_TRY(tpm_check(
        tok, Esys_ReadPublic(tok->esys, *object, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &pub, NULL, NULL),
        "TPM2_ReadPublic", err));
    *out = *pub;
    Esys_Free(pub);
    return OM_OK;
}

om_rc tpm_known_keep(struct se_token *tok, ESYS_TR object, TPM2_HANDLE handle, struct tpm_known *out,
                     struct om_error *err)
{
    uint8_t *octets = NULL;
    size_t n = 0;
    OM_TRY(tpm_check(tok, Esys_TR_Serialize(tok->esys, object, &octets, &n), "Esys_TR_Serialize", err));
    *out = (struct tpm_known){.handle = handle, .octets = octets, .n = n};
    return OM_OK;
}

om_rc tpm_known_restore(struct se_token *tok, const struct tpm_known *known, const TPM2B_AUTH *auth,
                        ESYS_TR *out, struct om_error *err)
{
    *out = ESYS_TR_NONE;
    OM_TRY(tpm_check(tok, Esys_TR_Deserialize(tok->esys, known->octets, known->n, out), "Esys_TR_Deserialize",
                     err));
    return tpm_check(tok, Esys_TR_SetAuth(tok->esys, *out, auth), "Esys_TR_SetAuth", err);
}

void tpm_known_free(struct tpm_known *known)
{
    Esys_Free(known->octets);
    known->octets = NULL;
    known->n = 0;
}

/* --- making --- */

om_rc tpm_create_and_load(struct se_token *tok, ESYS_TR parent, ESYS_TR session, const TPM2B_AUTH *auth,
                          const TPM2B_PUBLIC *template, ESYS_TR *out, struct om_error *err)
{
    static const TPM2B_DATA outside;
    static const TPML_PCR_SELECTION pcrs;
    TPM2B_SENSITIVE_CREATE sensitive = {.sensitive.userAuth = *auth};
    TPM2B_PRIVATE *private_part = NULL;
    TPM2B_PUBLIC *public_part = NULL;
    *out = ESYS_TR_NONE;
    TSS2_RC r = Esys_Create(tok->esys, parent, session, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, template,
                            &outside, &pcrs, &private_part, &public_part, NULL, NULL, NULL);
    tpm_scrub_create(tok->esys);
    om_wipe(&sensitive, sizeof sensitive);
    OM_TRY(tpm_check(tok, r, "TPM2_Create", err));
    r = Esys_Load(tok->esys, parent, session, ESYS_TR_NONE, ESYS_TR_NONE, private_part, public_part, out);
    Esys_Free(private_part);
    Esys_Free(public_part);
    if (r != TSS2_RC_SUCCESS)
        *out = ESYS_TR_NONE;
    return tpm_check(tok, r, "TPM2_Load", err);
}

/* --- the owner --- */

om_rc tpm_owner_begin(struct se_token *tok, struct om_error *err)
{
    struct om_secret pin = OM_SECRET_INIT;
    TPM2B_AUTH auth = {.size = 0};
    if (tok->uri.owner_pin_source[0] == '\0')
        return OM_OK;
    OM_TRY(se_pin_read(tok->uri.owner_pin_source, &pin, err));
    om_rc rc = OM_OK;
    if (pin.len > sizeof auth.buffer) {
        rc = om_fail(err, OM_ECONFIG, "the owner's authorisation value is longer than a TPM takes");
    } else {
        auth.size = (UINT16)pin.len;
        memcpy(auth.buffer, pin.octets, pin.len);
        rc = tpm_check(tok, Esys_TR_SetAuth(tok->esys, ESYS_TR_RH_OWNER, &auth), "Esys_TR_SetAuth", err);
    }
    om_wipe(&auth, sizeof auth);
    om_secret_free(&pin);
    return rc;
}

void tpm_owner_end(struct se_token *tok)
{
    tpm_scrub_object(tok->esys, ESYS_TR_RH_OWNER);
}

/* The owner's refusal is his, not our PIN's. */
om_rc tpm_owner_check(struct se_token *tok, TSS2_RC r, const char *call, struct om_error *err)
{
    om_rc rc = tpm_check(tok, r, call, err);
    if (tpm_rc_base(r) != TPM2_RC_BAD_AUTH && tpm_rc_base(r) != TPM2_RC_AUTH_FAIL)
        return rc;
    return om_context(err, rc, "the owner hierarchy needs its authorisation value (owner-pin-source=)");
}

om_rc tpm_evict(struct se_token *tok, ESYS_TR object, ESYS_TR session, TPM2_HANDLE handle,
                struct om_error *err)
{
    ESYS_TR persistent = ESYS_TR_NONE;
    TSS2_RC r = Esys_EvictControl(tok->esys, ESYS_TR_RH_OWNER, object, session, ESYS_TR_NONE, ESYS_TR_NONE,
                                  handle, &persistent);
    if (r == TSS2_RC_SUCCESS && persistent != ESYS_TR_NONE)
        (void)Esys_TR_Close(tok->esys, &persistent);
    return tpm_owner_check(tok, r, "TPM2_EvictControl", err);
}

om_rc tpm_make_persistent(struct se_token *tok, ESYS_TR *loaded, ESYS_TR session, TPM2_HANDLE handle,
                          struct om_error *err)
{
    om_rc rc = tpm_evict(tok, *loaded, session, handle, err);
    tpm_flush(tok, loaded);
    return rc;
}
