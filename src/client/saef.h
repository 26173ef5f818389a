/* What the files of sessions with other entities (SAEF, TS-0003 8.2.2.3) share. */
#ifndef OPENMAF_CLIENT_SAEF_H
#define OPENMAF_CLIENT_SAEF_H

#include "client/key_record.h"

#include <openssl/ssl.h>

/* Belongs to an SSL_CTX and goes with it. */
struct saef {
    struct openmaf *maf;
    struct openmaf_saef what;
    struct key_record *decoy; /* server */
    uint8_t cookie_key[32];   /* DTLS server */
};

/* Belongs to an SSL and goes with it: whom its session is with, once there is one. */
struct saef_peer {
    struct key_record *key; /* NULL: a decoy */
};
void saef_peer_free(void *peer);

/* Of a context that openmaf_saef_ctx made, else NULL. */
struct saef *saef_of(const SSL_CTX *ctx);

/* OM_EUNSUPPORTED: the record lacks the form for this version of TLS, or has that of another [saef] psk. */
OM_MUST_USE om_rc saef_check_forms(const struct openmaf *maf, const struct key_record *k, bool tls13,
                                   struct om_error *err);
/* Load the key's forms. Nothing is left to free when they fail. */
OM_MUST_USE om_rc saef_load12(struct openmaf *maf, const struct key_record *k, struct se_key **key,
                              struct om_error *err);
OM_MUST_USE om_rc saef_load13(struct openmaf *maf, const struct key_record *k, struct omtls_psk13 *psk,
                              struct om_error *err);

/* saef_server.c: a context whose peers name keys of the home. */
OM_MUST_USE om_rc saef_server_ctx(struct saef *s, SSL_CTX **out, struct om_error *err);

/* saef_cookie.c: cookies for DTLSv1_listen. */
OM_MUST_USE om_rc saef_cookies(struct saef *s, SSL_CTX *ctx, struct om_error *err);

#endif
