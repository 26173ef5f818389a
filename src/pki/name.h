/* What a certificate says about its holder (TS-0003 10.1): one name, in the subjectAltName form of its
 * flavour. Pure functions. */
#ifndef OPENMAF_PKI_NAME_H
#define OPENMAF_PKI_NAME_H

#include "onem2m/ids.h"

#include <openssl/x509v3.h>

/* Flavours of certificates; the values are the types of their Credential-IDs (TS-0003 10.4). A FQDN
 * certificate, which a MAF holds, has none. */
enum pki_flavour {
    PKI_FQDN = 1,
    PKI_DEVICE = 31, /* globally unique hardware ID: a URN, or TYPE-ID:ARCS, an OID-based device ID */
    PKI_CSE = 32,    /* public domain name of a CSE */
    PKI_AE = 33,     /* Absolute AE-ID */
    PKI_NODE = 34,   /* M2M-Node-ID, a URN */
};

struct pki_name {
    enum pki_flavour flavour;
    char text[M2M_ID_SIZE]; /* FQDN (lower case), URN, device ID or Absolute AE-ID */
};

/* "fqdn", "device", "cse", "ae", "node"; NULL for another value. */
const char *pki_flavour_text(enum pki_flavour flavour);
OM_MUST_USE om_rc pki_flavour_parse(const char *text, enum pki_flavour *out, struct om_error *err);

/* Checks the text against the flavour's grammar; FQDNs are folded to lower case. OM_EINPUT. */
OM_MUST_USE om_rc pki_name_set(struct pki_name *out, enum pki_flavour flavour, const char *text,
                               struct om_error *err);

/* Credential-ID of the holder, such as 33-//sp.example/cse1/Cae7. OM_EINPUT for PKI_FQDN. */
OM_MUST_USE om_rc pki_name_credential_id(const struct pki_name *name, char out[M2M_ID_SIZE],
                                         struct om_error *err);

/* The inverse. */
OM_MUST_USE om_rc pki_name_from_credential_id(struct pki_name *out, const char *id, struct om_error *err);

/* The one-element subjectAltName; freed with GENERAL_NAMES_free. An Absolute AE-ID becomes a URI with scheme
 * m2m: so that nameConstraints can be applied to it. */
OM_MUST_USE om_rc pki_name_to_san(const struct pki_name *name, GENERAL_NAMES **out, struct om_error *err);

/* OM_OK when the subjectAltName is this name and nothing else; OM_EDENIED says what it is instead. An AE-ID
 * may come with any scheme or none; FQDNs are compared without regard to ASCII case, all else exactly. */
OM_MUST_USE om_rc pki_name_check_san(const struct pki_name *name, const GENERAL_NAMES *san,
                                     struct om_error *err);

#endif
