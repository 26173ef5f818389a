/* A group of TPM commands: what has to be there before, what is flushed after, what is tried once more.
 *
 * Under a resource manager the connection, the session and up to TPM_SLOTS loaded keys stay; each process has
 * a TPM of its own then. Without one (swtpm, /dev/tpm0) everybody shares the TPM's few places, so a group
 * takes the connection, which keeps the others out, and gives everything back. */
#include "tpm/socket.h"
#include "tpm/token.h"

#include <openssl/err.h>
#include <tss2/tss2_sys.h>
#include <unistd.h>

#define REST_MS    1000 /* after silence: others wait for the same event loop */
#define SWEEP_LIST 16

static const TPMT_SYM_DEF aes_cfb = {.algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB};

om_rc tpm_check(struct se_token *tok, TSS2_RC r, const char *call, struct om_error *err)
{
    if (r == TSS2_RC_SUCCESS)
        return OM_OK;
    enum tpm_trouble trouble = tpm_rc_trouble(r);
    if (trouble > tok->trouble)
        tok->trouble = trouble;
    if ((r & TSS2_RC_LAYER_MASK) == TSS2_TCTI_RC_LAYER) /* the link knows better */
        return om_fail(err, OM_ETRANSIENT, "%s: %s", call, tok->link.failure.text);
    return tpm_rc_fail(err, r, call);
}

/* --- session --- */

om_rc tpm_session(struct se_token *tok, ESYS_TR salt_key, ESYS_TR *out, struct om_error *err)
{
    *out = ESYS_TR_PASSWORD;
    if (!tok->uri.encrypt)
        return OM_OK;
    if (tok->session == ESYS_TR_NONE) {
        TSS2_RC r =
            Esys_StartAuthSession(tok->esys, salt_key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                  NULL, TPM2_SE_HMAC, &aes_cfb, TPM2_ALG_SHA256, &tok->session);
        if (r != TSS2_RC_SUCCESS)
            tok->session = ESYS_TR_NONE;
        OM_TRY(tpm_check(tok, r, "TPM2_StartAuthSession", err));
        const TPMA_SESSION wanted =
            TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT;
        OM_TRY(tpm_check(tok, Esys_TRSess_SetAttributes(tok->esys, tok->session, wanted, 0xff),
                         "Esys_TRSess_SetAttributes", err));
    }
    *out = tok->session;
    return OM_OK;
}

void tpm_session_last(struct se_token *tok)
{
    if (tok->session != ESYS_TR_NONE && !tok->uri.managed)
        (void)Esys_TRSess_SetAttributes(tok->esys, tok->session, 0, TPMA_SESSION_CONTINUESESSION);
}

void tpm_session_gone(struct se_token *tok)
{
    if (tok->session != ESYS_TR_NONE && !tok->uri.managed)
        (void)Esys_TR_Close(tok->esys, &tok->session);
}

void tpm_flush(struct se_token *tok, ESYS_TR *object)
{
    if (*object == ESYS_TR_NONE)
        return;
    tpm_scrub_object(tok->esys, *object);
    if (tok->trouble != TPM_LOST && Esys_FlushContext(tok->esys, *object) != TSS2_RC_SUCCESS)
        tok->trouble = TPM_LOST; /* it may still be there: start from a state that is known */
    *object = ESYS_TR_NONE;
}

/* --- leftovers --- */

/* By SAPI: ESYS knows objects by their public parts, and a sequence has none. */
static om_rc sweep_range(struct se_token *tok, TPM2_HANDLE first, struct om_error *err)
{
    TPMI_YES_NO more = 0;
    TPMS_CAPABILITY_DATA *found = NULL;
    TSS2_SYS_CONTEXT *sys = NULL;
    om_rc rc = OM_OK;
    OM_TRY(tpm_check(tok, Esys_GetSysContext(tok->esys, &sys), "Esys_GetSysContext", err));
    OM_TRY(tpm_check(tok,
                     Esys_GetCapability(tok->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES,
                                        first, SWEEP_LIST, &more, &found),
                     "TPM2_GetCapability", err));
    for (UINT32 i = 0; i < found->data.handles.count && i < SWEEP_LIST && tok->trouble != TPM_LOST; i++) {
        om_rc one = tpm_check(tok, Tss2_Sys_FlushContext(sys, found->data.handles.handle[i]),
                              "TPM2_FlushContext", err);
        rc = rc == OM_OK ? one : rc;
    }
    Esys_Free(found);
    return rc;
}

/* A connection that broke, or a process that died, left its session or key in the TPM. While we hold the
 * connection nobody else is at work, so whatever is loaded is a leftover. What the TPM does not flush now is
 * for the next time; only a connection that breaks is a failure. */
