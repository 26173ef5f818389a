/* How a request reaches the MAF: one table per binding, one file each. */
#ifndef OPENMAF_CLIENT_TRANSPORT_H
#define OPENMAF_CLIENT_TRANSPORT_H

#include "client/format.h"
#include "client/home.h"

#define TRANSPORT_BODY_MAX 65536 /* octets of the content of a response, or of a whole response primitive */

/* Whom to talk to, and as whom. */
struct certificate_key;
struct transport_peer {
    const struct home *home;
    const struct home_server *server;
    uint16_t port; /* of the server */
    OSSL_LIB_CTX *libctx;
    const struct certificate_key *certificate; /* or NULL, and the next three: */
    const char *kmid;                          /* psk_identity */
    struct se_key *km;                         /* loaded from a SE_USE_TLS12_PSK blob */
    const struct omtls_psk13 *km13;            /* its forms for TLS 1.3, or NULL */
};

/* Called once in an exchange, when the handshake is done and the MAF has begun to answer: the only moment at
 * which a procedure can use the session itself, for the exporter. A failure ends the exchange. */
typedef om_rc transport_session(void *arg, SSL *ssl, struct om_error *err);

struct transport {
    const char *name; /* URI scheme */
    uint16_t default_port;

    /* One request and its response in a (D)TLS session of its own: handshake, request, response, close.
     * Bounded in time and size. A connection that cannot be made is tried again a few times if `idempotent`;
     * CoAP repeats more (rounds.h), but never a request that may have been carried out and is not idempotent.
     * rs is initialised and complete on success, whatever its rsc. OM_EDENIED: the handshake was refused;
     * OM_ETRANSIENT: no connection or no answer; OM_EINTEGRITY: what came back is not a response to this
     * request. */
    om_rc (*exchange)(const struct transport_peer *peer, const struct m2m_request *rq, bool idempotent,
                      transport_session *session, void *arg, struct m2m_response *rs, struct om_error *err);
};

extern const struct transport transport_https, transport_wss, transport_coaps, transport_coaps_tcp;

#endif
