/* A pre-shared key prepared for TLS 1.3: what RFC 8446 section 7.1 makes of it before anything of a session
 * comes in, as HMAC keys of the token. Made in host memory, once, when the key is imported, and wiped.
 *
 * Neither the early secret nor the binder key is among them: whoever has one of those has the key. */
#include "se/internal.h"
#include "util/buf.h"

#include <openssl/evp.h>
#include <string.h>

#define HASH SE_MAC_SIZE

const uint8_t se_hash_of_nothing[HASH] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
                                          0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
                                          0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};

struct schedule {
    uint8_t early[HASH], binder[HASH], between[HASH]; /* on the way, never kept */
    uint8_t derived[HASH], finished[HASH], handshake[HASH], master[HASH];
};

static om_rc hmac(const uint8_t *key, size_t key_len, const uint8_t *message, size_t n, uint8_t out[HASH],
                  struct om_error *err)
{
    size_t len = 0;
    if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_len, message, n, out, HASH, &len) == NULL ||
        len != HASH)
        return om_fail(err, OM_EINTERNAL, "HMAC-SHA-256 failed");
    return OM_OK;
}

size_t se_psk13_info(const char *label, const uint8_t *context, size_t n, uint8_t out[SE_PSK13_INFO_MAX])
{
    static const char prefix[] = "tls13 ";
    struct om_writer w;
    om_writer_init(&w, out, SE_PSK13_INFO_MAX);
    om_write_u16(&w, HASH);
    om_write_u8(&w, (uint8_t)(sizeof prefix - 1 + strlen(label)));
    om_write_octets(&w, prefix, sizeof prefix - 1);
    om_write_octets(&w, label, strlen(label));
    om_write_u8(&w, (uint8_t)n);
    om_write_octets(&w, context, n);
    om_write_u8(&w, 1); /* HKDF-Expand's counter */
    return w.len;
}

static om_rc expand(const uint8_t secret[HASH], const char *label, const uint8_t *context, size_t n,
                    uint8_t out[HASH], struct om_error *err)
{
    uint8_t info[SE_PSK13_INFO_MAX];
    return hmac(secret, HASH, info, se_psk13_info(label, context, n, info), out, err);
}

static om_rc run_schedule(const void *psk, size_t n, struct schedule *s, struct om_error *err)
{
    static const uint8_t zeros[HASH];
    const uint8_t *empty = se_hash_of_nothing;
    OM_TRY(hmac(zeros, HASH, psk, n, s->early, err));
    OM_TRY(expand(s->early, "ext binder", empty, HASH, s->binder, err));
    OM_TRY(expand(s->binder, "finished", empty, 0, s->finished, err));
    OM_TRY(expand(s->early, "derived", empty, HASH, s->derived, err));
    OM_TRY(hmac(s->derived, HASH, zeros, HASH, s->handshake, err));
    OM_TRY(expand(s->handshake, "derived", empty, HASH, s->between, err));
    return hmac(s->between, HASH, zeros, HASH, s->master, err);
}

static om_rc wrap_schedule(struct se *se, const struct schedule *s, struct se_psk13 *out,
                           struct om_error *err)
{
    OM_TRY(se_import(se, SE_USE_TLS13_DERIVED, s->derived, HASH, &out->derived, err));
    OM_TRY(se_import(se, SE_USE_TLS13_FINISHED, s->finished, HASH, &out->finished, err));
    OM_TRY(se_import(se, SE_USE_TLS13_HANDSHAKE, s->handshake, HASH, &out->handshake, err));
    return se_import(se, SE_USE_TLS13_MASTER, s->master, HASH, &out->master, err);
}

om_rc se_import_psk13(struct se *se, const void *psk, size_t n, struct se_psk13 *out, struct om_error *err)
{
    struct schedule s;
    memset(out, 0, sizeof *out);
    if (n < 1 || n > SE_KEY_MAX)
        return om_fail(err, OM_EINPUT, "a key of %zu octets is not within 1..%d", n, SE_KEY_MAX);
    om_rc rc = run_schedule(psk, n, &s, err);
    if (rc == OM_OK)
        rc = wrap_schedule(se, &s, out, err);
    om_wipe(&s, sizeof s);
    if (rc != OM_OK)
        memset(out, 0, sizeof *out);
    return rc;
}
