/* Errors through OpenSSL: see error_queue.h. */
#include "tls/error_queue.h"

#include <openssl/err.h>

static _Thread_local struct om_error last;

void omtls_error_raise(om_rc rc, const struct om_error *err)
{
    last = *err;
    last.rc = rc;
    ERR_raise_data(ERR_LIB_USER, ERR_R_OPERATION_FAIL, "openmaf: %s", om_error_text(err, rc));
}

void omtls_error_clear(void)
{
    last.rc = OM_OK;
}

om_rc omtls_error_openssl(struct om_error *err, const char *what)
{
    char text[256];
    ERR_error_string_n(ERR_peek_last_error(), text, sizeof text);
    ERR_clear_error();
    return om_fail(err, OM_EINTERNAL, "%s: %s", what, text);
}

om_rc omtls_error_take(struct om_error *err, const char *what)
{
    if (last.rc == OM_OK)
        return omtls_error_openssl(err, what);
    om_rc rc = last.rc;
    ERR_clear_error();
    if (err != NULL)
        *err = last;
    last.rc = OM_OK;
    return om_context(err, rc, "%s", what);
}
