/* The form of a wrapped key or sealed value:
 *
 *   octets 0..3   "omk" and the format's version, 1
 *   octet  4      kind: enum se_use, or 0x80 for a sealed value
 *   octet  5      octets of the key, 1..64
 *   octets 6..    the plug-in's own: what the token's wrapping mechanism made
 *
 * The header is not secret and not authenticated: the plug-in's part is authenticated by the mechanism that
 * wrapped it, and the whole is bound to its row by whoever stores it. */
#include "se/internal.h"
#include "util/buf.h"

#include <string.h>

#define BLOB_MAGIC  UINT32_C(0x6f6d6b01) /* "omk", version 1 */
#define BLOB_HEADER 6

size_t se_blob_begin(struct se_blob *blob, unsigned kind, size_t key_len, uint8_t **room)
{
    struct om_writer w;
    om_writer_init(&w, blob->octets, sizeof blob->octets);
    om_write_u32(&w, BLOB_MAGIC);
    om_write_u8(&w, (uint8_t)kind);
    om_write_u8(&w, (uint8_t)key_len);
    blob->len = w.len;
    *room = blob->octets + w.len;
    return sizeof blob->octets - w.len;
}

void se_blob_end(struct se_blob *blob, size_t n)
{
    blob->len = BLOB_HEADER + n;
}

om_rc se_blob_parse(const struct se_blob *blob, unsigned kind, struct se_blob_view *out, struct om_error *err)
{
    if (blob->len <= BLOB_HEADER || blob->len > sizeof blob->octets)
        return om_fail(err, OM_EINTEGRITY, "%zu octets are no wrapped key", blob->len);
    struct om_reader r;
    om_reader_init(&r, blob->octets, blob->len);
    uint32_t magic = om_read_u32(&r);
    unsigned found = om_read_u8(&r);
    out->key_len = om_read_u8(&r);
    out->n = r.left;
    out->octets = om_read_octets(&r, r.left);
    if (magic != BLOB_MAGIC || out->key_len < 1 || out->key_len > SE_KEY_MAX || !om_reader_done(&r))
        return om_fail(err, OM_EINTEGRITY, "not a wrapped key of this version");
    if (found != kind)
        return om_fail(err, OM_EINTEGRITY, "a wrapped key of kind %u is not one of kind %u", found, kind);
    return OM_OK;
}
