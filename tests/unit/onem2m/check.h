/* What the tests of src/onem2m share: JSON that is written with single quotes, and readable table failures.
 */
#ifndef OPENMAF_TESTS_ONEM2M_CHECK_H
#define OPENMAF_TESTS_ONEM2M_CHECK_H

/* cmocka.h wants these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* The tree of a JSON text whose quotes are written '. */
static inline json_t *tree_of(const char *text)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    for (char *c = copy; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    json_error_t e;
    json_t *tree = json_loads(copy, JSON_DECODE_ANY, &e);
    if (tree == NULL)
        fail_msg("the test's own JSON is bad: %s: %s", e.text, copy);
    free(copy);
    return tree;
}

/* Fails unless tree equals the JSON text. */
static inline void assert_tree(const json_t *tree, const char *text)
{
    json_t *wanted = tree_of(text);
    if (!json_equal(tree, wanted)) {
        char *got = json_dumps(tree, JSON_COMPACT | JSON_ENCODE_ANY);
        fail_msg("got %s, wanted %s", got == NULL ? "nothing" : got, text);
    }
    json_decref(wanted);
}

#endif
