/* Certificate signing requests: see request.h. */
#include "pki/request.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#define CN_MAX 64 /* ub-common-name, RFC 5280 appendix A */

/* --- reading --- */

static om_rc parse_der(const uint8_t *der, size_t n, X509_REQ **out, struct om_error *err)
{
    const unsigned char *at = der;
    *out = d2i_X509_REQ(NULL, &at, (long)n);
    ERR_clear_error();
    if (*out == NULL)
        return om_fail(err, OM_EINPUT, "it is not a certificate signing request (PKCS#10, PEM or DER)");
    if (at != der + n)
        return om_fail(err, OM_EINPUT, "something follows the request");
    return OM_OK;
}

/* One PEM block, with nothing but white space around it. */
static om_rc parse_pem(const char *text, size_t n, X509_REQ **out, struct om_error *err)
{
    BIO *bio = BIO_new_mem_buf(text, (int)n);
    char *kind = NULL;
    char *header = NULL;
    unsigned char *der = NULL;
    long der_len = 0;
    if (bio == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a request");
    om_rc rc = OM_OK;
    if (PEM_read_bio(bio, &kind, &header, &der, &der_len) != 1)
        rc = om_fail(err, OM_EINPUT, "it is not a certificate signing request (PKCS#10, PEM or DER)");
    else if (strcmp(kind, PEM_STRING_X509_REQ) != 0 && strcmp(kind, PEM_STRING_X509_REQ_OLD) != 0)
        rc = om_fail(err, OM_EINPUT, "it is a %.40s, not a certificate signing request", kind);
    else if (header[0] != '\0')
        rc = om_fail(err, OM_EINPUT, "the request has PEM headers");
    char rest[64];
    int got = 0;
    while (rc == OM_OK && (got = BIO_read(bio, rest, sizeof rest - 1)) > 0) {
        rest[got] = '\0';
        if (rest[strspn(rest, " \t\r\n")] != '\0' || strlen(rest) != (size_t)got)
            rc = om_fail(err, OM_EINPUT, "something follows the request");
    }
    if (rc == OM_OK)
        rc = parse_der(der, (size_t)der_len, out, err);
    BIO_free(bio);
    OPENSSL_free(kind);
    OPENSSL_free(header);
    OPENSSL_free(der);
    ERR_clear_error();
    return rc;
}

static om_rc parse(const uint8_t *octets, size_t n, X509_REQ **out, struct om_error *err)
{
    static const char begin[] = "-----BEGIN ";
    if (n == 0 || n > PKI_REQUEST_MAX)
        return om_fail(err, OM_EINPUT, "a request has 1 to %d octets", PKI_REQUEST_MAX);
    if (octets[0] == 0x30)
        return parse_der(octets, n, out, err);
    size_t blank = 0;
    while (blank < n && strchr(" \t\r\n", octets[blank]) != NULL && octets[blank] != '\0')
        blank++;
    if (n - blank < sizeof begin - 1 || memcmp(octets + blank, begin, sizeof begin - 1) != 0)
        return om_fail(err, OM_EINPUT, "it is not a certificate signing request (PKCS#10, PEM or DER)");
    return parse_pem((const char *)octets + blank, n - blank, out, err);
}

static om_rc read_challenge(X509_ATTRIBUTE *attribute, char out[PKI_CHALLENGE_SIZE], struct om_error *err)
{
    unsigned char *text = NULL;
    ASN1_TYPE *value = X509_ATTRIBUTE_count(attribute) == 1 ? X509_ATTRIBUTE_get0_type(attribute, 0) : NULL;
    bool is_text = value != NULL && (ASN1_tag2bit(ASN1_TYPE_get(value)) & (B_ASN1_DIRECTORYSTRING)) != 0;
    int n = is_text ? ASN1_STRING_to_UTF8(&text, value->value.asn1_string) : -1;
    bool good = n > 0 && n < PKI_CHALLENGE_SIZE && memchr(text, 0, (size_t)n) == NULL;
    if (good) {
        memcpy(out, text, (size_t)n);
        out[n] = '\0';
    }
    OPENSSL_free(text);
    ERR_clear_error();
    return good ? OM_OK
                : om_fail(err, OM_EINPUT, "its challengePassword is not a text of 1 to %d octets",
                          PKI_CHALLENGE_SIZE - 1);
}

static om_rc read_names(struct pki_request *r, struct om_error *err)
{
    STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(r->req);
    int n = list != NULL ? sk_X509_EXTENSION_num(list) : 0;
    int critical = 0;
    if (n == 1)
        r->san = X509V3_get_d2i(list, NID_subject_alt_name, &critical, NULL);
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    ERR_clear_error();
    if (r->san == NULL)
        return om_fail(err, OM_EINPUT, "the request asks for extensions other than one subjectAltName");
    return OM_OK;
}

/* The request may ask for a subjectAltName, and have a challengePassword where that is read; all else is the
 * issuer's to decide, so to ask for it is an error rather than a wish that is not heard. */
static om_rc read_attributes(struct pki_request *r, char *challenge, struct om_error *err)
{
    int names = 0, challenges = 0;
    int n = X509_REQ_get_attr_count(r->req);
    for (int i = 0; i < n; i++) {
        X509_ATTRIBUTE *attribute = X509_REQ_get_attr(r->req, i);
        int nid = OBJ_obj2nid(X509_ATTRIBUTE_get0_object(attribute));
        if (nid == NID_ext_req && names++ == 0)
            OM_TRY(read_names(r, err));
        else if (nid == NID_pkcs9_challengePassword && challenge != NULL && challenges++ == 0)
            OM_TRY(read_challenge(attribute, challenge, err));
        else
            return om_fail(err, OM_EINPUT, "the request has attributes other than one extensionRequest%s",
                           challenge != NULL ? " and one challengePassword" : "");
    }
    return OM_OK;
}

static om_rc check(struct pki_request *r, char *challenge, struct om_error *err)
{
    const X509_ALGOR *algorithm = NULL;
    if (X509_REQ_get_version(r->req) != 0)
        return om_fail(err, OM_EINPUT, "the request's version is not 0");
    const X509_PUBKEY *key = X509_REQ_get_X509_PUBKEY(r->req);
    OM_TRY(pki_profile_key(key, err));
    X509_REQ_get0_signature(r->req, NULL, &algorithm);
    OM_TRY(pki_profile_signature(algorithm, err));
    int good = X509_REQ_verify(r->req, X509_PUBKEY_get0(key));
    ERR_clear_error();
    if (good != 1) /* proof of possession */
        return om_fail(err, OM_EDENIED, "it is not signed with the key that it is for");
    OM_TRY(read_attributes(r, challenge, err));
    return pki_fingerprint(key, r->fingerprint, err);
}

static om_rc read_request(const void *octets, size_t n, struct pki_request *out, char *challenge,
                          struct om_error *err)
{
    *out = (struct pki_request){.req = NULL};
    om_rc rc = parse(octets, n, &out->req, err);
    if (rc == OM_OK)
        rc = check(out, challenge, err);
    if (rc != OM_OK)
        pki_request_free(out);
    return rc;
}

om_rc pki_request_read(const void *octets, size_t n, struct pki_request *out, struct om_error *err)
{
    return read_request(octets, n, out, NULL, err);
}

om_rc pki_request_read_challenged(const void *octets, size_t n, struct pki_request *out,
                                  char challenge[PKI_CHALLENGE_SIZE], struct om_error *err)
{
    challenge[0] = '\0';
    return read_request(octets, n, out, challenge, err);
}

void pki_request_free(struct pki_request *request)
{
    X509_REQ_free(request->req);
    GENERAL_NAMES_free(request->san);
    *request = (struct pki_request){.req = NULL};
}

/* --- making --- */

om_rc pki_subject(const struct pki_name *name, X509_NAME *out, struct om_error *err)
{
    /* Digits and dots would look like a DNS name to those who still look for one in CN. */
    char text[sizeof "oid:" + M2M_ID_SIZE];
    (void)stpcpy(stpcpy(text, name->text[0] >= '0' && name->text[0] <= '9' ? "oid:" : ""), name->text);
    if (strlen(text) > CN_MAX)
        return OM_OK;
    if (X509_NAME_add_entry_by_NID(out, NID_commonName, MBSTRING_UTF8, (const unsigned char *)text, -1, -1,
                                   0) != 1)
        return pki_fail(err, "cannot make a subject");
    return OM_OK;
}

static om_rc add_san(X509_REQ *req, const struct pki_name *name, struct om_error *err)
{
    GENERAL_NAMES *san = NULL;
    STACK_OF(X509_EXTENSION) *list = NULL;
    OM_TRY(pki_name_to_san(name, &san, err));
    bool empty = X509_NAME_entry_count(X509_REQ_get_subject_name(req)) == 0;
    bool good = X509V3_add1_i2d(&list, NID_subject_alt_name, san, empty, X509V3_ADD_DEFAULT) == 1 &&
                X509_REQ_add_extensions(req, list) == 1;
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    GENERAL_NAMES_free(san);
    return good ? OM_OK : pki_fail(err, "cannot add the name to a request");
}

static om_rc to_pem(X509_REQ *req, char **pem, struct om_error *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long n = 0;
    bool good =
        bio != NULL && PEM_write_bio_X509_REQ(bio, req) == 1 && (n = BIO_get_mem_data(bio, &text)) > 0;
    *pem = good ? OPENSSL_strndup(text, (size_t)n) : NULL;
    BIO_free(bio);
    return *pem != NULL ? OM_OK : pki_fail(err, "cannot write a request");
}

static om_rc add_challenge(X509_REQ *req, const char *challenge, struct om_error *err)
{
    if (X509_REQ_add1_attr_by_NID(req, NID_pkcs9_challengePassword, MBSTRING_UTF8,
                                  (const unsigned char *)challenge, -1) != 1)
        return pki_fail(err, "cannot put a challengePassword into a request");
    return OM_OK;
}

om_rc pki_request_make(OSSL_LIB_CTX *libctx, EVP_PKEY *key, const struct pki_name *name,
                       const char *challenge, char **pem, struct om_error *err)
{
    *pem = NULL;
    X509_REQ *req = X509_REQ_new_ex(libctx, NULL);
    if (req == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a request");
    om_rc rc = pki_subject(name, X509_REQ_get_subject_name(req), err);
    if (rc == OM_OK && (X509_REQ_set_version(req, 0) != 1 || X509_REQ_set_pubkey(req, key) != 1))
        rc = pki_fail(err, "cannot put the key into a request");
    if (rc == OM_OK)
        rc = add_san(req, name, err);
    if (rc == OM_OK && challenge != NULL)
        rc = add_challenge(req, challenge, err);
    if (rc == OM_OK && X509_REQ_sign(req, key, EVP_sha256()) <= 0)
        rc = pki_fail(err, "cannot sign a request");
    if (rc == OM_OK)
        rc = to_pem(req, pem, err);
    X509_REQ_free(req);
    return rc;
}
