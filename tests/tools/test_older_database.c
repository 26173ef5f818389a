/* Makes the database of a MAF or MEF directory one of an older release: without the tables that later schema
 * steps brought, and with the number and the meta row of that release. argv: daemon ("mafd", "mefd"),
 * directory, number of steps that stay; with 0 it only prints how many there are. */
#include "daemon/config.h"
#include "se/se.h"
#include "store/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct store_table meta = {.name = "meta", .types = "iibi", .record = "meta row"};

/* The tables of a step, the last first: they may refer to those before. */
static om_rc drop_tables(struct store *s, const char *step, struct om_error *err)
{
    static const char create[] = "CREATE TABLE ";
    char sql[128];
    const char *at = strstr(step, create);
    if (at == NULL)
        return OM_OK;
    at += sizeof create - 1;
    OM_TRY(drop_tables(s, at, err));
    (void)snprintf(sql, sizeof sql, "DROP TABLE %.*s", (int)strcspn(at, " "), at);
    return store_sql_exec(s, sql, err);
}

static om_rc make_older(struct store *s, size_t steps, struct om_error *err)
{
    char sql[64];
    int64_t created = 0;
    OM_TRY(store_sql_integer(s, "SELECT created FROM meta", &created, err));
    for (size_t i = store_schema_n; i > steps; i--)
        OM_TRY(drop_tables(s, store_schema_steps[i - 1], err));
    (void)snprintf(sql, sizeof sql, "PRAGMA user_version = %zu", steps);
    OM_TRY(store_sql_exec(s, sql, err));
    struct store_value v[] = {store_integer(1), store_integer((int64_t)steps),
                              store_blob(s->auth.root_id, sizeof s->auth.root_id), store_integer(created)};
    return store_row_put(s, &meta, STORE_SQL_META_PUT, v, err);
}

static om_rc run(const struct config_kind *kind, const char *dir, size_t steps, struct om_error *err)
{
    struct config cfg;
    struct se *se = NULL;
    struct store *s = NULL;
    struct store_auth auth;
    OM_TRY(config_load(kind, dir, &cfg, err));
    OM_TRY(se_open(cfg.token_uri, cfg.pin_source[0] ? cfg.pin_source : NULL,
                   cfg.plugin_dir[0] ? cfg.plugin_dir : NULL, &se, err));
    om_rc rc = store_auth_token(se, &auth, err);
    if (rc == OM_OK)
        rc = store_open(cfg.database, &auth, &s, err);
    if (rc == OM_OK)
        rc = make_older(s, steps, err);
    store_close(s);
    se_close(se);
    return rc;
}

int main(int argc, char **argv)
{
    struct om_error err = {0};
    size_t steps = argc == 4 ? strtoul(argv[3], NULL, 10) : SIZE_MAX;
    if (steps > store_schema_n)
        return 2;
    if (steps == 0) {
        (void)printf("%zu\n", store_schema_n);
        return 0;
    }
    om_rc rc = run(strcmp(argv[1], "mefd") == 0 ? &config_mef : &config_maf, argv[2], steps, &err);
    if (rc != OM_OK)
        (void)fprintf(stderr, "%s\n", om_error_text(&err, rc));
    return rc == OM_OK ? 0 : 1;
}
