/* One WebSocket after its opening handshake, server side (RFC 6455): frames to messages and back, control
 * frames, the closing handshake. No sockets: octets come and go through callbacks.
 *
 * wslay's frame layer reads and writes the frames. Its event layer, which would do the rest too, copies
 * messages into memory that it frees unwiped, and they may carry a Key Value. */
#ifndef OPENMAF_BIND_WSS_STREAM_H
#define OPENMAF_BIND_WSS_STREAM_H

#include "util/error.h"

#include <stdbool.h>
#include <stdint.h>

enum wss_code { /* RFC 6455 §7.4.1 */
                WSS_NORMAL = 1000,
                WSS_GOING_AWAY = 1001,
                WSS_PROTOCOL_ERROR = 1002,
                WSS_UNSUPPORTED_DATA = 1003,
                WSS_INVALID_DATA = 1007,
                WSS_POLICY_VIOLATION = 1008,
                WSS_TOO_BIG = 1009,
                WSS_INTERNAL_ERROR = 1011,
};

enum wss_state {
    WSS_OPEN,
    WSS_CLOSE_SENT, /* by us first; the peer's Close is awaited, messages are ignored */
    WSS_DEAF,       /* the same, but what the peer sends is no longer in frames: it is thrown away */
    WSS_CLOSED,     /* both sides have closed, or nothing can be sent any more */
};

/* What a stream needs from the connection. `message` may send and close. */
struct wss_stream_ops {
    size_t (*take)(void *arg, uint8_t *p, size_t n);    /* octets from the peer, at most n; 0: none now */
    bool (*put)(void *arg, const uint8_t *p, size_t n); /* octets to the peer; false: no memory */
    bool (*waiting)(void *arg); /* octets to the peer wait to be taken: no further message is read */
    void (*message)(void *arg, const uint8_t *p, size_t n); /* a whole message; text is UTF-8 */
};

struct wss_stream;

/* `binary`: data travels in binary frames, else in text frames; frames of the other kind are refused. A
 * message, however fragmented, has at most max_message octets. ops must outlive the stream. */
OM_MUST_USE om_rc wss_stream_new(bool binary, size_t max_message, const struct wss_stream_ops *ops, void *arg,
                                 struct wss_stream **out, struct om_error *err);
void wss_stream_free(struct wss_stream *s); /* NULL is allowed */

/* Reads all that is there, until octets wait to be taken by the peer. */
void wss_stream_run(struct wss_stream *s);

void wss_stream_send(struct wss_stream *s, const uint8_t *p, size_t n);

/* Begins the closing handshake; reason has at most 123 octets. Ignored unless the stream is open. */
void wss_stream_close(struct wss_stream *s, enum wss_code code, const char *reason);

enum wss_state wss_stream_state(const struct wss_stream *s);

/* Is a frame or a message half received? */
bool wss_stream_partial(const struct wss_stream *s);

/* Why the server closed, 0 when it did not. */
int wss_stream_code(const struct wss_stream *s);

#endif
