/* The WSS transport (TS-0020, spec/wire §7): connect, TLS, upgrade, one primitive each way, close. */
#include "client/rounds.h"
#include "client/tls_call.h"
#include "client/wss_frames.h"
#include "client/wss_upgrade.h"

#include <string.h>

#define CLOSING_SECONDS 2 /* to wait for the server's half of the closing handshake */

struct call {
    struct tls_call tls;
    struct wss_key key;
    struct wss_frames *frames; /* NULL before the upgrade */
    struct event *closing;
};

static struct evbuffer *output(const struct call *call)
{
    return bufferevent_get_output(call->tls.bev);
}

static void on_closing_late(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct call *call = arg;
    (void)event_base_loopbreak(call->tls.base);
}

/* The result stands; what remains is to part in good order. */
static void part(struct call *call, om_rc rc)
{
    const struct timeval limit = {.tv_sec = CLOSING_SECONDS};
    bool more = false;
    call->tls.decided = true;
    call->tls.rc = rc;
    wss_frames_close(call->frames, WSS_NORMAL);
    if (rc == OM_OK) /* its Close may be here already */
        (void)(wss_frames_receive(call->frames, &more, NULL) == OM_OK);
    if (wss_frames_closed(call->frames) != 0 || evtimer_add(call->closing, &limit) != 0)
        (void)event_base_loopbreak(call->tls.base);
}

/* The one message that was waited for: the response to our request, by its rqi. */
static om_rc read_response(struct call *call, struct om_error *err)
{
    struct attempt *a = call->tls.attempt;
    const struct om_secret *message = wss_frames_message(call->frames);
    json_t *tree = NULL;
    OM_TRY(attempt_use_session(a, call->tls.ssl, err));
    om_rc rc = a->peer->home->format->parse(message->octets, message->len, &tree, err);
    if (rc == OM_OK)
        rc = m2m_response_from_tree(tree, a->rs, err);
    json_decref(tree);
    if (rc != OM_OK)
        return rc == OM_EINPUT ? om_context(err, OM_EINTEGRITY, "response of the server") : rc;
    bool good = a->rs->rsc / 1000 == 2;
    if (a->rs->has_rqi ? strcmp(a->rs->rqi, a->rq->rqi) != 0 : good)
        return om_fail(err, OM_EINTEGRITY, "rqi of the response is not that of the request");
    return OM_OK;
}

static om_rc open_socket(struct call *call, struct om_error *err)
{
    const struct attempt *a = call->tls.attempt;
    OM_TRY(wss_frames_new(a->peer->home->format->binary, bufferevent_get_input(call->tls.bev), output(call),
                          a->peer->libctx, &call->frames, err));
    return wss_frames_send(call->frames, &a->body, err);
}

static void on_upgrade(struct call *call)
{
    const struct attempt *a = call->tls.attempt;
    int rsc = 0;
    om_rc rc = wss_upgrade_answer(bufferevent_get_input(call->tls.bev), a->peer->home->format, &call->key,
                                  &rsc, call->tls.err);
    if (rc == OM_OK && rsc == 0)
        rc = open_socket(call, call->tls.err);
    if (rc == OM_OK && rsc > 0)
        a->rs->rsc = rsc;
    if (rc != OM_OK || rsc > 0)
        tls_call_decide(&call->tls, rc);
}

static void on_frames(struct call *call)
{
    bool complete = false;
    om_rc rc = wss_frames_receive(call->frames, &complete, call->tls.decided ? NULL : call->tls.err);
    if (call->tls.decided) { /* only the end is still waited for */
        if (rc != OM_OK || wss_frames_closed(call->frames) != 0)
            (void)event_base_loopbreak(call->tls.base);
        return;
    }
    if (rc == OM_OK && complete)
        part(call, read_response(call, call->tls.err));
    else if (rc != OM_OK)
        part(call, rc);
    else if (wss_frames_closed(call->frames) != 0)
        tls_call_decide(&call->tls,
                        om_fail(call->tls.err, OM_ETRANSIENT,
                                "%s closed the WebSocket (code %u) without an answer; whether it did "
                                "what was asked is unknown",
                                call->tls.attempt->address->text, wss_frames_closed(call->frames)));
}

static void on_read(struct bufferevent *bev, void *arg)
{
    (void)bev;
    struct call *call = arg;
    if (call->frames == NULL)
        on_upgrade(call);
    if (call->frames != NULL && evbuffer_get_length(bufferevent_get_input(call->tls.bev)) > 0)
        on_frames(call);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct call *call = arg;
    const struct attempt *a = call->tls.attempt;
    if ((what & BEV_EVENT_CONNECTED) == 0) { /* over, one way or the other */
        (void)event_base_loopbreak(call->tls.base);
        return;
    }
    om_rc rc = wss_upgrade_request(bufferevent_get_output(bev), a->peer->server->fqdn, a->peer->home->format,
                                   &call->key, call->tls.err);
    if (rc != OM_OK)
        tls_call_decide(&call->tls, rc);
}

static om_rc begin(struct call *call, struct attempt *attempt, struct om_error *err)
{
    OM_TRY(tls_call_begin(&call->tls, attempt, false, err));
    OM_TRY(wss_key_make(attempt->peer->libctx, &call->key, err));
    call->closing = evtimer_new(call->tls.base, on_closing_late, call);
    if (call->closing == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a timer");
    return tls_call_connect(&call->tls, on_read, on_event, call, err);
}

static void end(struct call *call)
{
    if (call->closing != NULL)
        event_free(call->closing);
    wss_frames_free(call->frames);
    tls_call_goodbye(&call->tls);
    if (call->tls.bev != NULL)
        bufferevent_free(call->tls.bev);
    tls_call_end(&call->tls);
}

static om_rc wss_call(struct attempt *attempt, struct om_error *err)
{
    struct call call = {0};
    om_rc rc = begin(&call, attempt, err);
    if (rc == OM_OK)
        rc = tls_call_run(&call.tls, err);
    if (rc == OM_OK)
        rc = tls_call_result(&call.tls, err);
    end(&call);
    return rc;
}

static om_rc exchange(const struct transport_peer *peer, const struct m2m_request *rq, bool idempotent,
                      transport_session *session, void *arg, struct m2m_response *rs, struct om_error *err)
{
    struct attempt attempt = {
        .peer = peer, .rq = rq, .idempotent = idempotent, .session = session, .arg = arg, .rs = rs};
    json_t *tree = NULL;
    OM_TRY(m2m_request_to_tree(rq, &tree, err));
    om_rc rc = peer->home->format->print(tree, &attempt.body, err);
    json_decref(tree);
    if (rc == OM_OK)
        rc = rounds_run(&attempt, wss_call, false, err);
    om_secret_free(&attempt.body);
    return rc;
}

const struct transport transport_wss = {.name = "wss", .default_port = 443, .exchange = exchange};
