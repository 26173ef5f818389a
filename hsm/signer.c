/* Signing keys: EC key pairs on the token (se/signer.h). Found by name, made, checked, used. */
#include "hsm/object.h"

#include <stdlib.h>
#include <string.h>

/* CKA_EC_PARAMS of secp256r1, as its OID. */
static const uint8_t p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

/* A key in use. Object handles end with the session; what it is found by again stays. */
struct hsm_signer {
    struct hsm_signer *next;
    se_handle handle;
    CK_OBJECT_HANDLE object;
    uint32_t epoch; /* of the token's keys, when object was found */
    struct hsm_name name;
    uint8_t point[SE_POINT_SIZE];
};

/* What a private key must be, to be used here. */
static const struct {
    CK_ATTRIBUTE_TYPE type;
    const char *name;
    bool value;
    bool may_be_missing; /* then it is so by default */
} demanded[] = {
    {CKA_PRIVATE, "CKA_PRIVATE", true, false},
    {CKA_SENSITIVE, "CKA_SENSITIVE", true, false},
    {CKA_EXTRACTABLE, "CKA_EXTRACTABLE", false, false},
    {CKA_SIGN, "CKA_SIGN", true, false},
    {CKA_ALWAYS_AUTHENTICATE, "CKA_ALWAYS_AUTHENTICATE", false, true},
};

static om_rc check_private(struct se_token *tok, CK_OBJECT_HANDLE object, struct om_error *err)
{
    CK_ULONG type = 0;
    size_t n = sizeof type;
    OM_TRY(hsm_object_attribute(tok, object, CKA_KEY_TYPE, &type, &n, err));
    if (n != sizeof type || type != CKK_EC)
        return om_fail(err, OM_ECONFIG, "it is no elliptic-curve key");
    for (size_t i = 0; i < sizeof demanded / sizeof demanded[0]; i++) {
        CK_BBOOL value = CK_FALSE;
        n = sizeof value;
        om_rc rc = hsm_object_attribute(tok, object, demanded[i].type, &value, &n, err);
        if (rc == OM_ENOTFOUND && demanded[i].may_be_missing)
            continue;
        OM_TRY(rc);
        if (n != sizeof value || (value != CK_FALSE) != demanded[i].value)
            return om_fail(err, OM_ECONFIG, "it is not what it must be: %s is wrong", demanded[i].name);
    }
    return OM_OK;
}

/* CKA_EC_POINT is the point in a DER OCTET STRING; older tokens give it bare. */
static om_rc read_point(struct se_token *tok, CK_OBJECT_HANDLE public_key, uint8_t point[SE_POINT_SIZE],
                        struct om_error *err)
{
    uint8_t params[64], octets[2 + SE_POINT_SIZE + 32];
    size_t n = sizeof params;
    OM_TRY(hsm_object_attribute(tok, public_key, CKA_EC_PARAMS, params, &n, err));
    if (n != sizeof p256 || memcmp(params, p256, n) != 0)
        return om_fail(err, OM_ECONFIG, "it is on another curve than P-256");
    n = sizeof octets;
    OM_TRY(hsm_object_attribute(tok, public_key, CKA_EC_POINT, octets, &n, err));
    const uint8_t *at = octets;
    if (n == 2 + SE_POINT_SIZE && octets[0] == 0x04 && octets[1] == SE_POINT_SIZE)
        at += 2;
    else if (n != SE_POINT_SIZE)
        return om_fail(err, OM_ECONFIG, "its public key has %zu octets", n);
    if (at[0] != 0x04)
        return om_fail(err, OM_ECONFIG, "its public key is compressed");
    memcpy(point, at, SE_POINT_SIZE);
    return OM_OK;
}

