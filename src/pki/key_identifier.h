/* Public key identifiers (TS-0003 10.1.2): RFC 6920 names of a SubjectPublicKeyInfo, such as
 * ni:///sha-256;WNKUWbITCi4VElLUCLlebaxCTFZAYuuRHMdkQMuSbKA, with sha-256, sha-256-128 or sha-256-120. */
#ifndef OPENMAF_PKI_KEY_IDENTIFIER_H
#define OPENMAF_PKI_KEY_IDENTIFIER_H

#include "util/error.h"

#include <stdbool.h>
#include <stdint.h>

#define PKI_KEY_IDENTIFIER_SIZE 64 /* with its NUL */

enum pki_key_hash { PKI_SHA_256, PKI_SHA_256_128, PKI_SHA_256_120 };
#define PKI_KEY_HASHES 3

/* The identifier of a key in DER. OM_EINTERNAL. */
OM_MUST_USE om_rc pki_key_identifier(const void *spki, size_t n, enum pki_key_hash hash,
                                     char out[PKI_KEY_IDENTIFIER_SIZE], struct om_error *err);

/* A trusted identifier, or 64 hexadecimal digits of SHA-256 (colons between octets allowed), in its one
 * form. OM_EINPUT. */
OM_MUST_USE om_rc pki_key_identifier_parse(const char *text, char out[PKI_KEY_IDENTIFIER_SIZE],
                                           struct om_error *err);

/* Whether the key is the one that a trusted identifier names: recomputed with the algorithm that it names. */
bool pki_key_identifier_is(const char *identifier, const void *spki, size_t n);

#endif
