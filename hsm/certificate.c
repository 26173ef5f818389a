/* X.509 certificates as objects on the token. */
#include "hsm/object.h"

#include <openssl/x509.h>
#include <string.h>

om_rc hsm_certificate_read(struct se_token *tok, const char *text, uint8_t *der, size_t *n,
                           struct om_error *err)
{
    struct hsm_name name;
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    OM_TRY(hsm_name_parse(tok, text, CKO_CERTIFICATE, &name, err));
    OM_TRY(hsm_object_find(tok, CKO_CERTIFICATE, &name, "certificate", &object, err));
    om_rc rc = hsm_object_attribute(tok, object, CKA_VALUE, der, n, err);
    if (rc == OM_OK && *n == 0)
        rc = om_fail(err, OM_ECONFIG, "the object has no value");
    return rc == OM_OK ? OM_OK : om_context(err, rc, "certificate '%.80s'", text);
}

/* PKCS#11 wants the subject apart, and the serial number is how others look for it. */
static om_rc create(struct se_token *tok, CK_SESSION_HANDLE session, const char *text, const uint8_t *der,
                    size_t n, X509 *x509, struct om_error *err)
{
    struct hsm_template t = {.n = 0};
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    unsigned char *subject = NULL, *issuer = NULL, *serial = NULL;
    int subject_len = i2d_X509_NAME(X509_get_subject_name(x509), &subject);
    int issuer_len = i2d_X509_NAME(X509_get_issuer_name(x509), &issuer);
    int serial_len = i2d_ASN1_INTEGER(X509_get_serialNumber(x509), &serial);
    om_rc rc = OM_OK;
    if (subject_len <= 0 || issuer_len <= 0 || serial_len <= 0) {
        rc = om_fail(err, OM_ENOMEM, "no memory for a certificate");
    } else {
        hsm_template_number(&t, CKA_CLASS, CKO_CERTIFICATE);
        hsm_template_number(&t, CKA_CERTIFICATE_TYPE, CKC_X_509);
        hsm_template_bool(&t, CKA_TOKEN, true);
        hsm_template_bool(&t, CKA_PRIVATE, false);
        hsm_template_octets(&t, CKA_LABEL, text, strlen(text));
        hsm_template_octets(&t, CKA_ID, text, strlen(text));
        hsm_template_octets(&t, CKA_SUBJECT, subject, (size_t)subject_len);
        hsm_template_octets(&t, CKA_ISSUER, issuer, (size_t)issuer_len);
        hsm_template_octets(&t, CKA_SERIAL_NUMBER, serial, (size_t)serial_len);
        hsm_template_octets(&t, CKA_VALUE, der, n);
        rc = hsm_check(tok, tok->f->C_CreateObject(session, t.attributes, t.n, &object), "C_CreateObject",
                       err);
    }
    OPENSSL_free(subject);
    OPENSSL_free(issuer);
    OPENSSL_free(serial);
    return rc;
}

/* The old one goes first: tokens may refuse a second certificate of the same issuer and serial number. */
static om_rc replace(struct se_token *tok, CK_SESSION_HANDLE session, const char *text, const uint8_t *der,
                     size_t n, X509 *x509, struct om_error *err)
{
    struct hsm_name name;
    CK_OBJECT_HANDLE old = CK_INVALID_HANDLE;
    OM_TRY(hsm_name_parse(tok, text, CKO_CERTIFICATE, &name, err));
    om_rc rc = hsm_object_find(tok, CKO_CERTIFICATE, &name, "certificate", &old, err);
    if (rc != OM_OK && rc != OM_ENOTFOUND)
        return rc;
    if (rc == OM_OK)
        OM_TRY(hsm_check(tok, tok->f->C_DestroyObject(session, old), "C_DestroyObject", err));
    return create(tok, session, text, der, n, x509, err);
}

om_rc hsm_certificate_write(struct se_token *tok, const char *text, const uint8_t *der, size_t n,
                            struct om_error *err)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    const unsigned char *at = der;
    X509 *x509 = d2i_X509(NULL, &at, (long)n);
    if (x509 == NULL || at != der + n) {
        X509_free(x509);
        return om_fail(err, OM_EINPUT, "what is to be kept on the token is no certificate (DER)");
    }
    om_rc rc = hsm_object_writer(tok, &session, err);
    if (rc == OM_OK) {
        rc = replace(tok, session, text, der, n, x509, err);
        (void)tok->f->C_CloseSession(session);
    }
    X509_free(x509);
    return rc == OM_OK ? OM_OK : om_context(err, rc, "certificate '%.80s'", text);
}
