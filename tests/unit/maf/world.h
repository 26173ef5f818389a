/* What the tests of the procedures share: a MAF over a real token, a real database and real TLS sessions in
 * memory. The first argument of each program names the kind of token: ram, softhsm, softokn.
 *
 * A test makes its own devices and stakeholders; everything else is the suite's. Requests are JSON texts of
 * whole primitives with ' for ", in which fr, rqi and rvi may be left out (null leaves them out for good). */
#ifndef OPENMAF_TESTS_WORLD_H
#define OPENMAF_TESTS_WORLD_H

#include "maf/admin.h"
#include "maf/maf.h"
#include "maf/role.h"
#include "token.h"
#include "util/file.h"
#include "util/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FQDN  "maf.example.com"
#define ALIAS "alias.example.com"
#define ADMIN "admin.example.com"
#define LATER "20991231T235959"

extern struct se *world_se;
extern struct store *world_store;
extern struct maf *world_maf;
extern struct om_error world_err;
#define ERR (&world_err)

/* What the server is; a MAF unless a suite sets it before WORLD_RUN. A MEF goes by the same FQDN here. */
extern const struct maf_role *world_role;

/* Runs a table of tests as main would: kind of token from the arguments, group setup and teardown. */
#define WORLD_RUN(argc, argv, tests)                                                                         \
    (world_arguments((argc), (argv)), cmocka_run_group_tests((tests), world_setup, world_teardown))
#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_test_setup, world_test_teardown)
void world_arguments(int argc, char **argv);
int world_setup(void **state);
int world_teardown(void **state);
int world_test_setup(void **state);
int world_test_teardown(void **state);

/* Another MAF over the same records, with other options; takes the place of world_maf until the test ends. */
void world_restart(const struct maf_options *opt);

/* The MAF's clock stands still but for this. Every test starts at the true time. */
int64_t world_now(void);
void world_advance(int64_t seconds);
const char *world_time(int64_t from_now); /* m2m:timestamp; four texts are kept */

/* For a second view of the same token and database. */
const char *world_token_uri(void);
const char *world_database(void);

/* SQL on the database behind the store's back. */
void world_sql(const char *fmt, ...) OM_PRINTF(1, 2);
/* The first column of the first row, an integer. */
long long world_sql_integer(const char *fmt, ...) OM_PRINTF(1, 2);

/* The call answers this code; if not, its error text is shown. */
#define SUCCEEDS(expr)    world_expect(OM_OK, (expr), #expr, __FILE__, __LINE__)
#define FAILS(code, expr) world_expect((code), (expr), #expr, __FILE__, __LINE__)
void world_expect(om_rc want, om_rc got, const char *expr, const char *file, int line);

/* A stakeholder with this policy ("{}" when NULL); *name is one of a few static texts when NULL is given. */
const char *world_stakeholder(const char *policy);

/* A client with credentials, under ADMIN or another stakeholder, and the session it has now. */
struct device {
    char id[M2M_ID_SIZE];
    char kmid[M2M_KEY_ID_SIZE];
    char admin[M2M_FQDN_SIZE];
    struct se_key *km; /* at the client */
    SSL *client, *server;
    struct maf_session session;
    struct m2m_response answer;
    char registration[M2M_RELATIVE_SIZE];
    char text[1024]; /* of the last answer, as JSON */
};
/* Made devices are freed when the test ends. */
struct device *device_new(void);
struct device *device_under(const char *admin, int64_t expires);
struct device *device_stranger(const char *kmid); /* a KmID that the MAF need not know, with a random key */

/* A fresh session; the old one ends. The handshake succeeds, or device_refused tells how it failed: the
 * reason code that OpenSSL gives for the alert that came. */
void device_connect(struct device *d);
int device_refused(struct device *d, const char *identity);

/* One request on the current session (made when there is none); the status code. */
int ask(struct device *d, const char *fmt, ...) OM_PRINTF(2, 3);
/* Attributes of the last answer's only member: a text, a number, anything; NULL and -1 when absent. */
const char *answer_text(const struct device *d, const char *name);
long long answer_number(const struct device *d, const char *name);
const json_t *answer_member(const struct device *d, const char *name);
const char *answer_reason(const struct device *d);
/* The last answer's content equals this JSON (' for "). */
#define ANSWER_IS(d, ...) answer_is((d), __FILE__, __LINE__, __VA_ARGS__)
void answer_is(const struct device *d, const char *file, int line, const char *fmt, ...) OM_PRINTF(4, 5);
/* The last answer has exactly these attributes, given by name, ended by NULL. */
void answer_has_only(const struct device *d, ...);
/* The code is expected; if not, the answer is shown. */
#define RSC(code, d, ...) world_rsc((code), ask((d), __VA_ARGS__), (d), __FILE__, __LINE__)
void world_rsc(int want, int got, const struct device *d, const char *file, int line);

/* The procedures with everything right. Identifiers are kept by the device or static (four of them). */
void registered(struct device *d);
const char *own_key(struct device *source, unsigned suid, const struct device *target); /* self-generated */
const char *exporter_key(struct device *source, const struct device *target);

/* Key Value of the last retrieval. */
void retrieved(const struct device *d, struct om_secret *value);

#endif
