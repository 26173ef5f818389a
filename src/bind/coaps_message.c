/* The message layer (RFC 7252 §4, RFC 8323 §3): what is answered, acknowledged, rejected or ignored. */
#include "bind/coaps_internal.h"
#include "util/log.h"

#include <openssl/rand.h>

void coaps_message_init(struct coaps_session *s)
{
    (void)RAND_bytes((uint8_t *)&s->next_mid, sizeof s->next_mid);
    coaps_pending_init(s);
}

void coaps_message_free(struct coaps_session *s)
{
    coaps_reply_free(s);
    coaps_upload_free(s);
    coaps_download_free(s);
}

static enum om_coap_transport transport(const struct coaps_session *s)
{
    return s->coaps->opt.transport == COAPS_DTLS ? OM_COAP_DATAGRAM : OM_COAP_STREAM;
}

void coaps_message_send(struct coaps_session *s, const struct om_coap_message *m, struct om_secret *octets)
{
    struct om_error err = {0};
    om_rc rc = om_coap_encode(transport(s), m, octets, &err);
    if (rc != OM_OK) {
        om_log(OM_LOG_ERROR, "coaps: %s", om_error_text(&err, rc));
        s->dead = true;
    } else if (transport(s) == OM_COAP_DATAGRAM) {
        coaps_dtls_send(s, octets);
    } else {
        coaps_tls_send(s, octets);
    }
}

/* An empty message: an acknowledgement or a reset. */
static void send_empty(struct coaps_session *s, enum om_coap_type type, uint16_t mid,
                       struct om_secret *octets)
{
    struct om_coap_message m;
    om_coap_init(&m, OM_COAP_EMPTY, NULL, 0);
    m.type = type;
    m.mid = mid;
    coaps_message_send(s, &m, octets);
}

static void reject(struct coaps_session *s, uint16_t mid)
{
    struct om_secret octets = OM_SECRET_INIT;
    send_empty(s, OM_COAP_RST, mid, &octets);
    om_secret_free(&octets);
}

static bool has_unknown_critical(const struct om_coap_message *m)
{
    for (size_t i = 0; i < m->n_options; i++)
        if (om_coap_unknown_critical(m->options[i].number))
            return true;
    return false;
}

/* Smoothed as TCP smooths its round trips. */
static void answer(struct coaps_session *s, const struct om_coap_message *m, struct om_coap_message *out,
                   struct om_secret *body)
{
    struct coaps *c = s->coaps;
    int64_t began = coaps_now();
    c->stats.requests++;
    coaps_request_answer(s, m, out, body);
    c->handling += coaps_now() - began - c->handling / 8;
    s->served = true;
    s->dead |= s->maf.close; /* after the response, when the credential is revoked */
}

/* Where a piggybacked answer would come too late, the peer would repeat its request for nothing. */
static struct coaps_pending *wants_separate(struct coaps_session *s, const struct om_coap_message *m)
{
    const struct coaps *c = s->coaps;
    if (m->type != OM_COAP_CON || c->handling / 8 < (int64_t)c->opt.separate_after)
        return NULL;
    return coaps_pending_new(s);
}

/* GET changes nothing: it is carried out again, and its answer, which may be a key, is not kept (RFC 7252
 * §4.5 allows it). */
static bool is_repeatable(const struct om_coap_message *m)
{
    return m->code == OM_COAP_GET;
}

static void answer_datagram(struct coaps_session *s, const struct om_coap_message *m)
{
    struct om_coap_message out;
    struct om_secret body = OM_SECRET_INIT;
    struct om_secret ack = OM_SECRET_INIT;
    struct om_secret octets = OM_SECRET_INIT;
    struct coaps_pending *separate = wants_separate(s, m);
    if (separate != NULL)
        send_empty(s, OM_COAP_ACK, m->mid, &ack);
    answer(s, m, &out, &body);
    bool piggybacked = m->type == OM_COAP_CON && separate == NULL;
    out.type = piggybacked ? OM_COAP_ACK : m->type;
    out.mid = piggybacked ? m->mid : s->next_mid++;
    coaps_message_send(s, &out, &octets);
    if (!is_repeatable(m) && out.code != OM_COAP_CODE(2, 31)) /* an uploaded block may come again */
        coaps_reply_keep(s, m->mid, piggybacked ? &octets : &ack);
    if (separate != NULL)
        coaps_pending_begin(separate, out.mid, &octets);
    om_secret_free(&octets);
    om_secret_free(&ack);
    om_secret_free(&body);
}

static void on_datagram_request(struct coaps_session *s, const struct om_coap_message *m)
{
    const struct coaps_reply *said = coaps_reply_find(s, m->mid);
    if (said != NULL) {
        s->coaps->stats.duplicates++;
        if (m->type == OM_COAP_CON && said->octets.len > 0)
            coaps_dtls_send(s, &said->octets);
    } else if (m->type == OM_COAP_NON && has_unknown_critical(m)) {
        reject(s, m->mid); /* RFC 7252 §5.4.1 */
    } else {
        answer_datagram(s, m);
    }
}

static void on_datagram(struct coaps_session *s, const struct om_coap_message *m)
{
    bool request = OM_COAP_CLASS(m->code) == 0 && m->code != OM_COAP_EMPTY;
    switch (m->type) {
    case OM_COAP_ACK:
    case OM_COAP_RST:
        coaps_pending_end(s, m->mid);
        break;
    case OM_COAP_CON:
    case OM_COAP_NON:
        if (request)
            on_datagram_request(s, m);
        else if (m->type == OM_COAP_CON)
            reject(s, m->mid); /* a ping (§4.3), or something that a server does not get */
        break;
    }
}

static void on_stream(struct coaps_session *s, const struct om_coap_message *m)
{
    struct om_coap_message out;
    struct om_secret body = OM_SECRET_INIT;
    struct om_secret octets = OM_SECRET_INIT;
    if (OM_COAP_CLASS(m->code) == 7 || !s->peer_ready) {
        coaps_signal_receive(s, m);
        return;
    }
    if (OM_COAP_CLASS(m->code) != 0 || m->code == OM_COAP_EMPTY)
        return;
    answer(s, m, &out, &body);
    bool ends = s->dead;
    coaps_message_send(s, &out, &octets);
    s->dead |= ends;
    om_secret_free(&octets);
    om_secret_free(&body);
}

void coaps_message_receive(struct coaps_session *s, const uint8_t *octets, size_t n)
{
    struct om_coap_message m;
    struct om_error err = {0};
    bool datagram = transport(s) == OM_COAP_DATAGRAM;
    om_rc rc = om_coap_parse(transport(s), octets, n, &m, &err);
    if (rc == OM_OK) {
        coaps_session_active(s);
        if (datagram)
            on_datagram(s, &m);
        else
            on_stream(s, &m);
    } else {
        s->coaps->stats.malformed++;
        if (!datagram)
            s->dead = true; /* where the next message begins is no longer certain */
        else if (n >= 4 && octets[0] >> 6 == 1 && m.type == OM_COAP_CON)
            reject(s, m.mid);
    }
    om_coap_free(&m);
}
