/* Lists: complete, ordered by identifier, stoppable, filtered; one bad row is told and ends nothing. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a list handed over: identifiers joined by spaces, bad ones in brackets. */
struct seen {
    char ids[1024];
    size_t n, stop_after;
    struct fixture *f;
};

static bool note(struct seen *seen, const char *id, const struct om_error *bad)
{
    size_t at = strlen(seen->ids);
    int n = snprintf(seen->ids + at, sizeof seen->ids - at, bad == NULL ? "%s%s" : "%s[%s]",
                     seen->n == 0 ? "" : " ", id);
    assert_true(n >= 0 && (size_t)n < sizeof seen->ids - at);
    if (bad != NULL) {
        assert_int_equal(bad->rc, OM_EINTEGRITY);
        assert_non_null(strstr(bad->text, id));
    }
    return ++seen->n != seen->stop_after;
}

static bool on_stakeholder(void *arg, const struct store_stakeholder *r, const struct om_error *bad)
{
    assert_true(bad != NULL || strcmp(r->policy, "{}") == 0);
    return note(arg, r->admin_fqdn, bad);
}

static bool on_permit(void *arg, const char *identity, const char *admin_fqdn, const struct om_error *bad)
{
    assert_true(bad != NULL || admin_fqdn[0] != '\0');
    return note(arg, identity, bad);
}

static bool on_credential(void *arg, const struct store_credential *r, const struct om_error *bad)
{
    assert_true(bad != NULL ? r->km.len == 0 : r->km.len == 72);
    return note(arg, r->kmid, bad);
}

static bool on_registration(void *arg, const struct store_registration *r, const struct om_error *bad)
{
    assert_int_equal(r->labels.n, bad != NULL ? 0 : 1);
    return note(arg, r->id, bad);
}

static bool on_key(void *arg, const struct store_key *r, const struct om_error *bad)
{
    return note(arg, r->id + strlen(r->id) - 1, bad);
}

static void expect(struct seen *seen, const char *ids)
{
    assert_string_equal(seen->ids, ids);
    *seen = (struct seen){.f = seen->f};
}

static void everything_in_order(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.f = f};
    for (unsigned i = 3; i > 0; i--) {
        create_credential(f, i);
        create_registration(f, i);
        create_key(f, i);
    }
    assert_ok(f, store_permit_put(f->s, "//b", ADMIN, &f->err));
    assert_ok(f, store_permit_put(f->s, "//a", ADMIN, &f->err));
    assert_ok(f, store_permit_put(f->s, "//c", OTHER, &f->err));

    assert_ok(f, store_stakeholder_list(f->s, on_stakeholder, &seen, &f->err));
    expect(&seen, ADMIN " " OTHER);
    assert_ok(f, store_permit_list(f->s, NULL, on_permit, &seen, &f->err));
    expect(&seen, "//a //b //c");
    assert_ok(f, store_permit_list(f->s, ADMIN, on_permit, &seen, &f->err));
    expect(&seen, "//a //b");
    assert_ok(f, store_credential_list(f->s, on_credential, &seen, &f->err));
    expect(&seen, "Dev-1@maf.example Dev-2@maf.example Dev-3@maf.example");
    assert_ok(f, store_registration_list(f->s, NULL, on_registration, &seen, &f->err));
    expect(&seen, "reg1 reg2 reg3");
    assert_ok(f, store_registration_list(f->s, "//sp.example/cse2", on_registration, &seen, &f->err));
    expect(&seen, "reg2");
    assert_ok(f, store_key_list(f->s, NULL, on_key, &seen, &f->err));
    expect(&seen, "1 2 3");

    seen.stop_after = 2;
    assert_ok(f, store_key_list(f->s, NULL, on_key, &seen, &f->err));
    expect(&seen, "1 2");
}

static void keys_that_an_identity_may_see(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.f = f};
    struct store_key r;
    for (unsigned i = 1; i <= 4; i++) {
        make_key(i, &r);
        if (i == 2) { /* Source and Target at once: listed once */
            set_text(r.source, "//t.example/me");
            assert_ok(f, m2m_list_add(&r.targets, "//t.example/me", NULL));
        }
        if (i == 1 || i == 4)
            assert_ok(f, m2m_list_add(&r.targets, "//t.example/me", NULL));
        assert_ok(f, store_key_create(f->s, &r, &f->err));
        store_key_free(&r);
    }
    assert_ok(f, store_key_list(f->s, "//t.example/me", on_key, &seen, &f->err));
    expect(&seen, "1 2 4");
    assert_ok(f, store_key_list(f->s, "//t.example/all0", on_key, &seen, &f->err));
    expect(&seen, "1 2 3 4");
    assert_ok(f, store_key_list(f->s, "//sp.example/cse3", on_key, &seen, &f->err));
    expect(&seen, "3");
    assert_ok(f, store_key_list(f->s, "//t.example/none", on_key, &seen, &f->err));
    expect(&seen, "");

    /* A removed Target sees it no more. */
    make_key(1, &r);
    assert_ok(f, store_key_update(f->s, &r, &f->err));
    store_key_free(&r);
    assert_ok(f, store_key_list(f->s, "//t.example/me", on_key, &seen, &f->err));
    expect(&seen, "2 4");

    /* The helper table only hints: a forged hint discloses nothing. */
    fixture_sql(f, "INSERT INTO key_target VALUES ('//t.example/me', '%032u')", 3u);
    assert_ok(f, store_key_list(f->s, "//t.example/me", on_key, &seen, &f->err));
    expect(&seen, "2 4");
}

