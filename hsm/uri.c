/* pkcs11: URIs: see uri.h. */
#include "hsm/uri.h"

#include <stdbool.h>
#include <string.h>

#define URI_MAX 4096

/* p11-kit accepts any vendor's attribute and drops it, so the names are checked here. */
static om_rc check_query_names(const char *text, struct om_error *err)
{
    static const char *const known[] = {"module-path", "module-name", "pin-source", "x-init-args"};
    const char *p = strchr(text, '?');
    while (p != NULL && *++p != '\0') {
        size_t n = strcspn(p, "=&");
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            found = found || (strlen(known[i]) == n && memcmp(p, known[i], n) == 0);
        if (n == strlen("pin-value") && memcmp(p, "pin-value", n) == 0)
            return om_fail(err, OM_ECONFIG,
                           "pin-value would put the PIN into the URI; use pin-source=file:PATH");
        if (!found)
            return om_fail(err, OM_ECONFIG, "unknown query attribute '%.*s' in the pkcs11 URI", (int)n, p);
        p = strchr(p, '&');
    }
    return OM_OK;
}

static om_rc check_meaning(const struct hsm_uri *uri, struct om_error *err)
{
    CK_ULONG n_attributes = 0;
    (void)p11_kit_uri_get_attributes(uri->p11, &n_attributes);
    if (n_attributes > 0)
        return om_fail(err, OM_ECONFIG,
                       "the pkcs11 URI names an object (object, id, type); it must name a token");
    if (p11_kit_uri_any_unrecognized(uri->p11))
        return om_fail(err, OM_ECONFIG, "unknown attribute in the pkcs11 URI");
    if (uri->module_path == NULL && uri->module_name == NULL)
        return om_fail(err, OM_ECONFIG,
                       "the pkcs11 URI names no module; add ?module-path=/absolute/path/to/library.so");
    if (uri->module_path != NULL && uri->module_name != NULL)
        return om_fail(err, OM_ECONFIG, "the pkcs11 URI has both module-path and module-name; give one");
    if (uri->module_path != NULL && uri->module_path[0] != '/')
        return om_fail(err, OM_ECONFIG, "module-path %s of the pkcs11 URI is not absolute", uri->module_path);
    if (uri->init_args != NULL && uri->module_path == NULL)
        return om_fail(err, OM_ECONFIG, "x-init-args needs module-path; p11-kit has x-init-reserved instead");
    return OM_OK;
}

om_rc hsm_uri_parse(const char *text, struct hsm_uri *out, struct om_error *err)
{
    memset(out, 0, sizeof *out);
    if (strlen(text) > URI_MAX)
        return om_fail(err, OM_ECONFIG, "the pkcs11 URI is longer than %d octets", URI_MAX);
    OM_TRY(check_query_names(text, err));
    struct hsm_uri uri = {.p11 = p11_kit_uri_new()};
    if (uri.p11 == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a URI");
    int bad = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri.p11);
    om_rc rc = OM_OK;
    if (bad != P11_KIT_URI_OK) {
        rc = om_fail(err, OM_ECONFIG, "malformed pkcs11 URI: %s", p11_kit_uri_message(bad));
    } else {
        uri.module_path = p11_kit_uri_get_module_path(uri.p11);
        uri.module_name = p11_kit_uri_get_module_name(uri.p11);
        uri.pin_source = p11_kit_uri_get_pin_source(uri.p11);
        uri.init_args = p11_kit_uri_get_vendor_query(uri.p11, "x-init-args");
        rc = check_meaning(&uri, err);
    }
    if (rc != OM_OK) {
        hsm_uri_free(&uri);
        return rc;
    }
    *out = uri;
    return OM_OK;
}

void hsm_uri_free(struct hsm_uri *uri)
{
    if (uri->p11 != NULL)
        p11_kit_uri_free(uri->p11);
    memset(uri, 0, sizeof *uri);
}
