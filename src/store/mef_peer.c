/* The MEFs that a MAF asks. */
#include "store/internal.h"
#include "store/provisioned.h"

#include <string.h>

static om_rc decode(const struct store_value *v, void *record, struct om_error *err)
{
    struct store_mef *r = record;
    OM_TRY(store_take_text(&v[0], r->fqdn, sizeof r->fqdn, err));
    OM_TRY(store_take_text(&v[1], r->address, sizeof r->address, err));
    OM_TRY(store_take_text(&v[2], r->kpmid, sizeof r->kpmid, err));
    r->created = v[4].i;
    OM_TRY(store_take_blob(&v[5], &r->kpm, err));
    return store_list_decode(&v[3], &r->vouches, err);
}

static void release(void *record)
{
    store_mef_free(record);
}

static const struct store_table table = {
    .name = "mef",
    .types = "tttbib",
    .record = "MEF",
    .id_size = M2M_FQDN_SIZE,
    .record_size = sizeof(struct store_mef),
    .decode = decode,
    .release = release,
};

void store_mef_free(struct store_mef *r)
{
    m2m_list_free(&r->vouches);
    memset(r, 0, sizeof *r);
}

static om_rc put(struct store *s, const struct store_mef *r, struct om_error *err)
{
    struct om_writer w;
    struct store_value vouches;
    om_writer_init(&w, s->lists, STORE_ROW_MAX);
    OM_TRY(store_list_encode(&w, &r->vouches, &vouches, err));
    if (r->kpm.len > sizeof r->kpm.octets)
        return om_fail(err, OM_EINPUT, "the wrapped key for %s is too long", r->fqdn);
    struct store_value v[] = {store_text(r->fqdn),       store_text(r->address),
                              store_text(r->kpmid),      vouches,
                              store_integer(r->created), store_blob(r->kpm.octets, r->kpm.len)};
    return store_row_put(s, &table, STORE_SQL_MEF_PUT, v, err);
}

om_rc store_mef_put(struct store *s, const struct store_mef *r, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, put(s, r, err), err);
}

om_rc store_mef_get(struct store *s, const char *fqdn, struct store_mef *out, struct om_error *err)
{
    struct store_lookup by = {STORE_SQL_MEF_GET, 0, 1, {store_text(fqdn)}};
    return store_row_get(s, &table, &by, out, err);
}

om_rc store_mef_delete(struct store *s, const char *fqdn, struct om_error *err)
{
    struct store_value key = store_text(fqdn);
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, store_row_delete(s, &table, STORE_SQL_MEF_DELETE, &key, 1, err), err);
}

struct list {
    store_mef_fn *fn;
    void *arg;
};

static bool each(void *arg, const void *record, const struct om_error *bad)
{
    const struct list *l = arg;
    return l->fn(l->arg, record, bad);
}

om_rc store_mef_list(struct store *s, store_mef_fn *fn, void *arg, struct om_error *err)
{
    struct list l = {fn, arg};
    return store_row_list(s, &table, STORE_SQL_MEF_LIST, NULL, each, &l, err);
}
