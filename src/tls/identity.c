/* psk_identity on the wire: see identity.h. */
#include "tls/identity.h"
#include "tls/token_master.h"
#include "util/buf.h"

#include <pthread.h>
#include <string.h>

#define TLS_HEADER  4
#define DTLS_HEADER 12

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int ex_index = -1;                  /* holds a pointer to ruler[length]; NULL: not seen */
static char ruler[OMTLS_IDENTITY_MAX + 2]; /* an integer as a pointer, without a cast; the last: any longer */

static void init_once(void)
{
    ex_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

/* ClientKeyExchange of a PSK suite: u16 length | psk_identity (RFC 4279 section 2). */
static void on_message(int write_p, int version, int content_type, const void *buf, size_t len, SSL *ssl,
                       void *arg)
{
    (void)version, (void)arg;
    bool handshake = content_type == SSL3_RT_HANDSHAKE && len >= 1;
    /* Behind this message, sent or received, OpenSSL makes the master secret. */
    if (handshake || content_type == SSL3_RT_ALERT)
        omtls_ecdhe_expect(handshake && *(const uint8_t *)buf == SSL3_MT_CLIENT_KEY_EXCHANGE
                               ? omtls_connection_of(ssl)
                               : NULL);
    if (write_p || content_type != SSL3_RT_HANDSHAKE || len < 1 ||
        *(const uint8_t *)buf != SSL3_MT_CLIENT_KEY_EXCHANGE)
        return;
    struct om_reader r;
    size_t n = 0;
    om_reader_init(&r, buf, len);
    (void)om_read_octets(&r, SSL_is_dtls(ssl) ? DTLS_HEADER : TLS_HEADER);
    if (om_read_vector16(&r, &n) != NULL)
        (void)SSL_set_ex_data(ssl, ex_index, &ruler[n < sizeof ruler ? n : sizeof ruler - 1]);
}

void omtls_identity_watch(SSL_CTX *ctx)
{
    if (pthread_once(&once, init_once) == 0 && ex_index >= 0)
        SSL_CTX_set_msg_callback(ctx, on_message);
}

bool omtls_identity_clean(const SSL *ssl, const char *identity)
{
    size_t len = strnlen(identity, OMTLS_IDENTITY_MAX + 1);
    if (len > OMTLS_IDENTITY_MAX)
        return false;
    const char *seen = ex_index < 0 ? NULL : SSL_get_ex_data(ssl, ex_index);
    if (seen != NULL && seen != &ruler[len])
        return false;
    for (size_t i = 0; i < len; i++) {
        uint8_t octet = (uint8_t)identity[i];
        if (octet < 0x20 || octet == 0x7f)
            return false;
    }
    return true;
}
