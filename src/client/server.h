/* The servers of a client: its MAF, and the MEF that provisions keys, if it has one. TS-0003 8.3.5.2 says of
 * a MEF's registrations and keys what clause 8.8.2 says of a MAF's: the procedures are the same code, and
 * what differs is in struct server_role. */
#ifndef OPENMAF_CLIENT_SERVER_H
#define OPENMAF_CLIENT_SERVER_H

#include "onem2m/ids.h"

#include <stdbool.h>
#include <stdint.h>

struct transport;

struct server_role {
    const char *what;                  /* "MAF" */
    const char *section;               /* of maf.conf */
    int ty_client_reg;                 /* WIRE_TY_MAF_CLIENT_REG */
    unsigned credential_type;          /* TS-0003 10.4, of a symmetric key shared with it */
    const char *key, *key_id;          /* names of that key and of its identifier: "Km", "KmID" */
    const char *label;                 /* of the exporter that gives a key */
    bool (*takes_suid)(unsigned suid); /* of the keys that it keeps */
};
extern const struct server_role server_role_maf, server_role_mef;

struct home_server {
    const struct server_role *role;
    char fqdn[M2M_FQDN_SIZE]; /* "": this home has no such server */
    char host[M2M_FQDN_SIZE]; /* where to connect; default fqdn */
    uint16_t port;            /* default: that of the binding */
    bool addressed;           /* maf.conf says where it is: a registration configuration does not */
    const struct transport
        *transport; /* the binding: which of https, wss, coaps, coaps-tcp is there; default https */
    char kmid[M2M_KEY_ID_SIZE];    /* credential to use; "" for the home's choice */
    char certificate[M2M_ID_SIZE]; /* the same by the Credential-ID of a certificate; at most one of them */
};

#endif
