/* Discovery (spec/wire §3; TS-0004 7.3.3.14): RETRIEVE of the base with filterUsage 1. It shows a client its
 * own registrations, its own keys and the keys that list it (spec/maf §12), and of these only identifiers. */
#include "maf/maf_internal.h"

#include <string.h>

#include "util/log.h"

#define RESULTS_MAX 1000 /* of one request; the rest is reached with offset */
#define RCN_REFS    6    /* child resource references instead of identifiers */

/* What the criteria look at: a verified record, or what a row says of itself. */
struct candidate {
    const char *id;
    int ty;
    const struct m2m_list *labels;
    const struct store_glance *unverified; /* else it has the labels */
    int64_t created, modified, expires;
};

struct search {
    struct maf_call *c;
    json_t *found;
    bool refs;
    int64_t skip, left;
    om_rc rc;
};

/* A criterion that is absent does not count; those that are there combine with AND, or OR (fo 2). */
struct verdict {
    bool or ;
    unsigned given, met;
};

static void criterion(struct verdict *v, bool given, bool met)
{
    v->given += given;
    v->met += given && met;
}

static bool any_label(const struct m2m_list *wanted, const struct candidate *r)
{
    for (size_t i = 0; i < wanted->n; i++)
        if (r->labels != NULL ? m2m_list_has(r->labels, wanted->items[i])
                              : store_glance_has_label(r->unverified, wanted->items[i]))
            return true;
    return false;
}

/* Lower bounds include, upper bounds exclude. */
static bool matches(const struct m2m_filter *f, const struct candidate *r)
{
    const int64_t none = INT64_MIN;
    struct verdict v = {.or = f->fo == 2};
    criterion(&v, f->lbl.n != 0, any_label(&f->lbl, r));
    criterion(&v, f->ty != 0, f->ty == r->ty);
    criterion(&v, f->crb != none, r->created < f->crb);
    criterion(&v, f->cra != none, r->created >= f->cra);
    criterion(&v, f->ms != none, r->modified >= f->ms);
    criterion(&v, f->us != none, r->modified < f->us);
    criterion(&v, f->exb != none, r->expires < f->exb);
    criterion(&v, f->exa != none, r->expires >= f->exa);
    return v.or ? v.met > 0 || v.given == 0 : v.met == v.given;
}

static json_t *entry(const struct search *s, const struct candidate *r)
{
    if (!s->refs)
        return json_string(r->id);
    return json_pack("{s:s, s:i, s:s}", WIRE_NM, r->id, WIRE_TYP, r->ty, WIRE_VAL, r->id);
}

/* Returns false when the search is over. */
static bool consider(struct search *s, const struct candidate *r)
{
    if (maf_expired(r->expires, s->c->now) || !matches(&s->c->rq->fc, r))
        return true;
    if (s->skip > 0) {
        s->skip--;
        return true;
    }
    if (s->left == 0)
        return false;
    s->left--;
    if (json_array_append_new(s->found, entry(s, r)) == 0)
        return true;
    s->rc = om_fail(&s->c->err, OM_ENOMEM, "no memory for a discovery result");
    return false;
}

static bool skip_bad(const struct search *s, const char *id, const struct om_error *bad)
{
    if (bad != NULL)
        maf_audit_bad_row(s->c->maf, "row-refused", "id=%s why=\"%s\"", id, bad->text);
    return bad != NULL;
}

static bool consider_registration(void *arg, const struct store_registration *r, const struct om_error *bad)
{
    struct search *s = arg;
    if (skip_bad(s, r->id, bad) || strcmp(r->identity, s->c->from) != 0)
        return true;
    struct candidate found = {.id = r->id,
                              .ty = s->c->maf->role->ty_client_reg,
                              .labels = &r->labels,
                              .created = r->created,
                              .modified = r->modified,
                              .expires = r->expires};
    return consider(s, &found);
}

/* A row that cannot match, or has expired, need not be verified. */
static bool may_match(void *arg, const struct store_glance *g)
{
    const struct search *s = arg;
    struct candidate seen = {.ty = WIRE_TY_SYMM_KEY_REG,
                             .unverified = g,
                             .created = g->created,
                             .modified = g->modified,
                             .expires = g->expires};
    return !maf_expired(g->expires, s->c->now) && matches(&s->c->rq->fc, &seen);
}

/* The index behind the list is not authenticated, the row is: so visibility is decided here. */
static bool consider_key(void *arg, const struct store_key *r, const struct om_error *bad)
{
    struct search *s = arg;
    if (skip_bad(s, r->id, bad))
        return true;
    if (strcmp(r->source, s->c->from) != 0 && !m2m_list_has(&r->targets, s->c->from))
        return true;
    struct candidate found = {.id = r->id,
                              .ty = WIRE_TY_SYMM_KEY_REG,
                              .labels = &r->labels,
                              .created = r->created,
                              .modified = r->modified,
                              .expires = r->expires};
    return consider(s, &found);
}

static om_rc search(struct search *s)
{
    struct maf_call *c = s->c;
    const struct m2m_filter *f = &c->rq->fc;
    s->skip = f->ofst > 0 ? f->ofst : 0;
    s->left = f->lim >= 0 && f->lim < RESULTS_MAX ? f->lim : RESULTS_MAX;
    OM_TRY(store_registration_list(c->maf->store, c->from, consider_registration, s, &c->err));
    OM_TRY(s->rc);
    if (c->session->peer->kind == MAF_CREDENTIAL_KEID) /* MEF-RP-3 */
        return OM_OK;
    OM_TRY(store_key_find(c->maf->store, c->from, may_match, consider_key, s, &c->err));
    return s->rc;
}

static json_t *result(json_t *found, bool refs)
{
    return refs ? json_pack("{s:{s:O}}", WIRE_REF_LIST, WIRE_RRF, found)
                : json_pack("{s:O}", WIRE_URI_LIST, found);
}

om_rc maf_discovery(struct maf_call *c)
{
    enum maf_result wanted = MAF_RESULT_ATTRIBUTES;
    struct search s = {.c = c, .refs = c->rq->rcn == RCN_REFS};
    OM_TRY(maf_no_content(c));
    if (!s.refs)
        OM_TRY(maf_result_content(c, &wanted));
    if (c->rq->has_atrl)
        return maf_refuse(c, M2M_BAD_REQUEST, "an attribute list is not allowed with discovery");
    s.found = json_array();
    om_rc rc = s.found != NULL ? search(&s) : om_fail(&c->err, OM_ENOMEM, "no memory for a discovery");
    if (rc == OM_OK && wanted != MAF_RESULT_NOTHING) {
        c->content = result(s.found, s.refs);
        if (c->content == NULL)
            rc = om_fail(&c->err, OM_ENOMEM, "no memory for a discovery result");
    }
    json_decref(s.found);
    if (rc == OM_OK)
        maf_done(c, M2M_OK);
    return rc;
}
