/* HMAC-SHA-256 by a loaded object, and the TLS 1.2 PRF over it. */
#include "se/p_sha256.h"
#include "tpm/token.h"

#include <string.h>

/* --- messages that fit into one command --- */

static om_rc hmac_at_once(struct se_token *tok, ESYS_TR object, ESYS_TR session,
                          const TPM2B_MAX_BUFFER *message, bool last, uint8_t out[SE_MAC_SIZE],
                          struct om_error *err)
{
    TPM2B_DIGEST *mac = NULL;
    if (last)
        tpm_session_last(tok);
    TSS2_RC r =
        Esys_HMAC(tok->esys, object, session, ESYS_TR_NONE, ESYS_TR_NONE, message, TPM2_ALG_SHA256, &mac);
    OM_TRY(tpm_check(tok, r, "TPM2_HMAC", err));
    if (last)
        tpm_session_gone(tok);
    tpm_scrub_response(tok->esys);
    bool whole = mac->size == SE_MAC_SIZE;
    if (whole)
        memcpy(out, mac->buffer, SE_MAC_SIZE);
    om_wipe(mac, sizeof *mac);
    Esys_Free(mac);
    return whole ? OM_OK : om_fail(err, OM_ETRANSIENT, "the TPM gave a code of a wrong length");
}

/* --- longer ones, in a sequence --- */

/* Goes through parts in pieces of a command's size. */
struct cursor {
    const struct se_part *parts;
    size_t n_parts, part, offset;
};

static void next_piece(struct cursor *c, TPM2B_MAX_BUFFER *out)
{
    out->size = 0;
    while (c->part < c->n_parts && out->size < sizeof out->buffer) {
        const struct se_part *p = &c->parts[c->part];
        size_t n = p->len - c->offset;
        size_t room = sizeof out->buffer - out->size;
        n = n < room ? n : room;
        if (n > 0)
            memcpy(out->buffer + out->size, (const uint8_t *)p->octets + c->offset, n);
        out->size = (UINT16)(out->size + n);
        c->offset += n;
        if (c->offset == p->len) {
            c->part++;
            c->offset = 0;
        }
    }
}

static om_rc feed(struct se_token *tok, ESYS_TR *sequence, ESYS_TR session, struct cursor *c, size_t left,
                  uint8_t out[SE_MAC_SIZE], struct om_error *err)
{
    TPM2B_MAX_BUFFER piece;
    TPM2B_DIGEST *mac = NULL;
    TPMT_TK_HASHCHECK *ticket = NULL;
    TSS2_RC r = TSS2_RC_SUCCESS;
    for (next_piece(c, &piece); left > piece.size && r == TSS2_RC_SUCCESS; next_piece(c, &piece)) {
        left -= piece.size;
        r = Esys_SequenceUpdate(tok->esys, *sequence, session, ESYS_TR_NONE, ESYS_TR_NONE, &piece);
    }
    OM_TRY(tpm_check(tok, r, "TPM2_SequenceUpdate", err));
    r = Esys_SequenceComplete(tok->esys, *sequence, session, ESYS_TR_NONE, ESYS_TR_NONE, &piece,
                              ESYS_TR_RH_NULL, &mac, &ticket);
    om_wipe(piece.buffer, sizeof piece.buffer);
    OM_TRY(tpm_check(tok, r, "TPM2_SequenceComplete", err));
    *sequence = ESYS_TR_NONE; /* ended by the TPM */
    bool whole = mac->size == SE_MAC_SIZE;
    if (whole)
        memcpy(out, mac->buffer, SE_MAC_SIZE);
    om_wipe(mac, sizeof *mac);
    Esys_Free(mac);
    Esys_Free(ticket);
    tpm_scrub_response(tok->esys);
    return whole ? OM_OK : om_fail(err, OM_ETRANSIENT, "the TPM gave a code of a wrong length");
}

static om_rc hmac_in_pieces(struct se_token *tok, ESYS_TR object, ESYS_TR session, struct cursor *c, size_t n,
                            uint8_t out[SE_MAC_SIZE], struct om_error *err)
{
    ESYS_TR sequence = ESYS_TR_NONE;
    TSS2_RC r = Esys_HMAC_Start(tok->esys, object, session, ESYS_TR_NONE, ESYS_TR_NONE, &tok->auth.object,
                                TPM2_ALG_SHA256, &sequence);
    if (r != TSS2_RC_SUCCESS)
        sequence = ESYS_TR_NONE;
    OM_TRY(tpm_check(tok, r, "TPM2_HMAC_Start", err));
    om_rc rc = feed(tok, &sequence, session, c, n, out, err);
    tpm_flush(tok, &sequence);
    return rc;
}

om_rc tpm_hmac(struct se_token *tok, ESYS_TR object, const struct se_part *parts, size_t n_parts, bool last,
               uint8_t out[SE_MAC_SIZE], struct om_error *err)
{
    size_t n = 0;
    ESYS_TR session = ESYS_TR_NONE;
    struct cursor c = {.parts = parts, .n_parts = n_parts};
    TPM2B_MAX_BUFFER message;
    for (size_t i = 0; i < n_parts; i++)
        n += parts[i].len;
    OM_TRY(tpm_session(tok, tok->storage.object, &session, err));
    if (n > sizeof message.buffer)
        return hmac_in_pieces(tok, object, session, &c, n, out, err);
    next_piece(&c, &message);
    om_rc rc = hmac_at_once(tok, object, session, &message, last, out, err);
    om_wipe(message.buffer, message.size);
    return rc;
}

/* --- PRF --- */

struct prf {
    struct se_token *tok;
    ESYS_TR object;
    size_t left; /* HMACs until the last */
};

static om_rc prf_step(void *arg, const struct se_part *parts, size_t n_parts, uint8_t out[SE_MAC_SIZE],
                      struct om_error *err)
{
    struct prf *p = arg;
    return tpm_hmac(p->tok, p->object, parts, n_parts, --p->left == 0, out, err);
}

om_rc tpm_prf(struct se_token *tok, se_handle key, const struct se_part *parts, size_t n_parts, uint8_t *out,
              size_t n, struct om_error *err)
{
    /* One for each A(i), one for each block. */
    struct prf p = {.tok = tok, .left = 2 * ((n + SE_MAC_SIZE - 1) / SE_MAC_SIZE)};
    OM_TRY(tpm_slot_load(tok, key, &p.object, err));
    return se_p_sha256(prf_step, &p, parts, n_parts, 0, out, n, err);
}
