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
};

/* The record of that name. */
OM_MUST_USE om_rc credential_read(struct openmaf *maf, const char *name, struct credential *c,
                                  struct om_error *err);

/* The one for handshakes. OM_ENOTFOUND: none was imported. */
OM_MUST_USE om_rc credential_choose(struct openmaf *maf, struct credential *c, struct om_error *err);

/* The credential for handshakes: the one that maf.conf names, else the newest. *km is loaded; free with
 * se_key_unref. OM_ENOTFOUND: none was imported. */
OM_MUST_USE om_rc credential_load(struct openmaf *maf, char kmid[M2M_KEY_ID_SIZE], struct se_key **km,
                                  struct om_error *err);

#endif
