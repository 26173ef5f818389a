/* Certificates and CRLs out of octets: PEM, any number of blocks, or one in DER. What is not understood is an
 * error; nothing is passed over. */
#ifndef OPENMAF_PKI_PARSE_H
#define OPENMAF_PKI_PARSE_H

#include "util/error.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

/* 1..max certificates (in their order) or CRLs. *out is freed with sk_…_pop_free. OM_EINPUT. */
OM_MUST_USE om_rc pki_parse_certificates(const void *octets, size_t n, int max, STACK_OF(X509) * *out,
                                         struct om_error *err);
OM_MUST_USE om_rc pki_parse_crls(const void *octets, size_t n, int max, STACK_OF(X509_CRL) * *out,
                                 struct om_error *err);

#endif
