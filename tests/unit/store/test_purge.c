/* Expired records go, a bounded number per call, and what they held goes from the files too (MAF-GEN-7). */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool first_registration(void *arg, const struct store_registration *r, const struct om_error *bad)
{
    struct store_registration *out = arg;
    assert_null(bad);
    memcpy(out->id, r->id, sizeof out->id);
    return false;
}

static bool first_key(void *arg, const struct store_key *r, const struct om_error *bad)
{
    struct store_key *out = arg;
    assert_null(bad);
    memcpy(out->id, r->id, sizeof out->id);
    return false;
}

static void bounded_and_in_turn(void **state)
{
    struct fixture *f = *state;
    struct store_counts n;
    size_t deleted = 99;
    for (unsigned i = 1; i <= 10; i++) {
        create_credential(f, i);
        create_registration(f, i);
        create_key(f, i);
    }
    struct store_credential forever;
    make_credential(11, &forever);
    forever.expires = 0;
    assert_ok(f, store_credential_create(f->s, &forever, &f->err));

    assert_ok(f, store_purge(f->s, 5000, 100, &deleted, &f->err));
    assert_int_equal(deleted, 0);
    assert_ok(f, store_purge(f->s, 5001, 100, &deleted, &f->err)); /* now >= expiry is expired */
    assert_int_equal(deleted, 3);
    assert_ok(f, store_purge(f->s, 5010, 0, &deleted, &f->err));
    assert_int_equal(deleted, 0);
    assert_ok(f, store_purge(f->s, 5010, 13, &deleted, &f->err));
    assert_int_equal(deleted, 13);
    assert_ok(f, store_count(f->s, &n, &f->err));
    assert_int_equal(n.registrations, 0);
    assert_int_equal(n.keys, 5);
    assert_int_equal(n.credentials, 10);
    assert_int_equal(fixture_integer(f, "SELECT count(*) FROM key_target"), 10);
    assert_ok(f, store_purge(f->s, 5010, SIZE_MAX, &deleted, &f->err));
    assert_int_equal(deleted, 14);
    assert_ok(f, store_count(f->s, &n, &f->err));
    assert_int_equal(n.credentials, 1);
    assert_int_equal(fixture_integer(f, "SELECT count(*) FROM key_target"), 0);
    assert_ok(f, store_credential_get(f->s, forever.kmid, &forever, &f->err));
}

/* A record that was prolonged after somebody saw it expired stays. */
static void expires_only_what_is_over(void **state)
{
    struct fixture *f = *state;
    struct store_registration r = {0};
    struct store_key k = {0};
    create_registration(f, 1);
    create_key(f, 1);
    assert_int_equal(store_registration_list(f->s, NULL, first_registration, &r, &f->err), OM_OK);
    assert_int_equal(store_key_list(f->s, NULL, first_key, &k, &f->err), OM_OK);
    assert_ok(f, store_registration_expire(f->s, r.id, 5000, &f->err));
    assert_ok(f, store_key_expire(f->s, k.id, 5000, &f->err));
    assert_int_equal(fixture_integer(f, "SELECT count(*) FROM registration"), 1);
    assert_int_equal(fixture_integer(f, "SELECT count(*) FROM key_registration"), 1);
    assert_ok(f, store_registration_expire(f->s, r.id, 5001, &f->err));
    assert_ok(f, store_key_expire(f->s, k.id, 5001, &f->err));
    assert_int_equal(fixture_integer(f, "SELECT count(*) FROM registration"), 0);
    assert_int_equal(fixture_integer(f, "SELECT count(*) FROM key_registration"), 0);
    assert_int_equal(fixture_integer(f, "SELECT count(*) FROM key_target"), 0);
    assert_int_equal(store_key_expire(f->s, k.id, 5001, &f->err), OM_ENOTFOUND);
}

static void inside_a_transaction(void **state)
{
    struct fixture *f = *state;
    size_t deleted;
    create_key(f, 1);
    assert_ok(f, store_begin(f->s, &f->err));
    assert_ok(f, store_purge(f->s, 100000, 10, &deleted, &f->err));
    assert_int_equal(deleted, 1);
    store_rollback(f->s);
    assert_ok(f, store_purge(f->s, 100000, 10, &deleted, &f->err));
    assert_int_equal(deleted, 1);
}

/* An altered row whose expiry is past goes as well; it must not stay for ever. */
static void altered_rows_go_too(void **state)
{
    struct fixture *f = *state;
    size_t deleted;
    create_key(f, 1);
    fixture_sql(f, "UPDATE key_registration SET expires = 10");
    assert_ok(f, store_purge(f->s, 100, 10, &deleted, &f->err));
    assert_int_equal(deleted, 1);
}

static uint8_t *read_whole(const char *path, size_t *n)
{
    FILE *in = fopen(path, "rb");
    *n = 0;
    if (in == NULL)
        return NULL;
    assert_int_equal(fseek(in, 0, SEEK_END), 0);
    long size = ftell(in);
    assert_true(size >= 0);
    rewind(in);
    uint8_t *octets = malloc((size_t)size + 1);
    assert_non_null(octets);
    *n = fread(octets, 1, (size_t)size, in);
    assert_int_equal(*n, size);
    assert_int_equal(fclose(in), 0);
    return octets;
}

static bool file_holds(const char *path, const struct se_blob *blob)
{
    size_t n;
    uint8_t *file = read_whole(path, &n);
    bool found = false; /* any 16 octets of it in a row: a page's rest may hold a part */
    for (size_t at = 0; file != NULL && at + 16 <= blob->len && !found; at += 8)
        found = memmem(file, n, blob->octets + at, 16) != NULL;
    free(file);
    return found;
}

static bool database_holds(struct fixture *f, unsigned n)
{
    struct se_blob blob;
    char wal[96];
    make_blob(n + 1000000, &blob);
    (void)snprintf(wal, sizeof wal, "%s-wal", f->path);
    return file_holds(f->path, &blob) || file_holds(wal, &blob);
}

#define KEYS 200

static void purged_keys_leave_no_trace(void **state)
{
    struct fixture *f = *state;
    size_t deleted;
    for (unsigned i = 1; i <= KEYS; i++)
        create_key(f, i * 7919 % 10007); /* spread over the pages */
    for (unsigned i = 1; i <= KEYS; i++)
        assert_true(database_holds(f, i * 7919 % 10007)); /* the search can find one */
    assert_ok(f, store_purge(f->s, 5000 + 5000, KEYS, &deleted, &f->err));
    assert_true(deleted > KEYS / 4 && deleted < KEYS);
    for (unsigned i = 1; i <= KEYS; i++) {
        unsigned n = i * 7919 % 10007;
        assert_int_equal(database_holds(f, n), n > 5000);
    }
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {T(bounded_and_in_turn), T(expires_only_what_is_over),
                                       T(inside_a_transaction), T(altered_rows_go_too),
                                       T(purged_keys_leave_no_trace)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
