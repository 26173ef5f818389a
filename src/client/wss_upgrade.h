/* The handshake that makes an HTTP connection a WebSocket (RFC 6455 §4, TS-0020), the client's half. */
#ifndef OPENMAF_CLIENT_WSS_UPGRADE_H
#define OPENMAF_CLIENT_WSS_UPGRADE_H

#include "client/format.h"
#include "util/text.h"

#include <event2/buffer.h>
#include <openssl/types.h>

#define WSS_HEAD_MAX 16384 /* octets of the server's answer */

/* Sec-WebSocket-Key, and the Sec-WebSocket-Accept that answers it. */
struct wss_key {
    char key[OM_BASE64_SIZE(16)];
    char accept[OM_BASE64_SIZE(20)];
};

OM_MUST_USE om_rc wss_key_make(OSSL_LIB_CTX *libctx, struct wss_key *out, struct om_error *err);

/* Appends the request; host is MAF-FQDN. */
OM_MUST_USE om_rc wss_upgrade_request(struct evbuffer *out, const char *host, const struct format *format,
                                      const struct wss_key *key, struct om_error *err);

/* Takes the head of the answer off `in`, once it is complete. OM_OK: *rsc is -1 while it is not, 0 when the
 * connection is a WebSocket now, else the Response Status Code with which the MAF refused. OM_ETRANSIENT,
 * OM_EINTEGRITY: as for any response. */
OM_MUST_USE om_rc wss_upgrade_answer(struct evbuffer *in, const struct format *format,
                                     const struct wss_key *key, int *rsc, struct om_error *err);

#endif
