/* Fuzz target: what a server answers to the CoAP requests of a client. The first octet of an input chooses
 * transport (bit 0), format (bit 1) and whether the request has a body (bit 2); then messages, each behind a
 * u16 with its length. Tokens are taken as right, for no input could guess them. */
#include "target.h"

#include "client/coap_call.h"
#include "client/coap_exchange.h"
#include "util/buf.h"

#include <stdlib.h>
#include <string.h>

/* A property that does not hold is a finding, in every build. */
static void require(bool holds)
{
    if (!holds)
        abort();
}

#define ROOM 1200 /* octets of a message that the server takes */

/* The next request of the client; false when there can be none. */
static bool next(struct coap_exchange *x, enum om_coap_transport transport)
{
    struct om_coap_message m;
    struct om_secret octets = OM_SECRET_INIT;
    if (coap_exchange_next(x, transport, ROOM, &m, NULL) != OM_OK)
        return false;
    require(om_coap_encode(transport, &m, &octets, NULL) == OM_OK && octets.len <= ROOM);
    om_secret_free(&octets);
    return true;
}

/* False: the exchange is over. */
static bool take(struct coap_exchange *x, enum om_coap_transport transport, const uint8_t *octets, size_t n)
{
    struct om_coap_message m;
    bool complete = false;
    om_rc rc = coap_parse_quietly(transport, octets, n, &m, NULL);
    if (rc == OM_OK && m.code >= OM_COAP_CODE(2u, 0u) && m.code < OM_COAP_CODE(6u, 0u)) {
        rc = coap_exchange_take(x, &m, &complete, NULL);
        require(x->content_len <= TRANSPORT_BODY_MAX && x->offset <= x->attempt->body.len);
        require(!complete || x->attempt->rs->rsc != 0);
        if (rc == OM_OK && !complete)
            rc = next(x, transport) ? OM_OK : OM_EINPUT;
    } else {
        rc = OM_OK; /* ignored, or rejected */
    }
    om_coap_free(&m);
    return rc == OM_OK && !complete;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t content[5000];
    struct home home = {.maf.fqdn = "maf.example.com"};
    const struct transport_peer peer = {.home = &home, .server = &home.maf};
    struct m2m_request rq;
    struct m2m_response rs;
    if (size < 1)
        return 0;
    enum om_coap_transport transport = (data[0] & 1) != 0 ? OM_COAP_STREAM : OM_COAP_DATAGRAM;
    home.format = &formats[data[0] >> 1 & 1];
    m2m_request_init(&rq);
    m2m_response_init(&rs);
    rq.op = (data[0] & 4) != 0 ? M2M_OP_CREATE : M2M_OP_RETRIEVE;
    (void)stpcpy(rq.to, "//maf.example.com/-");
    (void)stpcpy(rq.from, "//sp.example.com/cse1/Cself");
    (void)stpcpy(rq.rqi, "r1");
    (void)stpcpy(rq.rvi, "3");
    struct attempt attempt = {.peer = &peer, .rq = &rq, .rs = &rs};
    if (rq.op == M2M_OP_CREATE)
        attempt.body = (struct om_secret){.octets = content, .len = sizeof content};
    struct coap_exchange x;
    struct om_reader r;
    size_t n = 0;
    coap_exchange_init(&x, &attempt);
    om_reader_init(&r, data + 1, size - 1);
    require(next(&x, transport));
    for (const uint8_t *octets; (octets = om_read_vector16(&r, &n)) != NULL;)
        if (!take(&x, transport, octets, n))
            break;
    coap_exchange_free(&x);
    m2m_request_free(&rq);
    m2m_response_free(&rs);
    return 0;
}
