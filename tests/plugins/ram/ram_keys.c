/* RAM plug-in: loaded keys and the operations on them. See ram.h. */
#include "ram.h"

#include <stdlib.h>
#include <string.h>

#define PRF_KEY_REACH 96

/* A handle is generation << 32 | slot + 1. */
static struct ram_key *slot_of(struct se_token *tok, se_handle handle)
{
    uint64_t slot = (handle & UINT32_MAX) - 1;
    if (handle == 0 || slot >= tok->n_keys)
        return NULL;
    struct ram_key *key = &tok->keys[slot];
    return key->len > 0 && key->generation == handle >> 32 ? key : NULL;
}

static om_rc key_of(struct se_token *tok, se_handle handle, struct ram_key **out, struct om_error *err)
{
    *out = slot_of(tok, handle);
    return *out != NULL ? OM_OK : om_fail(err, OM_EINTERNAL, "no such loaded key");
}

/* Doubles the slots. Not realloc, which could leave key octets behind. */
static om_rc grow(struct se_token *tok, struct om_error *err)
{
    size_t n = tok->n_keys == 0 ? 16 : 2 * tok->n_keys;
    struct ram_key *keys = calloc(n, sizeof *keys);
    if (keys == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for %zu keys", n);
    if (tok->n_keys > 0)
        memcpy(keys, tok->keys, tok->n_keys * sizeof *keys);
    om_wipe(tok->keys, tok->n_keys * sizeof *keys);
    free(tok->keys);
    tok->keys = keys;
    for (size_t i = tok->n_keys; i < n; i++)
        keys[i].next_free = i + 1;
    tok->first_free = tok->n_keys;
    tok->n_keys = n;
    return OM_OK;
}

static om_rc add(struct se_token *tok, const uint8_t *octets, size_t n, bool fresh, se_handle *out,
                 struct om_error *err)
{
    if (n < 1 || n > SE_KEY_MAX)
        return om_fail(err, OM_EINTERNAL, "a key of %zu octets", n);
    if (tok->first_free == tok->n_keys)
        OM_TRY(grow(tok, err));
    size_t slot = tok->first_free;
    struct ram_key *key = &tok->keys[slot];
    tok->first_free = key->next_free;
    memcpy(key->octets, octets, n);
    key->len = n;
    key->fresh = fresh;
    *out = (se_handle)key->generation << 32 | (slot + 1);
    return OM_OK;
}

void ram_key_free(struct se_token *tok, se_handle handle)
{
    struct ram_key *key = slot_of(tok, handle);
    if (key == NULL)
        return;
    om_wipe(key->octets, sizeof key->octets);
    key->len = 0;
    key->generation++;
    key->next_free = tok->first_free;
    tok->first_free = (size_t)(key - tok->keys);
}

om_rc ram_key_mint(struct se_token *tok, const uint8_t *octets, size_t n, se_handle *out,
                   struct om_error *err)
{
    OM_TRY(ram_maybe_fail(tok, err));
    return add(tok, octets, n, true, out, err);
}

om_rc ram_key_generate(struct se_token *tok, size_t n, se_handle *out, struct om_error *err)
{
    uint8_t octets[SE_KEY_MAX];
    OM_TRY(ram_maybe_fail(tok, err));
    if (n > sizeof octets)
        return om_fail(err, OM_EINTERNAL, "a key of %zu octets", n);
    om_rc rc = ram_random(tok, octets, n, err);
    if (rc == OM_OK)
        rc = add(tok, octets, n, true, out, err);
    om_wipe(octets, sizeof octets);
    return rc;
}

om_rc ram_key_wrap(struct se_token *tok, enum se_root root, se_handle handle, uint8_t *out, size_t *n,
                   struct om_error *err)
{
    struct ram_key *key = NULL;
    OM_TRY(ram_begin_with_roots(tok, err));
    OM_TRY(key_of(tok, handle, &key, err));
    if (!key->fresh || (root != SE_ROOT_WRAP && root != SE_ROOT_SEAL))
        return om_fail(err, OM_EDENIED, "this key cannot be wrapped");
    return ram_wrap(tok, root, key->octets, key->len, out, n, err);
}

om_rc ram_key_load(struct se_token *tok, const uint8_t *blob, size_t blob_len, size_t key_len, se_handle *out,
                   struct om_error *err)
{
    uint8_t octets[SE_KEY_MAX];
    OM_TRY(ram_begin_with_roots(tok, err));
    if (key_len > sizeof octets)
        return om_fail(err, OM_EINTEGRITY, "a key of %zu octets", key_len);
    om_rc rc = ram_unwrap(tok, SE_ROOT_WRAP, blob, blob_len, octets, key_len, err);
    if (rc == OM_OK)
        rc = add(tok, octets, key_len, false, out, err);
    om_wipe(octets, sizeof octets);
    return rc;
}

om_rc ram_unseal(struct se_token *tok, const uint8_t *blob, size_t blob_len, uint8_t *out, size_t key_len,
                 struct om_error *err)
{
    OM_TRY(ram_begin_with_roots(tok, err));
    return ram_unwrap(tok, SE_ROOT_SEAL, blob, blob_len, out, key_len, err);
}

om_rc ram_key_hmac(struct se_token *tok, se_handle handle, const struct se_part *parts, size_t n_parts,
                   uint8_t out[SE_MAC_SIZE], struct om_error *err)
{
    struct ram_key *key = NULL;
    OM_TRY(ram_maybe_fail(tok, err));
    OM_TRY(key_of(tok, handle, &key, err));
    return ram_hmac(tok, key->octets, key->len, parts, n_parts, out, err);
}

om_rc ram_row_mac(struct se_token *tok, const struct se_part *parts, size_t n_parts, uint8_t out[SE_MAC_SIZE],
                  struct om_error *err)
{
    OM_TRY(ram_begin_with_roots(tok, err));
    return ram_hmac(tok, tok->roots[SE_ROOT_ROW - 1], RAM_ROOT_SIZE, parts, n_parts, out, err);
}

/* The key for a derivation, if this token has derivations at all. */
static om_rc begin_derive(struct se_token *tok, se_handle handle, struct ram_key **out, struct om_error *err)
{
    if (!tok->derive)
        return om_fail(err, OM_EUNSUPPORTED, "this RAM token has HMAC only");
    OM_TRY(ram_maybe_fail(tok, err));
    return key_of(tok, handle, out, err);
}

om_rc ram_key_prf(struct se_token *tok, se_handle handle, const struct se_part *parts, size_t n_parts,
                  uint8_t *out, size_t n, struct om_error *err)
{
    struct ram_key *key = NULL;
    OM_TRY(begin_derive(tok, handle, &key, err));
    return ram_prf(tok, key, parts, n_parts, out, n, err);
}

om_rc ram_key_prf_key(struct se_token *tok, se_handle handle, const struct se_part *parts, size_t n_parts,
                      size_t offset, size_t n, se_handle *out, struct om_error *err)
{
    uint8_t octets[PRF_KEY_REACH];
    struct ram_key *key = NULL;
    OM_TRY(begin_derive(tok, handle, &key, err));
    if (n > sizeof octets || offset > sizeof octets - n)
        return om_fail(err, OM_EINTERNAL, "a key of %zu octets at %zu of the PRF", n, offset);
    om_rc rc = ram_prf(tok, key, parts, n_parts, octets, offset + n, err);
    if (rc == OM_OK)
        rc = add(tok, octets + offset, n, true, out, err);
    om_wipe(octets, sizeof octets);
    return rc;
}

om_rc ram_key_step(struct se_token *tok, se_handle handle, const struct se_step *step, se_handle *out,
                   struct om_error *err)
{
    static const uint8_t zeros[SE_MAC_SIZE];
    uint8_t octets[SE_MAC_SIZE];
    struct ram_key *key = NULL;
    OM_TRY(begin_derive(tok, handle, &key, err));
    if (!key->fresh)
        return om_fail(err, OM_EDENIED, "no steps from a loaded key");
    const struct se_part text = {step->octets, step->n};
    const struct se_part value = {key->octets, key->len};
    const struct se_part joined[] = {text, value};
    om_rc rc = OM_OK;
    switch (step->kind) {
    case SE_STEP_RANGE:
        if (step->n > key->len || step->offset > key->len - step->n)
            return om_fail(err, OM_EINTERNAL, "a range outside of the key");
        return add(tok, key->octets + step->offset, step->n, true, out, err);
    case SE_STEP_HASH:
        rc = ram_hash(joined, 2, octets, err);
        break;
    case SE_STEP_EXTRACT:
        rc = ram_hmac(tok, zeros, sizeof zeros, &value, 1, octets, err);
        break;
    case SE_STEP_MAC:
        rc = ram_hmac(tok, key->octets, key->len, &text, 1, octets, err);
        break;
    default:
        return om_fail(err, OM_EUNSUPPORTED, "no such step");
    }
    if (rc == OM_OK)
        rc = add(tok, octets, sizeof octets, true, out, err);
    om_wipe(octets, sizeof octets);
    return rc;
}
