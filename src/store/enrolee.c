/* Enrolees and what may be fetched of them. store_enrolee_get runs in every handshake of a MEF. */
#include "store/internal.h"
#include "store/mef.h"

#include <string.h>

static om_rc decode(const struct store_value *v, void *record, struct om_error *err)
{
    struct store_enrolee *r = record;
    OM_TRY(store_take_text(&v[0], r->identity, sizeof r->identity, err));
    r->lifetime = v[1].i;
    r->created = v[3].i;
    return store_list_decode(&v[2], &r->rights, err);
}

static void release(void *record)
{
    store_enrolee_free(record);
}

static const struct store_table table = {
    .name = "enrolee",
    .types = "tibi",
    .record = "Enrolee",
    .id_size = M2M_ID_SIZE,
    .record_size = sizeof(struct store_enrolee),
    .decode = decode,
    .release = release,
};

void store_enrolee_free(struct store_enrolee *r)
{
    m2m_list_free(&r->rights);
    memset(r, 0, sizeof *r);
}

static om_rc put(struct store *s, const struct store_enrolee *r, struct om_error *err)
{
    struct om_writer w;
    struct store_value rights;
    om_writer_init(&w, s->lists, STORE_ROW_MAX);
    OM_TRY(store_list_encode(&w, &r->rights, &rights, err));
    struct store_value v[] = {store_text(r->identity), store_integer(r->lifetime), rights,
                              store_integer(r->created)};
    return store_row_put(s, &table, STORE_SQL_ENROLEE_PUT, v, err);
}

om_rc store_enrolee_put(struct store *s, const struct store_enrolee *r, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, put(s, r, err), err);
}

om_rc store_enrolee_get(struct store *s, const char *identity, struct store_enrolee *out,
                        struct om_error *err)
{
    struct store_lookup by = {STORE_SQL_ENROLEE_GET, 0, 1, {store_text(identity)}};
    return store_row_get(s, &table, &by, out, err);
}

om_rc store_enrolee_delete(struct store *s, const char *identity, struct om_error *err)
{
    struct store_value key = store_text(identity);
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, store_row_delete(s, &table, STORE_SQL_ENROLEE_DELETE, &key, 1, err), err);
}

struct list {
    store_enrolee_fn *fn;
    void *arg;
};

static bool each(void *arg, const void *record, const struct om_error *bad)
{
    const struct list *l = arg;
    return l->fn(l->arg, record, bad);
}

om_rc store_enrolee_list(struct store *s, store_enrolee_fn *fn, void *arg, struct om_error *err)
{
    struct list l = {fn, arg};
    return store_row_list(s, &table, STORE_SQL_ENROLEE_LIST, NULL, each, &l, err);
}
