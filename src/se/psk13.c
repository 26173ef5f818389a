/* A pre-shared key prepared for TLS 1.3: what RFC 8446 section 7.1 makes of it before anything of a session
 * comes in, as HMAC keys of the token. Made in host memory, once, when the key is imported, and wiped.
 *
 * Neither the early secret nor the binder key is among them: whoever has one of those has the key. */
#include "se/se.h"
#include "util/buf.h"

#include <openssl/evp.h>
#include <string.h>

#define HASH      SE_MAC_SIZE
#define LABEL_MAX 16
#define INFO_MAX  (2 + 1 + 6 + LABEL_MAX + 1 + HASH + 1)

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

/* HKDF-Expand-Label (RFC 8446 section 7.1) of one block. */
static om_rc expand(const uint8_t secret[HASH], const char *label, const uint8_t *context, size_t n,
                    uint8_t out[HASH], struct om_error *err)
{
    uint8_t info[INFO_MAX];
    char full[6 + LABEL_MAX + 1] = "tls13 ";
    struct om_writer w;
    memcpy(full + 6, label, strlen(label) + 1);
    om_writer_init(&w, info, sizeof info);
    om_write_u16(&w, HASH);
    om_write_u8(&w, (uint8_t)strlen(full));
    om_write_octets(&w, full, strlen(full));
    om_write_u8(&w, (uint8_t)n);
    om_write_octets(&w, context, n);
    om_write_u8(&w, 1); /* HKDF-Expand's counter */
    return hmac(secret, HASH, info, w.len, out, err);
}

static om_rc run_schedule(const void *psk, size_t n, struct schedule *s, struct om_error *err)
{
    static const uint8_t zeros[HASH];
    uint8_t empty[HASH]; /* the transcript hash of nothing */
    unsigned len = 0;
    if (EVP_Digest("", 0, empty, &len, EVP_sha256(), NULL) != 1)
        return om_fail(err, OM_EINTERNAL, "SHA-256 failed");
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
