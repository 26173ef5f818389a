/* Objects on the token by their names: see object.h. */
#include "hsm/object.h"

#include "hsm/rv.h"

#include <string.h>

#define SCHEME "pkcs11:"

/* --- names --- */

static om_rc take(struct hsm_octets *out, const CK_ATTRIBUTE *a, const char *attribute, struct om_error *err)
{
    if (a->ulValueLen < 1 || a->ulValueLen > sizeof out->octets)
        return om_fail(err, OM_EINPUT, "%s in the pkcs11 URI of an object must have 1 to %zu octets",
                       attribute, sizeof out->octets);
    out->given = true;
    out->n = a->ulValueLen;
    memcpy(out->octets, a->pValue, out->n);
    return OM_OK;
}

static om_rc take_attributes(const P11KitUri *uri, CK_OBJECT_CLASS class, struct hsm_name *out,
                             struct om_error *err)
{
    CK_ULONG n = 0;
    const CK_ATTRIBUTE *all = p11_kit_uri_get_attributes((P11KitUri *)uri, &n);
    for (CK_ULONG i = 0; i < n; i++) {
        if (all[i].type == CKA_LABEL)
            OM_TRY(take(&out->label, &all[i], "object", err));
        else if (all[i].type == CKA_ID)
            OM_TRY(take(&out->id, &all[i], "id", err));
        else if (all[i].type != CKA_CLASS)
            return om_fail(err, OM_EINPUT, "a pkcs11 URI names an object by object=, id= and type= only");
        else if (all[i].ulValueLen != sizeof class || memcmp(all[i].pValue, &class, sizeof class) != 0)
            return om_fail(err, OM_EINPUT,
                           "type= in the pkcs11 URI is another kind of object than is wanted");
    }
    if (!out->label.given && !out->id.given)
        return om_fail(err, OM_EINPUT, "the pkcs11 URI names no object; add object= or id=");
    return OM_OK;
}

static om_rc parse_uri(struct se_token *tok, const char *text, CK_OBJECT_CLASS class, P11KitUri *uri,
                       struct hsm_name *out, struct om_error *err)
{
    int bad = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri);
    if (bad != P11_KIT_URI_OK)
        return om_fail(err, OM_EINPUT, "malformed pkcs11 URI of an object: %s", p11_kit_uri_message(bad));
    if (strchr(text, '?') != NULL || p11_kit_uri_any_unrecognized(uri))
        return om_fail(err, OM_EINPUT, "the pkcs11 URI of an object has an attribute that is not known here");
    if (p11_kit_uri_match_token_info(uri, &tok->info) != 1 ||
        p11_kit_uri_match_module_info(uri, hsm_module_info(tok->module)) != 1)
        return om_fail(err, OM_EINPUT, "the pkcs11 URI of an object names another token");
    return take_attributes(uri, class, out, err);
}

om_rc hsm_name_parse(struct se_token *tok, const char *text, CK_OBJECT_CLASS class, struct hsm_name *out,
                     struct om_error *err)
{
    memset(out, 0, sizeof *out);
    if (strncmp(text, SCHEME, strlen(SCHEME)) != 0) {
        CK_ATTRIBUTE label = {CKA_LABEL, (void *)text, strlen(text)};
        return take(&out->label, &label, "the name", err);
    }
    P11KitUri *uri = p11_kit_uri_new();
    if (uri == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a URI");
    om_rc rc = parse_uri(tok, text, class, uri, out, err);
    p11_kit_uri_free(uri);
    return rc;
}

/* --- finding --- */

om_rc hsm_object_find(struct se_token *tok, CK_OBJECT_CLASS class, const struct hsm_name *name,
                      const char *what, CK_OBJECT_HANDLE *out, struct om_error *err)
{
    CK_OBJECT_HANDLE found[2];
    CK_ULONG n = 0;
    struct hsm_template t = {.n = 0};
    hsm_template_number(&t, CKA_CLASS, class);
    hsm_template_bool(&t, CKA_TOKEN, true);
    if (name->label.given)
        hsm_template_octets(&t, CKA_LABEL, name->label.octets, name->label.n);
    if (name->id.given)
        hsm_template_octets(&t, CKA_ID, name->id.octets, name->id.n);
    OM_TRY(
        hsm_check(tok, tok->f->C_FindObjectsInit(tok->session, t.attributes, t.n), "C_FindObjectsInit", err));
    CK_RV rv = tok->f->C_FindObjects(tok->session, found, 2, &n);
    CK_RV final_rv = tok->f->C_FindObjectsFinal(tok->session);
    OM_TRY(hsm_check(tok, rv, "C_FindObjects", err));
    OM_TRY(hsm_check(tok, final_rv, "C_FindObjectsFinal", err));
    if (n == 0)
        return om_fail(err, OM_ENOTFOUND, "the token has no %s of this name", what);
    if (n > 1)
        return om_fail(err, OM_ECONFIG,
                       "the token has more than one %s of this name; name it by a pkcs11 URI with its id",
                       what);
    *out = found[0];
    return OM_OK;
}

om_rc hsm_object_attribute(struct se_token *tok, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, void *out,
                           size_t *n, struct om_error *err)
{
    CK_ATTRIBUTE a = {type, out, *n};
    CK_RV rv = tok->f->C_GetAttributeValue(tok->session, object, &a, 1);
    if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE)
        return om_fail(err, OM_ENOTFOUND, "the object has no attribute 0x%lx", type);
    if (rv == CKR_BUFFER_TOO_SMALL)
        return om_fail(err, OM_ECONFIG, "attribute 0x%lx of the object has more than %zu octets", type, *n);
    OM_TRY(hsm_check(tok, rv, "C_GetAttributeValue", err));
    *n = a.ulValueLen;
    return OM_OK;
}

om_rc hsm_object_writer(struct se_token *tok, CK_SESSION_HANDLE *out, struct om_error *err)
{
    CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
    return hsm_check(tok, tok->f->C_OpenSession(tok->slot, flags, NULL, NULL, out), "C_OpenSession", err);
}
