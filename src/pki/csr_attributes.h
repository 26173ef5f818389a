/* CSR attributes (RFC 7030 section 4.5.2, RFC 9908): what an EST server wants in a signing request. */
#ifndef OPENMAF_PKI_CSR_ATTRIBUTES_H
#define OPENMAF_PKI_CSR_ATTRIBUTES_H

#include "pki/name.h"

#define PKI_CSR_ATTRIBUTES_MAX 4096 /* octets in DER that are read */
#define PKI_CSR_ATTRIBUTES_N   32   /* elements that are read */

struct pki_csr_attributes {
    bool challenge;           /* a challengePassword */
    bool names;               /* a subjectAltName of the client's choice, or */
    const GENERAL_NAMES *san; /* this one; NULL: it is not said. Of a result: owned by it */
};

/* The DER form, beside which it asks for a key on secp256r1 and ECDSA with SHA-256; *der is freed with
 * OPENSSL_free. */
OM_MUST_USE om_rc pki_csr_attributes_encode(const struct pki_csr_attributes *what, unsigned char **der,
                                            size_t *n, struct om_error *err);

/* Reads the DER form; what is not known is passed over. *out is freed with pki_csr_attributes_free.
 * OM_EINPUT: malformed, longer than the bounds, or more behind it. */
OM_MUST_USE om_rc pki_csr_attributes_decode(const void *der, size_t n, struct pki_csr_attributes *out,
                                            struct om_error *err);
void pki_csr_attributes_free(struct pki_csr_attributes *a);

#endif
