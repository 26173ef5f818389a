/* The one bounded reader and the one bounded writer that every parser and encoder of binary data uses.
 *
 * A reader or writer that once ran out stays failed: check om_reader_ok / om_writer_ok once, at the end. No
 * allocation; the octets belong to the caller. Integers are big-endian. */
#ifndef OPENMAF_UTIL_BUF_H
#define OPENMAF_UTIL_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct om_reader {
    const uint8_t *p;
    size_t left;
    bool failed;
};

void om_reader_init(struct om_reader *r, const void *p, size_t n);
uint8_t om_read_u8(struct om_reader *r);
uint16_t om_read_u16(struct om_reader *r);
uint32_t om_read_u32(struct om_reader *r);
uint64_t om_read_u64(struct om_reader *r);
/* The next n octets in place, or NULL (and the reader fails) when fewer are left. */
const uint8_t *om_read_octets(struct om_reader *r, size_t n);
/* u16 length, then that many octets. */
const uint8_t *om_read_vector16(struct om_reader *r, size_t *n);
/* True when nothing failed and nothing is left over. */
bool om_reader_done(const struct om_reader *r);

struct om_writer {
    uint8_t *p;
    size_t cap;
    size_t len;
    bool failed;
};

void om_writer_init(struct om_writer *w, void *p, size_t cap);
void om_write_u8(struct om_writer *w, uint8_t v);
void om_write_u16(struct om_writer *w, uint16_t v);
void om_write_u32(struct om_writer *w, uint32_t v);
void om_write_u64(struct om_writer *w, uint64_t v);
void om_write_octets(struct om_writer *w, const void *p, size_t n);
/* u16 length, then the octets; fails when n > 65535. */
void om_write_vector16(struct om_writer *w, const void *p, size_t n);
bool om_writer_ok(const struct om_writer *w);

#endif
