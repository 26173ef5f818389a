/* The two root keys in the TPM, persistent: made once, found at start, checked before they are trusted.
 *
 * The storage key is under the standard storage primary key of the owner hierarchy and is the parent of all
 * keys and sealed values; the row key is under it. */
#include "se/pin.h"
#include "tpm/persistent.h"
#include "tpm/template.h"

#include <string.h>

#define N_ROOTS 2

om_rc tpm_roots_check(const struct se_token *tok, struct om_error *err)
{
    const struct tpm_root *missing = !tok->storage.present ? &tok->storage
                                     : !tok->row.present   ? &tok->row
                                                           : NULL;
    if (missing == NULL)
        return OM_OK;
    return om_fail(err, OM_ECONFIG,
                   "the TPM has no root key of openmaf at handle 0x%08x; it is made by 'init'",
                   missing->known.handle);
}

static void forget(struct tpm_root *root)
{
    tpm_known_free(&root->known);
    root->present = false;
    root->object = ESYS_TR_NONE;
}

void tpm_roots_free(struct se_token *tok)
{
    forget(&tok->storage);
    forget(&tok->row);
    om_wipe(&tok->auth, sizeof tok->auth);
    om_wipe(tok->blob_key, sizeof tok->blob_key);
}

static om_rc restore(struct se_token *tok, struct tpm_root *root, const TPM2B_AUTH *auth,
                     struct om_error *err)
{
    if (!root->present || root->object != ESYS_TR_NONE)
        return OM_OK;
    return tpm_known_restore(tok, &root->known, auth, &root->object, err);
}

om_rc tpm_roots_restore(struct se_token *tok, struct om_error *err)
{
    OM_TRY(restore(tok, &tok->storage, &tok->auth.storage, err));
    return restore(tok, &tok->row, &tok->auth.row, err);
}

/* --- finding --- */

static om_rc keep(struct se_token *tok, struct tpm_root *root, const TPM2B_AUTH *auth, struct om_error *err)
{
    OM_TRY(tpm_known_keep(tok, root->object, root->known.handle, &root->known, err));
    root->present = true;
    return tpm_check(tok, Esys_TR_SetAuth(tok->esys, root->object, auth), "Esys_TR_SetAuth", err);
}

static om_rc not_ours(const struct tpm_root *root, const char *what, struct om_error *err)
{
    return om_fail(
        err, OM_ECONFIG,
        "at handle 0x%08x the TPM holds something else than openmaf's %s key; name two free handles "
        "with handle=",
        root->known.handle, what);
}

static om_rc derive_auth(struct se_token *tok, const uint8_t salt[TPM_SALT_LEN], struct om_error *err)
{
    struct om_secret pin = OM_SECRET_INIT;
    if (tok->pin_source == NULL)
        return om_fail(err, OM_ECONFIG, "a PIN is needed; name its file with --pin-source file:PATH");
    OM_TRY(se_pin_read(tok->pin_source, &pin, err));
    om_rc rc = tpm_auth_derive(&pin, salt, &tok->auth, err);
    om_secret_free(&pin);
    return rc;
}

static om_rc find_storage(struct se_token *tok, struct om_error *err)
{
    TPM2B_PUBLIC pub;
    uint8_t salt[TPM_SALT_LEN];
    OM_TRY(tpm_persistent_read(tok, tok->storage.known.handle, &tok->storage.object, &pub, err));
    if (!tpm_is_storage(&pub, salt))
        return not_ours(&tok->storage, "storage", err);
    OM_TRY(derive_auth(tok, salt, err));
    return keep(tok, &tok->storage, &tok->auth.storage, err);
}

static om_rc row_template(struct se_token *tok, TPM2B_PUBLIC *out, struct om_error *err)
{
    TPM2B_NAME *name = NULL;
    OM_TRY(tpm_check(tok, Esys_TR_GetName(tok->esys, tok->storage.object, &name), "Esys_TR_GetName", err));
    om_rc rc = tpm_template_row(name, out, err);
    Esys_Free(name);
    return rc;
}

static om_rc find_row(struct se_token *tok, struct om_error *err)
{
    TPM2B_PUBLIC pub, wanted;
    if (!tok->storage.present)
        return not_ours(&tok->row, "row", err);
    OM_TRY(tpm_persistent_read(tok, tok->row.known.handle, &tok->row.object, &pub, err));
    OM_TRY(row_template(tok, &wanted, err));
    if (!tpm_is_row(&pub, &wanted))
        return not_ours(&tok->row, "row", err);
    return keep(tok, &tok->row, &tok->auth.row, err);
}

