/* Names of faults: see fault.h. */
#include "pki/fault.h"

#include <stdarg.h>
#include <stdio.h>

const char *pki_fault_text(enum pki_fault fault)
{
    static const char *const texts[PKI_FAULT_N] = {
        [PKI_GOOD] = "",
        [PKI_FAULT_FORM] = "form",
        [PKI_FAULT_KEY] = "key",
        [PKI_FAULT_HASH] = "hash",
        [PKI_FAULT_KEY_USAGE] = "key-usage",
        [PKI_FAULT_WILDCARD] = "wildcard",
        [PKI_FAULT_NAME] = "name",
        [PKI_FAULT_PURPOSE] = "purpose",
        [PKI_FAULT_NOT_YET_VALID] = "not-yet-valid",
        [PKI_FAULT_EXPIRED] = "expired",
        [PKI_FAULT_REVOKED] = "revoked",
        [PKI_FAULT_STATUS] = "status",
        [PKI_FAULT_NAME_CONSTRAINTS] = "name-constraints",
        [PKI_FAULT_NO_NAME_CONSTRAINTS] = "no-name-constraints",
        [PKI_FAULT_PATH] = "path",
    };
    return fault < PKI_FAULT_N ? texts[fault] : "";
}

om_rc pki_fault_set(enum pki_fault *out, enum pki_fault fault, struct om_error *err, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    *out = fault;
    return om_fail(err, OM_EDENIED, "%s", text);
}
