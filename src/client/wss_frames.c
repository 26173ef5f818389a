/* Frames and messages: see wss_frames.h. wslay's own buffer is wiped behind each piece that it hands out. */
#include "client/wss_frames.h"
#include "client/net.h"
#include "client/transport.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#define CONTROL_MAX   125  /* octets of a control frame's payload */
#define NO_CLOSE_CODE 1005 /* RFC 6455 §7.1.5 */

struct wss_frames {
    wslay_frame_context_ptr frames;
    struct evbuffer *in, *out;
    OSSL_LIB_CTX *libctx;
    uint8_t opcode; /* of data frames */
    bool close_sent;
    unsigned closed;
    /* the frame that is being read */
    bool in_frame;
    uint64_t left;
    uint8_t control[CONTROL_MAX];
    size_t control_len;
    /* the message that is being read */
    bool in_message, complete;
    struct om_secret message; /* room for the longest */
    struct om_secret view;    /* the part of it that is there; owns nothing */
};

static ssize_t on_recv(uint8_t *p, size_t n, int flags, void *arg)
{
    (void)flags;
    struct wss_frames *f = arg;
    struct om_secret piece = OM_SECRET_INIT;
    if (net_take(f->in, n, &piece, NULL) != OM_OK || piece.len == 0) {
        om_secret_free(&piece);
        return -1;
    }
    ssize_t got = (ssize_t)piece.len;
    memcpy(p, piece.octets, piece.len);
    om_secret_free(&piece);
    return got;
}

static ssize_t on_send(const uint8_t *p, size_t n, int flags, void *arg)
{
    (void)flags;
    struct wss_frames *f = arg;
    return net_put(f->out, p, n, NULL) == OM_OK ? (ssize_t)n : -1;
}

static int on_mask(uint8_t *p, size_t n, void *arg)
{
    struct wss_frames *f = arg;
    return RAND_bytes_ex(f->libctx, p, n, 0) == 1 ? 0 : -1;
}

om_rc wss_frames_new(bool binary, struct evbuffer *in, struct evbuffer *out, OSSL_LIB_CTX *libctx,
                     struct wss_frames **frames, struct om_error *err)
{
    static const struct wslay_frame_callbacks callbacks = {on_send, on_recv, on_mask};
    struct wss_frames *f = calloc(1, sizeof *f);
    *frames = NULL;
    if (f == NULL || wslay_frame_context_init(&f->frames, &callbacks, f) != 0 ||
        om_secret_alloc(&f->message, TRANSPORT_BODY_MAX, NULL) != OM_OK) {
        wss_frames_free(f);
        return om_fail(err, OM_ENOMEM, "no memory for a WebSocket");
    }
    f->in = in;
    f->out = out;
    f->libctx = libctx;
    f->opcode = binary ? WSLAY_BINARY_FRAME : WSLAY_TEXT_FRAME;
    *frames = f;
    return OM_OK;
}

void wss_frames_free(struct wss_frames *f)
{
    if (f == NULL)
        return;
    if (f->frames != NULL)
        wslay_frame_context_free(f->frames);
    om_secret_free(&f->message);
    free(f);
}

static bool send_frame(struct wss_frames *f, uint8_t opcode, const uint8_t *p, size_t n)
{
    struct wslay_frame_iocb frame = {
        .fin = 1, .opcode = opcode, .payload_length = n, .mask = 1, .data = p, .data_length = n};
    return wslay_frame_send(f->frames, &frame) == (ssize_t)n;
}

om_rc wss_frames_send(struct wss_frames *f, const struct om_secret *message, struct om_error *err)
{
    return send_frame(f, f->opcode, message->octets, message->len)
               ? OM_OK
               : om_fail(err, OM_ENOMEM, "no memory, or no random octets, for a message");
}

void wss_frames_close(struct wss_frames *f, enum wss_code code)
{
    const uint8_t payload[] = {(uint8_t)(code >> 8), (uint8_t)code};
    if (!f->close_sent)
        f->close_sent = send_frame(f, WSLAY_CONNECTION_CLOSE, payload, sizeof payload);
}

