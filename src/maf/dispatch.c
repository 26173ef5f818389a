/* One request from start to end, in the order of MAF-GEN-12: session, version, From, existence, privilege,
 * content. The first three are here; the rest is each procedure's, in that order. */
#include "maf/certificate.h"
#include "maf/maf_internal.h"

#include <string.h>

#include "util/log.h"
#include "util/text.h"

/* ---- session ---- */

/* MAF-GEN-1 for sessions without an authenticated peer; a decoy's handshake should have failed (MAF-HS-6). */
static om_rc check_peer(struct maf_call *c)
{
    const struct maf_peer *peer = c->session->peer;
    if (peer == NULL || peer->kind == MAF_CREDENTIAL_NONE || c->session->ssl == NULL) {
        bool decoy = peer != NULL && peer->decoy;
        c->session->close = true;
        return maf_refuse(c, decoy ? M2M_ORIGINATOR_NOT_AUTHENTICATED : M2M_SECURITY_ASSOCIATION_REQUIRED,
                          "a mutually authenticated TLS or DTLS session is needed");
    }
    if (!peer->decoy)
        return OM_OK;
    c->session->close = true;
    return maf_refuse(c, M2M_ORIGINATOR_NOT_AUTHENTICATED, "the peer is not authenticated");
}

om_rc maf_check_credential(struct maf_call *c)
{
    om_rc rc = maf_peer_check(c->maf, c->session->peer, c->now, &c->err);
    if (rc != OM_EDENIED)
        return rc;
    c->session->close = true;
    return maf_refuse(c, M2M_ORIGINATOR_NOT_AUTHENTICATED,
                      "the credential of this session is no longer valid");
}

/* ---- version, From, and what else decides whether a request can be carried out at all ---- */

static om_rc check_version(struct maf_call *c)
{
    const struct m2m_request *rq = c->rq;
    if (!rq->has_rvi || (strcmp(rq->rvi, "2a") != 0 && strcmp(rq->rvi, "3") != 0))
        return maf_refuse(c, M2M_RELEASE_VERSION_NOT_SUPPORTED, "Release Version Indicator must be 2a or 3");
    return om_copy_text(c->rs->rvi, sizeof c->rs->rvi, rq->rvi, &c->err);
}

/* MAF-GEN-2, -3 */
static om_rc check_from(struct maf_call *c)
{
    const struct m2m_request *rq = c->rq;
    const struct m2m_list *allowed = &c->session->peer->identities;
    if (rq->has_from) {
        if (!m2m_list_has(allowed, rq->from))
            return maf_refuse(c, M2M_ORIGINATOR_NOT_AUTHENTICATED, "From is not the authenticated identity");
        return om_copy_text(c->from, sizeof c->from, rq->from, &c->err);
    }
    if (rq->op != M2M_OP_CREATE || rq->ty != c->maf->role->ty_client_reg || allowed->n != 1)
        return maf_refuse(c, M2M_BAD_REQUEST, "From is missing");
    return om_copy_text(c->from, sizeof c->from, allowed->items[0], &c->err);
}

static om_rc check_deadline(struct maf_call *c)
{
    int64_t deadline;
    if (c->rq->rqet[0] == '\0')
        return OM_OK;
    if (m2m_deadline_parse(c->rq->rqet, c->now, &deadline, &c->err) != OM_OK)
        return maf_refuse(c, M2M_BAD_REQUEST, "Request Expiration Timestamp is malformed");
    if (deadline < c->now)
        return maf_refuse(c, M2M_REQUEST_TIMEOUT, "Request Expiration Timestamp has passed");
    return OM_OK;
}

static om_rc check_support(struct maf_call *c)
{
    const struct m2m_request *rq = c->rq;
    if (!rq->has_rqi)
        return maf_refuse(c, M2M_BAD_REQUEST, "Request Identifier is missing");
    OM_TRY(check_deadline(c));
    if (rq->rt == 1 || rq->rt == 2)
        return maf_refuse(c, M2M_NON_BLOCKING_SYNCH_REQUEST_NOT_SUPPORTED,
                          "only blocking requests are supported");
    if (rq->rt != 0 && rq->rt != 3)
        return maf_refuse(c, M2M_NOT_IMPLEMENTED, "Response Type %d is not supported", rq->rt);
    if (rq->op == M2M_OP_NOTIFY) /* an operation of TS-0004 that no procedure of clause 8.8 uses */
        return maf_refuse(c, M2M_NOT_IMPLEMENTED, "a %s takes no notifications", c->maf->role->what);
    if (rq->op < M2M_OP_CREATE || rq->op > M2M_OP_DELETE)
        return maf_refuse(c, M2M_BAD_REQUEST, "Operation is missing or unknown");
    return OM_OK;
}

