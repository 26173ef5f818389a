/* KeIDs: credentials that a MEF provided, so many of each client. */
#include "store/internal.h"
#include "store/provisioned.h"

static om_rc create(struct store *s, const struct store_credential *r, const struct se_psk13 *forms,
                    size_t keep, struct om_error *err)
{
    char key[M2M_KEY_ID_SIZE];
    OM_TRY(m2m_fold(key, sizeof key, r->kmid, err));
    OM_TRY(store_credential_create(s, r, err));
    OM_TRY(store_credential_tls13_create(s, r->kmid, forms, err));
    struct store_value v[] = {store_text(r->identity), store_text(r->admin_fqdn), store_integer(r->created),
                              store_text(key)};
    OM_TRY(store_sql_run(s, STORE_SQL_PROVIDED_ADD, "ttit", v, NULL, err));
    v[2] = store_integer((int64_t)keep);
    return store_sql_run(s, STORE_SQL_PROVIDED_TRIM, "ttit", v, NULL, err);
}

om_rc store_provided_create(struct store *s, const struct store_credential *r, const struct se_psk13 *forms,
                            size_t keep, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, create(s, r, forms, keep, err), err);
}
