/* What the server tells the peer of server.h. */
#ifndef OPENMAF_TESTS_BIND_COAP_PEER_H
#define OPENMAF_TESTS_BIND_COAP_PEER_H

#include "server.h"

struct peer_credential {
    char kmid[M2M_KEY_ID_SIZE];
    uint8_t km[32];
};

const struct peer_credential *server_credential(const struct server *s);
enum coaps_transport server_transport(const struct server *s);

#endif
