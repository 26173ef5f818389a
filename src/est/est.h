/* EST (RFC 7030) as a MEF serves it, a registration authority with the certification authorities of its own
 * directory (TS-0003 8.3.6, spec/mef §8): the paths below /.well-known/est/.
 *
 *   GET  [<flavour>/]cacerts         the authorities, as certs-only CMS
 *   GET  [<flavour>/]csrattrs        what a request must have in it
 *   POST [<flavour>/]simpleenroll    PKCS#10 in, the certificate out
 *   POST [<flavour>/]simplereenroll  the same in place of one that the client has
 *
 * The flavour (ae, cse, node, device) is EST's optional label: it says which of several names is meant. Who
 * the client is, is said by the TLS session alone, with Kpm or a certificate. One thread; a request takes one
 * signature of the token and one durable transaction at most. */
#ifndef OPENMAF_EST_EST_H
#define OPENMAF_EST_EST_H

#include "bind/well_known.h"

#include <openssl/crypto.h>

struct est;

struct est_options {
    struct maf *maf;                              /* of the role of a MEF; borrowed, as is what follows */
    OSSL_LIB_CTX *libctx;                         /* with omtls_provider_load */
    const struct omtls_certificate *certificates; /* the MEF's own, looked at by est_new only */
    size_t n_certificates;
    bool require_challenge; /* requests are linked to their session (RFC 7030 section 3.5) */
};

/* Finds the authorities and their keys. OM_ECONFIG: there are none, or the MEF has no certificate, or one
 * that does not come from them: clients that get certificates use them here, and know the MEF by these
 * authorities. Freed with est_free before maf and libctx; NULL is allowed there. */
OM_MUST_USE om_rc est_new(const struct est_options *opt, struct est **out, struct om_error *err);
void est_free(struct est *est);

/* For https_options; lives as long as est. */
const struct well_known *est_well_known(const struct est *est);

#endif
