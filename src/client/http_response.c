/* Responses from HTTP messages: see http_message.h. */
#include "client/http_message.h"
#include "client/net.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>

static om_rc read_status(const struct evkeyvalq *headers, int status, int *rsc, struct om_error *err)
{
    const char *text = evhttp_find_header(headers, "X-M2M-RSC");
    uint64_t v = 0;
    if (text == NULL &&
        (status == 429 || status / 100 == 5)) /* an overloaded server, or a gateway before it */
        return om_fail(err, OM_ETRANSIENT, "the server answered with HTTP status %d only", status);
    if (text == NULL)
        return om_fail(err, OM_EINTEGRITY, "HTTP status %d without X-M2M-RSC: this is no oneM2M server",
                       status);
    if (om_parse_uint(text, 9999, &v, NULL) != OM_OK || v < 1000)
        return om_fail(err, OM_EINTEGRITY, "X-M2M-RSC is not a Response Status Code");
    if ((v / 1000 == 2) != (status / 100 == 2))
        return om_fail(err, OM_EINTEGRITY, "X-M2M-RSC %d contradicts HTTP status %d", (int)v, status);
    *rsc = (int)v;
    return OM_OK;
}

om_rc http_response_read(struct evhttp_request *message, const struct m2m_request *rq,
                         struct m2m_response *rs, struct om_error *err)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(message);
    OM_TRY(read_status(headers, evhttp_request_get_response_code(message), &rs->rsc, err));
    bool good = rs->rsc / 1000 == 2;
    const char *rqi = evhttp_find_header(headers, "X-M2M-RI");
    if (rqi == NULL ? good : strcmp(rqi, rq->rqi) != 0)
        return om_fail(err, OM_EINTEGRITY, "X-M2M-RI is not that of the request");
    struct om_secret body = OM_SECRET_INIT;
    om_rc rc = net_take(evhttp_request_get_input_buffer(message), SIZE_MAX, &body, err);
    const struct format *format = format_of_media_type(evhttp_find_header(headers, "Content-Type"));
    if (rc == OM_OK)
        rc = format_read_body(format, &body, good, &rs->pc, err);
    om_secret_free(&body);
    return rc;
}
