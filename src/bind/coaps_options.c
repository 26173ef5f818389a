/* The options of a request (TS-0008, RFC 7252 §5.10). */
#include "bind/coaps_reading.h"

#include <stdio.h>
#include <string.h>

#define TEXT_SIZE 513 /* the longest option of TS-0008, and its NUL */

void coaps_bad(struct coaps_reading *r, const char *what, const char *why)
{
    m2m_request_bad(r->rq, M2M_BAD_REQUEST, false, "%.40s: %s", what, why);
}

/* An option's octets as a text. False, and recorded, when they are none. */
static bool text_of(struct coaps_reading *r, const struct om_coap_option *o, const char *what, char *out,
                    size_t cap)
{
    if (o->len >= cap) {
        coaps_bad(r, what, "too long");
        return false;
    }
    for (size_t i = 0; i < o->len; i++) {
        if (o->value[i] <= 0x20 || o->value[i] == 0x7f) {
            coaps_bad(r, what, "spaces and control characters are not allowed");
            return false;
        }
    }
    if (o->len > 0)
        memcpy(out, o->value, o->len);
    out[o->len] = '\0';
    return true;
}

static void add_segment(struct coaps_reading *r, const struct om_coap_option *o)
{
    char segment[TEXT_SIZE];
    size_t used = strlen(r->path);
    if (!text_of(r, o, "Uri-Path", segment, sizeof segment))
        return;
    if (strchr(segment, '/') != NULL) /* it would change the structure */
        coaps_bad(r, "Uri-Path", "a '/' inside a segment is not allowed");
    else if (used + o->len + 2 > sizeof r->path)
        coaps_bad(r, "Uri-Path", "too long");
    else
        (void)snprintf(r->path + used, sizeof r->path - used, "/%s", segment);
}

static void add_query(struct coaps_reading *r, const struct om_coap_option *o)
{
    char text[TEXT_SIZE];
    if (!text_of(r, o, "Uri-Query", text, sizeof text))
        return;
    char *equals = strchr(text, '=');
    if (equals == NULL) {
        coaps_bad(r, "Uri-Query", "name=value is expected");
        return;
    }
    *equals = '\0';
    m2m_request_query(r->rq, text, equals + 1);
}

static void take_host(struct coaps_reading *r, const struct om_coap_option *o)
{
    char text[M2M_FQDN_SIZE];
    if (text_of(r, o, "Uri-Host", text, sizeof text) &&
        m2m_fold(r->host, sizeof r->host, text, NULL) != OM_OK)
        coaps_bad(r, "Uri-Host", "not a host name");
}

static void take_m2m(struct coaps_reading *r, const struct om_coap_m2m_option *row,
                     const struct om_coap_option *o)
{
    char text[TEXT_SIZE];
    uint32_t v = 0;
    if (row->param == NULL) {
        m2m_request_bad(r->rq, M2M_NOT_IMPLEMENTED, false, "%s: not supported", row->title);
    } else if (o->len > row->max) {
        coaps_bad(r, row->title, "too long");
    } else if (row->kind == OM_COAP_TEXT) {
        if (text_of(r, o, row->title, text, sizeof text))
            m2m_request_param(r->rq, row->param, text);
    } else if (om_coap_uint(o, &v)) {
        (void)snprintf(text, sizeof text, "%u", v);
        if (row->number == WIRE_COAP_TY && r->rq->op != M2M_OP_CREATE)
            coaps_bad(r, row->title, "allowed in a Create only");
        else
            m2m_request_param(r->rq, row->param, text);
    }
}

/* Those that RFC 7252 defines. */
static void take_option(struct coaps_reading *r, const struct om_coap_option *o)
{
    switch (o->number) {
    case OM_COAP_URI_PATH:
        add_segment(r, o);
        break;
    case OM_COAP_URI_QUERY:
        add_query(r, o);
        break;
    case OM_COAP_URI_HOST:
        take_host(r, o);
        break;
    case OM_COAP_CONTENT_FORMAT:
        r->content_format = o;
        break;
    case OM_COAP_ACCEPT:
        r->accept = o;
        break;
    default:
        break; /* elective, or without a meaning here */
    }
}

static bool may_repeat(uint16_t number)
{
    return number == OM_COAP_URI_PATH || number == OM_COAP_URI_QUERY;
}

/* RFC 7252 §5.4.5 treats a supernumerary option as unknown; for elective ones that is to ignore it. */
void coaps_read_options(struct coaps_reading *r)
{
    const struct om_coap_message *m = r->message;
    for (size_t i = 0; i < m->n_options; i++) {
        const struct om_coap_option *o = &m->options[i];
        const struct om_coap_m2m_option *row = om_coap_m2m_option(o->number);
        bool again = i > 0 && m->options[i - 1].number == o->number;
        if (again && !may_repeat(o->number)) {
            if ((o->number & 1) != 0)
                coaps_bad(r, row != NULL ? row->title : "option", "given twice");
        } else if (row != NULL) {
            take_m2m(r, row, o);
        } else {
            take_option(r, o);
        }
    }
}
