/* The TLS 1.3 key schedule in the token: see token_kdf13.h. */
#include "tls/token_kdf13.h"
#include "tls/token_prf.h"
#include "util/buf.h"

#include <string.h>

#define HASH       SE_MAC_SIZE
#define LABEL_MAX  249 /* octets that fit behind "tls13 " */
#define EXPORT_KEY 32
#define PREFIX     "tls13 "

/* SHA-256 of nothing: the transcript hash in the labels "derived" and "ext binder", and of an export without
 * context. */
static const uint8_t hash_of_nothing[HASH] = {
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
static const uint8_t zeros[HASH];

static bool part_is(const struct se_part *part, const void *octets, size_t n)
{
    return part->len == n && (n == 0 || memcmp(part->octets, octets, n) == 0);
}

static bool label_is(const struct omtls_kdf13 *kdf, const char *label)
{
    return part_is(&kdf->label, label, strlen(label));
}

static bool is_onem2m_label(const struct omtls_kdf13 *kdf)
{
    return label_is(kdf, OMTLS_LABEL_CONNECTION) || label_is(kdf, OMTLS_LABEL_BOOTSTRAP) ||
           label_is(kdf, OMTLS_LABEL_ESCERTKE);
}

static enum omtls_secret recognise(const struct se_part *part, struct omtls_reference *ref)
{
    return omtls_recognise13(part->octets, part->len, ref);
}

bool omtls_kdf13_is_ours(const struct omtls_kdf13 *kdf)
{
    struct omtls_reference ref;
    return recognise(&kdf->key, &ref) != OMTLS_SECRET_FOREIGN ||
           recognise(&kdf->salt, &ref) != OMTLS_SECRET_FOREIGN || (!kdf->extract && is_onem2m_label(kdf));
}

static void put_reference(const struct omtls_connection *c, enum omtls_reference_type type, uint8_t *out)
{
    struct omtls_reference ref = omtls_connection_reference(c, type);
    omtls_reference_encode(&ref, out);
}

/* --- HKDF with token keys --- */

static om_rc extract_with(struct se_key *salt, const struct se_part *input, uint8_t out[HASH],
                          struct om_error *err)
{
    struct se_part message = input->len > 0 ? *input : (struct se_part){zeros, HASH};
    return se_hmac(salt, &message, 1, out, err);
}

/* HKDF-Expand-Label: n octets, at most two blocks. */
static om_rc expand_with(struct se_key *secret, const struct omtls_kdf13 *kdf, uint8_t *out, size_t n,
                         struct om_error *err)
{
    uint8_t head[3];
    uint8_t context_len = (uint8_t)kdf->data.len;
    uint8_t counter = 1;
    uint8_t block[HASH];
    struct om_writer w;
    om_writer_init(&w, head, sizeof head);
    om_write_u16(&w, (uint16_t)n);
    om_write_u8(&w, (uint8_t)(sizeof PREFIX - 1 + kdf->label.len));
    struct se_part parts[] = {{block, 0},   {head, sizeof head}, {PREFIX, sizeof PREFIX - 1},
                              kdf->label,   {&context_len, 1},   kdf->data,
                              {&counter, 1}};
    om_rc rc = OM_OK;
    for (size_t done = 0; rc == OM_OK && done < n; counter++) {
        size_t take = n - done < HASH ? n - done : HASH;
        rc = se_hmac(secret, parts, sizeof parts / sizeof parts[0], block, err);
        if (rc == OM_OK)
            memcpy(out + done, block, take);
        parts[0].len = HASH;
        done += take;
    }
    om_wipe(block, sizeof block);
    return rc;
}

/* Custody session: the secret crosses host memory here, and is wiped. */
static om_rc mint(struct omtls_connection *c, struct se_key **place, uint8_t octets[HASH],
                  struct om_error *err)
{
    struct se_key *key = NULL;
    struct se *se = omtls_connection_se(c);
    om_rc rc = se != NULL ? se_mint(se, octets, HASH, &key, err)
                          : om_fail(err, OM_EINTERNAL, "the token of this connection is closed");
    om_wipe(octets, HASH);
    if (rc == OM_OK)
        omtls_connection_set(c, place, key);
    return rc;
}

static om_rc load(struct omtls_connection *c, struct se_key **place, const struct se_blob *blob,
                  enum se_use use, struct om_error *err)
{
    struct se_key *key = NULL;
    struct se *se = omtls_connection_se(c);
    if (se == NULL)
        return om_fail(err, OM_EINTERNAL, "the token of this connection is closed");
    if (*place != NULL) /* of a shared connection: loaded before */
        return OM_OK;
    OM_TRY(se_load(se, blob, use, &key, err));
    omtls_connection_set(c, place, key);
    return OM_OK;
}

/* --- extract --- */

/* Early Secret. */
static om_rc early(struct omtls_connection *c, const struct omtls_kdf13 *kdf, uint8_t out[HASH],
                   struct om_error *err)
{
    if (kdf->salt.len > 0)
        return om_fail(err, OM_EINTEGRITY, "a pre-shared key goes into early secrets only");
    if (c->established && !c->shared)
        return om_fail(err, OM_EINTEGRITY, "this key reference was used before");
    put_reference(c, OMTLS_REFERENCE_EARLY, out);
    return OM_OK;
}

/* Handshake Secret: of Diffie-Hellman and the key, or of the key alone. */
static om_rc handshake(struct omtls_connection *c, const struct omtls_kdf13 *kdf, uint8_t out[HASH],
                       struct om_error *err)
{
    struct omtls_tls13 *t = c->tls13;
    if (c->established && !c->shared)
        return om_fail(err, OM_EINTEGRITY, "this key reference was used before");
    bool psk_only = kdf->key.len == 0;
    if (part_is(&kdf->key, zeros, HASH)) /* would give the host what psk_ke leaves in the token */
        return om_fail(err, OM_EDENIED, "a Diffie-Hellman secret of zeros");
    if (psk_only) {
        OM_TRY(load(c, &t->handshake, &t->handshake_blob, SE_USE_TLS13_HANDSHAKE, err));
        put_reference(c, OMTLS_REFERENCE_HANDSHAKE, out);
    } else {
        OM_TRY(extract_with(t->derived, &kdf->key, out, err));
        if (c->custody == OMTLS_CUSTODY_SESSION) {
            OM_TRY(mint(c, &t->handshake, out, err));
            put_reference(c, OMTLS_REFERENCE_HANDSHAKE, out);
        }
    }
    t->psk_only = psk_only;
    c->ems = true; /* TLS 1.3 binds every secret to the whole handshake */
    c->established = true;
    return OM_OK;
}

/* Master Secret of a session, from a handshake secret that is a token key. */
static om_rc mint_master(struct omtls_connection *c, struct om_error *err)
{
    static const struct omtls_kdf13 derived = {.label = {"derived", 7}, .data = {hash_of_nothing, HASH}};
    uint8_t octets[HASH];
    struct se_key *between = NULL;
    om_rc rc = expand_with(c->tls13->handshake, &derived, octets, HASH, err);
    if (rc == OM_OK)
        rc = mint(c, &between, octets, err);
    if (rc == OM_OK)
        rc = extract_with(between, &(struct se_part){zeros, HASH}, octets, err);
    omtls_connection_set(c, &between, NULL);
    return rc == OM_OK ? mint(c, &c->tls13->master, octets, err) : rc;
}

static om_rc master(struct omtls_connection *c, const struct omtls_kdf13 *kdf, uint8_t out[HASH],
                    struct om_error *err)
{
    struct omtls_tls13 *t = c->tls13;
    if (kdf->key.len > 0 || t->handshake == NULL)
        return om_fail(err, OM_EINTEGRITY, "no handshake secret, or no master secret that follows from it");
    if (t->psk_only || c->shared)
        OM_TRY(load(c, &t->master, &t->master_blob, SE_USE_TLS13_MASTER, err));
    else
        OM_TRY(mint_master(c, err));
    put_reference(c, OMTLS_REFERENCE_MASTER13, out);
    return OM_OK;
}

static om_rc extract(struct omtls_connection *c, enum omtls_reference_type type,
                     const struct omtls_kdf13 *kdf, uint8_t *out, size_t n, struct om_error *err)
{
    struct omtls_reference other;
    if (n != HASH)
        return om_fail(err, OM_EDENIED, "a secret of %zu octets", n);
    if (type == OMTLS_REFERENCE_PSK13)
        return early(c, kdf, out, err);
    if (recognise(&kdf->key, &other) != OMTLS_SECRET_FOREIGN)
        return om_fail(err, OM_EINTEGRITY, "a key reference is no input keying material");
    if (type == OMTLS_REFERENCE_EARLY)
        return handshake(c, kdf, out, err);
    if (type == OMTLS_REFERENCE_HANDSHAKE)
        return master(c, kdf, out, err);
    return om_fail(err, OM_EINTEGRITY, "nothing is extracted with this key reference");
}

/* --- expand --- */

/* Out of the early secret comes the binder key only: no early data, no resumption. */
static om_rc binder_key(struct omtls_connection *c, const struct omtls_kdf13 *kdf, uint8_t out[HASH],
                        struct om_error *err)
{
    if (!label_is(kdf, "ext binder") || !part_is(&kdf->data, hash_of_nothing, HASH))
        return om_fail(err, OM_EDENIED, "an early secret makes binder keys of external keys only");
    put_reference(c, OMTLS_REFERENCE_BINDER, out);
    return OM_OK;
}

static om_rc finished_key(struct omtls_connection *c, const struct omtls_kdf13 *kdf, uint8_t out[HASH],
                          struct om_error *err)
{
    if (!label_is(kdf, "finished") || kdf->data.len > 0)
        return om_fail(err, OM_EDENIED, "a binder key makes finished keys only");
    put_reference(c, OMTLS_REFERENCE_FINISHED, out);
    return OM_OK;
}

static om_rc from_handshake(struct omtls_connection *c, const struct omtls_kdf13 *kdf, uint8_t out[HASH],
                            struct om_error *err)
{
    if (c->tls13->handshake == NULL || (!label_is(kdf, "c hs traffic") && !label_is(kdf, "s hs traffic")))
        return om_fail(err, OM_EDENIED, "no handshake secret, or not for this label");
    return expand_with(c->tls13->handshake, kdf, out, HASH, err);
}

/* Each once; when all are made, OpenSSL has no more use for the secrets before them. */
static const char *const of_master[] = {"c ap traffic", "s ap traffic", "exp master", "res master"};
#define OF_MASTER  (sizeof of_master / sizeof of_master[0])
#define EXP_MASTER 2

static om_rc from_master(struct omtls_connection *c, const struct omtls_kdf13 *kdf, uint8_t out[HASH],
                         struct om_error *err)
{
    struct omtls_tls13 *t = c->tls13;
    unsigned i = 0;
    while (i < OF_MASTER && !label_is(kdf, of_master[i]))
        i++;
    if (t->master == NULL || i == OF_MASTER)
        return om_fail(err, OM_EDENIED, "no master secret, or not for this label");
    OM_TRY(expand_with(t->master, kdf, out, HASH, err));
    if (i == EXP_MASTER && c->custody == OMTLS_CUSTODY_SESSION) {
        OM_TRY(mint(c, &t->exporter, out, err));
        put_reference(c, OMTLS_REFERENCE_EXPORTER, out);
    }
    t->made |= 1U << i;
    if (t->made == (1U << OF_MASTER) - 1 && !c->shared)
        omtls_tls13_finish(c);
    return OM_OK;
}

/* --- the exporter, RFC 8446 section 7.5 --- */

static om_rc from_exporter(struct omtls_connection *c, struct se_key *exporter, const struct omtls_kdf13 *kdf,
                           uint8_t out[HASH], struct om_error *err)
{
    if (exporter == NULL || !part_is(&kdf->data, hash_of_nothing, HASH))
        return om_fail(err, OM_EDENIED, "no exporter secret, or not the Derive-Secret of a label");
    OM_TRY(expand_with(exporter, kdf, out, HASH, err));
    if (!is_onem2m_label(kdf))
        return OM_OK;
    OM_TRY(mint(c, &c->tls13->export_secret, out, err));
    put_reference(c, OMTLS_REFERENCE_EXPORT_SECRET, out);
    return OM_OK;
}

/* Custody psk: OpenSSL holds the exporter's secret. It goes into the token and the export is made there. */
static om_rc from_host_exporter(const struct omtls_kdf13 *kdf, uint8_t out[HASH], struct om_error *err)
{
    struct omtls_connection *c = omtls_exporting();
    if (c == NULL || !omtls_connection_alive(c) || !c->established || c->tls13 == NULL ||
        c->custody != OMTLS_CUSTODY_PSK || kdf->key.len != HASH)
        return om_fail(err, OM_EDENIED, "a oneM2M exporter outside of a connection with its key in a token");
    uint8_t octets[HASH];
    struct se_key *exporter = NULL;
    memcpy(octets, kdf->key.octets, HASH);
    OM_TRY(mint(c, &exporter, octets, err));
    om_rc rc = from_exporter(c, exporter, kdf, out, err);
    omtls_connection_set(c, &exporter, NULL);
    return rc;
}

static om_rc export_key(struct omtls_connection *c, struct se *se, const uint8_t octets[EXPORT_KEY],
                        struct om_error *err)
{
    struct se_key *key = NULL;
    if (c->forms != NULL)
        return se_import_forms(se, octets, EXPORT_KEY, c->wanted, c->forms, err);
    OM_TRY(se_mint(se, octets, EXPORT_KEY, &key, err));
    omtls_connection_set_exported(c, key);
    return OM_OK;
}

/* TS-0003 10.3.1: the first 16 octets as they are, the others as a reference to a token key. */
static om_rc export(struct omtls_connection *c, const struct omtls_kdf13 *kdf, uint8_t *out, size_t n,
                    struct om_error *err)
{
    struct omtls_tls13 *t = c->tls13;
    uint8_t octets[OMTLS_EXPORT_ID_SIZE + EXPORT_KEY];
    struct se *se = omtls_connection_se(c);
    if (t->export_secret == NULL || se == NULL || n != sizeof octets || !label_is(kdf, "exporter") ||
        !part_is(&kdf->data, hash_of_nothing, HASH))
        return om_fail(err, OM_EDENIED, "a oneM2M exporter gives %zu octets and has no context",
                       sizeof octets);
    om_rc rc = expand_with(t->export_secret, kdf, octets, sizeof octets, err);
    omtls_connection_set(c, &t->export_secret, NULL);
    if (rc == OM_OK)
        rc = export_key(c, se, octets + OMTLS_EXPORT_ID_SIZE, err);
    if (rc == OM_OK) {
        memcpy(out, octets, OMTLS_EXPORT_ID_SIZE);
        put_reference(c, OMTLS_REFERENCE_EXPORT, out + OMTLS_EXPORT_ID_SIZE);
    }
    om_wipe(octets, sizeof octets);
    return rc;
}

static om_rc expand(struct omtls_connection *c, enum omtls_reference_type type, const struct omtls_kdf13 *kdf,
                    uint8_t *out, size_t n, struct om_error *err)
{
    if (!part_is(&kdf->prefix, PREFIX, sizeof PREFIX - 1) || kdf->label.len > LABEL_MAX ||
        kdf->data.len > HASH)
        return om_fail(err, OM_EDENIED, "not a label of TLS 1.3");
    if (type == OMTLS_REFERENCE_EXPORT_SECRET)
        return export(c, kdf, out, n, err);
    if (n != HASH)
        return om_fail(err, OM_EDENIED, "a secret of %zu octets", n);
    switch ((int)type) {
    case OMTLS_REFERENCE_EARLY:
        return binder_key(c, kdf, out, err);
    case OMTLS_REFERENCE_BINDER:
        return finished_key(c, kdf, out, err);
    case OMTLS_REFERENCE_HANDSHAKE:
        return from_handshake(c, kdf, out, err);
    case OMTLS_REFERENCE_MASTER13:
        return from_master(c, kdf, out, err);
    case OMTLS_REFERENCE_EXPORTER:
        return from_exporter(c, c->tls13->exporter, kdf, out, err);
    default:
        return om_fail(err, OM_EINTEGRITY, "nothing is expanded from this key reference");
    }
}

/* --- which it is --- */

static om_rc dispatch(const struct omtls_kdf13 *kdf, uint8_t *out, size_t n, struct om_error *err)
{
    struct omtls_reference ref;
    if (!omtls_digest_is_sha256(kdf->digest, kdf->digest_len))
        return om_fail(err, OM_EUNSUPPORTED, "only the SHA-256 key schedule is computed in the token");
    /* The secret of an extraction that follows another is its salt. */
    const struct se_part *secret = kdf->extract && kdf->salt.len > 0 ? &kdf->salt : &kdf->key;
    enum omtls_secret kind = recognise(secret, &ref);
    if (kind == OMTLS_SECRET_FOREIGN && !kdf->extract && n == HASH &&
        part_is(&kdf->prefix, PREFIX, sizeof PREFIX - 1))
        return from_host_exporter(kdf, out, err);
    struct omtls_connection *c = kind == OMTLS_SECRET_TLS13 ? omtls_connection_find(&ref) : NULL;
    if (c == NULL || c->tls13 == NULL)
        return om_fail(err, OM_EINTEGRITY, "not a living key reference");
    return kdf->extract ? extract(c, ref.type, kdf, out, n, err) : expand(c, ref.type, kdf, out, n, err);
}

om_rc omtls_token_kdf13(const struct omtls_kdf13 *kdf, uint8_t *out, size_t n, struct om_error *err)
{
    om_rc rc = dispatch(kdf, out, n, err);
    if (rc != OM_OK)
        om_wipe(out, n);
    return rc;
}

om_rc omtls_token_binder(const struct omtls_reference *ref, const uint8_t *hash, size_t n,
                         uint8_t out[SE_MAC_SIZE], struct om_error *err)
{
    struct omtls_connection *c = ref->type == OMTLS_REFERENCE_FINISHED ? omtls_connection_find(ref) : NULL;
    if (c == NULL || c->tls13 == NULL || c->tls13->finished == NULL)
        return om_fail(err, OM_EINTEGRITY, "not a living key reference");
    if (n != HASH)
        return om_fail(err, OM_EDENIED, "a binder is made of a transcript hash");
    return se_hmac(c->tls13->finished, &(struct se_part){hash, n}, 1, out, err);
}
