/* P_SHA256: see p_sha256.h. */
#include "se/p_sha256.h"

#include <string.h>

/* Copies what block [start, start + 32) and [offset, offset + n) have in common. */
static void take(uint8_t *out, size_t offset, size_t n, const uint8_t block[SE_MAC_SIZE], size_t start)
{
    size_t from = offset > start ? offset : start;
    size_t to = offset + n < start + SE_MAC_SIZE ? offset + n : start + SE_MAC_SIZE;
    if (from < to)
        memcpy(out + (from - offset), block + (from - start), to - from);
}

/* Every HMAC is a call to the token: no block is computed that is not asked for, and no A(i) beyond the last
 * block. */
om_rc se_p_sha256(se_hmac_fn hmac, void *arg, const struct se_part *seed, size_t n_seed, size_t offset,
                  uint8_t *out, size_t n, struct om_error *err)
{
    uint8_t a[SE_MAC_SIZE];
    uint8_t scratch[SE_MAC_SIZE];
    struct se_part chain[SE_PARTS_MAX] = {{a, sizeof a}};
    for (size_t i = 0; i < n_seed; i++)
        chain[1 + i] = seed[i];
    om_rc rc = hmac(arg, seed, n_seed, a, err); /* A(1) */
    for (size_t start = 0; rc == OM_OK; start += SE_MAC_SIZE) {
        if (start + SE_MAC_SIZE > offset) {
            OM_TRY_GOTO(rc, done, hmac(arg, chain, 1 + n_seed, scratch, err));
            take(out, offset, n, scratch, start);
        }
        if (start + SE_MAC_SIZE >= offset + n)
            break;
        OM_TRY_GOTO(rc, done, hmac(arg, chain, 1, scratch, err)); /* A(i + 1) */
        memcpy(a, scratch, sizeof a);
    }
done:
    om_wipe(a, sizeof a);
    om_wipe(scratch, sizeof scratch);
    if (rc != OM_OK)
        om_wipe(out, n);
    return rc;
}
