/* Cookies of a DTLS server (RFC 6347 section 4.2.1): a MAC of the peer's address and of the minute, so that a
 * source which does not receive what is sent to it costs neither memory nor the token. */
#include "client/saef.h"
#include "util/buf.h"

#include <openssl/bio.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <time.h>

#define COOKIE_SIZE 32
#define STEP        60 /* seconds; a cookie is good for one to two of these */

static uint64_t step_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec / STEP;
}

/* step | u16 family | u16 port | address, in an HMAC keyed by the context. */
static bool make_cookie(SSL *ssl, uint64_t step, uint8_t cookie[COOKIE_SIZE])
{
    const struct saef *s = saef_of(SSL_get_SSL_CTX(ssl));
    BIO_ADDR *address = BIO_ADDR_new();
    uint8_t raw[16];
    uint8_t text[32];
    size_t n = 0;
    unsigned len = 0;
    struct om_writer w;
    bool good = s != NULL && address != NULL && BIO_dgram_get_peer(SSL_get_rbio(ssl), address) > 0 &&
                BIO_ADDR_rawaddress(address, NULL, &n) == 1 && n <= sizeof raw &&
                BIO_ADDR_rawaddress(address, raw, &n) == 1;
    if (good) {
        om_writer_init(&w, text, sizeof text);
        om_write_u64(&w, step);
        om_write_u16(&w, (uint16_t)BIO_ADDR_family(address));
        om_write_u16(&w, BIO_ADDR_rawport(address));
        om_write_octets(&w, raw, n);
        good = om_writer_ok(&w) &&
               HMAC(EVP_sha256(), s->cookie_key, sizeof s->cookie_key, text, w.len, cookie, &len) != NULL;
    }
    BIO_ADDR_free(address);
    return good;
}

static int on_make(SSL *ssl, unsigned char *cookie, unsigned *n)
{
    *n = COOKIE_SIZE;
    return make_cookie(ssl, step_now(), cookie);
}

static int on_check(SSL *ssl, const unsigned char *cookie, unsigned n)
{
    uint8_t want[COOKIE_SIZE];
    uint64_t step = step_now();
    if (n != sizeof want)
        return 0;
    for (uint64_t i = 0; i < 2 && i <= step; i++)
        if (make_cookie(ssl, step - i, want) && om_equal_ct(want, cookie, sizeof want))
            return 1;
    return 0;
}

om_rc saef_cookies(struct saef *s, SSL_CTX *ctx, struct om_error *err)
{
    if (RAND_priv_bytes(s->cookie_key, sizeof s->cookie_key) != 1)
        return om_fail(err, OM_EINTERNAL, "the random generator failed");
    SSL_CTX_set_cookie_generate_cb(ctx, on_make);
    SSL_CTX_set_cookie_verify_cb(ctx, on_check);
    SSL_CTX_set_options(ctx, SSL_OP_COOKIE_EXCHANGE);
    return OM_OK;
}
