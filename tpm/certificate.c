/* Certificates beside signing keys (se/signer.h), in NV indices of the owner: u16 length, then DER. The
 * length is written last, so half a certificate is none. An index is found by its certificate's name, of
 * which its authPolicy, that no policy reaches, is a hash. */
#include "tpm/persistent.h"
#include "tpm/signer.h"
#include "tpm/template.h"

#include <openssl/x509.h>
#include <string.h>

#define INDEX_FIRST   UINT32_C(0x01800000) /* of the owner (TCG's registry of reserved handles) */
#define INDICES       TPM_HANDLES_LIST
#define INDICES_OF(h) (INDEX_FIRST | ((h)&UINT32_C(0x003fffff)))
#define HEADER        2
#define PIECE         512 /* octets that any TPM writes or reads at once */

/* --- one index --- */

struct index {
    ESYS_TR object; /* for Esys_TR_Close */
    bool matches;
    size_t size;
};

static om_rc look_at(struct se_token *tok, TPM2_HANDLE at, const TPM2B_NV_PUBLIC *wanted, struct index *out,
                     struct om_error *err)
{
    TPM2B_NV_PUBLIC *pub = NULL;
    *out = (struct index){.object = ESYS_TR_NONE};
    TSS2_RC r = Esys_TR_FromTPMPublic(tok->esys, at, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &out->object);
    if (r != TSS2_RC_SUCCESS)
        out->object = ESYS_TR_NONE;
    OM_TRY(tpm_check(tok, r, "TPM2_NV_ReadPublic", err));
    OM_TRY(tpm_check(
        tok, Esys_NV_ReadPublic(tok->esys, out->object, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &pub, NULL),
        "TPM2_NV_ReadPublic", err));
    const TPMS_NV_PUBLIC *p = &pub->nvPublic;
    out->size = p->dataSize;
    out->matches = (p->attributes & ~TPMA_NV_WRITTEN) == wanted->nvPublic.attributes &&
                   p->authPolicy.size == wanted->nvPublic.authPolicy.size &&
                   memcmp(p->authPolicy.buffer, wanted->nvPublic.authPolicy.buffer, p->authPolicy.size) == 0;
    Esys_Free(pub);
    return tpm_check(tok, Esys_TR_SetAuth(tok->esys, out->object, &tok->auth.object), "Esys_TR_SetAuth", err);
}

static void close_index(struct se_token *tok, struct index *i)
{
    tpm_scrub_object(tok->esys, i->object);
    if (i->object != ESYS_TR_NONE)
        (void)Esys_TR_Close(tok->esys, &i->object);
}

static om_rc read_octets(struct se_token *tok, ESYS_TR index, size_t offset, uint8_t *out, size_t n,
                         struct om_error *err)
{
    ESYS_TR session = ESYS_TR_NONE;
    OM_TRY(tpm_session(tok, tok->storage.object, &session, err));
    for (size_t at = 0; at < n;) {
        TPM2B_MAX_NV_BUFFER *some = NULL;
        size_t piece = n - at < PIECE ? n - at : PIECE;
        OM_TRY(tpm_check(tok,
                         Esys_NV_Read(tok->esys, index, index, session, ESYS_TR_NONE, ESYS_TR_NONE,
                                      (UINT16)piece, (UINT16)(offset + at), &some),
                         "TPM2_NV_Read", err));
        bool whole = some->size == piece;
        if (whole)
            memcpy(out + at, some->buffer, piece);
        Esys_Free(some);
        if (!whole)
            return om_fail(err, OM_ETRANSIENT, "the TPM read too few octets");
        at += piece;
    }
    return OM_OK;
}

static om_rc write_octets(struct se_token *tok, ESYS_TR index, size_t offset, const uint8_t *octets, size_t n,
                          struct om_error *err)
{
    ESYS_TR session = ESYS_TR_NONE;
    OM_TRY(tpm_session(tok, tok->storage.object, &session, err));
    for (size_t at = 0; at < n; at += PIECE) {
        TPM2B_MAX_NV_BUFFER piece = {.size = (UINT16)(n - at < PIECE ? n - at : PIECE)};
        memcpy(piece.buffer, octets + at, piece.size);
        OM_TRY(tpm_check(tok,
                         Esys_NV_Write(tok->esys, index, index, session, ESYS_TR_NONE, ESYS_TR_NONE, &piece,
                                       (UINT16)(offset + at)),
                         "TPM2_NV_Write", err));
    }
    return OM_OK;
}

