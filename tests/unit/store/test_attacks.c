/* A thief who can write the database, with a plan: rows under another name, swapped keys, an added Target, an
 * altered schema, an edited meta row. */
#include "pairs.h"

#include <stdio.h>
#include <string.h>

static void rows_under_another_identifier(void **state)
{
    struct fixture *f = *state;
    pairs_fill(f);
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
    pairs_fill(f);
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
    pairs_fill(f);
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
    pairs_fill(f);
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

/* A verified row must also be the one that was asked for: here the thief makes //P/1 find the permit of
 * //p/1. */
static void doctored_collation(void **state)
{
    struct fixture *f = *state;
    pairs_fill(f);
    fixture_sql(f, "CREATE TABLE other (identity TEXT COLLATE NOCASE, admin_fqdn TEXT, mac BLOB,"
                   " PRIMARY KEY (identity, admin_fqdn)) STRICT, WITHOUT ROWID;"
                   "INSERT INTO other SELECT * FROM permit; DROP TABLE permit;"
                   "ALTER TABLE other RENAME TO permit");
    assert_rc(f, OM_EINTEGRITY, store_permit_check(f->s, "//P/1", ADMIN, &f->err));
    assert_ok(f, get_permit(f, 1));
}

/* A trigger planted in the file does not run. */
static void planted_trigger(void **state)
{
    struct fixture *f = *state;
    pairs_fill(f);
    fixture_sql(f, "CREATE TRIGGER steal AFTER INSERT ON credential BEGIN DELETE FROM key_registration; END");
    create_credential(f, 3);
    assert_ok(f, get_key(f, 1));
}

static void edited_meta(void **state)
{
    struct fixture *f = *state;
    char version[32];
    (void)snprintf(version, sizeof version, "PRAGMA user_version = %zu", store_schema_n);
    const struct {
        const char *edit, *back;
        om_rc at_open;
    } edits[] = {
        {"UPDATE meta SET created = created + 1", "UPDATE meta SET created = created - 1", OM_EINTEGRITY},
        {"UPDATE meta SET schema = schema + 1", "UPDATE meta SET schema = schema - 1", OM_EINTEGRITY},
        {"UPDATE meta SET root_id = x'0102030405060709'", "UPDATE meta SET root_id = x'0102030405060708'",
         OM_ECONFIG},
        {"PRAGMA user_version = 0", version, OM_EINTEGRITY},
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
    const struct CMUnitTest tests[] = {T(rows_under_another_identifier),
                                       T(swapped_blobs),
                                       T(an_added_target),
                                       T(altered_schema),
                                       T(planted_trigger),
                                       T(doctored_collation),
                                       T(edited_meta)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
