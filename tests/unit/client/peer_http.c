/* The scripted MAF over HTTPS. */
#include "peer_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Copies the value of a header into out. */
static void header(const char *head, const char *name, char *out, size_t cap)
{
    const char *at = strcasestr(head, name);
    out[0] = '\0';
    if (at == NULL)
        return;
    at += strlen(name);
    at += strspn(at, ": ");
    (void)snprintf(out, cap, "%.*s", (int)strcspn(at, "\r\n"), at);
}

/* Reads head and body; false when the client went away first. */
static bool read_request(const struct peer *peer, SSL *ssl, struct peer_request *rq)
{
    char buf[2 * PEER_TEXT_MAX];
    size_t n = 0;
    const char *end = NULL;
    size_t want = SIZE_MAX;
    while (n < want && n < sizeof buf - 1) {
        int got = SSL_read(ssl, buf + n, (int)(sizeof buf - 1 - n));
        if (got <= 0)
            return false;
        n += (size_t)got;
        buf[n] = '\0';
        end = strstr(buf, "\r\n\r\n");
        if (end != NULL) {
            char length[32];
            header(buf, "\r\nContent-Length", length, sizeof length);
            want = (size_t)(end - buf) + 4 + strtoul(length, NULL, 10);
        }
    }
    size_t head = (size_t)(end - buf) + 2;
    (void)snprintf(rq->head, sizeof rq->head, "%.*s", (int)head, buf);
    (void)snprintf(rq->line, sizeof rq->line, "%.*s", (int)strcspn(buf, "\r\n"), buf);
    if (n > head + 2)
        peer_need(peer_to_json(peer, end + 4, n - head - 2, rq->body, sizeof rq->body), "reading a body");
    header(rq->head, "X-M2M-RI", rq->rqi, sizeof rq->rqi);
    return true;
}

static void send_reply(const struct peer *peer, SSL *ssl, const struct peer_request *rq)
{
    static uint8_t cbor[65536];
    static char message[sizeof peer->reply.body + 4096];
    const struct peer_reply *reply = &peer->reply;
    if (reply->raw != NULL) {
        (void)SSL_write(ssl, reply->raw, (int)strlen(reply->raw));
        return;
    }
    const void *body = reply->body;
    size_t len = reply->body_len != 0 ? reply->body_len : strlen(reply->body);
    const char *type = "application/json";
    if (peer_from_json(peer, reply->body, len, cbor, sizeof cbor, &len)) {
        body = cbor;
        type = "application/cbor";
    }
    char rsc[64] = "";
    if (reply->rsc != 0)
        (void)snprintf(rsc, sizeof rsc, "X-M2M-RSC: %d\r\n", reply->rsc);
    int head = snprintf(
        message, sizeof message,
        "HTTP/1.1 %d\r\n%sX-M2M-RI: %s\r\nX-M2M-RVI: 3\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
        reply->status, rsc, reply->rqi != NULL ? reply->rqi : rq->rqi,
        reply->content_type != NULL ? reply->content_type : type, len);
    memcpy(message + head, body, len);
    size_t n = (size_t)head + len;
    (void)SSL_write(ssl, message, (int)(n - reply->missing));
}

void peer_serve_http(struct peer *peer, SSL *ssl)
{
    struct peer_request *rq = peer_begin(peer, ssl);
    if (rq == NULL || !read_request(peer, ssl, rq))
        return;
    peer_ask(peer, rq);
    send_reply(peer, ssl, rq);
}
