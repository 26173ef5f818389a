/* Self-wiping memory: see secret.h. */
#include "util/secret.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void om_wipe(void *p, size_t n)
{
    if (p != NULL)
        explicit_bzero(p, n);
}

om_rc om_secret_alloc(struct om_secret *s, size_t n, struct om_error *err)
{
    om_secret_free(s);
    if (n == 0)
        return OM_OK;
    if (n > OM_SECRET_MAX)
        return om_fail(err, OM_EINPUT, "a secret of %zu octets is too long", n);
    s->octets = calloc(1, n);
    if (s->octets == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a secret of %zu octets", n);
    s->len = n;
    return OM_OK;
}

om_rc om_secret_set(struct om_secret *s, const void *p, size_t n, struct om_error *err)
{
    struct om_secret fresh = OM_SECRET_INIT;
    OM_TRY(om_secret_alloc(&fresh, n, err));
    if (fresh.octets != NULL)
        memcpy(fresh.octets, p, n);
    om_secret_free(s);
    *s = fresh;
    return OM_OK;
}

void om_secret_free(struct om_secret *s)
{
    if (s->octets != NULL) {
        om_wipe(s->octets, s->len);
        free(s->octets);
    }
    s->octets = NULL;
    s->len = 0;
}

bool om_equal_ct(const void *a, const void *b, size_t n)
{
    const volatile uint8_t *x = a;
    const volatile uint8_t *y = b;
    uint8_t diff = 0;
    for (size_t i = 0; i < n; i++)
        diff = (uint8_t)(diff | (x[i] ^ y[i]));
    return diff == 0;
}

void *om_wiping_malloc(size_t n)
{
    return malloc(n);
}

void *om_wiping_realloc(void *p, size_t n)
{
    if (p == NULL)
        return malloc(n);
    if (n == 0) {
        om_wiping_free(p);
        return NULL;
    }
    size_t old = malloc_usable_size(p);
    if (n <= old && n >= old / 2) {
        om_wipe((uint8_t *)p + n, old - n);
        return p;
    }
    void *q = malloc(n);
    if (q == NULL)
        return NULL;
    memcpy(q, p, old < n ? old : n);
    om_wiping_free(p);
    return q;
}

void om_wiping_free(void *p)
{
    if (p == NULL)
        return;
    om_wipe(p, malloc_usable_size(p));
    free(p);
}
