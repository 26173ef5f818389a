/* What a token really does, tried with throw-away keys when it is opened: datasheets and attributes promise
 * more than some modules keep. */
#include "hsm/rv.h"
#include "hsm/token.h"

#include <string.h>

/* --- do loaded keys stay in? --- */

struct leak {
    const char *how;       /* NULL: none */
    enum hsm_quirk excuse; /* known of this product, which is then for tests only */
};

/* Whether the blob comes out of the wrapping root with these attributes, which it must not. */
static om_rc weak_unwrap(struct se_token *tok, CK_OBJECT_HANDLE root, const uint8_t *blob, size_t n,
                         bool sensitive, bool extractable, bool *possible, struct om_error *err)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    struct hsm_template t;
    hsm_template_hmac_key(&t, sensitive, extractable, false);
    om_rc rc = hsm_object_unwrap(tok, root, blob, n, &t, &object, err);
    *possible = rc == OM_OK;
    hsm_destroy(tok, object);
    return rc == OM_ETRANSIENT || rc == OM_ENOMEM ? rc : OM_OK;
}

/* Whether the value of a loaded key, which must be unreadable, is read or wrapped. */
static om_rc loaded_leak(struct se_token *tok, CK_OBJECT_HANDLE loaded, struct leak *leak,
                         struct om_error *err)
{
    uint8_t value[SE_KEY_MAX], wrapped[SE_BLOB_MAX];
    CK_ATTRIBUTE a = {CKA_VALUE, value, sizeof value};
    CK_RV rv = tok->f->C_GetAttributeValue(tok->session, loaded, &a, 1);
    om_wipe(value, sizeof value);
    if (rv == CKR_OK) {
        *leak = (struct leak){"CKA_VALUE of a sensitive key can be read", (enum hsm_quirk)0};
        return OM_OK;
    }
    if (hsm_rv_class(rv) == OM_ETRANSIENT)
        return hsm_check(tok, rv, "C_GetAttributeValue", err);
    CK_OBJECT_HANDLE seal = CK_INVALID_HANDLE;
    size_t n = sizeof wrapped;
    OM_TRY(hsm_root(tok, SE_ROOT_SEAL, &seal, err));
    om_rc rc = hsm_object_wrap(tok, seal, loaded, wrapped, &n, err);
    if (rc == OM_OK)
        *leak =
            (struct leak){"a key that is not extractable can be wrapped", HSM_QUIRK_WRAP_IGNORES_EXTRACTABLE};
    return rc == OM_ETRANSIENT || rc == OM_ENOMEM ? rc : OM_OK;
}

/* Looks for a way out; the worst that is found, an unexcused one first, stays in *leak. */
static om_rc find_leak(struct se_token *tok, const uint8_t *blob, size_t blob_len, struct leak *leak,
                       struct om_error *err)
{
    CK_OBJECT_HANDLE root = CK_INVALID_HANDLE, loaded = CK_INVALID_HANDLE;
    struct hsm_template t;
    bool readable = false, wrappable = false;
    OM_TRY(hsm_root(tok, SE_ROOT_WRAP, &root, err));
    hsm_template_hmac_key(&t, true, false, tok->derives);
    OM_TRY(hsm_object_unwrap(tok, root, blob, blob_len, &t, &loaded, err));
    om_rc rc = loaded_leak(tok, loaded, leak, err);
    hsm_destroy(tok, loaded);
    OM_TRY(rc);
    if (leak->how != NULL && !hsm_has_quirk(tok, leak->excuse))
        return OM_OK;
    OM_TRY(weak_unwrap(tok, root, blob, blob_len, false, false, &readable, err));
    OM_TRY(weak_unwrap(tok, root, blob, blob_len, true, true, &wrappable, err));
    if (readable || wrappable)
        *leak =
            (struct leak){"it unwraps keys so that they come out (CKA_UNWRAP_TEMPLATE missing or ignored)",
                          HSM_QUIRK_UNWRAP_TEMPLATE_IGNORED};
    return OM_OK;
}

static om_rc judge(struct se_token *tok, const uint8_t *blob, size_t blob_len, struct om_error *err)
{
    struct leak leak = {NULL, (enum hsm_quirk)0};
    struct hsm_root *wrap = &tok->roots[SE_ROOT_WRAP];
    OM_TRY(find_leak(tok, blob, blob_len, &leak, err));
    if (leak.how != NULL && !hsm_has_quirk(tok, leak.excuse) && wrap->working != wrap->object) {
        hsm_root_drop_copy(tok, SE_ROOT_WRAP); /* the copy may have lost the template */
        leak.how = NULL;
        OM_TRY(find_leak(tok, blob, blob_len, &leak, err));
    }
    if (leak.how == NULL)
        return OM_OK;
    tok->test_only = true;
    return hsm_has_quirk(tok, leak.excuse)
               ? OM_OK
               : om_fail(err, OM_ECONFIG, "root key '%s' of the token cannot be trusted: %s",
                         hsm_root_label(SE_ROOT_WRAP), leak.how);
}

