/* Making certificates: see certificate.h. */
#include "provisioning/certificate.h"
#include "pki/request.h"
#include "util/text.h"

#include <openssl/err.h>
#include <string.h>

#define KEY_ID_SIZE 20 /* octets: RFC 7093 method 1, the leftmost 160 bits of SHA-256 of the key */

/* A positive integer of full length in DER. */
static void shape_serial(const uint8_t octets[CERTIFICATE_SERIAL_SIZE], uint8_t out[CERTIFICATE_SERIAL_SIZE])
{
    memcpy(out, octets, CERTIFICATE_SERIAL_SIZE);
    out[0] = (uint8_t)((out[0] & 0x3f) | 0x40);
}

void certificate_serial_text(const uint8_t serial[CERTIFICATE_SERIAL_SIZE],
                             char out[2 * CERTIFICATE_SERIAL_SIZE + 1])
{
    uint8_t shaped[CERTIFICATE_SERIAL_SIZE];
    shape_serial(serial, shaped);
    om_hex_lower(out, shaped, sizeof shaped);
}

static om_rc set_serial(X509 *cert, const uint8_t octets[CERTIFICATE_SERIAL_SIZE], struct om_error *err)
{
    uint8_t shaped[CERTIFICATE_SERIAL_SIZE];
    shape_serial(octets, shaped);
    BIGNUM *number = BN_bin2bn(shaped, sizeof shaped, NULL);
    bool good = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return good ? OM_OK : pki_fail(err, "cannot set a serial number");
}

/* Everything but names and extensions. */
static om_rc begin(const struct certificate_frame *frame, EVP_PKEY *key, X509 **out, struct om_error *err)
{
    X509 *cert = X509_new_ex(frame->libctx, NULL);
    if (cert == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a certificate");
    *out = cert;
    OM_TRY(set_serial(cert, frame->serial, err));
    if (X509_set_version(cert, X509_VERSION_3) != 1 ||
        ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)frame->from) == NULL ||
        ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)frame->until) == NULL ||
        X509_set_pubkey(cert, key) != 1)
        return pki_fail(err, "cannot make a certificate");
    return pki_profile_key(X509_get_X509_PUBKEY(cert), err);
}

static om_rc add(X509 *cert, int nid, void *value, bool critical, struct om_error *err)
{
    if (value == NULL || X509_add1_ext_i2d(cert, nid, value, critical, X509V3_ADD_DEFAULT) != 1)
        return pki_fail(err, "cannot add an extension");
    return OM_OK;
}

/* An extension that a constant text describes. */
static om_rc add_text(X509 *cert, int nid, const char *text, struct om_error *err)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, text);
    bool good = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good ? OM_OK : pki_fail(err, "cannot add an extension");
}

static om_rc add_key_id(X509 *cert, struct om_error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    om_rc rc = OM_OK;
    if (id == NULL || X509_pubkey_digest(cert, EVP_sha256(), digest, &n) != 1 ||
        ASN1_OCTET_STRING_set(id, digest, KEY_ID_SIZE) != 1)
        rc = pki_fail(err, "cannot identify a key");
    if (rc == OM_OK)
        rc = add(cert, NID_subject_key_identifier, id, false, err);
    ASN1_OCTET_STRING_free(id);
    return rc;
}

static om_rc sign(X509 *cert, EVP_PKEY *signer, struct om_error *err)
{
    if (X509_sign(cert, signer, EVP_sha256()) <= 0)
        return pki_fail(err, "cannot sign a certificate");
    return OM_OK;
}

/* --- CA certificates --- */

static om_rc add_subtree(STACK_OF(GENERAL_SUBTREE) * *trees, int type, ASN1_STRING *base,
                         struct om_error *err)
{
    GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();
    if (*trees == NULL)
        *trees = sk_GENERAL_SUBTREE_new_null();
    if (tree == NULL || base == NULL || *trees == NULL || sk_GENERAL_SUBTREE_push(*trees, tree) <= 0) {
        GENERAL_SUBTREE_free(tree);
        ASN1_STRING_free(base);
        return om_fail(err, OM_ENOMEM, "no memory for name constraints");
    }
    GENERAL_NAME_set0_value(tree->base, type, base);
    return OM_OK;
}

