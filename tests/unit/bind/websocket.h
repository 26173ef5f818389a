/* A WebSocket peer on top of the peer of server.h: it sends whatever frames a test wants, well formed or not.
 */
#ifndef OPENMAF_TESTS_BIND_WEBSOCKET_H
#define OPENMAF_TESTS_BIND_WEBSOCKET_H

#include "server.h"

#define WS_FIN    0x80
#define WS_TEXT   0x1
#define WS_BINARY 0x2
#define WS_CLOSE  0x8
#define WS_PING   0x9
#define WS_PONG   0xa

/* The example of RFC 6455 §1.3. */
#define WS_KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define WS_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define WS_UPGRADE                                                                                           \
    "GET / HTTP/1.1\r\nHost: " FQDN "\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"          \
    "Sec-WebSocket-Key: " WS_KEY "\r\nSec-WebSocket-Version: 13\r\n"

/* Connected and upgraded to `subprotocol`. */
struct peer *ws_connect(struct server *s, const char *subprotocol);

/* One masked frame; `head` is its first octet. */
void ws_send(struct peer *p, uint8_t head, const void *payload, size_t n);
void ws_send_text(struct peer *p, const char *text); /* a whole message */

struct ws_frame {
    uint8_t head;
    size_t n;
    char payload[8192]; /* and a NUL */
};
void ws_read(struct peer *p, struct ws_frame *f);
void ws_expect_text(struct peer *p, const char *part); /* a text message with that part */

/* The server begins to close with this code; the peer answers, and the server ends the connection. */
void ws_expect_closing(struct peer *p, int code);
/* The same without an answer. */
void ws_expect_close_frame(struct peer *p, int code);

/* RETRIEVE of the base. */
#define WS_GET(rqi)                                                                                          \
    "{\"op\":2,\"to\":\"//" FQDN "/-\",\"fr\":\"" CLIENT "\",\"rqi\":\"" rqi "\",\"rvi\":\"3\"}"

#endif
