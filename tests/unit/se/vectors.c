/* See vectors.h. */
#include "vectors.h"
#include "util/text.h"

static json_t *vectors;

const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    if (text == NULL)
        fail_msg("vectors.json has no text \"%s\" where it is looked for", name);
    return text;
}

struct octets hex_at(const json_t *object, const char *name)
{
    struct octets o;
    const char *hex = text_at(object, name);
    SUCCEEDS(om_hex_decode(hex, strlen(hex), o.p, sizeof o.p, &o.n, ERR));
    return o;
}

const json_t *section(const char *name)
{
    const json_t *s = json_object_get(vectors, name);
    if (s == NULL)
        fail_msg("vectors.json has no section \"%s\"", name);
    return s;
}

struct se_part text_part(const char *text)
{
    return (struct se_part){text, strlen(text)};
}

struct se_part octets_part(const struct octets *o)
{
    return (struct se_part){o->p, o->n};
}

int vectors_setup(void **state)
{
    json_error_t e;
    vectors = json_load_file(OPENMAF_TEST_VECTORS, JSON_REJECT_DUPLICATES, &e);
    if (vectors == NULL) {
        print_error("%s:%d: %s\n", OPENMAF_TEST_VECTORS, e.line, e.text);
        return -1;
    }
    return fixture_setup(state);
}

int vectors_teardown(void **state)
{
    json_decref(vectors);
    return fixture_teardown(state);
}
