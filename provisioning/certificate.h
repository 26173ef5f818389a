/* Making certificates of TS-0003 10.1 with libcrypto: what stands in them, and nothing about who may have
 * one. The issuer's key is an EVP_PKEY that signs in the token. */
#ifndef OPENMAF_PROVISIONING_CERTIFICATE_H
#define OPENMAF_PROVISIONING_CERTIFICATE_H

#include "onem2m/types.h"
#include "pki/name.h"
#include "pki/profile.h"

#define CERTIFICATE_SERIAL_SIZE 16  /* octets; 126 of the bits are random */
#define CERTIFICATE_BACKDATE    300 /* seconds before now that a validity begins: clocks differ */

/* What makes every certificate. */
struct certificate_frame {
    OSSL_LIB_CTX *libctx;                    /* where the signer comes from; NULL: OpenSSL's default */
    uint8_t serial[CERTIFICATE_SERIAL_SIZE]; /* random octets; the form is given to them here */
    int64_t from, until;                     /* seconds since 1970 */
    EVP_PKEY *signer;                        /* the issuer's key */
};

/* A self-signed CA certificate, path length 0, critical nameConstraints. */
struct certificate_ca {
    struct certificate_frame frame;
    const char *common_name;          /* at most 64 octets */
    const struct m2m_list *dns, *uri; /* permitted dNSNames and URI hosts; NULL: that kind is not limited */
    bool no_dns;                      /* excludes every dNSName */
};
OM_MUST_USE om_rc certificate_make_ca(const struct certificate_ca *what, X509 **out, struct om_error *err);

/* A certificate for a holder of a name: serverAuth and clientAuth for PKI_FQDN (a MAF is a
 * client of its MEF), clientAuth for the others. */
struct certificate_leaf {
    struct certificate_frame frame;
    const X509 *issuer;
    const struct pki_name *name;
    EVP_PKEY *key;       /* the holder's; only its public half is used */
    const char *crl_uri; /* "" for none */
};
/* OM_EDENIED: the issuer's nameConstraints do not allow the name. */
OM_MUST_USE om_rc certificate_make_leaf(const struct certificate_leaf *what, X509 **out,
                                        struct om_error *err);

/* The serial number as lower-case hex digits; out holds 2 n + 1 octets. */
void certificate_serial_text(const uint8_t serial[CERTIFICATE_SERIAL_SIZE],
                             char out[2 * CERTIFICATE_SERIAL_SIZE + 1]);

#endif
