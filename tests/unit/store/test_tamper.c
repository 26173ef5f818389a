/* A thief who can write the database, column by column: every column of every authenticated table is changed,
 * cleared, and taken from another row. The row is refused (OM_EINTEGRITY), its neighbour stays good. */
#include "pairs.h"

#include <stdio.h>
#include <string.h>

static const struct table {
    const char *name, *types; /* with the mac */
    size_t keys;              /* leading columns that are the primary key */
    pairs_get *get;
    const char *columns[14];
    const char *first; /* condition that selects row 1 */
} tables[] = {
    {"stakeholder", "ttib", 1, get_stakeholder, {"admin_fqdn", "policy", "created", "mac"}, "policy = '{}'"},
    {"permit", "ttb", 2, get_permit, {"identity", "admin_fqdn", "mac"}, "identity = '//p/1'"},
    {"client_cfg", "tttb", 2, get_client_cfg, {"identity", "admin_fqdn", "cfg", "mac"}, "identity = '//p/1'"},
    {"credential",
     "ttttiiiibb",
     1,
     get_credential,
     {"kmid_key", "kmid", "identity", "admin_fqdn", "state", "assigned", "created", "expires", "km", "mac"},
     "expires = 5001"},
    {"registration",
     "ttttbiiib",
     1,
     get_registration,
     {"id", "identity", "admin_fqdn", "assigned_kmid", "labels", "created", "modified", "expires", "mac"},
     "expires = 5001"},
    {"key_registration",
     "ttttiibbiiibb",
     1,
     get_key,
     {"id_key", "id", "source", "admin_fqdn", "suid", "exporter", "labels", "targets", "created", "modified",
      "expires", "value", "mac"},
     "expires = 5001"},
};
#define N_TABLES (sizeof tables / sizeof tables[0])

/* Each edit is made on good rows that the store has verified and cached, and taken back afterwards. */
static void try_edit(struct fixture *f, const struct table *t, om_rc expected, const char *edit)
{
    fixture_sql(f, "CREATE TABLE saved AS SELECT * FROM %s", t->name);
    assert_ok(f, t->get(f, 1));
    assert_ok(f, t->get(f, 2));
    fixture_sql(f, "%s", edit);
    om_rc rc = t->get(f, 1);
    if (rc != expected)
        fail_msg("after %s: %s", edit, om_rc_name(rc));
    assert_null(strstr(f->err.text, "1970")); /* no values in the text */
    assert_ok(f, t->get(f, 2));
    fixture_sql(f, "DELETE FROM %s; INSERT INTO %s SELECT * FROM saved; DROP TABLE saved", t->name, t->name);
    assert_ok(f, t->get(f, 1));
}

static void every_column_changed(void **state)
{
    struct fixture *f = *state;
    pairs_fill(f);
    for (size_t k = 0; k < N_TABLES; k++) {
        const struct table *t = &tables[k];
        for (size_t i = 0; t->columns[i] != NULL; i++) {
            char edit[300];
            const char *c = t->columns[i];
            char value[64];
            if (t->types[i] == 't')
                (void)snprintf(value, sizeof value, "%s || 'x'", c);
            else if (t->types[i] == 'i')
                (void)snprintf(value, sizeof value, "%s + 1", c);
            else
                (void)snprintf(value, sizeof value, "zeroblob(length(%s))", c);
            (void)snprintf(edit, sizeof edit, "UPDATE %s SET %s = %s WHERE %s", t->name, c, value, t->first);
            try_edit(f, t, i < t->keys ? OM_ENOTFOUND : OM_EINTEGRITY, edit);
            if (t->types[i] != 'i') {
                const char *empty = t->types[i] == 't' ? "''" : "x''";
                (void)snprintf(edit, sizeof edit, "UPDATE %s SET %s = %s WHERE %s", t->name, c, empty,
                               t->first);
                bool was_empty = strcmp(c, "assigned_kmid") == 0;
                om_rc expected = i < t->keys ? OM_ENOTFOUND : was_empty ? OM_OK : OM_EINTEGRITY;
                try_edit(f, t, expected, edit);
            }
        }
    }
}

/* The index that makes registrations unique is dropped first, as a thief would. */
static void every_column_taken_from_another_row(void **state)
{
    struct fixture *f = *state;
    pairs_fill(f);
    fixture_sql(f, "DROP INDEX registration_owner");
    for (size_t k = 0; k < N_TABLES; k++) {
        const struct table *t = &tables[k];
        for (size_t i = t->keys; t->columns[i] != NULL; i++) {
            char edit[300];
            const char *c = t->columns[i];
            (void)snprintf(edit, sizeof edit,
                           "UPDATE %s SET %s = (SELECT %s FROM saved WHERE NOT (%s)) WHERE %s", t->name, c, c,
                           t->first, t->first);
            bool same = fixture_integer(f, "SELECT count(DISTINCT %s) FROM %s", c, t->name) == 1;
            try_edit(f, t, same ? OM_OK : OM_EINTEGRITY, edit);
        }
    }
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {T(every_column_changed), T(every_column_taken_from_another_row)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
