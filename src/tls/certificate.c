/* Certificates of this end: see certificate.h. */
#include "tls/certificate.h"
#include "tls/error_queue.h"

#include <openssl/err.h>

om_rc omtls_certificate_use(SSL_CTX *ctx, OSSL_LIB_CTX *libctx, const struct omtls_certificate *certificate,
                            struct om_error *err)
{
    EVP_PKEY *key = NULL;
    OM_TRY(omtls_signing_key(libctx, certificate->signer, &key, err));
    int used = SSL_CTX_use_cert_and_key(ctx, certificate->leaf, key, certificate->chain, 1);
    EVP_PKEY_free(key);
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN); /* what is sent is what was given */
    if (used == 1)
        return OM_OK;
    (void)omtls_error_openssl(err, "the certificate is not for the key in the token, or not of use for TLS");
    return om_context(err, OM_ECONFIG, "certificate");
}

om_rc omtls_certificate_parameters(SSL_CTX *ctx, struct om_error *err)
{
    /* X25519 is for key shares of TLS 1.3 with a pre-shared key; certificates are on P-256 in any case. */
    bool tls13 = SSL_CTX_get_max_proto_version(ctx) == TLS1_3_VERSION;
    if (SSL_CTX_set1_groups_list(ctx, tls13 ? "P-256:X25519" : "P-256") != 1 ||
        SSL_CTX_set1_sigalgs_list(ctx, "ECDSA+SHA256") != 1 ||
        SSL_CTX_set1_client_sigalgs_list(ctx, "ECDSA+SHA256") != 1)
        return omtls_error_openssl(err, "cannot set curve and signature of certificates");
    return OM_OK;
}
