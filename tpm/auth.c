/* Authorisation values from the PIN: see auth.h. */
#include "tpm/auth.h"

#include <openssl/evp.h>
#include <string.h>

#define ITERATIONS 50000

/* "provider=default": this process may have a provider that sends HMACs to the token, that is, here. */
om_rc tpm_host_hmac(const uint8_t key[32], const void *message, size_t n, uint8_t out[32],
                    struct om_error *err)
{
    size_t len = 0;
    if (EVP_Q_mac(NULL, "HMAC", "provider=default", "SHA256", NULL, key, 32, message, n, out, 32, &len) ==
            NULL ||
        len != 32)
        return om_fail(err, OM_EINTERNAL, "HMAC-SHA-256 failed");
    return OM_OK;
}

static om_rc role(const uint8_t root[32], const char *name, TPM2B_AUTH *out, struct om_error *err)
{
    *out = (TPM2B_AUTH){.size = TPM_AUTH_LEN};
    return tpm_host_hmac(root, name, strlen(name), out->buffer, err);
}

om_rc tpm_auth_derive(const struct om_secret *pin, const uint8_t salt[TPM_SALT_LEN], struct tpm_auth *out,
                      struct om_error *err)
{
    uint8_t root[32];
    if (PKCS5_PBKDF2_HMAC((const char *)pin->octets, (int)pin->len, salt, TPM_SALT_LEN, ITERATIONS,
                          EVP_sha256(), sizeof root, root) != 1)
        return om_fail(err, OM_EINTERNAL, "PBKDF2 failed");
    om_rc rc = role(root, "openmaf tpm2 storage", &out->storage, err);
    if (rc == OM_OK)
        rc = role(root, "openmaf tpm2 row", &out->row, err);
    if (rc == OM_OK)
        rc = role(root, "openmaf tpm2 object", &out->object, err);
    om_wipe(root, sizeof root);
    return rc;
}
