/* Frames to messages and back: see wss_stream.h. */
#include "bind/wss_stream.h"
#include "util/secret.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>
#include <wslay/wslay.h>

#define CONTROL_MAX 125 /* octets of a control frame's payload */

struct wss_stream {
    const struct wss_stream_ops *ops;
    void *arg;
    wslay_frame_context_ptr frames;
    uint8_t opcode; /* of data frames */
    size_t max_message;
    enum wss_state state;
    int code;           /* with which we closed first */
    uint64_t fed, read; /* octets given to wslay; octets of frames that it gave back */
    /* the frame that is being read */
    bool in_frame;
    uint64_t left; /* octets of its payload to come */
    uint8_t control[CONTROL_MAX];
    size_t control_len;
    /* the message that is being read */
    bool in_message;
    struct evbuffer *message;
};

static ssize_t on_recv(uint8_t *p, size_t n, int flags, void *arg)
{
    (void)flags;
    struct wss_stream *s = arg;
    size_t got = s->ops->take(s->arg, p, n);
    s->fed += got;
    return got > 0 ? (ssize_t)got : -1;
}

static ssize_t on_send(const uint8_t *p, size_t n, int flags, void *arg)
{
    (void)flags;
    struct wss_stream *s = arg;
    return s->ops->put(s->arg, p, n) ? (ssize_t)n : -1;
}

om_rc wss_stream_new(bool binary, size_t max_message, const struct wss_stream_ops *ops, void *arg,
                     struct wss_stream **out, struct om_error *err)
{
    static const struct wslay_frame_callbacks callbacks = {.send_callback = on_send,
                                                           .recv_callback = on_recv};
    struct wss_stream *s = calloc(1, sizeof *s);
    *out = NULL;
    if (s == NULL || wslay_frame_context_init(&s->frames, &callbacks, s) != 0 ||
        (s->message = evbuffer_new()) == NULL) {
        wss_stream_free(s);
        return om_fail(err, OM_ENOMEM, "no memory for a WebSocket");
    }
    s->ops = ops;
    s->arg = arg;
    s->opcode = binary ? WSLAY_BINARY_FRAME : WSLAY_TEXT_FRAME;
    s->max_message = max_message;
    *out = s;
    return OM_OK;
}

void wss_stream_free(struct wss_stream *s)
{
    if (s == NULL)
        return;
    if (s->frames != NULL)
        wslay_frame_context_free(s->frames);
    if (s->message != NULL)
        evbuffer_free(s->message);
    om_wipe(s, sizeof *s);
    free(s);
}

enum wss_state wss_stream_state(const struct wss_stream *s)
{
    return s->state;
}

bool wss_stream_partial(const struct wss_stream *s)
{
    return s->in_frame || s->in_message || s->fed > s->read;
}

int wss_stream_code(const struct wss_stream *s)
{
    return s->code;
}

static void send_frame(struct wss_stream *s, uint8_t opcode, const uint8_t *p, size_t n)
{
    struct wslay_frame_iocb f = {
        .fin = 1, .opcode = opcode, .payload_length = n, .data = p, .data_length = n};
    if (wslay_frame_send(s->frames, &f) != (ssize_t)n)
        s->state = WSS_CLOSED;
}

void wss_stream_send(struct wss_stream *s, const uint8_t *p, size_t n)
{
    if (s->state == WSS_OPEN)
        send_frame(s, s->opcode, p, n);
}

void wss_stream_close(struct wss_stream *s, enum wss_code code, const char *reason)
{
    uint8_t payload[CONTROL_MAX] = {(uint8_t)(code >> 8), (uint8_t)code};
    size_t n = strnlen(reason, sizeof payload - 2);
    if (s->state != WSS_OPEN)
        return;
    memcpy(payload + 2, reason, n);
    s->code = (int)code;
    s->state = WSS_CLOSE_SENT;
    send_frame(s, WSLAY_CONNECTION_CLOSE, payload, n + 2);
}

/* A frame has begun: may it stand here? */
static void check_frame(struct wss_stream *s, const struct wslay_frame_iocb *f)
{
    size_t have = evbuffer_get_length(s->message);
    bool control = wslay_is_ctrl_frame(f->opcode);
    if (!f->mask)
        wss_stream_close(s, WSS_PROTOCOL_ERROR, "a frame of a client must be masked");
    else if (f->rsv != 0)
        wss_stream_close(s, WSS_PROTOCOL_ERROR, "a reserved bit is set, and no extension was negotiated");
    else if (f->opcode > WSLAY_PONG || (f->opcode > WSLAY_BINARY_FRAME && !control))
        wss_stream_close(s, WSS_PROTOCOL_ERROR, "an unknown opcode");
    else if (!control && (f->opcode == WSLAY_CONTINUATION_FRAME) != s->in_message)
        wss_stream_close(s, WSS_PROTOCOL_ERROR, "a fragment out of order");
    else if (!control && f->opcode != WSLAY_CONTINUATION_FRAME && f->opcode != s->opcode)
        wss_stream_close(s, WSS_UNSUPPORTED_DATA, "not the kind of frame of the subprotocol");
    else if (!control && f->payload_length > s->max_message - have)
        wss_stream_close(s, WSS_TOO_BIG, "the message is too long");
    else if (!control)
        s->in_message = true;
}

