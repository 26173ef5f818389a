/* Keys: how they come into the token, are referenced, wrapped, sealed and freed. */
#include "se/internal.h"
#include "util/buf.h"

#include <openssl/evp.h>
#include <stdlib.h>

#define GENERATE_MIN 16

static om_rc check_len(size_t n, size_t min, struct om_error *err)
{
    if (n < min || n > SE_KEY_MAX)
        return om_fail(err, OM_EINPUT, "a key of %zu octets is not within %zu..%d", n, min, SE_KEY_MAX);
    return OM_OK;
}

static om_rc check_use(enum se_use use, struct om_error *err)
{
    if (use < SE_USE_HMAC || use > SE_USE_TLS13_MASTER)
        return om_fail(err, OM_EINPUT, "no such key use: %d", (int)use);
    return OM_OK;
}

/* --- references --- */

om_rc se_key_adopt(struct se *se, se_handle handle, size_t len, bool fresh, struct se_key **out,
                   struct om_error *err)
{
    struct se_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        se->plugin->key_free(se->tok, handle);
        return om_fail(err, OM_ENOMEM, "no memory for a loaded key");
    }
    *key =
        (struct se_key){.se = se, .next = se->keys, .handle = handle, .refs = 1, .len = len, .fresh = fresh};
    if (se->keys != NULL)
        se->keys->prev = key;
    se->keys = key;
    *out = key;
    return OM_OK;
}

om_rc se_key_check_open(const struct se_key *key, struct om_error *err)
{
    if (key->se == NULL)
        return om_fail(err, OM_EINTERNAL, "the token of this key is closed");
    return OM_OK;
}

static void detach(struct se *se, struct se_key *key)
{
    if (key->prev != NULL)
        key->prev->next = key->next;
    else
        se->keys = key->next;
    if (key->next != NULL)
        key->next->prev = key->prev;
    se->plugin->key_free(se->tok, key->handle);
    key->se = NULL;
}

size_t se_keys_detach(struct se *se)
{
    size_t n = 0;
    while (se->keys != NULL) {
        detach(se, se->keys);
        n++;
    }
    return n;
}

struct se_key *se_key_ref(struct se_key *key)
{
    key->refs++;
    return key;
}

void se_key_unref(struct se_key *key)
{
    if (key == NULL || --key->refs > 0)
        return;
    if (key->se != NULL)
        detach(key->se, key);
    free(key);
}

size_t se_key_len(const struct se_key *key)
{
    return key->len;
}

struct se *se_key_se(const struct se_key *key)
{
    return key->se;
}

/* --- into the token --- */

om_rc se_mint(struct se *se, const void *octets, size_t n, struct se_key **out, struct om_error *err)
{
    *out = NULL;
    OM_TRY(check_len(n, 1, err));
    se_handle handle = 0;
    OM_TRY(se->plugin->key_mint(se->tok, octets, n, &handle, err));
    return se_key_adopt(se, handle, n, true, out, err);
}

om_rc se_load(struct se *se, const struct se_blob *blob, enum se_use use, struct se_key **out,
              struct om_error *err)
{
    *out = NULL;
    OM_TRY(check_use(use, err));
    struct se_blob_view view;
    OM_TRY(se_blob_parse(blob, (unsigned)use, &view, err));
    se_handle handle = 0;
    OM_TRY(se->plugin->key_load(se->tok, view.octets, view.n, view.key_len, &handle, err));
    return se_key_adopt(se, handle, view.key_len, false, out, err);
}

/* --- out of it, wrapped --- */

/* Either a handle, or (octets not NULL) the octets themselves. */
struct source {
    se_handle handle;
    const uint8_t *octets;
    size_t len;
};

static om_rc wrap(struct se *se, unsigned kind, const struct source *from, struct se_blob *out,
                  struct om_error *err)
{
    uint8_t *room = NULL;
    size_t cap = se_blob_begin(out, kind, from->len, &room);
    size_t n = cap;
    enum se_root root = kind == SE_BLOB_SEALED ? SE_ROOT_SEAL : SE_ROOT_WRAP;
    om_rc rc = from->octets != NULL
                   ? se->plugin->wrap_octets(se->tok, root, from->octets, from->len, room, &n, err)
                   : se->plugin->key_wrap(se->tok, root, from->handle, room, &n, err);
    if (rc == OM_OK && (n == 0 || n > cap))
        rc = om_fail(err, OM_EINTERNAL, "the plug-in wrapped a key in %zu octets", n);
    if (rc != OM_OK) {
        out->len = 0;
        return rc;
    }
    se_blob_end(out, n);
    return OM_OK;
}

