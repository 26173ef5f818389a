/* Builds a JSON tree from events, with a stack of open arrays and maps of fixed depth: nothing is recursive,
 * and no length that a peer claims is ever allocated. Internal to this module. */
#ifndef OPENMAF_ONEM2M_TREE_BUILDER_H
#define OPENMAF_ONEM2M_TREE_BUILDER_H

#include "onem2m/primitive.h"

/* An array or map that is still open. */
struct tree_level {
    json_t *container; /* owned by the one around it, at last by the root */
    bool is_map, indefinite;
    uint64_t left;   /* elements or pairs to come, when definite */
    const char *key; /* read, its value still to come; not NUL-terminated */
    size_t key_len;
};

/* Zero-initialise. */
struct tree_builder {
    json_t *root; /* owned; NULL before the first event */
    struct tree_level stack[M2M_JSON_DEPTH];
    size_t depth; /* 0 with a root: complete */
    size_t items, max_items;
    const char *why; /* what is wrong, a static text; NULL: nothing. Events after it are ignored */
    om_rc rc;
};

/* Records what is wrong, unless something was before. */
void tree_bad(struct tree_builder *b, om_rc rc, const char *why);

/* May something other than a text come here? Counts it. */
bool tree_expects_value(struct tree_builder *b);

/* A value without parts, taken over; NULL means memory was short. To be called after tree_expects_value. */
void tree_value(struct tree_builder *b, json_t *v);

/* A text: a name in a map, or a value. A name must stay where it is until its value has come. */
void tree_text(struct tree_builder *b, const char *s, size_t n);

/* An array or map of n elements or pairs, or of indefinite length. To be called after tree_expects_value. */
void tree_open(struct tree_builder *b, bool is_map, bool indefinite, uint64_t n);
void tree_close(struct tree_builder *b); /* of one of indefinite length */

#endif
