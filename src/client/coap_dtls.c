/* The message layer over DTLS (RFC 7252 §4): one Confirmable request at a time, repeated until it is
 * acknowledged; piggybacked and separate responses; what else may come. */
#include "client/coap_call.h"
#include "client/coap_exchange.h"
#include "client/dtls_call.h"

#include <openssl/rand.h>

/* RFC 7252 §4.8 */
#define ACK_TIMEOUT    2000 /* milliseconds; with a random factor of 1 to 1.5 */
#define MAX_RETRANSMIT 4

/* A request that may be repeated in a new session is given up sooner: the MAF may have lost this one. */
#define MAX_RETRANSMIT_IDEMPOTENT 2

struct call {
    struct dtls_call dtls;
    struct coap_exchange x;
    struct om_secret request; /* the message that is out */
    uint16_t mid;
    struct event *retransmit;
    int64_t timeout; /* milliseconds until the next transmission */
    unsigned transmitted;
    bool acknowledged; /* it is; only the response is missing */
    bool confirmed;    /* a separate response was acknowledged: confirmed_mid */
    uint16_t confirmed_mid;
};

static struct tls_call *tls(struct call *call)
{
    return &call->dtls.tls;
}

static void arm(struct call *call)
{
    const struct timeval t = {.tv_sec = call->timeout / 1000, .tv_usec = call->timeout % 1000 * 1000};
    if (evtimer_add(call->retransmit, &t) != 0)
        tls_call_decide(tls(call), om_fail(tls(call)->err, OM_ENOMEM, "no memory for a timer"));
}

/* Without a body: acknowledgement or reset (RFC 7252 §4.2). */
static void send_empty(struct call *call, enum om_coap_type type, uint16_t mid)
{
    struct om_coap_message m;
    struct om_secret octets = OM_SECRET_INIT;
    om_coap_init(&m, OM_COAP_EMPTY, NULL, 0);
    m.type = type;
    m.mid = mid;
    if (om_coap_encode(OM_COAP_DATAGRAM, &m, &octets, NULL) == OM_OK)
        dtls_call_send(&call->dtls, &octets);
    om_secret_free(&octets);
}

/* A random first timeout and Message-ID: devices that start together do not stay together. */
static om_rc draw(struct call *call, struct om_error *err)
{
    uint16_t r[2];
    if (RAND_bytes_ex(tls(call)->attempt->peer->libctx, (uint8_t *)r, sizeof r, 0) != 1)
        return om_fail(err, OM_EINTERNAL, "the random generator failed");
    call->timeout = ACK_TIMEOUT + (int64_t)ACK_TIMEOUT / 2 * r[0] / UINT16_MAX;
    call->mid = call->request.octets == NULL ? r[1] : (uint16_t)(call->mid + 1);
    return OM_OK;
}

static om_rc send_next(struct call *call, struct om_error *err)
{
    struct om_coap_message m;
    OM_TRY(coap_exchange_next(&call->x, OM_COAP_DATAGRAM, dtls_call_room(&call->dtls), &m, err));
    OM_TRY(draw(call, err));
    m.type = OM_COAP_CON;
    m.mid = call->mid;
    OM_TRY(om_coap_encode(OM_COAP_DATAGRAM, &m, &call->request, err));
    call->acknowledged = false;
    call->transmitted = 1;
    tls(call)->attempt->reached = true;
    dtls_call_send(&call->dtls, &call->request);
    arm(call);
    return OM_OK;
}

static void on_ready(void *arg)
{
    struct call *call = arg;
    om_rc rc = send_next(call, tls(call)->err);
    if (rc != OM_OK)
        tls_call_decide(tls(call), rc);
}

