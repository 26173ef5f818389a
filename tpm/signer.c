/* Signing keys (se/signer.h): ECDSA P-256 objects under the storage key, persistent in the handles after
 * those of the root keys. A key is found by its name, of which its authPolicy, that no policy reaches, is a
 * hash.
 *
 * "tpm2:handle=0x81..." names a key that another tool made: without an authorisation value, exempt from
 * lockout, and made in the TPM. */
#include "tpm/signer.h"
#include "tpm/persistent.h"
#include "tpm/template.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME      "tpm2:handle="
#define SIGNERS_MAX TPM_HANDLES_LIST /* handles after those of the root keys */

/* A key in use; the ESYS object is made of `known` for each signature. */
struct tpm_signer {
    struct tpm_signer *next;
    se_handle handle;
    struct tpm_known known;
    TPM2B_AUTH auth;
    uint8_t point[SE_POINT_SIZE];
};

/* --- finding --- */

/* What is looked for: a name of ours, or the handle of somebody else's. */
struct wanted {
    const char *name; /* for messages */
    TPM2_HANDLE handle;
    TPM2B_PUBLIC template;
};

static om_rc parse_name(const char *name, struct wanted *w, struct om_error *err)
{
    *w = (struct wanted){.name = name};
    if (strncmp(name, "tpm2:", 5) != 0)
        return tpm_template_signer(name, &w->template, err);
    char *end = NULL;
    errno = 0;
    unsigned long long v =
        strncmp(name, SCHEME "0x", strlen(SCHEME) + 2) == 0 ? strtoull(name + strlen(SCHEME), &end, 16) : 0;
    if (end == NULL || *end != '\0' || errno != 0 || v < TPM_PERSISTENT_FIRST || v > TPM_PERSISTENT_LAST)
        return om_fail(err, OM_ECONFIG, "'%.80s' names no key; it would be " SCHEME "0x81...", name);
    w->handle = (TPM2_HANDLE)v;
    return OM_OK;
}

static void pad(uint8_t out[32], const TPM2B_ECC_PARAMETER *number)
{
    size_t n = number->size < 32 ? number->size : 32;
    memset(out, 0, 32);
    memcpy(out + 32 - n, number->buffer + number->size - n, n);
}

static bool is_match(const struct wanted *w, TPM2_HANDLE at, const TPM2B_PUBLIC *pub)
{
    return w->handle != 0 ? at == w->handle : tpm_is_signer(pub, &w->template);
}

