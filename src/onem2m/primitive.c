/* Life of a request and of a response, and how their first defect is recorded: see primitive.h. */
#include "onem2m/primitive.h"

#include "util/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void m2m_request_init(struct m2m_request *rq)
{
    memset(rq, 0, sizeof *rq);
    rq->rcn = -1;
    rq->fc.fo = 1;
    rq->fc.crb = rq->fc.cra = rq->fc.ms = rq->fc.us = rq->fc.exb = rq->fc.exa = INT64_MIN;
    rq->fc.lim = rq->fc.ofst = -1;
}

void m2m_request_free(struct m2m_request *rq)
{
    m2m_list_free(&rq->fc.lbl);
    m2m_list_free(&rq->atrl);
    json_decref(rq->pc);
    m2m_request_init(rq);
}

void m2m_request_bad(struct m2m_request *rq, int rsc, bool in_content, const char *fmt, ...)
{
    /* A defect outside the content is reported before one inside it, whichever was met first. */
    if (rq->syntax_rsc != 0 && (in_content || !rq->syntax_in_content))
        return;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(rq->syntax_text, sizeof rq->syntax_text, fmt, ap);
    va_end(ap);
    om_printable(rq->syntax_text);
    rq->syntax_rsc = rsc;
    rq->syntax_in_content = in_content;
}

void m2m_response_init(struct m2m_response *rs)
{
    memset(rs, 0, sizeof *rs);
}

void m2m_response_free(struct m2m_response *rs)
{
    json_decref(rs->pc);
    m2m_response_init(rs);
}

void m2m_response_error(struct m2m_response *rs, int rsc, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    om_printable(text);
    json_decref(rs->pc);
    rs->pc = json_pack("{s:s}", WIRE_DEBUG, text); /* without memory: no content, the code says enough */
    rs->rsc = rsc;
    rs->location[0] = '\0';
}
