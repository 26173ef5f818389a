/* What the tests of the Secure Environment share: a fresh, provisioned token per suite, of the kind that the
 * first argument names: softhsm, softokn, swtpm, swtpm-plain, tabrmd, ram, or ram-derive (a RAM token with
 * derivations of its own). */
#ifndef OPENMAF_TESTS_SE_FIXTURE_H
#define OPENMAF_TESTS_SE_FIXTURE_H

#include "se/se.h"
#include "token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The token of the suite, and an open session with it. */
extern struct test_token *fixture_token;
extern struct se *fixture_se;
extern struct om_error fixture_err;

/* First thing in main: takes the kind of token from the arguments. */
void fixture_kind(int argc, char **argv);

/* A fresh token, not provisioned and not opened; fixture_free_token removes it. */
struct test_token *fixture_new_token(void);

/* Another session with fixture_token. */
struct se *fixture_open(void);

/* Group setup and teardown. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* The call answers this code; if not, its error text is shown. */
#define SUCCEEDS(expr)    fixture_expect(OM_OK, (expr), #expr, __FILE__, __LINE__)
#define FAILS(code, expr) fixture_expect((code), (expr), #expr, __FILE__, __LINE__)
void fixture_expect(om_rc want, om_rc got, const char *expr, const char *file, int line);

#define ERR (&fixture_err)

/* What the tokens' answers are compared with: OpenSSL, key in the clear. */
void reference_hmac(const void *key, size_t key_len, const void *data, size_t n, uint8_t out[SE_MAC_SIZE]);
void reference_prf(const void *key, size_t key_len, const void *seed, size_t seed_len, uint8_t *out,
                   size_t n);

/* The loaded key gives the same HMAC as these octets would. */
#define KEY_IS(key, octets, n) fixture_key_is((key), (octets), (n), __FILE__, __LINE__)
void fixture_key_is(struct se_key *key, const void *octets, size_t n, const char *file, int line);

/* n octets start, start + 1, ... */
void fill(uint8_t *out, size_t n, unsigned start);

#endif