/* The same message again, Message-ID and token included, so that the MAF can tell (RFC 7252 §4.2, §4.5). */
static void on_retransmit(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct call *call = arg;
    const struct attempt *a = tls(call)->attempt;
    if (call->transmitted > (a->idempotent ? MAX_RETRANSMIT_IDEMPOTENT : MAX_RETRANSMIT)) {
        tls_call_decide(tls(call),
                        om_fail(tls(call)->err, OM_ETRANSIENT,
                                "%s acknowledges nothing; whether it did what was asked is unknown",
                                a->address->text));
        return;
    }
    call->transmitted++;
    call->timeout *= 2;
    dtls_call_send(&call->dtls, &call->request);
    arm(call);
}

/* A response to the request that is out. */
static void on_response(struct call *call, const struct om_coap_message *m)
{
    bool complete = false;
    struct om_error *err = tls(call)->err;
    (void)event_del(call->retransmit); /* a response acknowledges, too */
    om_rc rc = attempt_use_session(tls(call)->attempt, tls(call)->ssl, err);
    if (rc == OM_OK)
        rc = coap_exchange_take(&call->x, m, &complete, err);
    if (rc == OM_OK && !complete)
        rc = send_next(call, err);
    if (rc != OM_OK || complete)
        tls_call_decide(tls(call), rc);
}

static void on_acknowledgement(struct call *call, const struct om_coap_message *m)
{
    if (m->mid != call->mid || call->acknowledged)
        return;
    if (m->code == OM_COAP_EMPTY) { /* the response comes separately */
        call->acknowledged = true;
        (void)event_del(call->retransmit);
    } else if (coap_exchange_expects(&call->x, m)) {
        on_response(call, m);
    }
}

/* Confirmable or not: a separate response, or something that is rejected (RFC 7252 §4.2, §4.3). */
static void on_message(struct call *call, const struct om_coap_message *m)
{
    bool con = m->type == OM_COAP_CON;
    if (con && call->confirmed && m->mid == call->confirmed_mid) {
        send_empty(call, OM_COAP_ACK, m->mid); /* our acknowledgement was lost */
    } else if (!coap_exchange_expects(&call->x, m)) {
        if (con)
            send_empty(call, OM_COAP_RST, m->mid);
    } else {
        if (con) {
            send_empty(call, OM_COAP_ACK, m->mid);
            call->confirmed = true;
            call->confirmed_mid = m->mid;
        }
        on_response(call, m);
    }
}

static void on_received(void *arg, const uint8_t *octets, size_t n)
{
    struct call *call = arg;
    struct om_coap_message m;
    om_rc rc = coap_parse_quietly(OM_COAP_DATAGRAM, octets, n, &m, NULL);
    if (rc != OM_OK) {
        if (n >= 4 && m.type == OM_COAP_CON)
            send_empty(call, OM_COAP_RST, m.mid);
    } else if (m.type == OM_COAP_ACK) {
        on_acknowledgement(call, &m);
    } else if (m.type == OM_COAP_RST && m.mid == call->mid) {
        tls_call_decide(tls(call),
                        om_fail(tls(call)->err, OM_ETRANSIENT, "%s rejected the message (CoAP Reset)",
                                tls(call)->attempt->address->text));
    } else if (m.type != OM_COAP_RST) {
        on_message(call, &m);
    }
    om_coap_free(&m);
}

om_rc coap_dtls_call(struct attempt *attempt, struct om_error *err)
{
    struct call call = {.dtls = {.ready = on_ready, .received = on_received, .arg = &call}};
    coap_exchange_init(&call.x, attempt);
    om_rc rc = dtls_call_begin(&call.dtls, attempt, err);
    if (rc == OM_OK && (call.retransmit = evtimer_new(call.dtls.tls.base, on_retransmit, &call)) == NULL)
        rc = om_fail(err, OM_ENOMEM, "no memory for a timer");
    if (rc == OM_OK)
        rc = tls_call_run(&call.dtls.tls, err);
    if (rc == OM_OK)
        rc = tls_call_result(&call.dtls.tls, err);
    if (call.retransmit != NULL)
        event_free(call.retransmit);
    dtls_call_end(&call.dtls);
    om_secret_free(&call.request);
    coap_exchange_free(&call.x);
    return rc;
}
