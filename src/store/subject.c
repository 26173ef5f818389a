/* Enrolees that may have certificates: see subject.h. */
#include "store/subject.h"
#include "store/internal.h"

#include <string.h>

static om_rc decode(const struct store_value *v, void *record, struct om_error *err)
{
    struct store_subject *r = record;
    OM_TRY(store_take_text(&v[0], r->identity, sizeof r->identity, err));
    r->lifetime = v[1].i;
    r->created = v[3].i;
    return store_list_decode(&v[2], &r->names, err);
}

static void release(void *record)
{
    store_subject_free(record);
}

static const struct store_table table = {
    .name = "subject",
    .types = "tibi",
    .record = "certificate subject",
    .id_size = M2M_ID_SIZE,
    .record_size = sizeof(struct store_subject),
    .decode = decode,
    .release = release,
};

void store_subject_free(struct store_subject *r)
{
    m2m_list_free(&r->names);
    memset(r, 0, sizeof *r);
}

static om_rc put(struct store *s, const struct store_subject *r, struct om_error *err)
{
    struct om_writer w;
    struct store_value names;
    om_writer_init(&w, s->lists, STORE_ROW_MAX);
    OM_TRY(store_list_encode(&w, &r->names, &names, err));
    struct store_value v[] = {store_text(r->identity), store_integer(r->lifetime), names,
                              store_integer(r->created)};
    return store_row_put(s, &table, STORE_SQL_SUBJECT_PUT, v, err);
}

om_rc store_subject_put(struct store *s, const struct store_subject *r, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, put(s, r, err), err);
}

om_rc store_subject_get(struct store *s, const char *identity, struct store_subject *out,
                        struct om_error *err)
{
    struct store_lookup by = {STORE_SQL_SUBJECT_GET, 0, 1, {store_text(identity)}};
    return store_row_get(s, &table, &by, out, err);
}

om_rc store_subject_delete(struct store *s, const char *identity, struct om_error *err)
{
    struct store_value key = store_text(identity);
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, store_row_delete(s, &table, STORE_SQL_SUBJECT_DELETE, &key, 1, err), err);
}

struct list {
    store_subject_fn *fn;
    void *arg;
};

static bool each(void *arg, const void *record, const struct om_error *bad)
{
    const struct list *l = arg;
    return l->fn(l->arg, record, bad);
}

om_rc store_subject_list(struct store *s, store_subject_fn *fn, void *arg, struct om_error *err)
{
    struct list l = {fn, arg};
    return store_row_list(s, &table, STORE_SQL_SUBJECT_LIST, NULL, each, &l, err);
}
