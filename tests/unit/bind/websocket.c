/* A WebSocket peer: see websocket.h. */
#include "websocket.h"

#include <stdio.h>
#include <string.h>

struct peer *ws_connect(struct server *s, const char *subprotocol)
{
    struct peer *p = peer_connect(s);
    struct answer a;
    peer_send_text(p, WS_UPGRADE "Sec-WebSocket-Protocol: %s\r\n\r\n", subprotocol);
    peer_read(p, &a, false);
    assert_int_equal(a.status, 101);
    assert_string_equal(answer_header(&a, "Sec-WebSocket-Accept"), WS_ACCEPT);
    assert_string_equal(answer_header(&a, "Sec-WebSocket-Protocol"), subprotocol);
    return p;
}

void ws_send(struct peer *p, uint8_t head, const void *payload, size_t n)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    static uint8_t frame[1 << 20];
    size_t at = 0;
    assert_true(n < sizeof frame - 14);
    frame[at++] = head;
    if (n < 126) {
        frame[at++] = (uint8_t)(0x80 | n);
    } else if (n < 65536) {
        frame[at++] = 0x80 | 126;
        frame[at++] = (uint8_t)(n >> 8);
        frame[at++] = (uint8_t)n;
    } else {
        frame[at++] = 0x80 | 127;
        for (int shift = 56; shift >= 0; shift -= 8)
            frame[at++] = (uint8_t)((uint64_t)n >> shift);
    }
    memcpy(frame + at, mask, sizeof mask);
    at += sizeof mask;
    for (size_t i = 0; i < n; i++)
        frame[at++] = ((const uint8_t *)payload)[i] ^ mask[i % 4];
    peer_send(p, frame, at);
}

void ws_send_text(struct peer *p, const char *text)
{
    ws_send(p, WS_FIN | WS_TEXT, text, strlen(text));
}

void ws_read(struct peer *p, struct ws_frame *f)
{
    uint8_t h[2];
    uint8_t extended[8];
    peer_read_octets(p, h, sizeof h);
    f->head = h[0];
    f->n = h[1];
    assert_true(h[1] < 127); /* not masked, and shorter than 64 KiB */
    if (h[1] == 126) {
        peer_read_octets(p, extended, 2);
        f->n = (size_t)extended[0] << 8 | extended[1];
    }
    assert_true(f->n < sizeof f->payload);
    peer_read_octets(p, f->payload, f->n);
    f->payload[f->n] = '\0';
}

void ws_expect_text(struct peer *p, const char *part)
{
    struct ws_frame f;
    ws_read(p, &f);
    if (f.head != (WS_FIN | WS_TEXT) || strstr(f.payload, part) == NULL)
        fail_msg("expected '%s', got frame %02x '%s'", part, f.head, f.payload);
}

void ws_expect_close_frame(struct peer *p, int code)
{
    struct ws_frame f;
    ws_read(p, &f);
    int got = f.n >= 2 ? (uint8_t)f.payload[0] << 8 | (uint8_t)f.payload[1] : 0;
    if (f.head != (WS_FIN | WS_CLOSE) || got != code)
        fail_msg("expected Close %d, got frame %02x, code %d", code, f.head, got);
}

void ws_expect_closing(struct peer *p, int code)
{
    const uint8_t answer[] = {(uint8_t)(code >> 8), (uint8_t)code};
    ws_expect_close_frame(p, code);
    ws_send(p, WS_FIN | WS_CLOSE, answer, sizeof answer);
    peer_expect_close(p);
}
