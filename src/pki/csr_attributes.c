/* CSR attributes: see csr_attributes.h.
 *
 *   CsrAttrs  ::= SEQUENCE SIZE (0..MAX) OF AttrOrOID
 *   AttrOrOID ::= CHOICE { oid OBJECT IDENTIFIER, attribute Attribute }
 *
 * OpenSSL has no type for them, but one for a SEQUENCE OF ANY, and one for an Attribute. */
#include "pki/csr_attributes.h"
#include "pki/profile.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <string.h>

/* --- writing --- */

/* Takes value over: a static object, or a string. */
static om_rc push(ASN1_SEQUENCE_ANY *all, int type, void *value, struct om_error *err)
{
    ASN1_TYPE *one = value != NULL ? ASN1_TYPE_new() : NULL;
    if (one != NULL)
        ASN1_TYPE_set(one, type, value);
    else if (type == V_ASN1_SEQUENCE)
        ASN1_STRING_free(value);
    if (one != NULL && sk_ASN1_TYPE_push(all, one) > 0)
        return OM_OK;
    ASN1_TYPE_free(one);
    return om_fail(err, OM_ENOMEM, "no memory for CSR attributes");
}

static om_rc push_oid(ASN1_SEQUENCE_ANY *all, int nid, struct om_error *err)
{
    return push(all, V_ASN1_OBJECT, OBJ_nid2obj(nid), err); /* static: freeing it does nothing */
}

/* An Attribute with one value, whose DER form it takes. */
static om_rc push_attribute(ASN1_SEQUENCE_ANY *all, X509_ATTRIBUTE *attribute, struct om_error *err)
{
    unsigned char *der = NULL;
    int n = attribute != NULL ? i2d_X509_ATTRIBUTE(attribute, &der) : -1;
    ASN1_STRING *text = n > 0 ? ASN1_STRING_type_new(V_ASN1_SEQUENCE) : NULL;
    if (text != NULL && ASN1_STRING_set(text, der, n) != 1) {
        ASN1_STRING_free(text);
        text = NULL;
    }
    OPENSSL_free(der);
    X509_ATTRIBUTE_free(attribute);
    return push(all, V_ASN1_SEQUENCE, text, err);
}

/* extensionRequest with this subjectAltName (RFC 9908 section 3.2). */
static om_rc push_san(ASN1_SEQUENCE_ANY *all, const GENERAL_NAMES *san, struct om_error *err)
{
    STACK_OF(X509_EXTENSION) *list = NULL;
    unsigned char *der = NULL;
    ASN1_STRING *text = ASN1_STRING_type_new(V_ASN1_SEQUENCE);
    X509_ATTRIBUTE *attribute = NULL;
    int n = -1;
    if (X509V3_add1_i2d(&list, NID_subject_alt_name, (void *)san, 0, X509V3_ADD_DEFAULT) == 1)
        n = i2d_X509_EXTENSIONS(list, &der);
    if (n > 0 && text != NULL && ASN1_STRING_set(text, der, n) == 1)
        attribute = X509_ATTRIBUTE_create(NID_ext_req, V_ASN1_SEQUENCE, text);
    if (attribute == NULL)
        ASN1_STRING_free(text);
    OPENSSL_free(der);
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    return push_attribute(all, attribute, err);
}

static om_rc fill(ASN1_SEQUENCE_ANY *all, const struct pki_csr_attributes *what, struct om_error *err)
{
    if (what->challenge)
        OM_TRY(push_oid(all, NID_pkcs9_challengePassword, err));
    if (what->san != NULL)
        OM_TRY(push_san(all, what->san, err));
    else if (what->names)
        OM_TRY(push_oid(all, NID_subject_alt_name, err));
    OM_TRY(push_attribute(
        all,
        X509_ATTRIBUTE_create(NID_X9_62_id_ecPublicKey, V_ASN1_OBJECT, OBJ_nid2obj(NID_X9_62_prime256v1)),
        err));
    return push_oid(all, NID_ecdsa_with_SHA256, err);
}

