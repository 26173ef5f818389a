/* See fixture.h. */
#include "fixture.h"

#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static om_rc hmac(void *arg, const struct se_part *parts, size_t n_parts, uint8_t out[SE_MAC_SIZE],
                  struct om_error *err)
{
    struct fixture *f = arg;
    f->macs++;
    if (f->mac_fails != OM_OK)
        return om_fail(err, f->mac_fails, "the token does not answer");
    assert_true(n_parts <= SE_PARTS_MAX);
    size_t total = 0;
    for (size_t i = 0; i < n_parts; i++)
        total += parts[i].len;
    uint8_t *message = malloc(total + 1);
    assert_non_null(message);
    size_t at = 0;
    for (size_t i = 0; i < n_parts; i++) {
        memcpy(message + at, parts[i].octets, parts[i].len);
        at += parts[i].len;
    }
    unsigned len = SE_MAC_SIZE;
    const uint8_t *good = HMAC(EVP_sha256(), "row key", 7, message, total, out, &len);
    free(message);
    return good != NULL ? OM_OK : om_fail(err, OM_EINTERNAL, "HMAC failed");
}

static void remove_scratch(struct fixture *f)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char path[96];
        (void)snprintf(path, sizeof path, "%s%s", f->path, suffixes[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(f->dir), 0);
}

int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(f->dir, sizeof f->dir, "%s/openmaf-store-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->path, sizeof f->path, "%s/maf.db", f->dir);
    f->auth = (struct store_auth){.mac = hmac, .arg = f, .root_id = {1, 2, 3, 4, 5, 6, 7, 8}};
    assert_ok(f, store_create(f->path, &f->auth, &f->err));
    fixture_reopen(f);
    const char *admins[] = {ADMIN, OTHER};
    for (size_t i = 0; i < 2; i++) {
        struct store_stakeholder r;
        make_stakeholder(admins[i], &r);
        assert_ok(f, store_stakeholder_put(f->s, &r, &f->err));
        store_stakeholder_free(&r);
    }
    *state = f;
    return 0;
}

void fixture_close(struct fixture *f)
{
    store_close(f->s);
    f->s = NULL;
}

void fixture_reopen(struct fixture *f)
{
    fixture_close(f);
    assert_ok(f, store_open(f->path, &f->auth, &f->s, &f->err));
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    fixture_close(f);
    remove_scratch(f);
    free(f);
    return 0;
}

static sqlite3 *connect(struct fixture *f)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 5000);
    return db;
}

void fixture_sql(struct fixture *f, const char *fmt, ...)
{
    char sql[2048];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(sql, sizeof sql, fmt, ap);
    va_end(ap);
    sqlite3 *db = connect(f);
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int64_t fixture_integer(struct fixture *f, const char *fmt, ...)
{
    char sql[2048];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(sql, sizeof sql, fmt, ap);
    va_end(ap);
    sqlite3 *db = connect(f);
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK || sqlite3_step(stmt) != SQLITE_ROW)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    int64_t v = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return v;
}

void make_stakeholder(const char *admin_fqdn, struct store_stakeholder *r)
{
    *r = (struct store_stakeholder){.policy = strdup("{}"), .created = 1000};
    assert_non_null(r->policy);
    (void)snprintf(r->admin_fqdn, sizeof r->admin_fqdn, "%s", admin_fqdn);
}

void make_blob(unsigned n, struct se_blob *out)
{
    out->len = 72;
    unsigned len = 32;
    for (size_t at = 0; at < out->len; at += 24) {
        uint8_t seed[2] = {(uint8_t)at, 0};
        uint8_t block[32];
        assert_non_null(HMAC(EVP_sha256(), &n, sizeof n, seed, sizeof seed, block, &len));
        memcpy(out->octets + at, block, 24);
    }
}

void make_credential(unsigned n, struct store_credential *r)
{
    memset(r, 0, sizeof *r);
    (void)snprintf(r->kmid, sizeof r->kmid, "Dev-%u@maf.example", n);
    (void)snprintf(r->identity, sizeof r->identity, "//sp.example/cse%u", n);
    (void)snprintf(r->admin_fqdn, sizeof r->admin_fqdn, "%s", ADMIN);
    r->state = STORE_CREDENTIAL_ACTIVE;
    r->created = 1000;
    r->expires = 5000 + n;
    make_blob(n, &r->km);
}

static void add(struct m2m_list *list, const char *prefix, unsigned n)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%s%u", prefix, n);
    assert_int_equal(m2m_list_add(list, text, NULL), OM_OK);
}

void make_registration(unsigned n, struct store_registration *r)
{
    memset(r, 0, sizeof *r);
    (void)snprintf(r->id, sizeof r->id, "reg%u", n);
    (void)snprintf(r->identity, sizeof r->identity, "//sp.example/cse%u", n);
    (void)snprintf(r->admin_fqdn, sizeof r->admin_fqdn, "%s", ADMIN);
    add(&r->labels, "room:", n);
    r->created = 1000;
    r->modified = 1001;
    r->expires = 5000 + n;
}

void make_key(unsigned n, struct store_key *r)
{
    memset(r, 0, sizeof *r);
    (void)snprintf(r->id, sizeof r->id, "%032X", n);
    (void)snprintf(r->source, sizeof r->source, "//sp.example/cse%u", n);
    (void)snprintf(r->admin_fqdn, sizeof r->admin_fqdn, "%s", ADMIN);
    r->suid = 34;
    r->exporter = true;
    add(&r->labels, "key:", n);
    add(&r->targets, "//t.example/", n);
    add(&r->targets, "//t.example/all", 0);
    r->created = 1000;
    r->modified = 1001;
    r->expires = 5000 + n;
    make_blob(n + 1000000, &r->value);
}

void create_credential(struct fixture *f, unsigned n)
{
    struct store_credential r;
    make_credential(n, &r);
    assert_ok(f, store_credential_create(f->s, &r, &f->err));
}

void create_registration(struct fixture *f, unsigned n)
{
    struct store_registration r;
    make_registration(n, &r);
    assert_ok(f, store_registration_create(f->s, &r, &f->err));
    store_registration_free(&r);
}

void create_key(struct fixture *f, unsigned n)
{
    struct store_key r;
    make_key(n, &r);
    assert_ok(f, store_key_create(f->s, &r, &f->err));
    store_key_free(&r);
}
