/* The steps that prepare a pre-shared key (se/plugin.h), where the token makes them: each is one or two
 * derivations of Cryptoki. HMAC as a key is the feedback KDF of NIST SP 800-108 section 5.2 without IV and
 * counter: its first block is PRF(k, fixed input data). */
#include "hsm/rv.h"
#include "hsm/token.h"

#define HASH SE_MAC_SIZE

static om_rc hash(struct se_token *tok, CK_OBJECT_HANDLE base, size_t base_len, const struct se_step *step,
                  CK_OBJECT_HANDLE *out, struct om_error *err)
{
    CK_KEY_DERIVATION_STRING_DATA data = {(CK_BYTE *)step->octets, step->n};
    struct hsm_derivation join = {CKM_CONCATENATE_DATA_AND_BASE, &data, sizeof data,
                                  "C_DeriveKey(CKM_CONCATENATE_DATA_AND_BASE)"};
    struct hsm_derivation digest = {CKM_SHA256_KEY_DERIVATION, NULL, 0,
                                    "C_DeriveKey(CKM_SHA256_KEY_DERIVATION)"};
    CK_OBJECT_HANDLE joined = CK_INVALID_HANDLE;
    OM_TRY(hsm_derive(tok, base, &join, step->n + base_len, &joined, err));
    om_rc rc = hsm_derive(tok, joined, &digest, HASH, out, err);
    hsm_destroy(tok, joined);
    return rc;
}

static om_rc extract(struct se_token *tok, CK_OBJECT_HANDLE base, CK_OBJECT_HANDLE *out, struct om_error *err)
{
    struct hsm_hkdf_params params = {
        .extract = CK_TRUE, .hash = CKM_SHA256, .salt_type = HSM_CKF_HKDF_SALT_NULL};
    struct hsm_derivation d = {HSM_CKM_HKDF_DERIVE, &params, sizeof params, "C_DeriveKey(CKM_HKDF_DERIVE)"};
    return hsm_derive(tok, base, &d, HASH, out, err);
}

static om_rc mac(struct se_token *tok, CK_OBJECT_HANDLE base, const struct se_step *step,
                 CK_OBJECT_HANDLE *out, struct om_error *err)
{
    struct hsm_sp800_108_data data[] = {{HSM_SP800_108_ITERATION_VARIABLE, NULL, 0},
                                        {HSM_SP800_108_BYTE_ARRAY, (void *)step->octets, step->n}};
    struct hsm_sp800_108_feedback_params params = {
        .prf = CKM_SHA256_HMAC, .n_data = sizeof data / sizeof data[0], .data = data};
    struct hsm_derivation d = {HSM_CKM_SP800_108_FEEDBACK_KDF, &params, sizeof params,
                               "C_DeriveKey(CKM_SP800_108_FEEDBACK_KDF)"};
    return hsm_derive(tok, base, &d, HASH, out, err);
}

om_rc hsm_object_step(struct se_token *tok, CK_OBJECT_HANDLE base, size_t base_len,
                      const struct se_step *step, CK_OBJECT_HANDLE *out, struct om_error *err)
{
    switch (step->kind) {
    case SE_STEP_RANGE:
        return hsm_object_range(tok, base, step->offset, step->n, out, err);
    case SE_STEP_HASH:
        return hash(tok, base, base_len, step, out, err);
    case SE_STEP_EXTRACT:
        return extract(tok, base, out, err);
    case SE_STEP_MAC:
        return mac(tok, base, step, out, err);
    default:
        return om_fail(err, OM_EUNSUPPORTED, "no step %d", (int)step->kind);
    }
}

om_rc hsm_key_step(struct se_token *tok, se_handle handle, const struct se_step *step, se_handle *out,
                   struct om_error *err)
{
    const struct hsm_key *key = NULL;
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    OM_TRY(hsm_handles_get(&tok->keys, handle, &key, err));
    if (step->kind < SE_STEP_RANGE || step->kind > SE_STEP_MAC || !tok->steps[step->kind])
        return om_fail(err, OM_EUNSUPPORTED, "the token does not make step %d", (int)step->kind);
    if (!key->fresh || key->len != hsm_padded_len(key->len))
        return om_fail(err, OM_EDENIED, "no steps from a loaded key, or one of %u octets", key->len);
    if (step->kind == SE_STEP_RANGE &&
        (step->n < 1 || step->n > key->len || step->offset > key->len - step->n))
        return om_fail(err, OM_EINPUT, "octets %zu and %zu more of a key of %u", step->offset, step->n,
                       key->len);
    om_rc rc = hsm_object_step(tok, key->object, key->len, step, &made, err);
    if (rc == OM_EUNSUPPORTED)
        rc = om_context(err, OM_EINTERNAL, "the token refuses what it did when it was opened");
    if (rc != OM_OK)
        return rc;
    return hsm_object_adopt(tok, made, step->kind == SE_STEP_RANGE ? step->n : HASH, true, out, err);
}
