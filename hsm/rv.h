/* What the answers of a token (CK_RV) mean to the Secure Environment. */
#ifndef OPENMAF_HSM_RV_H
#define OPENMAF_HSM_RV_H

#include "hsm/cryptoki.h"
#include "util/error.h"

#include <stdbool.h>

/* "CKR_DEVICE_ERROR"; "CKR_?" for a value that is not in the table. */
const char *hsm_rv_name(CK_RV rv);

om_rc hsm_rv_class(CK_RV rv);

/* The session, and with it every session object, is gone. */
bool hsm_rv_lost(CK_RV rv);

/* Records "call: NAME (0x...)" and returns the class of rv, which is not CKR_OK. */
om_rc hsm_rv_fail(struct om_error *err, CK_RV rv, const char *call);

#endif
