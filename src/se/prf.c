/* HMAC and the TLS 1.2 PRF with a loaded key, in the token where it can, else P_SHA256 (RFC 5246 section 5)
 * over the token's HMAC. */
#include "se/internal.h"
#include "se/p_sha256.h"

#include <string.h>

#define PRF_KEY_MIN 16

om_rc se_parts_check(const struct se_part *parts, size_t n_parts, size_t max, struct om_error *err)
{
    if (n_parts > max)
        return om_fail(err, OM_EINTERNAL, "a message of %zu parts is more than %zu", n_parts, max);
    for (size_t i = 0; i < n_parts; i++)
        if (parts[i].octets == NULL && parts[i].len > 0)
            return om_fail(err, OM_EINTERNAL, "part %zu of a message is missing", i);
    return OM_OK;
}

/* As se_p_sha256 calls it. */
static om_rc hmac(void *arg, const struct se_part *parts, size_t n_parts, uint8_t out[SE_MAC_SIZE],
                  struct om_error *err)
{
    struct se_key *key = arg;
    return key->se->plugin->hmac(key->se->tok, key->handle, parts, n_parts, out, err);
}

om_rc se_hmac(struct se_key *key, const struct se_part *parts, size_t n_parts, uint8_t out[SE_MAC_SIZE],
              struct om_error *err)
{
    OM_TRY(se_key_check_open(key, err));
    OM_TRY(se_parts_check(parts, n_parts, SE_PARTS_MAX, err));
    return hmac(key, parts, n_parts, out, err);
}

om_rc se_prf(struct se_key *key, const struct se_part *parts, size_t n_parts, void *out, size_t n,
             struct om_error *err)
{
    OM_TRY(se_key_check_open(key, err));
    OM_TRY(se_parts_check(parts, n_parts, SE_SEED_PARTS_MAX, err));
    if (n < 1 || n > SE_PRF_MAX)
        return om_fail(err, OM_EINPUT, "%zu octets of PRF output are not within 1..%d", n, SE_PRF_MAX);
    struct se *se = key->se;
    if (se->plugin->prf != NULL && !se->no_prf) {
        om_rc rc = se->plugin->prf(se->tok, key->handle, parts, n_parts, out, n, err);
        if (rc != OM_EUNSUPPORTED)
            return rc;
        se->no_prf = true;
    }
    return se_p_sha256(hmac, key, parts, n_parts, 0, out, n, err);
}

/* The octets cross host memory once, here. A plug-in that has the PRF only does it in one go, though that
 * gives what stands before them, too. */
static om_rc prf_key_through_host(struct se_key *key, const struct se_part *parts, size_t n_parts,
                                  size_t offset, size_t n, struct se_key **out, struct om_error *err)
{
    struct se *se = key->se;
    uint8_t octets[SE_PRF_KEY_REACH];
    bool whole = se->plugin->prf != NULL && !se->no_prf;
    size_t from = whole ? offset : 0;
    om_rc rc = whole ? se_prf(key, parts, n_parts, octets, offset + n, err)
                     : se_p_sha256(hmac, key, parts, n_parts, offset, octets, n, err);
    if (rc == OM_OK)
        rc = se_mint(se, octets + from, n, out, err);
    om_wipe(octets, sizeof octets);
    return rc;
}

/* As above, with what comes before the key. The first block then serves both. */
static om_rc split_in_host(struct se_key *key, const struct se_part *parts, size_t n_parts, void *head,
                           size_t head_len, size_t n, struct se_key **out, struct om_error *err)
{
    uint8_t octets[SE_PRF_KEY_REACH];
    om_rc rc = se_prf(key, parts, n_parts, octets, head_len + n, err);
    if (rc == OM_OK)
        rc = se_mint(key->se, octets + head_len, n, out, err);
    if (rc == OM_OK)
        memcpy(head, octets, head_len);
    om_wipe(octets, sizeof octets);
    return rc;
}

static om_rc check_key_range(size_t offset, size_t n, struct om_error *err)
{
    if (n < PRF_KEY_MIN || n > SE_KEY_MAX || offset > SE_PRF_KEY_REACH - n)
        return om_fail(err, OM_EINPUT, "a key of %zu octets at %zu of the PRF is out of range", n, offset);
    return OM_OK;
}

om_rc se_prf_key(struct se_key *key, const struct se_part *parts, size_t n_parts, size_t offset, size_t n,
                 struct se_key **out, struct om_error *err)
{
    *out = NULL;
    OM_TRY(se_key_check_open(key, err));
    OM_TRY(se_parts_check(parts, n_parts, SE_SEED_PARTS_MAX, err));
    OM_TRY(check_key_range(offset, n, err));
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

om_rc se_prf_head_and_key(struct se_key *key, const struct se_part *parts, size_t n_parts, void *head,
                          size_t head_len, size_t n, struct se_key **out, struct om_error *err)
{
    struct se_key *derived = NULL;
    *out = NULL;
    OM_TRY(se_key_check_open(key, err));
    OM_TRY(se_parts_check(parts, n_parts, SE_SEED_PARTS_MAX, err));
    OM_TRY(check_key_range(head_len, n, err));
    if (head_len < 1 || head_len > SE_KEY_MAX)
        return om_fail(err, OM_EINPUT, "%zu octets before a key of the PRF are out of range", head_len);
    if (key->se->plugin->prf_key == NULL || key->se->no_prf_key)
        return split_in_host(key, parts, n_parts, head, head_len, n, out, err);
    OM_TRY(se_prf_key(key, parts, n_parts, head_len, n, &derived, err));
    om_rc rc = se_prf(key, parts, n_parts, head, head_len, err);
    if (rc == OM_OK)
        *out = derived;
    else
        se_key_unref(derived);
    return rc;
}
