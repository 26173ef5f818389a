/* The scripted MAF over WebSocket (RFC 6455), by hand: also what no library would send. */
#include "onem2m/wire_names.h"
#include "peer_internal.h"
#include "util/text.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

enum { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

static bool read_all(SSL *ssl, void *out, size_t n)
{
    for (size_t at = 0; at < n;) {
        int got = SSL_read(ssl, (uint8_t *)out + at, (int)(n - at));
        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    return true;
}

/* One frame of the client, which must be masked; -1: it went away. */
static int read_frame(SSL *ssl, uint8_t *payload, size_t cap, size_t *len)
{
    uint8_t head[2];
    uint8_t extended[8];
    uint8_t mask[4];
    if (!read_all(ssl, head, 2))
        return -1;
    peer_need((head[0] & 0x70) == 0 && (head[1] & 0x80) != 0, "masked frame without reserved bits");
    uint64_t n = head[1] & 0x7f;
    size_t more = n == 126 ? 2 : n == 127 ? 8 : 0;
    if (!read_all(ssl, extended, more))
        return -1;
    if (more > 0)
        n = 0;
    for (size_t i = 0; i < more; i++)
        n = n << 8 | extended[i];
    peer_need(n <= cap && (head[0] & 0x80) != 0, "one whole frame");
    if (!read_all(ssl, mask, 4) || !read_all(ssl, payload, (size_t)n))
        return -1;
    for (size_t i = 0; i < n; i++)
        payload[i] ^= mask[i % 4];
    *len = (size_t)n;
    return head[0] & 0x0f;
}

static void write_frame(SSL *ssl, bool fin, int opcode, const uint8_t *p, size_t n)
{
    static uint8_t frame[200000];
    size_t head = 2;
    frame[0] = (uint8_t)((fin ? 0x80 : 0) | opcode);
    frame[1] = (uint8_t)(n < 126 ? n : n < 65536 ? 126 : 127);
    for (size_t i = n < 126 ? 0 : n < 65536 ? 2 : 8; i > 0; i--)
        frame[head++] = (uint8_t)((uint64_t)n >> 8 * (i - 1));
    memcpy(frame + head, p, n);
    (void)SSL_write(ssl, frame, (int)(head + n));
}

static bool upgrade(struct peer *peer, SSL *ssl)
{
    char head[4096] = "";
    for (size_t n = 0; strstr(head, "\r\n\r\n") == NULL; n++)
        if (n + 1 >= sizeof head || !read_all(ssl, head + n, 1))
            return false;
    char text[128];
    uint8_t digest[20];
    char accept[32];
    const char *key = strstr(head, "\r\nSec-WebSocket-Key: ");
    const char *protocol = peer->cbor ? "\r\nSec-WebSocket-Protocol: oneM2M.cbor\r\n"
                                      : "\r\nSec-WebSocket-Protocol: oneM2M.json\r\n";
    peer_need(strncmp(head, "GET / HTTP/1.1\r\n", 16) == 0 && key != NULL && strstr(head, protocol) != NULL &&
                  strstr(head, "\r\nSec-WebSocket-Version: 13\r\n") != NULL &&
                  strstr(head, "\r\nHost: maf.example.com\r\n") != NULL,
              "the client's handshake");
    (void)snprintf(text, sizeof text, "%.24s" GUID, key + 21);
    peer_need(EVP_Q_digest(NULL, "SHA1", NULL, text, strlen(text), digest, NULL) == 1, "SHA-1");
    om_base64_encode(accept, digest, sizeof digest);
    static char answer[20000];
    if (peer->ways.upgrade != NULL) {
        const char *at = strstr(peer->ways.upgrade, "%s");
        (void)snprintf(answer, sizeof answer, "%.*s%s%s",
                       at != NULL ? (int)(at - peer->ways.upgrade) : (int)strlen(peer->ways.upgrade),
                       peer->ways.upgrade, at != NULL ? accept : "", at != NULL ? at + 2 : "");
    } else {
        (void)snprintf(
            answer, sizeof answer,
            "HTTP/1.1 101 Switching Protocols\r\nconnection: keep-alive, upgrade\r\nUPGRADE: WebSocket\r\n"
            "Sec-WebSocket-Accept: %s%s\r\n",
            accept, protocol);
    }
    (void)SSL_write(ssl, answer, (int)strlen(answer));
    return true;
}

/* A whole primitive in HTTP's words. */
static void take_primitive(const struct peer *peer, const uint8_t *octets, size_t n, struct peer_request *rq)
{
    static const char *const methods[] = {"", "POST", "GET", "PUT", "DELETE"};
    static char text[PEER_TEXT_MAX];
    peer_need(peer_to_json(peer, octets, n, text, sizeof text), "reading a primitive");
    json_t *tree = json_loads(text, 0, NULL);
    json_t *pc = json_object_get(tree, "pc");
    json_t *fc = json_object_get(tree, "fc");
    bool list = json_object_get(pc, WIRE_ATTRIBUTE_LIST) != NULL;
    (void)snprintf(rq->line, sizeof rq->line, "%s /_/%s%s%s HTTP/1.1",
                   methods[json_integer_value(json_object_get(tree, "op"))],
                   json_string_value(json_object_get(tree, "to")) + 2, fc != NULL ? "?fu=1" : "",
                   list ? "?atrl=mccf" : "");
    (void)snprintf(rq->head, sizeof rq->head, "%s\r\nContent-Type: primitive; ty=%d\r\nX-M2M-Origin: %s\r\n",
                   rq->line, (int)json_integer_value(json_object_get(tree, "ty")),
                   json_string_value(json_object_get(tree, "fr")));
    (void)snprintf(rq->rqi, sizeof rq->rqi, "%s", json_string_value(json_object_get(tree, "rqi")));
    peer_need(strcmp(json_string_value(json_object_get(tree, "rvi")), "3") == 0, "rvi");
    if (pc != NULL && !list)
        (void)json_dumpb(pc, rq->body, sizeof rq->body - 1, JSON_COMPACT);
    json_decref(tree);
}

/* The reply as a message; what is no JSON goes as it is. */
static size_t make_message(const struct peer *peer, const struct peer_request *rq, uint8_t *out, size_t cap)
{
    static char text[sizeof peer->reply.body + 256];
    const struct peer_reply *reply = &peer->reply;
    size_t n = reply->body_len != 0 ? reply->body_len : strlen(reply->body);
    const char *rqi = reply->rqi != NULL ? reply->rqi : rq->rqi;
    char member[160] = "";
    if (rqi[0] != '\0')
        (void)snprintf(member, sizeof member, "\"rqi\":\"%s\",", rqi);
    char rsc[32] = "";
    if (reply->rsc != 0)
        (void)snprintf(rsc, sizeof rsc, "\"rsc\":%d,", reply->rsc);
    int len = n == 0 ? snprintf(text, sizeof text, "{%s%s\"rvi\":\"3\"}", rsc, member)
                     : snprintf(text, sizeof text, "{%s%s\"rvi\":\"3\",\"pc\":%.*s}", rsc, member, (int)n,
                                reply->body);
    size_t octets = 0;
    if (n > 0 && reply->body[strspn(reply->body, " ")] != '{') {
        memcpy(out, reply->body, n);
        return n;
    }
    if (peer_from_json(peer, text, (size_t)len, out, cap, &octets))
        return octets;
    memcpy(out, text, (size_t)len);
    return (size_t)len;
}

static void ping(struct peer *peer, SSL *ssl)
{
    uint8_t payload[125];
    size_t n = 0;
    write_frame(ssl, true, PING, (const uint8_t *)"are you there?", 14);
    if (read_frame(ssl, payload, sizeof payload, &n) == PONG)
        peer->ways.pong = n == 14 && memcmp(payload, "are you there?", 14) == 0;
}

static void send_message(struct peer *peer, SSL *ssl, const uint8_t *p, size_t n)
{
    size_t parts = peer->ways.fragments > 0 ? peer->ways.fragments : 1;
    size_t part = (n + parts - 1) / parts;
    for (size_t at = 0; at < n; at += part) {
        bool last = at + part >= n;
        if (peer->ways.ping)
            ping(peer, ssl);
        write_frame(ssl, last,
                    at > 0       ? CONTINUATION
                    : peer->cbor ? BINARY
                                 : TEXT,
                    p + at, last ? n - at : part);
    }
}

/* Ours, or the client's: then its code is answered. */
static void close_socket(struct peer *peer, SSL *ssl)
{
    static uint8_t payload[65536];
    size_t n = 0;
    int opcode;
    while ((opcode = read_frame(ssl, payload, sizeof payload, &n)) >= 0 && opcode != CLOSE)
        ;
    if (opcode != CLOSE)
        return;
    peer->ways.closed = n >= 2 ? (unsigned)payload[0] << 8 | payload[1] : 1;
    write_frame(ssl, true, CLOSE, payload, n >= 2 ? 2 : 0);
}

void peer_serve_wss(struct peer *peer, SSL *ssl)
{
    static uint8_t octets[200000];
    size_t n = 0;
    if (!upgrade(peer, ssl))
        return;
    int opcode = read_frame(ssl, octets, sizeof octets, &n);
    struct peer_request *rq = peer_begin(peer, ssl);
    if (opcode < 0 || rq == NULL)
        return;
    peer_need(opcode == (peer->cbor ? BINARY : TEXT), "kind of frame");
    take_primitive(peer, octets, n, rq);
    peer_ask(peer, rq);
    const uint8_t code[] = {(uint8_t)(peer->ways.close_code >> 8), (uint8_t)peer->ways.close_code};
    if (peer->reply.raw != NULL)
        return;
    if (peer->ways.frames != NULL)
        (void)SSL_write(ssl, peer->ways.frames, (int)peer->ways.frames_len);
    else if (peer->ways.close_code != 0)
        write_frame(ssl, true, CLOSE, code, peer->ways.close_code > 1 ? sizeof code : 0);
    else
        send_message(peer, ssl, octets, make_message(peer, rq, octets, sizeof octets));
    if (peer->reply.missing == 0)
        close_socket(peer, ssl);
}
