/* CBOR to and from the same tree as JSON (TS-0004 8.5, RFC 8949), so that one codec serves both. What JSON
 * cannot say is refused: tags, undefined and other simple values, NaN and infinities, integers beyond 64 bits
 * with sign, names that are no text.
 *
 * Only functions of libcbor that allocate nothing are used. Its allocator is process-global, and Debian
 * builds it without the hook that would let a program wipe what it frees. */
#ifndef OPENMAF_ONEM2M_CBOR_H
#define OPENMAF_ONEM2M_CBOR_H

#include "util/secret.h"

#include <jansson.h>

/* Values in one text. An empty map takes one octet of input and some 250 of memory. */
#define M2M_CBOR_ITEMS 16384

/* Parses one map or array of at most M2M_JSON_MAX octets and M2M_JSON_DEPTH levels. Text is UTF-8 without
 * NUL; byte strings are read as text, because TS-0004's own examples write text so; lengths may be
 * indefinite, and need not be in their shortest form; names are unique; nothing follows the end. OM_EINPUT,
 * OM_ENOMEM; the error text never quotes the input. */
OM_MUST_USE om_rc m2m_cbor_parse(const void *octets, size_t n, json_t **out, struct om_error *err);

/* Serialises into a secret (it may carry a Key Value): definite lengths, shortest integers and lengths, text
 * strings, reals in 32 bits where that loses nothing. */
OM_MUST_USE om_rc m2m_cbor_print(const json_t *tree, struct om_secret *out, struct om_error *err);

#endif