static size_t header_length(const struct wslay_frame_iocb *f)
{
    size_t extended = f->payload_length < 126 ? 0 : f->payload_length < 65536 ? 2 : 8;
    return 2 + extended + (f->mask ? 4 : 0);
}

/* RFC 6455 §7.4: codes that may stand in a Close frame. */
static bool is_close_code(unsigned code)
{
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
           (code >= 3000 && code <= 4999);
}

/* The peer's Close; the answer has its code. */
static void on_close(struct wss_stream *s)
{
    const uint8_t *p = s->control;
    size_t n = s->control_len;
    if (n == 1 || (n >= 2 && !is_close_code((unsigned)p[0] << 8 | p[1])))
        wss_stream_close(s, WSS_PROTOCOL_ERROR, "a malformed Close frame");
    else if (n > 2 && u8_check(p + 2, n - 2) != NULL)
        wss_stream_close(s, WSS_INVALID_DATA, "the reason is not UTF-8");
    else if (s->state == WSS_OPEN)
        send_frame(s, WSLAY_CONNECTION_CLOSE, p, n >= 2 ? 2 : 0);
    s->state = WSS_CLOSED;
}

static void on_message(struct wss_stream *s)
{
    size_t n = evbuffer_get_length(s->message);
    const uint8_t *p = n > 0 ? evbuffer_pullup(s->message, -1) : (const uint8_t *)"";
    s->in_message = false;
    if (p == NULL)
        wss_stream_close(s, WSS_INTERNAL_ERROR, "no memory for the message");
    else if (s->opcode == WSLAY_TEXT_FRAME && u8_check(p, n) != NULL)
        wss_stream_close(s, WSS_INVALID_DATA, "the text is not UTF-8");
    else
        s->ops->message(s->arg, p, n);
    (void)evbuffer_drain(s->message, n);
}

static void keep(struct wss_stream *s, const struct wslay_frame_iocb *f)
{
    if (wslay_is_ctrl_frame(f->opcode)) { /* wslay has checked that it is short */
        memcpy(s->control + s->control_len, f->data, f->data_length);
        s->control_len += f->data_length;
    } else if (s->state == WSS_OPEN && evbuffer_add(s->message, f->data, f->data_length) != 0) {
        wss_stream_close(s, WSS_INTERNAL_ERROR, "no memory for the message");
    }
}

static void end_frame(struct wss_stream *s, const struct wslay_frame_iocb *f)
{
    s->in_frame = false;
    if (f->opcode == WSLAY_CONNECTION_CLOSE)
        on_close(s);
    else if (s->state == WSS_OPEN && f->opcode == WSLAY_PING)
        send_frame(s, WSLAY_PONG, s->control, s->control_len);
    else if (s->state == WSS_OPEN && f->fin && !wslay_is_ctrl_frame(f->opcode))
        on_message(s);
}

/* A part of a frame, its first with the header. */
static void on_part(struct wss_stream *s, const struct wslay_frame_iocb *f)
{
    if (!s->in_frame) {
        s->in_frame = true;
        s->left = f->payload_length;
        s->control_len = 0;
        s->read += header_length(f);
        if (s->state == WSS_OPEN)
            check_frame(s, f);
    }
    s->left -= f->data_length;
    s->read += f->data_length;
    keep(s, f);
    if (s->left == 0)
        end_frame(s, f);
    om_wipe((uint8_t *)f->data, f->data_length); /* in wslay's buffer, which is done with it */
}

void wss_stream_run(struct wss_stream *s)
{
    uint8_t waste[512];
    while (s->state != WSS_CLOSED && s->state != WSS_DEAF && !s->ops->waiting(s->arg)) {
        struct wslay_frame_iocb f = {0};
        ssize_t n = wslay_frame_recv(s->frames, &f);
        if (n == WSLAY_ERR_WANT_READ)
            return;
        if (n >= 0) {
            on_part(s, &f);
            continue;
        }
        wss_stream_close(s, WSS_PROTOCOL_ERROR, "a malformed frame");
        if (s->state != WSS_CLOSED)
            s->state = WSS_DEAF;
    }
    while (s->state == WSS_DEAF && s->ops->take(s->arg, waste, sizeof waste) > 0)
        ;
}
