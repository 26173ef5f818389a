/* Finding a psk_identity in handshake messages (RFC 5246 §7.4.7, RFC 4279 §2, RFC 6347 §4.2.2, RFC 8446
 * §4.2.11). */
#include "tls/ahead.h"
#include "util/buf.h"

#include <openssl/ssl3.h>
#include <string.h>

static bool take_identity(const uint8_t *p, size_t n, char identity[OMTLS_IDENTITY_MAX + 1])
{
    if (p == NULL || n == 0 || n > OMTLS_IDENTITY_MAX || memchr(p, 0, n) != NULL)
        return false;
    memcpy(identity, p, n);
    identity[n] = '\0';
    return true;
}

/* With plain PSK the identity is all that there is; an ECDHE share begins with its length in one octet, and
 * never fits. */
static bool in_key_exchange(const uint8_t *body, size_t n, char identity[OMTLS_IDENTITY_MAX + 1])
{
    struct om_reader r;
    size_t len = 0;
    om_reader_init(&r, body, n);
    const uint8_t *p = om_read_vector16(&r, &len);
    return om_reader_done(&r) && take_identity(p, len, identity);
}

static bool in_psk_extension(const uint8_t *body, size_t n, char identity[OMTLS_IDENTITY_MAX + 1])
{
    struct om_reader r;
    size_t len = 0;
    om_reader_init(&r, body, n);
    (void)om_read_u16(&r); /* octets of all identities */
    const uint8_t *p = om_read_vector16(&r, &len);
    return take_identity(p, len, identity);
}

static bool in_hello(const uint8_t *body, size_t n, char identity[OMTLS_IDENTITY_MAX + 1])
{
    struct om_reader r;
    size_t len = 0;
    om_reader_init(&r, body, n);
    (void)om_read_octets(&r, 2 + 32);         /* version, random */
    (void)om_read_octets(&r, om_read_u8(&r)); /* session */
    (void)om_read_vector16(&r, &len);         /* suites */
    (void)om_read_octets(&r, om_read_u8(&r)); /* compression */
    (void)om_read_u16(&r);                    /* octets of all extensions */
    for (;;) {
        uint16_t type = om_read_u16(&r);
        const uint8_t *p = om_read_vector16(&r, &len);
        if (p == NULL)
            return false;
        if (type == TLSEXT_TYPE_psk)
            return in_psk_extension(p, len, identity);
    }
}

/* The messages of one record. A DTLS message that is in fragments is left alone. */
static bool in_messages(const uint8_t *octets, size_t n, bool dtls, char identity[OMTLS_IDENTITY_MAX + 1])
{
    struct om_reader r;
    om_reader_init(&r, octets, n);
    while (!om_reader_done(&r)) {
        uint8_t type = om_read_u8(&r);
        size_t len = (size_t)om_read_u8(&r) << 16;
        len |= om_read_u16(&r);
        if (dtls) {
            (void)om_read_u16(&r); /* message number */
            size_t at = (size_t)om_read_u8(&r) << 16;
            at |= om_read_u16(&r);
            size_t here = (size_t)om_read_u8(&r) << 16;
            here |= om_read_u16(&r);
            if (at != 0 || here != len)
                return false;
        }
        const uint8_t *body = om_read_octets(&r, len);
        if (body == NULL)
            return false;
        if (type == SSL3_MT_CLIENT_KEY_EXCHANGE)
            return in_key_exchange(body, len, identity);
        if (type == SSL3_MT_CLIENT_HELLO && !dtls)
            return in_hello(body, len, identity);
    }
    return false;
}

bool omtls_ahead_identity(const uint8_t *octets, size_t n, bool dtls, char identity[OMTLS_IDENTITY_MAX + 1])
{
    struct om_reader r;
    om_reader_init(&r, octets, n);
    while (!om_reader_done(&r)) {
        uint8_t type = om_read_u8(&r);
        (void)om_read_u16(&r);            /* version */
        if (dtls && om_read_u16(&r) != 0) /* epoch: encrypted from 1 on */
            return false;
        if (dtls)
            (void)om_read_octets(&r, 6); /* number */
        size_t len = 0;
        const uint8_t *body = om_read_vector16(&r, &len);
        if (body == NULL)
            return false;
        if (type == SSL3_RT_HANDSHAKE && in_messages(body, len, dtls, identity))
            return true;
    }
    return false;
}
