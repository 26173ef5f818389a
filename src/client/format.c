/* Serializations: see format.h. */
#include "client/format.h"
#include "onem2m/cbor.h"
#include "onem2m/wire_names.h"

#include <string.h>
#include <strings.h>

const struct format formats[2] = {
    [M2M_FORMAT_JSON] = {"json", m2m_json_parse, m2m_json_print, "application/vnd.onem2m-res+json",
                         "application/json", WIRE_COAP_RES_JSON, WIRE_COAP_JSON, "oneM2M.json", false},
    [M2M_FORMAT_CBOR] = {"cbor", m2m_cbor_parse, m2m_cbor_print, "application/vnd.onem2m-res+cbor",
                         "application/cbor", WIRE_COAP_RES_CBOR, WIRE_COAP_CBOR, "oneM2M.cbor", true},
};
#define N_FORMATS (sizeof formats / sizeof formats[0])

const struct format *format_named(const char *name)
{
    for (size_t i = 0; i < N_FORMATS; i++)
        if (strcmp(name, formats[i].name) == 0)
            return &formats[i];
    return NULL;
}

static bool is(const char *type, size_t n, const char *known)
{
    return n == strlen(known) && strncasecmp(type, known, n) == 0;
}

const struct format *format_of_media_type(const char *type)
{
    size_t n = type != NULL ? strcspn(type, "; \t") : 0;
    for (size_t i = 0; i < N_FORMATS; i++)
        if (n > 0 && (is(type, n, formats[i].media_type) || is(type, n, formats[i].media_plain)))
            return &formats[i];
    return NULL;
}

const struct format *format_of_coap(unsigned content_format)
{
    for (size_t i = 0; i < N_FORMATS; i++)
        if (content_format == formats[i].coap || content_format == formats[i].coap_plain)
            return &formats[i];
    return NULL;
}

om_rc format_read_body(const struct format *format, const struct om_secret *body, bool good, json_t **pc,
                       struct om_error *err)
{
    if (body->len == 0)
        return OM_OK;
    if (format == NULL)
        return good ? om_fail(err, OM_EINTEGRITY, "the body of the response is neither JSON nor CBOR")
                    : OM_OK;
    om_rc rc = format->parse(body->octets, body->len, pc, err);
    if (rc != OM_EINPUT)
        return rc;
    return good ? om_context(err, OM_EINTEGRITY, "body of the response") : OM_OK; /* the peer's fault */
}
