/* RAM plug-in: signing keys and certificates, in files beside that of the root keys. See ram.h. */
#include "ram.h"
#include "util/file.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ram_signer {
    struct ram_signer *next;
    se_handle handle;
    EVP_PKEY *key;
};

#define KEY_MAX 1024 /* octets of a private key's file */

static om_rc path_of(const struct se_token *tok, const char *name, const char *kind, char out[PATH_MAX],
                     struct om_error *err)
{
    if (tok->file[0] == '\0')
        return om_fail(err, OM_EUNSUPPORTED, "a RAM token without a file has no signing keys");
    if (strchr(name, ':') != NULL)
        return om_fail(err, OM_EINPUT, "a RAM token knows names only");
    int n = snprintf(out, PATH_MAX, "%s.%s.%s", tok->file, name, kind);
    return n > 0 && n < PATH_MAX ? OM_OK : om_fail(err, OM_EINPUT, "the name is too long");
}

static om_rc adopt(struct se_token *tok, EVP_PKEY *key, se_handle *out, uint8_t point[SE_POINT_SIZE],
                   struct om_error *err)
{
    size_t n = 0;
    struct ram_signer *signer = calloc(1, sizeof *signer);
    if (signer == NULL ||
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, SE_POINT_SIZE, &n) != 1 ||
        n != SE_POINT_SIZE) {
        free(signer);
        EVP_PKEY_free(key);
        return om_fail(err, OM_ECONFIG, "the signing key is not P-256");
    }
    *signer = (struct ram_signer){.next = tok->signers, .handle = ++tok->last_signer, .key = key};
    tok->signers = signer;
    *out = signer->handle;
    return OM_OK;
}

om_rc ram_signer_find(struct se_token *tok, const char *name, se_handle *out, uint8_t point[SE_POINT_SIZE],
                      struct om_error *err)
{
    char path[PATH_MAX];
    struct om_secret der = OM_SECRET_INIT;
    OM_TRY(ram_maybe_fail(tok, err));
    OM_TRY(path_of(tok, name, "key", path, err));
    OM_TRY(om_file_read_private(path, KEY_MAX, &der, err));
    const unsigned char *at = der.octets;
    EVP_PKEY *key = d2i_AutoPrivateKey_ex(NULL, &at, (long)der.len, tok->libctx, NULL);
    om_secret_free(&der);
    return key != NULL ? adopt(tok, key, out, point, err)
                       : om_fail(err, OM_ECONFIG, "%s holds no private key", path);
}

om_rc ram_signer_make(struct se_token *tok, const char *name, se_handle *out, uint8_t point[SE_POINT_SIZE],
                      struct om_error *err)
{
    char path[PATH_MAX];
    unsigned char *der = NULL;
    OM_TRY(ram_maybe_fail(tok, err));
    OM_TRY(path_of(tok, name, "key", path, err));
    EVP_PKEY *key = EVP_PKEY_Q_keygen(tok->libctx, NULL, "EC", "P-256");
    int n = key != NULL ? i2d_PrivateKey(key, &der) : -1;
    om_rc rc = n > 0 ? om_file_create(path, der, (size_t)n, 0600, err)
                     : om_fail(err, OM_EINTERNAL, "no signing key could be made");
    if (n > 0)
        OPENSSL_clear_free(der, (size_t)n);
    if (rc == OM_OK)
        return adopt(tok, key, out, point, err);
    EVP_PKEY_free(key);
    return rc;
}

static struct ram_signer **place_of(struct se_token *tok, se_handle handle)
{
    struct ram_signer **at = &tok->signers;
    while (*at != NULL && (*at)->handle != handle)
        at = &(*at)->next;
    return at;
}

void ram_signer_free(struct se_token *tok, se_handle handle)
{
    struct ram_signer **at = place_of(tok, handle);
    struct ram_signer *signer = *at;
    if (signer == NULL)
        return;
    *at = signer->next;
    EVP_PKEY_free(signer->key);
    free(signer);
}

om_rc ram_signer_remove(struct se_token *tok, const char *name, struct om_error *err)
{
    char path[PATH_MAX];
    OM_TRY(ram_maybe_fail(tok, err));
    OM_TRY(path_of(tok, name, "key", path, err));
    return unlink(path) == 0 ? OM_OK : om_fail(err, OM_ENOTFOUND, "%s: %s", path, strerror(errno));
}

om_rc ram_signer_sign(struct se_token *tok, se_handle handle, const uint8_t digest[SE_DIGEST_SIZE],
                      uint8_t signature[SE_SIGNATURE_SIZE], struct om_error *err)
{
    struct ram_signer *signer = *place_of(tok, handle);
    uint8_t der[2 * SE_SIGNATURE_SIZE];
    size_t n = sizeof der;
    OM_TRY(ram_maybe_fail(tok, err));
    if (signer == NULL)
        return om_fail(err, OM_EINTERNAL, "no such signing key");
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(tok->libctx, signer->key, NULL);
    bool good = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
                EVP_PKEY_sign(ctx, der, &n, digest, SE_DIGEST_SIZE) == 1;
    EVP_PKEY_CTX_free(ctx);
    const unsigned char *at = der;
    ECDSA_SIG *sig = good ? d2i_ECDSA_SIG(NULL, &at, (long)n) : NULL;
    good = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, SE_SIGNATURE_SIZE / 2) > 0 &&
           BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + SE_SIGNATURE_SIZE / 2, SE_SIGNATURE_SIZE / 2) > 0;
    ECDSA_SIG_free(sig);
    return good ? OM_OK : om_fail(err, OM_EINTERNAL, "no signature could be made");
}

om_rc ram_certificate_read(struct se_token *tok, const char *name, uint8_t *der, size_t *n,
                           struct om_error *err)
{
    char path[PATH_MAX];
    struct om_secret content = OM_SECRET_INIT;
    OM_TRY(ram_maybe_fail(tok, err));
    OM_TRY(path_of(tok, name, "crt", path, err));
    OM_TRY(om_file_read_private(path, *n, &content, err));
    memcpy(der, content.octets, content.len);
    *n = content.len;
    om_secret_free(&content);
    return OM_OK;
}

om_rc ram_certificate_write(struct se_token *tok, const char *name, const uint8_t *der, size_t n,
                            struct om_error *err)
{
    char path[PATH_MAX];
    OM_TRY(ram_maybe_fail(tok, err));
    OM_TRY(path_of(tok, name, "crt", path, err));
    const unsigned char *at = der;
    X509 *x509 = d2i_X509(NULL, &at, (long)n);
    bool good = x509 != NULL && at == der + n;
    X509_free(x509);
    return good ? om_file_write(path, der, n, 0600, err) : om_fail(err, OM_EINPUT, "no certificate");
}
