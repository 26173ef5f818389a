/* The table of keys: see handles.h. */
#include "tpm/handles.h"

#include <stdlib.h>

#define PLACES_MAX (UINT32_MAX / 2)

static om_rc grow(struct tpm_handles *h, struct om_error *err)
{
    size_t n = h->n == 0 ? 16 : 2 * h->n;
    struct tpm_place *places = n <= PLACES_MAX ? reallocarray(h->places, n, sizeof *places) : NULL;
    if (places == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for %zu keys", n);
    for (size_t i = h->n; i < n; i++)
        places[i] = (struct tpm_place){.next_free = i + 1 < n ? (uint32_t)i + 2 : h->first_free};
    h->first_free = (uint32_t)h->n + 1;
    h->places = places;
    h->n = n;
    return OM_OK;
}

static void key_free(struct tpm_key *key)
{
    free(key->sealed);
    free(key);
}

om_rc tpm_handles_add(struct tpm_handles *h, struct tpm_key *key, se_handle *out, struct om_error *err)
{
    om_rc rc = h->first_free == 0 ? grow(h, err) : OM_OK;
    if (rc != OM_OK) {
        key_free(key);
        return rc;
    }
    uint32_t at = h->first_free;
    struct tpm_place *place = &h->places[at - 1];
    h->first_free = place->next_free;
    place->key = key;
    place->serial++;
    *out = (se_handle)place->serial << 32 | at;
    return OM_OK;
}

static struct tpm_place *find(const struct tpm_handles *h, se_handle handle)
{
    size_t at = (size_t)(handle & UINT32_MAX);
    if (at == 0 || at > h->n)
        return NULL;
    struct tpm_place *place = &h->places[at - 1];
    return place->key != NULL && place->serial == handle >> 32 ? place : NULL;
}

om_rc tpm_handles_get(const struct tpm_handles *h, se_handle handle, const struct tpm_key **out,
                      struct om_error *err)
{
    const struct tpm_place *place = find(h, handle);
    if (place == NULL)
        return om_fail(err, OM_EINTERNAL, "no loaded key has this handle");
    *out = place->key;
    return OM_OK;
}

void tpm_handles_remove(struct tpm_handles *h, se_handle handle)
{
    struct tpm_place *place = find(h, handle);
    if (place == NULL)
        return;
    key_free(place->key);
    place->key = NULL;
    place->next_free = h->first_free;
    h->first_free = (uint32_t)(place - h->places) + 1;
}

void tpm_handles_free(struct tpm_handles *h)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->places[i].key != NULL)
            key_free(h->places[i].key);
    free(h->places);
    *h = (struct tpm_handles){0};
}
