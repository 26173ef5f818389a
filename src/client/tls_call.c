/* One TLS or DTLS session and its event loop: see tls_call.h. */
#include "client/tls_call.h"
#include "client/certificate.h"
#include "pki/leaf.h"
#include "pki/path.h"
#include "tls/client_certificate.h"

#include <openssl/err.h>
#include <string.h>

void tls_call_decide(struct tls_call *call, om_rc rc)
{
    if (!call->decided)
        call->rc = rc;
    call->decided = true;
    (void)event_base_loopbreak(call->base);
}

/* Follows the handshake: libevent does not tell why a connection failed. */
static void on_tls(const SSL *ssl, int where, int ret)
{
    struct tls_call *call = SSL_get_app_data(ssl);
    if ((where & SSL_CB_HANDSHAKE_START) != 0 && !call->connected) {
        call->connect_errno = net_connected(SSL_get_fd(ssl));
        call->connected = call->connect_errno == 0;
        call->attempt->reached = call->connected;
    } else if ((where & SSL_CB_HANDSHAKE_DONE) != 0) {
        call->handshaken = true;
    } else if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && ret >> 8 == SSL3_AL_FATAL) {
        call->alert = ret & 0xff;
    }
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct tls_call *call = arg;
    call->late = true;
    (void)event_base_loopbreak(call->base);
}

static void on_connect_late(evutil_socket_t fd, short what, void *arg)
{
    struct tls_call *call = arg;
    if (!call->handshaken)
        on_late(fd, what, arg);
}

/* MAF-HS-3: each demand has its own words. */
static om_rc judge(const struct transport_peer *peer, X509 *leaf, const STACK_OF(X509) * sent,
                   struct om_error *err)
{
    enum pki_fault fault = PKI_GOOD;
    const struct pki_trust trust = {
        .anchors = peer->certificate->anchors, .constrained = -1, .server = true, .now = client_now()};
    OM_TRY(pki_leaf_check(leaf, &fault, err));
    if (!pki_leaf_is_for(leaf, peer->server->fqdn))
        return om_fail(err, OM_EDENIED, "it is not for %.200s", peer->server->fqdn);
    om_rc rc = pki_path_verify(leaf, sent, &trust, &fault, err);
    return fault == PKI_FAULT_PATH ? om_context(err, rc, "it does not lead to a trust anchor for this %s",
                                                peer->server->role->what)
                                   : rc;
}

static om_rc on_chain(void *arg, X509 *leaf, const STACK_OF(X509) * sent)
{
    struct tls_call *call = arg;
    call->judged = judge(call->attempt->peer, leaf, sent, &call->judgement);
    return call->judged;
}

static om_rc make_ctx(const struct transport_peer *peer, bool dtls, SSL_CTX **ctx, struct om_error *err)
{
    bool allow_no_ems = !peer->home->require_extended_master_secret;
    if (peer->certificate != NULL)
        return omtls_client_certificate_ctx(peer->libctx, dtls, allow_no_ems, &peer->certificate->own, ctx,
                                            err);
    if (dtls)
        return omtls_client_ctx_dtls(peer->libctx, allow_no_ems, ctx, err);
    if (peer->km13 != NULL)
        return omtls_client_ctx13(peer->libctx, allow_no_ems, ctx, err);
    return omtls_client_ctx(peer->libctx, allow_no_ems, ctx, err);
}

static om_rc set_certificate(struct tls_call *call, struct om_error *err)
{
    const struct transport_peer *peer = call->attempt->peer;
    const struct omtls_server_check server = {.check = on_chain, .arg = call};
    return omtls_client_certificate(call->ssl, peer->server->fqdn, peer->certificate->own.signer,
                                    peer->home->custody, &server, err);
}

static om_rc set_psk(struct tls_call *call, bool dtls, struct om_error *err)
{
    const struct transport_peer *peer = call->attempt->peer;
    const struct home *home = peer->home;
    /* MAF-HS-1, MAF-HS-8: identity KmID, SNI MAF-FQDN. */
    OM_TRY(omtls_client_psk(call->ssl, peer->server->fqdn, peer->kmid, peer->km, home->custody, err));
    if (!dtls && peer->km13 != NULL)
        OM_TRY(omtls_client_psk13(call->ssl, peer->km13, err));
    return OM_OK;
}

static om_rc make_ssl(struct tls_call *call, bool dtls, struct om_error *err)
{
    const struct transport_peer *peer = call->attempt->peer;
    SSL_CTX *ctx = NULL;
    om_rc rc = make_ctx(peer, dtls, &ctx, err);
    if (rc == OM_OK && (call->ssl = SSL_new(ctx)) == NULL)
        rc = om_fail(err, OM_ENOMEM, "no memory for a TLS connection");
    SSL_CTX_free(ctx); /* the SSL keeps its own reference */
    OM_TRY(rc);
    OM_TRY(peer->certificate != NULL ? set_certificate(call, err) : set_psk(call, dtls, err));
    (void)SSL_set_app_data(call->ssl, call);
    SSL_set_info_callback(call->ssl, on_tls);
    return OM_OK;
}