static om_rc wrap_octets(struct se *se, unsigned kind, const void *octets, size_t n, struct se_blob *out,
                         struct om_error *err)
{
    out->len = 0;
    OM_TRY(check_len(n, 1, err));
    if (se->plugin->wrap_octets != NULL)
        return wrap(se, kind, &(struct source){.octets = octets, .len = n}, out, err);
    se_handle handle = 0;
    OM_TRY(se->plugin->key_mint(se->tok, octets, n, &handle, err));
    om_rc rc = wrap(se, kind, &(struct source){.handle = handle, .len = n}, out, err);
    se->plugin->key_free(se->tok, handle);
    return rc;
}

static om_rc wrap_key(struct se_key *key, unsigned kind, struct se_blob *out, struct om_error *err)
{
    out->len = 0;
    OM_TRY(se_key_check_open(key, err));
    if (!key->fresh)
        return om_fail(err, OM_EDENIED, "a key loaded from a blob cannot be wrapped or sealed again");
    return wrap(key->se, kind, &(struct source){.handle = key->handle, .len = key->len}, out, err);
}

om_rc se_import(struct se *se, enum se_use use, const void *octets, size_t n, struct se_blob *out,
                struct om_error *err)
{
    OM_TRY(check_use(use, err));
    return wrap_octets(se, (unsigned)use, octets, n, out, err);
}

om_rc se_import_psk(struct se *se, const void *psk, size_t n, struct se_blob *out, struct om_error *err)
{
    static const uint8_t zeros[SE_KEY_MAX];
    uint8_t premaster[2 * (2 + SE_KEY_MAX)];
    out->len = 0;
    OM_TRY(check_len(n, 1, err));
    struct om_writer w; /* RFC 4279 section 2 */
    om_writer_init(&w, premaster, sizeof premaster);
    om_write_vector16(&w, zeros, n);
    om_write_vector16(&w, psk, n);
    om_rc rc = OM_OK;
    if (w.len > SE_KEY_MAX) { /* longer than the hash's block: RFC 2104 keys HMAC with the hash instead */
        unsigned hash_len = 0;
        if (EVP_Digest(premaster, w.len, premaster, &hash_len, EVP_sha256(), NULL) != 1)
            rc = om_fail(err, OM_EINTERNAL, "SHA-256 failed");
        w.len = hash_len;
    }
    if (rc == OM_OK)
        rc = wrap_octets(se, SE_USE_TLS12_PSK, premaster, w.len, out, err);
    om_wipe(premaster, sizeof premaster);
    return rc;
}

om_rc se_generate(struct se *se, enum se_use use, size_t n, struct se_blob *out, struct om_error *err)
{
    out->len = 0;
    OM_TRY(check_use(use, err));
    OM_TRY(check_len(n, GENERATE_MIN, err));
    se_handle handle = 0;
    OM_TRY(se->plugin->key_generate(se->tok, n, &handle, err));
    om_rc rc = wrap(se, (unsigned)use, &(struct source){.handle = handle, .len = n}, out, err);
    se->plugin->key_free(se->tok, handle);
    return rc;
}

om_rc se_wrap(struct se_key *key, enum se_use use, struct se_blob *out, struct om_error *err)
{
    OM_TRY(check_use(use, err));
    return wrap_key(key, (unsigned)use, out, err);
}

om_rc se_seal(struct se *se, const void *octets, size_t n, struct se_blob *out, struct om_error *err)
{
    return wrap_octets(se, SE_BLOB_SEALED, octets, n, out, err);
}

om_rc se_seal_key(struct se_key *key, struct se_blob *out, struct om_error *err)
{
    return wrap_key(key, SE_BLOB_SEALED, out, err);
}

om_rc se_unseal(struct se *se, const struct se_blob *blob, struct om_secret *out, struct om_error *err)
{
    struct se_blob_view view;
    OM_TRY(se_blob_parse(blob, SE_BLOB_SEALED, &view, err));
    OM_TRY(om_secret_alloc(out, view.key_len, err));
    om_rc rc = se->plugin->unseal(se->tok, view.octets, view.n, out->octets, out->len, err);
    if (rc != OM_OK)
        om_secret_free(out);
    return rc;
}
