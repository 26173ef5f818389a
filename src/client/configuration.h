/* Registration configurations (mafClientRegCfg, TS-0003 8.8.3.2): what an administrator told this client
 * about registering under him, and which credential to use then. They come in bundles; one record for each
 * administrator. */
#ifndef OPENMAF_CLIENT_CONFIGURATION_H
#define OPENMAF_CLIENT_CONFIGURATION_H

#include "client/client.h"
#include "client/record.h"

/* Members that choose the credential: in the change request that defined clause 8.8, local since v3.18. */
#define CONFIGURATION_PPSK      "ppsk" /* {credID} or {fqdn} */
#define CONFIGURATION_RPSK      "rpsk" /* a MEF key registration configuration: {adfq, suid, tgis, fqdn} */
#define CONFIGURATION_CERT_AUTH "certAuth" /* {credID, caCerts} */

#define CONFIGURATION_PSK_TYPE "11-" /* Credential-ID of a symmetric key shared with a MAF (TS-0003 10.4) */

enum configuration_choice {
    CONFIGURATION_UNSAID,          /* whatever the home uses otherwise */
    CONFIGURATION_USE_PSK,         /* ppsk */
    CONFIGURATION_USE_REMOTE,      /* rpsk */
    CONFIGURATION_USE_CERTIFICATE, /* certAuth */
};

struct configuration {
    char stakeholder[M2M_FQDN_SIZE]; /* adminFQDN */
    enum configuration_choice choice;
    char credential[M2M_ID_SIZE]; /* KmID or Credential-ID of the certificate; "": any PSK of this MAF */
    const char *mef;              /* MEF-FQDN of rpsk, points into json; NULL: not said */
    const char *ca_certs;         /* base64 CMS; points into json; NULL without certAuth */
    int64_t expires;              /* when it lapses; 0: not said */
    const json_t *labels;         /* array, or NULL; points into json */
    uint16_t http_port, websocket_port, coap_port; /* 0: not said */
    json_t *json;                                  /* the whole of it, owned */
};

void configuration_free(struct configuration *c);

/* Reads one from JSON, whose reference it keeps. OM_EINPUT: malformed, for another MAF than fqdn, or with
 * more than one way to choose a credential. */
OM_MUST_USE om_rc configuration_parse(json_t *json, const char *fqdn, struct configuration *c,
                                      struct om_error *err);

/* OM_ENOTFOUND: this home has none for the stakeholder. */
OM_MUST_USE om_rc configuration_read(struct openmaf *maf, const char *stakeholder, struct configuration *c,
                                     struct om_error *err);
/* By which binding and at which port the MAF serves, for a home that is told by nothing else: the first of
 * HTTPS, WebSocket and CoAP that the stakeholder's configuration has a port for, or with NULL that of the
 * first configuration with any. Both stay when none says. */
OM_MUST_USE om_rc configuration_binding(struct openmaf *maf, const char *stakeholder,
                                        const struct transport **transport, uint16_t *port,
                                        struct om_error *err);

/* OM_EDENIED when it has lapsed. */
OM_MUST_USE om_rc configuration_check_time(const struct configuration *c, struct om_error *err);
OM_MUST_USE om_rc configuration_write(struct openmaf *maf, const struct configuration *c,
                                      struct om_error *err);

#endif
