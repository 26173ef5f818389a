/* Fuzz target: a WebSocket after its opening handshake, from the octets of frames to requests and responses.
 * The first octet of an input chooses the subprotocol, the second how many octets arrive at a time; the rest
 * comes from the peer. What goes out must be good frames of a server, and nothing after a Close. */
#include "target.h"

#include "bind/wss_primitive.h"
#include "bind/wss_stream.h"

#include <stdlib.h>
#include <string.h>

#define MAX_MESSAGE 4096

/* A property that does not hold is a finding, in every build. */
static void require(bool holds)
{
    if (!holds)
        abort();
}

struct wire {
    const struct wss_subprotocol *protocol;
    struct wss_stream *stream;
    const uint8_t *in;
    size_t in_len, piece, arrived;
    /* the frame that is going out */
    uint8_t head[10];
    size_t head_len;
    uint64_t left;
    bool waiting, closed;
};

static size_t take(void *arg, uint8_t *p, size_t n)
{
    struct wire *w = arg;
    if (n > w->arrived)
        n = w->arrived;
    memcpy(p, w->in, n);
    w->in += n;
    w->in_len -= n;
    w->arrived -= n;
    return n;
}

static size_t head_size(const struct wire *w)
{
    if (w->head_len < 2)
        return 2;
    return w->head[1] == 126 ? 4 : w->head[1] == 127 ? 10 : 2;
}

/* A whole head: the length of the payload, after all rules that the head can break. */
static uint64_t begin_frame(struct wire *w)
{
    uint8_t opcode = w->head[0] & 0x0f;
    uint64_t n = w->head[1];
    require(!w->closed && (w->head[0] & 0xf0) == 0x80 && n < 128); /* final, nothing reserved, not masked */
    if (n >= 126)
        n = 0;
    for (size_t i = 2; i < w->head_len; i++)
        n = n << 8 | w->head[i];
    require(opcode == (w->protocol->binary ? 2 : 1) || ((opcode == 8 || opcode == 10) && n <= 125));
    require(opcode != 8 || n != 1);
    w->closed = opcode == 8;
    return n;
}

static bool put(void *arg, const uint8_t *p, size_t n)
{
    struct wire *w = arg;
    w->waiting = true;
    for (; n > 0; n--, p++) {
        if (w->left > 0) {
            w->left--;
            continue;
        }
        w->head[w->head_len++] = *p;
        if (w->head_len < head_size(w))
            continue;
        w->left = begin_frame(w);
        w->head_len = 0;
    }
    return true;
}

static bool waiting(void *arg)
{
    const struct wire *w = arg;
    return w->waiting;
}

static void handle(void *arg, const struct m2m_request *rq, struct m2m_response *rs)
{
    (void)arg;
    require((rq->syntax_rsc == 0) == (rq->syntax_text[0] == '\0'));
    rs->has_rqi = rq->has_rqi;
    memcpy(rs->rqi, rq->rqi, sizeof rs->rqi);
    if (rq->syntax_rsc != 0)
        m2m_response_error(rs, rq->syntax_rsc, "%s", rq->syntax_text);
    else
        rs->rsc = M2M_OK;
    if (rq->syntax_rsc == 0)
        rs->pc = json_incref(rq->pc);
}

static void message(void *arg, const uint8_t *p, size_t n)
{
    struct wire *w = arg;
    struct om_secret out = OM_SECRET_INIT;
    require(n <= MAX_MESSAGE);
    require(wss_answer(w->protocol, p, n, handle, NULL, &out, NULL) == OM_OK);
    wss_stream_send(w->stream, out.octets, out.len);
    om_secret_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct wss_stream_ops ops = {take, put, waiting, message};
    struct wire w = {.in = data + 2, .in_len = size - 2};
    if (size < 2)
        return 0;
    w.protocol = wss_subprotocol_find((data[0] & 1) != 0 ? "oneM2M.cbor" : "oneM2M.json", 11);
    w.piece = (size_t)data[1] + 1;
    require(wss_stream_new(w.protocol->binary, MAX_MESSAGE, &ops, &w, &w.stream, NULL) == OM_OK);
    while (w.in_len > 0 && wss_stream_state(w.stream) != WSS_CLOSED) {
        w.waiting = false; /* the peer has taken what was sent */
        if (w.arrived == 0)
            w.arrived = w.in_len < w.piece ? w.in_len : w.piece;
        size_t before = w.in_len;
        wss_stream_run(w.stream);
        require(w.in_len < before || w.waiting || wss_stream_state(w.stream) == WSS_CLOSED ||
                wss_stream_state(w.stream) == WSS_DEAF);
    }
    require(w.head_len == 0 && w.left == 0);
    require(wss_stream_state(w.stream) == WSS_OPEN || w.closed);
    wss_stream_close(w.stream, WSS_GOING_AWAY, "the end");
    require(w.closed);
    wss_stream_free(w.stream);
    return 0;
}