static om_rc start_timers(struct tls_call *call, struct om_error *err)
{
    const struct attempt *a = call->attempt;
    const struct timeval whole = {.tv_sec = a->milliseconds / 1000, .tv_usec = a->milliseconds % 1000 * 1000};
    const struct timeval connect = {.tv_sec = a->peer->home->connect_timeout};
    call->timer = evtimer_new(call->base, on_late, call);
    call->connect_timer = evtimer_new(call->base, on_connect_late, call);
    if (call->timer == NULL || call->connect_timer == NULL || evtimer_add(call->timer, &whole) != 0 ||
        evtimer_add(call->connect_timer, &connect) != 0)
        return om_fail(err, OM_ENOMEM, "no memory for a timer");
    return OM_OK;
}

om_rc tls_call_begin(struct tls_call *call, struct attempt *attempt, bool dtls, struct om_error *err)
{
    *call = (struct tls_call){.attempt = attempt, .alert = -1, .err = err};
    struct event_config *config = event_config_new();
    if (config != NULL) {
        (void)event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
        call->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    if (call->base == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for an event loop");
    OM_TRY(make_ssl(call, dtls, err));
    return start_timers(call, err);
}

om_rc tls_call_stream(struct tls_call *call, struct om_error *err)
{
    (void)SSL_up_ref(call->ssl); /* one reference for the bufferevent, one to look at it afterwards */
    call->bev = bufferevent_openssl_socket_new(call->base, -1, call->ssl, BUFFEREVENT_SSL_CONNECTING,
                                               BEV_OPT_CLOSE_ON_FREE);
    if (call->bev == NULL)
        SSL_free(call->ssl);
    return call->bev != NULL ? OM_OK : om_fail(err, OM_ENOMEM, "no memory for a connection");
}

om_rc tls_call_connect(struct tls_call *call, bufferevent_data_cb on_read, bufferevent_event_cb on_event,
                       void *arg, struct om_error *err)
{
    const struct net_address *to = call->attempt->address;
    OM_TRY(tls_call_stream(call, err));
    bufferevent_setcb(call->bev, on_read, NULL, on_event, arg);
    if (bufferevent_enable(call->bev, EV_READ | EV_WRITE) != 0 ||
        bufferevent_socket_connect(call->bev, (const struct sockaddr *)&to->addr, (int)to->len) != 0)
        return om_fail(err, OM_ETRANSIENT, "cannot connect to %s", to->text);
    return OM_OK;
}

om_rc tls_call_run(struct tls_call *call, struct om_error *err)
{
    return event_base_dispatch(call->base) < 0 ? om_fail(err, OM_EINTERNAL, "the event loop failed") : OM_OK;
}

/* DTLS drops what it cannot decrypt: a server that derived other keys from another Km, or from none, never
 * hears our Finished. */
static bool silenced(const struct tls_call *call)
{
    OSSL_HANDSHAKE_STATE state = SSL_get_state(call->ssl);
    return SSL_is_dtls(call->ssl) &&
           (state == TLS_ST_CW_FINISHED || state == TLS_ST_CR_SESSION_TICKET || state == TLS_ST_CR_CHANGE);
}

static om_rc failed_handshake(const struct tls_call *call, struct om_error *err)
{
    const char *where = call->attempt->address->text;
    if (call->judged != OM_OK)
        return om_fail(err, call->judged, "the certificate of %s at %s is not good: %s",
                       call->attempt->peer->server->fqdn, where, call->judgement.text);
    if (call->alert >= 0)
        return attempt_refused(call->attempt, call->alert, err);
    if (call->late && silenced(call))
        return attempt_refused(call->attempt, -1, err);
    if (call->late)
        return om_fail(err, OM_ETRANSIENT, "%s did not finish the TLS handshake in time", where);
    if (call->connect_errno != 0)
        return om_fail(err, OM_ETRANSIENT, "no TLS handshake with %s: %s", where,
                       strerror(call->connect_errno));
    unsigned long e = call->bev != NULL ? bufferevent_get_openssl_error(call->bev) : call->error;
    const char *reason = e != 0 ? ERR_reason_error_string(e) : NULL;
    if (reason != NULL && ERR_GET_REASON(e) != SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return om_fail(err, OM_EDENIED, "TLS handshake with %s failed: %s", where, reason);
    return om_fail(err, OM_ETRANSIENT, "%s closed the connection during the TLS handshake", where);
}

om_rc tls_call_no_session(const struct tls_call *call, struct om_error *err)
{
    const char *where = call->attempt->address->text;
    if (!call->connected && call->connect_errno != 0)
        return om_fail(err, OM_ETRANSIENT, "cannot connect to %s: %s", where, strerror(call->connect_errno));
    if (!call->connected)
        return om_fail(err, OM_ETRANSIENT, "cannot connect to %s%s", where, call->late ? " in time" : "");
    return call->handshaken ? OM_OK : failed_handshake(call, err);
}

om_rc tls_call_result(const struct tls_call *call, struct om_error *err)
{
    if (call->decided)
        return call->rc;
    OM_TRY(tls_call_no_session(call, err));
    return attempt_unanswered(call->attempt, call->late, err);
}

void tls_call_goodbye(struct tls_call *call)
{
    if (!call->handshaken)
        return;
    (void)ERR_set_mark();
    (void)SSL_shutdown(call->ssl);
    (void)ERR_pop_to_mark();
}

void tls_call_end(struct tls_call *call)
{
    if (call->timer != NULL)
        event_free(call->timer);
    if (call->connect_timer != NULL)
        event_free(call->connect_timer);
    if (call->ssl != NULL) {
        SSL_set_info_callback(call->ssl, NULL);
        SSL_free(call->ssl);
    }
    if (call->base != NULL)
        event_base_free(call->base);
}
