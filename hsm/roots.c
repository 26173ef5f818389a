/* The three root keys on the token: made once, found at start, checked before they are trusted. */
#include "hsm/rv.h"
#include "hsm/token.h"

#include <string.h>

#define ROOT_LEN 32 /* octets: AES-256, and HMAC-SHA-256 */

static const struct {
    const char *label;
    CK_KEY_TYPE type;
    CK_MECHANISM_TYPE generate;
} roots[HSM_N_ROOTS] = {
    [SE_ROOT_WRAP] = {"openmaf wrap v1", CKK_AES, CKM_AES_KEY_GEN},
    [SE_ROOT_SEAL] = {"openmaf seal v1", CKK_AES, CKM_AES_KEY_GEN},
    [SE_ROOT_ROW] = {"openmaf row v1", CKK_GENERIC_SECRET, CKM_GENERIC_SECRET_KEY_GEN},
};

#define BIT(root) (1u << (unsigned)(root))
#define WRAPPERS  (BIT(SE_ROOT_WRAP) | BIT(SE_ROOT_SEAL))
#define ALL       (WRAPPERS | BIT(SE_ROOT_ROW))

/* What a root key must be: with these it is made, and with these it must be found. A key that somebody put
 * there with a value he knows shows in the last two, which only the token can set. */
static const struct {
    CK_ATTRIBUTE_TYPE type;
    const char *name;
    unsigned yes; /* of which roots it is CK_TRUE */
    bool history; /* set by the token, and not kept by a copy */
} demanded[] = {
    {CKA_TOKEN, "CKA_TOKEN", ALL, false},
    {CKA_PRIVATE, "CKA_PRIVATE", ALL, false},
    {CKA_SENSITIVE, "CKA_SENSITIVE", ALL, false},
    {CKA_EXTRACTABLE, "CKA_EXTRACTABLE", 0, false},
    {CKA_WRAP, "CKA_WRAP", WRAPPERS, false},
    {CKA_UNWRAP, "CKA_UNWRAP", WRAPPERS, false},
    {CKA_ENCRYPT, "CKA_ENCRYPT", 0, false},
    {CKA_DECRYPT, "CKA_DECRYPT", 0, false},
    {CKA_SIGN, "CKA_SIGN", BIT(SE_ROOT_ROW), false},
    {CKA_VERIFY, "CKA_VERIFY", BIT(SE_ROOT_ROW), false},
    {CKA_DERIVE, "CKA_DERIVE", 0, false},
    {CKA_ALWAYS_SENSITIVE, "CKA_ALWAYS_SENSITIVE", ALL, true},
    {CKA_NEVER_EXTRACTABLE, "CKA_NEVER_EXTRACTABLE", ALL, true},
};

#define N_DEMANDED (sizeof demanded / sizeof demanded[0])

const char *hsm_root_label(enum se_root root)
{
    return roots[root].label;
}

bool hsm_roots_complete(const struct se_token *tok)
{
    for (unsigned r = SE_ROOT_WRAP; r < HSM_N_ROOTS; r++)
        if (tok->roots[r].object == CK_INVALID_HANDLE)
            return false;
    return true;
}

om_rc hsm_root(struct se_token *tok, enum se_root root, CK_OBJECT_HANDLE *out, struct om_error *err)
{
    if (tok->roots[root].object == CK_INVALID_HANDLE)
        return om_fail(err, OM_ECONFIG, "the token has no root key '%s'; it is made by 'init'",
                       roots[root].label);
    *out = tok->roots[root].working;
    return OM_OK;
}

/* --- checking --- */

static om_rc read_bool(struct se_token *tok, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, bool *reported,
                       bool *value, struct om_error *err)
{
    CK_BBOOL b = CK_FALSE;
    CK_ATTRIBUTE a = {type, &b, sizeof b};
    CK_RV rv = tok->f->C_GetAttributeValue(tok->session, object, &a, 1);
    *reported = rv == CKR_OK && a.ulValueLen == sizeof b;
    *value = *reported && b != CK_FALSE;
    return rv == CKR_ATTRIBUTE_TYPE_INVALID ? OM_OK : hsm_check(tok, rv, "C_GetAttributeValue", err);
}

