/* Signalling of CoAP over TLS (RFC 8323 §5): capabilities first, pings, and the end. */
#include "bind/coaps_internal.h"

#define CSM     OM_COAP_CODE(7, 1)
#define PING    OM_COAP_CODE(7, 2)
#define PONG    OM_COAP_CODE(7, 3)
#define RELEASE OM_COAP_CODE(7, 4)
#define ABORT   OM_COAP_CODE(7, 5)

#define MAX_MESSAGE_SIZE 2 /* options of a CSM */
#define BLOCK_WISE       4
#define BAD_CSM_OPTION   2 /* of an Abort */

#define HEAD_ROOM 2048 /* for what surrounds a body in a message */

static void send_signal(struct coaps_session *s, struct om_coap_message *m)
{
    struct om_secret octets = OM_SECRET_INIT;
    coaps_message_send(s, m, &octets);
    om_secret_free(&octets);
}

void coaps_signal_begin(struct coaps_session *s)
{
    struct om_coap_message m;
    om_coap_init(&m, CSM, NULL, 0);
    om_coap_add_uint(&m, MAX_MESSAGE_SIZE, s->coaps->opt.max_body + HEAD_ROOM);
    om_coap_add(&m, BLOCK_WISE, "", 0);
    send_signal(s, &m);
}

static void abort_session(struct coaps_session *s, uint16_t bad_option)
{
    struct om_coap_message m;
    om_coap_init(&m, ABORT, NULL, 0);
    if (bad_option != 0)
        om_coap_add_uint(&m, BAD_CSM_OPTION, bad_option);
    send_signal(s, &m);
    s->coaps->stats.malformed++;
    s->dead = true;
}

/* RFC 8323 §5.3.1: the base value is also the least. */
static void take_capabilities(struct coaps_session *s, const struct om_coap_message *m)
{
    uint32_t v = 0;
    for (size_t i = 0; i < m->n_options; i++) {
        const struct om_coap_option *o = &m->options[i];
        if (o->number == MAX_MESSAGE_SIZE && om_coap_uint(o, &v))
            s->peer_max = v > 1152 ? v : 1152;
        else if ((o->number & 1) != 0) {
            abort_session(s, o->number);
            return;
        }
    }
    s->peer_ready = true;
}

void coaps_signal_receive(struct coaps_session *s, const struct om_coap_message *m)
{
    struct om_coap_message pong;
    switch (m->code) {
    case CSM:
        take_capabilities(s, m);
        break;
    case PING:
        om_coap_init(&pong, PONG, m->token, m->token_len);
        send_signal(s, &pong);
        break;
    case PONG:
        break;
    case RELEASE:
    case ABORT:
        s->dead = true;
        break;
    default: /* a request before the CSM, or a signal that nobody has defined */
        abort_session(s, 0);
        break;
    }
}
