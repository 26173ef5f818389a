/* Objects outside the TPM: see blob.h. */
#include "tpm/blob.h"
#include "tpm/auth.h"
#include "util/buf.h"
#include "util/secret.h"

#include <string.h>

#define VERSION 1
#define DIGEST  32

static om_rc check_value(const uint8_t blob_key[32], enum tpm_kind kind, size_t n, const uint8_t *octets,
                         size_t len, uint8_t out[DIGEST], struct om_error *err)
{
    uint8_t message[2 + TPM_BLOB_MAX];
    message[0] = (uint8_t)kind;
    message[1] = (uint8_t)n;
    memcpy(message + 2, octets, len);
    return tpm_host_hmac(blob_key, message, 2 + len, out, err);
}

om_rc tpm_blob_write(const uint8_t blob_key[32], enum tpm_kind kind, size_t n, const struct tpm_parts *parts,
                     struct tpm_blob *out, struct om_error *err)
{
    struct om_writer w;
    uint8_t check[DIGEST];
    if (parts->private_part.size > TPM_PRIVATE_MAX || parts->unique.size != DIGEST)
        return om_fail(err, OM_EUNSUPPORTED, "the TPM's private part of a key has %u octets, more than %d",
                       parts->private_part.size, TPM_PRIVATE_MAX);
    om_writer_init(&w, out->octets, sizeof out->octets);
    om_write_u8(&w, VERSION);
    om_write_u8(&w, parts->generated ? 1 : 0);
    om_write_vector16(&w, parts->private_part.buffer, parts->private_part.size);
    om_write_octets(&w, parts->unique.buffer, DIGEST);
    OM_TRY(check_value(blob_key, kind, n, out->octets, w.len, check, err));
    om_write_octets(&w, check, DIGEST);
    out->len = w.len;
    return om_writer_ok(&w) ? OM_OK : om_fail(err, OM_EINTERNAL, "a blob does not fit");
}

static bool parse(const uint8_t *octets, size_t len, struct tpm_parts *out, const uint8_t **check)
{
    struct om_reader r;
    size_t private_len = 0;
    om_reader_init(&r, octets, len);
    uint8_t version = om_read_u8(&r);
    uint8_t generated = om_read_u8(&r);
    const uint8_t *private_part = om_read_vector16(&r, &private_len);
    const uint8_t *unique = om_read_octets(&r, DIGEST);
    *check = om_read_octets(&r, DIGEST);
    if (!om_reader_done(&r) || version != VERSION || generated > 1 || private_len == 0 ||
        private_len > TPM_PRIVATE_MAX)
        return false;
    out->generated = generated == 1;
    out->private_part.size = (UINT16)private_len;
    memcpy(out->private_part.buffer, private_part, private_len);
    out->unique.size = DIGEST;
    memcpy(out->unique.buffer, unique, DIGEST);
    return true;
}

om_rc tpm_blob_read(const uint8_t blob_key[32], enum tpm_kind kind, size_t n, const uint8_t *octets,
                    size_t len, struct tpm_parts *out, struct om_error *err)
{
    const uint8_t *check = NULL;
    uint8_t want[DIGEST];
    memset(out, 0, sizeof *out);
    if (len > TPM_BLOB_MAX || !parse(octets, len, out, &check))
        return om_fail(err, OM_EINTEGRITY, "%zu octets are no object of a TPM", len);
    OM_TRY(check_value(blob_key, kind, n, octets, len - DIGEST, want, err));
    if (!om_equal_ct(want, check, DIGEST))
        return om_fail(err, OM_EINTEGRITY, "an object was not made by this TPM, or was changed");
    return OM_OK;
}
