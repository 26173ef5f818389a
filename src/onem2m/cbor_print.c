/* A tree to CBOR: see cbor.h. Measures, then writes straight into wiped memory, so that no other copy of a
 * Key Value comes about. */
#include "onem2m/cbor.h"

#include "onem2m/primitive.h"

#include <cbor.h>
#include <float.h>
#include <string.h>

struct output {
    uint8_t *p; /* NULL: only measure */
    size_t cap, len;
    bool failed;
};

static void put(struct output *o, const void *octets, size_t n)
{
    if (o->p != NULL && n <= o->cap - o->len)
        memcpy(o->p + o->len, octets, n);
    else if (o->p != NULL)
        o->failed = true;
    o->len += n;
}

#define HEAD 9 /* octets of the longest head of an item */

static void put_text(struct output *o, const char *s, size_t n)
{
    uint8_t head[HEAD];
    put(o, head, cbor_encode_string_start(n, head, sizeof head));
    put(o, s, n);
}

static void put_integer(struct output *o, json_int_t v)
{
    uint8_t head[HEAD];
    put(o, head,
        v >= 0 ? cbor_encode_uint((uint64_t)v, head, sizeof head)
               : cbor_encode_negint((uint64_t)(-1 - v), head, sizeof head));
}

static void put_real(struct output *o, double v)
{
    uint8_t head[HEAD];
    bool narrow = v >= -(double)FLT_MAX && v <= (double)FLT_MAX && (double)(float)v == v;
    put(o, head,
        narrow ? cbor_encode_single((float)v, head, sizeof head) : cbor_encode_double(v, head, sizeof head));
}

static void put_value(struct output *o, const json_t *v, size_t depth);

static void put_array(struct output *o, const json_t *array, size_t depth)
{
    uint8_t head[HEAD];
    size_t n = json_array_size(array);
    put(o, head, cbor_encode_array_start(n, head, sizeof head));
    for (size_t i = 0; i < n; i++)
        put_value(o, json_array_get(array, i), depth);
}

static void put_object(struct output *o, const json_t *object, size_t depth)
{
    uint8_t head[HEAD];
    const char *name;
    size_t name_len;
    json_t *v;
    put(o, head, cbor_encode_map_start(json_object_size(object), head, sizeof head));
    json_object_keylen_foreach((json_t *)object, name, name_len, v)
    {
        put_text(o, name, name_len);
        put_value(o, v, depth);
    }
}

static void put_value(struct output *o, const json_t *v, size_t depth)
{
    uint8_t head[HEAD];
    if (v == NULL || depth > M2M_JSON_DEPTH) {
        o->failed = true;
        return;
    }
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        put_object(o, v, depth + 1);
        break;
    case JSON_ARRAY:
        put_array(o, v, depth + 1);
        break;
    case JSON_STRING:
        put_text(o, json_string_value(v), json_string_length(v));
        break;
    case JSON_INTEGER:
        put_integer(o, json_integer_value(v));
        break;
    case JSON_REAL:
        put_real(o, json_real_value(v));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        put(o, head, cbor_encode_bool(json_is_true(v), head, sizeof head));
        break;
    case JSON_NULL:
        put(o, head, cbor_encode_null(head, sizeof head));
        break;
    }
}

om_rc m2m_cbor_print(const json_t *tree, struct om_secret *out, struct om_error *err)
{
    struct output measure = {0};
    put_value(&measure, tree, 0);
    if (measure.failed)
        return om_fail(err, OM_EINTERNAL, "a tree cannot be written in CBOR");
    OM_TRY(om_secret_alloc(out, measure.len, err));
    struct output o = {.p = out->octets, .cap = out->len};
    put_value(&o, tree, 0);
    if (!o.failed && o.len == out->len)
        return OM_OK;
    om_secret_free(out);
    return om_fail(err, OM_EINTERNAL, "a tree changed while it was written");
}