/* ---- the rest ---- */

/* Below the base are registrations and keys; below registrations at most one child. */
static bool may_exist(const struct maf_call *c)
{
    const char *child = c->maf->role->child;
    return c->to.depth <= 1 ||
           (child != NULL && strcmp(c->to.sub, child) == 0 && maf_is_registration_id(c->to.name));
}

/* MAF-GEN-4, and addresses that nothing can have. */
static om_rc check_address(struct maf_call *c)
{
    if (c->rq->to[0] == '\0')
        return maf_refuse(c, M2M_BAD_REQUEST, "To is missing");
    if (m2m_address_parse(c->rq->to, c->maf->role->base_name, &c->to, &c->err) != OM_OK || !may_exist(c))
        return maf_refuse(c, M2M_NOT_FOUND, "To addresses nothing at this %s", c->maf->role->what);
    if (c->to.absolute && !maf_is_name(c->maf, c->to.fqdn))
        return maf_refuse(c, M2M_NOT_FOUND, "%s is not a name of this %s", c->to.fqdn, c->maf->role->what);
    return OM_OK;
}

/* MEF-RP-3 */
static om_rc refuse_key(struct maf_call *c)
{
    return maf_refuse(c, M2M_ORIGINATOR_HAS_NO_PRIVILEGE, "keys need a session with the KmID");
}

static maf_procedure *find_procedure(const struct maf_call *c)
{
    static maf_procedure *const of_base[] = {
        [M2M_OP_CREATE] = maf_base_create,
        [M2M_OP_RETRIEVE] = maf_base_retrieve,
        [M2M_OP_UPDATE] = maf_base_refuse,
        [M2M_OP_DELETE] = maf_base_refuse,
    };
    static maf_procedure *const of_client[] = {
        [M2M_OP_CREATE] = maf_record_create,
        [M2M_OP_RETRIEVE] = maf_client_configuration,
        [M2M_OP_UPDATE] = maf_client_update,
        [M2M_OP_DELETE] = maf_client_deregistration,
    };
    static maf_procedure *const of_key[] = {
        [M2M_OP_CREATE] = maf_record_create,
        [M2M_OP_RETRIEVE] = maf_key_retrieval,
        [M2M_OP_UPDATE] = maf_key_update,
        [M2M_OP_DELETE] = maf_key_deregistration,
    };
    if (c->to.depth == 2)
        return c->maf->role->of_child;
    if (c->to.depth == 0)
        return of_base[c->rq->op];
    if (maf_is_registration_id(c->to.name))
        return of_client[c->rq->op];
    return c->session->peer->kind == MAF_CREDENTIAL_KEID ? refuse_key : of_key[c->rq->op];
}

static om_rc run(struct maf_call *c)
{
    OM_TRY(check_peer(c));
    OM_TRY(maf_check_credential(c));
    if (c->rq->syntax_rsc != 0 && !c->rq->syntax_in_content)
        return maf_refuse(c, c->rq->syntax_rsc, "%s", c->rq->syntax_text);
    OM_TRY(check_version(c));
    OM_TRY(check_from(c));
    OM_TRY(check_support(c));
    maf_procedure *outside = c->maf->role->outside != NULL ? c->maf->role->outside(c->rq) : NULL;
    if (outside != NULL)
        return outside(c);
    OM_TRY(check_address(c));
    return find_procedure(c)(c);
}

static void count(struct maf_stats *stats, int rsc)
{
    stats->requests++;
    if (rsc >= 5000)
        stats->responses_5xxx++;
    else if (rsc >= 4000)
        stats->responses_4xxx++;
    else
        stats->responses_ok++;
}

void maf_handle(struct maf *maf, struct maf_session *session, const struct m2m_request *rq,
                struct m2m_response *rs)
{
    struct maf_call c = {.maf = maf, .session = session, .rq = rq, .rs = rs, .now = maf->now()};
    struct maf_retry retry = {0};
    om_rc rc = OM_ETRANSIENT;
    rs->has_rqi = rq->has_rqi;
    memcpy(rs->rqi, rq->rqi, sizeof rs->rqi);
    /* Until its commit a procedure has changed nothing, so it can be run again as a whole. */
    while (rc == OM_ETRANSIENT && maf_again(&retry))
        rc = run(&c);
    if (!c.answered)
        maf_fault(&c, rc);
    if (maf->role->finish != NULL)
        maf->role->finish(&c);
    json_decref(c.content);
    count(&maf->stats, rs->rsc);
    om_log(OM_LOG_DEBUG, "op=%d to=%s ty=%d credential=%s: %d", rq->op, rq->to, rq->ty,
           maf_peer_name(session->peer), rs->rsc);
}
