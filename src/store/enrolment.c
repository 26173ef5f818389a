/* Enrolments: KeID -> Enrolee and wrapped Ke. A handshake at a MEF makes one. */
#include "store/internal.h"
#include "store/mef.h"
#include "util/text.h"

#include <string.h>

static om_rc decode(const struct store_value *v, void *record, struct om_error *err)
{
    struct store_enrolment *r = record;
    OM_TRY(store_take_text(&v[1], r->id, sizeof r->id, err));
    OM_TRY(store_take_text(&v[2], r->enrolee, sizeof r->enrolee, err));
    OM_TRY(store_take_text(&v[3], r->credential, sizeof r->credential, err));
    r->fetched = v[4].i != 0;
    r->created = v[5].i;
    r->expires = v[6].i;
    return store_take_blob(&v[7], &r->ke, err);
}

static const struct store_table table = {
    .name = "enrolment",
    .types = "ttttiiib",
    .record = "KeID",
    .shown = 1,
    .id_size = M2M_RELATIVE_SIZE,
    .record_size = sizeof(struct store_enrolment),
    .decode = decode,
};

/* As it is stored: letter case does not count in KpmIDs and FQDNs. It does in URIs, hardware IDs and key
 * identifiers, each of which has a ':' or '/' and neither of those has. */
static om_rc credential_key(const char *credential, char out[M2M_ID_SIZE], struct om_error *err)
{
    return strpbrk(credential, ":/") == NULL ? m2m_fold(out, M2M_ID_SIZE, credential, err)
                                             : om_copy_text(out, M2M_ID_SIZE, credential, err);
}

static om_rc put(struct store *s, const struct store_enrolment *r, enum store_statement sql,
                 struct om_error *err)
{
    char key[M2M_RELATIVE_SIZE];
    char credential[M2M_ID_SIZE];
    OM_TRY(m2m_fold(key, sizeof key, r->id, err));
    OM_TRY(credential_key(r->credential, credential, err));
    if (r->ke.len > sizeof r->ke.octets)
        return om_fail(err, OM_EINPUT, "the wrapped key of %s is too long", r->id);
    struct store_value v[] = {
        store_text(key),           store_text(r->id),
        store_text(r->enrolee),    store_text(credential),
        store_integer(r->fetched), store_integer(r->created),
        store_integer(r->expires), store_blob(r->ke.octets, r->ke.len),
    };
    return store_row_put(s, &table, sql, v, err);
}

/* The new one stays, whatever the clock said when the others were made. */
static om_rc trim(struct store *s, const struct store_enrolment *r, size_t keep, struct om_error *err)
{
    char key[M2M_RELATIVE_SIZE];
    OM_TRY(m2m_fold(key, sizeof key, r->id, err));
    struct store_value oldest[] = {store_text(r->enrolee), store_integer((int64_t)keep), store_text(key)};
    return store_sql_run(s, STORE_SQL_ENROLMENT_TRIM, "tit", oldest, NULL, err);
}

/* MEF-EK-4: KeIDs and RelativeKeyIDs are named alike, and no name stands for two keys. */
static om_rc create(struct store *s, const struct store_enrolment *r, size_t keep, struct om_error *err)
{
    bool used = false;
    OM_TRY(store_id_used(s, STORE_ID_KEY, r->id, &used, err));
    if (used)
        return om_fail(err, OM_ECONFLICT, "%s was given to a key before", r->id);
    OM_TRY(put(s, r, STORE_SQL_ENROLMENT_CREATE, err));
    return trim(s, r, keep, err);
}

om_rc store_enrolment_create(struct store *s, const struct store_enrolment *r, size_t keep,
                             struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, create(s, r, keep, err), err);
}

om_rc store_enrolment_get(struct store *s, const char *id, struct store_enrolment *out, struct om_error *err)
{
    char key[M2M_RELATIVE_SIZE];
    OM_TRY(m2m_fold(key, sizeof key, id, err));
    struct store_lookup by = {STORE_SQL_ENROLMENT_GET, 0, 1, {store_text(key)}};
    return store_row_get(s, &table, &by, out, err);
}

static om_rc set_fetched(struct store *s, const char *id, struct om_error *err)
{
    struct store_enrolment now;
    OM_TRY(store_enrolment_get(s, id, &now, err));
    now.fetched = true;
    return put(s, &now, STORE_SQL_ENROLMENT_UPDATE, err);
}

om_rc store_enrolment_fetched(struct store *s, const char *id, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, set_fetched(s, id, err), err);
}

static om_rc delete (struct store *s, const char *id, struct om_error *err)
{
    char key[M2M_RELATIVE_SIZE];
    OM_TRY(m2m_fold(key, sizeof key, id, err));
    struct store_value v = store_text(key);
    return store_row_delete(s, &table, STORE_SQL_ENROLMENT_DELETE, &v, 1, err);
}

om_rc store_enrolment_delete(struct store *s, const char *id, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, delete (s, id, err), err);
}

om_rc store_enrolment_delete_of(struct store *s, const char *credential, size_t *deleted,
                                struct om_error *err)
{
    char key[M2M_ID_SIZE];
    OM_TRY(credential_key(credential, key, err));
    struct store_value v = store_text(key);
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, store_sql_run(s, STORE_SQL_ENROLMENT_DELETE_OF, "t", &v, deleted, err), err);
}

struct list {
    store_enrolment_fn *fn;
    void *arg;
};

static bool each(void *arg, const void *record, const struct om_error *bad)
{
    const struct list *l = arg;
    return l->fn(l->arg, record, bad);
}

om_rc store_enrolment_list(struct store *s, store_enrolment_fn *fn, void *arg, struct om_error *err)
{
    struct list l = {fn, arg};
    return store_row_list(s, &table, STORE_SQL_ENROLMENT_LIST, NULL, each, &l, err);
}
