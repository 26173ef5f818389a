/* Key derivations of TS-0003 10.3 from an enrolment key Ke (spec/crypto §6): HMAC-SHA-256 in the token with
 * Ke, whose octets stay there. Texts are normalised (NFKC) first. Used by the MEF, and by clients and MAFs
 * that want the same keys.
 *
 * `out` holds 32 octets, which are a secret: the caller wipes them. Errors: OM_EINPUT (text), and those of
 * se_hmac. One thread, that of ke's token. */
#ifndef OPENMAF_DERIVE_DERIVE_H
#define OPENMAF_DERIVE_DERIVE_H

#include "se/se.h"

/* 10.3.7, usage-constrained symmetric key: of this SUID for this target, an FQDN (see m2m_target_fqdn). With
 * SUID 21 and a MAF-FQDN it is Km. */
OM_MUST_USE om_rc om_derive_usage_key(struct se_key *ke, unsigned suid, const char *target_fqdn,
                                      uint8_t out[SE_MAC_SIZE], struct om_error *err);

/* 10.3.2, Km as releases before 10.3.7 had it; nothing on the wire uses it. */
OM_MUST_USE om_rc om_derive_km_10_3_2(struct se_key *ke, const char *maf_id, uint8_t out[SE_MAC_SIZE],
                                      struct om_error *err);

/* 10.3.3, Kpsa shared with Enrolee B, an AE-ID or CSE-ID. */
OM_MUST_USE om_rc om_derive_kpsa(struct se_key *ke, const char *enrolee_b, uint8_t out[SE_MAC_SIZE],
                                 struct om_error *err);

#endif
