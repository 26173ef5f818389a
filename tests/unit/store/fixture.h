/* A fresh database in a scratch directory for each test, records to fill it, and a second connection that
 * edits it behind the store's back. */
#ifndef OPENMAF_TESTS_STORE_FIXTURE_H
#define OPENMAF_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above first. */
#include <cmocka.h>

#include "store/internal.h"
#include "util/text.h"

#define ADMIN "admin.example"
#define OTHER "other.example"

struct fixture {
    char dir[64];
    char path[80];
    struct store_auth auth; /* HMAC with a fixed key */
    size_t macs;            /* how often it was asked */
    om_rc mac_fails;        /* what it answers instead, when not OM_OK */
    struct store *s;
    struct om_error err;
};

/* cmocka setup and teardown: *state is a struct fixture with stakeholders ADMIN and OTHER. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
void fixture_close(struct fixture *f);
void fixture_reopen(struct fixture *f);

/* Runs SQL on a plain connection of its own; the test fails when SQLite does. */
void fixture_sql(struct fixture *f, const char *fmt, ...) OM_PRINTF(2, 3);
int64_t fixture_integer(struct fixture *f, const char *fmt, ...) OM_PRINTF(2, 3);

/* Records whose texts and blobs differ with n. */
void make_stakeholder(const char *admin_fqdn, struct store_stakeholder *r);
void make_credential(unsigned n, struct store_credential *r);
void make_registration(unsigned n, struct store_registration *r);
void make_key(unsigned n,
              struct store_key *r); /* source: that of registration n; targets //t.example/<n>, /all0 */
void make_blob(unsigned n, struct se_blob *out);

void create_credential(struct fixture *f, unsigned n);
void create_registration(struct fixture *f, unsigned n);
void create_key(struct fixture *f, unsigned n);

/* A text into a member that is an array. */
#define set_text(array, text) assert_int_equal(om_copy_text((array), sizeof(array), (text), NULL), OM_OK)

#define assert_rc(f, expected, expr)                                                                         \
    do {                                                                                                     \
        (f)->err.text[0] = '\0';                                                                             \
        om_rc got_ = (expr);                                                                                 \
        if (got_ != (expected))                                                                              \
            fail_msg("%s: %s, not %s (%s)", #expr, om_rc_name(got_), om_rc_name(expected), (f)->err.text);   \
    } while (0)
#define assert_ok(f, expr) assert_rc(f, OM_OK, expr)

#endif
