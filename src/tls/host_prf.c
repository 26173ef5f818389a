/* The SHA-256 PRF with a secret of the host's: see host_prf.h. */
#include "tls/host_prf.h"
#include "se/p_sha256.h"

#include <openssl/core_names.h>

struct keyed {
    EVP_MAC_CTX *mac;
    bool fresh; /* keyed just now, nothing hashed yet */
};

bool omtls_host_prf_fits(const struct omtls_prf *prf, size_t n)
{
    return omtls_digest_is_sha256(prf->digest, prf->digest_len) && prf->secret_len > 0 && prf->n_seeds > 0 &&
           !prf->too_many_seeds && n > 0;
}

/* As se_p_sha256 calls it. */
static om_rc hmac(void *arg, const struct se_part *parts, size_t n_parts, uint8_t out[SE_MAC_SIZE],
                  struct om_error *err)
{
    struct keyed *k = arg;
    size_t len = 0;
    /* Without a key EVP_MAC_init starts again with the one that it has. */
    bool ok = k->fresh || EVP_MAC_init(k->mac, NULL, 0, NULL) == 1;
    k->fresh = false;
    for (size_t i = 0; i < n_parts && ok; i++)
        ok = EVP_MAC_update(k->mac, parts[i].octets, parts[i].len) == 1;
    if (!ok || EVP_MAC_final(k->mac, out, &len, SE_MAC_SIZE) != 1 || len != SE_MAC_SIZE)
        return om_fail(err, OM_EINTERNAL, "OpenSSL's HMAC failed");
    return OM_OK;
}

/* The digest is set once: each time it is looked up by its name, which takes as long as hashing a block. */
EVP_MAC_CTX *omtls_host_prf_new(EVP_MAC *algorithm)
{
    char digest[] = "SHA2-256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    EVP_MAC_CTX *mac = EVP_MAC_CTX_new(algorithm);
    if (mac != NULL && EVP_MAC_CTX_set_params(mac, params) != 1) {
        EVP_MAC_CTX_free(mac);
        return NULL;
    }
    return mac;
}

int omtls_host_prf(EVP_MAC_CTX *mac, const struct omtls_prf *prf, uint8_t *out, size_t n)
{
    static const uint8_t nothing[SE_MAC_SIZE];
    struct om_error err = {.rc = OM_OK};
    struct keyed k = {mac, true};
    bool ok = EVP_MAC_init(mac, prf->secret, prf->secret_len, NULL) == 1 &&
              se_p_sha256(hmac, &k, prf->seeds, prf->n_seeds, 0, out, n, &err) == OM_OK;
    /* In place of the secret and what follows from it. */
    ok = EVP_MAC_init(mac, nothing, sizeof nothing, NULL) == 1 && ok;
    if (!ok)
        om_wipe(out, n);
    return ok ? 1 : 0;
}
