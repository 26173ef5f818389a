/* HMAC and the TLS 1.2 PRF with a loaded key, in the token where it can, else P_SHA256 (RFC 5246 section 5)
 * over the token's HMAC. */
#include "se/internal.h"

#include <string.h>

#define PRF_MAX       4096
#define PRF_KEY_MIN   16
#define PRF_KEY_REACH 96 /* offset + n: three blocks, as the exporter and the master secret need at most */

/* One part is ours: A(i) goes in front of the seed. */
#define SEED_PARTS_MAX (SE_PARTS_MAX - 1)

om_rc se_parts_check(const struct se_part *parts, size_t n_parts, size_t max, struct om_error *err)
{
    if (n_parts > max)
        return om_fail(err, OM_EINTERNAL, "a message of %zu parts is more than %zu", n_parts, max);
    for (size_t i = 0; i < n_parts; i++)
        if (parts[i].octets == NULL && parts[i].len > 0)
            return om_fail(err, OM_EINTERNAL, "part %zu of a message is missing", i);
    return OM_OK;
}

static om_rc hmac(struct se_key *key, const struct se_part *parts, size_t n_parts, uint8_t out[SE_MAC_SIZE],
                  struct om_error *err)
{
    return key->se->plugin->hmac(key->se->tok, key->handle, parts, n_parts, out, err);
}

om_rc se_hmac(struct se_key *key, const struct se_part *parts, size_t n_parts, uint8_t out[SE_MAC_SIZE],
              struct om_error *err)
{
    OM_TRY(se_key_check_open(key, err));
    OM_TRY(se_parts_check(parts, n_parts, SE_PARTS_MAX, err));
    return hmac(key, parts, n_parts, out, err);
}

/* Copies what block [start, start + 32) and [offset, offset + n) have in common. */
static void take(uint8_t *out, size_t offset, size_t n, const uint8_t block[SE_MAC_SIZE], size_t start)
{
    size_t from = offset > start ? offset : start;
    size_t to = offset + n < start + SE_MAC_SIZE ? offset + n : start + SE_MAC_SIZE;
    if (from < to)
        memcpy(out + (from - offset), block + (from - start), to - from);
}

/* Octets [offset, offset + n) of P_SHA256(key, seed). Every HMAC is a call to the token: no block is computed
 * that is not asked for, and no A(i) beyond the last block. */
static om_rc p_sha256(struct se_key *key, const struct se_part *seed, size_t n_seed, size_t offset,
                      uint8_t *out, size_t n, struct om_error *err)
{
    uint8_t a[SE_MAC_SIZE];
    uint8_t scratch[SE_MAC_SIZE];
    struct se_part chain[SE_PARTS_MAX] = {{a, sizeof a}};
    for (size_t i = 0; i < n_seed; i++)
        chain[1 + i] = seed[i];
    om_rc rc = hmac(key, seed, n_seed, a, err); /* A(1) */
    for (size_t start = 0; rc == OM_OK; start += SE_MAC_SIZE) {
        if (start + SE_MAC_SIZE > offset) {
            OM_TRY_GOTO(rc, done, hmac(key, chain, 1 + n_seed, scratch, err));
            take(out, offset, n, scratch, start);
        }
        if (start + SE_MAC_SIZE >= offset + n)
            break;
        OM_TRY_GOTO(rc, done, hmac(key, chain, 1, scratch, err)); /* A(i + 1) */
        memcpy(a, scratch, sizeof a);
    }
done:
    om_wipe(a, sizeof a);
    om_wipe(scratch, sizeof scratch);
    if (rc != OM_OK)
        om_wipe(out, n);
    return rc;
}

om_rc se_prf(struct se_key *key, const struct se_part *parts, size_t n_parts, void *out, size_t n,
             struct om_error *err)
{
    OM_TRY(se_key_check_open(key, err));
    OM_TRY(se_parts_check(parts, n_parts, SEED_PARTS_MAX, err));
    if (n < 1 || n > PRF_MAX)
        return om_fail(err, OM_EINPUT, "%zu octets of PRF output are not within 1..%d", n, PRF_MAX);
    struct se *se = key->se;
    if (se->plugin->prf != NULL && !se->no_prf) {
        om_rc rc = se->plugin->prf(se->tok, key->handle, parts, n_parts, out, n, err);
        if (rc != OM_EUNSUPPORTED)
            return rc;
        se->no_prf = true;
    }
    return p_sha256(key, parts, n_parts, 0, out, n, err);
}

/* The octets cross host memory once, here. */
static om_rc prf_key_through_host(struct se_key *key, const struct se_part *parts, size_t n_parts,
                                  size_t offset, size_t n, struct se_key **out, struct om_error *err)
{
    uint8_t octets[SE_KEY_MAX];
    om_rc rc = p_sha256(key, parts, n_parts, offset, octets, n, err);
    if (rc == OM_OK)
        rc = se_mint(key->se, octets, n, out, err);
    om_wipe(octets, sizeof octets);
    return rc;
}

om_rc se_prf_key(struct se_key *key, const struct se_part *parts, size_t n_parts, size_t offset, size_t n,
                 struct se_key **out, struct om_error *err)
{
    *out = NULL;
    OM_TRY(se_key_check_open(key, err));
    OM_TRY(se_parts_check(parts, n_parts, SEED_PARTS_MAX, err));
    if (n < PRF_KEY_MIN || n > SE_KEY_MAX || offset > PRF_KEY_REACH - n)
        return om_fail(err, OM_EINPUT, "a key of %zu octets at %zu of the PRF is out of range", n, offset);
    struct se *se = key->se;
    if (se->plugin->prf_key != NULL && !se->no_prf_key) {
        se_handle handle = 0;
        om_rc rc = se->plugin->prf_key(se->tok, key->handle, parts, n_parts, offset, n, &handle, err);
        if (rc == OM_OK)
            return se_key_adopt(se, handle, n, true, out, err);
        if (rc != OM_EUNSUPPORTED)
            return rc;
        se->no_prf_key = true;
    }
    return prf_key_through_host(key, parts, n_parts, offset, n, out, err);
}
