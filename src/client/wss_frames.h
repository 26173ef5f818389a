/* WebSocket frames of a client (RFC 6455 §5), between two buffers: one message out, one message in, and the
 * control frames around them. */
#ifndef OPENMAF_CLIENT_WSS_FRAMES_H
#define OPENMAF_CLIENT_WSS_FRAMES_H

#include "util/secret.h"

#include <event2/buffer.h>
#include <openssl/types.h>

enum wss_code { /* RFC 6455 §7.4.1 */
                WSS_NORMAL = 1000,
                WSS_PROTOCOL_ERROR = 1002,
                WSS_UNSUPPORTED_DATA = 1003,
                WSS_TOO_BIG = 1009
};

struct wss_frames;

/* binary: the kind of frame that messages travel in. Masks are random octets of libctx. */
OM_MUST_USE om_rc wss_frames_new(bool binary, struct evbuffer *in, struct evbuffer *out, OSSL_LIB_CTX *libctx,
                                 struct wss_frames **frames, struct om_error *err);
void wss_frames_free(struct wss_frames *f); /* NULL is allowed; wipes the message */

/* Appends a message in one frame. */
OM_MUST_USE om_rc wss_frames_send(struct wss_frames *f, const struct om_secret *message,
                                  struct om_error *err);

/* Reads what is there, answers Ping and Close, and stops at the end of a message: then *complete. A message
 * of more than TRANSPORT_BODY_MAX octets, or anything that a server must not send, is answered with Close and
 * OM_EINTEGRITY. */
OM_MUST_USE om_rc wss_frames_receive(struct wss_frames *f, bool *complete, struct om_error *err);

/* The complete message; valid until the next wss_frames_receive. */
const struct om_secret *wss_frames_message(const struct wss_frames *f);

/* Sends Close, unless that was done. */
void wss_frames_close(struct wss_frames *f, enum wss_code code);

/* The peer has sent Close: its code, 1005 when it had none; 0 before. */
unsigned wss_frames_closed(const struct wss_frames *f);

#endif
