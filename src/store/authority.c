/* Certification authorities: see issued.h. */
#include "store/internal.h"
#include "store/issued.h"

#include <stdlib.h>
#include <string.h>

static om_rc decode(const struct store_value *v, void *record, struct om_error *err)
{
    struct store_authority *r = record;
    OM_TRY(store_take_text(&v[0], r->name, sizeof r->name, err));
    OM_TRY(store_take_cert(&v[1], &r->cert, &r->cert_len, err));
    OM_TRY(store_take_text(&v[2], r->crl_uri, sizeof r->crl_uri, err));
    r->crl_number = v[3].i;
    r->revoked = v[4].i;
    r->created = v[5].i;
    return OM_OK;
}

static void release(void *record)
{
    store_authority_free(record);
}

static const struct store_table table = {
    .name = "authority",
    .types = "tbtiii",
    .record = "certification authority",
    .id_size = sizeof((struct store_authority *)0)->name,
    .record_size = sizeof(struct store_authority),
    .decode = decode,
    .release = release,
};

void store_authority_free(struct store_authority *r)
{
    free(r->cert);
    memset(r, 0, sizeof *r);
}

static om_rc put(struct store *s, const struct store_authority *r, enum store_statement sql,
                 struct om_error *err)
{
    if (r->cert_len == 0 || r->cert_len > STORE_CERT_MAX)
        return om_fail(err, OM_EINPUT, "the certificate of authority %s has %zu octets", r->name,
                       r->cert_len);
    struct store_value v[] = {
        store_text(r->name),          store_blob(r->cert, r->cert_len), store_text(r->crl_uri),
        store_integer(r->crl_number), store_integer(r->revoked),        store_integer(r->created),
    };
    return store_row_put(s, &table, sql, v, err);
}

om_rc store_authority_create(struct store *s, const struct store_authority *r, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, put(s, r, STORE_SQL_AUTHORITY_CREATE, err), err);
}

om_rc store_authority_get(struct store *s, const char *name, struct store_authority *out,
                          struct om_error *err)
{
    struct store_lookup by = {STORE_SQL_AUTHORITY_GET, 0, 1, {store_text(name)}};
    return store_row_get(s, &table, &by, out, err);
}

om_rc store_authority_count(struct store *s, const char *name, int64_t crls, int64_t revoked, int64_t *number,
                            struct om_error *err)
{
    struct store_authority now;
    OM_TRY(store_authority_get(s, name, &now, err));
    now.crl_number += crls;
    now.revoked += revoked;
    om_rc rc = put(s, &now, STORE_SQL_AUTHORITY_UPDATE, err);
    if (rc == OM_OK && number != NULL)
        *number = now.crl_number;
    store_authority_free(&now);
    return rc;
}

om_rc store_authority_next_crl(struct store *s, const char *name, int64_t *number, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, store_authority_count(s, name, 1, 0, number, err), err);
}
