/* Query parameters: see query.h. */
#include "client/query.h"
#include "onem2m/types.h"

#include <stdio.h>
#include <string.h>

#define VALUE_SIZE 6144 /* the longest list: 32 labels of 128 octets */

struct walk {
    query_visit *visit;
    void *arg;
    struct om_error *err;
    om_rc rc; /* of the first failure */
};

static void text(struct walk *w, const char *name, const char *value)
{
    if (w->rc == OM_OK)
        w->rc = w->visit(w->arg, name, value, w->err);
}

static void number(struct walk *w, const char *name, int64_t v, bool present)
{
    char value[24];
    (void)snprintf(value, sizeof value, "%lld", (long long)v);
    if (present)
        text(w, name, value);
}

static void point_in_time(struct walk *w, const char *name, int64_t v)
{
    char value[M2M_TIMESTAMP_SIZE];
    if (v == INT64_MIN)
        return;
    m2m_timestamp_format(value, v);
    text(w, name, value);
}

static void list(struct walk *w, const char *name, const struct m2m_list *items)
{
    char value[VALUE_SIZE] = "";
    size_t at = 0;
    for (size_t i = 0; i < items->n && w->rc == OM_OK; i++) {
        const char *item = items->items[i];
        int n = snprintf(value + at, sizeof value - at, "%s%s", i > 0 ? "+" : "", item);
        if (strchr(item, '+') != NULL)
            w->rc =
                om_fail(w->err, OM_EINPUT, "'%.80s' cannot be asked for: a query joins lists with '+'", item);
        else if (n < 0 || (size_t)n >= sizeof value - at)
            w->rc = om_fail(w->err, OM_EINPUT, "%s: the list is too long for a query", name);
        else
            at += (size_t)n;
    }
    if (items->n > 0)
        text(w, name, value);
}

static void filter(struct walk *w, const struct m2m_filter *fc)
{
    number(w, WIRE_FU, 1, fc->discovery);
    list(w, WIRE_LBL, &fc->lbl);
    number(w, WIRE_TY, fc->ty, fc->ty != 0);
    number(w, WIRE_FO, fc->fo, fc->fo == 2);
    point_in_time(w, WIRE_CRB, fc->crb);
    point_in_time(w, WIRE_CRA, fc->cra);
    point_in_time(w, WIRE_MS, fc->ms);
    point_in_time(w, WIRE_US, fc->us);
    point_in_time(w, WIRE_EXB, fc->exb);
    point_in_time(w, WIRE_EXA, fc->exa);
    number(w, WIRE_LIM, fc->lim, fc->lim >= 0);
    number(w, WIRE_OFST, fc->ofst, fc->ofst >= 0);
}

om_rc query_walk(const struct m2m_request *rq, query_visit *visit, void *arg, struct om_error *err)
{
    struct walk w = {.visit = visit, .arg = arg, .err = err};
    number(&w, WIRE_RCN, rq->rcn, rq->rcn >= 0);
    if (rq->fc.present)
        filter(&w, &rq->fc);
    if (rq->has_atrl)
        list(&w, WIRE_ATRL, &rq->atrl);
    return w.rc;
}
