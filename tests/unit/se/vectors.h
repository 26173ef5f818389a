/* The specification's known answers (tests/vectors/vectors.json), for tests that compute them in a token. A
 * name that is not in the file fails the test. */
#ifndef OPENMAF_TESTS_SE_VECTORS_H
#define OPENMAF_TESTS_SE_VECTORS_H

#include "fixture.h"

#include <jansson.h>

struct octets {
    uint8_t p[512];
    size_t n;
};

/* Group setup and teardown: fixture.h's, and the file. */
int vectors_setup(void **state);
int vectors_teardown(void **state);

const json_t *section(const char *name);
const char *text_at(const json_t *object, const char *name);
struct octets hex_at(const json_t *object, const char *name);

struct se_part text_part(const char *text);
struct se_part octets_part(const struct octets *o);

#endif
