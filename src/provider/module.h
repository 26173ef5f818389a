/* The standalone provider from the inside. */
#ifndef OPENMAF_PROVIDER_MODULE_H
#define OPENMAF_PROVIDER_MODULE_H

#include "tls/provider.h"
#include "tls/reference.h"

#include <openssl/core.h>
#include <stdbool.h>

/* names.c: the token and the keys that programs have named so far. One of each per process, since a program
 * may load the module into several library contexts; the first configuration counts. */
struct names_config {
    const char *token, *pin_source, *keys, *plugin_dir; /* NULL: not given */
};
OM_MUST_USE om_rc names_configure(const struct names_config *config, struct om_error *err);

/* Whether octets contain, or begin with, the text with which every name begins. */
bool names_contains(const void *octets, size_t n);
bool names_begins(const void *octets, size_t n);

/* The reference of this type for octets that are a whole name, and nothing else. Opens the token and loads
 * the key when first asked. With the lock. */
OM_MUST_USE om_rc names_resolve(const void *octets, size_t n, enum omtls_reference_type type,
                                uint8_t reference[OMTLS_REFERENCE_SIZE], struct om_error *err);

/* The token belongs to one thread at a time, from finding a name to using what it stands for. Recursive: a
 * token may use libcrypto, and with it this provider. Held while the process is forked. */
void names_lock(void);
void names_unlock(void);

/* wrap.c: the algorithms of src/tls, with names put in front of references. NULL for other operations. */
const OSSL_ALGORITHM *wrap_query(int operation);

#endif
