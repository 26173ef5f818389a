/* Primitives and CoAP messages: see coap_primitive.h. */
#include "client/coap_primitive.h"
#include "client/query.h"
#include "coap/options.h"
#include "onem2m/types.h"

#include <stdio.h>
#include <string.h>

#define OPTION_MAX 255 /* octets of a path segment or query parameter (RFC 7252 §5.10) */

static uint8_t method(int op)
{
    switch (op) {
    case M2M_OP_RETRIEVE:
        return OM_COAP_GET;
    case M2M_OP_UPDATE:
        return OM_COAP_PUT;
    case M2M_OP_DELETE:
        return OM_COAP_DELETE;
    default: /* Create, Notify */
        return OM_COAP_POST;
    }
}

/* "//host/x" is _, host, x; "/x" is ~, x. */
static void add_path(struct om_coap_message *m, const char *to)
{
    if (strncmp(to, "//", 2) == 0) {
        om_coap_add_text(m, OM_COAP_URI_PATH, "_");
        to += 2;
    } else if (to[0] == '/') {
        om_coap_add_text(m, OM_COAP_URI_PATH, "~");
        to += 1;
    }
    for (size_t n = strcspn(to, "/");; to += n + 1, n = strcspn(to, "/")) {
        m->overflow |= n > OPTION_MAX;
        om_coap_add(m, OM_COAP_URI_PATH, to, n);
        if (to[n] == '\0')
            return;
    }
}

static om_rc add_parameter(void *arg, const char *name, const char *value, struct om_error *err)
{
    struct om_coap_message *m = arg;
    char text[OPTION_MAX + 1];
    int n = snprintf(text, sizeof text, "%s=%s", name, value);
    if (n < 0 || (size_t)n >= sizeof text)
        return om_fail(err, OM_EINPUT, "%s: CoAP carries at most %d octets in a query parameter", name,
                       OPTION_MAX);
    om_coap_add_text(m, OM_COAP_URI_QUERY, text);
    return OM_OK;
}

om_rc coap_primitive_request(const struct attempt *attempt, const uint8_t *token, size_t token_len,
                             struct om_coap_message *m, struct om_error *err)
{
    const struct m2m_request *rq = attempt->rq;
    const struct home *home = attempt->peer->home;
    om_coap_init(m, method(rq->op), token, token_len);
    om_coap_add_text(m, OM_COAP_URI_HOST, attempt->peer->server->fqdn);
    add_path(m, rq->to);
    if (attempt->body.len > 0)
        om_coap_add_uint(m, OM_COAP_CONTENT_FORMAT, home->format->coap);
    OM_TRY(query_walk(rq, add_parameter, m, err));
    om_coap_add_uint(m, OM_COAP_ACCEPT, home->format->coap);
    if (rq->op == M2M_OP_CREATE)
        om_coap_add_uint(m, WIRE_COAP_TY, (uint32_t)rq->ty);
    om_coap_add_text(m, WIRE_COAP_RVI, rq->rvi);
    om_coap_add_text(m, WIRE_COAP_FR, rq->from);
    om_coap_add_text(m, WIRE_COAP_RQI, rq->rqi);
    return m->overflow ? om_fail(err, OM_EINPUT, "the request does not fit into the options of CoAP") : OM_OK;
}

/* RFC 7252 §5.4: a critical option must be understood, and all that are looked at stand once. */
static om_rc check_options(const struct om_coap_message *m, struct om_error *err)
{
    for (size_t i = 0; i < m->n_options; i++) {
        uint16_t number = m->options[i].number;
        if (om_coap_unknown_critical(number))
            return om_fail(err, OM_EINTEGRITY, "the response has option %u, which this client does not know",
                           number);
        if (i > 0 && m->options[i - 1].number == number &&
            (om_coap_m2m_option(number) != NULL || number == OM_COAP_CONTENT_FORMAT ||
             number == OM_COAP_BLOCK1 || number == OM_COAP_BLOCK2))
            return om_fail(err, OM_EINTEGRITY, "the response has option %u twice", number);
    }
    return OM_OK;
}

static int coap_status(uint8_t code)
{
    return OM_COAP_CLASS(code) * 100 + (code & 0x1f);
}

/* The status that a code alone stands for, where several share it the most general one. */
static int rsc_of(int status)
{
    static const int general[] = {M2M_OK,
                                  M2M_CREATED,
                                  M2M_DELETED,
                                  M2M_UPDATED,
                                  M2M_BAD_REQUEST,
                                  M2M_ORIGINATOR_HAS_NO_PRIVILEGE,
                                  M2M_NOT_FOUND,
                                  M2M_OPERATION_NOT_ALLOWED,
                                  M2M_NOT_ACCEPTABLE,
                                  M2M_UNSUPPORTED_MEDIA_TYPE,
                                  M2M_INTERNAL_SERVER_ERROR,
                                  M2M_NOT_IMPLEMENTED,
                                  M2M_REQUEST_TIMEOUT};
    for (size_t i = 0; i < sizeof general / sizeof general[0]; i++)
        if (m2m_rsc_coap(general[i]) == status)
            return general[i];
    return 0;
}

static om_rc read_rsc(const struct om_coap_message *m, int *rsc, struct om_error *err)
{
    const struct om_coap_option *o = om_coap_find(m, WIRE_COAP_RSC);
    int status = coap_status(m->code);
    uint32_t v = 0;
    if (o == NULL) {
        *rsc = rsc_of(status);
        if (*rsc != 0)
            return OM_OK;
        return om_fail(err, status == 429 || status / 100 == 5 ? OM_ETRANSIENT : OM_EINTEGRITY,
                       "the server answered with CoAP code %d.%02d only", status / 100, status % 100);
    }
    if (!om_coap_uint(o, &v) || v < 1000 || v > 9999)
        return om_fail(err, OM_EINTEGRITY, "oneM2M-RSC is not a Response Status Code");
    if ((v / 1000 == 2) != (status / 100 == 2))
        return om_fail(err, OM_EINTEGRITY, "oneM2M-RSC %u contradicts CoAP code %d.%02d", v, status / 100,
                       status % 100);
    *rsc = (int)v;
    return OM_OK;
}

om_rc coap_primitive_outcome(const struct attempt *attempt, const struct om_coap_message *m,
                             struct coap_outcome *out, struct om_error *err)
{
    OM_TRY(check_options(m, err));
    OM_TRY(read_rsc(m, &out->rsc, err));
    /* The token has bound it to the request already; a Request Identifier must not say otherwise. */
    const struct om_coap_option *rqi = om_coap_find(m, WIRE_COAP_RQI);
    const char *sent = attempt->rq->rqi;
    if (rqi != NULL && (rqi->len != strlen(sent) || memcmp(rqi->value, sent, rqi->len) != 0))
        return om_fail(err, OM_EINTEGRITY, "oneM2M-RQI is not that of the request");
    const struct om_coap_option *o = om_coap_find(m, OM_COAP_CONTENT_FORMAT);
    uint32_t format = 0;
    out->format = o != NULL && om_coap_uint(o, &format) ? format_of_coap(format) : NULL;
    return OM_OK;
}
