/* Credentials of the client: Km as a wrapped, prepared pre-shared key under its KmID. */
#ifndef OPENMAF_CLIENT_CREDENTIAL_H
#define OPENMAF_CLIENT_CREDENTIAL_H

#include "client/client.h"

struct credential {
    struct openmaf_credential pub; /* first; points into this structure */
    char kmid[M2M_KEY_ID_SIZE];
    char problem[sizeof((struct om_error *)0)->text];
    int64_t order; /* grows with every import; 0: none */
    struct se_blob psk;
    bool tls13; /* has the forms for TLS 1.3: imported since there are any */
    struct se_psk13 forms;
};

/* The record of that name. */
OM_MUST_USE om_rc credential_read(struct openmaf *maf, const char *name, struct credential *c,
                                  struct om_error *err);

/* The one for handshakes. OM_ENOTFOUND: none was imported. */
OM_MUST_USE om_rc credential_choose(struct openmaf *maf, struct credential *c, struct om_error *err);

/* The credential for handshakes, loaded: the one that maf.conf names, else the newest. */
struct credential_key {
    char kmid[M2M_KEY_ID_SIZE];
    struct se_key *km;
    bool tls13; /* km13 is there: it has the forms, and maf.conf wants them */
    struct omtls_psk13 km13;
};
/* Free with credential_unload, also when it failed. OM_ENOTFOUND: none was imported. */
OM_MUST_USE om_rc credential_load(struct openmaf *maf, struct credential_key *key, struct om_error *err);
void credential_unload(struct credential_key *key);

#endif
