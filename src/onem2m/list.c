/* Lists of texts, and what a label or any other text may hold: see types.h. */
#include "onem2m/types.h"

#include <stdlib.h>
#include <string.h>
#include <unistr.h>

om_rc m2m_list_add(struct m2m_list *list, const char *item, struct om_error *err)
{
    /* Room doubles whenever it is used up, that is when n is 0 or a power of two. */
    if ((list->n & (list->n - 1)) == 0) {
        size_t room = list->n == 0 ? 1 : 2 * list->n;
        char **items = reallocarray(list->items, room, sizeof *items);
        if (items == NULL)
            return om_fail(err, OM_ENOMEM, "no memory for a list of %zu", room);
        list->items = items;
    }
    char *copy = strdup(item);
    if (copy == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for an item of a list");
    list->items[list->n++] = copy;
    return OM_OK;
}

om_rc m2m_list_copy(struct m2m_list *dst, const struct m2m_list *src, struct om_error *err)
{
    struct m2m_list fresh = M2M_LIST_INIT;
    for (size_t i = 0; i < src->n; i++) {
        om_rc rc = m2m_list_add(&fresh, src->items[i], err);
        if (rc != OM_OK) {
            m2m_list_free(&fresh);
            return rc;
        }
    }
    m2m_list_free(dst);
    *dst = fresh;
    return OM_OK;
}

void m2m_list_free(struct m2m_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct m2m_list)M2M_LIST_INIT;
}

bool m2m_list_has(const struct m2m_list *list, const char *item)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i], item) == 0)
            return true;
    return false;
}

bool m2m_list_equal(const struct m2m_list *a, const struct m2m_list *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return true;
}

bool m2m_is_plain_text(const char *s, size_t max)
{
    size_t n = strnlen(s, max + 1);
    if (n == 0 || n > max || u8_check((const uint8_t *)s, n) != NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)s[i];
        if (c < 0x20 || c == 0x7f)
            return false;
        if (c == 0xc2 && (uint8_t)s[i + 1] < 0xa0) /* C1 controls, U+0080..U+009F */
            return false;
    }
    return true;
}

bool m2m_is_label(const char *s)
{
    if (!m2m_is_plain_text(s, M2M_LABEL_MAX) || strchr(s, ' ') != NULL)
        return false;
    const char *colon = strchr(s, ':');
    return colon == NULL || (colon != s && colon[1] != '\0'); /* neither key nor value may be empty */
}
