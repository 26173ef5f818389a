/* test-token KIND DIR [OWNER]: makes a fresh token of KIND (softhsm, softokn, tpm2-pkcs11, swtpm,
 * swtpm-plain, tabrmd, ram) in the directory DIR and prints how to reach it, one NAME=VALUE a line: URI,
 * PIN_SOURCE (empty when there is no PIN), variables that must be in the environment of whoever uses it
 * (SOFTHSM2_CONF, DBUS_SESSION_BUS_ADDRESS), and SWTPM_PID, a process to be ended with the token. It ends by
 * itself when process OWNER does; without one, when the caller does. In a directory where a swtpm was killed
 * it is started again as it was. swtpm-plain: without encryption on the way to it. tabrmd: swtpm behind a
 * resource manager. tpm2-pkcs11 takes the TPM that TPM2_PKCS11_TCTI names. For tests and demonstrations, in
 * any language. */
#include "token_make.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 4) {
        (void)fprintf(stderr,
                      "usage: %s softhsm|softokn|tpm2-pkcs11|swtpm|swtpm-plain|tabrmd|ram DIR [OWNER]\n",
                      argc > 0 ? argv[0] : "test-token");
        return 2;
    }
    struct om_error err = {0};
    pid_t owner = argc == 4 ? (pid_t)strtol(argv[3], NULL, 10) : getppid();
    om_rc rc = token_make(argv[1], argv[2], owner, stdout, &err);
    if (rc != OM_OK) {
        (void)fprintf(stderr, "test-token: %s\n", om_error_text(&err, rc));
        return 1;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
