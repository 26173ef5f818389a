/* P_SHA256 (RFC 5246 section 5) over an HMAC that somebody else computes: the front end's when a token has no
 * PRF, and a plug-in's that sends a whole PRF to its hardware at once. In static library se_plugin_support.
 */
#ifndef OPENMAF_SE_P_SHA256_H
#define OPENMAF_SE_P_SHA256_H

#include "se/se.h"

#define SE_PRF_MAX       4096 /* octets of output of se_prf */
#define SE_PRF_KEY_REACH 96   /* se_prf_key: offset + n at most; three blocks, as exporter and master need */

/* One part is P_SHA256's: A(i) goes in front of the seed. */
#define SE_SEED_PARTS_MAX (SE_PARTS_MAX - 1)

/* HMAC-SHA-256 of the parts with the one key that `arg` stands for. */
typedef om_rc (*se_hmac_fn)(void *arg, const struct se_part *parts, size_t n_parts, uint8_t out[SE_MAC_SIZE],
                            struct om_error *err);

/* Octets [offset, offset + n) of the output; n >= 1, at most SE_SEED_PARTS_MAX parts, offset + n within
 * size_t. On failure `out` is wiped. Errors: those of `hmac`. */
OM_MUST_USE om_rc se_p_sha256(se_hmac_fn hmac, void *arg, const struct se_part *seed, size_t n_seed,
                              size_t offset, uint8_t *out, size_t n, struct om_error *err);

#endif
