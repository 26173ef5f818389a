/* CBOR to a tree: see cbor.h. libcbor reads the octets item by item; the builder puts the tree together.
 * Errors give a position, never a piece of the input: it may be a key. */
#include "onem2m/cbor.h"

#include "onem2m/tree_builder.h"

#include <cbor.h>
#include <math.h>
#include <string.h>
#include <unistr.h>

enum chunks { NO_CHUNKS, TEXT_CHUNKS, OCTET_CHUNKS };

struct decoder {
    struct tree_builder tree;
    enum chunks chunks; /* of a string of indefinite length that is being read */
    /* The chunks of all such strings one behind the other, so that names stay in place. Their sum is less
     * than the input, so that is allocated once. */
    struct om_secret gathered;
    size_t gathered_len, chunks_start;
    size_t input_len;
};

static void bad(struct decoder *d, const char *why)
{
    tree_bad(&d->tree, OM_EINPUT, why);
}

/* May a value that is no text stand here? */
static bool expected(struct decoder *d)
{
    if (d->chunks != NO_CHUNKS)
        bad(d, "a string holds something else than its chunks");
    return tree_expects_value(&d->tree);
}

static void integer(struct decoder *d, uint64_t v, bool negative)
{
    if (!expected(d))
        return;
    if (v > INT64_MAX)
        bad(d, "a number is out of range");
    else
        tree_value(&d->tree, json_integer(negative ? -1 - (json_int_t)v : (json_int_t)v));
}

static void real(struct decoder *d, double v)
{
    if (!expected(d))
        return;
    if (!isfinite(v))
        bad(d, "a number is out of range");
    else
        tree_value(&d->tree, json_real(v));
}

static void on_uint8(void *d, uint8_t v)
{
    integer(d, v, false);
}

static void on_uint16(void *d, uint16_t v)
{
    integer(d, v, false);
}

static void on_uint32(void *d, uint32_t v)
{
    integer(d, v, false);
}

static void on_uint64(void *d, uint64_t v)
{
    integer(d, v, false);
}

static void on_negint8(void *d, uint8_t v)
{
    integer(d, v, true);
}

static void on_negint16(void *d, uint16_t v)
{
    integer(d, v, true);
}

static void on_negint32(void *d, uint32_t v)
{
    integer(d, v, true);
}

static void on_negint64(void *d, uint64_t v)
{
    integer(d, v, true);
}

static void on_float(void *d, float v)
{
    real(d, (double)v);
}

static void on_double(void *d, double v)
{
    real(d, v);
}

static void on_boolean(void *arg, bool v)
{
    struct decoder *d = arg;
    if (expected(d))
        tree_value(&d->tree, json_boolean(v));
}

static void on_null(void *arg)
{
    struct decoder *d = arg;
    if (expected(d))
        tree_value(&d->tree, json_null());
}

static void on_undefined(void *d)
{
    bad(d, "undefined is not supported");
}

static void on_tag(void *d, uint64_t v)
{
    (void)v;
    bad(d, "tags are not supported");
}

static void open_container(struct decoder *d, bool is_map, bool indefinite, uint64_t n)
{
    if (expected(d))
        tree_open(&d->tree, is_map, indefinite, n);
}

static void on_array(void *d, size_t n)
{
    open_container(d, false, false, n);
}

static void on_array_indefinite(void *d)
{
    open_container(d, false, true, 0);
}

static void on_map(void *d, size_t n)
{
    open_container(d, true, false, n);
}

static void on_map_indefinite(void *d)
{
    open_container(d, true, true, 0);
}

/* A whole string, or a chunk of one. */
static void string(struct decoder *d, enum chunks kind, const uint8_t *p, size_t n)
{
    if (d->chunks == NO_CHUNKS) {
        tree_text(&d->tree, (const char *)p, n);
    } else if (d->chunks != kind) {
        bad(d, "a string holds something else than its chunks");
    } else if (kind == TEXT_CHUNKS && u8_check(p, n) != NULL) { /* RFC 8949 3.2.3: each chunk by itself */
        bad(d, "not UTF-8");
    } else {
        memcpy(d->gathered.octets + d->gathered_len, p, n);
        d->gathered_len += n;
    }
}

static void on_text(void *d, cbor_data p, size_t n)
{
    string(d, TEXT_CHUNKS, p, n);
}

static void on_octets(void *d, cbor_data p, size_t n)
{
    string(d, OCTET_CHUNKS, p, n);
}

static void begin_chunks(struct decoder *d, enum chunks kind)
{
    if (d->chunks != NO_CHUNKS)
        bad(d, "a string holds something else than its chunks");
    else if (d->gathered.octets == NULL && om_secret_alloc(&d->gathered, d->input_len, NULL) != OM_OK)
        tree_bad(&d->tree, OM_ENOMEM, "no memory for it");
    d->chunks = kind;
    d->chunks_start = d->gathered_len;
}

static void on_text_indefinite(void *d)
{
    begin_chunks(d, TEXT_CHUNKS);
}

static void on_octets_indefinite(void *d)
{
    begin_chunks(d, OCTET_CHUNKS);
}

static void on_break(void *arg)
{
    struct decoder *d = arg;
    if (d->chunks == NO_CHUNKS) {
        tree_close(&d->tree);
        return;
    }
    d->chunks = NO_CHUNKS;
    tree_text(&d->tree, (const char *)d->gathered.octets + d->chunks_start,
              d->gathered_len - d->chunks_start);
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_negint8,
    .negint16 = on_negint16,
    .negint32 = on_negint32,
    .negint64 = on_negint64,
    .byte_string_start = on_octets_indefinite,
    .byte_string = on_octets,
    .string = on_text,
    .string_start = on_text_indefinite,
    .indef_array_start = on_array_indefinite,
    .array_start = on_array,
    .indef_map_start = on_map_indefinite,
    .map_start = on_map,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_undefined,
    .null = on_null,
    .boolean = on_boolean,
    .indef_break = on_break,
};

/* Reads until the tree is complete or something is wrong. Returns the position reached. */
static size_t decode(struct decoder *d, const uint8_t *p, size_t n)
{
    size_t at = 0;
    while (d->tree.why == NULL && (d->tree.root == NULL || d->tree.depth > 0 || d->chunks != NO_CHUNKS)) {
        struct cbor_decoder_result r = cbor_stream_decode(p + at, n - at, &callbacks, d);
        if (r.status == CBOR_DECODER_NEDATA)
            bad(d, "it ends too early");
        else if (r.status != CBOR_DECODER_FINISHED)
            bad(d, "malformed");
        else
            at += r.read;
    }
    if (at < n)
        bad(d, "something follows the end");
    return at;
}

om_rc m2m_cbor_parse(const void *octets, size_t n, json_t **out, struct om_error *err)
{
    *out = NULL;
    if (n == 0)
        return om_fail(err, OM_EINPUT, "CBOR: empty");
    if (n > M2M_JSON_MAX)
        return om_fail(err, OM_EINPUT, "CBOR: %zu octets are more than the %d allowed", n, M2M_JSON_MAX);
    struct decoder d = {.input_len = n, .tree = {.max_items = M2M_CBOR_ITEMS}};
    size_t at = decode(&d, octets, n);
    om_secret_free(&d.gathered);
    if (d.tree.why != NULL) {
        json_decref(d.tree.root);
        return om_fail(err, d.tree.rc, "CBOR: %s (octet %zu)", d.tree.why, at);
    }
    *out = d.tree.root;
    return OM_OK;
}
