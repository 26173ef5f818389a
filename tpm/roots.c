/* The two root keys in the TPM, persistent: made once, found at start, checked before they are trusted.
 *
 * The storage key is under the standard storage primary key of the owner hierarchy and is the parent of all
 * keys and sealed values; the row key is under it. */
#include "se/pin.h"
#include "tpm/template.h"
#include "tpm/token.h"

#include <stdlib.h>
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
                   missing->handle);
}

static void forget(struct tpm_root *root)
{
    free(root->kept);
    root->kept = NULL;
    root->kept_len = 0;
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
    OM_TRY(tpm_check(tok, Esys_TR_Deserialize(tok->esys, root->kept, root->kept_len, &root->object),
                     "Esys_TR_Deserialize", err));
    return tpm_check(tok, Esys_TR_SetAuth(tok->esys, root->object, auth), "Esys_TR_SetAuth", err);
}

om_rc tpm_roots_restore(struct se_token *tok, struct om_error *err)
{
    OM_TRY(restore(tok, &tok->storage, &tok->auth.storage, err));
    return restore(tok, &tok->row, &tok->auth.row, err);
}

/* --- finding --- */

/* Which of the two handles are in use. */
static om_rc list_handles(struct se_token *tok, bool used[N_ROOTS], struct om_error *err)
{
    TPMI_YES_NO more = 0;
    TPMS_CAPABILITY_DATA *found = NULL;
    used[0] = used[1] = false;
    OM_TRY(tpm_check(tok,
                     Esys_GetCapability(tok->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES,
                                        tok->storage.handle, N_ROOTS, &more, &found),
                     "TPM2_GetCapability", err));
    for (UINT32 i = 0; i < found->data.handles.count && i < N_ROOTS; i++) {
        TPM2_HANDLE at = found->data.handles.handle[i];
        if (at == tok->storage.handle || at == tok->row.handle)
            used[at - tok->storage.handle] = true;
    }
    Esys_Free(found);
    return OM_OK;
}

static om_rc read_public(struct se_token *tok, struct tpm_root *root, TPM2B_PUBLIC *out, struct om_error *err)
{
    TPM2B_PUBLIC *pub = NULL;
    OM_TRY(tpm_check(tok,
                     Esys_TR_FromTPMPublic(tok->esys, root->handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                           &root->object),
                     "TPM2_ReadPublic", err));
    OM_TRY(tpm_check(
        tok,
        Esys_ReadPublic(tok->esys, root->object, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &pub, NULL, NULL),
        "TPM2_ReadPublic", err));
    *out = *pub;
    Esys_Free(pub);
    return OM_OK;
}

static om_rc keep(struct se_token *tok, struct tpm_root *root, const TPM2B_AUTH *auth, struct om_error *err)
{
    uint8_t *octets = NULL;
    size_t n = 0;
    OM_TRY(tpm_check(tok, Esys_TR_Serialize(tok->esys, root->object, &octets, &n), "Esys_TR_Serialize", err));
    root->kept = octets; /* from malloc, as Esys_Free says */
    root->kept_len = n;
    root->present = true;
    return tpm_check(tok, Esys_TR_SetAuth(tok->esys, root->object, auth), "Esys_TR_SetAuth", err);
}

static om_rc not_ours(const struct tpm_root *root, const char *what, struct om_error *err)
{
    return om_fail(
        err, OM_ECONFIG,
        "at handle 0x%08x the TPM holds something else than openmaf's %s key; name two free handles "
        "with handle=",
        root->handle, what);
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
    OM_TRY(read_public(tok, &tok->storage, &pub, err));
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
    OM_TRY(read_public(tok, &tok->row, &pub, err));
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
                   tok->storage.handle);
}

om_rc tpm_roots_find(struct se_token *tok, struct om_error *err)
{
    bool used[N_ROOTS];
    tpm_roots_free(tok);
    OM_TRY(list_handles(tok, used, err));
    if (used[0])
        OM_TRY(find_storage(tok, err));
    if (used[1])
        OM_TRY(find_row(tok, err));
    return tok->row.present ? prove_pin(tok, err) : OM_OK;
}

/* --- making --- */

/* With the owner's authorisation, if it has one: EvictControl and CreatePrimary. */
static om_rc set_owner_auth(struct se_token *tok, struct om_error *err)
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

/* The owner's refusal is his, not our PIN's. */
static om_rc check_owner(struct se_token *tok, TSS2_RC r, const char *call, struct om_error *err)
{
    om_rc rc = tpm_check(tok, r, call, err);
    if (tpm_rc_base(r) != TPM2_RC_BAD_AUTH && tpm_rc_base(r) != TPM2_RC_AUTH_FAIL)
        return rc;
    return om_context(err, rc, "the owner hierarchy needs its authorisation value (owner-pin-source=)");
}

/* A new object under a parent, loaded. */
static om_rc create_and_load(struct se_token *tok, ESYS_TR parent, ESYS_TR session, const TPM2B_AUTH *auth,
                             const TPM2B_PUBLIC *template, ESYS_TR *out, struct om_error *err)
{
    static const TPM2B_DATA outside;
    static const TPML_PCR_SELECTION pcrs;
    TPM2B_SENSITIVE_CREATE sensitive = {.sensitive.userAuth = *auth};
    TPM2B_PRIVATE *private_part = NULL;
    TPM2B_PUBLIC *public_part = NULL;
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

/* Moves a loaded object to its persistent handle. */
static om_rc make_persistent(struct se_token *tok, ESYS_TR *loaded, ESYS_TR session, struct tpm_root *root,
                             struct om_error *err)
{
    ESYS_TR persistent = ESYS_TR_NONE;
    TSS2_RC r = Esys_EvictControl(tok->esys, ESYS_TR_RH_OWNER, *loaded, session, ESYS_TR_NONE, ESYS_TR_NONE,
                                  root->handle, &persistent);
    tpm_flush(tok, loaded);
    return check_owner(tok, r, "TPM2_EvictControl", err);
}

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
    OM_TRY(create_and_load(tok, primary, session, &tok->auth.storage, &template, &storage, err));
    return make_persistent(tok, &storage, session, &tok->storage, err);
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
    OM_TRY(check_owner(tok, r, "TPM2_CreatePrimary", err));
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
    OM_TRY(create_and_load(tok, tok->storage.object, session, &tok->auth.row, &template, &row, err));
    return make_persistent(tok, &row, session, &tok->row, err);
}

om_rc tpm_roots_provision(struct se_token *tok, struct om_error *err)
{
    OM_TRY(tpm_roots_find(tok, err));
    if (tok->row.present)
        return OM_OK;
    OM_TRY(set_owner_auth(tok, err));
    om_rc rc = OM_OK;
    if (!tok->storage.present)
        rc = make_storage(tok, err);
    if (rc == OM_OK && !tok->storage.present)
        rc = tpm_roots_find(tok, err);
    if (rc == OM_OK)
        rc = make_row(tok, err);
    tpm_scrub_object(tok->esys, ESYS_TR_RH_OWNER);
    return rc == OM_OK ? tpm_roots_find(tok, err) : rc;
}