static void bad_rows_are_told(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.f = f};
    for (unsigned i = 1; i <= 3; i++) {
        create_credential(f, i);
        create_registration(f, i);
        create_key(f, i);
    }
    assert_ok(f, store_permit_put(f->s, "//a", ADMIN, &f->err));
    assert_ok(f, store_permit_put(f->s, "//b", ADMIN, &f->err));
    fixture_sql(f, "UPDATE credential SET expires = 0 WHERE kmid_key LIKE 'dev-2%%';"
                   "UPDATE registration SET identity = '//evil' WHERE id = 'reg2';"
                   "UPDATE key_registration SET suid = 35 WHERE id LIKE '%%2';"
                   "UPDATE permit SET identity = '//0' WHERE identity = '//a';"
                   "UPDATE stakeholder SET policy = '{ }' WHERE admin_fqdn = '" ADMIN "'");
    assert_ok(f, store_credential_list(f->s, on_credential, &seen, &f->err));
    expect(&seen, "Dev-1@maf.example [Dev-2@maf.example] Dev-3@maf.example");
    assert_ok(f, store_registration_list(f->s, NULL, on_registration, &seen, &f->err));
    expect(&seen, "reg1 [reg2] reg3");
    assert_ok(f, store_key_list(f->s, NULL, on_key, &seen, &f->err));
    expect(&seen, "1 [2] 3");
    assert_ok(f, store_key_list(f->s, "//t.example/all0", on_key, &seen, &f->err));
    expect(&seen, "1 [2] 3");
    assert_ok(f, store_permit_list(f->s, NULL, on_permit, &seen, &f->err));
    expect(&seen, "[//0] //b");
    assert_ok(f, store_stakeholder_list(f->s, on_stakeholder, &seen, &f->err));
    expect(&seen, "[" ADMIN "] " OTHER);

    /* An identifier that could not be ours is not handed on. */
    fixture_sql(f, "UPDATE registration SET id = printf('%%.*c', 100, 'x') WHERE id = 'reg3'");
    assert_ok(f, store_registration_list(f->s, NULL, on_registration, &seen, &f->err));
    expect(&seen, "reg1 [reg2] []");
}

static bool nested(void *arg, const struct store_credential *r, const struct om_error *bad)
{
    struct seen *seen = arg;
    struct fixture *f = seen->f;
    struct store_credential got;
    struct seen inner = {.f = f};
    assert_ok(f, store_credential_get(f->s, "dev-3@maf.example", &got, &f->err));
    assert_ok(f, store_credential_list(f->s, on_credential, &inner, &f->err));
    assert_int_equal(inner.n, 3);
    return note(seen, r->kmid, bad);
}

static void a_callback_may_use_the_store(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.f = f};
    for (unsigned i = 1; i <= 3; i++)
        create_credential(f, i);
    assert_ok(f, store_credential_list(f->s, nested, &seen, &f->err));
    expect(&seen, "Dev-1@maf.example Dev-2@maf.example Dev-3@maf.example");
}

/* That the token does not answer says nothing about the rows. */
static void a_silent_token_ends_a_list(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.f = f};
    create_credential(f, 1);
    f->mac_fails = OM_ETRANSIENT;
    assert_rc(f, OM_ETRANSIENT, store_credential_list(f->s, on_credential, &seen, &f->err));
    expect(&seen, "");
}

static bool has_label_2(void *arg, const struct store_glance *g)
{
    (void)arg;
    assert_int_equal(g->created, 1000);
    assert_int_equal(g->modified, 1001);
    assert_true(g->expires > 5000);
    assert_false(store_glance_has_label(g, "key:"));
    return store_glance_has_label(g, "key:2");
}

/* Only rows that are wanted are verified, and what is malformed is never wanted. */
static void a_glance_spares_the_token(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.f = f};
    for (unsigned i = 1; i <= 5; i++)
        create_key(f, i);
    f->macs = 0;
    assert_ok(f, store_key_find(f->s, "//t.example/all0", has_label_2, on_key, &seen, &f->err));
    expect(&seen, "2");
    assert_int_equal(f->macs, 1);
    fixture_sql(f, "UPDATE key_registration SET labels = x'00090005' WHERE id LIKE '%%1';"
                   "UPDATE key_registration SET labels = x'' WHERE id LIKE '%%3';"
                   "UPDATE key_registration SET suid = 35 WHERE id LIKE '%%2';"
                   "UPDATE key_registration SET labels = (SELECT labels FROM key_registration WHERE id LIKE"
                   " '%%2') WHERE id LIKE '%%4'");
    assert_ok(f, store_key_find(f->s, "//t.example/all0", has_label_2, on_key, &seen, &f->err));
    expect(&seen, "[2] [4]");
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(everything_in_order),          T(keys_that_an_identity_may_see), T(bad_rows_are_told),
        T(a_callback_may_use_the_store), T(a_silent_token_ends_a_list),    T(a_glance_spares_the_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
