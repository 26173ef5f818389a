/* The MEFs that a MAF asks. What came with certificates has a table of its own beside the other (schema.c).
 */
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
    m2m_list_free(&r->anchors);
    memset(r, 0, sizeof *r);
}

/* --- the row beside it, of a MEF without a KpmID --- */

struct trust {
    char fqdn[M2M_FQDN_SIZE];
    int64_t created; /* that of the MEF's row, or it belongs to another one */
    struct m2m_list anchors;
};

static om_rc decode_trust(const struct store_value *v, void *record, struct om_error *err)
{
    struct trust *r = record;
    OM_TRY(store_take_text(&v[0], r->fqdn, sizeof r->fqdn, err));
    r->created = v[1].i;
    return store_list_decode(&v[2], &r->anchors, err);
}

static void release_trust(void *record)
{
    struct trust *r = record;
    m2m_list_free(&r->anchors);
}

static const struct store_table trust_table = {
    .name = "mef_trust",
    .types = "tib",
    .record = "trust anchors of MEF",
    .id_size = M2M_FQDN_SIZE,
    .record_size = sizeof(struct trust),
    .decode = decode_trust,
    .release = release_trust,
};

static om_rc get_trust(struct store *s, struct store_mef *r, struct om_error *err)
{
    struct trust t;
    struct store_lookup by = {STORE_SQL_MEF_TRUST_GET, 0, 1, {store_text(r->fqdn)}};
    om_rc rc = store_row_get(s, &trust_table, &by, &t, err);
    if (rc == OM_ENOTFOUND)
        return om_fail(err, OM_EINTEGRITY, "MEF %s has neither a KpmID nor trust anchors", r->fqdn);
    OM_TRY(rc);
    if (t.created != r->created || t.anchors.n == 0) {
        release_trust(&t);
        return om_fail(err, OM_EINTEGRITY, "the trust anchors of MEF %s are not its own", r->fqdn);
    }
    r->anchors = t.anchors; /* taken over */
    return OM_OK;
}

static om_rc put_trust(struct store *s, const struct store_mef *r, struct om_error *err)
{
    struct om_writer w;
    struct store_value anchors, fqdn = store_text(r->fqdn);
    if (r->anchors.n == 0)
        return store_sql_run(s, STORE_SQL_MEF_TRUST_DELETE, "t", &fqdn, NULL, err);
    om_writer_init(&w, s->lists, STORE_ROW_MAX);
    OM_TRY(store_list_encode(&w, &r->anchors, &anchors, err));
    struct store_value v[] = {fqdn, store_integer(r->created), anchors};
    return store_row_put(s, &trust_table, STORE_SQL_MEF_TRUST_PUT, v, err);
}

/* --- both --- */

static om_rc put(struct store *s, const struct store_mef *r, struct om_error *err)
{
    struct om_writer w;
    struct store_value vouches;
    om_writer_init(&w, s->lists, STORE_ROW_MAX);
    OM_TRY(store_list_encode(&w, &r->vouches, &vouches, err));
    if (r->kpm.len > sizeof r->kpm.octets)
        return om_fail(err, OM_EINPUT, "the wrapped key for %s is too long", r->fqdn);
    if ((r->kpmid[0] == '\0') != (r->anchors.n > 0) || (r->kpmid[0] == '\0') != (r->kpm.len == 0))
        return om_fail(err, OM_EINPUT, "MEF %s needs either a KpmID with its key, or trust anchors", r->fqdn);
    struct store_value v[] = {store_text(r->fqdn),       store_text(r->address),
                              store_text(r->kpmid),      vouches,
                              store_integer(r->created), store_blob(r->kpm.octets, r->kpm.len)};
    OM_TRY(store_row_put(s, &table, STORE_SQL_MEF_PUT, v, err));
    return put_trust(s, r, err);
}

om_rc store_mef_put(struct store *s, const struct store_mef *r, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, put(s, r, err), err);
}

om_rc store_mef_get(struct store *s, const char *fqdn, struct store_mef *out, struct om_error *err)
{
    struct store_lookup by = {STORE_SQL_MEF_GET, 0, 1, {store_text(fqdn)}};
    OM_TRY(store_row_get(s, &table, &by, out, err));
    om_rc rc = out->kpmid[0] != '\0' ? OM_OK : get_trust(s, out, err);
    if (rc != OM_OK)
        store_mef_free(out);
    return rc;
}

om_rc store_mef_delete(struct store *s, const char *fqdn, struct om_error *err)
{
    struct store_value key = store_text(fqdn);
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, store_row_delete(s, &table, STORE_SQL_MEF_DELETE, &key, 1, err), err);
}

struct list {
    struct store *s;
    store_mef_fn *fn;
    void *arg;
};

static bool each(void *arg, const void *record, const struct om_error *bad)
{
    const struct list *l = arg;
    struct store_mef r = *(const struct store_mef *)record; /* its vouches stay the record's */
    struct om_error why = {0};
    if (bad != NULL || r.kpmid[0] != '\0')
        return l->fn(l->arg, &r, bad);
    om_rc rc = get_trust(l->s, &r, &why);
    bool more = l->fn(l->arg, &r, rc == OM_OK ? NULL : &why);
    m2m_list_free(&r.anchors);
    return more;
}

om_rc store_mef_list(struct store *s, store_mef_fn *fn, void *arg, struct om_error *err)
{
    struct list l = {s, fn, arg};
    return store_row_list(s, &table, STORE_SQL_MEF_LIST, NULL, each, &l, err);
}
