/* Fuzz target: the messages of one CoAP session after its handshake, from octets to requests and responses.
 * The first octet of an input chooses the transport and how answers go; then each message has its length in
 * two octets (datagrams), or the rest is a stream. What goes out must be good messages, and all that was
 * remembered must be gone at the end. The transports and the procedures are played here. */
#include "target.h"

#include "bind/coaps_internal.h"

#include <stdlib.h>
#include <string.h>

#define MAX_BODY     4096
#define MAX_BUFFERED 20000

/* A property that does not hold is a finding, in every build. */
static void require(bool holds)
{
    if (!holds)
        abort();
}

int64_t coaps_now(void)
{
    static int64_t now;
    return now += 7;
}

void coaps_session_active(struct coaps_session *s)
{
    (void)s;
}

void coaps_session_free(struct coaps_session *s, bool notify)
{
    (void)s, (void)notify;
    abort(); /* only timers do, and they do not run */
}

static void expect_message(enum om_coap_transport transport, const struct om_secret *octets)
{
    struct om_coap_message m;
    require(om_coap_parse(transport, octets->octets, octets->len, &m, NULL) == OM_OK);
    require(m.payload_len <= MAX_BODY + 4096);
    om_coap_free(&m);
}

void coaps_dtls_send(struct coaps_session *s, const struct om_secret *octets)
{
    (void)s;
    expect_message(OM_COAP_DATAGRAM, octets);
}

void coaps_tls_send(struct coaps_session *s, const struct om_secret *octets)
{
    (void)s;
    expect_message(OM_COAP_STREAM, octets);
}

bool maf_session_valid(struct maf *maf, const struct maf_session *session)
{
    (void)maf, (void)session;
    return true;
}

/* Errors are told; everything else gets a content as long as its request identifier says. */
void maf_handle(struct maf *maf, struct maf_session *session, const struct m2m_request *rq,
                struct m2m_response *rs)
{
    (void)maf, (void)session;
    require((rq->syntax_rsc == 0) == (rq->syntax_text[0] == '\0'));
    rs->has_rqi = rq->has_rqi;
    memcpy(rs->rqi, rq->rqi, sizeof rs->rqi);
    if (rq->syntax_rsc != 0) {
        m2m_response_error(rs, rq->syntax_rsc, "%s", rq->syntax_text);
        return;
    }
    size_t n = 40 * strlen(rq->rqi);
    char *text = calloc(1, n + 1);
    require(text != NULL);
    memset(text, 'x', n);
    rs->rsc = rq->op == M2M_OP_CREATE ? M2M_CREATED : M2M_OK;
    rs->pc = json_pack("{s:s}", "m2m:dbg", text);
    memcpy(rs->location, rq->to, sizeof rs->location);
    free(text);
}

static void datagrams(struct coaps_session *s, const uint8_t *p, size_t n)
{
    while (n >= 2 && !s->dead) {
        size_t len = (size_t)(p[0] << 8 | p[1]) % COAPS_DATAGRAM_MAX;
        len = len < n - 2 ? len : n - 2;
        coaps_message_receive(s, p + 2, len);
        p += len + 2;
        n -= len + 2;
        require(s->coaps->stats.buffered <= MAX_BUFFERED);
    }
}

static void stream(struct coaps_session *s, const uint8_t *p, size_t n)
{
    coaps_signal_begin(s);
    while (n > 0 && !s->dead) {
        size_t len = om_coap_frame_size(p, n);
        if (len == 0 || len > n)
            break;
        coaps_message_receive(s, p, len);
        p += len;
        n -= len;
        require(s->coaps->stats.buffered <= MAX_BUFFERED);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"maf.example.com", NULL};
    static struct event_base *base;
    if (size < 1)
        return 0;
    if (base == NULL) {
        base = event_base_new();
        om_coap_log();
    }
    struct coaps c = {.base = base,
                      .opt = {.transport = (data[0] & 1) != 0 ? COAPS_TLS : COAPS_DTLS,
                              .names = names,
                              .max_body = MAX_BODY,
                              .max_buffered = MAX_BUFFERED,
                              .separate_after = (data[0] & 2) != 0 ? 0 : 1000000}};
    struct coaps_session *s = calloc(1, sizeof *s);
    require(s != NULL);
    s->coaps = &c;
    s->fd = -1;
    s->peer_max = 1152;
    coaps_message_init(s);
    if (c.opt.transport == COAPS_TLS)
        stream(s, data + 1, size - 1);
    else
        datagrams(s, data + 1, size - 1);
    coaps_message_free(s);
    require(c.stats.buffered == 0);
    free(s);
    return 0;
}
