/* Bodies of EST: base64 in and out, whatever Content-Transfer-Encoding says, and what is sent has no line
 * breaks (RFC 8951 section 3.1): there are clients that do not read them. */
#include "est/est_internal.h"

#include "pki/certs_only.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>

om_rc est_body_read(struct est_call *c, uint8_t *out, size_t cap, size_t *n)
{
    char packed[EST_BODY_MAX];
    size_t length = 0;
    if (c->rq->n > EST_BODY_MAX)
        return est_refuse(c, 413, "a request has at most %d octets", EST_BODY_MAX);
    for (size_t i = 0; i < c->rq->n; i++)
        if (c->rq->body[i] == '\0' || strchr(" \t\r\n", c->rq->body[i]) == NULL)
            packed[length++] = (char)c->rq->body[i];
    if (om_base64_decode(packed, length, out, cap, n, &c->err) != OM_OK || *n == 0)
        return est_refuse(c, 400, "the body is not a request in base64 of at most %zu octets", cap);
    return OM_OK;
}

om_rc est_body_send(struct est_call *c, const char *content_type, const char *text)
{
    c->out->body = strdup(text);
    if (c->out->body == NULL)
        return om_fail(&c->err, OM_ENOMEM, "no memory for an answer");
    c->out->status = 200;
    c->out->content_type = content_type;
    c->out->content_transfer = "base64";
    return OM_OK;
}

om_rc est_send_certificates(struct est_call *c, const char *content_type, const STACK_OF(X509) * all)
{
    char *text = NULL;
    OM_TRY(pki_certs_only_encode(all, &text, &c->err));
    om_rc rc = est_body_send(c, content_type, text);
    free(text);
    return rc;
}