static ASN1_STRING *string_of(int type, const void *octets, size_t n)
{
    ASN1_STRING *s = ASN1_STRING_type_new(type);
    if (s != NULL && ASN1_STRING_set(s, octets, (int)n) != 1) {
        ASN1_STRING_free(s);
        s = NULL;
    }
    return s;
}

static om_rc permit(NAME_CONSTRAINTS *nc, int type, const struct m2m_list *names, struct om_error *err)
{
    for (size_t i = 0; names != NULL && i < names->n; i++) {
        const char *name = names->items[i];
        OM_TRY(
            add_subtree(&nc->permittedSubtrees, type, string_of(V_ASN1_IA5STRING, name, strlen(name)), err));
    }
    return OM_OK;
}

/* No certificate of this standard names an address. */
static om_rc exclude(NAME_CONSTRAINTS *nc, bool no_dns, struct om_error *err)
{
    static const uint8_t everything[32] = {0}; /* address and mask, both zero */
    OM_TRY(add_subtree(&nc->excludedSubtrees, GEN_IPADD, string_of(V_ASN1_OCTET_STRING, everything, 8), err));
    OM_TRY(
        add_subtree(&nc->excludedSubtrees, GEN_IPADD, string_of(V_ASN1_OCTET_STRING, everything, 32), err));
    if (no_dns)
        OM_TRY(add_subtree(&nc->excludedSubtrees, GEN_DNS, string_of(V_ASN1_IA5STRING, "", 0), err));
    return OM_OK;
}

