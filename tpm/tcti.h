/* The TCTIs of tpm2-tss that lead to a device of the kernel, or to the resource manager tpm2-abrmd. */
#ifndef OPENMAF_TPM_TCTI_H
#define OPENMAF_TPM_TCTI_H

#include "tpm/uri.h"

#include <tss2/tss2_tcti.h>

/* Loads, for good, the library that the TCTI is in. OM_ECONFIG: it is not installed. */
OM_MUST_USE om_rc tpm_tcti_keep(const struct tpm_uri *uri, struct om_error *err);

/* Opens it; *out is ended with Tss2_TctiLdr_Finalize. A device that another process has is waited for until
 * the deadline (CLOCK_MONOTONIC milliseconds). OM_ETRANSIENT. */
OM_MUST_USE om_rc tpm_tcti_connect(const struct tpm_uri *uri, int64_t deadline, TSS2_TCTI_CONTEXT **out,
                                   struct om_error *err);

#endif
