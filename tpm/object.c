/* Keys and sealed values as objects under the storage key, and which of them are loaded. */
#include "tpm/template.h"
#include "tpm/token.h"

#include <string.h>

static om_rc create(struct se_token *tok, const TPM2B_SENSITIVE_CREATE *sensitive,
                    const TPM2B_PUBLIC *template, bool last, struct tpm_parts *out, struct om_error *err)
{
    static const TPM2B_DATA outside;
    static const TPML_PCR_SELECTION pcrs;
    TPM2B_PRIVATE *private_part = NULL;
    TPM2B_PUBLIC *public_part = NULL;
    ESYS_TR session = ESYS_TR_NONE;
    OM_TRY(tpm_session(tok, tok->storage.object, &session, err));
    if (last)
        tpm_session_last(tok);
    TSS2_RC r = Esys_Create(tok->esys, tok->storage.object, session, ESYS_TR_NONE, ESYS_TR_NONE, sensitive,
                            template, &outside, &pcrs, &private_part, &public_part, NULL, NULL, NULL);
    tpm_scrub_create(tok->esys);
    OM_TRY(tpm_check(tok, r, "TPM2_Create", err));
    if (last)
        tpm_session_gone(tok);
    out->private_part = *private_part;
    out->unique = public_part->publicArea.unique.keyedHash;
    Esys_Free(private_part);
    Esys_Free(public_part);
    return OM_OK;
}

om_rc tpm_object_make(struct se_token *tok, enum tpm_kind kind, const uint8_t *octets, size_t n, bool last,
                      struct tpm_blob *out, struct om_error *err)
{
    TPM2B_SENSITIVE_CREATE sensitive = {.sensitive.userAuth = tok->auth.object};
    TPM2B_PUBLIC template;
    struct tpm_parts parts = {.generated = octets == NULL};
    if (octets != NULL && (n < 1 || n > SE_KEY_MAX))
        return om_fail(err, OM_EINPUT, "a key of %zu octets is not within 1..%d", n, SE_KEY_MAX);
    if (octets != NULL) {
        sensitive.sensitive.data.size = (UINT16)n;
        memcpy(sensitive.sensitive.data.buffer, octets, n);
    }
    tpm_template_object(kind, parts.generated, NULL, &template);
    om_rc rc = create(tok, &sensitive, &template, last, &parts, err);
    om_wipe(&sensitive, sizeof sensitive);
    return rc == OM_OK ? tpm_blob_write(tok->blob_key, kind, n, &parts, out, err) : rc;
}

om_rc tpm_object_load(struct se_token *tok, enum tpm_kind kind, const struct tpm_blob *blob, size_t n,
                      ESYS_TR *out, struct om_error *err)
{
    struct tpm_parts parts;
    TPM2B_PUBLIC pub;
    ESYS_TR session = ESYS_TR_NONE;
    *out = ESYS_TR_NONE;
    OM_TRY(tpm_blob_read(tok->blob_key, kind, n, blob->octets, blob->len, &parts, err));
    tpm_template_object(kind, parts.generated, &parts.unique, &pub);
    OM_TRY(tpm_session(tok, tok->storage.object, &session, err));
    TSS2_RC r = Esys_Load(tok->esys, tok->storage.object, session, ESYS_TR_NONE, ESYS_TR_NONE,
                          &parts.private_part, &pub, out);
    if (r != TSS2_RC_SUCCESS)
        *out = ESYS_TR_NONE;
    OM_TRY(tpm_check(tok, r, "TPM2_Load", err));
    return tpm_check(tok, Esys_TR_SetAuth(tok->esys, *out, &tok->auth.object), "Esys_TR_SetAuth", err);
}

/* --- loaded keys --- */

void tpm_slots_flush(struct se_token *tok)
{
    for (size_t i = 0; i < TPM_SLOTS; i++)
        tpm_flush(tok, &tok->slots[i].object);
}

void tpm_slot_forget(struct se_token *tok, se_handle key)
{
    for (size_t i = 0; i < TPM_SLOTS; i++)
        if (tok->slots[i].object != ESYS_TR_NONE && tok->slots[i].key == key)
            tpm_flush(tok, &tok->slots[i].object);
}

om_rc tpm_slot_load(struct se_token *tok, se_handle handle, ESYS_TR *out, struct om_error *err)
{
    const struct tpm_key *key = NULL;
    struct tpm_slot *slot = &tok->slots[0];
    OM_TRY(tpm_handles_get(&tok->keys, handle, &key, err));
    for (size_t i = 0; i < TPM_SLOTS; i++) {
        struct tpm_slot *s = &tok->slots[i];
        if (s->object != ESYS_TR_NONE && s->key == handle) {
            s->used = tok->groups;
            *out = s->object;
            return OM_OK;
        }
        if (s->object == ESYS_TR_NONE || (slot->object != ESYS_TR_NONE && s->used < slot->used))
            slot = s;
    }
    tpm_flush(tok, &slot->object); /* room is made before the key is loaded */
    OM_TRY(tpm_object_load(tok, TPM_KIND_KEY, &key->wrapped, key->len, &slot->object, err));
    slot->key = handle;
    slot->used = tok->groups;
    *out = slot->object;
    return OM_OK;
}
