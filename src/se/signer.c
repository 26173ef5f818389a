/* Signing keys: found, made, proved, referenced. See signer.h. */
#include "se/internal.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

struct se_signer {
    struct se *se; /* NULL once the token is closed */
    struct se_signer *prev, *next;
    se_handle handle;
    size_t refs;
    uint8_t point[SE_POINT_SIZE];
};

/* --- names --- */

static bool is_plain(const char *name)
{
    size_t n = strnlen(name, SE_NAME_MAX + 1);
    return n >= 1 && n <= SE_NAME_MAX &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

static om_rc check_plain(const char *name, struct om_error *err)
{
    if (!is_plain(name))
        return om_fail(err, OM_EINPUT,
                       "'%.80s' is no name for a key: 1 to %d letters, digits, '.', '_' and '-'", name,
                       SE_NAME_MAX);
    return OM_OK;
}

static om_rc check_name(const struct se *se, const char *name, struct om_error *err)
{
    const char *scheme = se->plugin->scheme;
    return strncmp(name, scheme, strlen(scheme)) == 0 ? OM_OK : check_plain(name, err);
}

static om_rc check_signs(const struct se *se, struct om_error *err)
{
    return se->plugin->signer_find != NULL
               ? OM_OK
               : om_fail(err, OM_EUNSUPPORTED, "%s tokens have no signing keys here", se->plugin->name);
}

static om_rc check_certificates(const struct se *se, struct om_error *err)
{
    return se->plugin->certificate_read != NULL
               ? OM_OK
               : om_fail(err, OM_EUNSUPPORTED, "%s tokens keep no certificates here", se->plugin->name);
}

/* --- the proof --- */

static EVP_PKEY *public_key(const uint8_t point[SE_POINT_SIZE])
{
    char group[] = "prime256v1";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point, SE_POINT_SIZE),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", "provider=default");
    if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1)
        (void)EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static bool verifies(EVP_PKEY *key, const uint8_t digest[SE_DIGEST_SIZE],
                     const uint8_t signature[SE_SIGNATURE_SIZE])
{
    unsigned char *der = NULL;
    int n = 0;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, SE_SIGNATURE_SIZE / 2, NULL);
    BIGNUM *s = BN_bin2bn(signature + SE_SIGNATURE_SIZE / 2, SE_SIGNATURE_SIZE / 2, NULL);
    if (sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1) {
        n = i2d_ECDSA_SIG(sig, &der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(sig);
    EVP_PKEY_CTX *ctx = n > 0 ? EVP_PKEY_CTX_new_from_pkey(NULL, key, "provider=default") : NULL;
    bool good = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
                EVP_PKEY_verify(ctx, der, (size_t)n, digest, SE_DIGEST_SIZE) == 1;
    EVP_PKEY_CTX_free(ctx);
    OPENSSL_free(der);
    return good;
}

bool se_signature_verifies(const uint8_t point[SE_POINT_SIZE], const uint8_t digest[SE_DIGEST_SIZE],
                           const uint8_t signature[SE_SIGNATURE_SIZE])
{
    (void)ERR_set_mark();
    EVP_PKEY *key = public_key(point);
    bool good = key != NULL && verifies(key, digest, signature);
    EVP_PKEY_free(key);
    (void)ERR_pop_to_mark();
    return good;
}

/* What it signs is the hash of a text of ours, which is nothing else to anybody. */
static om_rc prove(struct se_signer *signer, const char *name, struct om_error *err)
{
    static const char text[] = "openmaf: proof that a signing key belongs to its public key";
    uint8_t digest[SE_DIGEST_SIZE], signature[SE_SIGNATURE_SIZE];
    if (EVP_Q_digest(NULL, "SHA256", "provider=default", text, sizeof text - 1, digest, NULL) != 1)
        return om_fail(err, OM_EINTERNAL, "SHA-256 failed");
    om_rc rc = se_signer_sign(signer, digest, signature, err);
    if (rc != OM_OK)
        return om_context(err, rc, "signing key '%.80s'", name);
    if (!se_signature_verifies(signer->point, digest, signature))
        return om_fail(err, OM_ECONFIG, "signing key '%.80s' does not belong to the public key beside it",
                       name);
    return OM_OK;
}

/* --- references --- */

/* NULL: no memory; the handle is free then. */
static struct se_signer *adopt(struct se *se, se_handle handle, const uint8_t point[SE_POINT_SIZE])
{
    struct se_signer *signer = calloc(1, sizeof *signer);
    if (signer == NULL) {
        se->plugin->signer_free(se->tok, handle);
        return NULL;
    }
    *signer = (struct se_signer){.se = se, .next = se->signers, .handle = handle, .refs = 1};
    memcpy(signer->point, point, SE_POINT_SIZE);
    if (se->signers != NULL)
        se->signers->prev = signer;
    se->signers = signer;
    return signer;
}

static void detach(struct se *se, struct se_signer *signer)
{
    if (signer->prev != NULL)
        signer->prev->next = signer->next;
    else
        se->signers = signer->next;
    if (signer->next != NULL)
        signer->next->prev = signer->prev;
    se->plugin->signer_free(se->tok, signer->handle);
    signer->se = NULL;
}

size_t se_signers_detach(struct se *se)
{
    size_t n = 0;
    for (; se->signers != NULL; n++)
        detach(se, se->signers);
    return n;
}

struct se_signer *se_signer_ref(struct se_signer *signer)
{
    signer->refs++;
    return signer;
}

void se_signer_unref(struct se_signer *signer)
{
    if (signer == NULL || --signer->refs > 0)
        return;
    if (signer->se != NULL)
        detach(signer->se, signer);
    free(signer);
}

struct se *se_signer_se(const struct se_signer *signer)
{
    return signer->se;
}

const uint8_t *se_signer_point(const struct se_signer *signer)
{
    return signer->point;
}

/* --- keys --- */

static om_rc open_signer(struct se *se, const char *name,
                         om_rc (*get)(struct se_token *, const char *, se_handle *, uint8_t *,
                                      struct om_error *),
                         struct se_signer **out, struct om_error *err)
{
    se_handle handle = 0;
    uint8_t point[SE_POINT_SIZE] = {0};
    OM_TRY(get(se->tok, name, &handle, point, err));
    struct se_signer *signer = adopt(se, handle, point);
    if (signer == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a signing key");
    om_rc rc = prove(signer, name, err);
    if (rc == OM_OK)
        *out = signer;
    else
        se_signer_unref(signer);
    return rc;
}

om_rc se_signer_find(struct se *se, const char *name, struct se_signer **out, struct om_error *err)
{
    *out = NULL;
    OM_TRY(check_signs(se, err));
    OM_TRY(check_name(se, name, err));
    return open_signer(se, name, se->plugin->signer_find, out, err);
}

om_rc se_signer_make(struct se *se, const char *name, struct se_signer **out, struct om_error *err)
{
    *out = NULL;
    OM_TRY(check_signs(se, err));
    OM_TRY(check_plain(name, err));
    return open_signer(se, name, se->plugin->signer_make, out, err);
}

om_rc se_signer_remove(struct se *se, const char *name, struct om_error *err)
{
    OM_TRY(check_signs(se, err));
    OM_TRY(check_plain(name, err));
    return se->plugin->signer_remove(se->tok, name, err);
}

om_rc se_signer_sign(struct se_signer *signer, const uint8_t digest[SE_DIGEST_SIZE],
                     uint8_t signature[SE_SIGNATURE_SIZE], struct om_error *err)
{
    if (signer->se == NULL)
        return om_fail(err, OM_EINTERNAL, "the token of this signing key is closed");
    return signer->se->plugin->signer_sign(signer->se->tok, signer->handle, digest, signature, err);
}

/* --- certificates --- */

om_rc se_certificate_read(struct se *se, const char *name, uint8_t *der, size_t *n, struct om_error *err)
{
    OM_TRY(check_certificates(se, err));
    OM_TRY(check_name(se, name, err));
    return se->plugin->certificate_read(se->tok, name, der, n, err);
}

om_rc se_certificate_write(struct se *se, const char *name, const uint8_t *der, size_t n,
                           struct om_error *err)
{
    OM_TRY(check_certificates(se, err));
    OM_TRY(check_plain(name, err));
    if (n < 1 || n > SE_CERTIFICATE_MAX)
        return om_fail(err, OM_EINPUT, "a certificate of %zu octets is not within 1..%d", n,
                       SE_CERTIFICATE_MAX);
    return se->plugin->certificate_write(se->tok, name, der, n, err);
}
