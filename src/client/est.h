/* Certificates from the home's MEF by EST (RFC 7030, TS-0003 8.3.6): the client's side. */
#ifndef OPENMAF_CLIENT_EST_H
#define OPENMAF_CLIENT_EST_H

#include "client/client.h"
#include "pki/name.h"

struct est_wish {
    enum pki_flavour flavour; /* PKI_AE, PKI_CSE, PKI_NODE, PKI_DEVICE */
    const char *name;         /* NULL: what follows from the client's ID (PKI_AE, PKI_CSE) */
    const char *uri; /* base URI of EST, as a CERT_PROV command has it; NULL: that of the home's MEF */
    bool renew;      /* even when the one that is there is far from its end */
};

struct est_outcome {
    char id[M2M_ID_SIZE]; /* Credential-ID of the certificate */
    int64_t expires;
    bool unchanged; /* one was there, and not near its end */
};

/* Gets a certificate of that name for a key of the token, keeps it, and uses it with this MEF from now on
 * (MEF-HS-2): CA certificates, CSR attributes, and simpleenroll, or simplereenroll when this MEF gave one
 * before, in one session with Kpm or the certificate so far. To be called with the home's lock held. Can be
 * repeated after an interruption at any step: the key of a request that was not answered is used again.
 * Blocks no longer than the home's `timeout`.
 *
 * OM_EINPUT: the wish, or a URI that is not of this MEF; OM_ENOTFOUND: no MEF, or no credential for it;
 * OM_EDENIED: the MEF refuses; OM_EUNSUPPORTED: it has no EST; OM_ETRANSIENT: it, or the way to it, is in
 * trouble; OM_EINTEGRITY: what came is not what was asked for. */
OM_MUST_USE om_rc est_provision(struct openmaf *maf, const struct est_wish *wish, struct est_outcome *out,
                                struct om_error *err);

#endif
