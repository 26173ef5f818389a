/* A tpm2: URI as an operator writes it, checked: how the TPM is reached and where openmaf's keys are in it.
 *
 *   tpm2:tcti=TCTI[;handle=NUMBER][;encrypt=no][;timeout=SECONDS][?pin-source=SOURCE[&owner-pin-source=SOURCE]]
 *
 * Values are percent-encoded where they hold one of ; ? & %. docs/tpm.md explains them. */
#ifndef OPENMAF_TPM_URI_H
#define OPENMAF_TPM_URI_H

#include "util/error.h"

#include <stdbool.h>
#include <stdint.h>

#define TPM_HANDLE_DEFAULT UINT32_C(0x81006f6d) /* "om"; the row key is at the next one */

enum tpm_via {
    TPM_VIA_SWTPM = 1, /* a socket of swtpm, by our own connection */
    TPM_VIA_DEVICE,    /* the TCTIs of tpm2-tss */
    TPM_VIA_TABRMD,
};

struct tpm_uri {
    enum tpm_via via;
    char tcti[256];   /* as given: "swtpm:host=127.0.0.1,port=2321", "device:/dev/tpmrm0", "tabrmd" */
    char address[64]; /* swtpm over TCP: a numeric address; else "" */
    uint16_t port;
    char path[108]; /* swtpm over a UNIX socket; else "" */

    bool managed; /* a resource manager is underneath: others cannot be in our way, nor we in theirs */
    bool encrypt; /* HMAC sessions with encrypted parameters; false only for a simulator on this machine */
    uint32_t handle;
    unsigned timeout_ms; /* for one command, waiting for others included */

    char pin_source[512]; /* "" when not given */
    char owner_pin_source[512];
};

/* OM_ECONFIG for anything that is not understood, or that would send keys in clear to a real TPM. */
OM_MUST_USE om_rc tpm_uri_parse(const char *text, struct tpm_uri *out, struct om_error *err);

#endif
