/* test-token KIND DIR: makes a fresh token of KIND (softhsm, softokn, tpm2-pkcs11, ram) in the directory DIR
 * and prints how to reach it, one NAME=VALUE a line: URI, PIN_SOURCE (empty when there is no PIN), and
 * variables that must be in the environment of whoever uses it (SOFTHSM2_CONF). tpm2-pkcs11 takes the TPM
 * that TPM2_PKCS11_TCTI names. For tests and demonstrations, in any language. */
#include "token_make.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    if (argc != 3) {
        (void)fprintf(stderr, "usage: %s softhsm|softokn|tpm2-pkcs11|ram DIR\n",
                      argc > 0 ? argv[0] : "test-token");
        return 2;
    }
    struct om_error err = {0};
    om_rc rc = token_make(argv[1], argv[2], stdout, &err);
    if (rc != OM_OK) {
        (void)fprintf(stderr, "test-token: %s\n", om_error_text(&err, rc));
        return 1;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
