/* Identifiers are given once (MAF-GEN-10): a record of all that ever were, in the transaction that gives
 * them. A hash is enough, and says nothing about clients long gone. */
#include "store/internal.h"

#include <openssl/evp.h>
#include <string.h>

#define HASH_SIZE 32

static om_rc hash_id(const char *id, uint8_t out[HASH_SIZE], struct om_error *err)
{
    char folded[M2M_ID_SIZE];
    size_t n = 0;
    OM_TRY(m2m_fold(folded, sizeof folded, id, err));
    if (EVP_Q_digest(NULL, "SHA256", NULL, folded, strlen(folded), out, &n) != 1 || n != HASH_SIZE)
        return om_fail(err, OM_EINTERNAL, "SHA-256 failed");
    return OM_OK;
}

om_rc store_burn(struct store *s, enum store_id_kind kind, const char *id, struct om_error *err)
{
    uint8_t hash[HASH_SIZE];
    OM_TRY(hash_id(id, hash, err));
    struct store_value v[] = {store_integer(kind), store_blob(hash, sizeof hash)};
    om_rc rc = store_sql_run(s, STORE_SQL_BURN, "ib", v, NULL, err);
    return rc == OM_ECONFLICT ? om_fail(err, rc, "identifier %s was given before", id) : rc;
}

om_rc store_id_used(struct store *s, enum store_id_kind kind, const char *id, bool *used,
                    struct om_error *err)
{
    uint8_t hash[HASH_SIZE];
    OM_TRY(hash_id(id, hash, err));
    struct store_value v[] = {store_integer(kind), store_blob(hash, sizeof hash)};
    sqlite3_stmt *stmt = NULL;
    OM_TRY(store_sql(s, STORE_SQL_BURNT, &stmt, err));
    om_rc rc = store_sql_bind(s, stmt, "ib", v, err);
    if (rc == OM_OK) {
        int code = sqlite3_step(stmt);
        *used = code == SQLITE_ROW;
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            rc = store_sql_fail(s, code, "look up an identifier", err);
    }
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt);
    return rc;
}
