/* The keys of maf.conf, in one table. Internal to home_*.c. */
#ifndef OPENMAF_CLIENT_HOME_KEYS_H
#define OPENMAF_CLIENT_HOME_KEYS_H

#include "client/home.h"

enum home_key {
    K_ID,
    K_KMID,
    K_CERTIFICATE,
    K_FQDN,
    K_HTTPS, /* this and the next three: at most one of them */
    K_WSS,
    K_COAPS,
    K_COAPS_TCP,
    K_FORMAT,
    K_CONNECT,
    K_TIMEOUT,
    K_EMS,
    K_TLS_MAX,
    K_URI,
    K_PIN,
    K_PLUGINS,
    K_CUSTODY,
    K_SAEF_PSK,
    K_SAEF_EMS,
    K_SAEF_TLS_MAX,
    K_COUNT
};

struct home_key_entry {
    const char *section, *name;
    bool needed;
    om_rc (*set)(struct home *h, const char *value, struct om_error *err);
};
extern const struct home_key_entry home_keys[K_COUNT];

/* Checks a value and puts it into h. OM_EINPUT; the text begins with the key's name. */
OM_MUST_USE om_rc home_key_set(struct home *h, size_t key, const char *value, struct om_error *err);

/* The key that holds the address of a binding. */
enum home_key home_binding_key(const struct transport *transport);

#endif
