/* The table of loaded keys: see handles.h. */
#include "hsm/handles.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MAX UINT32_MAX

static om_rc grow(struct hsm_handles *h, struct om_error *err)
{
    size_t n = h->n == 0 ? 64 : 2 * h->n;
    struct hsm_key *slots = n <= SLOTS_MAX ? reallocarray(h->slots, n, sizeof *slots) : NULL;
    if (slots == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for %zu loaded keys", n);
    for (size_t i = h->n; i < n; i++)
        slots[i] = (struct hsm_key){.object = i + 1 < n ? i + 2 : h->first_free};
    h->first_free = h->n + 1;
    h->slots = slots;
    h->n = n;
    return OM_OK;
}

om_rc hsm_handles_add(struct hsm_handles *h, CK_OBJECT_HANDLE object, size_t len, bool fresh, se_handle *out,
                      struct om_error *err)
{
    if (h->first_free == 0)
        OM_TRY(grow(h, err));
    size_t i = h->first_free - 1;
    struct hsm_key *key = &h->slots[i];
    h->first_free = key->object;
    *key = (struct hsm_key){
        .object = object,
        .serial = key->serial + 1,
        .epoch = h->epoch,
        .len = (uint8_t)len,
        .used = true,
        .fresh = fresh,
    };
    *out = (se_handle)key->serial << 32 | (se_handle)(i + 1);
    return OM_OK;
}

static struct hsm_key *find(const struct hsm_handles *h, se_handle handle)
{
    size_t i = (size_t)(handle & UINT32_MAX);
    if (i == 0 || i > h->n)
        return NULL;
    struct hsm_key *key = &h->slots[i - 1];
    return key->used && key->serial == handle >> 32 ? key : NULL;
}

om_rc hsm_handles_get(const struct hsm_handles *h, se_handle handle, const struct hsm_key **out,
                      struct om_error *err)
{
    const struct hsm_key *key = find(h, handle);
    if (key == NULL)
        return om_fail(err, OM_EINTERNAL, "no loaded key has this handle");
    if (key->epoch != h->epoch)
        return om_fail(err, OM_ETRANSIENT, "the key was lost with the token session");
    *out = key;
    return OM_OK;
}

void hsm_handles_keep_blob(struct hsm_handles *h, se_handle handle, const uint8_t *blob, size_t n)
{
    struct hsm_key *key = find(h, handle);
    if (key == NULL || n > sizeof key->blob)
        return;
    memcpy(key->blob, blob, n);
    key->blob_len = (uint8_t)n;
}

const struct hsm_key *hsm_handles_dead(const struct hsm_handles *h, se_handle handle)
{
    const struct hsm_key *key = find(h, handle);
    return key != NULL && key->epoch != h->epoch && key->blob_len > 0 ? key : NULL;
}

void hsm_handles_revive(struct hsm_handles *h, se_handle handle, CK_OBJECT_HANDLE object)
{
    struct hsm_key *key = find(h, handle);
    if (key == NULL)
        return;
    key->object = object;
    key->epoch = h->epoch;
}

CK_OBJECT_HANDLE hsm_handles_remove(struct hsm_handles *h, se_handle handle)
{
    struct hsm_key *key = find(h, handle);
    if (key == NULL)
        return CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE object = key->epoch == h->epoch ? key->object : CK_INVALID_HANDLE;
    key->used = false;
    key->object = h->first_free;
    h->first_free = (size_t)(key - h->slots) + 1;
    return object;
}

void hsm_handles_invalidate(struct hsm_handles *h)
{
    h->epoch++;
}

void hsm_handles_free(struct hsm_handles *h)
{
    free(h->slots);
    *h = (struct hsm_handles){0};
}
