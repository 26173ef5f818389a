/* Text forms of octets: hexadecimal and base64, strict on input, bounded on output. Nothing here allocates.
 */
#ifndef OPENMAF_UTIL_TEXT_H
#define OPENMAF_UTIL_TEXT_H

#include "util/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Copies the NUL-terminated src to dst of cap octets. OM_EINPUT when it does not fit (dst is then ""). */
OM_MUST_USE om_rc om_copy_text(char *dst, size_t cap, const char *src, struct om_error *err);

/* Hex of n octets into out (2 n + 1 octets), upper or lower case. */
void om_hex_upper(char *out, const void *p, size_t n);
void om_hex_lower(char *out, const void *p, size_t n);

/* Decodes text_len hex digits of either case into out of cap octets; *n gets the count. OM_EINPUT. */
OM_MUST_USE om_rc om_hex_decode(const char *text, size_t text_len, uint8_t *out, size_t cap, size_t *n,
                                struct om_error *err);

/* Octets that om_base64_encode writes for n input octets, with its NUL. */
#define OM_BASE64_SIZE(n) ((((n) + 2) / 3) * 4 + 1)

/* RFC 4648 section 4, padded, no line breaks. out holds OM_BASE64_SIZE(n). */
void om_base64_encode(char *out, const void *p, size_t n);

/* Strict inverse: padding and zero trailing bits are demanded, nothing else accepted. OM_EINPUT. */
OM_MUST_USE om_rc om_base64_decode(const char *text, size_t text_len, uint8_t *out, size_t cap, size_t *n,
                                   struct om_error *err);

/* Decimal digits only, no sign, no white space, at most max. OM_EINPUT. */
OM_MUST_USE om_rc om_parse_uint(const char *text, uint64_t max, uint64_t *v, struct om_error *err);

/* Replaces every octet outside printable ASCII by '?', in place, for logs. */
void om_printable(char *text);

#endif
