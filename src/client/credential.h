/* Credentials of the client: Km, and Kpm of the MEF, as wrapped, prepared pre-shared keys under their KmID or
 * KpmID. */
#ifndef OPENMAF_CLIENT_CREDENTIAL_H
#define OPENMAF_CLIENT_CREDENTIAL_H

#include "client/certificate.h"

struct credential {
    char kmid[M2M_KEY_ID_SIZE];
    int64_t imported;
    int64_t order;   /* grows with every import; 0: none */
    int64_t expires; /* 0: not said */
    /* Of a KmID that was assigned to a remotely provisioned key; "" for others: */
    char keid[M2M_KEY_ID_SIZE];      /* whose Km it has */
    char stakeholder[M2M_FQDN_SIZE]; /* under whom */
    struct se_blob psk;
    bool tls13; /* has the forms for TLS 1.3: imported since there are any */
    struct se_psk13 forms;
};

/* The record of that name. */
OM_MUST_USE om_rc credential_read(struct openmaf *maf, const char *name, struct credential *c,
                                  struct om_error *err);

OM_MUST_USE om_rc credential_write(struct openmaf *maf, const struct credential *c, struct om_error *err);

/* Whose it is: the server that its KmID or KpmID names; NULL: none of this home's. */
const struct home_server *credential_server(const struct openmaf *maf, const struct credential *c);

/* The record imported last of those shared with server (NULL: of all); best->order is 0 when there is none,
 * as it must be before. Any record that is refused ends the search: it may have been the newest. */
OM_MUST_USE om_rc credential_newest(struct openmaf *maf, const struct home_server *server,
                                    struct credential *best, struct om_error *err);

/* The order of the next import, of a Km or a certificate. */
OM_MUST_USE om_rc credential_next_order(struct openmaf *maf, int64_t *order, struct om_error *err);

/* The credential for handshakes with a server. With the MAF under a stakeholder (NULL: for those that are
 * under none): what its registration configuration says, else what maf.conf names, else the one from his
 * enrolment, else the one imported last. With the MEF: what maf.conf names, else the newest certificate that
 * the MEF itself gave (MEF-HS-2), else the Kpm imported last, else the certificate imported last:
 * certificates may serve both, but those that came in bundles came for the MAF. */
struct credential_choice {
    bool is_certificate; /* which of the next two it is */
    struct credential psk;
    struct certificate certificate;
    char *ca_certs; /* anchors from the registration configuration, or NULL: those of the certificate */
};
/* Free with credential_choice_free, also when it failed. OM_ENOTFOUND: there is none. */
OM_MUST_USE om_rc credential_choose(struct openmaf *maf, const struct home_server *server,
                                    const char *stakeholder, struct credential_choice *out,
                                    struct om_error *err);
void credential_choice_free(struct credential_choice *choice);

/* The same, loaded. */
struct credential_key {
    bool is_certificate;
    struct certificate_key certificate;
    char kmid[M2M_KEY_ID_SIZE];
    struct se_key *km;
    bool tls13; /* km13 is there: it has the forms, and maf.conf wants them */
    struct omtls_psk13 km13;
    char stakeholder[M2M_FQDN_SIZE]; /* as that of struct credential */
};
/* Free with credential_unload, also when it failed. */
OM_MUST_USE om_rc credential_load(struct openmaf *maf, const struct home_server *server,
                                  const char *stakeholder, struct credential_key *key, struct om_error *err);
/* The same for a certain one. */
OM_MUST_USE om_rc credential_load_psk(struct openmaf *maf, const struct credential *c,
                                      struct credential_key *key, struct om_error *err);
void credential_unload(struct credential_key *key);

#endif
