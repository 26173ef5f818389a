/* The profile that all certificates of TS-0003 10.1 share: id-ecPublicKey on the named curve secp256r1 with
 * an uncompressed point, ECDSA with SHA-256. */
#ifndef OPENMAF_PKI_PROFILE_H
#define OPENMAF_PKI_PROFILE_H

#include "util/error.h"

#include <openssl/x509.h>
#include <stdint.h>

#define PKI_FINGERPRINT_SIZE 32

/* OM_EDENIED names what is wrong with the key. */
OM_MUST_USE om_rc pki_profile_key(const X509_PUBKEY *key, struct om_error *err);

/* OM_EDENIED unless the algorithm is ecdsa-with-SHA256. */
OM_MUST_USE om_rc pki_profile_signature(const X509_ALGOR *algorithm, struct om_error *err);

/* SHA-256 over the SubjectPublicKeyInfo (TS-0003 10.1.2, RFC 6920). */
OM_MUST_USE om_rc pki_fingerprint(const X509_PUBKEY *key, uint8_t out[PKI_FINGERPRINT_SIZE],
                                  struct om_error *err);

/* A failure of OpenSSL's: "what: its newest error". Empties its queue; returns OM_EINTERNAL. */
om_rc pki_fail(struct om_error *err, const char *what);

#endif
