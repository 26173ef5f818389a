/* Copies of secrets in tpm2-tss: where they are, and how they are overwritten. Written against ESYS 3.2; the
 * search of memory in tests/e2e shows whether it still holds. */
#include "tpm/token.h"

#include <string.h>
#include <tss2/tss2_sys.h>

/* Esys_Create keeps its sensitive argument, for the second half of the call, until the next one overwrites
 * it. One with an object that is not there overwrites it, sends nothing and leaves the context ready. */
void tpm_scrub_create(ESYS_CONTEXT *esys)
{
    static const TPM2B_SENSITIVE_CREATE nothing;
    static const TPM2B_PUBLIC public_part = {.publicArea.nameAlg = TPM2_ALG_SHA256};
    static const TPM2B_DATA outside;
    static const TPML_PCR_SELECTION pcrs;
    if (esys != NULL)
        (void)Esys_Create_Async(esys, UINT32_MAX - 1, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &nothing,
                                &public_part, &outside, &pcrs);
}

/* SAPI keeps the last response; what ESYS decrypted is put back into it. */
void tpm_scrub_response(ESYS_CONTEXT *esys)
{
    TSS2_SYS_CONTEXT *sys = NULL;
    const uint8_t *parameters = NULL;
    size_t n = 0;
    if (esys != NULL && Esys_GetSysContext(esys, &sys) == TSS2_RC_SUCCESS &&
        Tss2_Sys_GetRpBuffer(sys, &n, &parameters) == TSS2_RC_SUCCESS && n <= TPM_MESSAGE_MAX)
        om_wipe((uint8_t *)parameters, n); /* it points into the context, which is ours */
}

/* ESYS frees what it knows of an object without wiping the authorisation value in it. */
void tpm_scrub_object(ESYS_CONTEXT *esys, ESYS_TR object)
{
    static const TPM2B_AUTH nothing;
    if (esys != NULL && object != ESYS_TR_NONE)
        (void)Esys_TR_SetAuth(esys, object, &nothing);
}

/* Decryption happens on ESYS's stack, at most a message of the TPM and a few frames below ours. */
__attribute__((noinline)) void tpm_scrub_stack(void)
{
    uint8_t below[4 * TPM_MESSAGE_MAX];
    om_wipe(below, sizeof below);
}
