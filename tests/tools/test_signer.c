/* Makes a signing key in a token, or writes a certificate there: the operator's part in tests of
 * certificates.
 *
 *   test-signer URI PIN-SOURCE NAME             makes the key if it is not there; its public half, PEM
 *   test-signer URI PIN-SOURCE NAME FILE.der    puts the certificate on the token under the same name
 *
 * PIN-SOURCE "" is none. */
#include "tls/tls.h"
#include "util/file.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

static om_rc print_key(struct se *se, const char *name, struct om_error *err)
{
    struct se_signer *signer = NULL;
    EVP_PKEY *key = NULL;
    om_rc rc = se_signer_find(se, name, &signer, err);
    if (rc == OM_ENOTFOUND)
        rc = se_signer_make(se, name, &signer, err);
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    if (rc == OM_OK)
        rc = omtls_signing_key(libctx, signer, &key, err);
    if (rc == OM_OK && PEM_write_PUBKEY(stdout, key) != 1)
        rc = om_fail(err, OM_EINTERNAL, "cannot write the public key");
    EVP_PKEY_free(key);
    se_signer_unref(signer);
    omtls_libctx_free(libctx);
    return rc;
}

static om_rc write_certificate(struct se *se, const char *name, const char *path, struct om_error *err)
{
    struct om_secret der = OM_SECRET_INIT;
    OM_TRY(om_file_read(path, SE_CERTIFICATE_MAX, &der, err));
    om_rc rc = se_certificate_write(se, name, der.octets, der.len, err);
    om_secret_free(&der);
    return rc;
}

int main(int argc, char **argv)
{
    struct om_error err = {.rc = OM_OK};
    struct se *se = NULL;
    if (argc < 4 || argc > 5)
        return 2;
    om_rc rc = se_open(argv[1], argv[2][0] != '\0' ? argv[2] : NULL, NULL, &se, &err);
    if (rc == OM_OK)
        rc = argc == 4 ? print_key(se, argv[3], &err) : write_certificate(se, argv[3], argv[4], &err);
    se_close(se);
    if (rc != OM_OK)
        (void)fprintf(stderr, "test-signer: %s\n", om_error_text(&err, rc));
    return rc == OM_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
