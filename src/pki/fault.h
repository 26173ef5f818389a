/* The rules of TS-0003 10.1 and 8.1.2.5 that a certificate can break, one word each, for audit lines. A peer
 * is told none of them. */
#ifndef OPENMAF_PKI_FAULT_H
#define OPENMAF_PKI_FAULT_H

#include "util/error.h"

enum pki_fault {
    PKI_GOOD,
    PKI_FAULT_FORM,                /* not X.509 version 3, or malformed extensions */
    PKI_FAULT_KEY,                 /* not secp256r1 as a named curve with an uncompressed point */
    PKI_FAULT_HASH,                /* not signed with ECDSA and SHA-256 */
    PKI_FAULT_KEY_USAGE,           /* keyUsage without digitalSignature, or a CA's certificate */
    PKI_FAULT_WILDCARD,            /* a wildcard in a name */
    PKI_FAULT_NAME,                /* no name that a flavour has */
    PKI_FAULT_PURPOSE,             /* extendedKeyUsage for something else */
    PKI_FAULT_NOT_YET_VALID,       /* of the certificate or one above it */
    PKI_FAULT_EXPIRED,             /* the same */
    PKI_FAULT_REVOKED,             /* the same */
    PKI_FAULT_STATUS,              /* no CRL of its issuer, or an old or bad one */
    PKI_FAULT_NAME_CONSTRAINTS,    /* outside of what a CA above it may issue */
    PKI_FAULT_NO_NAME_CONSTRAINTS, /* no CA above it is limited for its kind of name */
    PKI_FAULT_PATH,                /* no path to a trust anchor, or a bad signature or CA in it */
    PKI_FAULT_N,
};

/* "key-usage"; "" for PKI_GOOD. */
const char *pki_fault_text(enum pki_fault fault);

/* Notes the fault and records the text; returns OM_EDENIED. */
om_rc pki_fault_set(enum pki_fault *out, enum pki_fault fault, struct om_error *err, const char *fmt, ...)
    OM_PRINTF(4, 5);

#endif
