/* MEF Client Commands: what administrators want clients to do, and what became of it. */
#include "store/internal.h"
#include "store/mef.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static om_rc decode(const struct store_value *v, void *record, struct om_error *err)
{
    struct store_command *r = record;
    int64_t state;
    int64_t status;
    OM_TRY(store_take_text(&v[0], r->id, sizeof r->id, err));
    OM_TRY(store_take_text(&v[1], r->identity, sizeof r->identity, err));
    OM_TRY(store_take_text(&v[2], r->admin_fqdn, sizeof r->admin_fqdn, err));
    r->position = v[3].i;
    OM_TRY(store_take_range(&v[5], STORE_COMMAND_WAITING, STORE_COMMAND_REPORTED, &state, err));
    OM_TRY(store_take_range(&v[6], 0, INT_MAX, &status, err));
    r->state = (enum store_command_state)state;
    r->status = (int)status;
    r->created = v[7].i;
    r->issued = v[8].i;
    r->reported = v[9].i;
    return store_take_text_copy(&v[4], &r->description, err);
}

static void release(void *record)
{
    store_command_free(record);
}

static const struct store_table table = {
    .name = "command",
    .types = "tttitiiiii",
    .record = "command",
    .id_size = M2M_RELATIVE_SIZE,
    .record_size = sizeof(struct store_command),
    .decode = decode,
    .release = release,
};

void store_command_free(struct store_command *r)
{
    free(r->description);
    memset(r, 0, sizeof *r);
}

static om_rc put(struct store *s, const struct store_command *r, enum store_statement sql,
                 struct om_error *err)
{
    if (strlen(r->description) > STORE_POLICY_MAX)
        return om_fail(err, OM_EINPUT, "the command is longer than %d octets", STORE_POLICY_MAX);
    struct store_value v[] = {
        store_text(r->id),          store_text(r->identity),    store_text(r->admin_fqdn),
        store_integer(r->position), store_text(r->description), store_integer(r->state),
        store_integer(r->status),   store_integer(r->created),  store_integer(r->issued),
        store_integer(r->reported),
    };
    return store_row_put(s, &table, sql, v, err);
}

static om_rc create(struct store *s, const struct store_command *r, struct om_error *err)
{
    struct store_command placed = *r;
    OM_TRY(store_sql_integer(s, "SELECT coalesce(max(position), 0) + 1 FROM command", &placed.position, err));
    return put(s, &placed, STORE_SQL_COMMAND_CREATE, err);
}

om_rc store_command_create(struct store *s, const struct store_command *r, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, create(s, r, err), err);
}

om_rc store_command_get(struct store *s, const char *id, struct store_command *out, struct om_error *err)
{
    struct store_lookup by = {STORE_SQL_COMMAND_GET, 0, 1, {store_text(id)}};
    return store_row_get(s, &table, &by, out, err);
}

om_rc store_command_next(struct store *s, const char *identity, const char *admin_fqdn,
                         struct store_command *out, struct om_error *err)
{
    struct store_lookup by = {STORE_SQL_COMMAND_NEXT, 1, 2, {store_text(identity), store_text(admin_fqdn)}};
    return store_row_get(s, &table, &by, out, err);
}

/* The rest of the row comes from the database, verified. */
static om_rc update(struct store *s, const struct store_command *r, struct om_error *err)
{
    struct store_command now;
    OM_TRY(store_command_get(s, r->id, &now, err));
    now.state = r->state;
    now.status = r->status;
    now.issued = r->issued;
    now.reported = r->reported;
    om_rc rc = put(s, &now, STORE_SQL_COMMAND_UPDATE, err);
    store_command_free(&now);
    return rc;
}

om_rc store_command_update(struct store *s, const struct store_command *r, struct om_error *err)
{
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, update(s, r, err), err);
}

om_rc store_command_delete(struct store *s, const char *id, struct om_error *err)
{
    struct store_value key = store_text(id);
    OM_TRY(store_scope_open(s, err));
    return store_scope_close(s, store_row_delete(s, &table, STORE_SQL_COMMAND_DELETE, &key, 1, err), err);
}

struct list {
    store_command_fn *fn;
    void *arg;
};

static bool each(void *arg, const void *record, const struct om_error *bad)
{
    const struct list *l = arg;
    return l->fn(l->arg, record, bad);
}

om_rc store_command_list(struct store *s, store_command_fn *fn, void *arg, struct om_error *err)
{
    struct list l = {fn, arg};
    return store_row_list(s, &table, STORE_SQL_COMMAND_LIST, NULL, each, &l, err);
}
