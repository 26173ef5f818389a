/* Whom a MEF gives certificates, and the newest that each has used. */
#include "fixture.h"
#include "store/subject.h"

#include <string.h>

static void put_subject(struct fixture *f, const char *identity, const char *name, int64_t lifetime)
{
    struct store_subject r = {.lifetime = lifetime, .created = 1000};
    set_text(r.identity, identity);
    assert_ok(f, m2m_list_add(&r.names, name, &f->err));
    assert_ok(f, store_subject_put(f->s, &r, &f->err));
    store_subject_free(&r);
}

static bool count_subjects(void *arg, const struct store_subject *r, const struct om_error *bad)
{
    (void)r;
    *(size_t *)arg += bad == NULL;
    return true;
}

static void subjects_come_back_as_they_were(void **state)
{
    struct fixture *f = *state;
    struct store_subject r;
    size_t n = 0;
    put_subject(f, "//sp.example/cse1/C1", "33-//sp.example/cse1/C1", 100);
    put_subject(f, "//sp.example/cse1/C2", "34-urn:x:y", 200);
    put_subject(f, "//sp.example/cse1/C2", "34-urn:x:z", 300);
    fixture_reopen(f);
    assert_ok(f, store_subject_get(f->s, "//sp.example/cse1/C2", &r, &f->err));
    assert_int_equal(r.lifetime, 300);
    assert_int_equal(r.names.n, 1);
    assert_string_equal(r.names.items[0], "34-urn:x:z");
    store_subject_free(&r);
    assert_ok(f, store_subject_list(f->s, count_subjects, &n, &f->err));
    assert_int_equal(n, 2);
    assert_ok(f, store_subject_delete(f->s, "//sp.example/cse1/C2", &f->err));
    assert_rc(f, OM_ENOTFOUND, store_subject_get(f->s, "//sp.example/cse1/C2", &r, &f->err));
    assert_rc(f, OM_ENOTFOUND, store_subject_delete(f->s, "//sp.example/cse1/C2", &f->err));
}

static void put_latest(struct fixture *f, const char *serial, int64_t created)
{
    struct store_latest r = {.created = created};
    set_text(r.id, "33-//sp.example/cse1/C1");
    set_text(r.serial, serial);
    assert_ok(f, store_latest_put(f->s, &r, &f->err));
}

static void expect_latest(struct fixture *f, const char *serial)
{
    struct store_latest r;
    assert_ok(f, store_latest_get(f->s, "33-//sp.example/cse1/C1", &r, &f->err));
    assert_string_equal(r.serial, serial);
}

static void an_earlier_certificate_is_never_the_latest_again(void **state)
{
    struct fixture *f = *state;
    struct store_latest r;
    assert_rc(f, OM_ENOTFOUND, store_latest_get(f->s, "33-//sp.example/cse1/C1", &r, &f->err));
    put_latest(f, "aa", 1000);
    expect_latest(f, "aa");
    put_latest(f, "bb", 1001);
    expect_latest(f, "bb");
    put_latest(f, "aa", 1000);
    put_latest(f, "cc", 1001);
    fixture_reopen(f);
    expect_latest(f, "bb");
}

static void rows_that_others_changed_are_refused(void **state)
{
    struct fixture *f = *state;
    struct store_subject s;
    struct store_latest l;
    put_subject(f, "//sp.example/cse1/C1", "33-//sp.example/cse1/C1", 100);
    put_latest(f, "bb", 1001);
    fixture_sql(f, "UPDATE subject SET lifetime = 101");
    fixture_sql(f, "UPDATE latest SET created = 999");
    assert_rc(f, OM_EINTEGRITY, store_subject_get(f->s, "//sp.example/cse1/C1", &s, &f->err));
    assert_rc(f, OM_EINTEGRITY, store_latest_get(f->s, "33-//sp.example/cse1/C1", &l, &f->err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(subjects_come_back_as_they_were, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_earlier_certificate_is_never_the_latest_again, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(rows_that_others_changed_are_refused, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
