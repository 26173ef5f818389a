/* Credentials: KmID -> identity and wrapped Km. store_credential_get runs in every handshake. */
#include "store/internal.h"

static om_rc decode(const struct store_value *v, void *record, struct om_error *err)
{
    struct store_credential *r = record;
    int64_t state;
    OM_TRY(store_take_text(&v[1], r->kmid, sizeof r->kmid, err));
    OM_TRY(store_take_text(&v[2], r->identity, sizeof r->identity, err));
    OM_TRY(store_take_text(&v[3], r->admin_fqdn, sizeof r->admin_fqdn, err));
    OM_TRY(store_take_range(&v[4], STORE_CREDENTIAL_ACTIVE, STORE_CREDENTIAL_REVOKED, &state, err));
    r->state = (enum store_credential_state)state;
    r->assigned = v[5].i != 0;
    r->created = v[6].i;
    r->expires = v[7].i;
    return store_take_blob(&v[8], &r->km, err);
}

static const struct store_table table = {
    .name = "credential",
    .types = "ttttiiiib",
    .record = "KmID",
    .shown = 1,
    .id_size = M2M_KEY_ID_SIZE,
    .record_size = sizeof(struct store_credential),
    .decode = decode,
};

static om_rc put(struct store *s, const struct store_credential *r, enum store_statement sql,
                 struct om_error *err)
{
    char key[M2M_KEY_ID_SIZE];
    OM_TRY(m2m_fold(key, sizeof key, r->kmid, err));
    if (r->km.len > sizeof r->km.octets)
        return om_fail(err, OM_EINPUT, "the wrapped key of %s is too long", r->kmid);
    if (r->state != STORE_CREDENTIAL_ACTIVE && r->state != STORE_CREDENTIAL_REVOKED)
        return om_fail(err, OM_EINPUT, "credential %s has no such state", r->kmid);
    struct store_value v[] = {
        store_text(key),           store_text(r->kmid),       store_text(r->identity),
        store_text(r->admin_fqdn), store_integer(r->state),   store_integer(r->assigned ? 1 : 0),
        store_integer(r->created), store_integer(r->expires), store_blob(r->km.octets, r->km.len),
    };
    return store_row_put(s, &table, sql, v, err);
}

static om_rc create(struct store *s, const struct store_credential *r, struct om_error *err)
{
    OM_TRY(store_burn(s, STORE_ID_KMID, r->kmid, err));
    return put(s, r, STORE_SQL_CREDENTIAL_CREATE, err);
}

om_rc store_credential_create(struct store *s, const struct store_credential *r, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, create(s, r, err), err);
}

om_rc store_credential_get(struct store *s, const char *kmid, struct store_credential *out,
                           struct om_error *err)
{
    char key[M2M_KEY_ID_SIZE];
    uint8_t header[STORE_WAL_HEADER];
    OM_TRY(m2m_fold(key, sizeof key, kmid, err));
    bool seen = store_recent_header(s->recent, s->db, header);
    enum store_recent_answer known =
        seen ? store_recent_get(s->recent, key, header, out) : STORE_RECENT_UNKNOWN;
    if (known == STORE_RECENT_PRESENT)
        return OM_OK;
    if (known == STORE_RECENT_ABSENT)
        return om_fail(err, OM_ENOTFOUND, "%s: there is no such KmID", kmid);
    struct store_lookup by = {STORE_SQL_CREDENTIAL_GET, 0, 1, {store_text(key)}};
    om_rc rc = store_row_get(s, &table, &by, out, err);
    if (seen && (rc == OM_OK || rc == OM_ENOTFOUND))
        store_recent_put(s->recent, key, header, rc == OM_OK ? out : NULL);
    return rc;
}

/* The rest of the row comes from the database, verified: an update never makes an altered row good again. */
static om_rc update(struct store *s, const struct store_credential *r, struct om_error *err)
{
    struct store_credential now;
    OM_TRY(store_credential_get(s, r->kmid, &now, err));
    now.state = r->state;
    now.expires = r->expires;
    return put(s, &now, STORE_SQL_CREDENTIAL_UPDATE, err);
}

om_rc store_credential_update(struct store *s, const struct store_credential *r, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, update(s, r, err), err);
}

static om_rc delete (struct store *s, const char *kmid, struct om_error *err)
{
    char key[M2M_KEY_ID_SIZE];
    OM_TRY(m2m_fold(key, sizeof key, kmid, err));
    struct store_value v = store_text(key);
    return store_row_delete(s, &table, STORE_SQL_CREDENTIAL_DELETE, &v, 1, err);
}

om_rc store_credential_delete(struct store *s, const char *kmid, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, delete (s, kmid, err), err);
}

struct list {
    store_credential_fn *fn;
    void *arg;
};

static bool each(void *arg, const void *record, const struct om_error *bad)
{
    const struct list *l = arg;
    return l->fn(l->arg, record, bad);
}

om_rc store_credential_list(struct store *s, store_credential_fn *fn, void *arg, struct om_error *err)
{
    struct list l = {fn, arg};
    return store_row_list(s, &table, STORE_SQL_CREDENTIAL_LIST, NULL, each, &l, err);
}
