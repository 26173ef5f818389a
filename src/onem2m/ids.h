/* Identifiers of oneM2M (TS-0001 7.2, TS-0004 6.2.3, TS-0003 10.4; spec rules MAF-KT-6, MAF-HS-7): syntax
 * checks, splitting, folding. All functions are pure. */
#ifndef OPENMAF_ONEM2M_IDS_H
#define OPENMAF_ONEM2M_IDS_H

#include "util/error.h"

#include <stdbool.h>
#include <stdint.h>

#define M2M_ID_MAX       255 /* octets of any identifier we accept */
#define M2M_FQDN_MAX     253
#define M2M_RELATIVE_MAX 63  /* octets of the part before '@' */
#define M2M_KEY_ID_MAX   128 /* octets of relative@FQDN (RFC 4279 floor for identities) */

/* Sizes of buffers, with the NUL. */
#define M2M_ID_SIZE       (M2M_ID_MAX + 1)
#define M2M_FQDN_SIZE     (M2M_FQDN_MAX + 1)
#define M2M_RELATIVE_SIZE (M2M_RELATIVE_MAX + 1)
#define M2M_KEY_ID_SIZE   (M2M_KEY_ID_MAX + 1)

/* Labels of a-z 0-9 '-', each beginning with a letter and ending with a letter or digit, lower case, at least
 * one dot not demanded. */
bool m2m_is_fqdn(const char *s);

/* `//` FQDN `/` segment: an Absolute CSE-ID or S-type AE-ID; `//` FQDN `/` segment `/C` stem: a C-type AE-ID.
 * The FQDN is lower case; segments are of A-Z a-z 0-9 - . _ ('~' is not in TS-0004's grammar). */
bool m2m_is_absolute_id(const char *s);

/* sec:relKeyID / MAF-relative KmID / resource name: A-Z a-z 0-9 . _ -, first a letter or digit, 1..63 octets.
 */
bool m2m_is_relative_key_id(const char *s);

/* Splits relative@FQDN at its single '@' (both parts checked; FQDN folded to lower case first). OM_EINPUT. */
OM_MUST_USE om_rc m2m_key_id_split(const char *id, char relative[M2M_RELATIVE_SIZE], char fqdn[M2M_FQDN_SIZE],
                                   struct om_error *err);

/* relative + "@" + fqdn. OM_EINPUT when longer than M2M_KEY_ID_MAX. */
OM_MUST_USE om_rc m2m_key_id_join(char out[M2M_KEY_ID_SIZE], const char *relative, const char *fqdn,
                                  struct om_error *err);

/* ASCII lower case of s into out: the form under which KmIDs, KeIDs and FQDNs are compared and stored. */
OM_MUST_USE om_rc m2m_fold(char *out, size_t cap, const char *s, struct om_error *err);

/* RelativeKeyID text of 16 octets: 32 upper-case hex digits. */
void m2m_relative_key_id(char out[33], const uint8_t octets[16]);

/* Credential-ID "<type>-<value>" (TS-0003 10.4), e.g. type 11 and a KmID. */
OM_MUST_USE om_rc m2m_credential_id(char out[M2M_ID_SIZE], unsigned type, const char *value,
                                    struct om_error *err);

/* A Credential-ID of a type that TS-0003 10.4 defines. */
bool m2m_is_credential_id(const char *s);

/* Unicode NFKC of the UTF-8 text in: what TS-0003 10.3 does to every text that enters a key derivation.
 * OM_EINPUT when in is not UTF-8 or the result needs more than cap octets with its NUL. */
OM_MUST_USE om_rc m2m_nfkc(char *out, size_t cap, const char *in, struct om_error *err);

#endif
