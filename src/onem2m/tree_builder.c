/* A JSON tree from events: see tree_builder.h. */
#include "onem2m/tree_builder.h"

#include <string.h>
#include <unistr.h>

void tree_bad(struct tree_builder *b, om_rc rc, const char *why)
{
    if (b->why != NULL)
        return;
    b->why = why;
    b->rc = rc;
}

static struct tree_level *top(struct tree_builder *b)
{
    return b->depth > 0 ? &b->stack[b->depth - 1] : NULL;
}

static bool wants_name(struct tree_builder *b)
{
    const struct tree_level *l = top(b);
    return l != NULL && l->is_map && l->key == NULL;
}

/* Leaves what is complete. */
static void settle(struct tree_builder *b)
{
    while (b->depth > 0 && !top(b)->indefinite && top(b)->left == 0)
        b->depth--;
}

/* Puts a new value where it belongs. */
static bool place(struct tree_builder *b, json_t *v)
{
    struct tree_level *l = top(b);
    int failed = v == NULL;
    if (failed == 0 && l == NULL)
        b->root = v;
    else if (failed == 0 && l->is_map)
        failed = json_object_setn_new_nocheck(l->container, l->key, l->key_len, v);
    else if (failed == 0)
        failed = json_array_append_new(l->container, v);
    if (failed != 0) {
        tree_bad(b, OM_ENOMEM, "no memory for it");
        return false;
    }
    if (l != NULL) {
        l->key = NULL;
        l->left -= l->indefinite ? 0 : 1;
    }
    return true;
}

bool tree_expects_value(struct tree_builder *b)
{
    if (wants_name(b))
        tree_bad(b, OM_EINPUT, "a name that is no text");
    else if (++b->items > b->max_items)
        tree_bad(b, OM_EINPUT, "too many items");
    return b->why == NULL;
}

void tree_value(struct tree_builder *b, json_t *v)
{
    if (b->depth == 0)
        tree_bad(b, OM_EINPUT, "a map or an array is expected");
    if (b->why != NULL)
        json_decref(v);
    else if (place(b, v))
        settle(b);
}

static void take_name(struct tree_builder *b, const char *s, size_t n)
{
    struct tree_level *l = top(b);
    if (json_object_getn(l->container, s, n) != NULL) {
        tree_bad(b, OM_EINPUT, "a name is given twice");
        return;
    }
    l->key = s;
    l->key_len = n;
}

void tree_text(struct tree_builder *b, const char *s, size_t n)
{
    if (memchr(s, '\0', n) != NULL)
        tree_bad(b, OM_EINPUT, "a NUL in a text");
    else if (u8_check((const uint8_t *)s, n) != NULL)
        tree_bad(b, OM_EINPUT, "not UTF-8");
    else if (wants_name(b))
        take_name(b, s, n);
    else if (tree_expects_value(b))
        tree_value(b, json_stringn_nocheck(s, n));
}

void tree_open(struct tree_builder *b, bool is_map, bool indefinite, uint64_t n)
{
    if (b->depth == M2M_JSON_DEPTH) {
        tree_bad(b, OM_EINPUT, "nested too deep");
        return;
    }
    json_t *container = is_map ? json_object() : json_array();
    if (!place(b, container))
        return;
    b->stack[b->depth++] = (struct tree_level){
        .container = container, .is_map = is_map, .indefinite = indefinite, .left = indefinite ? 0 : n};
    settle(b);
}

void tree_close(struct tree_builder *b)
{
    const struct tree_level *l = top(b);
    if (l == NULL || !l->indefinite || l->key != NULL) {
        tree_bad(b, OM_EINPUT, "an end where none belongs");
        return;
    }
    b->depth--;
    settle(b);
}
