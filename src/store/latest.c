/* The newest certificate that each holder has used: see subject.h. store_latest_get runs in every handshake
 * with a certificate of ours. */
#include "store/internal.h"
#include "store/subject.h"

static om_rc decode(const struct store_value *v, void *record, struct om_error *err)
{
    struct store_latest *r = record;
    OM_TRY(store_take_text(&v[0], r->id, sizeof r->id, err));
    OM_TRY(store_take_text(&v[1], r->serial, sizeof r->serial, err));
    r->created = v[2].i;
    return OM_OK;
}

static const struct store_table table = {
    .name = "latest",
    .types = "tti",
    .record = "latest certificate",
    .id_size = M2M_ID_SIZE,
    .record_size = sizeof(struct store_latest),
    .decode = decode,
};

static om_rc put(struct store *s, const struct store_latest *r, struct om_error *err)
{
    struct store_latest now;
    struct store_value v[] = {store_text(r->id), store_text(r->serial), store_integer(r->created)};
    om_rc rc = store_latest_get(s, r->id, &now, err);
    if (rc != OM_OK && rc != OM_ENOTFOUND)
        return rc;
    if (rc == OM_OK && now.created >= r->created)
        return OM_OK; /* of two sessions at once, the one with the later certificate counts */
    return store_row_put(s, &table, STORE_SQL_LATEST_PUT, v, err);
}

om_rc store_latest_put(struct store *s, const struct store_latest *r, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, put(s, r, err), err);
}

om_rc store_latest_get(struct store *s, const char *id, struct store_latest *out, struct om_error *err)
{
    struct store_lookup by = {STORE_SQL_LATEST_GET, 0, 1, {store_text(id)}};
    return store_row_get(s, &table, &by, out, err);
}

struct list {
    store_latest_fn *fn;
    void *arg;
};

static bool each(void *arg, const void *record, const struct om_error *bad)
{
    const struct list *l = arg;
    return l->fn(l->arg, record, bad);
}

om_rc store_latest_list(struct store *s, store_latest_fn *fn, void *arg, struct om_error *err)
{
    struct list l = {fn, arg};
    return store_row_list(s, &table, STORE_SQL_LATEST_LIST, NULL, each, &l, err);
}
