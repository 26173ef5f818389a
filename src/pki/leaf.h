/* What a peer's own certificate must be before anybody asks who issued it, and the names in it. */
#ifndef OPENMAF_PKI_LEAF_H
#define OPENMAF_PKI_LEAF_H

#include "pki/fault.h"
#include "pki/name.h"

#define PKI_NAMES_MAX 16 /* names that one certificate may have */

/* The profile of TS-0003 10.1.1: key, hash, keyUsage, no wildcards. OM_EDENIED with *fault. */
OM_MUST_USE om_rc pki_leaf_check(X509 *leaf, enum pki_fault *fault, struct om_error *err);

/* The names in its subjectAltName, each in the form of a flavour: a dNSName as PKI_CSE and as PKI_FQDN, a URI
 * that is an Absolute AE-ID, bare or behind a scheme, as PKI_AE, a URN as PKI_NODE and as PKI_DEVICE, one
 * that is a host and nothing behind as PKI_FQDN, an otherName as PKI_DEVICE. Names of other kinds are passed
 * over. OM_EDENIED with *fault when there is none, or too many.
 */
struct pki_names {
    size_t n;
    struct pki_name each[2 * PKI_NAMES_MAX];
};
OM_MUST_USE om_rc pki_leaf_names(X509 *leaf, struct pki_names *out, enum pki_fault *fault,
                                 struct om_error *err);

/* Whether it is for this FQDN (lower case): a dNSName that is it, or a URI whose host is it and that has
 * nothing behind the host. For certificates of MAFs and MEFs. */
bool pki_leaf_is_for(X509 *leaf, const char *fqdn);
/* How it is: GEN_DNS, else GEN_URI; -1 when it is not. */
int pki_leaf_fqdn_kind(X509 *leaf, const char *fqdn);

#endif