/* The private key, and the public key of the same ID, which tools make with it. */
static om_rc find_pair(struct se_token *tok, const struct hsm_name *name, CK_OBJECT_HANDLE *out,
                       uint8_t point[SE_POINT_SIZE], struct om_error *err)
{
    CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE, public_key = CK_INVALID_HANDLE;
    struct hsm_name by_id = {.id.given = true, .id.n = sizeof by_id.id.octets};
    OM_TRY(hsm_object_find(tok, CKO_PRIVATE_KEY, name, "private key", &private_key, err));
    OM_TRY(check_private(tok, private_key, err));
    OM_TRY(hsm_object_attribute(tok, private_key, CKA_ID, by_id.id.octets, &by_id.id.n, err));
    if (by_id.id.n == 0)
        return om_fail(err, OM_ECONFIG, "it has no CKA_ID, so its public key cannot be told");
    om_rc rc = hsm_object_find(tok, CKO_PUBLIC_KEY, &by_id, "public key", &public_key, err);
    if (rc == OM_ENOTFOUND)
        return om_fail(err, OM_ECONFIG, "the token has no public key of the same CKA_ID");
    OM_TRY(rc);
    OM_TRY(read_point(tok, public_key, point, err));
    *out = private_key;
    return OM_OK;
}

static om_rc adopt(struct se_token *tok, const struct hsm_signer *found, se_handle *out, struct om_error *err)
{
    struct hsm_signer *signer = malloc(sizeof *signer);
    if (signer == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a signing key");
    *signer = *found;
    signer->handle = ++tok->last_signer;
    signer->next = tok->signers;
    tok->signers = signer;
    *out = signer->handle;
    return OM_OK;
}

static om_rc find_parsed(struct se_token *tok, const struct hsm_name *name, se_handle *out,
                         uint8_t point[SE_POINT_SIZE], struct om_error *err)
{
    struct hsm_signer found = {.epoch = tok->keys.epoch, .name = *name};
    OM_TRY(find_pair(tok, name, &found.object, found.point, err));
    OM_TRY(adopt(tok, &found, out, err));
    memcpy(point, found.point, SE_POINT_SIZE);
    return OM_OK;
}

om_rc hsm_signer_find(struct se_token *tok, const char *text, se_handle *out, uint8_t point[SE_POINT_SIZE],
                      struct om_error *err)
{
    struct hsm_name name;
    OM_TRY(hsm_name_parse(tok, text, CKO_PRIVATE_KEY, &name, err));
    om_rc rc = find_parsed(tok, &name, out, point, err);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "signing key '%.80s'", text);
}

/* --- making --- */

static om_rc generate(struct se_token *tok, CK_SESSION_HANDLE session, const char *text, struct om_error *err)
{
    struct hsm_template public_key = {.n = 0}, private_key = {.n = 0};
    CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_OBJECT_HANDLE public_object = CK_INVALID_HANDLE, private_object = CK_INVALID_HANDLE;
    hsm_template_bool(&public_key, CKA_TOKEN, true);
    hsm_template_bool(&public_key, CKA_PRIVATE, false);
    hsm_template_bool(&public_key, CKA_VERIFY, true);
    hsm_template_octets(&public_key, CKA_EC_PARAMS, p256, sizeof p256);
    hsm_template_octets(&public_key, CKA_LABEL, text, strlen(text));
    hsm_template_octets(&public_key, CKA_ID, text, strlen(text));
    hsm_template_bool(&private_key, CKA_TOKEN, true);
    hsm_template_bool(&private_key, CKA_PRIVATE, true);
    hsm_template_bool(&private_key, CKA_SENSITIVE, true);
    hsm_template_bool(&private_key, CKA_EXTRACTABLE, false);
    hsm_template_bool(&private_key, CKA_SIGN, true);
    hsm_template_bool(&private_key, CKA_DECRYPT, false);
    hsm_template_bool(&private_key, CKA_UNWRAP, false);
    hsm_template_bool(&private_key, CKA_DERIVE, false);
    hsm_template_octets(&private_key, CKA_LABEL, text, strlen(text));
    hsm_template_octets(&private_key, CKA_ID, text, strlen(text));
    CK_RV rv =
        tok->f->C_GenerateKeyPair(session, &mechanism, public_key.attributes, public_key.n,
                                  private_key.attributes, private_key.n, &public_object, &private_object);
    return hsm_check(tok, rv, "C_GenerateKeyPair", err);
}

/* A private key, or a public key that would be taken for the new one's. */
static om_rc check_free(struct se_token *tok, const struct hsm_name *name, struct om_error *err)
{
    static const CK_OBJECT_CLASS classes[] = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY};
    const struct hsm_name by_id = {.id = name->label};
    const struct hsm_name *const names[] = {name, &by_id};
    for (size_t i = 0; i < 4; i++) {
        CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
        om_rc rc = hsm_object_find(tok, classes[i % 2], names[i / 2], "key", &object, err);
        if (rc == OM_OK || rc == OM_ECONFIG)
            return om_fail(err, OM_ECONFLICT, "the token has a key of this name already");
        if (rc != OM_ENOTFOUND)
            return rc;
    }
    return OM_OK;
}

