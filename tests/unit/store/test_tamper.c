/* A thief who can write the database: every column of every authenticated table is changed, cleared and moved
 * by plain SQL. The row is refused (OM_EINTEGRITY), its neighbour stays good. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef om_rc get_fn(struct fixture *f, unsigned n);

static om_rc get_stakeholder(struct fixture *f, unsigned n)
{
    struct store_stakeholder r;
    om_rc rc = store_stakeholder_get(f->s, n == 1 ? ADMIN : OTHER, &r, &f->err);
    if (rc == OM_OK)
        store_stakeholder_free(&r);
    return rc;
}

static om_rc get_permit(struct fixture *f, unsigned n)
{
    return store_permit_check(f->s, n == 1 ? "//p/1" : "//p/2", ADMIN, &f->err);
}

static om_rc get_client_cfg(struct fixture *f, unsigned n)
{
    char *cfg = NULL;
    om_rc rc = store_client_cfg_get(f->s, n == 1 ? "//p/1" : "//p/2", ADMIN, &cfg, &f->err);
    free(cfg);
    return rc;
}

static om_rc get_credential(struct fixture *f, unsigned n)
{
    struct store_credential r;
    return store_credential_get(f->s, n == 1 ? "dev-1@maf.example" : "dev-2@maf.example", &r, &f->err);
}

static om_rc get_registration(struct fixture *f, unsigned n)
{
    struct store_registration r;
    om_rc rc = store_registration_get(f->s, n == 1 ? "reg1" : "reg2", &r, &f->err);
    if (rc == OM_OK)
        store_registration_free(&r);
    return rc;
}

static om_rc get_key(struct fixture *f, unsigned n)
{
    char id[40];
    struct store_key r;
    (void)snprintf(id, sizeof id, "%032u", n);
    om_rc rc = store_key_get(f->s, id, &r, &f->err);
    if (rc == OM_OK)
        store_key_free(&r);
    return rc;
}

static const struct table {
    const char *name, *types; /* with the mac */
    size_t keys;              /* leading columns that are the primary key */
    get_fn *get;
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

static void fill(struct fixture *f)
{
    struct store_stakeholder other;
    make_stakeholder(OTHER, &other);
    set_text(other.policy, "[]");
    assert_ok(f, store_stakeholder_put(f->s, &other, &f->err));
    store_stakeholder_free(&other);
    for (unsigned i = 1; i <= 2; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "//p/%u", i);
        assert_ok(f, store_permit_put(f->s, id, ADMIN, &f->err));
        assert_ok(f, store_client_cfg_put(f->s, id, ADMIN, i == 1 ? "{\"a\":1}" : "{\"a\":2}", &f->err));
        create_credential(f, i);
        create_registration(f, i);
        create_key(f, i);
    }
}

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
    fill(f);
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
    fill(f);
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

static void rows_under_another_identifier(void **state)
{
    struct fixture *f = *state;
    fill(f);
    fixture_sql(f,
                "UPDATE credential SET kmid_key = 'dev-9@maf.example' WHERE kmid_key = 'dev-1@maf.example'");
    struct store_credential c;
    assert_rc(f, OM_EINTEGRITY, store_credential_get(f->s, "dev-9@maf.example", &c, &f->err));
    fixture_sql(
        f, "INSERT INTO key_registration SELECT 'copy', 'copy', source, admin_fqdn, suid, exporter, labels,"
           " targets, created, modified, expires, value, mac FROM key_registration WHERE expires = 5001");
    struct store_key k;
    assert_rc(f, OM_EINTEGRITY, store_key_get(f->s, "copy", &k, &f->err));
    assert_ok(f, get_key(f, 1));
    fixture_sql(f,
                "INSERT INTO permit SELECT '//evil', admin_fqdn, mac FROM permit WHERE identity = '//p/1'");
    assert_rc(f, OM_EINTEGRITY, store_permit_check(f->s, "//evil", ADMIN, &f->err));
    fixture_sql(f, "UPDATE registration SET identity = '//evil' WHERE id = 'reg1'");
    struct store_registration r;
    assert_rc(f, OM_EINTEGRITY, store_registration_find(f->s, "//evil", ADMIN, &r, &f->err));
}

static void swapped_blobs(void **state)
{
    struct fixture *f = *state;
    fill(f);
    fixture_sql(
        f, "CREATE TABLE saved AS SELECT * FROM credential;"
           "UPDATE credential SET km = (SELECT o.km FROM saved o WHERE o.kmid_key <> credential.kmid_key)");
    assert_rc(f, OM_EINTEGRITY, get_credential(f, 1));
    assert_rc(f, OM_EINTEGRITY, get_credential(f, 2));
}

