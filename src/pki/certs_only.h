/* Certificates as CMS without signers (certs-only, RFC 5652, RFC 8551 section 3.2), base64: as trust anchors
 * travel in a registration configuration, and as EST answers (RFC 7030). */
#ifndef OPENMAF_PKI_CERTS_ONLY_H
#define OPENMAF_PKI_CERTS_ONLY_H

#include "util/error.h"

#include <openssl/x509.h>

#define PKI_CERTS_ONLY_MAX  8     /* certificates */
#define PKI_CERTS_ONLY_SIZE 16384 /* octets of the base64 text, with its NUL */

/* *text is freed with free(). */
OM_MUST_USE om_rc pki_certs_only_encode(const STACK_OF(X509) * certs, char **text, struct om_error *err);

/* The certificates, 1 to PKI_CERTS_ONLY_MAX, in any order; freed with sk_X509_pop_free(…, X509_free). White
 * space in the text is allowed. OM_EINPUT: not base64 or not certs-only CMS, more behind it, signers in it.
 */
OM_MUST_USE om_rc pki_certs_only_decode(const char *text, STACK_OF(X509) * *out, struct om_error *err);

#endif
