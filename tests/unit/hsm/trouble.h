/* Controls of the PKCS#11 module that makes trouble: it forwards every call to another module, and lies or
 * fails where it is told to. */
#ifndef OPENMAF_TESTS_HSM_TROUBLE_H
#define OPENMAF_TESTS_HSM_TROUBLE_H

#include "hsm/cryptoki.h"

#include <stdbool.h>
#include <stdint.h>

#define TROUBLE_MODULE_VARIABLE "TEST_TROUBLE_MODULE" /* path of the module behind it */
#define TROUBLE_HANG_VARIABLE   "TEST_TROUBLE_HANG"   /* C_Login does not return while this file is there */

struct trouble {
    CK_MECHANISM_TYPE hidden;   /* this mechanism is not there; 0: none */
    CK_FLAGS token_flags;       /* set in CK_TOKEN_INFO */
    CK_FLAGS token_flags_clear; /* cleared in it */
    bool unplugged;             /* no token is present, and its sessions are gone */
    unsigned one_in;            /* that many calls, one fails with `rv`, at random; 0: none */
    CK_RV rv;
    uint64_t seed; /* of the random numbers; not 0 */
    unsigned long calls, failed, logins;
    CK_FLAGS initialize_flags; /* of the last C_Initialize */
};

/* Exported by the module. */
struct trouble *trouble_controls(void);

#endif
