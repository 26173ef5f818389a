/* The TLS 1.2 PRF where the token derives keys itself, so that no session secret crosses host memory.
 *
 * P_SHA256 (RFC 5246 section 5) is the double-pipeline KDF of NIST SP 800-108 section 5.3 without counter:
 * A(i) = PRF(k, A(i-1)), A(0) = the fixed input data, and block i = PRF(k, A(i) || data). With the seed as
 * the fixed input data the two are the same function. A range of its output is cut out with
 * CKM_EXTRACT_KEY_FROM_KEY, and padded with CKM_CONCATENATE_BASE_AND_DATA. */
#include "hsm/rv.h"
#include "hsm/token.h"

/* Derived keys are as sensitive as the key they come from, and can be wrapped: as a template may ask for,
 * or because this token's C_WrapKey does not look. */
om_rc hsm_derive(struct se_token *tok, CK_OBJECT_HANDLE base, const struct hsm_derivation *d, size_t len,
                 CK_OBJECT_HANDLE *out, struct om_error *err)
{
    CK_MECHANISM mechanism = {d->type, d->parameter, d->parameter_len};
    struct hsm_template t;
    hsm_template_hmac_key(&t, true, !hsm_has_quirk(tok, HSM_QUIRK_DERIVED_NOT_EXTRACTABLE), true);
    hsm_template_number(&t, CKA_VALUE_LEN, len);
    CK_RV rv = tok->f->C_DeriveKey(tok->session, &mechanism, base, t.attributes, t.n, out);
    return hsm_check(tok, rv, d->name, err);
}

/* The first `len` octets of P_SHA256. */
static om_rc p_sha256(struct se_token *tok, CK_OBJECT_HANDLE base, const struct se_part *parts,
                      size_t n_parts, size_t len, CK_OBJECT_HANDLE *out, struct om_error *err)
{
    struct hsm_sp800_108_data data[1 + SE_PARTS_MAX] = {{HSM_SP800_108_ITERATION_VARIABLE, NULL, 0}};
    CK_ULONG n = 1;
    if (n_parts > SE_PARTS_MAX)
        return om_fail(err, OM_EINTERNAL, "a seed of %zu parts is more than %d", n_parts, SE_PARTS_MAX);
    for (size_t i = 0; i < n_parts; i++)
        if (parts[i].len > 0)
            data[n++] =
                (struct hsm_sp800_108_data){HSM_SP800_108_BYTE_ARRAY, (void *)parts[i].octets, parts[i].len};
    struct hsm_sp800_108_params params = {.prf = CKM_SHA256_HMAC, .n_data = n, .data = data};
    struct hsm_derivation d = {HSM_CKM_SP800_108_DOUBLE_PIPELINE_KDF, &params, sizeof params,
                               "C_DeriveKey(CKM_SP800_108_DOUBLE_PIPELINE_KDF)"};
    return hsm_derive(tok, base, &d, len, out, err);
}

static om_rc extract(struct se_token *tok, CK_OBJECT_HANDLE base, size_t offset, size_t n,
                     CK_OBJECT_HANDLE *out, struct om_error *err)
{
    CK_ULONG first_bit = 8 * offset;
    struct hsm_derivation d = {CKM_EXTRACT_KEY_FROM_KEY, &first_bit, sizeof first_bit,
                               "C_DeriveKey(CKM_EXTRACT_KEY_FROM_KEY)"};
    return hsm_derive(tok, base, &d, n, out, err);
}

static om_rc pad(struct se_token *tok, CK_OBJECT_HANDLE base, size_t n, CK_OBJECT_HANDLE *out,
                 struct om_error *err)
{
    static CK_BYTE zeros[SE_KEY_MAX];
    CK_KEY_DERIVATION_STRING_DATA data = {zeros, hsm_padded_len(n) - n};
    struct hsm_derivation d = {CKM_CONCATENATE_BASE_AND_DATA, &data, sizeof data,
                               "C_DeriveKey(CKM_CONCATENATE_BASE_AND_DATA)"};
    return hsm_derive(tok, base, &d, hsm_padded_len(n), out, err);
}

om_rc hsm_object_range(struct se_token *tok, CK_OBJECT_HANDLE base, size_t offset, size_t n,
                       CK_OBJECT_HANDLE *out, struct om_error *err)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    OM_TRY(extract(tok, base, offset, n, &object, err));
    if (n == hsm_padded_len(n)) {
        *out = object;
        return OM_OK;
    }
    om_rc rc = pad(tok, object, n, out, err);
    hsm_destroy(tok, object);
    return rc;
}

om_rc hsm_object_derive(struct se_token *tok, CK_OBJECT_HANDLE base, const struct se_part *parts,
                        size_t n_parts, size_t offset, size_t n, CK_OBJECT_HANDLE *out, struct om_error *err)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    OM_TRY(p_sha256(tok, base, parts, n_parts, offset + n, &object, err));
    if (offset == 0 && n == hsm_padded_len(n)) {
        *out = object;
        return OM_OK;
    }
    om_rc rc = hsm_object_range(tok, object, offset, n, out, err);
    hsm_destroy(tok, object);
    return rc;
}
