/* The forms of a key that comes in: see se.h. Here they are made of octets in host memory, which is the only
 * way on a token with HMAC only; forms_inside.c has the other. */
#include "se/internal.h"
#include "se/p_sha256.h"

#include <string.h>

#define FORMS_ALL  ((unsigned)(SE_FORM_KEY | SE_FORM_PSK | SE_FORM_PSK13 | SE_FORM_HALVES))
#define PRF_MIN    32
#define HALF_OF(n) ((n) / 2)

static om_rc check_wanted(unsigned wanted, size_t n, struct om_error *err)
{
    if ((wanted & ~(FORMS_ALL | (unsigned)SE_FORM_PSK_OF_HALF)) != 0 || (wanted & FORMS_ALL) == 0)
        return om_fail(err, OM_EINTERNAL, "no such forms of a key: %x", wanted);
    if ((wanted & (SE_FORM_HALVES | SE_FORM_PSK_OF_HALF)) != 0 && n % 2 != 0)
        return om_fail(err, OM_EINPUT, "a key of %zu octets has no halves", n);
    return OM_OK;
}

static om_rc import(struct se *se, const uint8_t *octets, size_t n, unsigned wanted, struct se_forms *out,
                    struct om_error *err)
{
    size_t half = HALF_OF(n);
    size_t psk_len = (wanted & SE_FORM_PSK_OF_HALF) != 0 ? half : n;
    if ((wanted & SE_FORM_KEY) != 0)
        OM_TRY(se_import(se, SE_USE_HMAC, octets, n, &out->key, err));
    if ((wanted & SE_FORM_PSK) != 0)
        OM_TRY(se_import_psk(se, octets, psk_len, &out->psk, err));
    if ((wanted & SE_FORM_PSK13) != 0)
        OM_TRY(se_import_psk13(se, octets, psk_len, &out->psk13, err));
    for (size_t i = 0; i < 2 && (wanted & SE_FORM_HALVES) != 0; i++)
        OM_TRY(se_import(se, SE_USE_HMAC, octets + i * half, half, &out->half[i], err));
    return OM_OK;
}

om_rc se_import_forms(struct se *se, const void *octets, size_t n, unsigned wanted, struct se_forms *out,
                      struct om_error *err)
{
    memset(out, 0, sizeof *out);
    OM_TRY(check_wanted(wanted, n, err));
    om_rc rc = import(se, octets, n, wanted, out, err);
    if (rc != OM_OK)
        memset(out, 0, sizeof *out);
    return rc;
}

/* As se_p_sha256 calls it. */
static om_rc hmac(void *arg, const struct se_part *parts, size_t n_parts, uint8_t out[SE_MAC_SIZE],
                  struct om_error *err)
{
    return se_hmac(arg, parts, n_parts, out, err);
}

/* The octets cross host memory once, here. */
static om_rc through_host(struct se_key *key, const struct se_part *parts, size_t n_parts, size_t offset,
                          size_t n, unsigned wanted, struct se_forms *out, struct om_error *err)
{
    uint8_t octets[SE_KEY_MAX];
    om_rc rc = se_p_sha256(hmac, key, parts, n_parts, offset, octets, n, err);
    if (rc == OM_OK)
        rc = import(key->se, octets, n, wanted, out, err);
    om_wipe(octets, sizeof octets);
    return rc;
}

/* Whether the token makes the key itself; then what it can make of it is made, and leaves *wanted. */
static om_rc inside(struct se_key *key, const struct se_part *parts, size_t n_parts, size_t offset, size_t n,
                    unsigned *wanted, struct se_forms *out, struct om_error *err)
{
    struct se_key *made = NULL;
    if (key->se->plugin->prf_key == NULL || key->se->no_prf_key)
        return OM_OK;
    OM_TRY(se_prf_key(key, parts, n_parts, offset, n, &made, err));
    om_rc rc = OM_OK;
    if (!key->se->no_prf_key) /* else that was the answer, and the key came through the host */
        rc = se_forms_inside(made, wanted, out, err);
    se_key_unref(made);
    return rc;
}

om_rc se_prf_forms(struct se_key *key, const struct se_part *parts, size_t n_parts, size_t offset, size_t n,
                   unsigned wanted, struct se_forms *out, struct om_error *err)
{
    memset(out, 0, sizeof *out);
    OM_TRY(se_key_check_open(key, err));
    OM_TRY(se_parts_check(parts, n_parts, SE_SEED_PARTS_MAX, err));
    OM_TRY(check_wanted(wanted, n, err));
    if (n < PRF_MIN || n > SE_KEY_MAX || n % 8 != 0 || offset > SE_PRF_KEY_REACH - n)
        return om_fail(err, OM_EINPUT, "a key of %zu octets at %zu of the PRF is out of range", n, offset);
    om_rc rc = inside(key, parts, n_parts, offset, n, &wanted, out, err);
    if (rc == OM_OK && (wanted & FORMS_ALL) != 0)
        rc = through_host(key, parts, n_parts, offset, n, wanted, out, err);
    if (rc != OM_OK)
        memset(out, 0, sizeof *out);
    return rc;
}
