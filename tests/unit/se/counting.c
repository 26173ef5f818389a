/* See counting.h. */
#include "counting.h"
#include "se/internal.h"

static const struct se_plugin *inner;
static struct se_plugin counting;
struct counts counts;

static om_rc count_hmac(struct se_token *tok, se_handle key, const struct se_part *parts, size_t n_parts,
                        uint8_t out[SE_MAC_SIZE], struct om_error *err)
{
    counts.hmac++;
    return inner->hmac(tok, key, parts, n_parts, out, err);
}

static om_rc count_prf(struct se_token *tok, se_handle key, const struct se_part *parts, size_t n_parts,
                       uint8_t *out, size_t n, struct om_error *err)
{
    counts.prf++;
    return inner->prf(tok, key, parts, n_parts, out, n, err);
}

static om_rc count_prf_key(struct se_token *tok, se_handle key, const struct se_part *parts, size_t n_parts,
                           size_t offset, size_t n, se_handle *out, struct om_error *err)
{
    counts.prf_key++;
    om_rc rc = inner->prf_key(tok, key, parts, n_parts, offset, n, out, err);
    counts.live += rc == OM_OK ? 1 : 0;
    return rc;
}

static om_rc count_step(struct se_token *tok, se_handle key, const struct se_step *step, se_handle *out,
                        struct om_error *err)
{
    counts.step++;
    om_rc rc = inner->key_step(tok, key, step, out, err);
    counts.live += rc == OM_OK ? 1 : 0;
    return rc;
}

static om_rc count_mint(struct se_token *tok, const uint8_t *octets, size_t n, se_handle *out,
                        struct om_error *err)
{
    counts.mint++;
    om_rc rc = inner->key_mint(tok, octets, n, out, err);
    counts.live += rc == OM_OK ? 1 : 0;
    return rc;
}

static om_rc count_generate(struct se_token *tok, size_t n, se_handle *out, struct om_error *err)
{
    om_rc rc = inner->key_generate(tok, n, out, err);
    counts.live += rc == OM_OK ? 1 : 0;
    return rc;
}

static om_rc count_load(struct se_token *tok, const uint8_t *blob, size_t blob_len, size_t key_len,
                        se_handle *out, struct om_error *err)
{
    counts.load++;
    if (counts.room > 0 && counts.live >= counts.room)
        return om_fail(err, OM_ENOMEM, "the token is full");
    om_rc rc = inner->key_load(tok, blob, blob_len, key_len, out, err);
    counts.live += rc == OM_OK ? 1 : 0;
    return rc;
}

static om_rc count_row_mac(struct se_token *tok, const struct se_part *parts, size_t n_parts,
                           uint8_t out[SE_MAC_SIZE], struct om_error *err)
{
    counts.row_mac++;
    return inner->row_mac(tok, parts, n_parts, out, err);
}

static void count_free(struct se_token *tok, se_handle key)
{
    counts.live--;
    inner->key_free(tok, key);
}

void counting_install(struct se *se)
{
    if (se->plugin != &counting)
        inner = se->plugin;
    counting = *inner;
    counting.hmac = count_hmac;
    counting.prf = inner->prf != NULL ? count_prf : NULL;
    counting.prf_key = inner->prf_key != NULL ? count_prf_key : NULL;
    counting.key_step = inner->key_step != NULL ? count_step : NULL;
    counting.key_mint = count_mint;
    counting.key_generate = count_generate;
    counting.key_load = count_load;
    counting.key_free = count_free;
    counting.row_mac = count_row_mac;
    se->plugin = &counting;
    counts = (struct counts){0};
}