/* *n is 0 for an index that was not written to its end. */
static om_rc read_length(struct se_token *tok, const struct index *i, size_t *n, struct om_error *err)
{
    uint8_t header[HEADER] = {0};
    struct om_error quiet;
    *n = 0;
    om_rc rc = read_octets(tok, i->object, 0, header, HEADER, &quiet);
    if (rc == OM_EINTERNAL) /* TPM_RC_NV_UNINITIALIZED */
        return OM_OK;
    if (rc != OM_OK)
        return om_fail(err, rc, "%s", om_error_text(&quiet, rc));
    size_t len = (size_t)header[0] << 8 | header[1];
    *n = HEADER + len == i->size ? len : 0;
    return OM_OK;
}

/* --- reading --- */

struct work {
    TPM2B_NV_PUBLIC wanted;
    uint8_t *der; /* to write from, or to read into */
    size_t cap, n;
};

static om_rc read_one(struct se_token *tok, const struct index *i, struct work *w, struct om_error *err)
{
    size_t n = 0;
    OM_TRY(read_length(tok, i, &n, err));
    if (n == 0)
        return OM_OK;
    if (w->n > 0)
        return om_fail(err, OM_ECONFIG, "the TPM has more than one");
    if (n > w->cap)
        return om_fail(err, OM_EINPUT, "it has %zu octets, more than there is room for", n);
    OM_TRY(read_octets(tok, i->object, HEADER, w->der, n, err));
    w->n = n;
    return OM_OK;
}

static om_rc read_work(struct se_token *tok, void *arg, struct om_error *err)
{
    struct work *w = arg;
    bool used[INDICES];
    TPM2_HANDLE first = INDICES_OF(tok->uri.handle);
    w->n = 0;
    OM_TRY(tpm_roots_check(tok, err));
    OM_TRY(tpm_persistent_list(tok, first, INDICES, used, err));
    for (TPM2_HANDLE k = 0; k < INDICES; k++) {
        struct index i;
        if (!used[k])
            continue;
        om_rc rc = look_at(tok, first + k, &w->wanted, &i, err);
        if (rc == OM_OK && i.matches)
            rc = read_one(tok, &i, w, err);
        close_index(tok, &i);
        OM_TRY(rc);
    }
    return w->n > 0 ? OM_OK : om_fail(err, OM_ENOTFOUND, "the TPM has none of this name");
}

om_rc tpm_plugin_certificate_read(struct se_token *tok, const char *name, uint8_t *der, size_t *n,
                                  struct om_error *err)
{
    struct work w = {.der = der, .cap = *n};
    OM_TRY(tpm_template_certificate(name, 0, &w.wanted, err));
    om_rc rc = tpm_group(tok, false, read_work, &w, err);
    *n = rc == OM_OK ? w.n : 0;
    return rc == OM_OK ? OM_OK : om_context(err, rc, "certificate '%.80s'", name);
}

/* --- writing --- */

static om_rc define(struct se_token *tok, const struct work *w, TPM2_HANDLE at, ESYS_TR *out,
                    struct om_error *err)
{
    ESYS_TR session = ESYS_TR_NONE;
    TPM2B_NV_PUBLIC pub = w->wanted;
    pub.nvPublic.nvIndex = at;
    *out = ESYS_TR_NONE;
    OM_TRY(tpm_session(tok, tok->storage.object, &session, err));
    TSS2_RC r = Esys_NV_DefineSpace(tok->esys, ESYS_TR_RH_OWNER, session, ESYS_TR_NONE, ESYS_TR_NONE,
                                    &tok->auth.object, &pub, out);
    tpm_scrub_create(tok->esys); /* the value is kept where a sensitive part would be */
    if (r != TSS2_RC_SUCCESS)
        *out = ESYS_TR_NONE;
    if (tpm_rc_base(r) == TPM2_RC_SIZE)
        return om_fail(err, OM_EUNSUPPORTED, "%zu octets are more than this TPM keeps in one place", w->n);
    OM_TRY(tpm_owner_check(tok, r, "TPM2_NV_DefineSpace", err));
    return tpm_check(tok, Esys_TR_SetAuth(tok->esys, *out, &tok->auth.object), "Esys_TR_SetAuth", err);
}

