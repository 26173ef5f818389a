/* What the answers of the TPM and of tpm2-tss (TSS2_RC) mean to the Secure Environment. */
#ifndef OPENMAF_TPM_RC_H
#define OPENMAF_TPM_RC_H

#include "util/error.h"

#include <tss2/tss2_common.h>

/* What has to happen before the same can be tried again. */
enum tpm_trouble {
    TPM_FINE = 0, /* nothing; it would fail again */
    TPM_STALE,    /* a session or an object is not there any more (TPM reset): make them anew */
    TPM_FULL,     /* the TPM has no room for one more session or object */
    TPM_LOST,     /* the connection, or the library's state, is unusable */
};

/* The code without what says which handle, session or parameter it is about: TPM2_RC_HANDLE for 0x18b. Codes
 * of other layers come back as they are. */
TSS2_RC tpm_rc_base(TSS2_RC r);

om_rc tpm_rc_class(TSS2_RC r);
enum tpm_trouble tpm_rc_trouble(TSS2_RC r);

/* Records "call: text (0x...)" and returns the class of r, which is not TSS2_RC_SUCCESS. */
om_rc tpm_rc_fail(struct om_error *err, TSS2_RC r, const char *call);

#endif
