/* Certification authorities and what they issued. */
#include "fixture.h"
#include "store/issued.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t der[] = {0x30, 0x03, 0x02, 0x01, 0x01};

static uint8_t *copy_der(void)
{
    uint8_t *p = malloc(sizeof der);
    assert_non_null(p);
    memcpy(p, der, sizeof der);
    return p;
}

static void create_authority(struct fixture *f, const char *name)
{
    struct store_authority r = {.cert = copy_der(), .cert_len = sizeof der, .created = 1000};
    set_text(r.name, name);
    set_text(r.crl_uri, "http://crl.example/x.crl");
    assert_ok(f, store_authority_create(f->s, &r, &f->err));
    assert_rc(f, OM_ECONFLICT, store_authority_create(f->s, &r, &f->err));
    store_authority_free(&r);
}

static void create_issued(struct fixture *f, unsigned n, const char *authority)
{
    struct store_issued r = {.cert = copy_der(), .cert_len = sizeof der, .flavour = 33, .created = 1000};
    (void)snprintf(r.serial, sizeof r.serial, "%032x", n);
    (void)snprintf(r.name, sizeof r.name, "//sp.example/cse/C%u", n / 2);
    (void)snprintf(r.key, sizeof r.key, "%064x", n / 3);
    set_text(r.authority, authority);
    r.expires = 5000 + n;
    assert_ok(f, store_issued_create(f->s, &r, &f->err));
    assert_rc(f, OM_ECONFLICT, store_issued_create(f->s, &r, &f->err));
    store_issued_free(&r);
}

static char *serial_of(unsigned n)
{
    static char serial[STORE_SERIAL_SIZE];
    (void)snprintf(serial, sizeof serial, "%032x", n);
    return serial;
}

static int setup(void **state)
{
    int rc = fixture_setup(state);
    struct fixture *f = *state;
    create_authority(f, "entity");
    create_authority(f, "node");
    for (unsigned i = 0; i < 6; i++)
        create_issued(f, i, i < 4 ? "entity" : "node");
    return rc;
}

static void rows_come_back_as_they_were(void **state)
{
    struct fixture *f = *state;
    struct store_authority a;
    struct store_issued r;
    fixture_reopen(f);
    assert_ok(f, store_authority_get(f->s, "entity", &a, &f->err));
    assert_string_equal(a.crl_uri, "http://crl.example/x.crl");
    assert_int_equal(a.cert_len, sizeof der);
    assert_memory_equal(a.cert, der, sizeof der);
    assert_int_equal(a.crl_number, 0);
    store_authority_free(&a);
    assert_rc(f, OM_ENOTFOUND, store_authority_get(f->s, "maf", &a, &f->err));
    assert_ok(f, store_issued_get(f->s, serial_of(3), &r, &f->err));
    assert_string_equal(r.name, "//sp.example/cse/C1");
    assert_string_equal(r.authority, "entity");
    assert_int_equal(r.flavour, 33);
    assert_int_equal(r.expires, 5003);
    assert_int_equal(r.revoked, 0);
    assert_memory_equal(r.cert, der, sizeof der);
    store_issued_free(&r);
    assert_rc(f, OM_ENOTFOUND, store_issued_get(f->s, "00", &r, &f->err));
}

static void revocation_is_for_ever_and_counted(void **state)
{
    struct fixture *f = *state;
    struct store_authority a;
    struct store_issued r;
    int64_t number = 0;
    assert_ok(f, store_issued_revoke(f->s, serial_of(2), 2000, 1, &f->err));
    assert_rc(f, OM_ECONFLICT, store_issued_revoke(f->s, serial_of(2), 3000, 4, &f->err));
    assert_rc(f, OM_ENOTFOUND, store_issued_revoke(f->s, "00", 3000, 4, &f->err));
    assert_ok(f, store_authority_next_crl(f->s, "entity", &number, &f->err));
    assert_int_equal(number, 1);
    fixture_reopen(f);
    assert_ok(f, store_authority_next_crl(f->s, "entity", &number, &f->err));
    assert_int_equal(number, 2);
    assert_ok(f, store_issued_get(f->s, serial_of(2), &r, &f->err));
    assert_int_equal(r.revoked, 2000);
    assert_int_equal(r.reason, 1);
    store_issued_free(&r);
    assert_ok(f, store_authority_get(f->s, "entity", &a, &f->err));
    assert_int_equal(a.revoked, 1);
    store_authority_free(&a);
}

struct seen {
    size_t good, bad;
};

