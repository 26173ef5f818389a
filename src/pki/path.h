/* Path validation (RFC 5280; TS-0003 8.1.2.5) to trust anchors that are assigned for one purpose: never to
 * the system's. Pure: certificates and CRLs are given. */
#ifndef OPENMAF_PKI_PATH_H
#define OPENMAF_PKI_PATH_H

#include "pki/fault.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#define PKI_INTERMEDIATES_MAX 3

struct pki_trust {
    const STACK_OF(X509) * anchors;  /* CA certificates; an intermediate may be one */
    const STACK_OF(X509_CRL) * crls; /* of whom is revoked; NULL: nobody is asked */
    bool every_crl; /* an issuer below the anchor without a CRL is a fault, else its certificates pass */
    /* A CA above the leaf must carry nameConstraints with permitted names of this kind (GEN_DNS, GEN_URI);
     * -1: need not. Those that are there are enforced in any case. */
    int constrained;
    bool server; /* the leaf is a server's, else a client's */
    int64_t now; /* seconds since 1970 */
};

/* Validates leaf, with what was sent beside it, to one of the anchors. All certificates of the path have
 * secp256r1 keys and ECDSA with SHA-256. A URI without a scheme, as a bare Absolute AE-ID is one, is held
 * against nameConstraints by its host. OM_EDENIED with *fault; OM_ENOMEM. */
OM_MUST_USE om_rc pki_path_verify(X509 *leaf, const STACK_OF(X509) * sent, const struct pki_trust *trust,
                                  enum pki_fault *fault, struct om_error *err);

/* The end of a certificate's validity, seconds since 1970. */
int64_t pki_not_after(const X509 *cert);

#endif
