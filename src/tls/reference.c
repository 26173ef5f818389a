/* Key references: see reference.h. */
#include "tls/reference.h"
#include "util/buf.h"

#include <openssl/rand.h>
#include <stdatomic.h>
#include <string.h>

#define TAG_SIZE 8

/* premaster = u16 32 | 32 x 00 | u16 32 | psk (RFC 4279 section 2) */
#define PREMASTER_SIZE (2 + OMTLS_REFERENCE_SIZE + 2 + OMTLS_REFERENCE_SIZE)
#define PREMASTER_PSK  (PREMASTER_SIZE - OMTLS_REFERENCE_SIZE)

/* 0: not drawn yet, so no reference exists. A child after fork keeps its parent's tag: that is how it knows
 * its parent's references, which are dead in it, and refuses them. */
static _Atomic uint64_t process_tag;

om_rc omtls_reference_prepare(struct om_error *err)
{
    uint64_t tag = atomic_load(&process_tag);
    while (tag == 0) {
        uint64_t fresh = 0;
        if (RAND_priv_bytes((unsigned char *)&fresh, sizeof fresh) != 1)
            return om_fail(err, OM_EINTERNAL, "the random generator failed");
        if (fresh != 0 && atomic_compare_exchange_strong(&process_tag, &tag, fresh))
            break;
    }
    return OM_OK;
}

void omtls_reference_encode(const struct omtls_reference *ref, uint8_t out[OMTLS_REFERENCE_SIZE])
{
    struct om_writer w;
    om_writer_init(&w, out, OMTLS_REFERENCE_SIZE);
    om_write_u64(&w, atomic_load(&process_tag));
    om_write_u32(&w, (uint32_t)ref->type << 24);
    om_write_u32(&w, ref->slot);
    om_write_octets(&w, ref->check, sizeof ref->check);
}

void omtls_reference_encode_master(const struct omtls_reference *ref, uint8_t out[OMTLS_MASTER_SIZE])
{
    memset(out, 0, OMTLS_MASTER_SIZE);
    omtls_reference_encode(ref, out);
}

bool omtls_reference_decode(const uint8_t octets[OMTLS_REFERENCE_SIZE], struct omtls_reference *ref)
{
    struct om_reader r;
    om_reader_init(&r, octets, OMTLS_REFERENCE_SIZE);
    uint64_t tag = atomic_load(&process_tag);
    if (tag == 0 || om_read_u64(&r) != tag)
        return false;
    uint32_t type = om_read_u32(&r);
    uint32_t kind = type >> 24;
    if ((type & 0xffffff) != 0 || kind < OMTLS_REFERENCE_PSK || kind > OMTLS_REFERENCE_EXPORT_SECRET)
        return false;
    ref->type = (enum omtls_reference_type)kind;
    ref->slot = om_read_u32(&r);
    const uint8_t *check = om_read_octets(&r, sizeof ref->check);
    if (check == NULL)
        return false;
    memcpy(ref->check, check, sizeof ref->check);
    return true;
}

/* Anywhere, so that a reference inside another key exchange (DHE-PSK, ECDHE-PSK, RSA-PSK) is not used as if
 * it were a key. */
static bool contains_tag(const uint8_t *secret, size_t n)
{
    uint64_t host = atomic_load(&process_tag);
    if (host == 0)
        return false;
    uint8_t octets[TAG_SIZE];
    struct om_writer w;
    om_writer_init(&w, octets, sizeof octets);
    om_write_u64(&w, host);
    uint64_t tag = 0;
    memcpy(&tag, octets, sizeof tag);
    unsigned found = 0;
    for (size_t i = 0; i + TAG_SIZE <= n; i++) {
        uint64_t window = 0;
        memcpy(&window, secret + i, sizeof window);
        found |= window == tag;
    }
    return found != 0;
}

static bool is_premaster(const uint8_t *secret, size_t n)
{
    static const uint8_t head[PREMASTER_PSK] = {[1] = OMTLS_REFERENCE_SIZE,
                                                [PREMASTER_PSK - 1] = OMTLS_REFERENCE_SIZE};
    return n == PREMASTER_SIZE && om_equal_ct(secret, head, sizeof head);
}

static bool is_master(const uint8_t *secret, size_t n)
{
    static const uint8_t padding[OMTLS_MASTER_SIZE - OMTLS_REFERENCE_SIZE];
    return n == OMTLS_MASTER_SIZE && om_equal_ct(secret + OMTLS_REFERENCE_SIZE, padding, sizeof padding);
}

enum omtls_secret omtls_recognise(const uint8_t *secret, size_t n, struct omtls_reference *ref)
{
    if (!contains_tag(secret, n))
        return OMTLS_SECRET_FOREIGN;
    if (is_premaster(secret, n) && omtls_reference_decode(secret + PREMASTER_PSK, ref) &&
        ref->type == OMTLS_REFERENCE_PSK)
        return OMTLS_SECRET_PSK;
    if (is_master(secret, n) && omtls_reference_decode(secret, ref) && ref->type == OMTLS_REFERENCE_MASTER)
        return OMTLS_SECRET_MASTER;
    return OMTLS_SECRET_REFUSED;
}

enum omtls_secret omtls_recognise13(const uint8_t *secret, size_t n, struct omtls_reference *ref)
{
    if (!contains_tag(secret, n))
        return OMTLS_SECRET_FOREIGN;
    if (n == OMTLS_REFERENCE_SIZE && omtls_reference_decode(secret, ref) &&
        ref->type >= OMTLS_REFERENCE_PSK13)
        return OMTLS_SECRET_TLS13;
    return OMTLS_SECRET_REFUSED;
}
