/* The forms of a credential's key for TLS 1.3, beside its row (schema.c). */
#include "store/internal.h"

#include <string.h>

struct forms {
    char key[M2M_KEY_ID_SIZE];
    struct se_psk13 blobs;
};

static om_rc decode(const struct store_value *v, void *record, struct om_error *err)
{
    struct forms *f = record;
    OM_TRY(store_take_text(&v[0], f->key, sizeof f->key, err));
    OM_TRY(store_take_blob(&v[1], &f->blobs.derived, err));
    OM_TRY(store_take_blob(&v[2], &f->blobs.finished, err));
    OM_TRY(store_take_blob(&v[3], &f->blobs.handshake, err));
    return store_take_blob(&v[4], &f->blobs.master, err);
}

static const struct store_table table = {
    .name = "credential_tls13",
    .types = "tbbbb",
    .record = "TLS 1.3 form of KmID",
    .id_size = M2M_KEY_ID_SIZE,
    .record_size = sizeof(struct forms),
    .decode = decode,
};

static struct store_value of_blob(const struct se_blob *blob)
{
    return store_blob(blob->octets, blob->len);
}

static om_rc create(struct store *s, const char *kmid, const struct se_psk13 *forms, struct om_error *err)
{
    char key[M2M_KEY_ID_SIZE];
    OM_TRY(m2m_fold(key, sizeof key, kmid, err));
    const struct se_blob *const blobs[] = {&forms->derived, &forms->finished, &forms->handshake,
                                           &forms->master};
    for (size_t i = 0; i < sizeof blobs / sizeof blobs[0]; i++)
        if (blobs[i]->len == 0 || blobs[i]->len > sizeof blobs[i]->octets)
            return om_fail(err, OM_EINPUT, "a wrapped key of %s is missing or too long", kmid);
    struct store_value v[] = {store_text(key), of_blob(&forms->derived), of_blob(&forms->finished),
                              of_blob(&forms->handshake), of_blob(&forms->master)};
    return store_row_put(s, &table, STORE_SQL_CREDENTIAL_TLS13_CREATE, v, err);
}

om_rc store_credential_tls13_create(struct store *s, const char *kmid, const struct se_psk13 *forms,
                                    struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, create(s, kmid, forms, err), err);
}

om_rc store_credential_tls13_get(struct store *s, const char *kmid, struct se_psk13 *out,
                                 struct om_error *err)
{
    char key[M2M_KEY_ID_SIZE];
    struct forms f;
    OM_TRY(m2m_fold(key, sizeof key, kmid, err));
    struct store_lookup by = {STORE_SQL_CREDENTIAL_TLS13_GET, 0, 1, {store_text(key)}};
    OM_TRY(store_row_get(s, &table, &by, &f, err));
    *out = f.blobs;
    return OM_OK;
}

struct list {
    store_kmid_fn *fn;
    void *arg;
};

static bool each(void *arg, const void *record, const struct om_error *bad)
{
    const struct list *l = arg;
    const struct forms *f = record;
    return l->fn(l->arg, f->key, bad);
}

om_rc store_credential_tls13_list(struct store *s, store_kmid_fn *fn, void *arg, struct om_error *err)
{
    struct list l = {fn, arg};
    return store_row_list(s, &table, STORE_SQL_CREDENTIAL_TLS13_LIST, NULL, each, &l, err);
}