static bool see(void *arg, const struct store_issued *r, const struct om_error *bad)
{
    struct seen *s = arg;
    (void)r;
    if (bad == NULL)
        s->good++;
    else
        s->bad++;
    return true;
}

static void assert_seen(struct fixture *f, enum store_issued_by by, const char *text, size_t good, size_t bad)
{
    struct seen s = {0, 0};
    assert_ok(f, store_issued_list(f->s, by, text, see, &s, &f->err));
    assert_int_equal(s.good, good);
    assert_int_equal(s.bad, bad);
}

static void lists(void **state)
{
    struct fixture *f = *state;
    char key[65];
    (void)snprintf(key, sizeof key, "%064x", 1);
    assert_seen(f, STORE_ISSUED_ALL, NULL, 6, 0);
    assert_seen(f, STORE_ISSUED_BY_NAME, "//sp.example/cse/C1", 2, 0);
    assert_seen(f, STORE_ISSUED_BY_KEY, key, 3, 0);
    assert_seen(f, STORE_ISSUED_REVOKED_OF, "entity", 0, 0);
    assert_ok(f, store_issued_revoke(f->s, serial_of(0), 2000, 0, &f->err));
    assert_ok(f, store_issued_revoke(f->s, serial_of(5), 2000, 0, &f->err));
    assert_seen(f, STORE_ISSUED_REVOKED_OF, "entity", 1, 0);
    assert_seen(f, STORE_ISSUED_REVOKED_OF, "node", 1, 0);
}

static bool is_newer(void *arg, const struct store_issued_glance *g)
{
    const struct seen *s = arg;
    assert_int_equal(g->name_len, strlen("//sp.example/cse/C1"));
    assert_memory_equal(g->name, "//sp.example/cse/C1", g->name_len);
    assert_true(g->expires > g->created);
    assert_int_equal(g->revoked, 0);
    return s->good == 0;
}

/* However many certificates a name got: the token is asked about those that count. */
static void a_glance_spares_the_token(void **state)
{
    struct fixture *f = *state;
    struct seen s = {0, 0};
    f->macs = 0;
    assert_ok(
        f, store_issued_find(f->s, STORE_ISSUED_BY_NAME, "//sp.example/cse/C1", is_newer, see, &s, &f->err));
    assert_int_equal(s.good, 1);
    assert_int_equal(f->macs, 1);
}

static void who_writes_the_file_can_undo_no_revocation(void **state)
{
    struct fixture *f = *state;
    struct store_issued r;
    assert_ok(f, store_issued_revoke(f->s, serial_of(0), 2000, 0, &f->err));
    fixture_sql(f, "UPDATE issued SET revoked = 0 WHERE serial = '%s'", serial_of(0));
    assert_rc(f, OM_EINTEGRITY, store_issued_get(f->s, serial_of(0), &r, &f->err));
    fixture_sql(f, "UPDATE issued SET expires = 1 WHERE serial = '%s'", serial_of(1));
    assert_rc(f, OM_EINTEGRITY, store_issued_revoke(f->s, serial_of(1), 2000, 0, &f->err));
    assert_seen(f, STORE_ISSUED_ALL, NULL, 4, 2);
    fixture_sql(f, "UPDATE authority SET revoked = 0 WHERE name = 'entity'");
    struct store_authority a;
    assert_rc(f, OM_EINTEGRITY, store_authority_get(f->s, "entity", &a, &f->err));
}

static void a_certificate_has_bounds(void **state)
{
    struct fixture *f = *state;
    struct store_issued r = {.cert = calloc(1, STORE_CERT_MAX + 1), .cert_len = STORE_CERT_MAX};
    assert_non_null(r.cert);
    assert_rc(f, OM_EINPUT, store_issued_create(f->s, &r, &f->err)); /* no serial number */
    set_text(r.serial, "ab");
    r.cert_len = STORE_CERT_MAX + 1;
    assert_rc(f, OM_EINPUT, store_issued_create(f->s, &r, &f->err));
    r.cert_len = 0;
    assert_rc(f, OM_EINPUT, store_issued_create(f->s, &r, &f->err));
    r.cert_len = STORE_CERT_MAX;
    assert_ok(f, store_issued_create(f->s, &r, &f->err));
    store_issued_free(&r);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(rows_come_back_as_they_were),
        TEST(revocation_is_for_ever_and_counted),
        TEST(lists),
        TEST(a_glance_spares_the_token),
        TEST(who_writes_the_file_can_undo_no_revocation),
        TEST(a_certificate_has_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
