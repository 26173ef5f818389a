/* ClientHellos by hand, to send what no DTLS library would. */
#ifndef OPENMAF_TESTS_BIND_COAP_HELLO_H
#define OPENMAF_TESTS_BIND_COAP_HELLO_H

#include "server.h"

#define HELLO_COOKIE_MAX 255

/* A connected UDP socket from a new port, or from `port`. */
int hello_socket(struct server *s, uint16_t port);
/* Sends a ClientHello whose random begins with `random`. */
void hello_send(int fd, uint8_t random, const uint8_t *cookie, size_t cookie_len);
/* Receives a HelloVerifyRequest; returns the cookie's length. */
size_t hello_cookie(int fd, uint8_t cookie[HELLO_COOKIE_MAX]);
/* Receives a ServerHello. */
void hello_accepted(int fd);

#endif
