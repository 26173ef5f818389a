/* The error record: see error.h. */
#include "util/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

om_rc om_fail_at(struct om_error *err, om_rc rc, const char *file, int line, const char *fmt, ...)
{
    if (err != NULL) {
        va_list ap;
        va_start(ap, fmt);
        (void)vsnprintf(err->text, sizeof err->text, fmt, ap);
        va_end(ap);
        err->rc = rc;
        err->file = file;
        err->line = line;
    }
    return rc;
}

om_rc om_context(struct om_error *err, om_rc rc, const char *fmt, ...)
{
    if (err == NULL)
        return rc;
    char inner[sizeof err->text];
    (void)snprintf(inner, sizeof inner, "%s", err->text[0] != '\0' ? err->text : om_rc_name(rc));
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof err->text)
        (void)snprintf(err->text + n, sizeof err->text - (size_t)n, ": %s", inner);
    err->rc = rc;
    return rc;
}

const char *om_rc_name(om_rc rc)
{
    static const char *const names[] = {
        [OM_OK] = "ok",
        [OM_EINPUT] = "bad input",
        [OM_EDENIED] = "denied",
        [OM_ENOTFOUND] = "not found",
        [OM_ECONFLICT] = "conflict",
        [OM_EUNSUPPORTED] = "unsupported",
        [OM_ETRANSIENT] = "temporarily unavailable",
        [OM_ECONFIG] = "misconfigured",
        [OM_EINTEGRITY] = "integrity check failed",
        [OM_ENOMEM] = "out of memory",
        [OM_EINTERNAL] = "internal error",
    };
    size_t i = (size_t)rc;
    return i < sizeof names / sizeof names[0] && names[i] != NULL ? names[i] : "unknown error";
}

const char *om_error_text(const struct om_error *err, om_rc rc)
{
    if (err != NULL && err->rc == rc && err->text[0] != '\0')
        return err->text;
    return om_rc_name(rc);
}
