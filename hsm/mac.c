/* HMAC, and whatever else a token does as a signature. */
#include "hsm/rv.h"
#include "hsm/token.h"

#include <string.h>

/* One C_Sign over a copy costs less than an update per part; longer messages are updated. */
#define CONCAT_MAX 1024

/* An operation that an error cut off is still active in some modules: finished, its result thrown away. */
static CK_RV start(struct se_token *tok, CK_MECHANISM_TYPE type, CK_OBJECT_HANDLE object)
{
    CK_MECHANISM mechanism = {type, NULL, 0};
    CK_RV rv = tok->f->C_SignInit(tok->session, &mechanism, object);
    if (rv != CKR_OPERATION_ACTIVE)
        return rv;
    uint8_t thrown_away[64];
    CK_ULONG n = sizeof thrown_away;
    (void)tok->f->C_SignFinal(tok->session, thrown_away, &n);
    om_wipe(thrown_away, sizeof thrown_away);
    rv = tok->f->C_SignInit(tok->session, &mechanism, object);
    if (rv == CKR_OPERATION_ACTIVE)
        tok->lost = true;
    return rv;
}

static CK_RV sign_whole(struct se_token *tok, const struct se_part *parts, size_t n_parts, size_t total,
                        uint8_t *out, CK_ULONG *n)
{
    uint8_t message[CONCAT_MAX];
    size_t len = 0;
    for (size_t i = 0; i < n_parts; i++) {
        if (parts[i].len > 0)
            memcpy(message + len, parts[i].octets, parts[i].len);
        len += parts[i].len;
    }
    CK_RV rv = tok->f->C_Sign(tok->session, message, total, out, n);
    om_wipe(message, total);
    return rv;
}

static CK_RV sign_in_parts(struct se_token *tok, const struct se_part *parts, size_t n_parts, uint8_t *out,
                           CK_ULONG *n)
{
    for (size_t i = 0; i < n_parts; i++) {
        if (parts[i].len == 0)
            continue;
        CK_BYTE *octets = (CK_BYTE *)parts[i].octets;
        CK_RV rv = tok->f->C_SignUpdate(tok->session, octets, parts[i].len);
        if (rv != CKR_OK)
            return rv;
    }
    return tok->f->C_SignFinal(tok->session, out, n);
}

om_rc hsm_sign(struct se_token *tok, CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE object,
               const struct se_part *parts, size_t n_parts, uint8_t *out, size_t n, struct om_error *err)
{
    size_t total = 0;
    for (size_t i = 0; i < n_parts; i++) {
        if (parts[i].len > SIZE_MAX / 2 - total)
            return om_fail(err, OM_EINPUT, "the message is too long");
        total += parts[i].len;
    }
    OM_TRY(hsm_check(tok, start(tok, mechanism, object), "C_SignInit", err));
    CK_ULONG len = n;
    CK_RV rv = total <= CONCAT_MAX ? sign_whole(tok, parts, n_parts, total, out, &len)
                                   : sign_in_parts(tok, parts, n_parts, out, &len);
    om_rc rc = hsm_check(tok, rv, "C_Sign", err);
    if (rc == OM_OK && len != n)
        rc = om_fail(err, OM_EINTERNAL, "the token answered %lu octets for %zu", len, n);
    if (rc != OM_OK)
        om_wipe(out, n);
    return rc;
}
