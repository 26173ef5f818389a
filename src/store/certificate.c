/* Clients by certificate, and their trust anchors: see certificate.h. */
#include "store/certificate.h"
#include "store/internal.h"
#include "util/text.h"

#include <openssl/sha.h>
#include <string.h>

/* --- certificate information --- */

static om_rc decode(const struct store_value *v, void *record, struct om_error *err)
{
    struct store_certificate *r = record;
    int64_t state = 0;
    OM_TRY(store_take_text(&v[0], r->id, sizeof r->id, err));
    OM_TRY(store_take_text(&v[1], r->admin_fqdn, sizeof r->admin_fqdn, err));
    OM_TRY(store_take_range(&v[2], STORE_CREDENTIAL_ACTIVE, STORE_CREDENTIAL_REVOKED, &state, err));
    OM_TRY(store_take_text(&v[5], r->key, sizeof r->key, err));
    r->state = (enum store_credential_state)state;
    r->created = v[3].i;
    r->expires = v[4].i;
    OM_TRY(store_list_decode(&v[6], &r->identities, err));
    return store_list_decode(&v[7], &r->anchors, err);
}

static void release(void *record)
{
    store_certificate_free(record);
}

static const struct store_table table = {
    .name = "certificate",
    .types = "ttiiitbb",
    .record = "certificate client",
    .id_size = M2M_ID_SIZE,
    .record_size = sizeof(struct store_certificate),
    .decode = decode,
    .release = release,
};

void store_certificate_free(struct store_certificate *r)
{
    m2m_list_free(&r->identities);
    m2m_list_free(&r->anchors);
}

static om_rc put(struct store *s, const struct store_certificate *r, enum store_statement sql,
                 struct om_error *err)
{
    struct om_writer w;
    struct store_value identities, anchors;
    if (r->id[0] == '\0' || r->anchors.n > STORE_ANCHORS_OF)
        return om_fail(err, OM_EINPUT, "a certificate client has a name, and at most %d anchors",
                       STORE_ANCHORS_OF);
    if (r->state != STORE_CREDENTIAL_ACTIVE && r->state != STORE_CREDENTIAL_REVOKED)
        return om_fail(err, OM_EINPUT, "certificate client %s has no such state", r->id);
    om_writer_init(&w, s->lists, STORE_ROW_MAX);
    OM_TRY(store_list_encode(&w, &r->identities, &identities, err));
    OM_TRY(store_list_encode(&w, &r->anchors, &anchors, err));
    struct store_value v[] = {
        store_text(r->id),
        store_text(r->admin_fqdn),
        store_integer(r->state),
        store_integer(r->created),
        store_integer(r->expires),
        store_text(r->key),
        identities,
        anchors,
    };
    return store_row_put(s, &table, sql, v, err);
}

static om_rc create(struct store *s, const struct store_certificate *r, struct om_error *err)
{
    struct store_certificate old;
    om_rc rc = store_certificate_get(s, r->id, &old, err);
    if (rc == OM_ENOTFOUND)
        return put(s, r, STORE_SQL_CERTIFICATE_PUT, err);
    OM_TRY(rc);
    bool revoked = old.state == STORE_CREDENTIAL_REVOKED;
    store_certificate_free(&old);
    return revoked ? put(s, r, STORE_SQL_CERTIFICATE_PUT, err)
                   : om_fail(err, OM_ECONFLICT, "certificate client %s exists already", r->id);
}

om_rc store_certificate_create(struct store *s, const struct store_certificate *r, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, create(s, r, err), err);
}

om_rc store_certificate_get(struct store *s, const char *id, struct store_certificate *out,
                            struct om_error *err)
{
    struct store_lookup by = {STORE_SQL_CERTIFICATE_GET, 0, 1, {store_text(id)}};
    return store_row_get(s, &table, &by, out, err);
}

static om_rc update(struct store *s, const struct store_certificate *r, struct om_error *err)
{
    struct store_certificate now;
    OM_TRY(store_certificate_get(s, r->id, &now, err));
    now.state = r->state;
    now.expires = r->expires;
    om_rc rc = put(s, &now, STORE_SQL_CERTIFICATE_PUT, err);
    store_certificate_free(&now);
    return rc;
}

om_rc store_certificate_update(struct store *s, const struct store_certificate *r, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, update(s, r, err), err);
}

struct list {
    store_certificate_fn *fn;
    void *arg;
};

static bool each(void *arg, const void *record, const struct om_error *bad)
{
    const struct list *l = arg;
    return l->fn(l->arg, record, bad);
}

om_rc store_certificate_list(struct store *s, store_certificate_fn *fn, void *arg, struct om_error *err)
{
    struct list l = {fn, arg};
    return store_row_list(s, &table, STORE_SQL_CERTIFICATE_LIST, NULL, each, &l, err);
}

/* --- trust anchors --- */

static om_rc decode_anchor(const struct store_value *v, void *record, struct om_error *err)
{
    struct store_anchor *r = record;
    OM_TRY(store_take_text(&v[0], r->id, sizeof r->id, err));
    if (v[1].n == 0 || v[1].n > sizeof r->cert)
        return om_fail(err, OM_EINTEGRITY, "a certificate column is malformed");
    r->len = v[1].n;
    memcpy(r->cert, v[1].p, v[1].n);
    return OM_OK;
}

static const struct store_table anchors_table = {
    .name = "anchor",
    .types = "tb",
    .record = "trust anchor",
    .id_size = STORE_ANCHOR_ID_SIZE,
    .record_size = sizeof(struct store_anchor),
    .decode = decode_anchor,
};

static om_rc put_anchor(struct store *s, const char *id, const uint8_t *cert, size_t n, struct om_error *err)
{
    struct store_value v[] = {store_text(id), store_blob(cert, n)};
    return store_row_put(s, &anchors_table, STORE_SQL_ANCHOR_PUT, v, err);
}

om_rc store_anchor_put(struct store *s, const uint8_t *cert, size_t n, char id[STORE_ANCHOR_ID_SIZE],
                       struct om_error *err)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    id[0] = '\0';
    if (n < 1 || n > STORE_ANCHOR_MAX)
        return om_fail(err, OM_EINPUT, "a trust anchor has at most %d octets", STORE_ANCHOR_MAX);
    (void)SHA256(cert, n, hash);
    om_hex_lower(id, hash, sizeof hash);
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, put_anchor(s, id, cert, n, err), err);
}

om_rc store_anchor_get(struct store *s, const char *id, struct store_anchor *out, struct om_error *err)
{
    struct store_lookup by = {STORE_SQL_ANCHOR_GET, 0, 1, {store_text(id)}};
    return store_row_get(s, &anchors_table, &by, out, err);
}
