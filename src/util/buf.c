/* Bounded reader and writer: see buf.h. */
#include "util/buf.h"

#include <string.h>

void om_reader_init(struct om_reader *r, const void *p, size_t n)
{
    *r = (struct om_reader){.p = p, .left = n, .failed = false};
}

const uint8_t *om_read_octets(struct om_reader *r, size_t n)
{
    if (r->failed || n > r->left) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *at = r->p;
    r->p += n;
    r->left -= n;
    return at;
}

static uint64_t read_uint(struct om_reader *r, size_t n)
{
    const uint8_t *at = om_read_octets(r, n);
    uint64_t v = 0;
    for (size_t i = 0; at != NULL && i < n; i++)
        v = v << 8 | at[i];
    return v;
}

uint8_t om_read_u8(struct om_reader *r)
{
    return (uint8_t)read_uint(r, 1);
}

uint16_t om_read_u16(struct om_reader *r)
{
    return (uint16_t)read_uint(r, 2);
}

uint32_t om_read_u32(struct om_reader *r)
{
    return (uint32_t)read_uint(r, 4);
}

uint64_t om_read_u64(struct om_reader *r)
{
    return read_uint(r, 8);
}

const uint8_t *om_read_vector16(struct om_reader *r, size_t *n)
{
    *n = om_read_u16(r);
    const uint8_t *at = om_read_octets(r, *n);
    if (at == NULL)
        *n = 0;
    return at;
}

bool om_reader_done(const struct om_reader *r)
{
    return !r->failed && r->left == 0;
}

void om_writer_init(struct om_writer *w, void *p, size_t cap)
{
    *w = (struct om_writer){.p = p, .cap = cap, .len = 0, .failed = false};
}

void om_write_octets(struct om_writer *w, const void *p, size_t n)
{
    if (w->failed || n > w->cap - w->len) {
        w->failed = true;
        return;
    }
    if (n > 0)
        memcpy(w->p + w->len, p, n);
    w->len += n;
}

static void write_uint(struct om_writer *w, uint64_t v, size_t n)
{
    uint8_t octets[8];
    for (size_t i = 0; i < n; i++)
        octets[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    om_write_octets(w, octets, n);
}

void om_write_u8(struct om_writer *w, uint8_t v)
{
    write_uint(w, v, 1);
}

void om_write_u16(struct om_writer *w, uint16_t v)
{
    write_uint(w, v, 2);
}

void om_write_u32(struct om_writer *w, uint32_t v)
{
    write_uint(w, v, 4);
}

void om_write_u64(struct om_writer *w, uint64_t v)
{
    write_uint(w, v, 8);
}

void om_write_vector16(struct om_writer *w, const void *p, size_t n)
{
    if (n > UINT16_MAX) {
        w->failed = true;
        return;
    }
    om_write_u16(w, (uint16_t)n);
    om_write_octets(w, p, n);
}

bool om_writer_ok(const struct om_writer *w)
{
    return !w->failed;
}