static om_rc adopt(struct se_token *tok, TPM2_HANDLE at, const TPM2B_PUBLIC *pub, ESYS_TR object, bool ours,
                   struct tpm_signer **out, struct om_error *err)
{
    struct tpm_signer *s = calloc(1, sizeof *s);
    if (s == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a signing key");
    om_rc rc = tpm_known_keep(tok, object, at, &s->known, err);
    if (rc != OM_OK) {
        free(s);
        return rc;
    }
    if (ours)
        s->auth = tok->auth.object;
    s->point[0] = 0x04;
    pad(s->point + 1, &pub->publicArea.unique.ecc.x);
    pad(s->point + 33, &pub->publicArea.unique.ecc.y);
    *out = s;
    return OM_OK;
}

/* Looks at one handle; *out stays NULL when it is another key. */
static om_rc look_at(struct se_token *tok, const struct wanted *w, TPM2_HANDLE at, struct tpm_signer **out,
                     struct om_error *err)
{
    ESYS_TR object = ESYS_TR_NONE;
    TPM2B_PUBLIC pub;
    OM_TRY(tpm_persistent_read(tok, at, &object, &pub, err));
    om_rc rc = OM_OK;
    if (is_match(w, at, &pub) && *out != NULL)
        rc = om_fail(err, OM_ECONFIG, "the TPM has more than one");
    else if (is_match(w, at, &pub) && w->handle != 0 && !tpm_is_foreign_signer(&pub))
        rc = om_fail(
            err, OM_ECONFIG,
            "it is no ECDSA key with P-256 that is fixed to the TPM, made in it, exempt from lockout");
    else if (is_match(w, at, &pub))
        rc = adopt(tok, at, &pub, object, w->handle == 0, out, err);
    (void)Esys_TR_Close(tok->esys, &object);
    return rc;
}

static void signer_free(struct tpm_signer *s)
{
    if (s == NULL)
        return;
    tpm_known_free(&s->known);
    om_wipe(s, sizeof *s);
    free(s);
}

/* *free_handle: the first that is free among those for signing keys; 0: none. */
static om_rc search(struct se_token *tok, const struct wanted *w, struct tpm_signer **out,
                    TPM2_HANDLE *free_handle, struct om_error *err)
{
    TPM2_HANDLE first = w->handle != 0 ? w->handle : tok->row.known.handle + 1;
    size_t n = w->handle != 0 ? 1 : SIGNERS_MAX;
    bool used[SIGNERS_MAX];
    *out = NULL;
    *free_handle = 0;
    OM_TRY(tpm_persistent_list(tok, first, n, used, err));
    for (size_t i = 0; i < n; i++) {
        om_rc rc = OM_OK;
        if (used[i])
            rc = look_at(tok, w, first + (TPM2_HANDLE)i, out, err);
        else if (*free_handle == 0)
            *free_handle = first + (TPM2_HANDLE)i;
        if (rc != OM_OK) {
            signer_free(*out);
            *out = NULL;
            return rc;
        }
    }
    return OM_OK;
}

struct finding {
    struct wanted wanted;
    struct tpm_signer *found;
    bool told; /* the TPM was told to make or remove it, though its answer may have been lost */
};

static om_rc find(struct se_token *tok, struct finding *f, struct om_error *err)
{
    TPM2_HANDLE free_handle = 0;
    OM_TRY(tpm_roots_check(tok, err));
    OM_TRY(search(tok, &f->wanted, &f->found, &free_handle, err));
    return f->found != NULL ? OM_OK : om_fail(err, OM_ENOTFOUND, "the TPM has no such key");
}

static om_rc find_work(struct se_token *tok, void *arg, struct om_error *err)
{
    return find(tok, arg, err);
}

static om_rc hand_out(struct se_token *tok, struct finding *f, om_rc rc, se_handle *out,
                      uint8_t point[SE_POINT_SIZE], struct om_error *err)
{
    if (rc != OM_OK)
        return om_context(err, rc, "signing key '%.80s'", f->wanted.name);
    f->found->handle = ++tok->last_signer;
    f->found->next = tok->signers;
    tok->signers = f->found;
    *out = f->found->handle;
    memcpy(point, f->found->point, SE_POINT_SIZE);
    return OM_OK;
}

om_rc tpm_plugin_signer_find(struct se_token *tok, const char *name, se_handle *out,
                             uint8_t point[SE_POINT_SIZE], struct om_error *err)
{
    struct finding f = {.found = NULL};
    OM_TRY(parse_name(name, &f.wanted, err));
    return hand_out(tok, &f, tpm_group(tok, false, find_work, &f, err), out, point, err);
}

/* --- making and destroying --- */

static om_rc create(struct se_token *tok, const struct wanted *w, TPM2_HANDLE at, struct om_error *err)
{
    ESYS_TR session = ESYS_TR_NONE, key = ESYS_TR_NONE;
    OM_TRY(tpm_session(tok, tok->storage.object, &session, err));
    OM_TRY(
        tpm_create_and_load(tok, tok->storage.object, session, &tok->auth.object, &w->template, &key, err));
    OM_TRY(tpm_owner_begin(tok, err));
    om_rc rc = tpm_make_persistent(tok, &key, session, at, err);
    tpm_owner_end(tok);
    return rc;
}

static om_rc make_work(struct se_token *tok, void *arg, struct om_error *err)
{
    struct finding *f = arg;
    TPM2_HANDLE free_handle = 0;
    OM_TRY(tpm_roots_check(tok, err));
    OM_TRY(search(tok, &f->wanted, &f->found, &free_handle, err));
    if (f->found != NULL && f->told)
        return OM_OK;
    if (f->found != NULL) {
        signer_free(f->found);
        f->found = NULL;
        return om_fail(err, OM_ECONFLICT, "the TPM has a key of this name already");
    }
    if (free_handle == 0)
        return om_fail(err, OM_ECONFIG, "all %d handles for signing keys, from 0x%08x, are in use",
                       SIGNERS_MAX, tok->row.known.handle + 1);
    f->told = true;
    OM_TRY(create(tok, &f->wanted, free_handle, err));
    return find(tok, f, err);
}

om_rc tpm_plugin_signer_make(struct se_token *tok, const char *name, se_handle *out,
                             uint8_t point[SE_POINT_SIZE], struct om_error *err)
{
    struct finding f = {.found = NULL};
    OM_TRY(parse_name(name, &f.wanted, err));
    return hand_out(tok, &f, tpm_group(tok, false, make_work, &f, err), out, point, err);
}

static om_rc remove_work(struct se_token *tok, void *arg, struct om_error *err)
{
    struct finding *f = arg;
    ESYS_TR session = ESYS_TR_NONE, object = ESYS_TR_NONE;
    om_rc rc = find(tok, f, err);
    const struct tpm_signer *s = f->found;
    if (s == NULL)
        return rc == OM_ENOTFOUND && f->told ? OM_OK : rc;
    rc = tpm_known_restore(tok, &s->known, &s->auth, &object, err);
    if (rc == OM_OK)
        rc = tpm_session(tok, tok->storage.object, &session, err);
    if (rc == OM_OK)
        rc = tpm_owner_begin(tok, err);
    f->told = f->told || rc == OM_OK;
    if (rc == OM_OK)
        rc = tpm_evict(tok, object, session, s->known.handle, err);
    tpm_owner_end(tok);
    (void)Esys_TR_Close(tok->esys, &object);
    signer_free(f->found);
    f->found = NULL;
    return rc;
}

om_rc tpm_plugin_signer_remove(struct se_token *tok, const char *name, struct om_error *err)
{
    struct finding f = {.found = NULL};
    OM_TRY(parse_name(name, &f.wanted, err));
    om_rc rc = tpm_group(tok, false, remove_work, &f, err);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "signing key '%.80s'", name);
}

