/* A pkcs11: URI (RFC 7512) as an operator writes it, checked: it names a token and a module, nothing else. */
#ifndef OPENMAF_HSM_URI_H
#define OPENMAF_HSM_URI_H

#include "hsm/cryptoki.h"
#include "util/error.h"

#include <p11-kit/uri.h>

struct hsm_uri {
    P11KitUri *p11;          /* owns the texts below */
    const char *module_path; /* absolute; or NULL, and then */
    const char *module_name; /* a module that p11-kit is configured for */
    const char *pin_source;  /* or NULL */
    const char *init_args;   /* query attribute x-init-args, for C_Initialize; or NULL */
};

/* OM_ECONFIG for anything that is not understood: an attribute that is ignored would be a wrong token or a
 * PIN in the clear. On failure *out is empty. */
OM_MUST_USE om_rc hsm_uri_parse(const char *text, struct hsm_uri *out, struct om_error *err);
void hsm_uri_free(struct hsm_uri *uri);

#endif
