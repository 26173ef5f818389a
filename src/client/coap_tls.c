/* The message layer over TLS (RFC 8323): messages with a length in front, and the signals around them. */
#include "client/coap_call.h"
#include "client/coap_exchange.h"
#include "client/tls_call.h"
#include "coap/options.h"

#include <string.h>

/* RFC 8323 §5 */
#define CSM     OM_COAP_CODE(7u, 1u)
#define PING    OM_COAP_CODE(7u, 2u)
#define PONG    OM_COAP_CODE(7u, 3u)
#define RELEASE OM_COAP_CODE(7u, 4u)
#define ABORT   OM_COAP_CODE(7u, 5u)

#define CSM_MAX_MESSAGE_SIZE 2    /* option of CSM */
#define BASE_MESSAGE_SIZE    1152 /* until the peer says otherwise (§5.3.1) */
#define HEAD_MAX             4096 /* octets of a message beside its payload */
#define MESSAGE_MAX          (TRANSPORT_BODY_MAX + HEAD_MAX)

struct call {
    struct tls_call tls;
    struct coap_exchange x;
    bool ready;      /* the peer's CSM has come */
    size_t peer_max; /* octets of a message that it takes */
};

static om_rc send_message(struct call *call, const struct om_coap_message *m, struct om_error *err)
{
    struct om_secret octets = OM_SECRET_INIT;
    om_rc rc = om_coap_encode(OM_COAP_STREAM, m, &octets, err);
    if (rc == OM_OK)
        rc = net_put(bufferevent_get_output(call->tls.bev), octets.octets, octets.len, err);
    om_secret_free(&octets);
    return rc;
}

/* Our own CSM: the first message (§5.3). */
static void on_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    struct call *call = arg;
    struct om_coap_message m;
    if ((what & BEV_EVENT_CONNECTED) == 0) { /* over, one way or the other */
        (void)event_base_loopbreak(call->tls.base);
        return;
    }
    om_coap_init(&m, CSM, NULL, 0);
    om_coap_add_uint(&m, CSM_MAX_MESSAGE_SIZE, MESSAGE_MAX);
    om_rc rc = send_message(call, &m, call->tls.err);
    if (rc != OM_OK)
        tls_call_decide(&call->tls, rc);
}

static om_rc send_next(struct call *call, struct om_error *err)
{
    struct om_coap_message m;
    OM_TRY(coap_exchange_next(&call->x, OM_COAP_STREAM, call->peer_max, &m, err));
    return send_message(call, &m, err);
}

static om_rc on_csm(struct call *call, const struct om_coap_message *m, struct om_error *err)
{
    const struct om_coap_option *o = om_coap_find(m, CSM_MAX_MESSAGE_SIZE);
    uint32_t max = 0;
    if (o != NULL && om_coap_uint(o, &max))
        call->peer_max = max;
    if (call->ready)
        return OM_OK;
    call->ready = true;
    return send_next(call, err);
}

/* Signals (§5). Their critical options are the odd ones; none but the sizes of CSM is known here. */
static om_rc on_signal(struct call *call, const struct om_coap_message *m, struct om_error *err)
{
    struct om_coap_message pong;
    switch (m->code) {
    case CSM:
        return on_csm(call, m, err);
    case PING:
        om_coap_init(&pong, PONG, m->token, m->token_len);
        return send_message(call, &pong, err);
    case RELEASE:
    case ABORT:
        return attempt_unanswered(call->tls.attempt, false, err);
    default:
        return OM_OK;
    }
}

static om_rc on_message(struct call *call, const struct om_coap_message *m, struct om_error *err)
{
    bool complete = false;
    if (m->code == OM_COAP_EMPTY || OM_COAP_CLASS(m->code) == 7)
        return on_signal(call, m, err);
    if (!call->ready || !coap_exchange_expects(&call->x, m))
        return om_fail(err, OM_EINTEGRITY, "a CoAP message that nothing asked for");
    OM_TRY(attempt_use_session(call->tls.attempt, call->tls.ssl, err));
    OM_TRY(coap_exchange_take(&call->x, m, &complete, err));
    if (!complete)
        return send_next(call, err);
    tls_call_decide(&call->tls, OM_OK);
    return OM_OK;
}

/* The message of n octets at the beginning of the buffer. */
static om_rc take_message(struct call *call, struct evbuffer *in, size_t n, struct om_error *err)
{
    struct om_secret octets = OM_SECRET_INIT;
    struct om_coap_message m;
    OM_TRY(net_take(in, n, &octets, err));
    om_rc rc = coap_parse_quietly(OM_COAP_STREAM, octets.octets, octets.len, &m, err);
    if (rc == OM_EINPUT)
        rc = om_context(err, OM_EINTEGRITY, "from the server");
    if (rc == OM_OK)
        rc = on_message(call, &m, err);
    om_coap_free(&m);
    om_secret_free(&octets);
    return rc;
}

static void on_read(struct bufferevent *bev, void *arg)
{
    struct call *call = arg;
    struct evbuffer *in = bufferevent_get_input(bev);
    om_rc rc = OM_OK;
    while (rc == OM_OK && !call->tls.decided) {
        uint8_t head[OM_COAP_FRAME_HEAD];
        ev_ssize_t n = evbuffer_copyout(in, head, sizeof head);
        size_t size = om_coap_frame_size(head, n > 0 ? (size_t)n : 0);
        if (size > MESSAGE_MAX)
            rc = om_fail(call->tls.err, OM_EINTEGRITY, "the server sent a message of %zu octets", size);
        else if (size == 0 || evbuffer_get_length(in) < size)
            return;
        else
            rc = take_message(call, in, size, call->tls.err);
    }
    if (rc != OM_OK)
        tls_call_decide(&call->tls, rc);
}

om_rc coap_tls_call(struct attempt *attempt, struct om_error *err)
{
    static const uint8_t alpn[] = {4, 'c', 'o', 'a', 'p'}; /* §8.2 */
    struct call call = {.peer_max = BASE_MESSAGE_SIZE};
    coap_exchange_init(&call.x, attempt);
    om_rc rc = tls_call_begin(&call.tls, attempt, false, err);
    if (rc == OM_OK && SSL_set_alpn_protos(call.tls.ssl, alpn, sizeof alpn) != 0)
        rc = om_fail(err, OM_ENOMEM, "no memory for a connection");
    if (rc == OM_OK)
        rc = tls_call_connect(&call.tls, on_read, on_event, &call, err);
    if (rc == OM_OK)
        rc = tls_call_run(&call.tls, err);
    if (rc == OM_OK)
        rc = tls_call_result(&call.tls, err);
    tls_call_goodbye(&call.tls);
    if (call.tls.bev != NULL)
        bufferevent_free(call.tls.bev);
    tls_call_end(&call.tls);
    coap_exchange_free(&call.x);
    return rc;
}
