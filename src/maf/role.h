/* What differs between the servers that these procedures make: TS-0003 8.3.5.2 says of a MEF's registrations
 * and keys what clause 8.8.2 says of a MAF's, with other names and numbers. */
#ifndef OPENMAF_MAF_ROLE_H
#define OPENMAF_MAF_ROLE_H

#include "maf/policy.h"

struct maf_role {
    const char *what;         /* "MAF" */
    const char *base_name;    /* "maf": resource name of the base, and its resource identifier */
    int ty_base;              /* WIRE_TY_MAF_BASE */
    int ty_client_reg;        /* WIRE_TY_MAF_CLIENT_REG */
    unsigned credential_type; /* TS-0003 10.4, of a credential with a symmetric key: 11 */
    const char *made_up;      /* "km-": how the identifiers begin that are made up for such credentials */
    const char *label;        /* of the exporter that gives a key */
    struct maf_suids suids;   /* that keys may be registered for */
};

extern const struct maf_role maf_role_maf;

#endif
