/* Keys as session objects: minted, generated, wrapped, loaded, unsealed. */
#include "hsm/rv.h"
#include "hsm/token.h"

#include <string.h>

#define OBJECT_LEN_MIN 32 /* octets: the shortest HMAC key of SoftHSM, and the length of the hash */
#define OBJECT_LEN_MAX 64

size_t hsm_padded_len(size_t n)
{
    size_t padded = (n + 7) / 8 * 8;
    return padded < OBJECT_LEN_MIN ? OBJECT_LEN_MIN : padded;
}

static om_rc check_len(size_t n, struct om_error *err)
{
    if (n < 1 || n > SE_KEY_MAX)
        return om_fail(err, OM_EINPUT, "a key of %zu octets is not within 1..%d", n, SE_KEY_MAX);
    return OM_OK;
}

/* --- objects --- */

om_rc hsm_object_mint(struct se_token *tok, const uint8_t *octets, size_t n, CK_OBJECT_HANDLE *out,
                      struct om_error *err)
{
    uint8_t padded[OBJECT_LEN_MAX] = {0};
    struct hsm_template t;
    OM_TRY(check_len(n, err));
    memcpy(padded, octets, n);
    hsm_template_hmac_key(&t, true, true, tok->derives);
    hsm_template_octets(&t, CKA_VALUE, padded, hsm_padded_len(n));
    CK_RV rv = tok->f->C_CreateObject(tok->session, t.attributes, t.n, out);
    om_wipe(padded, sizeof padded);
    return hsm_check(tok, rv, "C_CreateObject", err);
}

om_rc hsm_object_wrap(struct se_token *tok, CK_OBJECT_HANDLE root, CK_OBJECT_HANDLE object, uint8_t *out,
                      size_t *n, struct om_error *err)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP, NULL, 0};
    CK_ULONG len = *n;
    CK_RV rv = tok->f->C_WrapKey(tok->session, &mechanism, root, object, out, &len);
    OM_TRY(hsm_check(tok, rv, "C_WrapKey", err));
    *n = len;
    return OM_OK;
}

om_rc hsm_object_unwrap(struct se_token *tok, CK_OBJECT_HANDLE root, const uint8_t *blob, size_t blob_len,
                        struct hsm_template *t, CK_OBJECT_HANDLE *out, struct om_error *err)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP, NULL, 0};
    CK_BYTE *octets = (CK_BYTE *)blob;
    CK_RV rv =
        tok->f->C_UnwrapKey(tok->session, &mechanism, root, octets, blob_len, t->attributes, t->n, out);
    om_rc rc = hsm_check(tok, rv, "C_UnwrapKey", err);
    if (rv == CKR_GENERAL_ERROR && hsm_has_quirk(tok, HSM_QUIRK_UNWRAP_GENERAL_ERROR))
        rc = om_fail(err, OM_EINTEGRITY, "C_UnwrapKey: %s: the blob does not verify", hsm_rv_name(rv));
    return rc;
}

om_rc hsm_object_adopt(struct se_token *tok, CK_OBJECT_HANDLE object, size_t len, bool fresh, se_handle *out,
                       struct om_error *err)
{
    om_rc rc = hsm_handles_add(&tok->keys, object, len, fresh, out, err);
    if (rc != OM_OK)
        hsm_destroy(tok, object);
    return rc;
}

/* --- the plug-in's operations --- */

om_rc hsm_key_mint(struct se_token *tok, const uint8_t *octets, size_t n, se_handle *out,
                   struct om_error *err)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    OM_TRY(hsm_object_mint(tok, octets, n, &object, err));
    return hsm_object_adopt(tok, object, n, true, out, err);
}

/* A key of a length that needs padding is made longer instead: padding would have to be made outside. */
om_rc hsm_key_generate(struct se_token *tok, size_t n, se_handle *out, struct om_error *err)
{
    CK_MECHANISM mechanism = {CKM_GENERIC_SECRET_KEY_GEN, NULL, 0};
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    struct hsm_template t;
    OM_TRY(check_len(n, err));
    hsm_template_hmac_key(&t, true, true, tok->derives);
    hsm_template_number(&t, CKA_VALUE_LEN, hsm_padded_len(n));
    CK_RV rv = tok->f->C_GenerateKey(tok->session, &mechanism, t.attributes, t.n, &object);
    OM_TRY(hsm_check(tok, rv, "C_GenerateKey", err));
    return hsm_object_adopt(tok, object, n, true, out, err);
}

void hsm_key_free(struct se_token *tok, se_handle key)
{
    hsm_destroy(tok, hsm_handles_remove(&tok->keys, key));
}

