/* Signing keys that stay in the token: ECDSA with P-256 over SHA-256 (TS-0003 10.1.1), for certificates.
 *
 * Unlike all other keys they are few and live on the token itself, under a name: the MAF's key, a client's, a
 * CA's. They are made in the token, sensitive and not extractable; one that is weaker is refused. src/tls
 * makes an EVP_PKEY of one (omtls_signing_key).
 *
 * A name is 1..63 of the characters A-Z a-z 0-9 . _ - ; or, to find a key that another tool made, a URI of
 * the token's scheme that names one object: "pkcs11:object=MAF%20key" or "pkcs11:id=%01", with both if one is
 * not enough, and with attributes of the token if wanted.
 *
 * Errors as in se.h. OM_EUNSUPPORTED: the token has no such keys, or keeps no certificates. One thread, that
 * of the token. */
#ifndef OPENMAF_SE_SIGNER_H
#define OPENMAF_SE_SIGNER_H

#include "se/se.h"

#define SE_POINT_SIZE      65 /* 04 | x | y, uncompressed (SEC 1) */
#define SE_DIGEST_SIZE     32
#define SE_SIGNATURE_SIZE  64 /* r | s, each 32 octets, big-endian */
#define SE_NAME_MAX        63
#define SE_CERTIFICATE_MAX 8192 /* octets of the longest certificate, DER */

struct se_signer; /* reference-counted, as struct se_key */

/* The key of this name. That it can sign, and belongs to its public key, is proved by one signature.
 * OM_ENOTFOUND: none. OM_ECONFIG: several, or weaker than above, or not P-256; the text says which. */
OM_MUST_USE om_rc se_signer_find(struct se *se, const char *name, struct se_signer **out,
                                 struct om_error *err);

/* A new key of this name, made in the token and on it when this returns. OM_ECONFLICT: there is one. */
OM_MUST_USE om_rc se_signer_make(struct se *se, const char *name, struct se_signer **out,
                                 struct om_error *err);

/* Destroys the key of this name on the token and its public key; certificates stay. References to it answer
 * OM_ENOTFOUND or OM_ETRANSIENT from then on. OM_ENOTFOUND: none. */
OM_MUST_USE om_rc se_signer_remove(struct se *se, const char *name, struct om_error *err);

struct se_signer *se_signer_ref(struct se_signer *signer);
/* The key stays on the token. NULL is allowed. After se_close a reference is inert: it answers OM_EINTERNAL
 * until it is given back here. */
void se_signer_unref(struct se_signer *signer);

/* Its token; NULL when that was closed under it. */
struct se *se_signer_se(const struct se_signer *signer);

/* The public key, SE_POINT_SIZE octets; lives as long as the reference. */
const uint8_t *se_signer_point(const struct se_signer *signer);

/* ECDSA (FIPS 186-4) over a SHA-256 digest. */
OM_MUST_USE om_rc se_signer_sign(struct se_signer *signer, const uint8_t digest[SE_DIGEST_SIZE],
                                 uint8_t signature[SE_SIGNATURE_SIZE], struct om_error *err);

/* Whether a signature over this digest is by the key of this point; computed by OpenSSL. False for anything
 * that is malformed. */
bool se_signature_verifies(const uint8_t point[SE_POINT_SIZE], const uint8_t digest[SE_DIGEST_SIZE],
                           const uint8_t signature[SE_SIGNATURE_SIZE]);

/* The certificate (DER, SE_CERTIFICATE_MAX octets at most) that the token keeps under this name. *n is the
 * capacity of der, then the length. What it says is not checked here. OM_ENOTFOUND, OM_ECONFIG: several. */
OM_MUST_USE om_rc se_certificate_read(struct se *se, const char *name, uint8_t *der, size_t *n,
                                      struct om_error *err);
/* Puts one there, in place of one of the same (plain) name. */
OM_MUST_USE om_rc se_certificate_write(struct se *se, const char *name, const uint8_t *der, size_t n,
                                       struct om_error *err);

#endif
