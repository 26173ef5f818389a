/* Client bundles (docs/formats.md): what an administrator hands to a client in one file — a registration
 * configuration (TS-0003 8.8.3.2) with the credential to use, and a certificate if that is the credential.
 * Nothing in it is secret: a Km never is. */
#ifndef OPENMAF_PROVISIONING_BUNDLE_H
#define OPENMAF_PROVISIONING_BUNDLE_H

#include "onem2m/types.h"
#include "pki/name.h"

#include <jansson.h>

struct bundle {
    const char *fqdn, *admin_fqdn;
    int64_t expires;                               /* when the configuration lapses; 0: not said */
    const struct m2m_list *labels;                 /* of the registration; may be empty */
    uint16_t http_port, coap_port, websocket_port; /* 0: not said */
    /* The credential is a Km, by its KmID, */
    const char *kmid;
    /* or one that the client gets from this MEF (MEF-FQDN), */
    const char *mef;
    /* or a certificate: its name, itself with what is sent behind it, and what the client trusts of the MAF.
     */
    const struct pki_name *name;
    const STACK_OF(X509) * chain, *anchors;
};

/* *out is the document. OM_EINPUT: the certificate is not for the name, or an anchor is no CA. */
OM_MUST_USE om_rc bundle_make(const struct bundle *what, json_t **out, struct om_error *err);

#endif
