/* The PKCS#11 plug-in of the Secure Environment: the table, and what every call does before and after. */
#include "hsm/rv.h"
#include "hsm/token.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define OPEN_ATTEMPTS 12 /* where a token is seen half-written: see quirks.h */

#define PRF_KEY_REACH 96 /* octets of PRF output that a key may be taken from */

/* --- before and after --- */

static void begin_foreign_errors(const struct se_token *tok)
{
    if (hsm_has_quirk(tok, HSM_QUIRK_OPENSSL_ERRORS))
        (void)ERR_set_mark();
}

static om_rc leave(const struct se_token *tok, om_rc rc)
{
    if (hsm_has_quirk(tok, HSM_QUIRK_OPENSSL_ERRORS))
        (void)ERR_pop_to_mark();
    return rc;
}

/* Cryptoki does not survive a fork: the child would share the parent's sessions. */
static om_rc check_process(const struct se_token *tok, struct om_error *err)
{
    if (tok->process != hsm_process())
        return om_fail(err, OM_EINTERNAL,
                       "the token was opened before this process was forked; open it in this process");
    return OM_OK;
}

/* When this answers OM_OK a call to leave() has to follow. */
static om_rc enter(struct se_token *tok, struct om_error *err)
{
    OM_TRY(check_process(tok, err));
    begin_foreign_errors(tok);
    if (tok->n_orphans > 0)
        hsm_destroy_orphans(tok);
    om_rc rc = hsm_session_restore(tok, false, err);
    return rc == OM_OK ? OM_OK : leave(tok, rc);
}

/* --- open and close --- */

static void token_free(struct se_token *tok)
{
    hsm_module_release(tok->module);
    hsm_handles_free(&tok->keys);
    hsm_signers_free(tok);
    hsm_uri_free(&tok->uri);
    free(tok->pin_source);
    free(tok);
}

