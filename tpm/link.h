/* The way to the TPM: a TCTI for ESYS that counts what it sends, bounds every wait, and repeats what the TPM
 * asks to be repeated (TPM_RC_RETRY, YIELDED, TESTING, NV_RATE). Underneath is a socket of swtpm or a TCTI of
 * tpm2-tss. One thread. */
#ifndef OPENMAF_TPM_LINK_H
#define OPENMAF_TPM_LINK_H

#include "tpm/uri.h"

#include <stddef.h>
#include <tss2/tss2_tcti.h>

#define TPM_MESSAGE_MAX 4096 /* octets of the longest command and response (TPM_PT_MAX_COMMAND_SIZE) */

struct tpm_link {
    TSS2_TCTI_CONTEXT_COMMON_V2 tcti; /* first: ESYS holds a pointer to it */
    const struct tpm_uri *uri;
    int fd;                    /* via swtpm; -1: not connected */
    TSS2_TCTI_CONTEXT *loaded; /* via a TCTI of tpm2-tss; NULL: not connected */
    uint64_t commands;         /* sent so far */
    struct om_error failure;   /* why the last command got no response */
    uint8_t command[TPM_MESSAGE_MAX], response[TPM_MESSAGE_MAX];
    size_t command_len, response_len;
};

/* Prepares *link, which must not move from then on; connects to nothing. Loads, for good, the library that
 * the TCTI is in: later there may be a sandbox that lets none be loaded. OM_ECONFIG: it is not installed. */
OM_MUST_USE om_rc tpm_link_init(struct tpm_link *link, const struct tpm_uri *uri, struct om_error *err);

/* Ends the connection; the next command makes a new one. */
void tpm_link_disconnect(struct tpm_link *link);

#endif