static om_rc undefine(struct se_token *tok, ESYS_TR index, struct om_error *err)
{
    ESYS_TR session = ESYS_TR_NONE;
    OM_TRY(tpm_session(tok, tok->storage.object, &session, err));
    return tpm_owner_check(
        tok, Esys_NV_UndefineSpace(tok->esys, ESYS_TR_RH_OWNER, index, session, ESYS_TR_NONE, ESYS_TR_NONE),
        "TPM2_NV_UndefineSpace", err);
}

static om_rc write_new(struct se_token *tok, const struct work *w, TPM2_HANDLE at, struct om_error *err)
{
    const uint8_t header[HEADER] = {(uint8_t)(w->n >> 8), (uint8_t)w->n};
    ESYS_TR index = ESYS_TR_NONE;
    OM_TRY(define(tok, w, at, &index, err));
    om_rc rc = write_octets(tok, index, HEADER, w->der, w->n, err);
    if (rc == OM_OK)
        rc = write_octets(tok, index, 0, header, HEADER, err);
    tpm_scrub_object(tok->esys, index);
    (void)Esys_TR_Close(tok->esys, &index);
    return rc;
}

/* Those of the same name that were there before, and what an attempt has left unfinished. */
static om_rc remove_old(struct se_token *tok, const struct work *w, TPM2_HANDLE first, const bool *used,
                        struct om_error *err)
{
    for (TPM2_HANDLE k = 0; k < INDICES; k++) {
        struct index i;
        if (!used[k])
            continue;
        om_rc rc = look_at(tok, first + k, &w->wanted, &i, err);
        if (rc == OM_OK && i.matches)
            rc = undefine(tok, i.object, err);
        if (rc == OM_OK && i.matches)
            i.object = ESYS_TR_NONE; /* ESYS has forgotten it, too */
        close_index(tok, &i);
        OM_TRY(rc);
    }
    return OM_OK;
}

/* The new one is whole before the old one goes. */
static om_rc write_work(struct se_token *tok, void *arg, struct om_error *err)
{
    const struct work *w = arg;
    bool used[INDICES];
    TPM2_HANDLE first = INDICES_OF(tok->uri.handle), k = 0;
    OM_TRY(tpm_roots_check(tok, err));
    OM_TRY(tpm_persistent_list(tok, first, INDICES, used, err));
    while (k < INDICES && used[k])
        k++;
    if (k == INDICES)
        return om_fail(err, OM_ECONFIG, "all %d NV indices from 0x%08x are in use", INDICES, first);
    OM_TRY(tpm_owner_begin(tok, err));
    om_rc rc = write_new(tok, w, first + k, err);
    if (rc == OM_OK)
        rc = remove_old(tok, w, first, used, err);
    tpm_owner_end(tok);
    return rc;
}

om_rc tpm_plugin_certificate_write(struct se_token *tok, const char *name, const uint8_t *der, size_t n,
                                   struct om_error *err)
{
    struct work w = {.der = (uint8_t *)der, .n = n}; /* only read from */
    const unsigned char *at = der;
    X509 *x509 = d2i_X509(NULL, &at, (long)n);
    bool whole = x509 != NULL && at == der + n;
    X509_free(x509);
    if (!whole)
        return om_fail(err, OM_EINPUT, "what is to be kept in the TPM is no certificate (DER)");
    OM_TRY(tpm_template_certificate(name, HEADER + n, &w.wanted, err));
    om_rc rc = tpm_group(tok, false, write_work, &w, err);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "certificate '%.80s'", name);
}
