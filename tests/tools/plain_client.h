/* A TLS or DTLS 1.2 PSK client of plain OpenSSL, with its key in RAM: the peer that is not ours. */
#ifndef OPENMAF_TESTS_PLAIN_CLIENT_H
#define OPENMAF_TESTS_PLAIN_CLIENT_H

#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>

struct plain_psk {
    const char *identity;
    uint8_t key[64];
    size_t key_len;
};

/* A context for one suite (OpenSSL's name). The psk of each SSL is set with plain_client_psk. Exits on
 * failure. */
SSL_CTX *plain_client_ctx(const char *suite);
SSL_CTX *plain_dtls_ctx(const char *suite);
/* psk must outlive ssl. */
void plain_client_psk(SSL *ssl, const char *server_name, struct plain_psk *psk);

#endif
