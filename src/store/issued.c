/* Certificates that our own authorities issued: see issued.h. */
#include "store/issued.h"
#include "store/internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

om_rc store_take_cert(const struct store_value *v, uint8_t **cert, size_t *n, struct om_error *err)
{
    if (v->n == 0 || v->n > STORE_CERT_MAX)
        return om_fail(err, OM_EINTEGRITY, "a certificate column is malformed");
    *cert = malloc(v->n);
    if (*cert == NULL)
        return om_fail(err, OM_ENOMEM, "no memory for a certificate");
    memcpy(*cert, v->p, v->n);
    *n = v->n;
    return OM_OK;
}

static om_rc decode(const struct store_value *v, void *record, struct om_error *err)
{
    struct store_issued *r = record;
    int64_t flavour = 0;
    int64_t reason = 0;
    OM_TRY(store_take_text(&v[0], r->serial, sizeof r->serial, err));
    OM_TRY(store_take_text(&v[1], r->authority, sizeof r->authority, err));
    OM_TRY(store_take_range(&v[2], 0, INT_MAX, &flavour, err));
    OM_TRY(store_take_text(&v[3], r->name, sizeof r->name, err));
    OM_TRY(store_take_text(&v[4], r->key, sizeof r->key, err));
    OM_TRY(store_take_range(&v[8], 0, INT_MAX, &reason, err));
    OM_TRY(store_take_cert(&v[9], &r->cert, &r->cert_len, err));
    r->flavour = (int)flavour;
    r->reason = (int)reason;
    r->created = v[5].i;
    r->expires = v[6].i;
    r->revoked = v[7].i;
    return OM_OK;
}

static void release(void *record)
{
    store_issued_free(record);
}

static const struct store_table table = {
    .name = "issued",
    .types = "ttittiiiib",
    .record = "certificate",
    .id_size = STORE_SERIAL_SIZE,
    .record_size = sizeof(struct store_issued),
    .decode = decode,
    .release = release,
};

void store_issued_free(struct store_issued *r)
{
    free(r->cert);
    memset(r, 0, sizeof *r);
}

static om_rc put(struct store *s, const struct store_issued *r, enum store_statement sql,
                 struct om_error *err)
{
    if (r->serial[0] == '\0' || r->cert_len == 0 || r->cert_len > STORE_CERT_MAX)
        return om_fail(err, OM_EINPUT, "a certificate without serial number, or of %zu octets", r->cert_len);
    struct store_value v[] = {
        store_text(r->serial),     store_text(r->authority),
        store_integer(r->flavour), store_text(r->name),
        store_text(r->key),        store_integer(r->created),
        store_integer(r->expires), store_integer(r->revoked),
        store_integer(r->reason),  store_blob(r->cert, r->cert_len),
    };
    return store_row_put(s, &table, sql, v, err);
}

om_rc store_issued_create(struct store *s, const struct store_issued *r, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, put(s, r, STORE_SQL_ISSUED_CREATE, err), err);
}

om_rc store_issued_get(struct store *s, const char *serial, struct store_issued *out, struct om_error *err)
{
    struct store_lookup by = {STORE_SQL_ISSUED_GET, 0, 1, {store_text(serial)}};
    return store_row_get(s, &table, &by, out, err);
}

static om_rc revoke(struct store *s, const char *serial, int64_t when, int reason, struct om_error *err)
{
    struct store_issued now;
    OM_TRY(store_issued_get(s, serial, &now, err));
    om_rc rc = OM_OK;
    if (now.revoked != 0)
        rc = om_fail(err, OM_ECONFLICT, "certificate %s was revoked before", serial);
    now.revoked = when;
    now.reason = reason;
    if (rc == OM_OK)
        rc = put(s, &now, STORE_SQL_ISSUED_REVOKE, err);
    if (rc == OM_OK)
        rc = store_authority_count(s, now.authority, 0, 1, NULL, err);
    store_issued_free(&now);
    return rc;
}

om_rc store_issued_revoke(struct store *s, const char *serial, int64_t when, int reason, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, revoke(s, serial, when, reason, err), err);
}

struct list {
    store_issued_glance_fn *glance;
    store_issued_fn *fn;
    void *arg;
};

static bool each(void *arg, const void *record, const struct om_error *bad)
{
    const struct list *l = arg;
    return l->fn(l->arg, record, bad);
}

static bool glance(void *arg, const struct store_value *v)
{
    const struct list *l = arg;
    return l->glance(l->arg, &(struct store_issued_glance){.name = v[3].p,
                                                           .name_len = v[3].n,
                                                           .flavour = v[2].i,
                                                           .created = v[5].i,
                                                           .expires = v[6].i,
                                                           .revoked = v[7].i});
}

om_rc store_issued_find(struct store *s, enum store_issued_by by, const char *text,
                        store_issued_glance_fn *wanted, store_issued_fn *fn, void *arg, struct om_error *err)
{
    static const enum store_statement statements[] = {
        [STORE_ISSUED_ALL] = STORE_SQL_ISSUED_LIST,
        [STORE_ISSUED_BY_NAME] = STORE_SQL_ISSUED_LIST_BY_NAME,
        [STORE_ISSUED_BY_KEY] = STORE_SQL_ISSUED_LIST_BY_KEY,
        [STORE_ISSUED_REVOKED_OF] = STORE_SQL_ISSUED_LIST_REVOKED,
    };
    struct list l = {wanted, fn, arg};
    return store_row_walk(s, &table, statements[by], text,
                          &(struct store_walk){wanted != NULL ? glance : NULL, each, &l}, err);
}

om_rc store_issued_list(struct store *s, enum store_issued_by by, const char *text, store_issued_fn *fn,
                        void *arg, struct om_error *err)
{
    return store_issued_find(s, by, text, NULL, fn, arg, err);
}