/* --- use --- */

static struct tpm_signer **place_of(struct se_token *tok, se_handle handle)
{
    struct tpm_signer **at = &tok->signers;
    while (*at != NULL && (*at)->handle != handle)
        at = &(*at)->next;
    return at;
}

void tpm_plugin_signer_free(struct se_token *tok, se_handle handle)
{
    struct tpm_signer **at = place_of(tok, handle);
    struct tpm_signer *s = *at;
    if (s == NULL)
        return;
    *at = s->next;
    signer_free(s);
}

void tpm_signers_free(struct se_token *tok)
{
    for (struct tpm_signer *s = tok->signers, *next; s != NULL; s = next) {
        next = s->next;
        signer_free(s);
    }
    tok->signers = NULL;
}

struct signing {
    const struct tpm_signer *signer;
    TPM2B_DIGEST digest;
    uint8_t *signature;
};

static om_rc sign(struct se_token *tok, ESYS_TR object, struct signing *s, struct om_error *err)
{
    static const TPMT_TK_HASHCHECK not_by_the_tpm = {.tag = TPM2_ST_HASHCHECK, .hierarchy = TPM2_RH_NULL};
    static const TPMT_SIG_SCHEME ecdsa = {.scheme = TPM2_ALG_ECDSA, .details.ecdsa.hashAlg = TPM2_ALG_SHA256};
    TPMT_SIGNATURE *signature = NULL;
    ESYS_TR session = ESYS_TR_NONE;
    OM_TRY(tpm_session(tok, tok->storage.object, &session, err));
    tpm_session_last(tok);
    OM_TRY(tpm_check(tok,
                     Esys_Sign(tok->esys, object, session, ESYS_TR_NONE, ESYS_TR_NONE, &s->digest, &ecdsa,
                               &not_by_the_tpm, &signature),
                     "TPM2_Sign", err));
    tpm_session_gone(tok);
    pad(s->signature, &signature->signature.ecdsa.signatureR);
    pad(s->signature + 32, &signature->signature.ecdsa.signatureS);
    Esys_Free(signature);
    return OM_OK;
}

/* The key's name is part of what is authorised: another one at its handle does not sign in its place. */
static om_rc sign_work(struct se_token *tok, void *arg, struct om_error *err)
{
    struct signing *s = arg;
    ESYS_TR object = ESYS_TR_NONE;
    OM_TRY(tpm_known_restore(tok, &s->signer->known, &s->signer->auth, &object, err));
    om_rc rc = sign(tok, object, s, err);
    tpm_scrub_object(tok->esys, object);
    (void)Esys_TR_Close(tok->esys, &object);
    return rc;
}

om_rc tpm_plugin_signer_sign(struct se_token *tok, se_handle handle, const uint8_t digest[SE_DIGEST_SIZE],
                             uint8_t signature[SE_SIGNATURE_SIZE], struct om_error *err)
{
    struct signing s = {
        .signer = *place_of(tok, handle), .digest.size = SE_DIGEST_SIZE, .signature = signature};
    if (s.signer == NULL)
        return om_fail(err, OM_EINTERNAL, "no signing key has this handle");
    memcpy(s.digest.buffer, digest, SE_DIGEST_SIZE);
    om_rc rc = tpm_group(tok, false, sign_work, &s, err);
    if (rc != OM_ECONFIG)
        return rc;
    return om_fail(err, OM_ENOTFOUND, "the TPM has another key at 0x%08x now", s.signer->known.handle);
}