static om_rc add_constraints(X509 *cert, const struct certificate_ca *what, struct om_error *err)
{
    NAME_CONSTRAINTS *nc = NAME_CONSTRAINTS_new();
    if (nc == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for name constraints");
    om_rc rc = permit(nc, GEN_DNS, what->dns, err);
    if (rc == OM_OK)
        rc = permit(nc, GEN_URI, what->uri, err);
    if (rc == OM_OK)
        rc = exclude(nc, what->no_dns, err);
    if (rc == OM_OK)
        rc = add(cert, NID_name_constraints, nc, true, err);
    NAME_CONSTRAINTS_free(nc);
    return rc;
}

static om_rc make_ca(const struct certificate_ca *what, X509 *cert, struct om_error *err)
{
    X509_NAME *subject = X509_get_subject_name(cert);
    if (X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                   (const unsigned char *)what->common_name, -1, -1, 0) != 1 ||
        X509_set_issuer_name(cert, subject) != 1)
        return pki_fail(err, "cannot name a certification authority");
    OM_TRY(add_text(cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0", err));
    OM_TRY(add_text(cert, NID_key_usage, "critical,keyCertSign,cRLSign", err));
    OM_TRY(add_key_id(cert, err));
    OM_TRY(add_constraints(cert, what, err));
    return sign(cert, what->frame.signer, err);
}

om_rc certificate_make_ca(const struct certificate_ca *what, X509 **out, struct om_error *err)
{
    X509 *cert = NULL;
    *out = NULL;
    om_rc rc = begin(&what->frame, what->frame.signer, &cert, err);
    if (rc == OM_OK)
        rc = make_ca(what, cert, err);
    if (rc == OM_OK)
        *out = cert;
    else
        X509_free(cert);
    return rc;
}

/* --- certificates of holders --- */

static om_rc add_name(X509 *cert, const struct pki_name *name, struct om_error *err)
{
    GENERAL_NAMES *san = NULL;
    OM_TRY(pki_subject(name, X509_get_subject_name(cert), err));
    OM_TRY(pki_name_to_san(name, &san, err));
    bool empty = X509_NAME_entry_count(X509_get_subject_name(cert)) == 0; /* RFC 5280 section 4.2.1.6 */
    om_rc rc = add(cert, NID_subject_alt_name, san, empty, err);
    GENERAL_NAMES_free(san);
    return rc;
}

static om_rc add_issuer(X509 *cert, const X509 *issuer, struct om_error *err)
{
    AUTHORITY_KEYID *id = AUTHORITY_KEYID_new();
    const ASN1_OCTET_STRING *key_id = X509_get0_subject_key_id((X509 *)issuer);
    om_rc rc = OM_OK;
    if (id == NULL || key_id == NULL || (id->keyid = ASN1_OCTET_STRING_dup(key_id)) == NULL ||
        X509_set_issuer_name(cert, X509_get_subject_name(issuer)) != 1)
        rc = pki_fail(err, "cannot name the issuer");
    if (rc == OM_OK)
        rc = add(cert, NID_authority_key_identifier, id, false, err);
    AUTHORITY_KEYID_free(id);
    return rc;
}

static om_rc add_crl_uri(X509 *cert, const char *uri, struct om_error *err)
{
    if (uri[0] == '\0')
        return OM_OK;
    STACK_OF(DIST_POINT) *points = sk_DIST_POINT_new_null();
    DIST_POINT *point = DIST_POINT_new();
    GENERAL_NAME *gen = GENERAL_NAME_new();
    ASN1_STRING *text = string_of(V_ASN1_IA5STRING, uri, strlen(uri));
    om_rc rc = om_fail(err, OM_ENOMEM, "no memory for a CRL distribution point");
    if (points == NULL || point == NULL || gen == NULL || text == NULL)
        goto out;
    GENERAL_NAME_set0_value(gen, GEN_URI, text);
    text = NULL;
    point->distpoint = DIST_POINT_NAME_new();
    if (point->distpoint == NULL || (point->distpoint->name.fullname = GENERAL_NAMES_new()) == NULL ||
        sk_GENERAL_NAME_push(point->distpoint->name.fullname, gen) <= 0)
        goto out;
    point->distpoint->type = 0; /* fullName */
    gen = NULL;
    if (sk_DIST_POINT_push(points, point) <= 0)
        goto out;
    point = NULL;
    rc = add(cert, NID_crl_distribution_points, points, false, err);
out:
    ASN1_STRING_free(text);
    GENERAL_NAME_free(gen);
    DIST_POINT_free(point);
    sk_DIST_POINT_pop_free(points, DIST_POINT_free);
    return rc;
}

/* Reads it as a verifier will: the issuer must be able to issue it, and a token that errs must not make us
 * hand out what nobody can verify. */
static om_rc proofread(X509 *cert, const struct certificate_leaf *what, struct om_error *err)
{
    X509 *read = X509_dup(cert);
    int good = read != NULL ? X509_verify(read, X509_get0_pubkey(what->issuer)) : 0;
    int allowed = X509_V_ERR_INVALID_EXTENSION;
    NAME_CONSTRAINTS *nc = X509_get_ext_d2i(what->issuer, NID_name_constraints, NULL, NULL);
    if (good == 1 && X509_check_purpose(read, -1, 0) == 1)
        allowed = nc != NULL ? NAME_CONSTRAINTS_check(read, nc) : X509_V_OK;
    NAME_CONSTRAINTS_free(nc);
    X509_free(read);
    ERR_clear_error();
    if (good != 1)
        return om_fail(err, OM_EINTEGRITY, "the token signed with another key than the authority's");
    if (allowed != X509_V_OK)
        return om_fail(err, OM_EDENIED,
                       "%.200s lies outside the domains that this certification authority may name (%s)",
                       what->name->text, X509_verify_cert_error_string(allowed));
    return OM_OK;
}

static om_rc make_leaf(const struct certificate_leaf *what, X509 *cert, struct om_error *err)
{
    const char *usage = what->name->flavour == PKI_FQDN ? "serverAuth,clientAuth" : "clientAuth";
    OM_TRY(add_name(cert, what->name, err));
    OM_TRY(add_issuer(cert, what->issuer, err));
    OM_TRY(add_text(cert, NID_basic_constraints, "critical,CA:FALSE", err));
    OM_TRY(add_text(cert, NID_key_usage, "critical,digitalSignature", err));
    OM_TRY(add_text(cert, NID_ext_key_usage, usage, err));
    OM_TRY(add_key_id(cert, err));
    OM_TRY(add_crl_uri(cert, what->crl_uri, err));
    OM_TRY(sign(cert, what->frame.signer, err));
    return proofread(cert, what, err);
}

om_rc certificate_make_leaf(const struct certificate_leaf *what, X509 **out, struct om_error *err)
{
    X509 *cert = NULL;
    *out = NULL;
    om_rc rc = begin(&what->frame, what->key, &cert, err);
    if (rc == OM_OK)
        rc = make_leaf(what, cert, err);
    if (rc == OM_OK)
        *out = cert;
    else
        X509_free(cert);
    return rc;
}