om_rc hsm_selftest_custody(struct se_token *tok, struct om_error *err)
{
    uint8_t octets[32], blob[SE_BLOB_MAX];
    size_t n = sizeof blob;
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE, root = CK_INVALID_HANDLE;
    tok->test_only = false;
    if (!hsm_roots_complete(tok))
        return OM_OK;
    OM_TRY(hsm_check(tok, tok->f->C_GenerateRandom(tok->session, octets, sizeof octets), "C_GenerateRandom",
                     err));
    OM_TRY(hsm_root(tok, SE_ROOT_WRAP, &root, err));
    om_rc rc = hsm_object_mint(tok, octets, sizeof octets, &key, err);
    om_wipe(octets, sizeof octets);
    OM_TRY(rc);
    rc = hsm_object_wrap(tok, root, key, blob, &n, err);
    hsm_destroy(tok, key);
    return rc == OM_OK ? judge(tok, blob, n, err) : rc;
}

/* --- does it derive TLS 1.2 keys itself? --- */

static const uint8_t known_key[32] = "throw-away key of the self-test";
static const struct se_part known_seed[] = {{"self-test", 9}, {"", 0}, {"of the token's derivation", 25}};
#define N_SEED (sizeof known_seed / sizeof known_seed[0])

#define KNOWN_LEN 96

/* P_SHA256(known_key, known_seed) by the token's own HMAC. */
static om_rc known_answer(struct se_token *tok, CK_OBJECT_HANDLE key, uint8_t out[KNOWN_LEN],
                          struct om_error *err)
{
    uint8_t a[SE_MAC_SIZE], next[SE_MAC_SIZE];
    const struct se_part chain[] = {{a, sizeof a}, known_seed[0], known_seed[1], known_seed[2]};
    OM_TRY(hsm_sign(tok, CKM_SHA256_HMAC, key, known_seed, N_SEED, a, sizeof a, err));
    for (size_t at = 0; at < KNOWN_LEN; at += SE_MAC_SIZE) {
        OM_TRY(hsm_sign(tok, CKM_SHA256_HMAC, key, chain, 1 + N_SEED, out + at, SE_MAC_SIZE, err));
        OM_TRY(hsm_sign(tok, CKM_SHA256_HMAC, key, chain, 1, next, sizeof next, err));
        memcpy(a, next, sizeof a);
    }
    return OM_OK;
}

om_rc hsm_selftest_same(struct se_token *tok, CK_OBJECT_HANDLE derived, const uint8_t *octets, size_t n,
                        bool *same, struct om_error *err)
{
    uint8_t mac[2][SE_MAC_SIZE];
    CK_OBJECT_HANDLE minted = CK_INVALID_HANDLE;
    OM_TRY(hsm_object_mint(tok, octets, n, &minted, err));
    om_rc rc = hsm_sign(tok, CKM_SHA256_HMAC, minted, known_seed, N_SEED, mac[0], SE_MAC_SIZE, err);
    hsm_destroy(tok, minted);
    if (rc == OM_OK)
        rc = hsm_sign(tok, CKM_SHA256_HMAC, derived, known_seed, N_SEED, mac[1], SE_MAC_SIZE, err);
    *same = rc == OM_OK && memcmp(mac[0], mac[1], SE_MAC_SIZE) == 0;
    return rc;
}

static om_rc try_derivation(struct se_token *tok, CK_OBJECT_HANDLE key, const uint8_t known[KNOWN_LEN],
                            struct om_error *err)
{
    static const struct {
        size_t offset, n;
    } ranges[] = {{0, 48}, {16, 32}, {5, 17}, {32, 64}};
    bool same = true;
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0] && same; i++) {
        CK_OBJECT_HANDLE derived = CK_INVALID_HANDLE;
        om_rc rc =
            hsm_object_derive(tok, key, known_seed, N_SEED, ranges[i].offset, ranges[i].n, &derived, err);
        same = rc == OM_OK;
        if (rc == OM_OK)
            rc = hsm_selftest_same(tok, derived, known + ranges[i].offset, ranges[i].n, &same, err);
        hsm_destroy(tok, derived);
        if (rc == OM_ETRANSIENT || rc == OM_ENOMEM)
            return rc;
    }
    tok->derives = same;
    return OM_OK;
}

static om_rc try_prf(struct se_token *tok, CK_OBJECT_HANDLE key, const uint8_t known[KNOWN_LEN],
                     struct om_error *err)
{
    uint8_t out[KNOWN_LEN - 3];
    if (!hsm_has_quirk(tok, HSM_QUIRK_NSS_TLS_PRF))
        return OM_OK;
    tok->prf = HSM_CKM_NSS_TLS_PRF_GENERAL_SHA256;
    om_rc rc = hsm_sign(tok, tok->prf, key, known_seed, N_SEED, out, sizeof out, err);
    tok->has_prf = rc == OM_OK && memcmp(out, known, sizeof out) == 0;
    return rc == OM_ETRANSIENT || rc == OM_ENOMEM ? rc : OM_OK;
}

om_rc hsm_selftest_derivation(struct se_token *tok, struct om_error *err)
{
    uint8_t known[KNOWN_LEN];
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    tok->has_prf = false;
    /* What is made during the test must be able to derive. */
    tok->derives = hsm_slot_has_mechanism(tok, HSM_CKM_SP800_108_DOUBLE_PIPELINE_KDF, CKF_DERIVE);
    if (!tok->derives && !hsm_has_quirk(tok, HSM_QUIRK_NSS_TLS_PRF))
        return OM_OK;
    OM_TRY(hsm_object_mint(tok, known_key, sizeof known_key, &key, err));
    om_rc rc = known_answer(tok, key, known, err);
    if (rc == OM_OK)
        rc = try_prf(tok, key, known, err);
    if (rc == OM_OK && tok->derives)
        rc = try_derivation(tok, key, known, err);
    hsm_destroy(tok, key);
    return rc;
}
