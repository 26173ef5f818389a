/* One million clients must cost what one thousand cost: with 100 000 credentials in the database, every
 * statement finds its rows through an index and none sorts. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#define CLIENTS 100000

static void fill(struct fixture *f)
{
    assert_ok(f, store_begin(f->s, &f->err));
    for (unsigned i = 0; i < CLIENTS; i++)
        create_credential(f, i);
    assert_ok(f, store_commit(f->s, &f->err));
}

static void plan_of(struct fixture *f, enum store_statement sql, char *out, size_t cap)
{
    char text[1024];
    sqlite3_stmt *stmt = NULL;
    (void)snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", store_sql_text[sql]);
    assert_int_equal(sqlite3_prepare_v2(f->s->db, text, -1, &stmt, NULL), SQLITE_OK);
    out[0] = '\0';
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        size_t n = strlen(out);
        (void)snprintf(out + n, cap - n, "%s; ", (const char *)sqlite3_column_text(stmt, 3));
    }
    (void)sqlite3_finalize(stmt);
}

/* What may walk a table from end to end: lists of everything, and counts. */
static bool may_scan(enum store_statement sql)
{
    return sql == STORE_SQL_COUNT || sql == STORE_SQL_STAKEHOLDER_LIST || sql == STORE_SQL_PERMIT_LIST ||
           sql == STORE_SQL_CLIENT_CFG_LIST || sql == STORE_SQL_CREDENTIAL_TLS13_LIST ||
           sql == STORE_SQL_CREDENTIAL_LIST || sql == STORE_SQL_REGISTRATION_LIST ||
           sql == STORE_SQL_KEY_LIST || sql == STORE_SQL_ISSUED_LIST || sql == STORE_SQL_ENROLEE_LIST ||
           sql == STORE_SQL_ENROLMENT_LIST || sql == STORE_SQL_COMMAND_LIST ||
           sql == STORE_SQL_CERTIFICATE_LIST || sql == STORE_SQL_MEF_LIST || sql == STORE_SQL_SUBJECT_LIST ||
           sql == STORE_SQL_LATEST_LIST || sql == STORE_SQL_ASSIGNMENT_LIST;
}

static void every_statement_uses_an_index(void **state)
{
    struct fixture *f = *state;
    char plan[2048];
    fill(f);
    for (enum store_statement sql = 0; sql < STORE_SQL_N; sql++) {
        plan_of(f, sql, plan, sizeof plan);
        if (strstr(plan, "TEMP B-TREE") != NULL || (!may_scan(sql) && strstr(plan, "SCAN") != NULL))
            fail_msg("%s: %s", store_sql_text[sql], plan);
    }
    plan_of(f, STORE_SQL_CREDENTIAL_GET, plan, sizeof plan);
    assert_string_equal(plan, "SEARCH credential USING PRIMARY KEY (kmid_key=?); ");
    plan_of(f, STORE_SQL_KEY_GET, plan, sizeof plan);
    assert_string_equal(plan, "SEARCH key_registration USING PRIMARY KEY (id_key=?); ");

    struct store_counts n;
    assert_ok(f, store_count(f->s, &n, &f->err));
    assert_int_equal(n.credentials, CLIENTS);
    for (unsigned i = 0; i < CLIENTS; i += 9973) {
        struct store_credential r, got;
        make_credential(i, &r);
        assert_ok(f, store_credential_get(f->s, r.kmid, &got, &f->err));
        assert_memory_equal(got.km.octets, r.km.octets, r.km.len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_statement_uses_an_index, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
