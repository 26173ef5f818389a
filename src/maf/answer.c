/* How a procedure ends: refused, done, or failed through no fault of the peer. */
#include "maf/maf_internal.h"

#include <stdarg.h>
#include <stdio.h>

#include "util/log.h"

/* Codes that tell of an attempt at something not allowed, as opposed to a slip in a request. */
static bool is_security_event(int rsc)
{
    return rsc == M2M_ORIGINATOR_HAS_NO_PRIVILEGE || rsc == M2M_CONFLICT ||
           rsc == M2M_ORIGINATOR_NOT_AUTHENTICATED || rsc == M2M_SECURITY_ASSOCIATION_REQUIRED;
}

om_rc maf_refuse(struct maf_call *c, int rsc, const char *fmt, ...)
{
    char text[400];
    char to[M2M_TO_SIZE];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    m2m_response_error(c->rs, rsc, "%s", text);
    c->answered = true;
    (void)maf_shown(to, sizeof to, c->rq->to);
    const char *credential = maf_peer_name(c->session->peer);
    if (is_security_event(rsc))
        maf_audit_refusal(c->maf, "request-refused", "rsc=%d op=%d to=%s credential=%s why=\"%s\"", rsc,
                          c->rq->op, to, credential, text);
    else
        om_log(OM_LOG_DEBUG, "refused: rsc=%d op=%d to=%s credential=%s: %s", rsc, c->rq->op, to, credential,
               text);
    return om_fail(&c->err, OM_EDENIED, "%s", text);
}

void maf_fault(struct maf_call *c, om_rc rc)
{
    const char *text = om_error_text(&c->err, rc);
    char to[M2M_TO_SIZE];
    (void)maf_shown(to, sizeof to, c->rq->to);
    if (rc == OM_EINTEGRITY) {
        maf_audit_bad_row(c->maf, "row-refused", "to=%s credential=%s why=\"%s\"", to,
                          maf_peer_name(c->session->peer), text);
        m2m_response_error(c->rs, M2M_INTERNAL_SERVER_ERROR, "the record failed its integrity check");
    } else if (rc == OM_ETRANSIENT) {
        om_log(OM_LOG_WARNING, "request to %s failed for now: %s", to, text);
        m2m_response_error(c->rs, M2M_INTERNAL_SERVER_ERROR, "temporarily unavailable");
    } else {
        om_log(OM_LOG_ERROR, "request to %s failed: %s: %s", to, om_rc_name(rc), text);
        m2m_response_error(c->rs, M2M_INTERNAL_SERVER_ERROR, "internal error");
    }
    c->answered = true;
}

om_rc maf_prepare(struct maf_call *c, const struct m2m_resource *r, unsigned mask)
{
    json_decref(c->content);
    c->content = NULL;
    return m2m_resource_encode(r, mask, &c->content, &c->err);
}

void maf_set_location(struct maf_call *c, const char *id)
{
    (void)snprintf(c->rs->location, sizeof c->rs->location, "//%s/" WIRE_BASE_ALIAS "/%s", c->maf->names[0],
                   id);
}

void maf_done(struct maf_call *c, int rsc)
{
    c->rs->rsc = rsc;
    c->rs->pc = c->content;
    c->content = NULL;
    c->answered = true;
}
