/* PRFs that the token computes: see token_prf.h. */
#include "tls/token_prf.h"
#include "tls/token_master.h"

#include <openssl/crypto.h>
#include <openssl/objects.h>
#include <string.h>

#define RANDOMS_SIZE 64 /* client_random, server_random */
#define EXPORT_KEY   32
#define EXPORT_SIZE  (OMTLS_EXPORT_ID_SIZE + EXPORT_KEY)

static const char *const labels[] = {OMTLS_LABEL_CONNECTION, OMTLS_LABEL_BOOTSTRAP, OMTLS_LABEL_ESCERTKE};
#define LABEL_MAX 26

static _Thread_local struct omtls_connection *exporting;

void omtls_export_begin(struct omtls_connection *c)
{
    exporting = c;
}

void omtls_export_end(void)
{
    exporting = NULL;
}

struct omtls_connection *omtls_exporting(void)
{
    return exporting;
}

size_t omtls_label_len(const char *text)
{
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (strcmp(text, labels[i]) == 0)
            return strlen(text);
    return 0;
}

/* --- label and seeds --- */

/* Octets of the oneM2M label that the concatenated seeds start with, or 0. However they are cut. */
static size_t onem2m_label(const struct omtls_prf *prf)
{
    char head[LABEL_MAX];
    size_t len = 0;
    for (size_t i = 0; i < prf->n_seeds && len < sizeof head; i++) {
        size_t n = prf->seeds[i].len < sizeof head - len ? prf->seeds[i].len : sizeof head - len;
        memcpy(head + len, prf->seeds[i].octets, n);
        len += n;
    }
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        size_t n = strlen(labels[i]);
        if (n <= len && memcmp(head, labels[i], n) == 0)
            return n;
    }
    return 0;
}

static size_t seeds_len(const struct omtls_prf *prf)
{
    size_t n = 0;
    for (size_t i = 0; i < prf->n_seeds; i++)
        n += prf->seeds[i].len;
    return n;
}

bool omtls_prf_label_is(const struct omtls_prf *prf, const char *label)
{
    return prf->n_seeds > 0 && prf->seeds[0].len == strlen(label) &&
           memcmp(prf->seeds[0].octets, label, prf->seeds[0].len) == 0;
}

