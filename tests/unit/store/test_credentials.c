/* Credentials: created, read back equal, updated within their bounds, deleted. */
#include "fixture.h"

#include <string.h>

static void credentials(void **state)
{
    struct fixture *f = *state;
    struct store_credential r, got;
    make_credential(1, &r);
    r.assigned = true;
    assert_ok(f, store_credential_create(f->s, &r, &f->err));
    assert_ok(f, store_credential_get(f->s, "dEV-1@MAF.example", &got, &f->err));
    assert_string_equal(got.kmid, "Dev-1@maf.example");
    assert_string_equal(got.identity, r.identity);
    assert_string_equal(got.admin_fqdn, ADMIN);
    assert_int_equal(got.state, STORE_CREDENTIAL_ACTIVE);
    assert_true(got.assigned);
    assert_int_equal(got.created, 1000);
    assert_int_equal(got.expires, 5001);
    assert_int_equal(got.km.len, r.km.len);
    assert_memory_equal(got.km.octets, r.km.octets, r.km.len);
    assert_rc(f, OM_ENOTFOUND, store_credential_get(f->s, "dev-2@maf.example", &got, &f->err));

    /* State and expiry change, nothing else does. */
    set_text(r.kmid, "DEV-1@maf.example");
    set_text(r.identity, "//evil.example/cse");
    r.km.octets[0] ^= 1;
    r.state = STORE_CREDENTIAL_REVOKED;
    r.expires = 0;
    assert_ok(f, store_credential_update(f->s, &r, &f->err));
    assert_ok(f, store_credential_get(f->s, r.kmid, &got, &f->err));
    assert_string_equal(got.kmid, "Dev-1@maf.example");
    assert_string_equal(got.identity, "//sp.example/cse1");
    assert_int_equal(got.state, STORE_CREDENTIAL_REVOKED);
    assert_int_equal(got.expires, 0);
    assert_int_equal(got.km.octets[0], r.km.octets[0] ^ 1);

    assert_ok(f, store_credential_delete(f->s, "DEV-1@MAF.EXAMPLE", &f->err));
    assert_rc(f, OM_ENOTFOUND, store_credential_get(f->s, r.kmid, &got, &f->err));
    assert_rc(f, OM_ENOTFOUND, store_credential_delete(f->s, r.kmid, &f->err));
    assert_rc(f, OM_ENOTFOUND, store_credential_update(f->s, &r, &f->err));
}

static struct se_psk13 make_forms(void)
{
    struct se_psk13 forms = {
        .derived.len = 1, .finished.len = 2, .handshake.len = 3, .master.len = SE_BLOB_MAX};
    forms.derived.octets[0] = 'd';
    forms.finished.octets[1] = 'f';
    forms.handshake.octets[2] = 'h';
    memset(forms.master.octets, 'm', sizeof forms.master.octets);
    return forms;
}

/* They come back as they were, do not verify when changed or moved, and go with their credential. */
static void forms_for_tls13(void **state)
{
    struct fixture *f = *state;
    struct store_credential r;
    struct se_psk13 forms = make_forms();
    struct se_psk13 got;
    assert_rc(f, OM_ENOTFOUND, store_credential_tls13_create(f->s, "dev-1@maf.example", &forms, &f->err));
    for (unsigned i = 1; i <= 2; i++) {
        make_credential(i, &r);
        assert_ok(f, store_credential_create(f->s, &r, &f->err));
    }
    assert_rc(f, OM_ENOTFOUND, store_credential_tls13_get(f->s, r.kmid, &got, &f->err));
    assert_ok(f, store_credential_tls13_create(f->s, "DEV-1@maf.example", &forms, &f->err));
    assert_rc(f, OM_ECONFLICT, store_credential_tls13_create(f->s, "dev-1@maf.example", &forms, &f->err));
    assert_ok(f, store_credential_tls13_get(f->s, "dev-1@MAF.example", &got, &f->err));
    assert_memory_equal(&got, &forms, sizeof forms);
    forms.finished.len = 0;
    assert_rc(f, OM_EINPUT, store_credential_tls13_create(f->s, r.kmid, &forms, &f->err));
    forms.finished.len = SE_BLOB_MAX + 1;
    assert_rc(f, OM_EINPUT, store_credential_tls13_create(f->s, r.kmid, &forms, &f->err));

    fixture_sql(f, "INSERT INTO credential_tls13 SELECT 'dev-2@maf.example', derived, finished, handshake,"
                   " master, mac FROM credential_tls13");
    assert_rc(f, OM_EINTEGRITY, store_credential_tls13_get(f->s, r.kmid, &got, &f->err));
    fixture_sql(f, "UPDATE credential_tls13 SET derived = finished WHERE kmid_key = 'dev-1@maf.example'");
    assert_rc(f, OM_EINTEGRITY, store_credential_tls13_get(f->s, "dev-1@maf.example", &got, &f->err));
    assert_ok(f, store_credential_delete(f->s, "dev-1@maf.example", &f->err));
    assert_ok(f, store_credential_delete(f->s, "dev-2@maf.example", &f->err));
    assert_int_equal(fixture_integer(f, "SELECT count(*) FROM credential_tls13"), 0);
}

static void credential_bounds(void **state)
{
    struct fixture *f = *state;
    struct store_credential r, got;
    make_credential(1, &r);
    r.km.len = sizeof r.km.octets;
    assert_ok(f, store_credential_create(f->s, &r, &f->err));
    assert_ok(f, store_credential_get(f->s, r.kmid, &got, &f->err));
    assert_memory_equal(&got.km, &r.km, sizeof r.km);
    make_credential(2, &r);
    r.identity[0] = '\0';
    r.km.len = 0;
    assert_ok(f, store_credential_create(f->s, &r, &f->err));
    assert_ok(f, store_credential_get(f->s, r.kmid, &got, &f->err));
    assert_string_equal(got.identity, "");
    assert_int_equal(got.km.len, 0);
    make_credential(3, &r);
    r.km.len = sizeof r.km.octets + 1;
    assert_rc(f, OM_EINPUT, store_credential_create(f->s, &r, &f->err));
    make_credential(3, &r);
    r.state = 0;
    assert_rc(f, OM_EINPUT, store_credential_create(f->s, &r, &f->err));
    r.state = STORE_CREDENTIAL_ACTIVE;
    assert_ok(f, store_credential_create(f->s, &r, &f->err)); /* the refused ones burnt nothing */
    char longest[M2M_KEY_ID_SIZE + 1];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_rc(f, OM_EINPUT, store_credential_get(f->s, longest, &got, &f->err));
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {T(credentials), T(forms_for_tls13), T(credential_bounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