/* The first use of the row key shows whether the PIN is right. Without it there are no check values. */
static om_rc prove_pin(struct se_token *tok, struct om_error *err)
{
    static const struct se_part text = {"openmaf tpm2 blob check 1", 25};
    om_rc rc = tpm_hmac(tok, tok->row.object, &text, 1, true, tok->blob_key, err);
    if (rc != OM_ECONFIG)
        return rc;
    return om_fail(err, OM_ECONFIG, "the PIN is wrong for the keys at handle 0x%08x (TPM_RC_BAD_AUTH)",
                   tok->storage.known.handle);
}

om_rc tpm_roots_find(struct se_token *tok, struct om_error *err)
{
    bool used[N_ROOTS];
    tpm_roots_free(tok);
    OM_TRY(tpm_persistent_list(tok, tok->storage.known.handle, N_ROOTS, used, err));
    if (used[0])
        OM_TRY(find_storage(tok, err));
    if (used[1])
        OM_TRY(find_row(tok, err));
    return tok->row.present ? prove_pin(tok, err) : OM_OK;
}

/* --- making --- */

static om_rc make_under_primary(struct se_token *tok, ESYS_TR primary, struct om_error *err)
{
    uint8_t salt[TPM_SALT_LEN];
    TPM2B_DIGEST *random = NULL;
    TPM2B_PUBLIC template;
    ESYS_TR session = ESYS_TR_NONE, storage = ESYS_TR_NONE;
    OM_TRY(tpm_session(tok, primary, &session, err));
    OM_TRY(tpm_check(
        tok, Esys_GetRandom(tok->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, sizeof salt, &random),
        "TPM2_GetRandom", err));
    bool enough = random->size == sizeof salt;
    if (enough)
        memcpy(salt, random->buffer, sizeof salt);
    Esys_Free(random);
    if (!enough)
        return om_fail(err, OM_ETRANSIENT, "the TPM gave too few random octets");
    OM_TRY(derive_auth(tok, salt, err));
    tpm_template_storage(salt, &template);
    OM_TRY(tpm_create_and_load(tok, primary, session, &tok->auth.storage, &template, &storage, err));
    return tpm_make_persistent(tok, &storage, session, tok->storage.known.handle, err);
}

static om_rc make_storage(struct se_token *tok, struct om_error *err)
{
    static const TPM2B_SENSITIVE_CREATE nothing;
    static const TPM2B_DATA outside;
    static const TPML_PCR_SELECTION pcrs;
    TPM2B_PUBLIC template;
    ESYS_TR session = ESYS_TR_NONE, primary = ESYS_TR_NONE;
    tpm_template_primary(&template);
    OM_TRY(tpm_session(tok, ESYS_TR_NONE, &session, err)); /* proves the owner's value without sending it */
    TSS2_RC r = Esys_CreatePrimary(tok->esys, ESYS_TR_RH_OWNER, session, ESYS_TR_NONE, ESYS_TR_NONE, &nothing,
                                   &template, &outside, &pcrs, &primary, NULL, NULL, NULL, NULL);
    tpm_flush(tok, &tok->session);
    OM_TRY(tpm_owner_check(tok, r, "TPM2_CreatePrimary", err));
    om_rc rc = make_under_primary(tok, primary, err);
    tpm_flush(tok, &primary);
    tpm_flush(tok, &tok->session);
    return rc;
}

static om_rc make_row(struct se_token *tok, struct om_error *err)
{
    TPM2B_PUBLIC template;
    ESYS_TR session = ESYS_TR_NONE, row = ESYS_TR_NONE;
    OM_TRY(row_template(tok, &template, err));
    OM_TRY(tpm_session(tok, tok->storage.object, &session, err));
    OM_TRY(tpm_create_and_load(tok, tok->storage.object, session, &tok->auth.row, &template, &row, err));
    return tpm_make_persistent(tok, &row, session, tok->row.known.handle, err);
}

om_rc tpm_roots_provision(struct se_token *tok, struct om_error *err)
{
    OM_TRY(tpm_roots_find(tok, err));
    if (tok->row.present)
        return OM_OK;
    OM_TRY(tpm_owner_begin(tok, err));
    om_rc rc = OM_OK;
    if (!tok->storage.present)
        rc = make_storage(tok, err);
    if (rc == OM_OK && !tok->storage.present)
        rc = tpm_roots_find(tok, err);
    if (rc == OM_OK)
        rc = make_row(tok, err);
    tpm_owner_end(tok);
    return rc == OM_OK ? tpm_roots_find(tok, err) : rc;
}
