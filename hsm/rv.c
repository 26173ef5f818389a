/* The table of CK_RV: see rv.h. */
#include "hsm/rv.h"

#include <stddef.h>

struct entry {
    CK_RV rv;
    const char *name;
    om_rc rc;
    bool lost;
};

#define E(rv, rc)                                                                                            \
    {                                                                                                        \
        rv, #rv, rc, false                                                                                   \
    }
#define E_LOST(rv)                                                                                           \
    {                                                                                                        \
        rv, #rv, OM_ETRANSIENT, true                                                                         \
    }

static const struct entry table[] = {
    /* The device did not answer now. */
    E(CKR_GENERAL_ERROR, OM_ETRANSIENT),
    E(CKR_FUNCTION_FAILED, OM_ETRANSIENT),
    E(CKR_FUNCTION_CANCELED, OM_ETRANSIENT),
    E(CKR_DEVICE_ERROR, OM_ETRANSIENT),
    E(CKR_DEVICE_MEMORY, OM_ENOMEM),
    E(CKR_SESSION_COUNT, OM_ETRANSIENT),
    E(CKR_OPERATION_ACTIVE, OM_ETRANSIENT),
    E(CKR_OPERATION_NOT_INITIALIZED, OM_ETRANSIENT),
    /* The session is gone. */
    E_LOST(CKR_CRYPTOKI_NOT_INITIALIZED),
    E_LOST(CKR_DEVICE_REMOVED),
    E_LOST(CKR_SESSION_CLOSED),
    E_LOST(CKR_SESSION_HANDLE_INVALID),
    E_LOST(CKR_SLOT_ID_INVALID),
    E_LOST(CKR_TOKEN_NOT_PRESENT),
    E_LOST(CKR_USER_NOT_LOGGED_IN),
    /* So are the objects in it: somebody else in the process logged out, and perhaps in again. */
    E_LOST(CKR_OBJECT_HANDLE_INVALID),
    E_LOST(CKR_KEY_HANDLE_INVALID),
    E_LOST(CKR_WRAPPING_KEY_HANDLE_INVALID),
    E_LOST(CKR_UNWRAPPING_KEY_HANDLE_INVALID),
    /* What was given to it did not verify. */
    E(CKR_ENCRYPTED_DATA_INVALID, OM_EINTEGRITY),
    E(CKR_ENCRYPTED_DATA_LEN_RANGE, OM_EINTEGRITY),
    E(CKR_WRAPPED_KEY_INVALID, OM_EINTEGRITY),
    E(CKR_WRAPPED_KEY_LEN_RANGE, OM_EINTEGRITY),
    /* The operator has to act. */
    E(CKR_PIN_INCORRECT, OM_ECONFIG),
    E(CKR_PIN_INVALID, OM_ECONFIG),
    E(CKR_PIN_LEN_RANGE, OM_ECONFIG),
    E(CKR_PIN_EXPIRED, OM_ECONFIG),
    E(CKR_PIN_LOCKED, OM_ECONFIG),
    E(CKR_USER_PIN_NOT_INITIALIZED, OM_ECONFIG),
    E(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, OM_ECONFIG),
    E(CKR_USER_TOO_MANY_TYPES, OM_ECONFIG),
    E(CKR_SESSION_READ_ONLY, OM_ECONFIG),
    E(CKR_SESSION_READ_WRITE_SO_EXISTS, OM_ECONFIG),
    E(CKR_TOKEN_WRITE_PROTECTED, OM_ECONFIG),
    E(CKR_TOKEN_NOT_RECOGNIZED, OM_ECONFIG),
    /* The token cannot do it. */
    E(CKR_FUNCTION_NOT_SUPPORTED, OM_EUNSUPPORTED),
    E(CKR_MECHANISM_INVALID, OM_EUNSUPPORTED),
    E(CKR_MECHANISM_PARAM_INVALID, OM_EUNSUPPORTED),
    E(CKR_ATTRIBUTE_READ_ONLY, OM_EUNSUPPORTED),
    E(CKR_ATTRIBUTE_SENSITIVE, OM_EUNSUPPORTED),
    E(CKR_ATTRIBUTE_TYPE_INVALID, OM_EUNSUPPORTED),
    E(CKR_ATTRIBUTE_VALUE_INVALID, OM_EUNSUPPORTED),
    E(CKR_TEMPLATE_INCOMPLETE, OM_EUNSUPPORTED),
    E(CKR_TEMPLATE_INCONSISTENT, OM_EUNSUPPORTED),
    E(CKR_KEY_FUNCTION_NOT_PERMITTED, OM_EUNSUPPORTED),
    E(CKR_KEY_NOT_WRAPPABLE, OM_EUNSUPPORTED),
    E(CKR_KEY_SIZE_RANGE, OM_EUNSUPPORTED),
    E(CKR_KEY_TYPE_INCONSISTENT, OM_EUNSUPPORTED),
    E(CKR_KEY_UNEXTRACTABLE, OM_EUNSUPPORTED),
    E(CKR_UNWRAPPING_KEY_SIZE_RANGE, OM_EUNSUPPORTED),
    E(CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, OM_EUNSUPPORTED),
    E(CKR_WRAPPING_KEY_SIZE_RANGE, OM_EUNSUPPORTED),
    E(CKR_WRAPPING_KEY_TYPE_INCONSISTENT, OM_EUNSUPPORTED),
    E(CKR_SESSION_PARALLEL_NOT_SUPPORTED, OM_EUNSUPPORTED),
    E(CKR_RANDOM_NO_RNG, OM_EUNSUPPORTED),
    E(CKR_CANT_LOCK, OM_EUNSUPPORTED),
    E(CKR_NEED_TO_CREATE_THREADS, OM_EUNSUPPORTED),
    /* A defect on this side. */
    E(CKR_ARGUMENTS_BAD, OM_EINTERNAL),
    E(CKR_BUFFER_TOO_SMALL, OM_EINTERNAL),
    E(CKR_DATA_INVALID, OM_EINTERNAL),
    E(CKR_DATA_LEN_RANGE, OM_EINTERNAL),
    E(CKR_HOST_MEMORY, OM_ENOMEM),
};

static const struct entry *find(CK_RV rv)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].rv == rv)
            return &table[i];
    return NULL;
}

const char *hsm_rv_name(CK_RV rv)
{
    const struct entry *e = find(rv);
    return e != NULL ? e->name : "CKR_?";
}

om_rc hsm_rv_class(CK_RV rv)
{
    const struct entry *e = find(rv);
    /* A vendor's own code is most often a device that does not answer: retry within bounds. */
    return e != NULL ? e->rc : (rv & CKR_VENDOR_DEFINED) != 0 ? OM_ETRANSIENT : OM_EINTERNAL;
}

bool hsm_rv_lost(CK_RV rv)
{
    const struct entry *e = find(rv);
    return e != NULL && e->lost;
}

om_rc hsm_rv_fail(struct om_error *err, CK_RV rv, const char *call)
{
    return om_fail(err, hsm_rv_class(rv), "%s: %s (0x%lx)", call, hsm_rv_name(rv), rv);
}
