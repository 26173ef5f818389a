/* Octets that must not outlive their use, and an allocator that wipes whatever it frees.
 *
 * struct om_secret is the only type that holds key octets in this project. It wipes itself when freed or
 * replaced. Nothing prints it. Not thread-safe per object. */
#ifndef OPENMAF_UTIL_SECRET_H
#define OPENMAF_UTIL_SECRET_H

#include "util/error.h"

#include <stdbool.h>
#include <stdint.h>

struct om_secret {
    uint8_t *octets; /* owned; NULL when empty */
    size_t len;      /* octets in use */
};

#define OM_SECRET_MAX ((size_t)16 << 20) /* octets: more than any file that is read whole */

#define OM_SECRET_INIT                                                                                       \
    {                                                                                                        \
        NULL, 0                                                                                              \
    }

/* Fails to compile away: overwrites n octets at p. */
void om_wipe(void *p, size_t n);

/* Makes s hold n zero octets (n <= OM_SECRET_MAX); what it held before is wiped. OM_ENOMEM. */
OM_MUST_USE om_rc om_secret_alloc(struct om_secret *s, size_t n, struct om_error *err);

/* Makes s a copy of n octets at p. p is not wiped. */
OM_MUST_USE om_rc om_secret_set(struct om_secret *s, const void *p, size_t n, struct om_error *err);

/* Wipes and frees; s is empty afterwards. Safe on an empty secret. */
void om_secret_free(struct om_secret *s);

/* Compares n octets in time that depends only on n. */
bool om_equal_ct(const void *a, const void *b, size_t n);

/* malloc family whose free and realloc wipe the old octets (all of malloc_usable_size). For the allocator
 * hooks of libraries that touch secrets. Thread-safe as malloc is. */
void *om_wiping_malloc(size_t n);
void *om_wiping_realloc(void *p, size_t n);
void om_wiping_free(void *p);

#endif