unsigned wss_frames_closed(const struct wss_frames *f)
{
    return f->closed;
}

const struct om_secret *wss_frames_message(const struct wss_frames *f)
{
    return &f->view;
}

static om_rc broken(struct wss_frames *f, enum wss_code code, struct om_error *err, const char *why)
{
    wss_frames_close(f, code);
    return om_fail(err, OM_EINTEGRITY, "WebSocket: the server sent %s", why);
}

/* A frame has begun: may it stand here? */
static om_rc check_frame(struct wss_frames *f, const struct wslay_frame_iocb *frame, struct om_error *err)
{
    bool control = wslay_is_ctrl_frame(frame->opcode);
    if (frame->mask)
        return broken(f, WSS_PROTOCOL_ERROR, err, "a masked frame");
    if (frame->rsv != 0)
        return broken(f, WSS_PROTOCOL_ERROR, err, "a reserved bit, though no extension was negotiated");
    if (frame->opcode > WSLAY_PONG || (frame->opcode > WSLAY_BINARY_FRAME && !control))
        return broken(f, WSS_PROTOCOL_ERROR, err, "an unknown opcode");
    if (control)
        return OM_OK;
    if ((frame->opcode == WSLAY_CONTINUATION_FRAME) != f->in_message)
        return broken(f, WSS_PROTOCOL_ERROR, err, "a fragment out of order");
    if (!f->in_message && frame->opcode != f->opcode)
        return broken(f, WSS_UNSUPPORTED_DATA, err, "a message in the wrong kind of frame");
    size_t have = f->in_message ? f->view.len : 0;
    if (frame->payload_length > f->message.len - have)
        return broken(f, WSS_TOO_BIG, err, "a message that is too long");
    f->view = (struct om_secret){.octets = f->message.octets, .len = have};
    f->in_message = true;
    return OM_OK;
}

static void end_frame(struct wss_frames *f, const struct wslay_frame_iocb *frame)
{
    f->in_frame = false;
    if (frame->opcode == WSLAY_CONNECTION_CLOSE) {
        f->closed = f->control_len >= 2 ? (unsigned)f->control[0] << 8 | f->control[1] : NO_CLOSE_CODE;
        wss_frames_close(f, WSS_NORMAL);
    } else if (frame->opcode == WSLAY_PING && !f->close_sent) {
        (void)send_frame(f, WSLAY_PONG, f->control, f->control_len);
    } else if (!wslay_is_ctrl_frame(frame->opcode) && frame->fin) {
        f->in_message = false;
        f->complete = true;
    }
}

/* A part of a frame, its first with the header. wslay has checked that control frames are short and whole. */
static om_rc on_part(struct wss_frames *f, const struct wslay_frame_iocb *frame, struct om_error *err)
{
    if (!f->in_frame) {
        OM_TRY(check_frame(f, frame, err));
        f->in_frame = true;
        f->left = frame->payload_length;
        f->control_len = 0;
    }
    if (wslay_is_ctrl_frame(frame->opcode)) {
        memcpy(f->control + f->control_len, frame->data, frame->data_length);
        f->control_len += frame->data_length;
    } else {
        memcpy(f->message.octets + f->view.len, frame->data, frame->data_length);
        f->view.len += frame->data_length;
    }
    f->left -= frame->data_length;
    if (f->left == 0)
        end_frame(f, frame);
    return OM_OK;
}

om_rc wss_frames_receive(struct wss_frames *f, bool *complete, struct om_error *err)
{
    f->complete = false;
    om_rc rc = OM_OK;
    while (rc == OM_OK && !f->complete && f->closed == 0) {
        struct wslay_frame_iocb frame = {0};
        ssize_t n = wslay_frame_recv(f->frames, &frame);
        if (n == WSLAY_ERR_WANT_READ)
            break;
        rc = n >= 0 ? on_part(f, &frame, err) : broken(f, WSS_PROTOCOL_ERROR, err, "a malformed frame");
        if (n > 0)
            om_wipe((uint8_t *)frame.data, frame.data_length);
    }
    *complete = f->complete;
    return rc;
}
