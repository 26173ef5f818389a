/* Certificate signing requests (PKCS#10, RFC 2986; TS-0003 10.1.4). One that is read is hostile until it has
 * passed every check here. */
#ifndef OPENMAF_PKI_REQUEST_H
#define OPENMAF_PKI_REQUEST_H

#include "pki/name.h"
#include "pki/profile.h"

#define PKI_REQUEST_MAX    8192 /* octets of the text or the DER form */
#define PKI_CHALLENGE_SIZE 256  /* of a challengePassword in UTF-8, with its NUL (RFC 2985 section 5.4.1) */

/* A request that passed. Free with pki_request_free. */
struct pki_request {
    X509_REQ *req;
    GENERAL_NAMES *san;                        /* NULL when it asks for none */
    uint8_t fingerprint[PKI_FINGERPRINT_SIZE]; /* of its key */
};

/* Reads PEM or DER. OM_EINPUT: not a request, too long, more behind it, asks for extensions other than one
 * subjectAltName, or has other attributes; OM_EDENIED: its key or signature is not of the profile, or the
 * signature is not by that key. */
OM_MUST_USE om_rc pki_request_read(const void *octets, size_t n, struct pki_request *out,
                                   struct om_error *err);
/* The same for a reader who knows what a challengePassword is to be (RFC 7030 section 3.5): one may be there,
 * and is handed out; "" when there is none. */
OM_MUST_USE om_rc pki_request_read_challenged(const void *octets, size_t n, struct pki_request *out,
                                              char challenge[PKI_CHALLENGE_SIZE], struct om_error *err);
void pki_request_free(struct pki_request *request);

/* Makes a request for name, signed by key, in PEM; *pem is freed with OPENSSL_free. libctx: where the key
 * comes from; NULL: OpenSSL's default. challenge: the challengePassword, NULL for none. */
OM_MUST_USE om_rc pki_request_make(OSSL_LIB_CTX *libctx, EVP_PKEY *key, const struct pki_name *name,
                                   const char *challenge, char **pem, struct om_error *err);

/* The subject for a name: CN where it fits into one (64 octets), else empty; then subjectAltName is critical.
 */
OM_MUST_USE om_rc pki_subject(const struct pki_name *name, X509_NAME *out, struct om_error *err);

#endif