static om_rc sweep(struct se_token *tok, struct om_error *err)
{
    om_rc rc = sweep_range(tok, TPM_TRANSIENT_FIRST, err);
    if (rc == OM_OK)
        rc = sweep_range(tok, TPM2_LOADED_SESSION_FIRST, err);
    if (rc == OM_OK && tok->leftovers == TPM_LEFT_SAVED)
        rc = sweep_range(tok, TPM2_ACTIVE_SESSION_FIRST, err);
    if (rc == OM_OK)
        tok->leftovers = TPM_LEFT_NOTHING;
    if (tok->trouble == TPM_LOST)
        return rc;
    tok->trouble = TPM_FINE;
    return OM_OK;
}

static void expect_leftovers(struct se_token *tok, enum tpm_left left)
{
    if (!tok->uri.managed && left > tok->leftovers)
        tok->leftovers = left;
}

/* --- before and after --- */

void tpm_drop(struct se_token *tok)
{
    if (tok->esys != NULL) {
        for (size_t i = 0; i < TPM_SLOTS; i++)
            tpm_scrub_object(tok->esys, tok->slots[i].object);
        tpm_scrub_object(tok->esys, tok->storage.object);
        tpm_scrub_object(tok->esys, tok->row.object);
        Esys_Finalize(&tok->esys);
    }
    tok->esys = NULL;
    tok->session = tok->storage.object = tok->row.object = ESYS_TR_NONE;
    for (size_t i = 0; i < TPM_SLOTS; i++)
        tok->slots[i] = (struct tpm_slot){.object = ESYS_TR_NONE};
    tpm_link_disconnect(&tok->link);
}

static om_rc prepare(struct se_token *tok, struct om_error *err)
{
    tok->groups++;
    tok->trouble = TPM_FINE;
    if (tok->esys == NULL) {
        OM_TRY(tpm_check(tok, Esys_Initialize(&tok->esys, (TSS2_TCTI_CONTEXT *)&tok->link, NULL),
                         "Esys_Initialize", err));
        OM_TRY(tpm_roots_restore(tok, err));
    }
    return tok->leftovers != TPM_LEFT_NOTHING ? sweep(tok, err) : OM_OK;
}

static void settle(struct se_token *tok)
{
    if (tok->esys != NULL && !tok->uri.managed) {
        tpm_slots_flush(tok);
        tpm_flush(tok, &tok->session);
        tpm_link_disconnect(&tok->link);
    }
    if (tok->trouble != TPM_LOST)
        return;
    expect_leftovers(tok, TPM_LEFT_LOADED);
    tpm_drop(tok);
}

/* --- trouble --- */

/* Removes what was in the way; true when another attempt makes sense. tried: troubles that were met before,
 * each of which is worth one more attempt. */
static bool recover(struct se_token *tok, unsigned *tried)
{
    enum tpm_trouble trouble = tok->trouble;
    if (trouble == TPM_FINE || (*tried & 1u << trouble) != 0)
        return false;
    *tried |= 1u << trouble;
    tpm_drop(tok);
    if (trouble == TPM_FULL)
        expect_leftovers(tok, TPM_LEFT_SAVED);
    return true;
}

static om_rc attempt(struct se_token *tok, tpm_work work, void *arg, struct om_error *err)
{
    om_rc rc = prepare(tok, err);
    if (rc == OM_OK)
        rc = work(tok, arg, err);
    settle(tok);
    tpm_scrub_stack();
    return rc;
}

static om_rc nothing_work(struct se_token *tok, void *arg, struct om_error *err)
{
    (void)tok, (void)arg, (void)err;
    return OM_OK;
}

/* What the last attempt may have left is swept away at once, if the TPM can be reached; else before the next.
 */
static void leave_nothing(struct se_token *tok)
{
    enum tpm_trouble trouble = tok->trouble;
    if (tok->leftovers != TPM_LEFT_NOTHING && attempt(tok, nothing_work, NULL, NULL) == OM_OK)
        return;
    tok->trouble = trouble;
}

om_rc tpm_group(struct se_token *tok, bool now, tpm_work work, void *arg, struct om_error *err)
{
    if (tok->process != getpid())
        return om_fail(err, OM_EINTERNAL,
                       "the TPM was opened before this process was forked; open it in this process");
    if (!now && tpm_now_ms() < tok->next_attempt)
        return om_fail(err, OM_ETRANSIENT, "the TPM did not answer; it will be asked again shortly");
    int64_t began = tpm_now_ms();
    unsigned tried = 0;
    (void)ERR_set_mark(); /* ESYS leaves OpenSSL's errors in the queue of this thread */
    om_rc rc = attempt(tok, work, arg, err);
    while (rc != OM_OK && tpm_now_ms() - began < tok->uri.timeout_ms && recover(tok, &tried))
        rc = attempt(tok, work, arg, err);
    if (tpm_now_ms() - began < tok->uri.timeout_ms)
        leave_nothing(tok);
    tok->next_attempt = rc != OM_OK && tok->trouble == TPM_LOST ? tpm_now_ms() + REST_MS : 0;
    (void)ERR_pop_to_mark();
    return rc;
}
