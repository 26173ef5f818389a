/* The table of TSS2_RC: see rc.h. */
#include "tpm/rc.h"

#include <stdbool.h>
#include <stddef.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tpm2_types.h>

struct entry {
    TSS2_RC r;
    om_rc rc;
    enum tpm_trouble trouble;
};

static const struct entry table[] = {
    /* It does not answer as it should just now. */
    {TPM2_RC_INITIALIZE, OM_ETRANSIENT, TPM_STALE},
    {TPM2_RC_FAILURE, OM_ETRANSIENT, TPM_FINE},
    {TPM2_RC_UPGRADE, OM_ETRANSIENT, TPM_FINE},
    {TPM2_RC_REBOOT, OM_ETRANSIENT, TPM_FINE},
    {TPM2_RC_RETRY, OM_ETRANSIENT, TPM_FINE},
    {TPM2_RC_YIELDED, OM_ETRANSIENT, TPM_FINE},
    {TPM2_RC_TESTING, OM_ETRANSIENT, TPM_FINE},
    {TPM2_RC_NV_RATE, OM_ETRANSIENT, TPM_FINE},
    {TPM2_RC_NV_UNAVAILABLE, OM_ETRANSIENT, TPM_FINE},
    {TPM2_RC_CANCELED, OM_ETRANSIENT, TPM_FINE},
    {TPM2_RC_LOCKOUT, OM_ETRANSIENT, TPM_FINE},
    {TPM2_RC_LOCALITY, OM_ECONFIG, TPM_FINE},
    /* Sessions and objects that a reset has swept away. */
    {TPM2_RC_HANDLE, OM_ETRANSIENT, TPM_STALE},
    {TPM2_RC_VALUE, OM_ETRANSIENT, TPM_STALE}, /* so some TPMs answer to a handle that is not there */
    {TPM2_RC_BAD_CONTEXT, OM_ETRANSIENT, TPM_STALE},
    {TPM2_RC_AUTH_FAIL, OM_ECONFIG, TPM_STALE},
    {TPM2_RC_BAD_AUTH, OM_ECONFIG, TPM_STALE},
    {TPM2_RC_NONCE, OM_ETRANSIENT, TPM_STALE},
    {TPM2_RC_ATTRIBUTES, OM_EINTERNAL, TPM_FINE},
    /* No room. */
    {TPM2_RC_CONTEXT_GAP, OM_ETRANSIENT, TPM_FULL},
    {TPM2_RC_OBJECT_MEMORY, OM_ETRANSIENT, TPM_FULL},
    {TPM2_RC_SESSION_MEMORY, OM_ETRANSIENT, TPM_FULL},
    {TPM2_RC_MEMORY, OM_ETRANSIENT, TPM_FULL},
    {TPM2_RC_SESSION_HANDLES, OM_ETRANSIENT, TPM_FULL},
    {TPM2_RC_OBJECT_HANDLES, OM_ETRANSIENT, TPM_FULL},
    {TPM2_RC_NV_SPACE, OM_ECONFIG, TPM_FINE},
    {TPM2_RC_NV_DEFINED, OM_ECONFIG, TPM_FINE},
    /* What was given to it did not verify. */
    {TPM2_RC_INTEGRITY, OM_EINTEGRITY, TPM_FINE},
    {TPM2_RC_BINDING, OM_EINTEGRITY, TPM_FINE},
    /* The operator has to act. */
    {TPM2_RC_HIERARCHY, OM_ECONFIG, TPM_FINE},
    {TPM2_RC_DISABLED, OM_ECONFIG, TPM_FINE},
    {TPM2_RC_AUTH_UNAVAILABLE, OM_ECONFIG, TPM_FINE},
    /* It cannot do that. */
    {TPM2_RC_COMMAND_CODE, OM_EUNSUPPORTED, TPM_FINE},
    {TPM2_RC_ASYMMETRIC, OM_EUNSUPPORTED, TPM_FINE},
    {TPM2_RC_CURVE, OM_EUNSUPPORTED, TPM_FINE},
    {TPM2_RC_HASH, OM_EUNSUPPORTED, TPM_FINE},
    {TPM2_RC_KDF, OM_EUNSUPPORTED, TPM_FINE},
    {TPM2_RC_KEY_SIZE, OM_EUNSUPPORTED, TPM_FINE},
    {TPM2_RC_MODE, OM_EUNSUPPORTED, TPM_FINE},
    {TPM2_RC_SCHEME, OM_EUNSUPPORTED, TPM_FINE},
    {TPM2_RC_SYMMETRIC, OM_EUNSUPPORTED, TPM_FINE},
};

static TSS2_RC layer_of(TSS2_RC r)
{
    return r & TSS2_RC_LAYER_MASK;
}

/* A resource manager passes the TPM's codes on with a layer of its own. */
static bool from_tpm(TSS2_RC r)
{
    return layer_of(r) == TSS2_TPM_RC_LAYER || layer_of(r) == TSS2_RESMGR_TPM_RC_LAYER ||
           layer_of(r) == TSS2_RESMGR_RC_LAYER;
}

TSS2_RC tpm_rc_base(TSS2_RC r)
{
    if (!from_tpm(r))
        return r;
    TSS2_RC code = r & ~TSS2_RC_LAYER_MASK;
    if ((code & TPM2_RC_FMT1) != 0)
        return code & 0xbf; /* Part 2, "Response Code Details": the error, without P and N */
    if (code >= TPM2_RC_REFERENCE_H0 && code <= TPM2_RC_REFERENCE_S0 + 6)
        return TPM2_RC_HANDLE;
    return code;
}

/* Of tpm2-tss itself. After a failure of these its context is not usable any more. */
static struct entry of_library(TSS2_RC r)
{
    if (layer_of(r) == TSS2_TCTI_RC_LAYER)
        return (struct entry){r, OM_ETRANSIENT, TPM_LOST};
    switch (r & ~TSS2_RC_LAYER_MASK) {
    case TSS2_BASE_RC_MEMORY:
        return (struct entry){r, OM_ENOMEM, TPM_LOST};
    case TSS2_BASE_RC_RSP_AUTH_FAILED:
        return (struct entry){r, OM_EINTEGRITY, TPM_LOST};
    case TSS2_BASE_RC_MALFORMED_RESPONSE:
    case TSS2_BASE_RC_INSUFFICIENT_RESPONSE:
    case TSS2_BASE_RC_INSUFFICIENT_CONTEXT:
    case TSS2_BASE_RC_GENERAL_FAILURE:
    case TSS2_BASE_RC_BAD_SIZE:
        return (struct entry){r, OM_ETRANSIENT, TPM_LOST};
    default:
        return (struct entry){r, OM_EINTERNAL, TPM_LOST};
    }
}

static struct entry find(TSS2_RC r)
{
    if (!from_tpm(r))
        return of_library(r);
    TSS2_RC base = tpm_rc_base(r);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].r == base)
            return table[i];
    return (struct entry){r, OM_EINTERNAL, TPM_FINE};
}

om_rc tpm_rc_class(TSS2_RC r)
{
    return find(r).rc;
}

enum tpm_trouble tpm_rc_trouble(TSS2_RC r)
{
    return find(r).trouble;
}

om_rc tpm_rc_fail(struct om_error *err, TSS2_RC r, const char *call)
{
    return om_fail(err, tpm_rc_class(r), "%s: %s (0x%x)", call, Tss2_RC_Decode(r), r);
}
