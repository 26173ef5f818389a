/* Trust anchors on their way to a client: CA certificates as CMS certs-only (RFC 5652), base64, as the
 * element certAuth/caCerts of a registration configuration has them (TS-0003 8.8.3.2). */
#ifndef OPENMAF_PKI_ANCHORS_H
#define OPENMAF_PKI_ANCHORS_H

#include "pki/certs_only.h"

#define PKI_ANCHORS_MAX  PKI_CERTS_ONLY_MAX  /* certificates */
#define PKI_ANCHORS_SIZE PKI_CERTS_ONLY_SIZE /* octets of the base64 text, with its NUL */

/* *text is freed with free(). */
OM_MUST_USE om_rc pki_anchors_encode(const STACK_OF(X509) * certs, char **text, struct om_error *err);

/* The certificates; freed with sk_X509_pop_free(…, X509_free). White space in the text is allowed. OM_EINPUT:
 * not base64 or not certs-only CMS, more behind it, signers in it, or none, or more than PKI_ANCHORS_MAX
 * certificates; OM_EDENIED: one of them is no CA certificate of the profile. */
OM_MUST_USE om_rc pki_anchors_decode(const char *text, STACK_OF(X509) * *out, struct om_error *err);

#endif