om_rc hsm_key_wrap(struct se_token *tok, enum se_root root, se_handle handle, uint8_t *out, size_t *n,
                   struct om_error *err)
{
    CK_OBJECT_HANDLE wrapping = CK_INVALID_HANDLE;
    const struct hsm_key *key = NULL;
    if (root != SE_ROOT_WRAP && root != SE_ROOT_SEAL)
        return om_fail(err, OM_EINTERNAL, "root %d does not wrap", (int)root);
    OM_TRY(hsm_key_get(tok, handle, &key, err));
    if (!key->fresh)
        return om_fail(err, OM_EDENIED, "a key loaded from a blob cannot be wrapped again");
    OM_TRY(hsm_root(tok, root, &wrapping, err));
    OM_TRY(hsm_object_wrap(tok, wrapping, key->object, out, n, err));
    if (*n != hsm_padded_len(key->len) + HSM_WRAP_EXTRA)
        return om_fail(err, OM_EINTERNAL, "the token wrapped a key of %u octets in %zu", (unsigned)key->len,
                       *n);
    return OM_OK;
}

static om_rc check_blob_len(size_t blob_len, size_t key_len, struct om_error *err)
{
    OM_TRY(check_len(key_len, err));
    if (blob_len != hsm_padded_len(key_len) + HSM_WRAP_EXTRA)
        return om_fail(err, OM_EINTEGRITY, "a blob of %zu octets does not hold a key of %zu", blob_len,
                       key_len);
    return OM_OK;
}

static om_rc unwrap_key(struct se_token *tok, const uint8_t *blob, size_t blob_len, CK_OBJECT_HANDLE *out,
                        struct om_error *err)
{
    CK_OBJECT_HANDLE root = CK_INVALID_HANDLE;
    struct hsm_template t;
    OM_TRY(hsm_root(tok, SE_ROOT_WRAP, &root, err));
    hsm_template_hmac_key(&t, true, false, tok->derives);
    return hsm_object_unwrap(tok, root, blob, blob_len, &t, out, err);
}

om_rc hsm_key_load(struct se_token *tok, const uint8_t *blob, size_t blob_len, size_t key_len, se_handle *out,
                   struct om_error *err)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    OM_TRY(check_blob_len(blob_len, key_len, err));
    OM_TRY(unwrap_key(tok, blob, blob_len, &object, err));
    OM_TRY(hsm_object_adopt(tok, object, key_len, false, out, err));
    hsm_handles_keep_blob(&tok->keys, *out, blob, blob_len);
    return OM_OK;
}

om_rc hsm_key_get(struct se_token *tok, se_handle handle, const struct hsm_key **out, struct om_error *err)
{
    const struct hsm_key *dead = hsm_handles_dead(&tok->keys, handle);
    if (dead != NULL) {
        CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
        OM_TRY(unwrap_key(tok, dead->blob, dead->blob_len, &object, err));
        hsm_handles_revive(&tok->keys, handle, object);
    }
    return hsm_handles_get(&tok->keys, handle, out, err);
}

static om_rc read_value(struct se_token *tok, CK_OBJECT_HANDLE object, uint8_t *out, size_t key_len,
                        struct om_error *err)
{
    uint8_t value[OBJECT_LEN_MAX];
    CK_ATTRIBUTE a = {CKA_VALUE, value, sizeof value};
    CK_RV rv = tok->f->C_GetAttributeValue(tok->session, object, &a, 1);
    om_rc rc = hsm_check(tok, rv, "C_GetAttributeValue", err);
    if (rc == OM_OK && a.ulValueLen != hsm_padded_len(key_len))
        rc = om_fail(err, OM_EINTEGRITY, "a sealed value of %zu octets came out as %lu", key_len,
                     a.ulValueLen);
    uint8_t padding = 0;
    for (size_t i = key_len; rc == OM_OK && i < hsm_padded_len(key_len); i++)
        padding |= value[i];
    if (rc == OM_OK && padding != 0)
        rc = om_fail(err, OM_EINTEGRITY, "a sealed value is longer than its %zu octets", key_len);
    if (rc == OM_OK)
        memcpy(out, value, key_len);
    om_wipe(value, sizeof value);
    return rc;
}

om_rc hsm_unseal(struct se_token *tok, const uint8_t *blob, size_t blob_len, uint8_t *out, size_t key_len,
                 struct om_error *err)
{
    CK_OBJECT_HANDLE root = CK_INVALID_HANDLE, object = CK_INVALID_HANDLE;
    struct hsm_template t;
    OM_TRY(check_blob_len(blob_len, key_len, err));
    OM_TRY(hsm_root(tok, SE_ROOT_SEAL, &root, err));
    hsm_template_opened_value(&t);
    OM_TRY(hsm_object_unwrap(tok, root, blob, blob_len, &t, &object, err));
    om_rc rc = read_value(tok, object, out, key_len, err);
    hsm_destroy(tok, object);
    return rc;
}