bool omtls_digest_is_sha256(const char *name, size_t n)
{
    static const char *const names[] = {"SHA256", "SHA2-256", "SHA-256"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (n == strlen(names[i]) && OPENSSL_strncasecmp(name, names[i], n) == 0)
            return true;
    return false;
}

enum omtls_prf_owner omtls_prf_owner(const struct omtls_prf *prf)
{
    struct omtls_reference ref;
    if (omtls_recognise(prf->secret, prf->secret_len, &ref) != OMTLS_SECRET_FOREIGN)
        return OMTLS_PRF_TOKEN;
    return onem2m_label(prf) > 0 || omtls_ecdhe_is_ours(prf) ? OMTLS_PRF_TOKEN : OMTLS_PRF_OPENSSL;
}

/* --- the exporter --- */

static om_rc export_key(struct omtls_connection *c, struct se_key *master, const struct se_part *parts,
                        size_t n_parts, uint8_t id[OMTLS_EXPORT_ID_SIZE], struct om_error *err)
{
    struct se_key *key = NULL;
    if (c->forms != NULL) {
        OM_TRY(se_prf(master, parts, n_parts, id, OMTLS_EXPORT_ID_SIZE, err));
        return se_prf_forms(master, parts, n_parts, OMTLS_EXPORT_ID_SIZE, EXPORT_KEY, c->wanted, c->forms,
                            err);
    }
    OM_TRY(se_prf_head_and_key(master, parts, n_parts, id, OMTLS_EXPORT_ID_SIZE, EXPORT_KEY, &key, err));
    omtls_connection_set_exported(c, key);
    return OM_OK;
}

/* PRF(master, label || client_random || server_random)[0..47] (TS-0003 10.3.1, RFC 5705): the first 16 octets
 * as they are, the others as a reference to a token key. */
static om_rc export_from(struct omtls_connection *c, struct se_key *master, const struct omtls_prf *prf,
                         size_t label_len, uint8_t *out, size_t n, struct om_error *err)
{
    if (n != EXPORT_SIZE || seeds_len(prf) != label_len + RANDOMS_SIZE || prf->seeds[0].len < label_len)
        return om_fail(err, OM_EDENIED, "a oneM2M exporter gives %d octets and has no context", EXPORT_SIZE);
    if (!c->ems && !c->allow_no_ems)
        return om_fail(err, OM_EDENIED, "no export without the extended master secret");
    /* A token that derives TLS keys itself wants the label apart. */
    const uint8_t *first = prf->seeds[0].octets;
    struct se_part parts[1 + OMTLS_PRF_SEEDS] = {{first, label_len}};
    size_t n_parts = 1;
    if (prf->seeds[0].len > label_len)
        parts[n_parts++] = (struct se_part){first + label_len, prf->seeds[0].len - label_len};
    for (size_t i = 1; i < prf->n_seeds; i++)
        parts[n_parts++] = prf->seeds[i];
    OM_TRY(export_key(c, master, parts, n_parts, out, err));
    struct omtls_reference ref = omtls_connection_reference(c, OMTLS_REFERENCE_EXPORT);
    omtls_reference_encode(&ref, out + OMTLS_EXPORT_ID_SIZE);
    return OM_OK;
}

/* Custody psk: OpenSSL holds the master secret. It goes into the token and the export is made there. */
static om_rc export_from_host(const struct omtls_prf *prf, size_t label_len, uint8_t *out, size_t n,
                              struct om_error *err)
{
    struct omtls_connection *c = exporting;
    if (c == NULL || !omtls_connection_alive(c) || !c->established || c->custody != OMTLS_CUSTODY_PSK ||
        prf->secret_len != OMTLS_MASTER_SIZE)
        return om_fail(err, OM_EDENIED, "a oneM2M exporter outside of a connection with its key in a token");
    struct se *se = omtls_connection_se(c);
    if (se == NULL)
        return om_fail(err, OM_EINTERNAL, "the token of this connection is closed");
    struct se_key *master = NULL;
    OM_TRY(se_mint(se, prf->secret, prf->secret_len, &master, err));
    om_rc rc = export_from(c, master, prf, label_len, out, n, err);
    se_key_unref(master);
    return rc;
}

/* The last octets of this PRF that nobody uses: docs/adr/0007. A key block of TLS 1.2 has no IVs for a CBC
 * suite (RFC 5246 section 6.3), each record brings its own (6.2.3.2), but OpenSSL asks for them all the same.
 */
static size_t unused_ivs(const struct omtls_connection *c, const struct omtls_prf *prf, size_t n)
{
    enum { MAC_KEY = 32, KEY = 16, IV = 16 };
    if (c->ssl == NULL || !omtls_prf_label_is(prf, "key expansion") || n != 2 * (size_t)(MAC_KEY + KEY + IV))
        return 0;
    const SSL_CIPHER *suite = SSL_get_pending_cipher(c->ssl);
    int version = SSL_version(c->ssl);
    if (suite == NULL || (version != TLS1_2_VERSION && version != DTLS1_2_VERSION) ||
        SSL_CIPHER_get_cipher_nid(suite) != NID_aes_128_cbc || SSL_CIPHER_get_digest_nid(suite) != NID_sha256)
        return 0;
    return 2 * (size_t)IV;
}

static om_rc use_master(struct omtls_connection *c, const struct omtls_prf *prf, uint8_t *out, size_t n,
                        struct om_error *err)
{
    if (c->master == NULL)
        return om_fail(err, OM_EINTEGRITY, "the connection has no master secret");
    size_t label_len = onem2m_label(prf);
    if (label_len > 0)
        return export_from(c, c->master, prf, label_len, out, n, err);
    size_t unused = unused_ivs(c, prf, n);
    memset(out + n - unused, 0, unused);
    return se_prf(c->master, prf->seeds, prf->n_seeds, out, n - unused, err);
}

static om_rc dispatch(const struct omtls_prf *prf, uint8_t *out, size_t n, struct om_error *err)
{
    struct omtls_reference ref;
    enum omtls_secret kind = omtls_recognise(prf->secret, prf->secret_len, &ref);
    if (prf->n_seeds == 0 || prf->too_many_seeds)
        return om_fail(err, OM_EDENIED, "%s for the PRF", prf->n_seeds == 0 ? "no seed" : "too many seeds");
    if (!omtls_digest_is_sha256(prf->digest, prf->digest_len))
        return om_fail(err, OM_EUNSUPPORTED, "only the SHA-256 PRF is computed in the token");
    if (kind == OMTLS_SECRET_FOREIGN && onem2m_label(prf) > 0)
        return export_from_host(prf, onem2m_label(prf), out, n, err);
    if (kind == OMTLS_SECRET_FOREIGN)
        return omtls_ecdhe_master(prf, out, n, err);
    struct omtls_connection *c = kind == OMTLS_SECRET_REFUSED ? NULL : omtls_connection_find(&ref);
    if (c == NULL)
        return om_fail(err, OM_EINTEGRITY, "not a living key reference");
    return kind == OMTLS_SECRET_PSK ? omtls_psk_master(c, prf, out, n, err) : use_master(c, prf, out, n, err);
}

om_rc omtls_token_prf(const struct omtls_prf *prf, uint8_t *out, size_t n, struct om_error *err)
{
    om_rc rc = dispatch(prf, out, n, err);
    if (rc != OM_OK)
        om_wipe(out, n);
    return rc;
}