static om_rc read_number(struct se_token *tok, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                         CK_ULONG *value, struct om_error *err)
{
    CK_ATTRIBUTE a = {type, value, sizeof *value};
    return hsm_check(tok, tok->f->C_GetAttributeValue(tok->session, object, &a, 1), "C_GetAttributeValue",
                     err);
}

/* *weak: the first attribute that is not as demanded, or NULL. */
static om_rc check_root(struct se_token *tok, enum se_root root, CK_OBJECT_HANDLE object, bool copy,
                        const char **weak, struct om_error *err)
{
    CK_ULONG type = 0, len = 0;
    *weak = NULL;
    OM_TRY(read_number(tok, object, CKA_KEY_TYPE, &type, err));
    OM_TRY(read_number(tok, object, CKA_VALUE_LEN, &len, err));
    if (type != roots[root].type)
        *weak = "CKA_KEY_TYPE";
    else if (len != ROOT_LEN)
        *weak = "CKA_VALUE_LEN";
    for (size_t i = 0; i < N_DEMANDED && *weak == NULL; i++) {
        bool reported = false, value = false;
        bool wanted = (demanded[i].yes & BIT(root)) != 0 && !(copy && demanded[i].type == CKA_TOKEN);
        OM_TRY(read_bool(tok, object, demanded[i].type, &reported, &value, err));
        bool excused = demanded[i].history && (copy || !reported);
        if (value != wanted && !excused)
            *weak = demanded[i].name;
    }
    return OM_OK;
}

/* --- finding --- */

static om_rc find_object(struct se_token *tok, enum se_root root, CK_OBJECT_HANDLE *out, struct om_error *err)
{
    CK_OBJECT_HANDLE found[2];
    CK_ULONG n = 0;
    struct hsm_template t = {.n = 0};
    *out = CK_INVALID_HANDLE;
    hsm_template_number(&t, CKA_CLASS, CKO_SECRET_KEY);
    hsm_template_bool(&t, CKA_TOKEN, true);
    hsm_template_octets(&t, CKA_LABEL, roots[root].label, strlen(roots[root].label));
    OM_TRY(
        hsm_check(tok, tok->f->C_FindObjectsInit(tok->session, t.attributes, t.n), "C_FindObjectsInit", err));
    CK_RV rv = tok->f->C_FindObjects(tok->session, found, 2, &n);
    CK_RV final_rv = tok->f->C_FindObjectsFinal(tok->session);
    OM_TRY(hsm_check(tok, rv, "C_FindObjects", err));
    OM_TRY(hsm_check(tok, final_rv, "C_FindObjectsFinal", err));
    if (n > 1)
        return om_fail(err, OM_ECONFIG, "the token has more than one key labelled '%s'", roots[root].label);
    if (n == 1)
        *out = found[0];
    return OM_OK;
}

/* A copy that lives in the session spares software tokens the way to their store. It has to be as strong:
 * the unwrap template is proved by hsm_selftest_custody. */
static om_rc make_copy(struct se_token *tok, enum se_root root, struct om_error *err)
{
    struct hsm_template t = {.n = 0};
    CK_OBJECT_HANDLE copy = CK_INVALID_HANDLE;
    hsm_template_bool(&t, CKA_TOKEN, false);
    CK_RV rv = tok->f->C_CopyObject(tok->session, tok->roots[root].object, t.attributes, t.n, &copy);
    if (rv != CKR_OK && (hsm_rv_class(rv) == OM_EUNSUPPORTED || hsm_rv_class(rv) == OM_EINTERNAL))
        return OM_OK;
    OM_TRY(hsm_check(tok, rv, "C_CopyObject", err));
    const char *weak = NULL;
    om_rc rc = check_root(tok, root, copy, true, &weak, err);
    if (rc != OM_OK || weak != NULL)
        hsm_destroy(tok, copy);
    else
        tok->roots[root].working = copy;
    return rc;
}

