/* What differs between the servers that these procedures make: TS-0003 8.3.5.2 says of a MEF's registrations
 * and keys what clause 8.8.2 says of a MAF's, with other names and numbers. */
#ifndef OPENMAF_MAF_ROLE_H
#define OPENMAF_MAF_ROLE_H

#include "maf/policy.h"
#include "onem2m/primitive.h"

#include <openssl/ssl.h>

/* A procedure, or a part of one: OM_OK when the answer is made, OM_EDENIED after maf_refuse; anything else is
 * a fault of ours, told in the call's error (maf_internal.h). */
struct maf_call;
struct maf;
struct maf_certificate;
typedef om_rc maf_procedure(struct maf_call *c);

struct maf_role {
    const char *what;         /* "MAF" */
    const char *base_name;    /* "maf": resource name of the base, and its resource identifier */
    int ty_base;              /* WIRE_TY_MAF_BASE */
    int ty_client_reg;        /* WIRE_TY_MAF_CLIENT_REG */
    unsigned credential_type; /* TS-0003 10.4, of a credential with a symmetric key: 11 */
    const char *made_up;      /* "km-": how the identifiers of such credentials begin that we make up */
    const char *label;        /* of the exporter that gives a key */
    struct maf_suids suids;   /* that keys may be registered for */
    bool (*is_client_id)(const char *id); /* who can be a client */

    /* What only one of them does; NULL where it does not. */
    const char *child; /* name of the one child of a registration, and what is done with it */
    maf_procedure *of_child;
    /* The procedure for a To that is outside the base, or NULL when it is none of this server's. */
    maf_procedure *(*outside)(const struct m2m_request *rq);
    /* In the transaction that registers this session's exporter key under a RelativeKeyID. */
    om_rc (*registers_exported)(struct maf_call *c, const char *id);
    /* When the response is complete. */
    void (*finish)(struct maf_call *c);
    /* Whether a client whose certificate is good may use this one: OM_EDENIED when not. Asked in the
     * handshake and with each request. */
    om_rc (*certificate)(struct maf *maf, const struct maf_certificate *c, struct om_error *err);
    /* omtls_server.authenticated, with the struct maf. */
    void (*authenticated)(void *maf, SSL *ssl, void *peer);
};

extern const struct maf_role maf_role_maf;

#endif
