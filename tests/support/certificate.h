/* Certificates for tests, good ones and ones with anything wrong: made with stock OpenSSL, keys in memory.
 * Ends the process with a message on failure. */
#ifndef OPENMAF_TESTS_CERTIFICATE_H
#define OPENMAF_TESTS_CERTIFICATE_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

/* What differs from a good leaf. Texts as in openssl's configuration, NULL: as good ones have it. "" leaves
 * the extension out. */
struct test_certificate {
    const char *cn; /* default "test" */
    const char *san;
    bool ca;
    const char *key_usage;
    const char *extended_key_usage; /* default: none */
    const char *name_constraints;   /* default: none */
    const char *basic_constraints;
    const char *key_identifiers; /* "" leaves both out */
    const char *digest;          /* default SHA256 */
    long from, until;            /* seconds from now; 0, 0: -3600, 86400 */
    X509 *issuer;                /* NULL: self-signed */
    EVP_PKEY *issuer_key;
};

EVP_PKEY *test_key(const char *curve); /* "P-256" */
X509 *test_certificate(EVP_PKEY *key, const struct test_certificate *what);

/* A CRL of the issuer with these serial numbers' certificates; from, until as above. */
struct test_crl {
    X509 *issuer;
    EVP_PKEY *key;
    X509 *revoked[4]; /* ends with NULL */
    long from, until;
};
X509_CRL *test_crl(const struct test_crl *what);

#endif