om_rc pki_csr_attributes_encode(const struct pki_csr_attributes *what, unsigned char **der, size_t *n,
                                struct om_error *err)
{
    ASN1_SEQUENCE_ANY *all = sk_ASN1_TYPE_new_null();
    *der = NULL;
    om_rc rc = all != NULL ? fill(all, what, err) : om_fail(err, OM_ENOMEM, "no memory for CSR attributes");
    int length = rc == OM_OK ? i2d_ASN1_SEQUENCE_ANY(all, der) : 0;
    if (rc == OM_OK && length <= 0)
        rc = pki_fail(err, "cannot write CSR attributes");
    *n = length > 0 ? (size_t)length : 0;
    sk_ASN1_TYPE_pop_free(all, ASN1_TYPE_free);
    return rc;
}

/* --- reading --- */

/* What an extensionRequest says of names; its other extensions are the server's to add. */
static void take_extensions(const X509_ATTRIBUTE *attribute, struct pki_csr_attributes *out)
{
    const ASN1_TYPE *value = X509_ATTRIBUTE_get0_type((X509_ATTRIBUTE *)attribute, 0);
    if (value == NULL || out->san != NULL)
        return;
    if (ASN1_TYPE_get(value) == V_ASN1_OBJECT) /* as RFC 7030 has it in its example */
        out->names |= OBJ_obj2nid(value->value.object) == NID_subject_alt_name;
    if (ASN1_TYPE_get(value) != V_ASN1_SEQUENCE)
        return;
    const unsigned char *at = value->value.sequence->data;
    STACK_OF(X509_EXTENSION) *list = d2i_X509_EXTENSIONS(NULL, &at, value->value.sequence->length);
    int critical = 0;
    if (list != NULL)
        out->san = X509V3_get_d2i(list, NID_subject_alt_name, &critical, NULL);
    if (list != NULL && out->san == NULL)
        out->names |=
            X509v3_get_ext_by_NID(list, NID_subject_alt_name, -1) >= 0; /* empty: a wish without value */
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
}

static om_rc take(const ASN1_TYPE *one, struct pki_csr_attributes *out, struct om_error *err)
{
    if (ASN1_TYPE_get(one) == V_ASN1_OBJECT) {
        int nid = OBJ_obj2nid(one->value.object);
        out->challenge |= nid == NID_pkcs9_challengePassword;
        out->names |= nid == NID_subject_alt_name;
        return OM_OK;
    }
    if (ASN1_TYPE_get(one) != V_ASN1_SEQUENCE)
        return om_fail(err, OM_EINPUT, "CSR attributes: neither an OID nor an attribute");
    const unsigned char *at = one->value.sequence->data;
    X509_ATTRIBUTE *attribute = d2i_X509_ATTRIBUTE(NULL, &at, one->value.sequence->length);
    if (attribute == NULL)
        return om_fail(err, OM_EINPUT, "CSR attributes: a malformed attribute");
    int nid = OBJ_obj2nid(X509_ATTRIBUTE_get0_object(attribute));
    out->challenge |= nid == NID_pkcs9_challengePassword;
    if (nid == NID_ext_req)
        take_extensions(attribute, out);
    X509_ATTRIBUTE_free(attribute);
    return OM_OK;
}

om_rc pki_csr_attributes_decode(const void *der, size_t n, struct pki_csr_attributes *out,
                                struct om_error *err)
{
    const unsigned char *at = der;
    *out = (struct pki_csr_attributes){.san = NULL};
    ASN1_SEQUENCE_ANY *all =
        n > 0 && n <= PKI_CSR_ATTRIBUTES_MAX ? d2i_ASN1_SEQUENCE_ANY(NULL, &at, (long)n) : NULL;
    om_rc rc = OM_OK;
    if (all == NULL || at != (const unsigned char *)der + n || sk_ASN1_TYPE_num(all) > PKI_CSR_ATTRIBUTES_N)
        rc = om_fail(err, OM_EINPUT, "CSR attributes: malformed");
    for (int i = 0; rc == OM_OK && i < sk_ASN1_TYPE_num(all); i++)
        rc = take(sk_ASN1_TYPE_value(all, i), out, err);
    sk_ASN1_TYPE_pop_free(all, ASN1_TYPE_free);
    ERR_clear_error();
    if (rc != OM_OK)
        pki_csr_attributes_free(out);
    return rc;
}

void pki_csr_attributes_free(struct pki_csr_attributes *a)
{
    GENERAL_NAMES_free((GENERAL_NAMES *)a->san);
    *a = (struct pki_csr_attributes){.san = NULL};
}