static om_rc make(struct se_token *tok, const char *text, se_handle *out, uint8_t point[SE_POINT_SIZE],
                  struct om_error *err)
{
    struct hsm_name name;
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    OM_TRY(hsm_name_parse(tok, text, CKO_PRIVATE_KEY, &name, err));
    OM_TRY(check_free(tok, &name, err));
    OM_TRY(hsm_object_writer(tok, &session, err));
    om_rc rc = generate(tok, session, text, err);
    (void)tok->f->C_CloseSession(session);
    OM_TRY(rc);
    return find_parsed(tok, &name, out, point, err); /* again, so that one made twice at once shows */
}

om_rc hsm_signer_make(struct se_token *tok, const char *text, se_handle *out, uint8_t point[SE_POINT_SIZE],
                      struct om_error *err)
{
    om_rc rc = make(tok, text, out, point, err);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "signing key '%.80s'", text);
}

/* --- destroying --- */

static om_rc destroy(struct se_token *tok, CK_SESSION_HANDLE session, const struct hsm_name *name,
                     struct om_error *err)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    OM_TRY(hsm_object_find(tok, CKO_PRIVATE_KEY, name, "private key", &object, err));
    OM_TRY(hsm_check(tok, tok->f->C_DestroyObject(session, object), "C_DestroyObject", err));
    om_rc rc = hsm_object_find(tok, CKO_PUBLIC_KEY, name, "public key", &object, err);
    if (rc == OM_ENOTFOUND)
        return OM_OK;
    OM_TRY(rc);
    return hsm_check(tok, tok->f->C_DestroyObject(session, object), "C_DestroyObject", err);
}

om_rc hsm_signer_remove(struct se_token *tok, const char *text, struct om_error *err)
{
    struct hsm_name name;
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    OM_TRY(hsm_name_parse(tok, text, CKO_PRIVATE_KEY, &name, err));
    OM_TRY(hsm_object_writer(tok, &session, err));
    om_rc rc = destroy(tok, session, &name, err);
    (void)tok->f->C_CloseSession(session);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "signing key '%.80s'", text);
}

/* --- use --- */

static struct hsm_signer **place_of(struct se_token *tok, se_handle handle)
{
    struct hsm_signer **at = &tok->signers;
    while (*at != NULL && (*at)->handle != handle)
        at = &(*at)->next;
    return at;
}

void hsm_signer_free(struct se_token *tok, se_handle handle)
{
    struct hsm_signer **at = place_of(tok, handle);
    struct hsm_signer *signer = *at;
    if (signer == NULL)
        return;
    *at = signer->next;
    free(signer);
}

void hsm_signers_free(struct se_token *tok)
{
    while (tok->signers != NULL)
        hsm_signer_free(tok, tok->signers->handle);
}

/* After a lost session the key is looked for again; another one of its name is not taken for it. */
static om_rc find_again(struct se_token *tok, struct hsm_signer *signer, struct om_error *err)
{
    uint8_t point[SE_POINT_SIZE];
    if (signer->epoch == tok->keys.epoch)
        return OM_OK;
    OM_TRY(find_pair(tok, &signer->name, &signer->object, point, err));
    if (memcmp(point, signer->point, sizeof point) != 0)
        return om_fail(err, OM_ENOTFOUND, "the token has another signing key of this name now");
    signer->epoch = tok->keys.epoch;
    return OM_OK;
}

om_rc hsm_signer_sign(struct se_token *tok, se_handle handle, const uint8_t digest[SE_DIGEST_SIZE],
                      uint8_t signature[SE_SIGNATURE_SIZE], struct om_error *err)
{
    struct hsm_signer *signer = *place_of(tok, handle);
    const struct se_part part = {digest, SE_DIGEST_SIZE};
    if (signer == NULL)
        return om_fail(err, OM_EINTERNAL, "no signing key has this handle");
    OM_TRY(find_again(tok, signer, err));
    return hsm_sign(tok, CKM_ECDSA, signer->object, &part, 1, signature, SE_SIGNATURE_SIZE, err);
}
