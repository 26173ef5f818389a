/* Lists of texts as one column: u16 count, then each text as u16 length and octets. One list has one form, so
 * the row's HMAC covers number, order and content. */
#include "store/internal.h"

#include <string.h>

om_rc store_list_encode(struct om_writer *w, const struct m2m_list *list, struct store_value *out,
                        struct om_error *err)
{
    const uint8_t *start = w->p + w->len;
    size_t before = w->len;
    if (list->n > M2M_TARGETS_MAX)
        return om_fail(err, OM_EINPUT, "a list of %zu texts is longer than the %d allowed", list->n,
                       M2M_TARGETS_MAX);
    om_write_u16(w, (uint16_t)list->n);
    for (size_t i = 0; i < list->n; i++) {
        size_t n = strlen(list->items[i]);
        if (n > M2M_ID_MAX)
            return om_fail(err, OM_EINPUT, "a text of %zu octets is longer than the %d allowed", n,
                           M2M_ID_MAX);
        om_write_vector16(w, list->items[i], n);
    }
    if (!om_writer_ok(w))
        return om_fail(err, OM_EINPUT, "the lists are too long for a row");
    *out = store_blob(start, w->len - before);
    return OM_OK;
}

static om_rc read_item(struct om_reader *r, struct m2m_list *out, struct om_error *err)
{
    char text[M2M_ID_SIZE];
    size_t n;
    const uint8_t *p = om_read_vector16(r, &n);
    if (p == NULL || n >= sizeof text || memchr(p, 0, n) != NULL)
        return om_fail(err, OM_EINTEGRITY, "a list column is malformed");
    memcpy(text, p, n);
    text[n] = '\0';
    return m2m_list_add(out, text, err);
}

om_rc store_list_decode(const struct store_value *v, struct m2m_list *out, struct om_error *err)
{
    struct om_reader r;
    om_reader_init(&r, v->p, v->n);
    size_t n = om_read_u16(&r);
    om_rc rc = OM_OK;
    for (size_t i = 0; i < n && rc == OM_OK; i++)
        rc = read_item(&r, out, err);
    if (rc == OM_OK && !om_reader_done(&r))
        rc = om_fail(err, OM_EINTEGRITY, "a list column is malformed");
    if (rc != OM_OK)
        m2m_list_free(out);
    return rc;
}

bool store_list_has(const void *octets, size_t n, const char *text)
{
    struct om_reader r;
    size_t len = strlen(text), item = 0;
    om_reader_init(&r, octets, n);
    for (size_t left = om_read_u16(&r); left > 0; left--) {
        const uint8_t *p = om_read_vector16(&r, &item);
        if (p == NULL)
            return false;
        if (item == len && memcmp(p, text, len) == 0)
            return true;
    }
    return false;
}
