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
    K_MEF_FQDN,
    K_MEF_HTTPS, /* as K_HTTPS, in the same order */
    K_MEF_WSS,
    K_MEF_COAPS,
    K_MEF_COAPS_TCP,
    K_MEF_KMID,
    K_MEF_CERTIFICATE,
    K_MEF_EXPIRY,
    K_MEF_DEVICE,
    K_SAEF_PSK,
    K_SAEF_EMS,
    K_SAEF_TLS_MAX,
    K_COUNT
};

struct home_key_entry {
    const char *section, *name;
    bool needed;
    /* One of the two; the second for what each server has. */
    om_rc (*set)(struct home *h, const char *value, struct om_error *err);
    om_rc (*set_of)(struct home_server *s, const char *value, struct om_error *err);
};
extern const struct home_key_entry home_keys[K_COUNT];

/* Checks a value and puts it into h. OM_EINPUT; the text begins with the key's name. */
OM_MUST_USE om_rc home_key_set(struct home *h, size_t key, const char *value, struct om_error *err);

/* The key that holds the address of a server. */
enum home_key home_binding_key(const struct home_server *server);

/* What each server has (home_server.c). */
om_rc home_set_kmid(struct home_server *s, const char *v, struct om_error *err);
om_rc home_set_certificate(struct home_server *s, const char *v, struct om_error *err);
om_rc home_set_fqdn(struct home_server *s, const char *v, struct om_error *err);
om_rc home_set_https(struct home_server *s, const char *v, struct om_error *err);
om_rc home_set_wss(struct home_server *s, const char *v, struct om_error *err);
om_rc home_set_coaps(struct home_server *s, const char *v, struct om_error *err);
om_rc home_set_coaps_tcp(struct home_server *s, const char *v, struct om_error *err);

/* What remains when all keys are set: defaults, and what two keys say of each other. OM_EINPUT. */
OM_MUST_USE om_rc home_servers_finish(struct home *h, struct om_error *err);

#endif
