/* Column values: made from record members, and taken back with their bounds checked. A verified row is one
 * that we wrote, yet the checks stay: they cost nothing and no buffer depends on an HMAC. */
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

struct store_value store_text(const char *text)
{
    return (struct store_value){.p = text, .n = strlen(text)};
}

struct store_value store_integer(int64_t i)
{
    return (struct store_value){.i = i};
}

struct store_value store_blob(const void *p, size_t n)
{
    return (struct store_value){.p = p, .n = n};
}

static bool is_text_below(const struct store_value *v, size_t cap)
{
    return v->n < cap && (v->n == 0 || memchr(v->p, 0, v->n) == NULL);
}

om_rc store_take_text(const struct store_value *v, char *out, size_t cap, struct om_error *err)
{
    if (!is_text_below(v, cap))
        return om_fail(err, OM_EINTEGRITY, "a text column is malformed");
    if (v->n > 0)
        memcpy(out, v->p, v->n);
    out[v->n] = '\0';
    return OM_OK;
}

om_rc store_take_text_copy(const struct store_value *v, char **out, struct om_error *err)
{
    if (!is_text_below(v, STORE_ROW_MAX))
        return om_fail(err, OM_EINTEGRITY, "a text column is malformed");
    *out = malloc(v->n + 1);
    if (*out == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a text of %zu octets", v->n);
    return store_take_text(v, *out, v->n + 1, err);
}

om_rc store_take_blob(const struct store_value *v, struct se_blob *out, struct om_error *err)
{
    if (v->n > sizeof out->octets)
        return om_fail(err, OM_EINTEGRITY, "a wrapped key is too long");
    out->len = v->n;
    if (v->n > 0)
        memcpy(out->octets, v->p, v->n);
    return OM_OK;
}

om_rc store_take_range(const struct store_value *v, int64_t low, int64_t high, int64_t *out,
                       struct om_error *err)
{
    if (v->i < low || v->i > high)
        return om_fail(err, OM_EINTEGRITY, "an integer column is out of range");
    *out = v->i;
    return OM_OK;
}
