/* Named keys of the standalone provider: one file each in a directory, and the text that stands for one
 * where a program expects a pre-shared key (docs/formats.md, openmaf-provider(7)). */
#ifndef OPENMAF_PROVIDER_KEYDIR_H
#define OPENMAF_PROVIDER_KEYDIR_H

#include "se/se.h"

#define KEYDIR_NAME_MAX 64 /* of A-Z a-z 0-9 . _ -, the first a letter or digit */

/* "openmaf-key:NAME:CHECK". The check is 32 hexadecimal digits, the first half of a row MAC by the token over
 * the name: a program that is not set up for the token, and uses the text itself as its key, uses one that
 * nobody can guess. */
#define KEYDIR_PREFIX        "openmaf-key:"
#define KEYDIR_CHECK_DIGITS  32
#define KEYDIR_REFERENCE_MAX (sizeof KEYDIR_PREFIX - 1 + KEYDIR_NAME_MAX + 1 + KEYDIR_CHECK_DIGITS)

/* A key in its prepared forms. */
struct keydir_key {
    struct se_blob tls12; /* SE_USE_TLS12_PSK */
    struct se_psk13 tls13;
};

/* OM_EINPUT when name is not one. */
OM_MUST_USE om_rc keydir_check_name(const char *name, struct om_error *err);

/* The text that stands for the key, with its NUL. */
OM_MUST_USE om_rc keydir_reference(struct se *se, const char *name, char out[KEYDIR_REFERENCE_MAX + 1],
                                   struct om_error *err);

/* Prepares and wraps a pre-shared key of 1..64 octets and stores it under name. OM_ECONFLICT: there is one.
 */
OM_MUST_USE om_rc keydir_add(struct se *se, const char *dir, const char *name, const void *psk, size_t n,
                             struct om_error *err);

/* OM_ENOTFOUND; OM_EINTEGRITY: edited, renamed, or of another directory's token; OM_ECONFIG: another token.
 */
OM_MUST_USE om_rc keydir_read(struct se *se, const char *dir, const char *name, struct keydir_key *out,
                              struct om_error *err);

/* OM_ENOTFOUND. */
OM_MUST_USE om_rc keydir_remove(const char *dir, const char *name, struct om_error *err);

#endif
