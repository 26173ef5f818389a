/* See plain_client.h. */
#include "plain_client.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned give_psk(SSL *ssl, const char *hint, char *identity, unsigned identity_max,
                         unsigned char *key, unsigned key_max)
{
    (void)hint;
    const struct plain_psk *psk = SSL_get_app_data(ssl);
    if (strlen(psk->identity) >= identity_max || psk->key_len > key_max)
        return 0;
    memcpy(identity, psk->identity, strlen(psk->identity) + 1);
    memcpy(key, psk->key, psk->key_len);
    return (unsigned)psk->key_len;
}

static SSL_CTX *client_ctx(const SSL_METHOD *method, int version, const char *suite)
{
    SSL_CTX *ctx = SSL_CTX_new(method);
    if (ctx == NULL || SSL_CTX_set_max_proto_version(ctx, version) != 1 ||
        SSL_CTX_set_cipher_list(ctx, suite) != 1) {
        ERR_print_errors_fp(stderr);
        exit(1);
    }
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_psk_client_callback(ctx, give_psk);
    return ctx;
}

SSL_CTX *plain_client_ctx(const char *suite)
{
    return client_ctx(TLS_client_method(), TLS1_2_VERSION, suite);
}

SSL_CTX *plain_dtls_ctx(const char *suite)
{
    return client_ctx(DTLS_client_method(), DTLS1_2_VERSION, suite);
}

void plain_client_psk(SSL *ssl, const char *server_name, struct plain_psk *psk)
{
    SSL_set_app_data(ssl, psk);
    (void)SSL_set_tlsext_host_name(ssl, server_name);
}
