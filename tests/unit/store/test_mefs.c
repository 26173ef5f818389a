/* The MEFs that a MAF asks: by a KpmID, or by certificates with trust anchors in a row beside. */
#include "fixture.h"
#include "store/provisioned.h"

#define MEF "mef.example"

static void make(struct store_mef *r, const char *kpmid, const char *anchor)
{
    struct om_error err;
    *r = (struct store_mef){.created = 1000};
    set_text(r->fqdn, MEF);
    set_text(r->address, "127.0.0.1:8443");
    set_text(r->kpmid, kpmid);
    if (kpmid[0] != '\0')
        make_blob(1, &r->kpm);
    assert_int_equal(m2m_list_add(&r->vouches, "//sp.example/...", &err), OM_OK);
    if (anchor != NULL)
        assert_int_equal(m2m_list_add(&r->anchors, anchor, &err), OM_OK);
}

static void put(struct fixture *f, const char *kpmid, const char *anchor, om_rc expected)
{
    struct store_mef r;
    make(&r, kpmid, anchor);
    assert_rc(f, expected, store_mef_put(f->s, &r, &f->err));
    store_mef_free(&r);
}

static bool count(void *arg, const struct store_mef *r, const struct om_error *bad)
{
    int *n = arg;
    n[bad != NULL] += 1;
    assert_int_equal(bad == NULL && r->kpmid[0] == '\0', r->anchors.n > 0);
    return true;
}

static void expect_listed(struct fixture *f, int good, int bad)
{
    int n[2] = {0, 0};
    assert_ok(f, store_mef_list(f->s, count, n, &f->err));
    assert_int_equal(n[0], good);
    assert_int_equal(n[1], bad);
}

static void each_kind_replaces_the_other(void **state)
{
    struct fixture *f = *state;
    struct store_mef r;
    put(f, "", "00aa", OM_OK);
    fixture_reopen(f);
    assert_ok(f, store_mef_get(f->s, MEF, &r, &f->err));
    assert_string_equal(r.kpmid, "");
    assert_true(r.anchors.n == 1 && r.vouches.n == 1 && r.kpm.len == 0);
    assert_string_equal(r.anchors.items[0], "00aa");
    store_mef_free(&r);
    expect_listed(f, 1, 0);
    put(f, "k@" MEF, NULL, OM_OK);
    assert_int_equal(fixture_integer(f, "SELECT count(*) FROM mef_trust"), 0);
    assert_ok(f, store_mef_get(f->s, MEF, &r, &f->err));
    assert_string_equal(r.kpmid, "k@" MEF);
    assert_true(r.anchors.n == 0 && r.kpm.len > 0);
    store_mef_free(&r);
    put(f, "", "00bb", OM_OK);
    assert_ok(f, store_mef_delete(f->s, MEF, &f->err));
    assert_int_equal(fixture_integer(f, "SELECT count(*) FROM mef_trust"), 0);
    assert_rc(f, OM_ENOTFOUND, store_mef_get(f->s, MEF, &r, &f->err));
}

static void neither_and_both_are_nothing(void **state)
{
    struct fixture *f = *state;
    put(f, "", NULL, OM_EINPUT);
    put(f, "k@" MEF, "00aa", OM_EINPUT);
    expect_listed(f, 0, 0);
}

static void who_writes_the_file_adds_no_anchor(void **state)
{
    struct fixture *f = *state;
    struct store_mef r;
    put(f, "", "00aa", OM_OK);
    fixture_sql(f, "CREATE TABLE old AS SELECT * FROM mef_trust");
    fixture_sql(f, "UPDATE mef_trust SET anchors = x'00'");
    assert_rc(f, OM_EINTEGRITY, store_mef_get(f->s, MEF, &r, &f->err));
    expect_listed(f, 0, 1);
    fixture_sql(f, "DELETE FROM mef_trust");
    assert_rc(f, OM_EINTEGRITY, store_mef_get(f->s, MEF, &r, &f->err));
    expect_listed(f, 0, 1);
    /* a row of before, beside a later one of the MEF's */
    make(&r, "", "00bb");
    r.created++;
    assert_ok(f, store_mef_put(f->s, &r, &f->err));
    store_mef_free(&r);
    fixture_sql(f, "DELETE FROM mef_trust");
    fixture_sql(f, "INSERT INTO mef_trust SELECT * FROM old");
    assert_rc(f, OM_EINTEGRITY, store_mef_get(f->s, MEF, &r, &f->err));
    expect_listed(f, 0, 1);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_kind_replaces_the_other),
        TEST(neither_and_both_are_nothing),
        TEST(who_writes_the_file_adds_no_anchor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