static om_rc find_root(struct se_token *tok, enum se_root root, struct om_error *err)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    const char *weak = NULL;
    hsm_root_drop_copy(tok, root);
    tok->roots[root].object = tok->roots[root].working = CK_INVALID_HANDLE;
    OM_TRY(find_object(tok, root, &object, err));
    if (object == CK_INVALID_HANDLE)
        return OM_OK;
    OM_TRY(check_root(tok, root, object, false, &weak, err));
    if (weak != NULL)
        return om_fail(err, OM_ECONFIG, "root key '%s' of the token is not what it must be: %s is wrong",
                       roots[root].label, weak);
    tok->roots[root].object = tok->roots[root].working = object;
    return make_copy(tok, root, err);
}

om_rc hsm_roots_find(struct se_token *tok, struct om_error *err)
{
    for (unsigned r = SE_ROOT_WRAP; r < HSM_N_ROOTS; r++)
        OM_TRY(find_root(tok, (enum se_root)r, err));
    return OM_OK;
}

void hsm_root_drop_copy(struct se_token *tok, enum se_root root)
{
    if (tok->roots[root].working != tok->roots[root].object)
        hsm_destroy(tok, tok->roots[root].working);
    tok->roots[root].working = tok->roots[root].object;
}

/* --- making --- */

static om_rc generate(struct se_token *tok, CK_SESSION_HANDLE session, enum se_root root,
                      struct om_error *err)
{
    struct hsm_template t = {.n = 0}, unwrapped = {.n = 0};
    CK_MECHANISM mechanism = {roots[root].generate, NULL, 0};
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    hsm_template_number(&t, CKA_CLASS, CKO_SECRET_KEY);
    hsm_template_number(&t, CKA_KEY_TYPE, roots[root].type);
    hsm_template_number(&t, CKA_VALUE_LEN, ROOT_LEN);
    hsm_template_octets(&t, CKA_LABEL, roots[root].label, strlen(roots[root].label));
    hsm_template_octets(&t, CKA_ID, roots[root].label, strlen(roots[root].label));
    for (size_t i = 0; i < N_DEMANDED; i++)
        if (!demanded[i].history)
            hsm_template_bool(&t, demanded[i].type, (demanded[i].yes & BIT(root)) != 0);
    if (root == SE_ROOT_WRAP) { /* what comes out of this key stays in, whoever unwraps it */
        hsm_template_bool(&unwrapped, CKA_TOKEN, false);
        hsm_template_bool(&unwrapped, CKA_PRIVATE, true);
        hsm_template_bool(&unwrapped, CKA_SENSITIVE, true);
        hsm_template_bool(&unwrapped, CKA_EXTRACTABLE, false);
        hsm_template_bool(&unwrapped, CKA_SIGN, true);
        hsm_template_nested(&t, CKA_UNWRAP_TEMPLATE, &unwrapped);
    }
    CK_RV rv = tok->f->C_GenerateKey(session, &mechanism, t.attributes, t.n, &object);
    om_rc rc = hsm_check(tok, rv, "C_GenerateKey", err);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "making root key '%s'", roots[root].label);
}

om_rc hsm_roots_provision(struct se_token *tok, struct om_error *err)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    OM_TRY(hsm_roots_find(tok, err));
    if (hsm_roots_complete(tok))
        return OM_OK;
    CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
    OM_TRY(
        hsm_check(tok, tok->f->C_OpenSession(tok->slot, flags, NULL, NULL, &session), "C_OpenSession", err));
    om_rc rc = OM_OK;
    for (unsigned r = SE_ROOT_WRAP; r < HSM_N_ROOTS && rc == OM_OK; r++)
        if (tok->roots[r].object == CK_INVALID_HANDLE)
            rc = generate(tok, session, (enum se_root)r, err);
    (void)tok->f->C_CloseSession(session);
    if (rc == OM_OK)
        rc = hsm_roots_find(tok, err); /* again, so that a root made twice by two commands at once shows */
    return rc;
}