static om_rc token_open(struct se_token *tok, const char *uri, const char *pin_source, struct om_error *err)
{
    OM_TRY(hsm_uri_parse(uri, &tok->uri, err));
    const char *source = pin_source != NULL ? pin_source : tok->uri.pin_source;
    if (source != NULL && (tok->pin_source = strdup(source)) == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a token");
    OM_TRY(hsm_module_acquire(&tok->uri, &tok->module, err));
    tok->f = hsm_module_functions(tok->module);
    tok->quirks = hsm_quirks_of(hsm_module_info(tok->module));
    return hsm_session_open(tok, err);
}

/* One try from the beginning. *again: the failure may be another process' login seen half-way. */
static om_rc open_once(const char *uri, const char *pin_source, struct se_token **out, bool *again,
                       struct om_error *err)
{
    struct se_token *tok = calloc(1, sizeof *tok);
    if (tok == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a token");
    tok->process = hsm_process();
    (void)ERR_set_mark(); /* whose errors the module leaves is not known yet */
    om_rc rc = token_open(tok, uri, pin_source, err);
    if (rc != OM_OK) {
        *again = hsm_has_quirk(tok, HSM_QUIRK_LOGIN_REWRITES_TOKEN) && !tok->pin_refused;
        token_free(tok);
        tok = NULL;
    }
    (void)ERR_pop_to_mark();
    *out = tok;
    return rc;
}

static void pause_a_little(unsigned attempt)
{
    /* 3 to 22 ms, spread by process so that workers that start together do not meet again. */
    long ms = 3 + (long)((unsigned)getpid() * 7 + attempt * 13) % 20;
    struct timespec t = {.tv_sec = 0, .tv_nsec = ms * 1000000};
    (void)nanosleep(&t, NULL);
}

static om_rc plugin_open(const char *uri, const char *pin_source, struct se_token **out, struct om_error *err)
{
    bool again = false;
    om_rc rc = open_once(uri, pin_source, out, &again, err);
    for (unsigned attempt = 1; rc != OM_OK && again && attempt < OPEN_ATTEMPTS; attempt++) {
        pause_a_little(attempt);
        again = false;
        rc = open_once(uri, pin_source, out, &again, err);
    }
    return rc;
}

static void plugin_close(struct se_token *tok)
{
    if (tok == NULL)
        return;
    if (check_process(tok, NULL) == OM_OK) {
        (void)ERR_set_mark();
        (void)hsm_session_close(tok);
        token_free(tok);
        (void)ERR_pop_to_mark();
    } else {
        token_free(tok); /* of a parent: its session is not ours to close */
    }
}

/* --- about the token --- */

static om_rc plugin_provision(struct se_token *tok, struct om_error *err)
{
    OM_TRY(enter(tok, err));
    om_rc rc = hsm_roots_provision(tok, err);
    if (rc == OM_OK)
        rc = hsm_selftest_custody(tok, err);
    return leave(tok, rc);
}

static om_rc plugin_describe(struct se_token *tok, struct se_description *out, struct om_error *err)
{
    OM_TRY(check_process(tok, err));
    hsm_describe(tok, out);
    return OM_OK;
}

static om_rc plugin_health(struct se_token *tok, struct om_error *err)
{
    OM_TRY(check_process(tok, err));
    begin_foreign_errors(tok);
    return leave(tok, hsm_health(tok, err));
}

static om_rc plugin_random(struct se_token *tok, uint8_t *out, size_t n, struct om_error *err)
{
    OM_TRY(enter(tok, err));
    return leave(tok,
                 hsm_check(tok, tok->f->C_GenerateRandom(tok->session, out, n), "C_GenerateRandom", err));
}

/* --- keys --- */

static om_rc plugin_key_mint(struct se_token *tok, const uint8_t *octets, size_t n, se_handle *out,
                             struct om_error *err)
{
    OM_TRY(enter(tok, err));
    return leave(tok, hsm_key_mint(tok, octets, n, out, err));
}

static om_rc plugin_key_generate(struct se_token *tok, size_t n, se_handle *out, struct om_error *err)
{
    OM_TRY(enter(tok, err));
    return leave(tok, hsm_key_generate(tok, n, out, err));
}

/* Also when the session is lost, which it does not restore: the handle is given back in any case. */
static void plugin_key_free(struct se_token *tok, se_handle key)
{
    if (check_process(tok, NULL) != OM_OK)
        return;
    begin_foreign_errors(tok);
    hsm_key_free(tok, key);
    (void)leave(tok, OM_OK);
}

static om_rc plugin_key_wrap(struct se_token *tok, enum se_root root, se_handle key, uint8_t *out, size_t *n,
                             struct om_error *err)
{
    OM_TRY(enter(tok, err));
    return leave(tok, hsm_key_wrap(tok, root, key, out, n, err));
}

static om_rc plugin_key_load(struct se_token *tok, const uint8_t *blob, size_t blob_len, size_t key_len,
                             se_handle *out, struct om_error *err)
{
    OM_TRY(enter(tok, err));
    return leave(tok, hsm_key_load(tok, blob, blob_len, key_len, out, err));
}

static om_rc plugin_unseal(struct se_token *tok, const uint8_t *blob, size_t blob_len, uint8_t *out,
                           size_t key_len, struct om_error *err)
{
    OM_TRY(enter(tok, err));
    return leave(tok, hsm_unseal(tok, blob, blob_len, out, key_len, err));
}

/* --- with keys --- */

static om_rc sign_with(struct se_token *tok, CK_MECHANISM_TYPE mechanism, se_handle handle,
                       const struct se_part *parts, size_t n_parts, uint8_t *out, size_t n,
                       struct om_error *err)
{
    const struct hsm_key *key = NULL;
    OM_TRY(hsm_key_get(tok, handle, &key, err));
    return hsm_sign(tok, mechanism, key->object, parts, n_parts, out, n, err);
}

static om_rc plugin_hmac(struct se_token *tok, se_handle key, const struct se_part *parts, size_t n_parts,
                         uint8_t out[SE_MAC_SIZE], struct om_error *err)
{
    OM_TRY(enter(tok, err));
    return leave(tok, sign_with(tok, CKM_SHA256_HMAC, key, parts, n_parts, out, SE_MAC_SIZE, err));
}

static om_rc row_mac(struct se_token *tok, const struct se_part *parts, size_t n_parts, uint8_t *out,
                     struct om_error *err)
{
    CK_OBJECT_HANDLE root = CK_INVALID_HANDLE;
    OM_TRY(hsm_root(tok, SE_ROOT_ROW, &root, err));
    return hsm_sign(tok, CKM_SHA256_HMAC, root, parts, n_parts, out, SE_MAC_SIZE, err);
}

static om_rc plugin_row_mac(struct se_token *tok, const struct se_part *parts, size_t n_parts,
                            uint8_t out[SE_MAC_SIZE], struct om_error *err)
{
    OM_TRY(enter(tok, err));
    return leave(tok, row_mac(tok, parts, n_parts, out, err));
}

/* OM_EUNSUPPORTED means to src/se that it shall do the work itself from now on, with secrets in host memory.
 * Only the self-test at open may say so; a later refusal of a single call is an error. */
static om_rc never_unsupported(om_rc rc, struct om_error *err)
{
    if (rc != OM_EUNSUPPORTED)
        return rc;
    return om_context(err, OM_EINTERNAL, "the token refuses what it did when it was opened");
}

static om_rc plugin_prf(struct se_token *tok, se_handle key, const struct se_part *parts, size_t n_parts,
                        uint8_t *out, size_t n, struct om_error *err)
{
    OM_TRY(enter(tok, err));
    if (!tok->has_prf)
        return leave(tok, om_fail(err, OM_EUNSUPPORTED, "the token has no TLS 1.2 PRF"));
    om_rc rc = sign_with(tok, tok->prf, key, parts, n_parts, out, n, err);
    return leave(tok, never_unsupported(rc, err));
}

static om_rc derive_key(struct se_token *tok, se_handle handle, const struct se_part *parts, size_t n_parts,
                        size_t offset, size_t n, se_handle *out, struct om_error *err)
{
    const struct hsm_key *key = NULL;
    CK_OBJECT_HANDLE derived = CK_INVALID_HANDLE;
    OM_TRY(hsm_key_get(tok, handle, &key, err));
    OM_TRY(hsm_object_derive(tok, key->object, parts, n_parts, offset, n, &derived, err));
    return hsm_object_adopt(tok, derived, n, true, out, err);
}

static om_rc plugin_prf_key(struct se_token *tok, se_handle key, const struct se_part *parts, size_t n_parts,
                            size_t offset, size_t n, se_handle *out, struct om_error *err)
{
    OM_TRY(enter(tok, err));
    if (!tok->derives)
        return leave(tok, om_fail(err, OM_EUNSUPPORTED, "the token does not derive TLS 1.2 keys itself"));
    if (n < 1 || n > SE_KEY_MAX || offset > PRF_KEY_REACH - n)
        return leave(tok, om_fail(err, OM_EINPUT, "a key of %zu octets at %zu is out of range", n, offset));
    om_rc rc = derive_key(tok, key, parts, n_parts, offset, n, out, err);
    return leave(tok, never_unsupported(rc, err));
}

/* OM_EUNSUPPORTED is an answer here: src/se then does without this step. */
static om_rc plugin_key_step(struct se_token *tok, se_handle key, const struct se_step *step, se_handle *out,
                             struct om_error *err)
{
    OM_TRY(enter(tok, err));
    return leave(tok, hsm_key_step(tok, key, step, out, err));
}

/* --- signing keys and certificates --- */

static om_rc plugin_signer_find(struct se_token *tok, const char *name, se_handle *out,
                                uint8_t point[SE_POINT_SIZE], struct om_error *err)
{
    OM_TRY(enter(tok, err));
    return leave(tok, hsm_signer_find(tok, name, out, point, err));
}

static om_rc plugin_signer_make(struct se_token *tok, const char *name, se_handle *out,
                                uint8_t point[SE_POINT_SIZE], struct om_error *err)
{
    OM_TRY(enter(tok, err));
    return leave(tok, hsm_signer_make(tok, name, out, point, err));
}

static om_rc plugin_signer_remove(struct se_token *tok, const char *name, struct om_error *err)
{
    OM_TRY(enter(tok, err));
    return leave(tok, hsm_signer_remove(tok, name, err));
}

static om_rc plugin_signer_sign(struct se_token *tok, se_handle signer, const uint8_t digest[SE_DIGEST_SIZE],
                                uint8_t signature[SE_SIGNATURE_SIZE], struct om_error *err)
{
    OM_TRY(enter(tok, err));
    return leave(tok, hsm_signer_sign(tok, signer, digest, signature, err));
}

static om_rc plugin_certificate_read(struct se_token *tok, const char *name, uint8_t *der, size_t *n,
                                     struct om_error *err)
{
    OM_TRY(enter(tok, err));
    return leave(tok, hsm_certificate_read(tok, name, der, n, err));
}

static om_rc plugin_certificate_write(struct se_token *tok, const char *name, const uint8_t *der, size_t n,
                                      struct om_error *err)
{
    OM_TRY(enter(tok, err));
    return leave(tok, hsm_certificate_write(tok, name, der, n, err));
}

extern const struct se_plugin openmaf_se_plugin;

__attribute__((visibility("default"))) const struct se_plugin openmaf_se_plugin = {
    .magic = SE_PLUGIN_MAGIC,
    .version = SE_PLUGIN_VERSION,
    .size = sizeof(struct se_plugin),
    .name = "pkcs11",
    .scheme = "pkcs11:",
    .open = plugin_open,
    .close = plugin_close,
    .provision = plugin_provision,
    .describe = plugin_describe,
    .health = plugin_health,
    .random = plugin_random,
    .key_mint = plugin_key_mint,
    .key_generate = plugin_key_generate,
    .key_free = plugin_key_free,
    .key_wrap = plugin_key_wrap,
    .key_load = plugin_key_load,
    .unseal = plugin_unseal,
    .hmac = plugin_hmac,
    .row_mac = plugin_row_mac,
    .prf = plugin_prf,
    .prf_key = plugin_prf_key,
    .key_step = plugin_key_step,
    .signer_find = plugin_signer_find,
    .signer_make = plugin_signer_make,
    .signer_free = hsm_signer_free,
    .signer_remove = plugin_signer_remove,
    .signer_sign = plugin_signer_sign,
    .certificate_read = plugin_certificate_read,
    .certificate_write = plugin_certificate_write,
    .one_thread = hsm_module_one_thread,
};