static void an_added_target(void **state)
{
    struct fixture *f = *state;
    struct store_key r;
    fill(f);
    make_key(1, &r);
    assert_ok(f, m2m_list_add(&r.targets, "//evil", NULL));
    uint8_t octets[200];
    struct om_writer w;
    struct store_value blob;
    om_writer_init(&w, octets, sizeof octets);
    assert_ok(f, store_list_encode(&w, &r.targets, &blob, &f->err));
    char hex[401];
    for (size_t i = 0; i < blob.n; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", octets[i]);
    fixture_sql(f, "UPDATE key_registration SET targets = x'%s' WHERE expires = 5001", hex);
    assert_rc(f, OM_EINTEGRITY, get_key(f, 1));
    /* An update does not make the row good again. */
    assert_rc(f, OM_EINTEGRITY, store_key_update(f->s, &r, &f->err));
    assert_rc(f, OM_EINTEGRITY, get_key(f, 1));
    assert_ok(f, get_key(f, 2));
    /* The operator can remove it. */
    assert_ok(f, store_key_delete(f->s, r.id, &f->err));
    store_key_free(&r);
}

/* Types and tables other than ours: a dropped STRICT, NULLs, views. */
static void altered_schema(void **state)
{
    struct fixture *f = *state;
    fill(f);
    fixture_sql(f, "CREATE TABLE other AS SELECT * FROM credential; DROP TABLE credential;"
                   "ALTER TABLE other RENAME TO credential;"
                   "UPDATE credential SET state = NULL WHERE expires = 5001;"
                   "UPDATE credential SET km = CAST(kmid AS TEXT) WHERE expires = 5002");
    assert_rc(f, OM_EINTEGRITY, get_credential(f, 1));
    assert_rc(f, OM_EINTEGRITY, get_credential(f, 2));
    fixture_sql(f, "ALTER TABLE credential RENAME TO other;"
                   "CREATE VIEW credential AS SELECT * FROM other");
    assert_int_not_equal(get_credential(f, 1), OM_OK);
    fixture_sql(f, "DROP VIEW credential");
    fixture_reopen(f);
    assert_rc(f, OM_EINTEGRITY, get_credential(f, 1));
    assert_ok(f, get_key(f, 1));
}

/* A trigger planted in the file does not run. */
static void planted_trigger(void **state)
{
    struct fixture *f = *state;
    fill(f);
    fixture_sql(f, "CREATE TRIGGER steal AFTER INSERT ON credential BEGIN DELETE FROM key_registration; END");
    create_credential(f, 3);
    assert_ok(f, get_key(f, 1));
}

static void edited_meta(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *edit, *back;
        om_rc at_open;
    } edits[] = {
        {"UPDATE meta SET created = created + 1", "UPDATE meta SET created = created - 1", OM_EINTEGRITY},
        {"UPDATE meta SET schema = schema + 1", "UPDATE meta SET schema = schema - 1", OM_EINTEGRITY},
        {"UPDATE meta SET root_id = x'0102030405060709'", "UPDATE meta SET root_id = x'0102030405060708'",
         OM_ECONFIG},
        {"PRAGMA user_version = 0", "PRAGMA user_version = 1", OM_EINTEGRITY},
        {"ALTER TABLE meta RENAME TO hidden", "ALTER TABLE hidden RENAME TO meta", OM_EINTEGRITY},
    };
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        assert_ok(f, store_health(f->s, &f->err));
        fixture_sql(f, "%s", edits[i].edit);
        if (strstr(edits[i].edit, "PRAGMA") == NULL)
            assert_int_not_equal(store_health(f->s, &f->err), OM_OK);
        fixture_close(f);
        assert_rc(f, edits[i].at_open, store_open(f->path, &f->auth, &f->s, &f->err));
        fixture_sql(f, "%s", edits[i].back);
        fixture_reopen(f);
    }
    fixture_sql(f, "DELETE FROM meta");
    assert_rc(f, OM_EINTEGRITY, store_health(f->s, &f->err));
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(every_column_changed), T(every_column_taken_from_another_row),
        T(swapped_blobs),        T(rows_under_another_identifier),
        T(an_added_target),      T(altered_schema),
        T(planted_trigger),      T(edited_meta),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
